"""Reading API keys."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.model import ApiKey
from leadback.access.tables import api_key

COLUMNS = [column for column in api_key.c if column.name not in ("network_id", "last_used_address")]


async def list_keys(connection: AsyncConnection, network_id: int) -> list[ApiKey]:
    """Every key of the network, revoked and expired ones included, oldest first."""
    rows = await connection.execute(
        select(*COLUMNS).where(api_key.c.network_id == network_id).order_by(api_key.c.api_key_id)
    )
    return [
        ApiKey(**(dict(row._mapping) | {"scopes": tuple(row.scopes), "allowed_networks": tuple(row.allowed_networks)}))
        for row in rows
    ]
