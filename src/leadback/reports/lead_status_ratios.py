"""The ratios of the Lead Status report: shares, and money per lead, sale or funded lead; on values alone."""

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Final

from leadback.reports.model import LeadStatusNumbers

Ratio = Decimal | None
"""None where the base is nothing."""


class Base(StrEnum):
    """What the shares of a row are shares of."""

    SALES = "sales"
    UPDATED = "updated"
    WITH_STATUS = "with_status"


def base_of(numbers: LeadStatusNumbers, base: Base) -> int:
    """How many sales a row's shares are shares of."""
    match base:
        case Base.SALES:
            return numbers.sales
        case Base.UPDATED:
            return numbers.updated
        case Base.WITH_STATUS:
            return numbers.sales - numbers.no_status


def returned(numbers: LeadStatusNumbers) -> int:
    """Sales whose return was granted; one that waits is not among them."""
    return numbers.returns.credited + numbers.returns.replaced


def ratio(part: Decimal | int, base: Decimal | int | None) -> Ratio:
    """A part of its base, unrounded."""
    return Decimal(part) / base if base else None


SHARES: Final[Mapping[str, Callable[[LeadStatusNumbers], Ratio]]] = {
    "coverage": lambda numbers: ratio(numbers.updated_by_buyer, numbers.sales),
    "contact": lambda numbers: ratio(numbers.reached.contacted, numbers.sales),
    "qualified": lambda numbers: ratio(numbers.reached.qualified, numbers.sales),
    "conversion": lambda numbers: ratio(numbers.reached.converted, numbers.sales),
    "funded": lambda numbers: ratio(numbers.reached.funded, numbers.sales),
    "returned": lambda numbers: ratio(returned(numbers), numbers.sales),
    "margin": lambda numbers: ratio(numbers.margin, numbers.revenue),
}
"""Parts of a whole; of the sales, whatever the base of the other shares, the margin of the revenue."""

PER_ONE: Final[Mapping[str, Callable[[LeadStatusNumbers], Ratio]]] = {
    "revenue_per_lead": lambda numbers: ratio(numbers.revenue, numbers.leads),
    "revenue_per_sale": lambda numbers: ratio(numbers.revenue, numbers.sales),
    "payout_per_lead": lambda numbers: ratio(numbers.payout, numbers.leads),
    "cost_per_funded": lambda numbers: ratio(numbers.payout, numbers.reached.funded),
    "revenue_per_funded": lambda numbers: ratio(numbers.revenue, numbers.reached.funded),
}
"""Amounts of money for each lead, sale or funded lead; per lead only where leads can be counted."""


def negative_share(numbers: LeadStatusNumbers, negative: Collection[str]) -> Ratio:
    """The share of sales that stand at a status that means something negative; `negative`: the names of those."""
    return ratio(sum(count.sales for name, count in numbers.statuses.items() if name in negative), numbers.sales)
