"""Making, changing and removing aliases: a buyer's own words for statuses, sub-statuses and fields."""

from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.alias_rules import check_alias, check_words_free, new_alias
from leadback.catalog.model import Alias, Catalog
from leadback.catalog.queries import read_catalog
from leadback.catalog.rules import CatalogKind, items_of
from leadback.catalog.save import remove_alias_row, save_alias
from leadback.catalog.settings import AliasSettings
from leadback.catalog.vocabulary import ListedAlias
from leadback.kit.errors import Refused
from leadback.kit.partial import with_settings
from leadback.networks.actions import begin_change
from leadback.networks.model import Actor
from leadback.parties.queries import list_buyers


async def create_alias(
    connection: AsyncConnection, network_id: int, listed: ListedAlias, *, actor: Actor, now: datetime
) -> int:
    """A new alias, by the names of what it is about; its id."""
    await begin_change(connection, network_id)
    after = await draft_alias(connection, network_id, listed)
    await save_alias(connection, network_id, None, after, action="create alias", actor=actor, now=now)
    return after.alias_id


async def draft_alias(connection: AsyncConnection, network_id: int, listed: ListedAlias) -> Alias:
    """The alias that is written down as it would be made now, nothing of it made; `Refused` where it is not sound."""
    catalog = await read_catalog(connection, network_id)
    buyer_ids = {buyer.name: buyer.buyer_id for buyer in await list_buyers(connection, network_id)}
    items = {kind: items_of(catalog, kind) for kind in CatalogKind}
    after = msgspec.structs.replace(new_alias(listed, items, buyer_ids), alias_id=max(catalog.aliases, default=0) + 1)
    check_alias(after, items)
    check_words_free(after, catalog.aliases.values())
    return after


async def set_alias(
    connection: AsyncConnection,
    network_id: int,
    alias_id: int,
    settings: AliasSettings,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Change what an alias stands for, or whether it is active; its words stay."""
    await begin_change(connection, network_id)
    catalog = await read_catalog(connection, network_id)
    before = _must_exist(alias_id, catalog)
    after = with_settings(before, settings)
    check_alias(after, {kind: items_of(catalog, kind) for kind in CatalogKind})
    await save_alias(connection, network_id, before, after, action="set alias", actor=actor, now=now)


async def remove_alias(
    connection: AsyncConnection,
    network_id: int,
    alias_id: int,
    *,
    actor: Actor,
    now: datetime,
    buyer_id: int | None = None,
) -> Alias:
    """Remove an alias, as which it was: nothing refers to one, the ledger holds our own names.

    With a `buyer_id` another buyer's is not there.
    """
    await begin_change(connection, network_id)
    alias = _must_exist(alias_id, await read_catalog(connection, network_id), buyer_id)
    await remove_alias_row(connection, network_id, alias, actor=actor, now=now)
    return alias


def _must_exist(alias_id: int, catalog: Catalog, buyer_id: int | None = None) -> Alias:
    alias = catalog.aliases.get(alias_id)
    if alias is None or buyer_id not in (None, alias.buyer_id):
        raise Refused(f"There is no alias with the id {alias_id}; `leadback alias list` shows every one.")
    return alias
