"""One status, sub-status, field or return reason: adding it, changing, renaming, deactivating and deleting it."""

from datetime import timedelta
from typing import Any, Final

from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import Permission
from leadback.access.operators import actor_of
from leadback.catalog.actions import (
    create_field,
    create_return_reason,
    create_status,
    create_sub_status,
    delete_item,
    rename_item,
    set_field,
    set_item_active,
    set_status,
)
from leadback.catalog.model import MEANINGS, STAGES, Catalog, DataType, Summary
from leadback.catalog.own_ratio_queries import read_own_ratios
from leadback.catalog.own_ratio_rules import naming, refused_in_ratio
from leadback.catalog.queries import in_ledger, in_sales, read_catalog
from leadback.catalog.rules import CatalogKind, Item, items_of
from leadback.console.catalog_form import field_settings, id_of_form, shown_form, status_settings, typed_form
from leadback.console.catalog_list import LISTS, PLACES, TITLES, kind_named
from leadback.console.session import AnyRequest, Seen, Sessions, go, page
from leadback.console.sign_in import Form, text_of
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.parties.queries import list_buyers, list_verticals

GRACE_DAYS: Final = (7, 30, 90)
"""How long updates may still send the old name of what was renamed."""

OF_LEAD_STATUSES: Final = "/setup/lead-statuses/{section:str}"
RETURN_REASONS: Final = "/setup/return-reasons"
ONE: Final = "/{item_id:int}"


def at(rest: str) -> list[str]:
    """The addresses of one handler: of the three sections of Lead Statuses, and of return reasons."""
    return [OF_LEAD_STATUSES + rest, RETURN_REASONS + rest]


@get(at("/add"))
async def new_entry_page(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], section: FromPath[str] = "return-reasons"
) -> Template:
    """The form for a new entry."""
    chosen = {"status_id": request.query_params.get("status_id", "")}
    return await _form(request, sessions, seen, kind_named(section), None, more=chosen)


@post(at("/add"))
async def add_entry(
    request: AnyRequest,
    sessions: Given[Sessions],
    seen: Given[Seen],
    data: Form,
    section: FromPath[str] = "return-reasons",
) -> Template | Redirect:
    """A new entry, the last of its list."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    kind, name = kind_named(section), text_of(data, "name")
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            await _create(connection, seen, kind, name, data)
    except Refused as error:
        return await _form(request, sessions, seen, kind, None, typed=data, error=str(error))
    return go(LISTS[kind], f"The {kind.spoken} {name} is there.")


@get(at(ONE))
async def entry_page(
    request: AnyRequest,
    sessions: Given[Sessions],
    seen: Given[Seen],
    item_id: FromPath[int],
    section: FromPath[str] = "return-reasons",
) -> Template:
    """One entry, to change."""
    return await _form(request, sessions, seen, kind_named(section), item_id)


@post(at(ONE))
async def change_entry(
    request: AnyRequest,
    sessions: Given[Sessions],
    seen: Given[Seen],
    item_id: FromPath[int],
    data: Form,
    section: FromPath[str] = "return-reasons",
) -> Template | Redirect:
    """Other settings of a status or a field."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    kind = kind_named(section)
    told: dict[str, Any] = {"actor": actor_of(seen.viewer), "now": now()}
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            if kind is CatalogKind.STATUS:
                await set_status(connection, seen.network_id, item_id, status_settings(data), **told)
            elif kind is CatalogKind.FIELD:
                await set_field(connection, seen.network_id, item_id, field_settings(data), **told)
            else:
                raise Refused(f"A {kind.spoken} has nothing to set but its name.")
    except Refused as error:
        return await _form(request, sessions, seen, kind, item_id, typed=data, error=str(error))
    return go(LISTS[kind], "Saved.")


@post(at(f"{ONE}/name"))
async def rename_entry(
    request: AnyRequest,
    sessions: Given[Sessions],
    seen: Given[Seen],
    item_id: FromPath[int],
    data: Form,
    section: FromPath[str] = "return-reasons",
) -> Template | Redirect:
    """Another name; updates may send the old one for a while."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    kind, name, grace = kind_named(section), text_of(data, "name"), text_of(data, "grace_days")
    moment = now()
    former_until = moment + timedelta(days=int(grace)) if grace in map(str, GRACE_DAYS) else None
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            await rename_item(
                connection,
                seen.network_id,
                kind,
                item_id,
                name,
                former_until=former_until,
                actor=actor_of(seen.viewer),
                now=moment,
            )
    except Refused as error:
        more = {"new_name": name, "grace_days": grace}
        return await _form(request, sessions, seen, kind, item_id, more=more, rename_error=str(error))
    return go(LISTS[kind], f"It is called {name} now, in reports of the past too.")


@post(at(f"{ONE}/active"))
async def switch_entry(
    request: AnyRequest,
    sessions: Given[Sessions],
    seen: Given[Seen],
    item_id: FromPath[int],
    data: Form,
    section: FromPath[str] = "return-reasons",
) -> Redirect:
    """Deactivate or activate: history and reports keep what is inactive, updates with it fail."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    kind, active = kind_named(section), text_of(data, "active") == "on"
    async with sessions.database.transaction(seen.network_id) as connection:
        await set_item_active(
            connection, seen.network_id, kind, item_id, active=active, actor=actor_of(seen.viewer), now=now()
        )
    said = f"Updates can send this {kind.spoken} again." if active else f"Updates with this {kind.spoken} fail now."
    return go(LISTS[kind], said)


