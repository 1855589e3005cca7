"""What a network's numbers themselves point at, as values: each is a place somebody should look at."""

from datetime import date, datetime
from decimal import Decimal

import msgspec


class BestPaid(msgspec.Struct, frozen=True, kw_only=True):
    """The affiliate whose leads bring most revenue each in a vertical, while fewer of them come far than anybody's."""

    vertical_id: int
    vertical: str
    affiliate: str
    stage: str
    """How far: funded, or converted where nothing of the vertical is ever funded."""
    revenue_per_lead: Decimal
    share: Decimal
    """Of its sales, those that came so far."""
    others_revenue_per_lead: Decimal
    others_share: Decimal


class SpoiledSubId(msgspec.Struct, frozen=True, kw_only=True):
    """A sub id whose leads are reached far less often than the others of its campaign."""

    campaign_id: int
    campaign: str
    sub_id: str
    sales: int
    share: Decimal
    """Of its sales, those that were ever contacted."""
    others_share: Decimal


class LateRevenue(msgspec.Struct, frozen=True, kw_only=True):
    """A contract priced on outcome whose last weeks have brought nothing yet."""

    buyer_contract_id: int
    buyer_contract: str
    weeks: int
    """Without any revenue, up to now."""
    margin: Decimal
    """Of these weeks."""
    earlier_revenue: Decimal
    """Of the weeks before."""


class LedgerMark(msgspec.Struct, frozen=True, kw_only=True):
    """Ledger rows of one buyer and day that somebody should notice, all for the same reason."""

    mark: str
    buyer_id: int
    buyer: str
    day: date
    sales: int
    lead_id: str
    """Of the first of them."""
    sold_from: date
    sold_to: date
    status_before: str | None
    status_id_after: int | None
    status_after: str | None
    stage_before: int
    """The stage of the former status."""


class LateReturns(msgspec.Struct, frozen=True, kw_only=True):
    """Leads that had been contacted and came back on the last days on which a contract takes returns."""

    buyer_contract_id: int
    buyer_contract: str
    buyer_id: int
    return_reason_id: int
    return_reason: str
    returns: int
    """For this reason, in all."""
    late: int
    days: int
    """The contract's window."""


class TestLead(msgspec.Struct, frozen=True, kw_only=True):
    """A test lead that was updated."""

    lead_id: str
    buyer: str
    updated_at: datetime
    updates: int
