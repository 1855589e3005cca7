"""Who takes part in the demonstration and what happened, as values."""

from datetime import datetime
from decimal import Decimal

import msgspec


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """How a vertical's leads usually fare, as shares of its sales; the words its buyers report in."""

    vertical: str
    offers: tuple[str, ...]
    payout: int
    contacted: float
    qualified: float
    converted: float
    funded: float
    """0: the trade ends with the conversion."""
    qualified_status: str
    converted_status: str
    funded_status: str
    field: str
    """Empty: its buyers report no value."""
    field_status: str
    value_min: int
    value_max: int
    converted_days: tuple[float, float]
    """After it was qualified."""
    funded_days: tuple[float, float]
    """After it was converted; of a contract priced on outcome after the sale."""


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """A buyer's contract, what it pays for a lead, and how much of the trade it takes."""

    name: str
    vertical: str
    price: int
    """0: the price is the outcome's."""
    share: int
    returned: float
    bonus: int = 0
    outcome_min: int = 0
    outcome_max: int = 0


class Buyer(msgspec.Struct, frozen=True, kw_only=True):
    """A buyer and how it reports."""

    name: str
    coverage: float
    channel: str
    contracts: tuple[Contract, ...]
    nightly: bool = False
    words: dict[str, str] = {}
    """Its own words for our statuses."""


class Affiliate(msgspec.Struct, frozen=True, kw_only=True):
    """An affiliate and what its traffic is like."""

    name: str
    traffic: float
    quality: float
    campaigns: tuple[str, ...]
    begins: int = 0
    price: float = 1
    multi_sold: float = 0.23


class Cast(msgspec.Struct, frozen=True, kw_only=True):
    """Everyone, as the file has them."""

    trade: tuple[Trade, ...]
    buyer: tuple[Buyer, ...]
    affiliate: tuple[Affiliate, ...]
    sources: dict[str, tuple[str, ...]]
    """Sub ids by source of traffic."""


class Campaign(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One affiliate's traffic from one source for one offer."""

    name: str
    affiliate: Affiliate
    trade: Trade
    offer: str
    sub_ids: tuple[str, ...]
    payout: Decimal


class Lead(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A lead as it came in."""

    number: int
    came_at: datetime
    campaign: Campaign
    sub_id: str
    device: str
    is_test: bool = False


class Sale(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A lead sold to one contract; `number` is its place among all sales."""

    number: int
    lead: Lead
    buyer: Buyer
    contract: Contract
    sold_at: datetime
    price: Decimal
    sale_type: str
    replaces: int | None = None


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call a buyer made."""

    at: datetime
    status: str = ""
    sub_status: str = ""
    amount: Decimal | None = None
    add_to_existing: bool | None = None
    field: str = ""
    value: str = ""
    return_reason: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """What the operator made of a return, and when."""

    at: datetime
    kind: str
    """`credit`, `replace`, `reject` or `restore`, which rejects and restores the revenue."""
    note: str | None = None
