"""Fixtures for every test: a real PostgreSQL, and a network of one's own in it."""

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.networks.actions import create_network
from tests.support.server import DEBIAN_15, Addresses, required_everything, worker_database

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"

_numbers = itertools.count(1)


SERVER_DIRECTORY = "LEADBACK_TEST_SERVER_DIRECTORY"


def pytest_configure(config: pytest.Config) -> None:
    """One directory for the run's server: not below pytest's own, which other runs set to 0700 under the server."""
    if not hasattr(config, "workerinput"):
        os.environ[SERVER_DIRECTORY] = tempfile.mkdtemp(prefix="leadback-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """By now every worker has let go of the server."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(SERVER_DIRECTORY), ignore_errors=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--postgres 18` (embedded, default) or `15` (Debian's)."""
    parser.addoption("--postgres", default="18", choices=["18", "15"], help="which PostgreSQL to test on")


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio, as the product does."""
    return "asyncio"


@pytest.fixture(scope="session")
def addresses(request: pytest.FixtureRequest) -> Iterator[Addresses]:
    """This worker's database."""
    postgres = request.config.getoption("--postgres")
    if postgres == "15" and not (DEBIAN_15 / "postgres").exists():
        skip_or_fail("PostgreSQL 15 is not on this machine (Debian: postgresql-15)")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    directory = Path(os.environ[SERVER_DIRECTORY]) / f"postgres-{postgres}"
    with worker_database(directory, f"test_{worker}", postgres) as found:
        yield found


@pytest.fixture
def database_url(addresses: Addresses) -> str:
    """This worker's database as the application's role."""
    return addresses.app


@pytest.fixture
def migration_database_url(addresses: Addresses) -> str:
    """The same as the owner."""
    return addresses.owner


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database, as the application's role."""
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def network_id(database: Database) -> int:
    """A network of the test's own, in New York and in dollars."""
    name = f"network {os.getpid()} {next(_numbers)}"
    return await create_network(database, name=name, time_zone="America/New_York", currency="USD", now=now())


@pytest.fixture(scope="session")
def olist() -> Path:
    """The folder of real leads beside the project."""
    if not (SHARED_DATA / "olist").is_dir():
        skip_or_fail("the folder ../shared/data/olist is not beside the project")
    return SHARED_DATA / "olist"


def skip_or_fail(reason: str) -> None:
    """Skip what this machine cannot run; in CI, where everything is installed, fail."""
    if required_everything():
        pytest.fail(reason)
    pytest.skip(reason)
