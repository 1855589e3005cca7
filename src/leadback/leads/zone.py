"""A network's change of time zone, which moves sales to other days, and building the rollups anew."""

from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.model import DataType
from leadback.catalog.queries import read_catalog
from leadback.leads import rollup_store
from leadback.networks.actions import begin_change, set_time_zone
from leadback.networks.model import Actor

# Both go over every sale of the network, once.
REBUILD_STATEMENT_MS_MAX: Final = 3_600_000


async def change_time_zone(
    connection: AsyncConnection, network_id: int, time_zone: str, *, actor: Actor, now: datetime
) -> int:
    """Change the zone, the day of every sale and the rollups, all in this transaction; how many sales changed days.

    Updates of the network wait until it is done. Raises `Refused` where the zone is unknown, or the network is busy.
    """
    await set_time_zone(connection, network_id, time_zone, actor=actor, now=now)
    await rollup_store.set_statement_time(connection, REBUILD_STATEMENT_MS_MAX)
    moved = await rollup_store.set_days_sold(connection, network_id, time_zone)
    await rebuild_rollups(connection, network_id)
    return moved


async def rebuild_rollups(connection: AsyncConnection, network_id: int) -> None:
    """Build the rollups anew from the sales, deltas included; updates and folding wait until it is done."""
    await begin_change(connection, network_id)
    await rollup_store.lock_fold(connection, network_id)
    await rollup_store.set_statement_time(connection, REBUILD_STATEMENT_MS_MAX)
    catalog = await read_catalog(connection, network_id)
    number_fields = [field.field_id for field in catalog.fields.values() if field.data_type is DataType.NUMBER]
    await rollup_store.empty_rollups(connection, network_id)
    await rollup_store.fill_rollups(connection, network_id, number_fields)
