"""The two ways training can go wrong that are not bugs."""


class BadInput(ValueError):
    """What the user asked for cannot be done.

    The message is one line that names the option, the value and what would be right; the command
    line prints it as it stands and exits with 2.
    """


class NonFiniteLoss(ArithmeticError):
    """The training loss became NaN or infinite: the configuration diverged and will not recover."""
