"""What of a thing changed, in a form that can be kept."""

from collections.abc import Mapping
from typing import Any

import msgspec

from leadback.audit.model import Entry


def changed(action: str, subject: str, subject_id: int, before: msgspec.Struct, after: msgspec.Struct) -> Entry | None:
    """The entry of a change, with the values that differ; None where nothing does."""
    old, new = kept(before), kept(after)
    names = [name for name in new if old.get(name) != new[name]]
    if not names:
        return None
    return Entry(
        action=action,
        subject=subject,
        subject_id=subject_id,
        before={name: old.get(name) for name in names},
        after={name: new[name] for name in names},
    )


def created(action: str, subject: str, subject_id: int, after: msgspec.Struct | Mapping[str, object]) -> Entry:
    """The entry of a new thing."""
    return Entry(action=action, subject=subject, subject_id=subject_id, before=None, after=kept(after))


def deleted(action: str, subject: str, subject_id: int, before: msgspec.Struct) -> Entry:
    """The entry of a thing that is no more."""
    return Entry(action=action, subject=subject, subject_id=subject_id, before=kept(before), after=None)


def kept(value: msgspec.Struct | Mapping[str, object]) -> dict[str, Any]:
    """A thing's values as JSON keeps them: times and networks as text, sets in order."""
    found: dict[str, Any] = msgspec.to_builtins(value, order="sorted", enc_hook=str)
    return found
