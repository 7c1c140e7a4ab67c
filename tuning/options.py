"""The names that options of a search take. It imports nothing, so the command line may read it."""

SAMPLERS = ("tpe", "random")
SCHEDULERS = ("asha", "none")
PREFERENCES = ("best", "cheap")
