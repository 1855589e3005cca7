"""Setup > Lead Statuses and Setup > Return reasons: the lists, their order, and how much each entry is used."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Template

from leadback.access.operator_model import Permission
from leadback.access.operators import actor_of
from leadback.catalog.actions import reorder_items
from leadback.catalog.model import STAGES, Catalog
from leadback.catalog.queries import read_catalog
from leadback.catalog.rules import CatalogKind, Item, id_of, items_of
from leadback.console.catalog_form import id_of_form, order_of
from leadback.console.session import AnyRequest, Seen, Sessions, go, page
from leadback.console.sign_in import Form
from leadback.kit.clock import now
from leadback.kit.errors import NotThere, Refused
from leadback.parties.queries import list_buyers, list_verticals
from leadback.reports.catalog_use import count_use

USE_DAYS: Final = 90

LISTS: Final = {
    CatalogKind.STATUS: "/setup/lead-statuses",
    CatalogKind.SUB_STATUS: "/setup/lead-statuses/sub-status",
    CatalogKind.FIELD: "/setup/lead-statuses/field",
    CatalogKind.RETURN_REASON: "/setup/return-reasons",
}
"""Where each kind is listed."""
PLACES: Final = LISTS | {CatalogKind.STATUS: "/setup/lead-statuses/status"}
"""What the addresses of single entries begin with."""
TITLES: Final = {
    CatalogKind.STATUS: "Status",
    CatalogKind.SUB_STATUS: "Sub status",
    CatalogKind.FIELD: "Field",
    CatalogKind.RETURN_REASON: "Return reason",
}
FILTERS: Final = {
    CatalogKind.STATUS: "status_id",
    CatalogKind.SUB_STATUS: "sub_status_id",
    CatalogKind.RETURN_REASON: "return_reason_id",
}
"""By which Lead Detail finds the sales that stand at an entry; those with a field it finds by the report's cell."""


def kind_named(section: str) -> CatalogKind:
    """The kind that an address names; raises `Refused` for any other word."""
    for kind, place in PLACES.items():
        if place.rpartition("/")[2] == section:
            return kind
    raise NotThere("There is nothing at this address.")


@get([LISTS[CatalogKind.STATUS], PLACES[CatalogKind.STATUS]])
async def statuses_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template:
    """Every status in the order of the report's columns."""
    return await _list(request, sessions, seen, CatalogKind.STATUS)


@get(LISTS[CatalogKind.SUB_STATUS])
async def sub_statuses_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template:
    """Every sub-status under its status."""
    return await _list(request, sessions, seen, CatalogKind.SUB_STATUS)


@get(LISTS[CatalogKind.FIELD])
async def fields_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template:
    """Every field."""
    return await _list(request, sessions, seen, CatalogKind.FIELD)


@get(LISTS[CatalogKind.RETURN_REASON])
async def return_reasons_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template:
    """Every return reason."""
    return await _list(request, sessions, seen, CatalogKind.RETURN_REASON)


@post(["/setup/lead-statuses/{section:str}/order", "/setup/return-reasons/order"])
async def reorder(
    request: AnyRequest,
    sessions: Given[Sessions],
    seen: Given[Seen],
    data: Form,
    section: FromPath[str] = "return-reasons",
) -> Template | Redirect:
    """Another order: by a row's buttons or by dragging, both send every id."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    kind = kind_named(section)
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            await reorder_items(
                connection,
                seen.network_id,
                kind,
                order_of(data),
                status_id=id_of_form(data, "status_id"),
                actor=actor_of(seen.viewer),
                now=now(),
            )
    except Refused as error:
        return await _list(request, sessions, seen, kind, error=f"The order was not changed: {error}")
    return go(LISTS[kind])


async def _list(request: AnyRequest, sessions: Sessions, seen: Seen, kind: CatalogKind, *, error: str = "") -> Template:
    seen.viewer.require(Permission.CHANGE_SETUP)
    network_id, today = seen.network_id, seen.network.day_of(now())
    since = today - timedelta(days=USE_DAYS - 1)
    async with sessions.database.snapshot(network_id) as connection:
        catalog = await read_catalog(connection, network_id)
        verticals = {item.vertical_id: item.name for item in await list_verticals(connection, network_id)}
        buyers = {item.buyer_id: item.name for item in await list_buyers(connection, network_id)}
        use = await count_use(connection, network_id, kind, since=since)
    context = {
        "kind": kind,
        "title": TITLES[kind],
        "list_path": LISTS[kind],
        "place": PLACES[kind],
        "tabs": _tabs(catalog, kind),
        "groups": _groups(catalog, kind),
        "use": use,
        "use_days": USE_DAYS,
        "days": {"from": since.isoformat(), "to": today.isoformat()},
        "filter_name": FILTERS.get(kind),
        "verticals": verticals,
        "buyers": buyers,
        "stages": STAGES,
        "sub_status_counts": _sub_status_counts(catalog),
        "error": error,
    }
    template = "return_reasons.html" if kind is CatalogKind.RETURN_REASON else "lead_statuses.html"
    return page(request, seen, template, status_code=422 if error else 200, **context)


def _tabs(catalog: Catalog, here: CatalogKind) -> list[tuple[str, str, int, bool]]:
    return [
        (TITLES[kind], LISTS[kind], len(items_of(catalog, kind)), kind is here)
        for kind in (CatalogKind.STATUS, CatalogKind.SUB_STATUS, CatalogKind.FIELD)
    ]


def _groups(catalog: Catalog, kind: CatalogKind) -> list[dict[str, Any]]:
    """The entries by what they are ordered within: sub-statuses within their status, all else together."""
    if kind is not CatalogKind.SUB_STATUS:
        return [{"status": None, "rows": _rows(list(items_of(catalog, kind).values()))}]
    return [
        {
            "status": status,
            "rows": _rows([one for one in catalog.sub_statuses.values() if one.status_id == status.status_id]),
        }
        for status in catalog.statuses.values()
    ]


def _rows(items: Sequence[Item]) -> list[dict[str, Any]]:
    ids = [id_of(item) for item in items]
    return [
        {
            "item": item,
            "item_id": ids[place],
            "up": _swapped(ids, place - 1) if place else None,
            "down": _swapped(ids, place) if place + 1 < len(ids) else None,
        }
        for place, item in enumerate(items)
    ]


def _swapped(ids: Sequence[int], place: int) -> str:
    """The order with an entry and the one after it in each other's place."""
    return ",".join(map(str, [*ids[:place], ids[place + 1], ids[place], *ids[place + 2 :]]))


def _sub_status_counts(catalog: Catalog) -> dict[int, int]:
    counts: dict[int, int] = {}
    for item in catalog.sub_statuses.values():
        counts[item.status_id] = counts.get(item.status_id, 0) + 1
    return counts
