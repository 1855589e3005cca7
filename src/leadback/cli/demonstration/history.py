"""Everything that happened in the demonstration network: sales, calls on them, what was made of returns."""

import random
from collections.abc import Iterator
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from leadback.cli.demonstration.model import Call, Lead, Sale, Verdict

LEAD_ID_BITS: Final = 64
FIRST_REFERENCE: Final = 100_001


class History:
    """Sales with their calls, in the order they were sold; planting a story changes it."""

    def __init__(self, dice: random.Random, until: datetime, zone: ZoneInfo) -> None:
        self.dice = dice
        self.until = until
        self.zone = zone
        self.sales: list[Sale] = []
        self.calls: list[list[Call]] = []
        """By the sale's number; each later than the one before, none later than `until`."""
        self.lead_ids: list[str] = []
        """By the lead's number."""
        self.verdicts: dict[int, Verdict] = {}
        """By the sale's number."""

    def add_lead(self, lead: Lead) -> None:
        """The next lead; its number is its place."""
        assert lead.number == len(self.lead_ids)
        self.lead_ids.append(f"{self.dice.getrandbits(LEAD_ID_BITS):0{LEAD_ID_BITS // 4}X}")

    def add_sale(self, sale: Sale, calls: list[Call]) -> None:
        """The next sale, and those of its calls that were made by now."""
        assert sale.number == len(self.sales)
        self.sales.append(sale)
        self.calls.append([call for call in calls if call.at < self.until])

    def called(self, *, buyer: str = "", contract: str = "") -> Iterator[tuple[Sale, list[Call]]]:
        """The sales of a buyer or a contract that have calls, newest first."""
        for sale in reversed(self.sales):
            if (sale.buyer.name == buyer or sale.contract.name == contract) and self.calls[sale.number]:
                yield sale, self.calls[sale.number]

    def name_lead(self, sale: Sale, lead_id: str) -> None:
        """Give the lead of a sale the id by which a story is told."""
        self.lead_ids[sale.lead.number] = lead_id


def reference_of(number: int) -> str:
    """What the network calls a sale."""
    return f"S{FIRST_REFERENCE + number}"
