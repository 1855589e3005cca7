"""The database's schema: whether it is current, and bringing it up to date."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.database import psycopg_url, reason
from leadback.kit.errors import DatabaseUnusable

MIGRATION_LOCK: Final = 0x1EADBAC
MIGRATIONS: Final = Path(__file__).parent.parent / "migrations"


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


async def check_schema(connection: AsyncConnection) -> None:
    """Raise `DatabaseUnusable` unless the schema is the one this code was written for."""
    current = await connection.run_sync(_current)
    head = head_revision()
    if current != head:
        raise DatabaseUnusable(
            f"The database's schema is {current or 'empty'}, this program needs {head}."
            " Run `leadback migrate` with LEADBACK_MIGRATION_DATABASE_URL set to the owner's address."
        )


def head_revision() -> str:
    """The newest migration of this program."""
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert head is not None
    return head


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
