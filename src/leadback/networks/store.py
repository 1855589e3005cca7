"""Writing networks, their settings and their version counter."""

from typing import Any

from sqlalchemy import insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.networks.tables import network, network_version


async def next_network_id(connection: AsyncConnection) -> int:
    """A number no network has had."""
    network_id: int = (await connection.execute(text("SELECT nextval('network_id_seq')"))).scalar_one()
    return network_id


async def insert_network(connection: AsyncConnection, network_id: int, values: dict[str, Any]) -> None:
    """A new network at version 1."""
    await connection.execute(insert(network).values(network_id=network_id, **values))
    await connection.execute(insert(network_version).values(network_id=network_id, version=1))


async def update_network(connection: AsyncConnection, network_id: int, values: dict[str, Any]) -> None:
    """Other values for some columns."""
    await connection.execute(update(network).where(network.c.network_id == network_id).values(**values))


async def raise_version(connection: AsyncConnection, network_id: int) -> None:
    """Tell every process to read the configuration again before its next decision."""
    await connection.execute(
        update(network_version)
        .where(network_version.c.network_id == network_id)
        .values(version=network_version.c.version + 1)
    )
