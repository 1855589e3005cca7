"""What the Lead Status report by date updated is asked for and what it says, as values."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

import msgspec

from leadback.reports.model import Condition, Dimension, Returns


class Moment(StrEnum):
    """Which moment of an update counts."""

    RECEIVED = "received"
    """When the call was received."""
    HAPPENED = "happened"
    """When it happened at the buyer, which is the receipt where the buyer said nothing of it."""


class LeadStatusUpdatesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What the Lead Status report by date updated is asked for."""

    updated_from: date
    updated_to: date
    """The last day of updates, included, in the network's time zone."""
    by: tuple[Dimension, ...] = (Dimension.CAMPAIGN,)
    """Days, weeks and months are those of the updates; everything else is the sale's as it is now."""
    moment: Moment = Moment.RECEIVED
    show_changes: bool = False
    """Count sales only that are updated as they stand now: not those whose return alone was decided."""
    show_sub_status: bool = False
    """Count sales only that have a sub-status as they stand now."""
    conditions: tuple[Condition, ...] = ()
    buyer_ids: frozenset[int] | None = None
    """Whoever asks may see these buyers' sales alone; None: all."""


class EnteredCount(msgspec.Struct, frozen=True):
    """The sales that entered one status; each once, however often it did."""

    sales: int
    repeats: int
    """How many more times they entered it."""
    sub_statuses: dict[str, int]
    """Sales by sub-status entered, `""` those that entered the status without one; a sale may count in several."""


class LeadStatusUpdatesNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """What one row, or the whole report by date updated, says; every number of sales counts each sale once."""

    updated: int
    """Sales with an update in range."""
    updates: int
    """How many updates these had in range."""
    sales: int
    """Sales that entered any status in range."""
    statuses: dict[str, EnteredCount]
    returns: Returns
    """Sales whose return came to each state in range."""
    adjustments: Decimal
    """By how much their revenue changed in range."""


class LeadStatusUpdatesRow(msgspec.Struct, frozen=True):
    """One row: ids and names of what it stands for, and its numbers."""

    key: dict[str, int | str | None]
    numbers: LeadStatusUpdatesNumbers


class LeadStatusUpdatesReport(msgspec.Struct, frozen=True, kw_only=True):
    """The Lead Status report by date updated: rows in their order; totals count each sale once over all of them."""

    updated_from: date
    updated_to: date
    moment: Moment
    by: tuple[Dimension, ...]
    rows: tuple[LeadStatusUpdatesRow, ...]
    totals: LeadStatusUpdatesNumbers
