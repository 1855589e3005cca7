"""Which sales a report is about: conditions as people write them, names turned into ids, and their SQL."""

import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, func
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.model import STAGES, Catalog, ReturnReason, Status, SubStatus
from leadback.kit.errors import Refused
from leadback.leads.model import ReturnState, SaleType, Updated
from leadback.parties.queries import (
    list_affiliates,
    list_buyers,
    list_campaigns,
    list_contracts,
    list_offers,
    list_verticals,
)
from leadback.reports.model import SALE_MARKS, SUB_IDS, Condition, Filter

LISTS: Final[dict[str, Callable[[AsyncConnection, int], Awaitable[Sequence[Any]]]]] = {
    "campaign": list_campaigns,
    "affiliate": list_affiliates,
    "offer": list_offers,
    "vertical": list_verticals,
    "buyer": list_buyers,
    "buyer_contract": list_contracts,
}
CATALOG: Final = ("status", "sub_status", "return_reason")
NAMED: Final = (*LISTS, *CATALOG)
ABSENT: Final = "none"
"""As an id of what a sale need not have: an offer and what is reported. A name may be "none", an id never is."""
MAY_BE_ABSENT: Final = ("offer", *CATALOG)
NO_ID: Final = 0
OF_BUYERS: Final = ("buyer", "buyer_contract")
CHOICES: Final[dict[str, Mapping[str, Collection[str | int]]]] = {
    "sale_type": {value: (value,) for value in SaleType},
    "return_state": {ABSENT: ("",)} | {value: (value,) for value in ReturnState},
    "updated": {
        "yes": (Updated.BY_BUYER, Updated.BY_OTHERS),
        "no": (Updated.NO,),
        "by_buyer": (Updated.BY_BUYER,),
        "by_others": (Updated.BY_OTHERS,),
    },
    "reached": {STAGES[stage]: range(stage, len(STAGES)) for stage in range(1, len(STAGES))},
}
"""By dimension: the words to choose from, and the values each means."""
DATES: Final = {"day": "2026-01-31", "week": "2026-01-26, its first day", "month": "2026-01"}
CONDITIONS: Final = (*NAMED, "sub_id", *SUB_IDS, *DATES, *CHOICES, *SALE_MARKS)
NAMES_SHOWN_MAX: Final = 20

_SALE_ID: Final = re.compile("[0-9]{1,18}", re.ASCII)

Names = Mapping[str, Mapping[int, str]]
"""By dimension: id → name, inactive ones included."""


async def read_names(
    connection: AsyncConnection,
    network_id: int,
    catalog: Catalog,
    dimensions: Collection[str],
    buyer_ids: frozenset[int] | None = None,
) -> Names:
    """What everything of these dimensions is called; those that need no look-up are left out.

    `buyer_ids`: of buyers and contracts only these buyers' own, so that no refusal names another; None: all.
    """
    names: dict[str, dict[int, str]] = {}
    for dimension in LISTS.keys() & dimensions:
        items = await LISTS[dimension](connection, network_id)
        if dimension in OF_BUYERS and buyer_ids is not None:
            items = [item for item in items if item.buyer_id in buyer_ids]
        names[dimension] = {getattr(item, f"{dimension}_id"): item.name for item in items}
    entries: dict[str, Mapping[int, Status | SubStatus | ReturnReason]] = {
        "status": catalog.statuses,
        "sub_status": catalog.sub_statuses,
        "return_reason": catalog.return_reasons,
    }
    for dimension in entries.keys() & dimensions:
        names[dimension] = {item_id: item.name for item_id, item in entries[dimension].items()}
    return names


def parse_condition(text: str) -> Condition:
    """`buyer=Acme` or `buyer_id=12`; raises `Refused` where it is neither. The value may hold further equals signs."""
    name, equals, value = text.partition("=")
    if not equals:
        raise Refused(
            f"A filter is DIMENSION=NAME or DIMENSION_id=ID, not {text!r}. Dimensions: {_listed(CONDITIONS)}."
        )
    if name in CONDITIONS:
        return Condition(name, value)
    if name.removesuffix("_id") in NAMED:
        return Condition(name.removesuffix("_id"), value, by_id=True)
    raise Refused(f"There is no dimension {name!r} to filter by. There are: {_listed(CONDITIONS)}.")


