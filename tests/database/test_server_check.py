"""A server that could lose an answer, or a role that row-level security does not bind, is refused."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from leadback.kit.database import Database, check_server
from leadback.kit.embedded import EmbeddedDatabase, embedded_database
from leadback.kit.errors import DatabaseUnusable
from tests.support.server import Addresses

pytestmark = pytest.mark.anyio


@pytest.fixture
def own_server() -> Iterator[EmbeddedDatabase]:
    """A server whose settings may be spoiled."""
    with (
        tempfile.TemporaryDirectory(prefix="leadback-check-") as directory,
        embedded_database(Path(directory)) as server,
    ):
        yield server


async def refusal(url: str, *, allow_owner_role: bool = False) -> str:
    """What the check says, or nothing."""
    database = Database(url)
    try:
        await check_server(database, allow_owner_role=allow_owner_role)
    except DatabaseUnusable as error:
        return str(error)
    finally:
        await database.close()
    return ""


async def test_an_old_server_is_refused(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leadback.kit.database.SERVER_VERSION_MIN", 99)
    assert "Leadback needs 99 or newer" in await refusal(database_url)


async def test_a_server_that_may_lose_an_answer_is_refused(own_server: EmbeddedDatabase) -> None:
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        assert await refusal(own_server.app_url) == ""
        await spoil(own_server, f"ALTER SYSTEM SET {name} = off")
        assert f"the server runs with {name} = off" in await refusal(own_server.app_url)
        await spoil(own_server, f"ALTER SYSTEM RESET {name}")


async def test_the_owner_and_the_superuser_are_refused_unless_allowed(addresses: Addresses) -> None:
    assert await refusal(addresses.app) == ""
    for url in (addresses.owner, addresses.superuser):
        assert "owns the tables or bypasses row-level security" in await refusal(url)
        assert await refusal(url, allow_owner_role=True) == ""


async def test_a_server_that_is_not_there_is_refused() -> None:
    assert "cannot be reached" in await refusal("postgresql://nobody@127.0.0.1:1/nothing")


@pytest.mark.parametrize("url", ["mysql://root@localhost/leads", "garbage", "postgresql://role@host:port/name", ""])
async def test_what_is_no_address_of_postgresql_is_refused(url: str) -> None:
    with pytest.raises(DatabaseUnusable, match="must look like postgresql://"):
        Database(url)


async def spoil(server: EmbeddedDatabase, statement: str) -> None:
    """Change a setting and wait until a new connection sees the server with it."""
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        connection.execute(statement)
        before = connection.execute("SELECT pg_conf_load_time()").fetchone()
        connection.execute("SELECT pg_reload_conf()")
        for _ in range(1000):
            with psycopg.connect(server.superuser_url, autocommit=True) as fresh:
                if fresh.execute("SELECT pg_conf_load_time()").fetchone() != before:
                    return
    raise AssertionError("the server did not read its settings again")
