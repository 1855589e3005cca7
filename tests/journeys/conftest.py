"""The program with nothing in it yet, on the PostgreSQL that is tested on."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import SERVER_DIRECTORY
from tests.support.program import Program, fresh_program
from tests.support.server import worker_database


@pytest.fixture(scope="module")
def program(request: pytest.FixtureRequest, postgres: str) -> Iterator[Program]:
    """On 18 with its own embedded database; on 15 with a database of that server, by its addresses."""
    if postgres == "18":
        with fresh_program() as program:
            yield program
        return
    directory = Path(os.environ[SERVER_DIRECTORY]) / f"postgres-{postgres}"
    # A name of its own for each worker: to make a database anew ends whoever is connected to the one before.
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"journey_{request.module.__name__.rpartition('.')[2]}_{worker}"
    with worker_database(directory, name, postgres) as found:
        yield Program({"LEADBACK_DATABASE_URL": found.app, "LEADBACK_MIGRATION_DATABASE_URL": found.owner})
