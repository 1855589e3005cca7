"""Runs, which change many sales at once and can be undone as a whole, as values."""

from datetime import datetime
from decimal import Decimal

import msgspec

from leadback.leads.model import Change, Sale


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A batch of changes that was made at once."""

    run_id: int
    kind: str
    made_at: datetime
    actor: str
    description: str
    """What was chosen, in words."""
    undoes_run_id: int | None
    undone_by_run_id: int | None
    sales: int


class SaleState(msgspec.Struct, frozen=True, kw_only=True):
    """All of a sale that calls can change, as it stood before a run; named as in `Sale`."""

    revenue: Decimal
    revenue_set: bool
    status_id: int | None
    sub_status_id: int | None
    status_happened_at: datetime | None
    stage_reached: int
    field_values: dict[int, str]
    return_state: str | None
    return_reason_id: int | None
    returned_at: datetime | None
    updated: int
    update_count: int
    updated_at: datetime | None
    buyer_updated_first_at: datetime | None
    buyer_updated_at: datetime | None


class RunSale(msgspec.Struct, frozen=True, kw_only=True):
    """A sale that a run changed: how it stood before, and its versions before and after."""

    sale_id: int
    version_before: int
    version_after: int
    before: SaleState


class Undo(msgspec.Struct, frozen=True, kw_only=True):
    """What undoing a run does, or did."""

    run: Run
    changes: tuple[Change, ...]
    """By sale, in the order of their ids."""
    moved: tuple[Sale, ...]
    """Sales that were changed since: with one of them nothing is undone."""
    run_id: int | None = None
    """The run that undid it; None: nothing was done."""
