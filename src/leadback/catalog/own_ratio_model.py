"""A network's own ratios of the Lead Status report, as values."""

from enum import StrEnum

import msgspec


class Number(StrEnum):
    """A number of the Lead Status report that sums up, so that a ratio of two of them is true of any rows."""

    SALES = "sales"
    LEADS = "leads"
    UPDATED = "updated"
    UPDATED_BY_BUYER = "updated_by_buyer"
    STATUS = "status"
    """Of one status: the sales that stand there."""
    SUB_STATUS = "sub_status"
    CONTACTED = "contacted"
    """This stage and the next three: the sales that ever came so far."""
    QUALIFIED = "qualified"
    CONVERTED = "converted"
    FUNDED = "funded"
    SUBMITTED = "submitted"
    """This and the next three: the sales whose return stands so."""
    CREDITED = "credited"
    REPLACED = "replaced"
    REJECTED = "rejected"
    GROSS = "gross"
    ADJUSTMENTS = "adjustments"
    REVENUE = "revenue"
    PAYOUT = "payout"
    MARGIN = "margin"
    FIELD = "field"
    """The sum of a Number field's values."""


class ShownAs(StrEnum):
    """How a ratio is written."""

    PERCENT = "percent"
    AMOUNT = "amount"
    """With 2 decimals."""


class Term(msgspec.Struct, frozen=True):
    """Numerator or denominator of an own ratio."""

    number: Number
    item_id: int | None = None
    """Which status, sub-status or field; None for every other number."""


class OwnRatio(msgspec.Struct, frozen=True, kw_only=True):
    """A column of the Lead Status report that the network defined: one number divided by another."""

    own_ratio_id: int
    label: str
    position: int
    numerator: Term
    denominator: Term
    shown_as: ShownAs
