"""What every command does before and after its own work: settings, database, network, errors, exit code."""

import asyncio
import functools
import inspect
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from leadback.kit.database import Database
from leadback.kit.embedded import embedded_database
from leadback.kit.errors import Refused
from leadback.kit.fitness import check_database
from leadback.kit.settings import Settings, load_settings
from leadback.networks.queries import directory

EXIT_FINDINGS: Final = 1
EXIT_CANNOT: Final = 2

DataDirOption = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Where the embedded database lives; also LEADBACK_DATA_DIR. Default: ./leadback-data",
    ),
]

Migrate = Callable[[str], object]
"""`kit.schema.migrate`, handed over by the few commands that make databases: the others start without Alembic."""

_data_dir: ContextVar[Path | None] = ContextVar("data_dir", default=None)


class Addresses(msgspec.Struct, frozen=True):
    """Where the database is, as the application's role and as the owner's."""

    database_url: str
    migration_database_url: str | None


class Session(msgspec.Struct, frozen=True):
    """What a command works with: an open database and, once asked for, the network it speaks of."""

    settings: Settings
    database: Database

    async def network_id(self) -> int:
        """The network that `LEADBACK_NETWORK` names, or the only one; `Refused` where that is not one."""
        async with self.database.outside_networks() as connection:
            networks = await directory(connection)
        if not networks:
            raise Refused(
                "There is no network yet. Make one: leadback init --network NAME --time-zone ZONE --currency USD"
            )
        names = ", ".join(f"{name} ({network_id})" for network_id, (name, _) in networks.items())
        wanted = self.settings.network
        if wanted is None:
            if len(networks) == 1:
                return next(iter(networks))
            raise Refused(f"There are several networks; set LEADBACK_NETWORK to one of: {names}")
        for network_id, (name, _) in networks.items():
            if wanted in (name, str(network_id)):
                return network_id
        raise Refused(f"There is no network {wanted!r}. There are: {names}")


@contextmanager
def addresses(settings: Settings, *, may_create: bool = False) -> Iterator[Addresses]:
    """The configured server, or the embedded one for as long as the context is open."""
    if settings.database_url is not None:
        yield Addresses(settings.database_url, settings.migration_database_url)
        return
    if not may_create and not (settings.data_dir / "postgres").exists():
        raise Refused(
            f"There is no database in {settings.data_dir}. Make one: leadback init --network NAME --time-zone ZONE"
            " --currency USD; or name another directory (--data-dir, LEADBACK_DATA_DIR) or a server"
            " (LEADBACK_DATABASE_URL)."
        )
    with embedded_database(settings.data_dir) as embedded:
        yield Addresses(embedded.app_url, embedded.migration_url)


@asynccontextmanager
async def open_session(settings: Settings, *, migrate: Migrate | None = None) -> AsyncIterator[Session]:
    """An open database whose schema is current; given `migrate`, made and migrated where that is ours to do."""
    with addresses(settings, may_create=migrate is not None) as found:
        if migrate is not None and found.migration_database_url is not None:
            await asyncio.to_thread(migrate, found.migration_database_url)
        database = Database(found.database_url, application="leadback command")
        try:
            await check_database(database, settings)
            yield Session(settings, database)
        finally:
            await database.close()


def run(work: Callable[[Session], Awaitable[int | None]], *, migrate: Migrate | None = None, **given: object) -> None:
    """Run a command's work in a session; exit with the code it returns, 0 where it returns none."""

    async def in_session() -> int | None:
        async with open_session(settings_of_command(**given), migrate=migrate) as session:
            return await work(session)

    code = asyncio.run(in_session())
    if code:
        raise typer.Exit(code)


@contextmanager
def refusals_reported() -> Iterator[None]:
    """Turn a refusal into its text on standard error and exit code 2."""
    try:
        yield
    except Refused as error:
        print(f"leadback: {error}", file=sys.stderr)
        raise typer.Exit(EXIT_CANNOT) from error


def command(group: typer.Typer, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as a command that, like every other, takes `--data-dir` and reports refusals."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        group.command(name)(_reported(function))
        return function

    return register


def callback(group: typer.Typer) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register what a group does by itself, without the name of a command; it looks at `invoked_subcommand`."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        group.callback(invoke_without_command=True)(_reported(function))
        return function

    return register


def _reported(function: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(function)
    def reported(*args: Any, data_dir: Path | None, **kwargs: Any) -> None:
        _data_dir.set(data_dir)
        with refusals_reported():
            function(*args, **kwargs)

    signature = inspect.signature(function)
    option = inspect.Parameter("data_dir", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=DataDirOption)
    reported.__signature__ = signature.replace(parameters=[*signature.parameters.values(), option])  # type: ignore[attr-defined] # the way inspect documents for wrappers
    reported.__annotations__ = function.__annotations__ | {"data_dir": DataDirOption}
    return reported


def settings_of_command(**given: object) -> Settings:
    """The settings, with what stands on this command line first."""
    return load_settings({"data_dir": _data_dir.get()} | given)
