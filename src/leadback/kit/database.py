"""Connections to PostgreSQL: one engine a process, one transaction a request, each bound to one network."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from leadback.kit.errors import DatabaseUnusable

SERVER_VERSION_MIN: Final = 15
CONNECT_SECONDS_MAX: Final = 10
POOL_SIZE: Final = 8
POOL_WAIT_SECONDS_MAX: Final = 5
STATEMENT_MS_MAX: Final = 60_000
LOCK_MS_MAX: Final = 5_000
IDLE_IN_TRANSACTION_MS_MAX: Final = 60_000

# The first half of the two-number advisory locks; the second is the network.
CONFIGURATION_LOCK: Final = 0x1EAD
FOLD_LOCK: Final = 0x1EAE

DURABILITY: Final = ("fsync", "full_page_writes", "synchronous_commit")


class Database:
    """One engine and the ways to open a transaction on it."""

    def __init__(self, url: str, *, pool_size: int = POOL_SIZE, application: str = "leadback") -> None:
        self.engine: AsyncEngine = create_async_engine(
            psycopg_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_WAIT_SECONDS_MAX,
            pool_recycle=1800,
            hide_parameters=True,
            connect_args={
                "connect_timeout": CONNECT_SECONDS_MAX,
                "application_name": application,
                # What is worth preparing is prepared by `round_trip`; the driver's own preparing would, after some
                # rollbacks, have the server forget those too.
                "prepare_threshold": None,
                "options": f"-c timezone=UTC -c statement_timeout={STATEMENT_MS_MAX} -c lock_timeout={LOCK_MS_MAX}"
                f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS_MAX}",
            },
        )

    @asynccontextmanager
    async def transaction(self, network_id: int) -> AsyncIterator[AsyncConnection]:
        """A READ COMMITTED transaction that sees one network; commits on leaving, rolls back on an exception."""
        async with self.engine.connect() as connection, connection.begin():
            await enter_network(connection, network_id)
            yield connection

    @asynccontextmanager
    async def snapshot(self, network_id: int) -> AsyncIterator[AsyncConnection]:
        """A read-only REPEATABLE READ transaction: every statement sees the same moment."""
        async with self.engine.connect() as connection:
            connection = await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            async with connection.begin():
                await enter_network(connection, network_id)
                yield connection

    @asynccontextmanager
    async def outside_networks(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees no network's rows: for the directory of networks, locks and checks."""
        async with self.engine.connect() as connection, connection.begin():
            yield connection

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def psycopg_url(url: str) -> URL:
    """A `postgresql://…` address as SQLAlchemy takes it for psycopg."""
    try:
        parsed = make_url(url)
    except (SQLAlchemyError, ValueError):
        parsed = None
    if parsed is None or parsed.get_backend_name() != "postgresql":
        # Not quoted: it may hold a password.
        raise DatabaseUnusable(
            "The database address is none: it must look like postgresql://role:password@host:5432/name"
            " (PostgreSQL 15 or newer)."
        )
    return parsed.set(drivername="postgresql+psycopg")


async def enter_network(connection: AsyncConnection, network_id: int) -> None:
    """Bind the rest of the transaction to one network; row-level security hides every other."""
    await connection.execute(
        text("SELECT set_config('app.network_id', CAST(:network_id AS text), true)"), {"network_id": network_id}
    )


async def lock_configuration(connection: AsyncConnection, network_id: int) -> None:
    """Wait until no update of this network is under way, and let none begin until this transaction ends."""
    await connection.execute(
        text("SELECT pg_advisory_xact_lock(:lock, :network_id)"), {"lock": CONFIGURATION_LOCK, "network_id": network_id}
    )


async def share_configuration(connection: AsyncConnection, network_id: int) -> None:
    """Hold the network's configuration still until this transaction ends, beside others who do the same."""
    await connection.execute(
        text("SELECT pg_advisory_xact_lock_shared(:lock, :network_id)"),
        {"lock": CONFIGURATION_LOCK, "network_id": network_id},
    )


async def check_server(database: Database, *, allow_owner_role: bool) -> None:
    """Raise `DatabaseUnusable` unless the server is new enough, durable, and our role bound by row-level security."""
    try:
        async with database.outside_networks() as connection:
            version = int(await _scalar(connection, "SELECT current_setting('server_version_num')")) // 10_000
            if version < SERVER_VERSION_MIN:
                raise DatabaseUnusable(
                    f"The server is PostgreSQL {version}; Leadback needs {SERVER_VERSION_MIN} or newer."
                )
            await _check_durability(connection)
            if not allow_owner_role:
                await _check_role(connection)
    except (DBAPIError, OSError) as error:
        raise DatabaseUnusable(f"The database cannot be reached: {reason(error)}") from error


def reason(error: BaseException) -> str:
    """The first line of what a driver says, without statement and parameters."""
    original = error.orig if isinstance(error, DBAPIError) else error
    return (str(original).strip().splitlines() or [type(original).__name__])[0]


def sqlstate(error: DBAPIError) -> str | None:
    """PostgreSQL's five-character code, or None where the server said nothing (the connection is gone)."""
    return getattr(error.orig, "sqlstate", None)


async def _check_durability(connection: AsyncConnection) -> None:
    for name in DURABILITY:
        value = await _scalar(connection, f"SELECT current_setting('{name}')")
        if value in ("off", "local", "remote_write"):
            raise DatabaseUnusable(
                f"An answered update could be lost: the server runs with {name} = {value}. Turn {name} on."
            )


async def _check_role(connection: AsyncConnection) -> None:
    bypasses = await _scalar(
        connection, "SELECT rolsuper OR rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = current_user"
    )
    owns = await _scalar(
        connection,
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_class AS class"
        " JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace"
        " WHERE namespace.nspname = 'public' AND class.relkind IN ('r', 'p')"
        " AND pg_catalog.pg_has_role(class.relowner, 'MEMBER'))",
    )
    rewrites = await _scalar(
        connection,
        "SELECT coalesce(has_table_privilege(to_regclass('public.lead_update'), 'UPDATE, DELETE, TRUNCATE'), false)",
    )
    if bypasses or owns or rewrites:
        raise DatabaseUnusable(
            "The role in LEADBACK_DATABASE_URL owns the tables or bypasses row-level security, or may rewrite the"
            " ledger. Give the role"
            " leadback_app there and the owner in LEADBACK_MIGRATION_DATABASE_URL, or set"
            " LEADBACK_ALLOW_OWNER_ROLE=true."
        )


async def _scalar(connection: AsyncConnection, statement: str) -> Any:
    return (await connection.execute(text(statement))).scalar_one()
