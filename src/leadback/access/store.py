"""Writing API keys."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.model import KeyUse
from leadback.access.tables import api_key
from leadback.kit.sql import Rows

# Several processes write what each saw last. In one order, so that no two of them deadlock; the version of the
# configuration stays, for nothing is decided by it.
_USES: Final = Rows(api_key_id="integer", last_used_at="timestamptz", last_used_address="inet")
_NOTE_USES: Final = text(f"""
    UPDATE api_key SET last_used_at = held.last_used_at, last_used_address = held.last_used_address
    FROM (
        SELECT row.* FROM {_USES.source}
        JOIN api_key ON api_key.network_id = :network_id AND api_key.api_key_id = row.api_key_id
        WHERE api_key.last_used_at IS NULL OR api_key.last_used_at < row.last_used_at
        ORDER BY api_key.api_key_id FOR UPDATE OF api_key
    ) AS held
    WHERE api_key.network_id = :network_id AND api_key.api_key_id = held.api_key_id
""")


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


async def note_uses(connection: AsyncConnection, network_id: int, uses: Mapping[int, KeyUse]) -> None:
    """When keys were last used, by their id; never earlier than is known already."""
    rows = [(number, at, None if address is None else str(address)) for number, (at, address) in sorted(uses.items())]
    await connection.execute(_NOTE_USES, _USES.parameters(rows, network_id=network_id))
