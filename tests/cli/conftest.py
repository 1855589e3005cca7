"""The program with a network of the test's own in this worker's database."""

import pytest

from tests.support.program import Program


@pytest.fixture
def server_program(database_url: str, migration_database_url: str) -> Program:
    """The program with this worker's database, and no network chosen."""
    return Program({"LEADBACK_DATABASE_URL": database_url, "LEADBACK_MIGRATION_DATABASE_URL": migration_database_url})


@pytest.fixture
def program(anyio_backend: str, server_program: Program, network_id: int) -> Program:
    """The program with a fresh network."""
    assert anyio_backend
    return Program(server_program.environment | {"LEADBACK_NETWORK": str(network_id)})
