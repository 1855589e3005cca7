"""The time, in UTC, asked for in one place so that decisions can be handed it."""

from datetime import UTC, datetime


def now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)
