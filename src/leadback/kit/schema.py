"""Bringing the database's schema up to date."""

from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError

from leadback.kit.database import psycopg_url, reason
from leadback.kit.errors import DatabaseUnusable
from leadback.kit.revision import MIGRATIONS

MIGRATION_LOCK: Final = 0x1EADBAC


def migrate(url: str) -> tuple[str | None, str]:
    """Apply what is missing, as the owner; the revisions before and after. One process at a time migrates."""
    engine = create_engine(psycopg_url(url), hide_parameters=True)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
            connection.commit()
            before = _current(connection)
            connection.commit()
            command.upgrade(_config(connection), "head")
            connection.commit()
            after = _current(connection)
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": MIGRATION_LOCK})
            connection.commit()
    except DBAPIError as error:
        raise DatabaseUnusable(f"The database could not be migrated: {reason(error)}") from error
    finally:
        engine.dispose()
    assert after is not None
    return before, after


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
