"""Keeping who changed the configuration, when, from what to what."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.audit import store
from leadback.audit.model import Entry


async def record(
    connection: AsyncConnection,
    network_id: int,
    entry: Entry,
    *,
    actor: tuple[str, int | None, str],
    changed_at: datetime,
) -> None:
    """Keep one change; `actor` is kind, id and name.

    Use cases call `networks.actions.record_change`, which also raises the version, so that every process reads again.
    """
    await store.insert_entry(connection, network_id, entry, actor=actor, changed_at=changed_at)
