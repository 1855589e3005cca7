"""Reading who takes part, and putting them together: campaigns of affiliates, contracts of verticals."""

from decimal import Decimal
from importlib.resources import files
from typing import Final

import msgspec

from leadback.cli.demonstration.model import Buyer, Campaign, Cast, Contract, Trade

CAST: Final = msgspec.toml.decode(files(__package__).joinpath("network.toml").read_bytes(), type=Cast)

TRADES: Final[dict[str, Trade]] = {trade.vertical: trade for trade in CAST.trade}

QUARTER: Final = Decimal("0.25")


def contracts_of(vertical: str) -> list[tuple[Buyer, Contract]]:
    """Everyone who buys this vertical's leads."""
    return [(buyer, contract) for buyer in CAST.buyer for contract in buyer.contracts if contract.vertical == vertical]


def campaigns() -> list[Campaign]:
    """Every campaign; an affiliate is paid the same for each lead of one."""
    made = []
    for affiliate in CAST.affiliate:
        for place, name in enumerate(affiliate.campaigns):
            vertical, _, source = name.rpartition(" ")
            trade = TRADES[vertical]
            made.append(
                Campaign(
                    name=f"{affiliate.name} {name}",
                    affiliate=affiliate,
                    trade=trade,
                    offer=trade.offers[place % len(trade.offers)],
                    sub_ids=CAST.sources[source],
                    payout=to_quarter(trade.payout * Decimal(str(affiliate.price))),
                )
            )
    return made


def usual_quality(vertical: str) -> float:
    """The quality of a vertical's average lead."""
    sources = [campaign.affiliate for campaign in campaigns() if campaign.trade.vertical == vertical]
    return sum(source.quality * source.traffic for source in sources) / sum(source.traffic for source in sources)


def to_quarter(amount: Decimal) -> Decimal:
    """A price as people agree on it: to the quarter of a dollar."""
    return (amount / QUARTER).quantize(Decimal(1)) * QUARTER
