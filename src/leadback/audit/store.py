"""Writing to the table of configuration changes, which only grows."""

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.audit.model import Entry
from leadback.audit.tables import audit_entry


async def insert_entry(
    connection: AsyncConnection,
    network_id: int,
    entry: Entry,
    *,
    actor: tuple[str, int | None, str],
    changed_at: datetime,
) -> None:
    """Keep one change; `actor` is kind, id and name."""
    kind, actor_id, name = actor
    await connection.execute(
        insert(audit_entry).values(
            network_id=network_id,
            changed_at=changed_at,
            actor_kind=kind,
            actor_id=actor_id,
            actor=name,
            action=entry.action,
            subject=entry.subject,
            subject_id=entry.subject_id,
            before=entry.before,
            after=entry.after,
        )
    )
