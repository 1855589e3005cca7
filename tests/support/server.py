"""A PostgreSQL for the whole run, shared by its workers, with a migrated database for each of them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psycopg
from sqlalchemy import make_url

from leadback.kit.embedded import embedded_database
from leadback.kit.schema import migrate

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


class Addresses(msgspec.Struct, frozen=True):
    """One database, as the application's role, as the owner and as the superuser."""

    app: str
    owner: str
    superuser: str


@contextmanager
def worker_database(directory: Path, name: str, postgres: str) -> Iterator[Addresses]:
    """A fresh, migrated database; the server runs for as long as any worker holds it."""
    with embedded_database(directory, binaries=DEBIAN_15 if postgres == "15" else None) as server:
        with psycopg.connect(server.superuser_url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}" OWNER leadback_owner')
        found = Addresses(*(_named(url, name) for url in (server.app_url, server.migration_url, server.superuser_url)))
        migrate(found.owner)
        yield found


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def required_everything() -> bool:
    """In CI a missing runtime is a failure, not a skip."""
    return os.environ.get("LEADBACK_TEST_REQUIRE_ALL") == "1"
