"""One server for all these tests, and one worker that runs them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.market import Market, open_market
from tests.conftest import SERVER_DIRECTORY
from tests.kit.embedded_support import scratch_directory
from tests.support.made import copy_made
from tests.support.program import Program


# First, because xdist reads the groups in this hook as well.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Two workers would need two servers."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("clients"))


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """Served until the last test."""
    with scratch_directory() as scratch:
        copy_made(Path(os.environ[SERVER_DIRECTORY]) / "template", scratch / "data")
        program = Program({"LEADBACK_DATA_DIR": str(scratch / "data")})
        with open_market(program, tmp_path_factory.mktemp("market")) as market:
            yield market
