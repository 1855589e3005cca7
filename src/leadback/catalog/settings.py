"""What of a status, of a field and of an alias can be set."""

import msgspec
from msgspec import UNSET, UnsetType

from leadback.catalog.model import DataType, Summary


class StatusSettings(msgspec.Struct, frozen=True, kw_only=True):
    """New values for some of a status's settings; a new status takes the defaults for the others."""

    colour: str | UnsetType = UNSET
    meaning: str | UnsetType = UNSET
    stage: int | UnsetType = UNSET
    terminal: bool | UnsetType = UNSET
    vertical_ids: frozenset[int] | UnsetType = UNSET


class FieldSettings(msgspec.Struct, frozen=True, kw_only=True):
    """New values for some of a field's settings; a new field needs its data type and takes defaults for the others."""

    label: str | UnsetType = UNSET
    data_type: DataType | UnsetType = UNSET
    length_max: int | UnsetType | None = UNSET
    list_values: tuple[str, ...] | UnsetType = UNSET
    summary: Summary | UnsetType = UNSET
    vertical_ids: frozenset[int] | UnsetType = UNSET
    buyer_ids: frozenset[int] | UnsetType = UNSET


class AliasSettings(msgspec.Struct, frozen=True, kw_only=True):
    """New values for some of what an alias stands for."""

    status_id: int | UnsetType | None = UNSET
    sub_status_id: int | UnsetType | None = UNSET
    field_id: int | UnsetType | None = UNSET
    ignored: bool | UnsetType = UNSET
    active: bool | UnsetType = UNSET
