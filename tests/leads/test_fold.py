"""Folding: deltas go into the rollups exactly once, whatever happens at the same time."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Table, delete, func, insert, select

from leadback.kit.database import Database
from leadback.leads.fold import fold
from leadback.leads.tables import ROLLUP_KEY, field_delta, field_rollup, lead_status_delta, lead_status_rollup
from leadback.leads.zone import rebuild_rollups
from tests.support.world import World, happen, make_world

pytestmark = pytest.mark.anyio

Cells = dict[tuple[Any, ...], tuple[Any, ...]]


async def fold_once(database: Database, network_id: int, **limits: int) -> int:
    async with database.transaction(network_id) as connection:
        return await fold(connection, network_id, **limits)


async def fold_all(database: Database, network_id: int, **limits: int) -> int:
    total = 0
    while done := await fold_once(database, network_id, **limits):
        total += done
    return total


async def count(database: Database, network_id: int, *tables: Table) -> int:
    async with database.transaction(network_id) as connection:
        counts = [
            (
                await connection.execute(
                    select(func.count()).select_from(table).where(table.c.network_id == network_id)
                )
            ).scalar_one()
            for table in tables
        ]
    return sum(counts)


async def cells(database: Database, network_id: int, table: Table) -> Cells:
    key = [column.name for column in table.primary_key if column.name != "network_id"]
    measures = [column.name for column in table.c if not column.primary_key]
    async with database.transaction(network_id) as connection:
        rows = await connection.execute(select(table).where(table.c.network_id == network_id))
        return {
            tuple(row._mapping[name] for name in key): tuple(row._mapping[name] for name in measures) for row in rows
        }


async def rollups(database: Database, network_id: int) -> tuple[Cells, Cells]:
    return await cells(database, network_id, lead_status_rollup), await cells(database, network_id, field_rollup)


async def rebuilt(database: Database, network_id: int) -> tuple[Cells, Cells]:
    """What the rollups are when they are made from the sales alone."""
    async with database.transaction(network_id) as connection:
        await rebuild_rollups(connection, network_id)
    return await rollups(database, network_id)


@pytest.fixture
async def world(database: Database, network_id: int) -> World:
    made = await make_world(database, network_id, leads=60)
    await happen(database, made, 120)
    return made


async def test_nothing_to_fold_is_nothing_done(database: Database, network_id: int) -> None:
    assert await fold_once(database, network_id) == 0


async def test_it_leaves_other_networks_alone(database: Database, network_id: int, world: World) -> None:
    assert await fold_once(database, network_id + 1_000_000) == 0
    assert await count(database, network_id, lead_status_rollup, field_rollup) == 0


async def test_it_leaves_rollups_that_counting_the_sales_gives(
    database: Database, network_id: int, world: World
) -> None:
    deltas = await count(database, network_id, lead_status_delta, field_delta)
    assert await fold_all(database, network_id) == deltas > 300
    assert await count(database, network_id, lead_status_delta, field_delta) == 0
    folded = await rollups(database, network_id)
    assert folded == await rebuilt(database, network_id)
    assert len(folded[0]) > 50 and len(folded[1]) > 50


async def test_it_takes_the_oldest_first_and_no_more_than_it_may(
    database: Database, network_id: int, world: World
) -> None:
    async with database.transaction(network_id) as connection:
        by_age = select(lead_status_delta.c.delta_id).where(lead_status_delta.c.network_id == network_id)
        before = list((await connection.execute(by_age.order_by(lead_status_delta.c.delta_id))).scalars())
        assert await fold(connection, network_id, rows_max=7) == 14
        after = list((await connection.execute(by_age.order_by(lead_status_delta.c.delta_id))).scalars())
    assert after == before[7:]


async def test_it_removes_cells_that_hold_nothing_any_more(database: Database, network_id: int, world: World) -> None:
    await fold_all(database, network_id, rows_max=50)
    for table, measure in ((lead_status_rollup, "sales"), (field_rollup, "value_count")):
        empty = select(func.count()).where(table.c.network_id == network_id, table.c[measure] == 0)
        async with database.transaction(network_id) as connection:
            assert (await connection.execute(empty)).scalar_one() == 0


async def test_one_folds_while_the_other_does_nothing(database: Database, network_id: int, world: World) -> None:
    async with database.transaction(network_id) as first:
        assert await fold(first, network_id, rows_max=50) == 100
        assert await fold_once(database, network_id) == 0
    assert await fold_once(database, network_id, rows_max=50) == 100


async def test_a_fold_that_is_rolled_back_changes_nothing(database: Database, network_id: int, world: World) -> None:
    deltas = await count(database, network_id, lead_status_delta, field_delta)
    async with database.transaction(network_id) as connection:
        await fold(connection, network_id)
        await connection.rollback()
    assert await count(database, network_id, lead_status_delta, field_delta) == deltas
    assert await count(database, network_id, lead_status_rollup, field_rollup) == 0


async def test_many_may_fold_while_others_append(database: Database, network_id: int, world: World) -> None:
    async def append() -> None:
        for seed in range(10, 20):
            await happen(database, world, 10, seed=seed)

    async def fold_often() -> None:
        for _ in range(30):
            await fold_once(database, network_id, rows_max=20)

    await asyncio.gather(append(), fold_often(), fold_often())
    await fold_all(database, network_id)
    folded = await rollups(database, network_id)
    assert folded == await rebuilt(database, network_id)


async def test_what_is_appended_but_not_committed_stays_for_the_next_time(
    database: Database, network_id: int, world: World
) -> None:
    await fold_all(database, network_id)
    before = await rollups(database, network_id)
    cell = {name: getattr(world.sold[0].sale, name, None) or 0 for name in ROLLUP_KEY} | {"return_state": ""}
    measures = {"leads": 1, "sales": 1, "gross": 5, "revenue": 5, "payout": 1}
    async with database.transaction(network_id) as writer:
        await writer.execute(insert(lead_status_delta).values(network_id=network_id, **cell, **measures))
        assert await fold_once(database, network_id) == 0
    assert await rollups(database, network_id) == before
    assert await fold_once(database, network_id) == 1
    async with database.transaction(network_id) as connection:
        await connection.execute(delete(lead_status_delta).where(lead_status_delta.c.network_id == network_id))
    assert (await rollups(database, network_id))[0] != before[0]
