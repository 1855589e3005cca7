"""What the background worker does without being asked: fold, hand out, clean, and keep the ledger's months ahead."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit import outbox
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.clean import clean
from leadback.leads.months import add_months_ahead, are_months_ahead
from tests.kit.embedded_support import ask, wait_for
from tests.serve.harm import newest_job_worker
from tests.serve.network import sold
from tests.support.program import Running, running
from tests.support.server import Addresses


@pytest.fixture(scope="module")
def worker(addresses: Addresses) -> Iterator[Running]:
    """A background worker on this test worker's database."""
    with running("work", environment={"LEADBACK_DATABASE_URL": addresses.app}) as program:
        yield program
        assert program.stop() == 0
        assert "failed" not in program.errors


async def count(connection: AsyncConnection, table: str, network_id: int) -> int:
    """The network's rows in a table."""
    statement = text(f"SELECT count(*) FROM {table} WHERE network_id = :network_id")
    found: int = (await connection.execute(statement, {"network_id": network_id})).scalar_one()
    return found


async def wait_until_empty(database: Database, network_id: int, table: str) -> None:
    """Ask until the network has no rows in the table."""
    rows = 1
    while rows:
        async with database.transaction(network_id) as connection:
            rows = await count(connection, table, network_id)


@pytest.mark.anyio
async def test_what_updates_append_is_folded(worker: Running, database: Database, network_id: int) -> None:
    await sold(database, network_id, 3)
    await wait_until_empty(database, network_id, "lead_status_delta")
    async with database.transaction(network_id) as connection:
        rollup = await connection.execute(
            text("SELECT sum(sales), sum(revenue) FROM lead_status_rollup WHERE network_id = :network_id"),
            {"network_id": network_id},
        )
        assert tuple(rollup.one()) == (3, 75)


@pytest.mark.anyio
async def test_the_outbox_is_emptied_however_full(worker: Running, database: Database, network_id: int) -> None:
    async with database.transaction(network_id) as connection:
        await connection.execute(
            text(
                "INSERT INTO outbox (network_id, topic, subject_id, payload)"
                " SELECT :network_id, 'sale.updated', number, '{}' FROM generate_series(1, :rows) AS number"
            ),
            {"network_id": network_id, "rows": 2 * outbox.ROWS_MAX + 1},
        )
    await wait_until_empty(database, network_id, "outbox")


@pytest.mark.anyio
async def test_two_who_take_from_the_outbox_never_take_the_same(database: Database, network_id: int) -> None:
    async with database.transaction(network_id) as connection:
        await connection.execute(
            text(
                "INSERT INTO outbox (network_id, topic, subject_id, payload)"
                " SELECT :network_id, 'sale.updated', number, '{}' FROM generate_series(1, :rows) AS number"
            ),
            {"network_id": network_id, "rows": outbox.ROWS_MAX + 7},
        )
    async with database.transaction(network_id) as one, database.transaction(network_id) as other:
        first, second = await outbox.take(one, network_id), await outbox.take(other, network_id)
        await outbox.done(one, network_id, first)
    subjects = [notice.subject_id for notice in [*first, *second]]
    assert len(first) == outbox.ROWS_MAX
    assert sorted(subjects) == list(range(1, outbox.ROWS_MAX + 8))
    async with database.transaction(network_id) as connection:
        assert await count(connection, "outbox", network_id) == 7


@pytest.mark.anyio
async def test_cleaning_removes_what_has_had_its_time_and_nothing_else(database: Database, network_id: int) -> None:
    await sold(database, network_id, 1)
    async with database.transaction(network_id) as connection:
        for table, columns, values in (
            (
                "idempotency_key",
                "caller, operation, key, fingerprint, answer",
                "'buyer:10', 'UpdateLead', :name, '', '{}'",
            ),
            (
                "recent_answer",
                "sale_id, fingerprint, version, answer, state, received_at",
                "length(:name), '', 1, '{}', 'sent', now()",
            ),
        ):
            for name, days in (("over", -1), ("in force", 1)):
                await connection.execute(
                    text(
                        f"INSERT INTO {table} (network_id, {columns}, expires_at)"
                        f" VALUES (:network_id, {values}, now() + :days * interval '1 day')"
                    ),
                    {"network_id": network_id, "name": name, "days": days},
                )
        for days in (91, 89):
            await connection.execute(
                text(
                    "INSERT INTO failed_update (network_id, received_at, buyer_id, lead_id, operation, channel,"
                    " request_id, reason, detail, parameters) VALUES (:network_id, now() - :days * interval '1 day',"
                    " 10, 'L0', 'UpdateLead', 'get', '', 'Invalid Lead Status', '', '{}')"
                ),
                {"network_id": network_id, "days": days},
            )
    async with database.transaction(network_id) as connection:
        assert await clean(connection, network_id, now()) is False
        for table in ("idempotency_key", "recent_answer", "failed_update"):
            assert await count(connection, table, network_id) == 1, table
        kept = await connection.execute(
            text("SELECT key FROM idempotency_key WHERE network_id = :network_id"), {"network_id": network_id}
        )
        assert kept.scalar_one() == "in force"


@pytest.mark.anyio
@pytest.mark.parametrize("today", [date(2026, 1, 31), date(2026, 2, 28), date(2026, 12, 31), date(2027, 8, 31)])
async def test_months_are_made_ahead_of_every_day(database: Database, today: date) -> None:
    if (datetime.combine(today, datetime.min.time(), UTC) - now()) > timedelta(days=500):
        pytest.skip("further ahead than the database allows")
    async with database.outside_networks() as connection:
        await add_months_ahead(connection, today)
        assert await are_months_ahead(connection, today)
        assert await add_months_ahead(connection, today) == 0


def test_a_job_of_a_worker_that_was_killed_is_done_by_another(addresses: Addresses) -> None:
    # No worker stands beside it: that of a killed one is forgotten after half a minute without a sign of life.
    statement = (
        "INSERT INTO jobs.procrastinate_jobs (queue_name, task_name, args, status)"
        " VALUES ('default', 'add ledger months', '{\"timestamp\": 0}', 'doing') RETURNING id"
    )
    with psycopg.connect(addresses.owner, autocommit=True, options="-c search_path=jobs") as connection:
        (job_id,) = connection.execute(statement.encode()).fetchone() or (0,)
    left = f"SELECT count(*) FROM jobs.procrastinate_jobs WHERE id = {job_id}"
    with running("work", environment={"LEADBACK_DATABASE_URL": addresses.app}):
        wait_for(lambda: ask(addresses.owner, left) == (0,))


def test_a_killed_worker_leaves_nothing_that_stops_the_next(addresses: Addresses) -> None:
    environment = {"LEADBACK_DATABASE_URL": addresses.app}
    before = newest_job_worker(addresses)
    with running("work", environment=environment) as first:
        wait_for(lambda: newest_job_worker(addresses) > before)
        known = newest_job_worker(addresses)
        first.kill()
        with running("work", environment=environment) as second:
            wait_for(lambda: newest_job_worker(addresses) > known)
            assert second.stop() == 0
