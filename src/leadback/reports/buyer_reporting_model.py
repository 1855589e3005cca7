"""What Buyer Reporting is asked for and what it says, as values."""

from datetime import date, datetime
from decimal import Decimal

import msgspec


class BuyerReportingQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What Buyer Reporting is asked for."""

    sold_from: date
    sold_to: date
    """The last day sold, and of failed calls, included, in the network's time zone."""
    buyer_ids: frozenset[int] | None = None
    """Of these buyers only; None: of all."""


class ReportingNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """How sales in range are reported on by their buyer."""

    sales: int
    updated_by_buyer: int
    coverage: Decimal | None
    """Updated by the buyer ÷ sales; None of no sales."""
    mature_sales: int
    """Sales older than the buyer's usual lag."""
    mature_updated_by_buyer: int
    mature_coverage: Decimal | None
    first_status_seconds_median: int | None
    """From the sale to the first status the buyer gave it, over the sales that have one."""
    first_status_seconds_p90: int | None
    last_update: datetime | None
    """The buyer's last update; of the last 90 days, or of a sale in range."""


class ContractReporting(msgspec.Struct, frozen=True):
    """One contract with sales in range."""

    buyer_contract_id: int
    buyer_contract: str
    numbers: ReportingNumbers


class BuyerReporting(msgspec.Struct, frozen=True, kw_only=True):
    """One buyer: its sales in range, its habits of the last 90 days, its calls."""

    buyer_id: int
    buyer: str
    lead_statuses: bool
    """Off: its updates are refused, and it is never called silent."""
    silent: bool
    numbers: ReportingNumbers
    usual_lag_seconds: int
    """The median time to first status; three days where it is unknown."""
    usual_lag_known: bool
    usual_interval_days: int | None
    silent_after_days: int
    sales_past_lag: int
    """Sales of the last 90 days older than the usual lag."""
    sales_at_risk: int
    """Those of them that the buyer has never updated."""
    failed_calls: dict[str, int]
    """In range, by the message the buyer got, most first."""
    last_call: datetime | None
    """Accepted (in the last 90 days) or refused (as long as failed updates are kept)."""
    contracts: tuple[ContractReporting, ...]


class SilentBuyer(msgspec.Struct, frozen=True):
    """A buyer that has fallen silent."""

    buyer_id: int
    buyer: str
    sales_at_risk: int
    """Sales of the last 90 days, older than its usual lag, that it has never updated."""
    last_update: datetime | None


class BuyerReportingTotals(msgspec.Struct, frozen=True, kw_only=True):
    """All buyers of the report together."""

    buyers: int
    silent_buyers: int
    numbers: ReportingNumbers
    sales_at_risk: int
    failed_calls: dict[str, int]


class BuyerReportingReport(msgspec.Struct, frozen=True, kw_only=True):
    """Buyer Reporting: silent buyers first, then by most sales."""

    sold_from: date
    sold_to: date
    rows: tuple[BuyerReporting, ...]
    totals: BuyerReportingTotals
