"""What a report is asked for and what it says, as values."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

import msgspec


class Dimension(StrEnum):
    """What the rows of a report stand for."""

    CAMPAIGN = "campaign"
    AFFILIATE = "affiliate"
    SUB_ID = "sub_id"
    """Sub id 1 of its affiliate: "fb1" of two affiliates are two rows."""
    OFFER = "offer"
    VERTICAL = "vertical"
    BUYER = "buyer"
    BUYER_CONTRACT = "buyer_contract"
    SALE_TYPE = "sale_type"
    DAY = "day"
    WEEK = "week"
    """Called by the date of its first day, which is the network's."""
    MONTH = "month"


DATES: Final = (Dimension.DAY, Dimension.WEEK, Dimension.MONTH)

SALE_SIDE: Final = ("buyer", "buyer_contract", "sale_type")
"""A lead is sold to several of these, so leads cannot be counted by them: only sales can."""

SUB_IDS: Final = tuple(f"sub_id_{number}" for number in range(1, 6))


class Condition(msgspec.Struct, frozen=True):
    """One thing a sale must be to count, as it was asked for."""

    dimension: str
    value: str
    by_id: bool = False


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What a sale must be: one of the values of every dimension that stands here."""

    ids: dict[str, frozenset[int]] = {}
    texts: dict[str, frozenset[str | date]] = {}
    """Of sale types and sub ids, which are what they are called, and of days, weeks and months by their first day."""

    @property
    def dimensions(self) -> frozenset[str]:
        """Everything something is asked of."""
        return frozenset(self.ids) | frozenset(self.texts)


class LeadStatusQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What the Lead Status report is asked for."""

    sold_from: date
    sold_to: date
    """The last day sold, included, in the network's time zone."""
    by: tuple[Dimension, ...] = (Dimension.CAMPAIGN,)
    show_changes: bool = False
    """Count updated sales only."""
    show_sub_status: bool = False
    """Count sales with a sub-status only."""
    conditions: tuple[Condition, ...] = ()


class StatusCount(msgspec.Struct, frozen=True):
    """The sales that stand at one status, and how they divide; `""` counts those without a sub-status."""

    sales: int
    sub_statuses: dict[str, int]


class Returns(msgspec.Struct, frozen=True):
    """Sales by where their return stands."""

    submitted: int
    credited: int
    replaced: int
    rejected: int


class Reached(msgspec.Struct, frozen=True):
    """Sales that ever came at least this far, whatever became of them afterwards."""

    contacted: int
    qualified: int
    converted: int
    funded: int


class LeadStatusNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """What one row, or the whole report, says; money in the network's currency, 4 decimals."""

    leads: int | None
    """First sales; None where rows or conditions are of the buyers' side, by which one lead counts several times."""
    sales: int
    updated: int
    statuses: dict[str, StatusCount]
    no_status: int
    fields: dict[str, dict[str, Decimal | int | None]]
    """By field: its summary; None where no sale has a value. An average stands beside its count of values."""
    gross: Decimal
    adjustments: Decimal
    revenue: Decimal
    payout: Decimal
    margin: Decimal
    returns: Returns
    reached: Reached


class LeadStatusRow(msgspec.Struct, frozen=True):
    """One row: ids and names of what it stands for, and its numbers."""

    key: dict[str, int | str | None]
    numbers: LeadStatusNumbers


class LeadStatusReport(msgspec.Struct, frozen=True, kw_only=True):
    """The Lead Status report: rows in their order, totals over all of them."""

    sold_from: date
    sold_to: date
    by: tuple[Dimension, ...]
    rows: tuple[LeadStatusRow, ...]
    totals: LeadStatusNumbers
