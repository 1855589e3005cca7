"""What the returns reports are asked for and what they say, as values."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

import msgspec

RATE_DAYS: Final = 90
"""A buyer's return rate is that of its sales of so many days, today's included."""


class ReturnsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which returns are asked for; None and empty: all. Days are the network's, both ends included."""

    states: tuple[str, ...] = ()
    buyer_ids: frozenset[int] | None = None
    """The buyers whoever asks may see."""
    sale_ids: frozenset[int] | None = None
    buyer_id: int | None = None
    buyer_contract_id: int | None = None
    return_reason_id: int | None = None
    returned_from: date | None = None
    returned_to: date | None = None
    sold_from: date | None = None
    sold_to: date | None = None
    tests: bool = False
    """Sales of test leads as well."""
    words: str = ""
    """Held by the lead id, or by what the buyer or the network call the sale, in any case."""


class BuyerReturns(msgspec.Struct, frozen=True, kw_only=True):
    """How much a buyer gives back of what it bought in the last `RATE_DAYS`."""

    sales: int
    submitted: int
    """Pending: not in the rate."""
    credited: int
    replaced: int
    return_rate: Decimal | None
    """(credited + replaced) ÷ sales, 4 decimals; None without sales."""


class ReturnNote(msgspec.Struct, frozen=True, kw_only=True):
    """What was said with one step of a return."""

    at: datetime
    actor: str
    state: str | None
    note: str


class ReturnedSale(msgspec.Struct, frozen=True, kw_only=True):
    """One return with its sale; money in the network's currency."""

    sale_id: int
    sale_ref: str | None
    lead_id: str
    is_test: bool
    buyer_id: int
    buyer: str
    buyer_contract_id: int
    buyer_contract: str
    state: str
    return_reason_id: int | None
    return_reason: str | None
    returned_at: datetime
    decided_at: datetime | None
    sold_at: datetime
    sold_on: date
    max_return_age_days: int
    last_return_day: date
    """The last day on which the contract, as it is now, lets the sale be given back."""
    sold_price: Decimal
    revenue_before: Decimal | None
    """Just before the return; None where the ledger has nothing of it."""
    revenue: Decimal
    amount_with_return: bool
    notes: tuple[ReturnNote, ...]
    buyer_returns: BuyerReturns


class ReturnsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some returns, those given back first before the others, and how many there are in each state."""

    returns: list[ReturnedSale]
    counts: dict[str, int]
    """By state, whatever states are asked for; everything else of the query holds."""
    after: str | None
    """The token of the next page; None: there is none."""


class ContractReturns(msgspec.Struct, frozen=True, kw_only=True):
    """What a contract is owed for returns that are to be replaced."""

    buyer_contract_id: int
    buyer_contract: str
    buyer_id: int
    buyer: str
    returns_owed: int
    replaced: int
    """Sales whose return was replaced: by a lead that came, or that is still owed."""
    delivered: int
    """Of these, sales whose replacement has come."""


class Disagreement(StrEnum):
    """How a sale's return and its revenue disagree."""

    CREDITED_WITH_REVENUE = "credited, revenue above zero"
    NO_REVENUE_WITHOUT_RETURN = "revenue gone, not returned"


class DisagreeingSale(msgspec.Struct, frozen=True, kw_only=True):
    """A sale that an operator should look at."""

    disagreement: Disagreement
    sale_id: int
    lead_id: str
    buyer_id: int
    buyer: str
    buyer_contract_id: int
    buyer_contract: str
    sold_on: date
    sold_price: Decimal
    revenue: Decimal
    return_state: str | None


class Disagreements(msgspec.Struct, frozen=True, kw_only=True):
    """The first of the sales of a period whose return and revenue disagree, oldest first, and how many there are."""

    sold_from: date
    sold_to: date
    sales: list[DisagreeingSale]
    count: int
