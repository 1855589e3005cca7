"""The one exception a use case raises when what was asked cannot be done."""


class Refused(Exception):
    """Nothing was changed; the text says what is wrong and what is allowed.

    Raising it rolls the transaction back. The command line prints the text to standard error and exits 2; the
    console and the REST API show it beside the input.
    """


class NotThere(Refused):
    """What was asked for does not exist, or not for whoever asks."""


class DatabaseUnusable(Refused):
    """The database is too old, not durable, not migrated or not reachable."""
