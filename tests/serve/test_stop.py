"""How the program ends: asked to, killed, or in parts; and what begins again by itself."""

import asyncio
import os
import signal
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from leadback.kit.database import Database, lock_configuration
from tests.kit.embedded_support import DEADLINE_SECONDS, is_alive, live_servers, wait_for
from tests.serve.harm import newest_job_worker
from tests.serve.network import DONE, sold, update_path
from tests.support.program import Running, running, serving
from tests.support.seed import Seeded
from tests.support.server import Addresses


@pytest.mark.anyio
async def test_asked_to_stop_it_answers_what_it_accepted(
    environment: dict[str, str], database: Database, network_id: int
) -> None:
    seeded = await sold(database, network_id, 3)
    with serving("--web-workers", "1", environment=environment) as program:
        async with httpx.AsyncClient(base_url=program.url, timeout=30) as client:
            async with database.transaction(network_id) as holder:
                await lock_configuration(holder, network_id)
                paths = [update_path(seeded.key, lead_id=f"L{number}", amount=1) for number in range(3)]
                calls = [asyncio.create_task(client.get(path)) for path in paths]
                await waiting_updates(database)
                program.process.send_signal(signal.SIGTERM)
                await refuses_connections(program)
            answers = await asyncio.gather(*calls)
        assert await asyncio.to_thread(program.process.wait) == 0
    assert [DONE in answer.text for answer in answers] == [True] * 3
    assert await updates_of(database, seeded) == 3


async def waiting_updates(database: Database) -> None:
    """Wait until a batch waits for the network's configuration."""
    statement = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()"
    )
    waiting = 0
    while not waiting:
        async with database.outside_networks() as connection:
            waiting = (await connection.execute(statement)).scalar_one()


async def refuses_connections(program: Running) -> None:
    """Wait until nobody listens any more."""
    refused = False
    while not refused:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", program.port)
            writer.close()
            await asyncio.sleep(0)
        except OSError:
            refused = True


async def updates_of(database: Database, seeded: Seeded) -> int:
    """How many updates the network's ledger holds."""
    async with database.transaction(seeded.network_id) as connection:
        statement = text("SELECT count(*) FROM lead_update WHERE network_id = :network_id")
        count: int = (await connection.execute(statement, {"network_id": seeded.network_id})).scalar_one()
    return count


def test_asked_to_stop_before_it_serves_it_leaves_no_database_behind(data_dir: Path) -> None:
    with running("serve", "--data-dir", data_dir) as program:
        wait_for(lambda: live_servers(data_dir) or program.process.poll() is not None)
        assert program.stop() == 0
    assert live_servers(data_dir) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_terminal_that_says_stop_to_all_its_processes_stops_it_in_order(
    environment: dict[str, str], number: signal.Signals
) -> None:
    with serving(environment=environment) as program:
        wait_for(program.background_worker)
        for pid in [*program.web_workers(), program.process.pid]:
            os.kill(pid, number)
        assert program.process.wait(DEADLINE_SECONDS) == 0
        assert "error" not in program.errors


def test_when_it_is_killed_its_workers_end_and_the_next_one_has_the_port_at_once(made_dir: Path) -> None:
    with serving("--data-dir", made_dir) as program:
        wait_for(program.background_worker)
        workers = program.children()
        assert len(workers) == 3
        program.kill()
        with serving("--data-dir", made_dir, port=program.port) as next_program:
            assert not any(is_alive(pid) for pid in workers)
            assert next_program.answers("/readyz", 200)
    assert live_servers(made_dir) == []


def test_workers_of_a_killed_program_end_by_themselves(environment: dict[str, str], addresses: Addresses) -> None:
    before = newest_job_worker(addresses)
    with serving(environment=environment) as program:
        wait_for(lambda: newest_job_worker(addresses) > before)
        workers = program.children()
        program.kill()
        wait_for(lambda: not any(is_alive(pid) for pid in workers))


def test_a_web_worker_that_dies_is_replaced_and_the_others_go_on(environment: dict[str, str]) -> None:
    with serving(environment=environment) as program:
        wait_for(program.background_worker)
        died, other = program.web_workers()
        os.kill(died, signal.SIGKILL)
        wait_for(lambda: len(set(program.web_workers()) - {died}) == 2)
        assert other in program.web_workers()
        wait_for(lambda: all(program.answers("/livez", 200) for _ in range(20)))


def test_a_background_worker_that_dies_is_replaced(environment: dict[str, str]) -> None:
    with serving(environment=environment) as program:
        wait_for(program.background_worker)
        died = program.background_worker()
        assert died is not None
        os.kill(died, signal.SIGKILL)
        wait_for(lambda: program.background_worker() not in (None, died))


def test_a_background_worker_of_its_own_stops_when_asked_to(addresses: Addresses) -> None:
    before = newest_job_worker(addresses)
    with running("work", environment={"LEADBACK_DATABASE_URL": addresses.app}) as program:
        wait_for(lambda: newest_job_worker(addresses) > before)
        assert program.stop() == 0
        assert program.errors == ""
