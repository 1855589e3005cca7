"""The two roles and the database that every start makes sure of."""

from collections.abc import Mapping
from typing import Final

from psycopg import Connection
from psycopg.sql import SQL, Identifier, Literal

OWNER: Final = "leadback_owner"
APP: Final = "leadback_app"
DATABASE: Final = "leadback"


def ensure_roles(connection: Connection, passwords: Mapping[str, str]) -> None:
    """Make the roles and the database where they are missing; each statement stands alone, so a crash costs nothing.

    The passwords are set every time: the files are what counts, also after a crash between file and role.
    """
    for role in (OWNER, APP):
        if not _exists(connection, "SELECT FROM pg_catalog.pg_roles WHERE rolname = %s", role):
            connection.execute(SQL("CREATE ROLE {}").format(Identifier(role)))
        # Encrypted here, so that the password itself is in no statement and no log.
        verifier = connection.pgconn.encrypt_password(passwords[role].encode(), role.encode(), b"scram-sha-256")
        connection.execute(
            SQL("ALTER ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD {}").format(
                Identifier(role), Literal(verifier.decode())
            )
        )
    if not _exists(connection, "SELECT FROM pg_catalog.pg_database WHERE datname = %s", DATABASE):
        connection.execute(
            SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8'").format(Identifier(DATABASE), Identifier(OWNER))
        )
    # CREATE in schema public is nobody's but the owner's since PostgreSQL 15, the oldest we take.
    connection.execute(SQL("REVOKE ALL ON DATABASE {}, postgres, template1 FROM PUBLIC").format(Identifier(DATABASE)))
    connection.execute(SQL("GRANT CONNECT ON DATABASE {} TO {}").format(Identifier(DATABASE), Identifier(APP)))


def _exists(connection: Connection, query: str, name: str) -> bool:
    return connection.execute(query.encode(), (name,)).fetchone() is not None
