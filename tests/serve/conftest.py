"""A server of one's own for every test that harms it, one for all tests that only look."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.program import Running, serving
from tests.support.server import Addresses


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker runs them all: they start many processes, and two at a time would only wait for each other."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("serve"))


@pytest.fixture(scope="session")
def environment(addresses: Addresses) -> dict[str, str]:
    """This test worker's database, as settings."""
    return {"LEADBACK_DATABASE_URL": addresses.app, "LEADBACK_MIGRATION_DATABASE_URL": addresses.owner}


@pytest.fixture(scope="session")
def served(environment: dict[str, str]) -> Iterator[Running]:
    """A server to look at."""
    with serving(environment=environment) as program:
        yield program
