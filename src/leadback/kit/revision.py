"""Which schema the database has, and which one this program needs: asked by every command, so without Alembic."""

import re
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.errors import DatabaseUnusable

MIGRATIONS: Final = Path(__file__).parent.parent / "migrations"

_NUMBERED: Final = re.compile(r"([0-9]{4})_\w+\.py", re.ASCII)


async def check_schema(connection: AsyncConnection) -> None:
    """Raise `DatabaseUnusable` unless the schema is the one this code was written for."""
    current = await current_revision(connection)
    head = head_revision()
    if current != head:
        raise DatabaseUnusable(
            f"The database's schema is {current or 'empty'}, this program needs {head}."
            " Run `leadback migrate` with LEADBACK_MIGRATION_DATABASE_URL set to the owner's address."
        )


async def current_revision(connection: AsyncConnection) -> str | None:
    """The newest migration that the database has had; None where it had none."""
    if (await connection.execute(text("SELECT to_regclass('alembic_version')"))).scalar_one() is None:
        return None
    current: str | None = (
        await connection.execute(text("SELECT version_num FROM alembic_version"))
    ).scalar_one_or_none()
    return current


def head_revision() -> str:
    """The newest migration of this program: they are numbered, and the number is the revision."""
    return max(found[1] for path in (MIGRATIONS / "versions").iterdir() if (found := _NUMBERED.fullmatch(path.name)))
