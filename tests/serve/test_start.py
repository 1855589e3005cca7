"""What `leadback serve` refuses to start on, and what it brings where there is nothing yet."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.kit.embedded_support import ask, is_alive, live_servers, wait_for
from tests.support.program import Running, refusal, running, serving
from tests.support.server import Addresses


@contextmanager
def changed(url: str, change: str, back: str) -> Iterator[None]:
    """A database in which something is wrong for a while."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(change.encode())
        try:
            yield
        finally:
            connection.execute(back.encode())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("--port", "0"), "LEADBACK_PORT is wrong: Expected `int` >= 1"),
        (("--web-workers", "0"), "LEADBACK_WEB_WORKERS is wrong: Expected `int` >= 1"),
        (("--host", "no.such.host.invalid"), "no.such.host.invalid"),
    ],
)
def test_it_refuses_a_setting_that_cannot_be(given: tuple[str, str], says: str) -> None:
    arguments = ("serve", *given) if "--port" not in given else ("serve",)
    with running(*arguments, port=0 if "--port" in given else None) as program:
        assert program.process.wait() == 2
        assert says in program.errors


def test_it_refuses_a_port_somebody_listens_on(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        assert f"Port {port} on 127.0.0.1 is in use" in refusal(environment=environment, port=port)


def test_it_refuses_the_port_of_another_server(served: Running, environment: dict[str, str]) -> None:
    assert "is in use" in refusal(environment=environment, port=served.port)
    assert served.answers("/livez", 200)


def test_it_refuses_a_database_that_is_away() -> None:
    nowhere = {"LEADBACK_DATABASE_URL": "postgresql://leadback_app:secret@127.0.0.1:1/leadback"}
    said = refusal(environment=nowhere)
    assert "The database cannot be reached" in said
    assert "secret" not in said


def test_it_refuses_a_database_that_could_lose_updates(addresses: Addresses, environment: dict[str, str]) -> None:
    with psycopg.connect(addresses.superuser) as connection:
        name = connection.info.dbname
    role = f'ALTER ROLE leadback_app IN DATABASE "{name}"'
    with changed(addresses.superuser, f"{role} SET synchronous_commit = off", f"{role} RESET synchronous_commit"):
        assert "synchronous_commit = off" in refusal(environment=environment)


def test_without_the_owner_it_refuses_a_schema_that_is_not_current(addresses: Addresses) -> None:
    (current,) = ask(addresses.owner, "SELECT version_num FROM alembic_version")
    set_version = "UPDATE alembic_version SET version_num"
    with changed(addresses.owner, f"{set_version} = '0000'", f"{set_version} = '{current}'"):
        said = refusal(environment={"LEADBACK_DATABASE_URL": addresses.app})
    assert "leadback migrate" in said


def test_a_fresh_directory_gets_a_database_and_the_program_says_what_is_missing(data_dir: Path) -> None:
    with serving("--data-dir", data_dir) as program:
        assert program.answers("/readyz", 200)
        assert "There is no network yet" in program.errors
        wait_for(program.background_worker)
        assert program.stop() == 0
    assert live_servers(data_dir) == []


def test_two_servers_share_one_directory_and_the_last_one_stops_its_database(made_dir: Path) -> None:
    with serving("--data-dir", made_dir) as first:
        with serving("--data-dir", made_dir) as second:
            assert first.port != second.port
            database = live_servers(made_dir)
            assert len(database) == 1
            assert first.stop() == 0
            assert is_alive(database[0])
            assert second.answers("/readyz", 200)
        assert live_servers(made_dir) == []


def test_told_to_serve_the_web_only_it_starts_no_background_worker(environment: dict[str, str]) -> None:
    with serving("--web-only", "--web-workers", "1", environment=environment) as program:
        assert len(program.web_workers()) == 1
        assert program.stop() == 0
        assert program.background_worker() is None


def test_the_owners_address_reaches_no_child(served: Running, addresses: Addresses) -> None:
    wait_for(served.background_worker)
    pid = served.background_worker()
    variables = Path(f"/proc/{pid}/environ").read_text().split("\0")
    assert f"LEADBACK_DATABASE_URL={addresses.app}" in variables
    assert not any(addresses.owner in variable for variable in variables)
    for child in [*served.children(), served.process.pid]:
        assert "postgresql://" not in Path(f"/proc/{child}/cmdline").read_text()
