"""What a report is asked for and what it says, as values."""

from datetime import date, datetime
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

SALE_MARKS: Final = ("lead_id", "sale_id", "sale_ref", "buyer_lead_id")
"""What one sale or a few are known by."""


class Condition(msgspec.Struct, frozen=True):
    """One thing a sale must be to count, as it was asked for."""

    dimension: str
    value: str
    by_id: bool = False


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What a sale must be: one of the values of every dimension that stands here."""

    ids: dict[str, frozenset[int]] = {}
    texts: dict[str, frozenset[str | int | date]] = {}
    """Of sub ids and the like, which are what they are called, of days, weeks and months by their first day, of who
    updated and the stages reached by number."""

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
    as_of: datetime | None = None
    """The report as it would have shown at this past moment, by what had been received until then; None: now."""
    with_fields: bool = True
    """Off: without the fields' summaries, where nobody looks at them."""
    with_index: bool = False
    """Count also what would usually have converted, for the index: it takes the sales of each row by contract."""
    buyer_ids: frozenset[int] | None = None
    """Whoever asks may see these buyers' sales alone; None: all."""


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


class LeadStatusNumbers(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one row, or the whole report, says; money in the network's currency, 4 decimals."""

    leads: int | None
    """First sales; None where rows or conditions are of the buyers' side, by which one lead counts several times."""
    sales: int
    updated: int
    updated_by_buyer: int
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
    usual_converted: Decimal | None = None
    """How many sales would have converted as usual for their contracts; None where it was not asked for."""


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
    as_of: datetime | None = None


class Sort(StrEnum):
    """What the rows of Lead Detail can be sorted by."""

    SOLD_AT = "sold_at"
    LEAD_ID = "lead_id"
    BUYER = "buyer"
    BUYER_CONTRACT = "buyer_contract"
    CAMPAIGN = "campaign"
    AFFILIATE = "affiliate"
    STATUS = "status"
    SUB_STATUS = "sub_status"
    RETURN_STATE = "return_state"
    SOLD_PRICE = "sold_price"
    REVENUE = "revenue"
    PAYOUT_SHARE = "payout_share"
    UPDATED_AT = "updated_at"
    UPDATE_COUNT = "update_count"


class Order(msgspec.Struct, frozen=True):
    """How a list is sorted: what a row has none of comes first, or last where it is descending; ties by sale id."""

    sort: Sort = Sort.SOLD_AT
    descending: bool = True


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One number of a Lead Status report, as the sales it counts."""

    row: tuple[Condition, ...] = ()
    """What the sales of the row have in common; empty for the totals."""
    column: str = "sales"
    """The column's heading in an export, such as `status:Funded`."""
    show_changes: bool = False
    show_sub_status: bool = False


class LeadDetailQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What Lead Detail is asked for."""

    sold_from: date
    sold_to: date
    """The last day sold, included, in the network's time zone."""
    conditions: tuple[Condition, ...] = ()
    cell: Cell = Cell()
    """Which of the sales that meet the conditions; all by default."""
    order: Order = Order()
    buyer_ids: frozenset[int] | None = None
    """Whoever asks may see these buyers' sales alone; None: all."""


class LeadDetailRow(msgspec.Struct, frozen=True, kw_only=True):
    """One sale and how it stands; moments in the network's time."""

    lead_id: str
    sold_at: datetime
    buyer_id: int
    buyer: str
    buyer_contract_id: int
    buyer_contract: str
    campaign_id: int
    campaign: str
    affiliate_id: int
    affiliate: str
    offer_id: int | None
    offer: str | None
    vertical_id: int
    vertical: str
    sub_id_1: str
    sub_id_2: str
    sub_id_3: str
    sub_id_4: str
    sub_id_5: str
    sale_type: str
    status: str | None
    sub_status: str | None
    sold_price: Decimal
    revenue: Decimal
    payout_share: Decimal
    return_state: str | None
    return_reason: str | None
    updated_at: datetime | None
    """Of the last update or correction, whoever made it."""
    update_count: int
    sale_id: int
    sale_ref: str | None
    buyer_lead_id: str | None
    fields: dict[str, str | Decimal | date | bool]
    """The values the sale has, by the field's name."""


class LeadDetailPage(msgspec.Struct, frozen=True):
    """Some rows, and the token of those after them; None: there are no more."""

    rows: list[LeadDetailRow]
    after: str | None


class LeadDetailTotals(msgspec.Struct, frozen=True, kw_only=True):
    """The sums over all sales of a list, on every page."""

    sales: int
    sold_price: Decimal
    revenue: Decimal
    payout_share: Decimal
    fields: dict[str, Decimal | None]
    """The sum of every Number field's values; None where no sale has one."""
