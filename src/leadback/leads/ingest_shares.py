"""How the payout of a lead is shared among its sales."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

_UNITS: Final = 10_000


def payout_shares(payout: Decimal, prices: Sequence[Decimal]) -> list[Decimal]:
    """Each sale's share of its lead's payout, in the order of the prices; together exactly the payout.

    By price, equally where every price is zero; rounded down to four decimals, the remainder to the first. Reckoned in
    whole ten-thousandths: the product of two amounts has more digits than a Decimal keeps.
    """
    if len(prices) == 1:
        return [payout]
    units = int(payout * _UNITS)
    weights = [int(price * _UNITS) for price in prices]
    if not any(weights):
        weights = [1] * len(prices)
    total = sum(weights)
    shares = [units * weight // total for weight in weights]
    shares[0] += units - sum(shares)
    return [Decimal(share).scaleb(-4) for share in shares]
