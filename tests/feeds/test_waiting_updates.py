"""Updates that came before their sale: run when it is imported, by an operator or by the import itself."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from leadback.feeds.import_sales import FileImport, import_sales_file
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.ingest_model import IngestOptions
from leadback.leads.model import Message
from leadback.leads.update import Updates
from leadback.networks.actions import set_network
from leadback.networks.settings import NetworkSettings
from tests.leads.test_update import added, call, caller_with
from tests.support.again import run_again, runs_of, told, undo
from tests.support.changes import who
from tests.support.importing import GOOD
from tests.support.lived import checked
from tests.support.recompute import check_ledger, check_numbers
from tests.support.seed import Seeded, read_failed, seed_network

pytestmark = pytest.mark.anyio


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    return await seed_network(database, network_id)


@pytest.fixture
async def updates(database: Database, seeded: Seeded) -> AsyncIterator[Updates]:
    opened = Updates(database)
    yield opened
    await opened.close()
    await check_ledger(database, seeded.network_id)
    await check_numbers(database, seeded.network_id)
    assert (await checked(database, seeded.network_id)).differences == ()


async def run_by_itself(database: Database, network_id: int) -> None:
    async with database.transaction(network_id) as connection:
        await set_network(connection, network_id, NetworkSettings(rerun_waiting_updates=True), **who())


async def import_leads(database: Database, network_id: int, folder: Path, *lead_ids: str) -> FileImport:
    """Import one sale of each lead to contract 217, for 25, today."""
    path = folder / "sales.csv"
    row = GOOD | {"sold_at": now().date().isoformat()}
    lines = [",".join(row), *(",".join((row | {"lead_id": lead_id}).values()) for lead_id in lead_ids)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return await import_sales_file(database, network_id, path, IngestOptions(), renamed={}, constants={})


async def test_the_import_leaves_them_to_the_operator(
    database: Database, seeded: Seeded, updates: Updates, tmp_path: Path
) -> None:
    outcome = await updates.submit(call(caller_with(seeded.key), "early", status="Funded"))
    assert outcome.answer.message == Message.INVALID_LEAD_ID
    done = await import_leads(database, seeded.network_id, tmp_path, "EARLY", "OTHER")
    assert (done.summary.waiting_updates, done.rerun) == (1, None)
    again = await run_again(database, seeded.network_id, waiting=True)
    assert told(again) == [("apply", "")]


async def test_the_import_runs_them_as_the_system_and_that_can_be_undone(
    database: Database, seeded: Seeded, updates: Updates, tmp_path: Path
) -> None:
    await run_by_itself(database, seeded.network_id)
    caller = caller_with(seeded.key)
    await updates.submit(added(caller, 5, "EARLY", status="Funded"))
    await updates.submit(added(caller, 7, "EARLY"))
    await updates.submit(call(caller, "EARLY", status="Fundet"))
    await updates.submit(call(caller, "NEVER", status="Funded"))
    await updates.submit(call(caller_with(seeded.other_key), "EARLY", status="Dead"))
    done = await import_leads(database, seeded.network_id, tmp_path, "EARLY")
    assert done.rerun is not None
    assert [str(effect.verdict) for effect in done.rerun.effects] == ["apply", "skip", "fail"]
    (run,) = await runs_of(database, seeded.network_id)
    assert (run.actor, run.description, run.run_id) == ("system", "waiting for their sale", done.rerun.run_id)
    assert await state_of(database, seeded.network_id) == (2, Decimal(25), 1)
    assert [row["run_id"] for row in await read_failed(database, seeded.network_id)] == [run.run_id] + [None] * 4
    await undo(database, seeded.network_id, run.run_id)
    assert await state_of(database, seeded.network_id) == (None, Decimal(25), 0)


async def test_what_an_interrupted_import_left_is_run_by_the_next(
    database: Database, seeded: Seeded, updates: Updates, tmp_path: Path
) -> None:
    await updates.submit(call(caller_with(seeded.key), "EARLY", status="Funded"))
    await import_leads(database, seeded.network_id, tmp_path, "EARLY")
    await run_by_itself(database, seeded.network_id)
    done = await import_leads(database, seeded.network_id, tmp_path, "OTHER")
    assert done.rerun is not None
    assert done.rerun.run_id is not None


async def test_after_seven_days_nobody_waits_any_more(
    database: Database, seeded: Seeded, updates: Updates, tmp_path: Path
) -> None:
    await updates.submit(call(caller_with(seeded.key), "EARLY", status="Funded"))
    async with database.transaction(seeded.network_id) as connection:
        await connection.execute(
            text("UPDATE failed_update SET waiting_until = :now WHERE network_id = :network_id"),
            {"network_id": seeded.network_id, "now": now()},
        )
    done = await import_leads(database, seeded.network_id, tmp_path, "EARLY")
    assert done.summary.waiting_updates == 0
    assert (await run_again(database, seeded.network_id, waiting=True)).effects == ()
    # Asked for by name it is still there.
    assert told(await run_again(database, seeded.network_id)) == [("apply", "")]


async def test_sales_are_in_even_where_their_updates_cannot_be_run_now(
    database: Database, seeded: Seeded, updates: Updates, tmp_path: Path
) -> None:
    await run_by_itself(database, seeded.network_id)
    await updates.submit(call(caller_with(seeded.key), "EARLY", status="Funded"))
    async with database.transaction(seeded.network_id) as connection:
        await connection.execute(
            text("SELECT FROM failed_update WHERE network_id = :network_id FOR UPDATE"),
            {"network_id": seeded.network_id},
        )
        done = await import_leads(database, seeded.network_id, tmp_path, "EARLY")
    assert done.summary.imported == 1
    assert done.rerun_refused is not None
    assert "nothing was changed" in done.rerun_refused


async def state_of(database: Database, network_id: int) -> tuple[int | None, Decimal, int]:
    """Status, revenue and updates of the only sale."""
    async with database.transaction(network_id) as connection:
        rows = await connection.execute(
            text("SELECT status_id, revenue, update_count FROM sale WHERE network_id = :network_id"),
            {"network_id": network_id},
        )
        status_id, revenue, update_count = rows.one()
        return status_id, revenue, update_count
