"""Reading the catalog."""

from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.model import Alias, Catalog, DataType, Field, ReturnReason, Status, SubStatus, Summary
from leadback.catalog.tables import alias, field, return_reason, status, sub_status


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
        if row["active"]
    ]
    return Catalog(
        statuses={item.status_id: item for item in statuses},
        sub_statuses={item.sub_status_id: item for item in sub_statuses},
        fields={item.field_id: item for item in fields},
        return_reasons={item.return_reason_id: item for item in reasons},
        aliases=tuple(aliases),
        status_by_name=_by_name(statuses, lambda _, name: name),
        sub_status_by_name=_by_name(sub_statuses, lambda item, name: (item.status_id, name)),
        field_by_name=_by_name(fields, lambda _, name: name),
    )


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
