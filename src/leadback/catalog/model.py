"""The vocabulary in which buyers report, as values."""

from datetime import datetime
from enum import StrEnum

import msgspec

STAGES = ("none", "contacted", "qualified", "converted", "funded")
"""How far a lead came; a status's stage is its place in this row."""

MEANINGS = ("positive", "neutral", "negative")


class DataType(StrEnum):
    """What a field's value must look like."""

    STRING = "String"
    NUMBER = "Number"
    DATE = "Date"
    BOOL = "Bool"
    LIST = "List"


class Summary(StrEnum):
    """What a report says of a field's values."""

    NONE = "none"
    SUM = "sum"
    AVERAGE = "average"
    MIN = "min"
    MAX = "max"


class SubStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A drill-down of one status."""

    sub_status_id: int
    status_id: int
    name: str
    position: int
    active: bool
    former_name: str | None = None
    former_name_until: datetime | None = None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a lead; each is a column of the Lead Status report."""

    status_id: int
    name: str
    position: int
    colour: str
    meaning: str
    stage: int
    terminal: bool
    active: bool
    vertical_ids: frozenset[int]
    """Where it is offered; empty: everywhere. Used elsewhere it is accepted and flagged."""
    former_name: str | None = None
    former_name_until: datetime | None = None


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A value a buyer may report beside the status."""

    field_id: int
    name: str
    label: str
    position: int
    data_type: DataType
    length_max: int | None
    list_values: tuple[str, ...]
    summary: Summary
    vertical_ids: frozenset[int]
    buyer_ids: frozenset[int]
    active: bool
    former_name: str | None = None
    former_name_until: datetime | None = None


class ReturnReason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a buyer gives a lead back."""

    return_reason_id: int
    name: str
    position: int
    active: bool


class AliasKind(StrEnum):
    """What a buyer's word stands for."""

    STATUS = "status"
    """A status, alone or together with a sub-status."""
    SUB_STATUS = "sub_status"
    """A sub-status, whatever the status."""
    FIELD = "field"


AliasKey = tuple[int, str, str, str]
"""Buyer, kind, their word, their sub-status or nothing: what tells aliases apart."""


class Alias(msgspec.Struct, frozen=True, kw_only=True):
    """One buyer's own word for a status, sub-status or field of ours."""

    alias_id: int
    buyer_id: int
    kind: str
    theirs: str
    their_sub_status: str | None
    """Beside a status of theirs; None: whatever sub-status they send with it."""
    status_id: int | None
    sub_status_id: int | None
    field_id: int | None
    ignored: bool
    """Their field means nothing here: it is dropped from the call."""
    active: bool

    @property
    def key(self) -> AliasKey:
        """How it is looked up."""
        return alias_key(self.buyer_id, self.kind, self.theirs, self.their_sub_status or "")


def alias_key(buyer_id: int, kind: str, theirs: str, their_sub_status: str = "") -> AliasKey:
    """A buyer's words as they are compared: without case and outer spaces."""
    return buyer_id, str(kind), theirs.strip().upper(), their_sub_status.strip().upper()


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    """The whole vocabulary of a network, looked up by id and by exact name."""

    statuses: dict[int, Status]
    sub_statuses: dict[int, SubStatus]
    fields: dict[int, Field]
    return_reasons: dict[int, ReturnReason]
    aliases: dict[int, Alias]
    status_by_name: dict[str, Status]
    """Active ones, former names in grace included (the caller checks `former_name_until`)."""
    sub_status_by_name: dict[tuple[int, str], SubStatus]
    field_by_name: dict[str, Field]
    alias_by_key: dict[AliasKey, Alias] = {}
    """Active ones."""
