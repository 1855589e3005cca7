"""What a load balancer is told: `/livez` and `/readyz`."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from leadback import __version__
from leadback.console.health import ANSWER_SECONDS_MAX
from leadback.kit.embedded import EmbeddedDatabase, embedded_database
from tests.kit.embedded_support import ask, live_servers, wait_for
from tests.serve.harm import kill_database, stop_database
from tests.support.program import Running, children_of, serving
from tests.support.server import Addresses


def test_a_server_that_can_take_updates_is_ready(served: Running) -> None:
    assert (served.get("/livez").status_code, served.get("/livez").text) == (200, "ok")
    answer = served.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "failing": []})


def test_health_tells_no_versions(served: Running) -> None:
    for path in ("/livez", "/readyz"):
        answer = served.get(path)
        told = answer.text + json.dumps(dict(answer.headers))
        assert __version__ not in told
        assert "postgres" not in told.lower()


def test_a_ledger_without_next_month_is_not_ready(served: Running, addresses: Addresses) -> None:
    month = "to_char(now() AT TIME ZONE 'UTC' + interval '1 month', 'YYYY_MM')"
    with psycopg.connect(addresses.owner, autocommit=True) as connection:
        (name,) = connection.execute(f"SELECT 'lead_update_' || {month}").fetchone() or ("",)
        connection.execute(f"ALTER TABLE {name} RENAME TO {name}_away")
        try:
            wait_for(lambda: served.get("/readyz").json() == {"ready": False, "failing": ["ledger"]})
            assert served.answers("/livez", 200)
        finally:
            connection.execute(f"ALTER TABLE {name}_away RENAME TO {name}")
    wait_for(lambda: served.answers("/readyz", 200))


def test_readiness_goes_and_comes_with_the_database(made_dir: Path) -> None:
    with embedded_database(made_dir) as database:
        environment = {
            "LEADBACK_DATABASE_URL": database.app_url,
            "LEADBACK_MIGRATION_DATABASE_URL": database.migration_url,
        }
        with serving("--web-workers", "1", environment=environment) as program:
            wait_for(lambda: has_background_worker(database))
            workers = program.children()
            assert program.answers("/readyz", 200)
            stop_database(made_dir)
            wait_for(lambda: program.answers("/readyz", 503))
            assert program.get("/readyz").json() == {"ready": False, "failing": ["database"]}
            assert program.answers("/livez", 200)
            with embedded_database(made_dir):
                wait_for(lambda: program.answers("/readyz", 200))
                wait_for(lambda: has_background_worker(database))
            assert program.children() == workers


def has_background_worker(database: EmbeddedDatabase) -> bool:
    """Whether a background worker listens for jobs."""
    statement = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'leadback jobs'"
    return bool(ask(database.superuser_url, statement)[0])


def test_a_database_that_is_killed_is_started_again(made_dir: Path) -> None:
    with serving("--data-dir", made_dir, "--web-workers", "1") as program:
        died = kill_database(made_dir)
        wait_for(lambda: died not in live_servers(made_dir) and program.answers("/readyz", 200))
        # Said after it is there, so perhaps after it is asked.
        wait_for(lambda: "database started again" in program.errors)
        assert program.stop() == 0
    assert live_servers(made_dir) == []


def test_a_database_that_hangs_is_not_waited_for(made_dir: Path) -> None:
    with serving("--data-dir", made_dir, "--web-workers", "1") as program:
        with frozen_database(made_dir):
            wait_for(lambda: program.answers("/readyz", 503))
            assert program.get("/readyz").elapsed.total_seconds() < 2 * ANSWER_SECONDS_MAX
            assert program.answers("/livez", 200)
        wait_for(lambda: program.answers("/readyz", 200))


@contextmanager
def frozen_database(data_dir: Path) -> Iterator[None]:
    """Every process of a PostgreSQL stands still, as on a disk that hangs."""
    (postmaster,) = live_servers(data_dir)
    pids = [postmaster]
    os.kill(postmaster, signal.SIGSTOP)
    try:
        for pid in children_of(postmaster):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
                pids.append(pid)
        yield
    finally:
        for pid in reversed(pids):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