def resolve(conditions: Iterable[Condition], names: Names) -> Filter:
    """Conditions with ids in place of names; raises `Refused` naming what there is where a name or id is unknown.

    Several conditions on one dimension: one of them must hold; every dimension must. A name that several bear (two
    affiliates may each have a campaign "Search") means all of them.
    """
    ids: dict[str, frozenset[int]] = {}
    texts: dict[str, frozenset[str | int | date]] = {}
    for condition in conditions:
        dimension = "sub_id_1" if condition.dimension == "sub_id" else condition.dimension
        if dimension in names:
            ids[dimension] = ids.get(dimension, frozenset()) | _find(condition, names[dimension])
            continue
        texts[dimension] = texts.get(dimension, frozenset()).union(_values(condition))
    return Filter(ids=ids, texts=texts)


def within(wanted: Filter, buyer_ids: frozenset[int] | None) -> Filter:
    """The filter for somebody who may see these buyers' sales alone; None: all."""
    if buyer_ids is None:
        return wanted
    return Filter(ids=wanted.ids | {"buyer": wanted.ids.get("buyer", buyer_ids) & buyer_ids}, texts=wanted.texts)


def clauses(wanted: Filter, column_of: Callable[[str], ColumnElement[Any]]) -> list[ColumnElement[bool]]:
    """The filter as SQL, over the columns a report has: `buyer_id` for ids, `sub_id_1` for texts; null is none."""
    chosen: list[ColumnElement[bool]] = []
    for suffix, nothing, by_dimension in (("_id", NO_ID, wanted.ids), ("", "", wanted.texts)):
        for dimension, values in by_dimension.items():
            column = column_of(dimension + suffix)
            found = func.coalesce(column, nothing) if nothing in values else column
            chosen.append(found.in_(list(values)))
    return chosen


def _values(condition: Condition) -> Collection[str | int | date]:
    dimension, text = condition.dimension, condition.value
    if dimension in DATES:
        return (_date(condition),)
    if dimension in CHOICES:
        if text not in CHOICES[dimension]:
            raise Refused(f"There is no {dimension} {text!r}. There are: {_listed(CHOICES[dimension])}.")
        return CHOICES[dimension][text]
    if dimension == "lead_id":
        return (text.upper(),)
    if dimension != "sale_id":
        return (text,)
    if not _SALE_ID.fullmatch(text):
        raise Refused(f"{text!r} is no sale_id; it is a number.")
    return (int(text),)


def _date(condition: Condition) -> date:
    text = f"{condition.value}-01" if condition.dimension == "month" else condition.value
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused(
            f"{condition.value!r} is no {condition.dimension}; it is written as {DATES[condition.dimension]}."
        ) from error


def _find(condition: Condition, names: Mapping[int, str]) -> frozenset[int]:
    may_be_absent = condition.by_id and condition.dimension in MAY_BE_ABSENT
    if may_be_absent and condition.value == ABSENT:
        return frozenset([NO_ID])
    if condition.by_id:
        found = {number for number in names if str(number) == condition.value}
    else:
        found = {number for number, name in names.items() if name == condition.value}
    if not found:
        known = [str(number) for number in sorted(names)] if condition.by_id else sorted(set(names.values()))
        what = f"{condition.dimension}_id" if condition.by_id else condition.dimension
        known = [ABSENT, *known] if may_be_absent else known
        shown = ", ".join(known[:NAMES_SHOWN_MAX]) or "none yet"
        more = f" and {len(known) - NAMES_SHOWN_MAX} more" if len(known) > NAMES_SHOWN_MAX else ""
        raise Refused(f"There is no {what} {condition.value!r}. There are: {shown}{more}.")
    return frozenset(found)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(str(name) for name in names)
