"""Writing statuses, sub-statuses, fields and return reasons."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.rules import CatalogKind
from leadback.catalog.tables import field, return_reason, status, sub_status

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
