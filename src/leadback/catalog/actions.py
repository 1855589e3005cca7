"""Making, changing, ordering and removing statuses, sub-statuses, fields and return reasons."""

from datetime import datetime
from typing import cast

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.model import Field, ReturnReason, Status, SubStatus
from leadback.catalog.queries import in_ledger, read_catalog
from leadback.catalog.rules import (
    CatalogKind,
    Item,
    changed_field,
    check_item,
    check_order,
    check_scope,
    id_of,
    items_of,
    kind_of,
    new_field,
    new_status,
    next_position,
    renamed,
)
from leadback.catalog.save import refused_in_use, remove_item, save_item, save_order
from leadback.catalog.settings import FieldSettings, StatusSettings
from leadback.kit.errors import Refused
from leadback.kit.partial import with_settings
from leadback.networks.actions import begin_change
from leadback.networks.model import Actor
from leadback.parties.queries import list_buyers, list_verticals
from leadback.parties.rules import choose_id


async def create_status(
    connection: AsyncConnection,
    network_id: int,
    name: str,
    settings: StatusSettings,
    *,
    status_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> int:
    """A new status after the last; its id, made where none is given."""
    items = await _begin(connection, network_id, CatalogKind.STATUS)
    await _check_scope(connection, network_id, settings.vertical_ids)
    chosen = _choose_id(CatalogKind.STATUS, status_id, items)
    after = new_status(chosen, name, next_position(items.values()), settings)
    return await _create(connection, network_id, items, after, actor=actor, now=now)


async def create_sub_status(
    connection: AsyncConnection,
    network_id: int,
    status_id: int,
    name: str,
    *,
    sub_status_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> int:
    """A new sub-status after the status's last; its id, made where none is given."""
    items = await _begin(connection, network_id, CatalogKind.SUB_STATUS)
    _must_exist(CatalogKind.STATUS, status_id, items_of(await read_catalog(connection, network_id), CatalogKind.STATUS))
    chosen = _choose_id(CatalogKind.SUB_STATUS, sub_status_id, items)
    siblings = [item for item in items.values() if isinstance(item, SubStatus) and item.status_id == status_id]
    after = SubStatus(
        sub_status_id=chosen, status_id=status_id, name=name, position=next_position(siblings), active=True
    )
    return await _create(connection, network_id, items, after, actor=actor, now=now)


async def create_field(
    connection: AsyncConnection,
    network_id: int,
    name: str,
    settings: FieldSettings,
    *,
    field_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> int:
    """A new field after the last; its id, made where none is given."""
    items = await _begin(connection, network_id, CatalogKind.FIELD)
    await _check_scope(connection, network_id, settings.vertical_ids, settings.buyer_ids)
    chosen = _choose_id(CatalogKind.FIELD, field_id, items)
    after = new_field(chosen, name, next_position(items.values()), settings)
    return await _create(connection, network_id, items, after, actor=actor, now=now)


async def create_return_reason(
    connection: AsyncConnection,
    network_id: int,
    name: str,
    *,
    return_reason_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> int:
    """A new return reason after the last; its id, made where none is given."""
    items = await _begin(connection, network_id, CatalogKind.RETURN_REASON)
    chosen = _choose_id(CatalogKind.RETURN_REASON, return_reason_id, items)
    after = ReturnReason(return_reason_id=chosen, name=name, position=next_position(items.values()), active=True)
    return await _create(connection, network_id, items, after, actor=actor, now=now)


async def set_status(
    connection: AsyncConnection,
    network_id: int,
    status_id: int,
    settings: StatusSettings,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Change the settings of a status that are given."""
    items = await _begin(connection, network_id, CatalogKind.STATUS)
    await _check_scope(connection, network_id, settings.vertical_ids)
    before = cast(Status, _must_exist(CatalogKind.STATUS, status_id, items))
    after = with_settings(before, settings)
    check_item(after, items.values())
    await save_item(connection, network_id, before, after, action="set status", actor=actor, now=now)


async def set_field(
    connection: AsyncConnection,
    network_id: int,
    field_id: int,
    settings: FieldSettings,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Change the settings of a field that are given; the type only while it never had a value."""
    items = await _begin(connection, network_id, CatalogKind.FIELD)
    await _check_scope(connection, network_id, settings.vertical_ids, settings.buyer_ids)
    before = cast(Field, _must_exist(CatalogKind.FIELD, field_id, items))
    after = changed_field(before, settings)
    check_item(after, items.values())
    await save_item(connection, network_id, before, after, action="set field", actor=actor, now=now)


async def rename_item(
    connection: AsyncConnection,
    network_id: int,
    kind: CatalogKind,
    item_id: int,
    name: str,
    *,
    former_until: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Another name, in reports of the past too; until `former_until` updates may still send the old one."""
    items = await _begin(connection, network_id, kind)
    before = _must_exist(kind, item_id, items)
    after = renamed(before, name, former_until=former_until, now=now)
    check_item(after, items.values())
    await save_item(connection, network_id, before, after, action=f"rename {kind.spoken}", actor=actor, now=now)


async def set_item_active(
    connection: AsyncConnection,
    network_id: int,
    kind: CatalogKind,
    item_id: int,
    *,
    active: bool,
    actor: Actor,
    now: datetime,
) -> None:
    """Activate or deactivate: new updates with an inactive entry fail, history and reports keep it."""
    items = await _begin(connection, network_id, kind)
    before = _must_exist(kind, item_id, items)
    after = msgspec.structs.replace(before, active=active)
    action = f"{'activate' if active else 'deactivate'} {kind.spoken}"
    await save_item(connection, network_id, before, after, action=action, actor=actor, now=now)


async def reorder_items(
    connection: AsyncConnection,
    network_id: int,
    kind: CatalogKind,
    ids: list[int],
    *,
    status_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Put the entries of a kind (the sub-statuses of `status_id`) into the order of `ids`, which names every one."""
    items = await _begin(connection, network_id, kind)
    before = [item for item in items.values() if not isinstance(item, SubStatus) or item.status_id == status_id]
    check_order(kind, ids, {id_of(item) for item in before})
    after = [items[item_id] for item_id in ids]
    await save_order(connection, network_id, before, after, actor=actor, now=now)


async def delete_item(
    connection: AsyncConnection, network_id: int, kind: CatalogKind, item_id: int, *, actor: Actor, now: datetime
) -> None:
    """Remove what no sale ever had, no alias leads to and no own ratio is made of, a status with its sub-statuses.

    `Refused` for all else.
    """
    # The ledger can be long, and updates wait while the configuration is held: so it is read before. What an update
    # brings in until then is found on its sale.
    used = await in_ledger(connection, network_id, kind, item_id)
    items = await _begin(connection, network_id, kind)
    item = _must_exist(kind, item_id, items)
    if used:
        raise refused_in_use(item)
    if kind is CatalogKind.STATUS:
        catalog = await read_catalog(connection, network_id)
        for sub_status in catalog.sub_statuses.values():
            if sub_status.status_id == item_id:
                await remove_item(connection, network_id, sub_status, actor=actor, now=now)
    await remove_item(connection, network_id, item, actor=actor, now=now)


async def _begin(connection: AsyncConnection, network_id: int, kind: CatalogKind) -> dict[int, Item]:
    await begin_change(connection, network_id)
    return items_of(await read_catalog(connection, network_id), kind)


async def _create(
    connection: AsyncConnection, network_id: int, items: dict[int, Item], after: Item, *, actor: Actor, now: datetime
) -> int:
    check_item(after, items.values())
    action = f"create {kind_of(after).spoken}"
    await save_item(connection, network_id, None, after, action=action, actor=actor, now=now)
    return id_of(after)


async def _check_scope(
    connection: AsyncConnection,
    network_id: int,
    vertical_ids: frozenset[int] | UnsetType,
    buyer_ids: frozenset[int] | UnsetType = UNSET,
) -> None:
    if vertical_ids is not UNSET:
        verticals = await list_verticals(connection, network_id)
        check_scope("vertical", vertical_ids, {vertical.vertical_id for vertical in verticals})
    if buyer_ids is not UNSET:
        buyers = await list_buyers(connection, network_id)
        check_scope("buyer", buyer_ids, {buyer.buyer_id for buyer in buyers})


def _choose_id(kind: CatalogKind, wanted: int | None, items: dict[int, Item]) -> int:
    chosen = choose_id(kind.spoken, wanted, max(items, default=None))
    if chosen in items:
        raise Refused(f"The {kind.spoken} id {chosen} is taken by {items[chosen].name!r}.")
    return chosen


def _must_exist(kind: CatalogKind, item_id: int, items: dict[int, Item]) -> Item:
    if item_id not in items:
        raise Refused(f"There is no {kind.spoken} with the id {item_id}.")
    return items[item_id]
