"""The filters of reports as the page offers them: what there is to choose, and chips for what is set."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.model import Catalog
from leadback.console.report_question import Pairs, told_condition
from leadback.console.templating import address
from leadback.reports.filter import ABSENT, CHOICES, MAY_BE_ABSENT, NAMED, Names, read_names
from leadback.reports.model import SUB_IDS, Condition

LABELS: Final = {
    "campaign": "Campaign",
    "affiliate": "Affiliate",
    "offer": "Offer",
    "vertical": "Vertical",
    "buyer": "Buyer",
    "buyer_contract": "Contract",
    "status": "Status",
    "sub_status": "Sub-status",
    "return_reason": "Return reason",
    "sale_type": "Sale type",
    "return_state": "Return",
    "updated": "Updated",
    "reached": "Ever reached",
    "sub_id": "Sub id 1",
    **{name: f"Sub id {name[-1]}" for name in SUB_IDS},
    "day": "Day",
    "week": "Week",
    "month": "Month",
    "lead_id": "Lead id",
    "sale_id": "Sale",
    "sale_ref": "Sale reference",
    "buyer_lead_id": "Buyer lead id",
}
"""What each dimension of a filter is called."""
TYPED: Final = (*SUB_IDS, "lead_id", "buyer_lead_id", "sale_ref", "sale_id")
"""What is typed rather than chosen."""


async def read_all_names(
    connection: AsyncConnection, network_id: int, catalog: Catalog, buyer_ids: frozenset[int] | None
) -> Names:
    """The names of everything that can be chosen, for somebody who may see these buyers."""
    return await read_names(connection, network_id, catalog, NAMED, buyer_ids)


def choices_of(names: Names, catalog: Catalog) -> list[tuple[str, list[tuple[str, str]]]]:
    """By dimension: the filters one can choose, as addresses have them, and what each is called."""
    found = []
    for dimension in NAMED:
        choices = [(f"{dimension}_id={number}", name) for number, name in names.get(dimension, {}).items()]
        if dimension == "sub_status":
            choices = [
                (f"sub_status_id={number}", f"{catalog.statuses[item.status_id].name}: {item.name}")
                for number, item in catalog.sub_statuses.items()
            ]
        choices.sort(key=lambda choice: choice[1].lower())
        if dimension in MAY_BE_ABSENT:
            choices.append((f"{dimension}_id={ABSENT}", f"(no {LABELS[dimension].lower()})"))
        found.append((LABELS[dimension], choices))
    for dimension, words in CHOICES.items():
        found.append((LABELS[dimension], [(f"{dimension}={word}", word.replace("_", " ")) for word in words]))
    return found


def chips_of(
    conditions: Iterable[Condition], names: Names, path: str, query: Pairs, *, name: str = "filter"
) -> list[dict[str, Any]]:
    """Each filter that is set, with the address without it."""
    return [
        {
            "label": LABELS[condition.dimension],
            "value": called(condition, names),
            "remove": address(path, [pair for pair in query if pair != (name, told_condition(condition))]),
        }
        for condition in conditions
    ]


def called(condition: Condition, names: Names) -> str:
    """What a condition's value is called."""
    if condition.by_id and condition.value.isascii() and condition.value.isdigit():
        return names.get(condition.dimension, {}).get(int(condition.value), condition.value)
    return condition.value.replace("_", " ") if condition.dimension in CHOICES else condition.value or "(empty)"


def menu_of(choices: Iterable[tuple[str, str]], chosen: str, href: Callable[[str], str]) -> list[tuple[str, str, bool]]:
    """The choices of a menu: label, address, whether it is the one."""
    return [(label, href(value), value == chosen) for value, label in choices]
