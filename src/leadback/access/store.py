"""Writing API keys."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.tables import api_key


async def next_key_id(connection: AsyncConnection, network_id: int) -> int:
    """The number after the last key's; the caller holds the network's configuration."""
    statement = select(func.max(api_key.c.api_key_id)).where(api_key.c.network_id == network_id)
    return int((await connection.execute(statement)).scalar_one() or 0) + 1


async def insert_key(connection: AsyncConnection, network_id: int, values: Mapping[str, object]) -> None:
    """A new key."""
    await connection.execute(insert(api_key).values(network_id=network_id, **values))


async def set_expiry(connection: AsyncConnection, network_id: int, api_key_id: int, expires_at: datetime) -> None:
    """From that moment on the key opens nothing."""
    await connection.execute(
        update(api_key)
        .where(api_key.c.network_id == network_id, api_key.c.api_key_id == api_key_id)
        .values(expires_at=expires_at)
    )


async def revoke_key(connection: AsyncConnection, network_id: int, api_key_id: int, revoked_at: datetime) -> None:
    """From this moment on the key opens nothing."""
    await connection.execute(
        update(api_key)
        .where(api_key.c.network_id == network_id, api_key.c.api_key_id == api_key_id)
        .values(revoked_at=revoked_at)
    )