@get(at(f"{ONE}/delete"))
async def delete_entry_page(
    request: AnyRequest,
    sessions: Given[Sessions],
    seen: Given[Seen],
    item_id: FromPath[int],
    section: FromPath[str] = "return-reasons",
) -> Template:
    """Whether it can be deleted at all, and if so, whether it shall be."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    kind = kind_named(section)
    async with sessions.database.snapshot(seen.network_id) as connection:
        item = await _existing(connection, seen, kind, item_id)
        used = await in_sales(connection, seen.network_id, kind, item_id) or await in_ledger(
            connection, seen.network_id, kind, item_id
        )
        ratios = naming((await read_own_ratios(connection, seen.network_id)).values(), item)
    if used or ratios:
        error = f"The {kind.spoken} {item.name!r} is in use; deactivate it instead. History keeps it."
        if not used:
            error = str(refused_in_ratio(item, ratios))
        return await _form(request, sessions, seen, kind, item_id, use_error=error)
    with_it = " Its sub-statuses go with it." if kind is CatalogKind.STATUS else ""
    return page(
        request,
        seen,
        "confirm.html",
        question=f"Delete the {kind.spoken} {item.name}?",
        text=f"No lead ever had it, so nothing is lost but the {kind.spoken} itself.{with_it}",
        action=f"{PLACES[kind]}/{item_id}/delete",
        confirm_label="Delete",
        back=LISTS[kind],
    )


@post(at(f"{ONE}/delete"))
async def delete_entry(
    request: AnyRequest,
    sessions: Given[Sessions],
    seen: Given[Seen],
    item_id: FromPath[int],
    section: FromPath[str] = "return-reasons",
) -> Template | Redirect:
    """Delete what was never used."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    kind = kind_named(section)
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            await delete_item(connection, seen.network_id, kind, item_id, actor=actor_of(seen.viewer), now=now())
    except Refused as error:
        return await _form(request, sessions, seen, kind, item_id, use_error=str(error))
    return go(LISTS[kind], f"The {kind.spoken} is deleted.")


async def _create(connection: AsyncConnection, seen: Seen, kind: CatalogKind, name: str, data: dict[str, Any]) -> None:
    told: dict[str, Any] = {"actor": actor_of(seen.viewer), "now": now()}
    network_id, item_id = seen.network_id, id_of_form(data, "item_id")
    match kind:
        case CatalogKind.STATUS:
            await create_status(connection, network_id, name, status_settings(data), status_id=item_id, **told)
        case CatalogKind.SUB_STATUS:
            status_id = id_of_form(data, "status_id")
            if status_id is None:
                raise Refused("Choose the status it belongs to.")
            await create_sub_status(connection, network_id, status_id, name, sub_status_id=item_id, **told)
        case CatalogKind.FIELD:
            await create_field(connection, network_id, name, field_settings(data), field_id=item_id, **told)
        case CatalogKind.RETURN_REASON:
            await create_return_reason(connection, network_id, name, return_reason_id=item_id, **told)


async def _existing(connection: AsyncConnection, seen: Seen, kind: CatalogKind, item_id: int) -> Item:
    return _find(await read_catalog(connection, seen.network_id), kind, item_id)


def _find(catalog: Catalog, kind: CatalogKind, item_id: int) -> Item:
    item = items_of(catalog, kind).get(item_id)
    if item is None:
        raise Refused(f"There is no {kind.spoken} with the id {item_id}.")
    return item


async def _form(  # noqa: PLR0913 - what was typed and what was wrong with it
    request: AnyRequest,
    sessions: Sessions,
    seen: Seen,
    kind: CatalogKind,
    item_id: int | None,
    *,
    typed: dict[str, Any] | None = None,
    more: dict[str, str] | None = None,
    error: str = "",
    rename_error: str = "",
    use_error: str = "",
) -> Template:
    seen.viewer.require(Permission.CHANGE_SETUP)
    async with sessions.database.snapshot(seen.network_id) as connection:
        catalog = await read_catalog(connection, seen.network_id)
        verticals = await list_verticals(connection, seen.network_id)
        buyers = await list_buyers(connection, seen.network_id)
    item = None if item_id is None else _find(catalog, kind, item_id)
    form = shown_form(kind, item) if typed is None else typed_form(typed)
    return page(
        request,
        seen,
        "catalog_entry.html",
        status_code=422 if error or rename_error or use_error else 200,
        kind=kind,
        title=TITLES[kind],
        place=PLACES[kind],
        list_path=LISTS[kind],
        item=item,
        item_id=item_id,
        form=form | (more or {}),
        statuses=list(catalog.statuses.values()),
        verticals=verticals,
        buyers=buyers,
        meanings=MEANINGS,
        stages=STAGES,
        data_types=list(DataType),
        summaries=list(Summary),
        grace_days=GRACE_DAYS,
        error=error,
        rename_error=rename_error,
        use_error=use_error,
    )
