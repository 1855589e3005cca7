"""Reading API keys."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.model import ApiKey
from leadback.access.tables import api_key

COLUMNS = [column for column in api_key.c if column.name != "network_id"]


async def list_keys(connection: AsyncConnection, network_id: int, buyer_id: int | None = None) -> list[ApiKey]:
    """Every key of the network, or of one buyer, revoked and expired ones included, oldest first."""
    statement = select(*COLUMNS).where(api_key.c.network_id == network_id).order_by(api_key.c.api_key_id)
    if buyer_id is not None:
        statement = statement.where(api_key.c.buyer_id == buyer_id)
    rows = await connection.execute(statement)
    return [
        ApiKey(**(dict(row._mapping) | {"scopes": tuple(row.scopes), "allowed_networks": tuple(row.allowed_networks)}))
        for row in rows
    ]
