"""A change of configuration as a value."""

from collections.abc import Mapping

import msgspec


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to one thing: its values before and after, only those that differ; None where there was none."""

    action: str
    """Verb and noun: `rename status`."""
    subject: str
    """The table the thing stands in."""
    subject_id: int | None
    before: Mapping[str, object] | None
    after: Mapping[str, object] | None
