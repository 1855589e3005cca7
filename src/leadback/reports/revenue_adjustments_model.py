"""What the report of revenue adjustments is asked for and what it says, as values."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

import msgspec

PRICE_TIMES_MAX: Final = 5
"""Revenue above so many times the sold price is worth a look: an amount that came twice, or with its cents as units."""


class Adjusting(StrEnum):
    """Which adjustments are meant."""

    ANY = "any"
    RAISED = "raised"
    LOWERED = "lowered"
    LOWERED_WITHOUT_RETURN = "lowered without return"
    WITH_RETURN = "with a return"
    OVER_PRICE = "over five times the price"


class AdjustmentsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which adjustments are asked for; days are the network's, of the receipt, both included."""

    received_from: date
    received_to: date
    buyer_ids: frozenset[int] | None = None
    """The buyers whoever asks may see; None: all."""
    buyer_id: int | None = None
    adjusting: Adjusting = Adjusting.ANY
    """Of the list alone: the report shows each beside the others."""
    words: str = ""
    """Of the list alone: held by the lead id, by who did it, or by the note, in any case."""


class Adjusted(msgspec.Struct, frozen=True):
    """Some adjustments: how many rows of the ledger, and their sum."""

    rows: int
    amount: Decimal


class AdjustmentNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """What was adjusted; money in the network's currency."""

    sales: int
    """That were adjusted, each once."""
    any: Adjusted
    raised: Adjusted
    lowered: Adjusted
    lowered_without_return: Adjusted
    with_return: Adjusted
    over_price: Adjusted
    """That left revenue above `PRICE_TIMES_MAX` times a price above zero."""


class AdjustmentsRow(msgspec.Struct, frozen=True, kw_only=True):
    """One buyer, one day, or one buyer on one day."""

    buyer_id: int | None
    buyer: str | None
    day: date | None
    numbers: AdjustmentNumbers


class AdjustmentsReport(msgspec.Struct, frozen=True, kw_only=True):
    """The latest day first, buyers by name, and everything together."""

    rows: tuple[AdjustmentsRow, ...]
    totals: AdjustmentNumbers


class AdjustedSale(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the ledger that changed the revenue of a sale."""

    sale_id: int
    version: int
    lead_id: str
    buyer_id: int
    buyer: str
    buyer_contract_id: int
    buyer_contract: str
    received_at: datetime
    kind: str
    actor: str
    channel: str
    sold_price: Decimal
    revenue_before: Decimal
    revenue_delta: Decimal
    revenue_after: Decimal
    flags: tuple[str, ...]
    note: str | None
