"""Whether the database is fit to be worked on: asked once at the start, and again and again by `/readyz`."""

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.database import Database, check_server
from leadback.kit.errors import DatabaseUnusable
from leadback.kit.revision import check_schema
from leadback.kit.settings import Settings


async def check_database(database: Database, settings: Settings) -> None:
    """Raise `DatabaseUnusable` unless the server is fit and the schema is this program's."""
    await check_server(database, allow_owner_role=settings.allow_owner_role)
    async with database.outside_networks() as connection:
        await check_schema(connection)


def is_unreachable(error: DatabaseUnusable) -> bool:
    """Whether the database may be fit and merely does not answer."""
    return isinstance(error.__cause__, DBAPIError | OSError)


async def probe_write(connection: AsyncConnection) -> None:
    """Make the transaction one that writes: its commit succeeds only if a change would have been made to last.

    The message goes to the write-ahead log and nowhere else, so no table and no network is touched.
    """
    await connection.execute(text("SELECT pg_logical_emit_message(true, 'leadback', 'write probe')"))


async def is_schema_current(connection: AsyncConnection, head: str) -> bool:
    """Whether every migration up to `head` was applied; a newer schema still works with this program."""
    current = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    return current is not None and current >= head
