"""Settings of which some are given: the others stay as they are."""

from typing import TypeVar

import msgspec
from msgspec import UNSET, UnsetType

Part = TypeVar("Part")
Value = TypeVar("Value", bound=msgspec.Struct)


def given(settings: msgspec.Struct) -> dict[str, object]:
    """What was given, by name; what was left `UNSET` is not in it."""
    values = msgspec.structs.asdict(settings)
    return {name: value for name, value in values.items() if value is not UNSET}


def with_settings(value: Value, settings: msgspec.Struct) -> Value:
    """The value with what was given in place of what it had."""
    return msgspec.structs.replace(value, **given(settings))


def or_unset(part: Part | None) -> Part | UnsetType:
    """For options of a command, where None means not given."""
    return UNSET if part is None else part
