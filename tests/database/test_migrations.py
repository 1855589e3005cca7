"""The migrations make exactly the tables that the code describes."""

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, make_url, text

from leadback.access import tables as access_tables
from leadback.audit import tables as audit_tables
from leadback.catalog import tables as catalog_tables
from leadback.kit import outbox
from leadback.kit.columns import metadata
from leadback.kit.database import Database, psycopg_url
from leadback.kit.errors import DatabaseUnusable
from leadback.kit.revision import MIGRATIONS, check_schema, head_revision
from leadback.kit.schema import migrate
from leadback.leads import tables as leads_tables
from leadback.networks import tables as networks_tables
from leadback.parties import tables as parties_tables
from tests.support.server import Addresses

DESCRIBED = (
    access_tables,
    audit_tables,
    catalog_tables,
    leads_tables,
    networks_tables,
    outbox,
    parties_tables,
)

COLUMNS = text("""
    SELECT table_name, column_name, data_type, udt_name, collation_name, is_nullable, column_default, is_identity,
        numeric_precision, numeric_scale
    FROM information_schema.columns WHERE table_schema = :schema
""")
CHECKS = text("""
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = CAST(:schema AS regnamespace) AND contype = 'c'
""")


def test_alembic_finds_nothing_to_change(migration_database_url: str) -> None:
    engine = create_engine(psycopg_url(migration_database_url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": _ours})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_columns_and_checks_are_the_same_to_the_letter(migration_database_url: str) -> None:
    """Alembic looks at neither collations nor checks nor defaults."""
    engine = create_engine(psycopg_url(migration_database_url))
    with engine.connect() as connection:
        connection.execute(text("CREATE SCHEMA described"))
        connection.execute(text("SET search_path = described"))
        metadata.create_all(connection, checkfirst=False)
        assert _columns(connection, "described") == _columns(connection, "public")
        described = {row[1:] for row in connection.execute(CHECKS, {"schema": "described"})}
        migrated = {row[1:] for row in connection.execute(CHECKS, {"schema": "public"})}
        assert described == migrated
        connection.rollback()
    engine.dispose()


def test_migrating_again_changes_nothing(migration_database_url: str) -> None:
    assert migrate(migration_database_url) == (head_revision(), head_revision())


def test_the_newest_migration_is_known_by_its_number() -> None:
    assert head_revision() == ScriptDirectory(str(MIGRATIONS)).get_current_head()


@pytest.mark.anyio
async def test_a_schema_that_is_not_current_is_refused(database: Database, addresses: Addresses) -> None:
    async with database.outside_networks() as connection:
        await check_schema(connection)
    empty = Database(make_url(addresses.superuser).set(database="postgres").render_as_string(hide_password=False))
    with pytest.raises(DatabaseUnusable, match="schema is empty, this program needs"):
        async with empty.outside_networks() as connection:
            await check_schema(connection)
    await empty.close()


def _columns(connection: Connection, schema: str) -> set[tuple[Any, ...]]:
    rows = connection.execute(COLUMNS, {"schema": schema})
    return {
        tuple(row)
        for row in rows
        if not row.table_name.startswith("lead_update_") and row.table_name != "alembic_version"
    }


def _ours(name: str | None, kind: str, _: Any) -> bool:
    return kind != "table" or not (name or "").startswith(("lead_update_", "alembic_version"))
