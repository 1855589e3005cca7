"""Reading the catalog."""

from typing import Any

from sqlalchemy import Table, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.model import Alias, Catalog, DataType, Field, ReturnReason, Status, SubStatus, Summary
from leadback.catalog.rules import CatalogKind
from leadback.catalog.tables import alias, field, return_reason, status, sub_status

# Whether something was ever used is known by sales and the ledger alone. They stand above this package, so their
# tables are asked by their names only. Both are read through where the answer is no: it is asked before a deletion
# and before a field's type changes, never for an update.
_IN_SALES = {
    CatalogKind.STATUS: "status_id = :item_id",
    CatalogKind.SUB_STATUS: "sub_status_id = :item_id",
    CatalogKind.FIELD: "jsonb_exists(field_values, CAST(:item_id AS text))",
    CatalogKind.RETURN_REASON: "return_reason_id = :item_id",
}
_IN_LEDGER = {
    CatalogKind.STATUS: ":item_id IN (status_id_before, status_id_after)",
    CatalogKind.SUB_STATUS: ":item_id IN (sub_status_id_before, sub_status_id_after)",
    CatalogKind.FIELD: "field_changes @> jsonb_build_array(jsonb_build_object('field_id', CAST(:item_id AS integer)))",
    CatalogKind.RETURN_REASON: ":item_id IN (return_reason_id_before, return_reason_id_after)",
}


async def in_sales(connection: AsyncConnection, network_id: int, kind: CatalogKind, item_id: int) -> bool:
    """Whether a sale has this entry now."""
    return await _used(connection, network_id, item_id, f"sale WHERE network_id = :network_id AND {_IN_SALES[kind]}")


async def in_ledger(connection: AsyncConnection, network_id: int, kind: CatalogKind, item_id: int) -> bool:
    """Whether an accepted call ever set or cleared this entry."""
    return await _used(
        connection, network_id, item_id, f"lead_update WHERE network_id = :network_id AND {_IN_LEDGER[kind]}"
    )


async def read_catalog(connection: AsyncConnection, network_id: int) -> Catalog:
    """The whole vocabulary, inactive entries included; the look-ups by name hold active ones only."""
    statuses = [
        Status(**(row | {"vertical_ids": frozenset(row["vertical_ids"])}))
        for row in await _rows(connection, network_id, status, status.c.position, status.c.status_id)
    ]
    sub_statuses = [
        SubStatus(**row)
        for row in await _rows(connection, network_id, sub_status, sub_status.c.position, sub_status.c.sub_status_id)
    ]
    fields = [
        Field(**_field(row)) for row in await _rows(connection, network_id, field, field.c.position, field.c.field_id)
    ]
    reasons = [
        ReturnReason(**row)
        for row in await _rows(
            connection, network_id, return_reason, return_reason.c.position, return_reason.c.return_reason_id
        )
    ]
    aliases = [
        Alias(**{name: row[name] for name in Alias.__struct_fields__})
        for row in await _rows(connection, network_id, alias, alias.c.alias_id)
    ]
    return Catalog(
        statuses={item.status_id: item for item in statuses},
        sub_statuses={item.sub_status_id: item for item in sub_statuses},
        fields={item.field_id: item for item in fields},
        return_reasons={item.return_reason_id: item for item in reasons},
        aliases={item.alias_id: item for item in aliases},
        status_by_name=_by_name(statuses, lambda _, name: name),
        sub_status_by_name=_by_name(sub_statuses, lambda item, name: (item.status_id, name)),
        field_by_name=_by_name(fields, lambda _, name: name),
        alias_by_key={item.key: item for item in aliases if item.active},
    )


async def _used(connection: AsyncConnection, network_id: int, item_id: int, rows: str) -> bool:
    statement = text(f"SELECT EXISTS (SELECT FROM {rows})")
    return bool((await connection.execute(statement, {"network_id": network_id, "item_id": item_id})).scalar_one())


def _by_name(items: list[Any], key: Any) -> dict[Any, Any]:
    # Present names last: a name in use always wins over somebody's former name.
    active = [item for item in items if item.active]
    former = {key(item, item.former_name): item for item in active if item.former_name is not None}
    return former | {key(item, item.name): item for item in active}


def _field(row: dict[str, Any]) -> dict[str, Any]:
    del row["name_key"]
    return row | {
        "data_type": DataType(row["data_type"]),
        "summary": Summary(row["summary"]),
        "list_values": tuple(row["list_values"]),
        "vertical_ids": frozenset(row["vertical_ids"]),
        "buyer_ids": frozenset(row["buyer_ids"]),
    }


async def _rows(connection: AsyncConnection, network_id: int, table: Table, *order: Any) -> list[dict[str, Any]]:
    columns = [column for column in table.c if column.name != "network_id"]
    statement = select(*columns).where(table.c.network_id == network_id).order_by(*order)
    return [dict(row._mapping) for row in await connection.execute(statement)]
