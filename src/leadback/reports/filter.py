"""Which sales a report is about: conditions as people write them, names turned into ids, and their SQL."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.model import Catalog
from leadback.kit.errors import Refused
from leadback.leads.model import SaleType
from leadback.parties.queries import (
    list_affiliates,
    list_buyers,
    list_campaigns,
    list_contracts,
    list_offers,
    list_verticals,
)
from leadback.reports.model import SUB_IDS, Condition, Filter

LISTS: Final[dict[str, Callable[[AsyncConnection, int], Awaitable[Sequence[Any]]]]] = {
    "campaign": list_campaigns,
    "affiliate": list_affiliates,
    "offer": list_offers,
    "vertical": list_verticals,
    "buyer": list_buyers,
    "buyer_contract": list_contracts,
}
NAMED: Final = (*LISTS, "status")
DATES: Final = {"day": "2026-01-31", "week": "2026-01-26, its first day", "month": "2026-01"}
CONDITIONS: Final = (*NAMED, "sale_type", "sub_id", *SUB_IDS, *DATES)
NAMES_SHOWN_MAX: Final = 20

Names = Mapping[str, Mapping[int, str]]
"""By dimension: id → name, inactive ones included."""


async def read_names(
    connection: AsyncConnection, network_id: int, catalog: Catalog, dimensions: Collection[str]
) -> Names:
    """What everything of these dimensions is called; those that need no look-up are left out."""
    names: dict[str, dict[int, str]] = {}
    for dimension in LISTS.keys() & dimensions:
        items = await LISTS[dimension](connection, network_id)
        names[dimension] = {getattr(item, f"{dimension}_id"): item.name for item in items}
    if "status" in dimensions:
        names["status"] = {status_id: status.name for status_id, status in catalog.statuses.items()}
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
    texts: dict[str, frozenset[str | date]] = {}
    for condition in conditions:
        dimension = "sub_id_1" if condition.dimension == "sub_id" else condition.dimension
        if dimension in names:
            ids[dimension] = ids.get(dimension, frozenset()) | _find(condition, names[dimension])
            continue
        if dimension == "sale_type" and condition.value not in list(SaleType):
            raise Refused(f"There is no sale_type {condition.value!r}. There are: {_listed(SaleType)}.")
        value = _date(condition) if dimension in DATES else condition.value
        texts[dimension] = texts.get(dimension, frozenset()) | {value}
    return Filter(ids=ids, texts=texts)


def clauses(wanted: Filter, column_of: Callable[[str], ColumnElement[Any]]) -> list[ColumnElement[bool]]:
    """The filter as SQL, over the columns a report has for the dimensions' ids and texts."""
    chosen = {**wanted.ids, **wanted.texts}
    return [column_of(dimension).in_(list(values)) for dimension, values in chosen.items()]


def _date(condition: Condition) -> date:
    text = f"{condition.value}-01" if condition.dimension == "month" else condition.value
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused(
            f"{condition.value!r} is no {condition.dimension}; it is written as {DATES[condition.dimension]}."
        ) from error


def _find(condition: Condition, names: Mapping[int, str]) -> frozenset[int]:
    if condition.by_id:
        found = {number for number in names if str(number) == condition.value}
    else:
        found = {number for number, name in names.items() if name == condition.value}
    if not found:
        known = [str(number) for number in sorted(names)] if condition.by_id else sorted(set(names.values()))
        what = f"{condition.dimension}_id" if condition.by_id else condition.dimension
        shown = ", ".join(known[:NAMES_SHOWN_MAX]) or "none yet"
        more = f" and {len(known) - NAMES_SHOWN_MAX} more" if len(known) > NAMES_SHOWN_MAX else ""
        raise Refused(f"There is no {what} {condition.value!r}. There are: {shown}{more}.")
    return frozenset(found)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(str(name) for name in names)
