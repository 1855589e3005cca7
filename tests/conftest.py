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
from tests.kit.embedded_support import scratch_directory
from tests.support.made import copy_made
from tests.support.server import DEBIAN_15, Addresses, required_everything, worker_database

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"

DEFAULT_POSTGRES = "18"

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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On another PostgreSQL only what uses it: the rest is the same on every one, or brings its own."""
    if config.getoption("--postgres") == DEFAULT_POSTGRES:
        return
    same = [item for item in items if "postgres" not in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=same)
    items[:] = [item for item in items if item not in same]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--postgres 18` (embedded, default) or `15` (Debian's)."""
    parser.addoption("--postgres", default=DEFAULT_POSTGRES, choices=["18", "15"], help="which PostgreSQL to test on")


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio, as the product does."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> str:
    """The version to test on; who uses it is tested on each."""
    version: str = request.config.getoption("--postgres")
    if version == "15" and not (DEBIAN_15 / "postgres").exists():
        skip_or_fail("PostgreSQL 15 is not on this machine (Debian: postgresql-15)")
    return version


@pytest.fixture(scope="session")
def addresses(postgres: str) -> Iterator[Addresses]:
    """This worker's database."""
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


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A path for an embedded database, where nothing is yet."""
    # Not tmp_path: every pytest session of an account takes the o+x from their common parent again, under the
    # feet of a server that runs as another account.
    with scratch_directory() as scratch:
        yield scratch / "data"


@pytest.fixture
def made_dir(data_dir: Path) -> Path:
    """The same with a database that was made and migrated before, and stopped."""
    copy_made(Path(os.environ[SERVER_DIRECTORY]) / "template", data_dir)
    return data_dir


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
