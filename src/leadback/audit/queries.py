"""Reading configuration changes."""

from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.audit.tables import audit_entry
from leadback.kit.list_queries import Wanted, holding, in_any_case, in_order

COLUMNS: Final = [column for column in audit_entry.c if column.name != "network_id"]
SORTS: Final = {
    "when": audit_entry.c.audit_entry_id,
    "who": in_any_case(audit_entry.c.actor),
    "what": in_any_case(audit_entry.c.action),
    "which": in_any_case(audit_entry.c.subject),
}


class EntriesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which changes are meant; what is empty or None: all."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    changed_from: datetime | None = None
    changed_before: datetime | None = None
    words: str = ""
    """Held by who, what, or what was changed."""


async def list_entries(
    connection: AsyncConnection,
    network_id: int,
    query: EntriesQuery | None = None,
    wanted: Wanted | None = None,
) -> list[dict[str, Any]]:
    """The changes that are meant, the newest first where nothing else is wanted."""
    wanted = wanted or Wanted(descending=True)
    rows = await connection.execute(
        select(*COLUMNS)
        .where(*_conditions(network_id, query or EntriesQuery()))
        .order_by(*in_order(wanted, SORTS, "when", audit_entry.c.audit_entry_id))
        .offset(wanted.offset)
        .limit(wanted.limit)
    )
    return [dict(row._mapping) for row in rows]


async def count_entries(connection: AsyncConnection, network_id: int, query: EntriesQuery) -> int:
    """How many changes are meant."""
    statement = select(func.count()).select_from(audit_entry).where(*_conditions(network_id, query))
    return int((await connection.execute(statement)).scalar_one())


async def last_subject_id(connection: AsyncConnection, network_id: int, subject: str) -> int:
    """The highest id that anything of a kind ever had, removed or not; 0 where there was none."""
    statement = select(func.max(audit_entry.c.subject_id)).where(
        audit_entry.c.network_id == network_id, audit_entry.c.subject == subject
    )
    return int((await connection.execute(statement)).scalar_one() or 0)


async def list_known(connection: AsyncConnection, network_id: int) -> dict[str, list[str]]:
    """Every `actor`, `action` and `subject` there is a change of."""
    known = {}
    for column in (audit_entry.c.actor, audit_entry.c.action, audit_entry.c.subject):
        statement = select(column).where(audit_entry.c.network_id == network_id).distinct()
        known[column.name] = sorted((await connection.execute(statement)).scalars())
    return known


def _conditions(network_id: int, query: EntriesQuery) -> list[ColumnElement[bool]]:
    column = audit_entry.c
    conditions = [column.network_id == network_id]
    conditions += [
        column[name] == getattr(query, name) for name in ("actor", "action", "subject") if getattr(query, name)
    ]
    if query.changed_from is not None:
        conditions.append(column.changed_at >= query.changed_from)
    if query.changed_before is not None:
        conditions.append(column.changed_at < query.changed_before)
    looked_through = (column.actor, column.action, func.replace(column.subject, "_", " "), column.before, column.after)
    return [*conditions, *holding(query.words, *looked_through)]
