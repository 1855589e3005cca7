"""How values look in print: money, moments of the network's time, and what is not there."""

from datetime import datetime
from decimal import Decimal
from typing import Final

from leadback.networks.model import Network

NOTHING: Final = "–"


def money(amount: Decimal | None) -> str:
    """Two decimals, more where there are more."""
    if amount is None:
        return NOTHING
    text = f"{amount:,.4f}"
    return text[:-2] if text.endswith("00") else text


def moment(at: datetime | None, network: Network, *, seconds: bool = False) -> str:
    """`2026-03-10 12:00` in the network's time."""
    if at is None:
        return NOTHING
    return network.local(at).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def percent(share: Decimal | None) -> str:
    """`12.5%` of 0.125."""
    return NOTHING if share is None else f"{share * 100:.1f}%"


def safe(words: str) -> str:
    """Words of a file or a call: what a terminal would obey or break the line at is shown as a sign."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in words)
