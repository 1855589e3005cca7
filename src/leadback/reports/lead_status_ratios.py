"""The ratios of the Lead Status report: shares, and money per lead, sale or funded lead; on values alone."""

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Final

from leadback.catalog.model import Catalog
from leadback.reports.model import LeadStatusNumbers

Ratio = Decimal | None
"""None where the base is nothing."""
RatioOf = Callable[[LeadStatusNumbers], Ratio]
INDEX: Final = "ratio:index"
STEP: Final = Decimal("0.0001")


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


SHARES: Final[Mapping[str, RatioOf]] = {
    "coverage": lambda numbers: ratio(numbers.updated_by_buyer, numbers.sales),
    "contact": lambda numbers: ratio(numbers.reached.contacted, numbers.sales),
    "qualified": lambda numbers: ratio(numbers.reached.qualified, numbers.sales),
    "conversion": lambda numbers: ratio(numbers.reached.converted, numbers.sales),
    "funded": lambda numbers: ratio(numbers.reached.funded, numbers.sales),
    "returned": lambda numbers: ratio(returned(numbers), numbers.sales),
    "margin": lambda numbers: ratio(numbers.margin, numbers.revenue),
}
"""Parts of a whole; of the sales, whatever the base of the other shares, the margin of the revenue."""

PER_ONE: Final[Mapping[str, RatioOf]] = {
    "revenue_per_lead": lambda numbers: ratio(numbers.revenue, numbers.leads),
    "revenue_per_sale": lambda numbers: ratio(numbers.revenue, numbers.sales),
    "payout_per_lead": lambda numbers: ratio(numbers.payout, numbers.leads),
    "cost_per_funded": lambda numbers: ratio(numbers.payout, numbers.reached.funded),
    "revenue_per_funded": lambda numbers: ratio(numbers.revenue, numbers.reached.funded),
}
"""Amounts of money for each lead, sale or funded lead; per lead only where leads can be counted."""


def index(numbers: LeadStatusNumbers) -> Ratio:
    """What converted in percent of what usually does with these contracts: 100 is average; None where nothing does."""
    return ratio(100 * numbers.reached.converted, numbers.usual_converted)


def negative_share(numbers: LeadStatusNumbers, negative: Collection[str]) -> Ratio:
    """The share of sales that stand at a status that means something negative; `negative`: the names of those."""
    return ratio(sum(count.sales for name, count in numbers.statuses.items() if name in negative), numbers.sales)


def ratios_of(totals: LeadStatusNumbers, catalog: Catalog) -> dict[str, RatioOf]:
    """Every ratio of a report by the name of its column; `totals`: of the report."""
    meanings = {status.name: status.meaning for status in catalog.statuses.values()}
    negative = frozenset(name for name, meaning in meanings.items() if meaning == "negative")
    found: dict[str, RatioOf] = {f"ratio:{name}": share for name, share in SHARES.items()}
    found["ratio:negative"] = partial(negative_share, negative=negative)
    if totals.usual_converted is not None:
        found[INDEX] = index
    for name, each in PER_ONE.items():
        if totals.leads is not None or not name.endswith("_per_lead"):
            found[f"ratio:{name}"] = each
    return found


def rounded(value: Ratio) -> Ratio:
    """A ratio as files have it: with 4 decimals, a share as a part of 1."""
    return None if value is None else value.quantize(STEP)
