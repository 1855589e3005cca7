"""Writing statuses, sub-statuses, fields, return reasons and aliases."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Table, delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.model import Alias
from leadback.catalog.rules import CatalogKind
from leadback.catalog.tables import alias, field, return_reason, status, sub_status

TABLES: dict[CatalogKind, Table] = {
    CatalogKind.STATUS: status,
    CatalogKind.SUB_STATUS: sub_status,
    CatalogKind.FIELD: field,
    CatalogKind.RETURN_REASON: return_reason,
}


async def insert_item(
    connection: AsyncConnection, network_id: int, kind: CatalogKind, values: Mapping[str, object]
) -> None:
    """A new entry."""
    await connection.execute(insert(TABLES[kind]).values(network_id=network_id, **_columns(kind, values)))


async def update_item(
    connection: AsyncConnection, network_id: int, kind: CatalogKind, item_id: int, values: Mapping[str, object]
) -> None:
    """Other values for some columns of one entry."""
    table = TABLES[kind]
    await connection.execute(
        update(table)
        .where(table.c.network_id == network_id, table.c[kind.id_column] == item_id)
        .values(**_columns(kind, values))
    )


async def delete_item(connection: AsyncConnection, network_id: int, kind: CatalogKind, item_id: int) -> None:
    """Remove one entry; PostgreSQL refuses while a sale or an alias refers to it."""
    table = TABLES[kind]
    await connection.execute(delete(table).where(table.c.network_id == network_id, table.c[kind.id_column] == item_id))


async def insert_alias(connection: AsyncConnection, network_id: int, made: Alias) -> None:
    """A new alias."""
    await connection.execute(insert(alias).values(network_id=network_id, **_alias_columns(made)))


async def update_alias(connection: AsyncConnection, network_id: int, changed: Alias) -> None:
    """An alias as it is now."""
    await connection.execute(
        update(alias)
        .where(alias.c.network_id == network_id, alias.c.alias_id == changed.alias_id)
        .values(**_alias_columns(changed))
    )


async def delete_alias(connection: AsyncConnection, network_id: int, alias_id: int) -> None:
    """Remove one alias."""
    await connection.execute(delete(alias).where(alias.c.network_id == network_id, alias.c.alias_id == alias_id))


def _alias_columns(item: Alias) -> dict[str, Any]:
    _, _, their_key, their_sub_status_key = item.key
    return msgspec.structs.asdict(item) | {"their_key": their_key, "their_sub_status_key": their_sub_status_key}


def _columns(kind: CatalogKind, values: Mapping[str, object]) -> dict[str, Any]:
    columns: dict[str, Any] = dict(values)
    for name in ("vertical_ids", "buyer_ids"):
        if name in columns:
            columns[name] = sorted(columns[name])
    if "list_values" in columns:
        columns["list_values"] = list(columns["list_values"])
    if kind is CatalogKind.FIELD and "name" in columns:
        columns["name_key"] = columns["name"].upper()
    return columns
