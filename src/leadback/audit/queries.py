"""Reading configuration changes."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.audit.tables import audit_entry

COLUMNS = [column for column in audit_entry.c if column.name != "network_id"]


async def list_entries(
    connection: AsyncConnection, network_id: int, *, entries_max: int, before_id: int | None = None
) -> list[dict[str, Any]]:
    """The newest changes first; `before_id` turns the page."""
    statement = select(*COLUMNS).where(audit_entry.c.network_id == network_id)
    if before_id is not None:
        statement = statement.where(audit_entry.c.audit_entry_id < before_id)
    rows = await connection.execute(statement.order_by(audit_entry.c.audit_entry_id.desc()).limit(entries_max))
    return [dict(row._mapping) for row in rows]
