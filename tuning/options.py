"""The names that options of a search take. It imports nothing, so the command line may read it."""

SAMPLERS = ("tpe", "gp", "cmaes", "qmc", "random", "grid", "nsga2")
FINISHED_ONLY = ("gp", "nsga2")  # samplers that learn from trials at full length alone
EXPERIENCED = ("tpe", "gp")  # samplers that learn from trials that are not their own
SCHEDULERS = ("asha", "hyperband", "median", "promote", "pbt", "none")
PREFERENCES = ("best", "cheap")
TENSORBOARD = ("off", "scalars", "full")
