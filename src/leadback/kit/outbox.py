"""What changed, written in the transaction of the change and taken by the worker afterwards."""

from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Column, DateTime, Identity, Table, delete, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.columns import ExactText, metadata, network_column

ROWS_MAX: Final = 500
"""Taken at once."""

outbox = Table(
    "outbox",
    metadata,
    network_column(),
    Column("outbox_id", BigInteger, Identity(), primary_key=True),
    Column("topic", ExactText, nullable=False),
    Column("subject_id", BigInteger, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("written_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)


class Notice(msgspec.Struct, frozen=True):
    """One row of the outbox."""

    outbox_id: int
    topic: str
    subject_id: int
    payload: dict[str, Any]


async def take(connection: AsyncConnection, network_id: int) -> list[Notice]:
    """The oldest `ROWS_MAX` notices nobody else is working on; they are back if the transaction does not commit."""
    statement = (
        select(outbox.c.outbox_id, outbox.c.topic, outbox.c.subject_id, outbox.c.payload)
        .where(outbox.c.network_id == network_id)
        .order_by(outbox.c.outbox_id)
        .limit(ROWS_MAX)
        .with_for_update(skip_locked=True)
    )
    return [Notice(*row) for row in await connection.execute(statement)]


async def done(connection: AsyncConnection, network_id: int, notices: list[Notice]) -> None:
    """Remove notices taken in this transaction."""
    ids = [notice.outbox_id for notice in notices]
    await connection.execute(delete(outbox).where(outbox.c.network_id == network_id, outbox.c.outbox_id.in_(ids)))
