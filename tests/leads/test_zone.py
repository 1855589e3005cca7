"""A change of the time zone: sales move to other days, and every number with them, at once or not at all."""

import asyncio
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import NoResultFound

from leadback.kit.clock import now
from leadback.kit.database import Database, share_configuration
from leadback.kit.errors import Refused
from leadback.leads.fold import fold
from leadback.leads.tables import field_delta, lead_status_delta, lead_status_rollup, sale
from leadback.leads.zone import change_time_zone, rebuild_rollups
from leadback.networks.model import COMMAND_LINE
from leadback.networks.queries import read_network
from leadback.reports.lead_status import lead_status
from leadback.reports.lead_status_rows import as_document
from leadback.reports.model import Dimension, LeadStatusQuery
from tests.support.slow_report import slow_report
from tests.support.world import Sold, World, happen, make_world

pytestmark = pytest.mark.anyio

FIRST, LAST = date(2026, 2, 1), date(2026, 4, 30)


@pytest.fixture
async def world(database: Database, network_id: int) -> World:
    made = await make_world(database, network_id, leads=60)
    await happen(database, made, 80)
    return made


async def change(database: Database, network_id: int, time_zone: str) -> int:
    async with database.transaction(network_id) as connection:
        return await change_time_zone(connection, network_id, time_zone, actor=COMMAND_LINE, now=now())


async def report(database: Database, network_id: int) -> dict[str, Any]:
    async with database.snapshot(network_id) as connection:
        network = await read_network(connection, network_id)
        query = LeadStatusQuery(sold_from=FIRST, sold_to=LAST, by=(Dimension.DAY, Dimension.CAMPAIGN))
        return as_document(await lead_status(connection, network, query))


async def days(database: Database, network_id: int) -> dict[int, date]:
    async with database.transaction(network_id) as connection:
        rows = await connection.execute(select(sale.c.sale_id, sale.c.sold_on).where(sale.c.network_id == network_id))
        return {row.sale_id: row.sold_on for row in rows}


def moved(world: World, time_zone: str) -> World:
    """The same sales, on their days in another zone."""
    zone = ZoneInfo(time_zone)

    def move(sold: Sold) -> Sold:
        day = sold.sale.sold_at.astimezone(zone).date()
        return msgspec.structs.replace(sold, sale=msgspec.structs.replace(sold.sale, sold_on=day))

    return msgspec.structs.replace(world, zone=zone, sold=[move(sold) for sold in world.sold])


async def test_an_unknown_zone_is_refused_and_changes_nothing(
    database: Database, network_id: int, world: World
) -> None:
    before = await days(database, network_id), await report(database, network_id)
    with pytest.raises(Refused, match="'Mars/Olympus'"):
        await change(database, network_id, "Mars/Olympus")
    assert (await days(database, network_id), await report(database, network_id)) == before


async def test_another_networks_sales_keep_their_days(database: Database, network_id: int, world: World) -> None:
    before = await days(database, network_id)
    with pytest.raises(NoResultFound):
        await change(database, network_id + 1_000_000, "Asia/Tokyo")
    assert await days(database, network_id) == before


@pytest.mark.parametrize("time_zone", ["Asia/Tokyo", "Europe/London", "America/Los_Angeles", "Australia/Lord_Howe"])
async def test_every_sale_test_sales_too_moves_to_its_day_there(
    database: Database, network_id: int, world: World, time_zone: str
) -> None:
    there = moved(world, time_zone)
    wanted = {sold.sale.sale_id: sold.sale.sold_on for sold in there.sold}
    differ = sum(1 for here, then in zip(world.sold, there.sold, strict=True) if here != then)
    assert await change(database, network_id, time_zone) == differ > 0
    assert await days(database, network_id) == wanted
    assert await report(database, network_id) == slow_report(there, FIRST, LAST, ["day", "campaign"])


async def test_there_and_back_gives_the_same_report(database: Database, network_id: int, world: World) -> None:
    before = await report(database, network_id)
    await change(database, network_id, "Asia/Tokyo")
    assert await report(database, network_id) != before
    await change(database, network_id, "America/New_York")
    assert await report(database, network_id) == before


async def test_it_leaves_no_deltas_and_counts_what_comes_after(
    database: Database, network_id: int, world: World
) -> None:
    await change(database, network_id, "Asia/Tokyo")
    async with database.transaction(network_id) as connection:
        for table in (lead_status_delta, field_delta):
            left = select(func.count()).where(table.c.network_id == network_id)
            assert (await connection.execute(left)).scalar_one() == 0
    there = moved(world, "Asia/Tokyo")
    await happen(database, there, 40, seed=5)
    assert await report(database, network_id) == slow_report(there, FIRST, LAST, ["day", "campaign"])


async def test_a_rebuild_repairs_rollups_that_are_wrong(database: Database, network_id: int, world: World) -> None:
    before = await report(database, network_id)
    async with database.transaction(network_id) as connection:
        await fold(connection, network_id)
        spoil = lead_status_rollup.update().where(lead_status_rollup.c.network_id == network_id)
        await connection.execute(spoil.values(revenue=lead_status_rollup.c.revenue + 1))
    assert await report(database, network_id) != before
    async with database.transaction(network_id) as connection:
        await rebuild_rollups(connection, network_id)
    assert await report(database, network_id) == before


async def test_it_waits_for_updates_under_way_and_for_a_fold(database: Database, network_id: int, world: World) -> None:
    async with database.transaction(network_id) as updating, database.transaction(network_id) as folding:
        await share_configuration(updating, network_id)
        await fold(folding, network_id, rows_max=5)
        changing = asyncio.create_task(change(database, network_id, "Asia/Tokyo"))
        await until_someone_waits(database)
        assert not changing.done()
        await updating.commit()
        await until_someone_waits(database)
        assert not changing.done()
        await folding.commit()
        await changing
    assert await report(database, network_id) == slow_report(
        moved(world, "Asia/Tokyo"), FIRST, LAST, ["day", "campaign"]
    )


async def until_someone_waits(database: Database) -> None:
    """Until a session of this database waits for an advisory lock."""
    waiting = text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    async with asyncio.timeout(4):
        while True:
            async with database.outside_networks() as connection:
                if (await connection.execute(waiting)).scalar_one():
                    return
