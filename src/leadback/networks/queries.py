"""Reading networks."""

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.round_trip import Reply, RoundTrip, Statement
from leadback.networks.model import Network
from leadback.networks.tables import network, network_version

_READ_VERSION = Statement("SELECT version FROM network_version WHERE network_id = :network_id")


async def directory(connection: AsyncConnection) -> dict[int, tuple[str, str | None]]:
    """Every network's id → name and host name; the one reading that needs no network."""
    rows = await connection.execute(text("SELECT network_id, name, host_name FROM leadback_networks()"))
    return {row.network_id: (row.name, row.host_name) for row in rows}


async def read_network(connection: AsyncConnection, network_id: int) -> Network:
    """The network's settings; raises `NoResultFound` where it does not exist."""
    row = (await connection.execute(select(network).where(network.c.network_id == network_id))).one()
    return _network(row)


async def read_version(connection: AsyncConnection, network_id: int) -> int:
    """The number that every change of configuration raises."""
    statement = select(network_version.c.version).where(network_version.c.network_id == network_id)
    version: int = (await connection.execute(statement)).scalar_one()
    return version


def ask_version(trip: RoundTrip, network_id: int) -> Reply[int]:
    """The same as part of a round trip."""
    return trip.add(_READ_VERSION, {"network_id": network_id}, lambda records, _: int(records[0][0]))


async def database_time_zones(connection: AsyncConnection) -> frozenset[str]:
    """The zones PostgreSQL knows."""
    return frozenset((await connection.execute(text("SELECT name FROM pg_catalog.pg_timezone_names"))).scalars())


def _network(row: Row[tuple[object, ...]]) -> Network:
    return Network(**{name: row._mapping[name] for name in Network.__struct_fields__})
