"""Writing one entry or alias of the catalog, audited, refused where it is in use."""

from datetime import datetime

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.audit.model import Entry
from leadback.audit.rules import changed, created, deleted
from leadback.catalog import store
from leadback.catalog.model import Alias, Field
from leadback.catalog.own_ratio_queries import read_own_ratios
from leadback.catalog.own_ratio_rules import naming, refused_in_ratio
from leadback.catalog.queries import in_ledger, in_sales
from leadback.catalog.rules import CatalogKind, Item, id_of, kind_of
from leadback.kit.database import sqlstate
from leadback.kit.errors import Refused
from leadback.networks.actions import record_change
from leadback.networks.model import Actor

FOREIGN_KEY_VIOLATION = "23503"


async def save_item(
    connection: AsyncConnection,
    network_id: int,
    before: Item | None,
    after: Item,
    *,
    action: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Write a new or changed entry that was checked; the caller holds the configuration."""
    kind = kind_of(after)
    if before is None:
        await store.insert_item(connection, network_id, kind, msgspec.structs.asdict(after))
        await record_change(connection, network_id, created(action, kind, id_of(after), after), actor=actor, now=now)
        return
    entry = changed(action, kind, id_of(after), before, after)
    if entry is None:
        return
    await check_retype(connection, network_id, before, after)
    assert entry.after is not None
    values = {name: getattr(after, name) for name in entry.after}
    await store.update_item(connection, network_id, kind, id_of(after), values)
    await record_change(connection, network_id, entry, actor=actor, now=now)


async def save_order(
    connection: AsyncConnection, network_id: int, before: list[Item], after: list[Item], *, actor: Actor, now: datetime
) -> None:
    """Give the entries the places 1, 2, 3 … in the order of `after`, which holds the same entries as `before`."""
    if [id_of(item) for item in before] == [id_of(item) for item in after]:
        return
    kind = kind_of(after[0])
    for place, item in enumerate(after, 1):
        if item.position != place:
            await store.update_item(connection, network_id, kind, id_of(item), {"position": place})
    entry = Entry(
        action=f"reorder {kind.spoken}",
        subject=kind,
        subject_id=None,
        before={"order": [item.name for item in before]},
        after={"order": [item.name for item in after]},
    )
    await record_change(connection, network_id, entry, actor=actor, now=now)


async def check_retype(connection: AsyncConnection, network_id: int, before: Item | None, after: Item) -> None:
    """Raise `Refused` where a field that ever had a value would change its type: the value would not fit any more."""
    if not isinstance(before, Field) or not isinstance(after, Field) or before.data_type is after.data_type:
        return
    field_id = after.field_id
    if await in_sales(connection, network_id, CatalogKind.FIELD, field_id) or await in_ledger(
        connection, network_id, CatalogKind.FIELD, field_id
    ):
        raise Refused(
            f"The field {before.name!r} has had values: it stays a {before.data_type}."
            " Make a new field and deactivate this one."
        )


async def remove_item(connection: AsyncConnection, network_id: int, item: Item, *, actor: Actor, now: datetime) -> None:
    """Remove an entry; `Refused` where a sale has it, an alias leads to it or an own ratio is made of it."""
    kind = kind_of(item)
    await check_in_no_ratio(connection, network_id, item)
    in_use = refused_in_use(item)
    # A field stands in the sale's JSON, which no foreign key guards.
    if kind is CatalogKind.FIELD and await in_sales(connection, network_id, kind, id_of(item)):
        raise in_use
    try:
        await store.delete_item(connection, network_id, kind, id_of(item))
    except IntegrityError as error:
        if sqlstate(error) == FOREIGN_KEY_VIOLATION:
            raise in_use from error
        raise
    await record_change(
        connection, network_id, deleted(f"delete {kind.spoken}", kind, id_of(item), item), actor=actor, now=now
    )


async def check_in_no_ratio(connection: AsyncConnection, network_id: int, item: Item) -> None:
    """Raise `Refused`, naming them, where own ratios are made of an entry."""
    if ratios := naming((await read_own_ratios(connection, network_id)).values(), item):
        raise refused_in_ratio(item, ratios)


async def save_alias(
    connection: AsyncConnection,
    network_id: int,
    before: Alias | None,
    after: Alias,
    *,
    action: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Write a new or changed alias that was checked; the caller holds the configuration."""
    if before is None:
        await store.insert_alias(connection, network_id, after)
        entry: Entry | None = created(action, "alias", after.alias_id, after)
    else:
        entry = changed(action, "alias", after.alias_id, before, after)
        if entry is not None:
            await store.update_alias(connection, network_id, after)
    await record_change(connection, network_id, entry, actor=actor, now=now)


async def remove_alias_row(
    connection: AsyncConnection, network_id: int, alias: Alias, *, actor: Actor, now: datetime
) -> None:
    """Remove an alias; the caller holds the configuration."""
    await store.delete_alias(connection, network_id, alias.alias_id)
    entry = deleted("remove alias", "alias", alias.alias_id, alias)
    await record_change(connection, network_id, entry, actor=actor, now=now)


def refused_in_use(item: Item) -> Refused:
    """The refusal to delete what was ever used."""
    return Refused(f"The {kind_of(item).spoken} {item.name!r} is in use; deactivate it instead.")
