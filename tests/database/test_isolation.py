"""What the application's role may not do, whatever the code asks for: other networks, and the ledger's past."""

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.update import Updates
from leadback.networks.actions import create_network
from tests.leads.test_update import call, caller_with
from tests.support.seed import seed_network, seed_sale

pytestmark = pytest.mark.anyio

# Neither belongs to a network: one says which migration ran, the others are the job queue's own.
OUTSIDE_NETWORKS = {"alembic_version"}


async def test_no_row_is_seen_without_a_network(database: Database, network_id: int) -> None:
    await seed_network(database, network_id)
    async with database.outside_networks() as connection:
        for table in await network_tables(database):
            found = (await connection.execute(text(f'SELECT count(*) FROM "{table}"'))).scalar_one()
            assert found == 0, table


async def test_no_row_of_another_network_is_seen_or_written(database: Database, network_id: int) -> None:
    await seed_network(database, network_id)
    await seed_sale(database, network_id, "C8097F17")
    other = await create_network(database, name=f"beside {network_id}", time_zone="UTC", currency="USD", now=now())
    async with database.transaction(other) as connection:
        seen = await connection.execute(text("SELECT * FROM sale WHERE network_id = :it"), {"it": network_id})
        assert seen.all() == []
        statement = text("UPDATE sale SET revenue = 0 WHERE network_id = :it")
        changed = await connection.execute(statement, {"it": network_id})
        assert changed.rowcount == 0
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.transaction(other) as connection:
            await connection.execute(
                text("INSERT INTO affiliate (network_id, affiliate_id, name) VALUES (:it, 77, 'x')"), {"it": network_id}
            )


async def test_the_binding_to_a_network_ends_with_its_transaction(database: Database, network_id: int) -> None:
    async with database.transaction(network_id):
        pass
    async with database.outside_networks() as connection:
        assert not (await connection.execute(text("SELECT current_setting('app.network_id', true)"))).scalar_one()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE lead_update SET revenue_after = 0, revenue_delta = -revenue_before",
        "DELETE FROM lead_update",
        "TRUNCATE lead_update",
        "UPDATE audit_entry SET actor = 'nobody'",
        "DELETE FROM audit_entry",
        "DROP TABLE lead_update",
        "ALTER TABLE lead_update DISABLE ROW LEVEL SECURITY",
        "DROP TRIGGER append_only ON lead_update",
    ],
)
async def test_the_ledger_and_the_audit_cannot_be_changed(database: Database, network_id: int, statement: str) -> None:
    seeded = await seed_network(database, network_id)
    await seed_sale(database, network_id, "C8097F17")
    updates = Updates(database)
    assert (await updates.submit(call(caller_with(seeded.key), status="Funded"))).answer.success
    with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
        async with database.transaction(network_id) as connection:
            await connection.execute(text(statement))


async def test_the_owner_cannot_change_the_ledger_by_an_oversight(
    database: Database, migration_database_url: str, network_id: int
) -> None:
    seeded = await seed_network(database, network_id)
    await seed_sale(database, network_id, "C8097F17")
    updates = Updates(database)
    assert (await updates.submit(call(caller_with(seeded.key), status="Funded"))).answer.success
    with psycopg.connect(migration_database_url) as owner:
        owner.execute("SELECT set_config('app.network_id', %s, true)", [str(network_id)])
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            owner.execute("DELETE FROM lead_update")


async def test_every_table_has_forced_row_level_security_and_a_policy(database: Database) -> None:
    statement = text("""
        SELECT class.relname FROM pg_class AS class
        WHERE class.relnamespace = 'public'::regnamespace AND class.relkind IN ('r', 'p')
        AND NOT (class.relrowsecurity AND class.relforcerowsecurity
                 AND (class.relispartition OR EXISTS (SELECT FROM pg_policy WHERE polrelid = class.oid)))
    """)
    async with database.outside_networks() as connection:
        assert set((await connection.execute(statement)).scalars()) == OUTSIDE_NETWORKS


async def test_no_partition_of_the_ledger_can_be_reached_around_its_parent(database: Database) -> None:
    statement = text("""
        SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'
        AND has_table_privilege(oid, 'SELECT, INSERT, UPDATE, DELETE')
    """)
    async with database.outside_networks() as connection:
        assert (await connection.execute(statement)).all() == []


async def test_every_key_begins_with_the_network(database: Database) -> None:
    statement = text("""
        SELECT conrelid::regclass::text, conname FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f')
        AND NOT (SELECT attname = 'network_id' FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[1])
    """)
    async with database.outside_networks() as connection:
        found = {tuple(row) for row in await connection.execute(statement)}
    # The directory of networks: a name or host name finds its network, so it cannot begin with it.
    assert found == {
        ("alembic_version", "alembic_version_pkc"),
        ("network", "uq_network_name"),
        ("network", "uq_network_host_name"),
    }


async def network_tables(database: Database) -> list[str]:
    """Every table of the application's, partitions left out."""
    statement = text("""
        SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
        AND relkind IN ('r', 'p') AND NOT relispartition
    """)
    async with database.outside_networks() as connection:
        return sorted(set((await connection.execute(statement)).scalars()) - OUTSIDE_NETWORKS)
