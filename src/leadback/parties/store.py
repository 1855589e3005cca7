"""Writing verticals, offers, affiliates, campaigns, buyers and contracts."""

from collections.abc import Mapping

from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.parties.queries import TABLES
from leadback.parties.rules import PartyKind


async def insert_party(
    connection: AsyncConnection, network_id: int, kind: PartyKind, values: Mapping[str, object]
) -> None:
    """A new row."""
    await connection.execute(insert(TABLES[kind]).values(network_id=network_id, **values))


async def update_party(
    connection: AsyncConnection, network_id: int, kind: PartyKind, party_id: int, values: Mapping[str, object]
) -> None:
    """Other values for some columns of one row."""
    table = TABLES[kind]
    await connection.execute(
        update(table).where(table.c.network_id == network_id, table.c[kind.id_column] == party_id).values(**values)
    )


async def delete_party(connection: AsyncConnection, network_id: int, kind: PartyKind, party_id: int) -> None:
    """Remove one row; PostgreSQL refuses while another row refers to it."""
    table = TABLES[kind]
    await connection.execute(delete(table).where(table.c.network_id == network_id, table.c[kind.id_column] == party_id))
