"""`leadback serve`: the database, the web workers and the background worker as one tree of processes."""

import asyncio
import importlib
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from typing import Annotated, Any, Final, Protocol

import msgspec
import typer
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import MPServer

from leadback.cli.background import BackgroundWorker
from leadback.cli.keeper import DatabaseKeeper
from leadback.cli.output import say
from leadback.cli.session import Addresses, addresses, command, settings_of_command
from leadback.kit.database import Database
from leadback.kit.errors import Refused
from leadback.kit.fitness import check_database
from leadback.kit.logs import configure_logs
from leadback.kit.port import EVERY_ADDRESS, claimed_port, url_of
from leadback.kit.process import PARENT_VARIABLE, allow_open_files, forget_handlers_in_forks, unwind_on_stop
from leadback.kit.schema import migrate
from leadback.kit.settings import CONFIG_VARIABLE, PREFIX, Settings
from leadback.networks.queries import directory

group = typer.Typer()

APPLICATION: Final = "leadback.app:create_application"

CONNECTIONS_MAX: Final = 1_000
"""For each web worker; more wait, unanswered, in the kernel's queue of `BACKLOG`."""
BACKLOG: Final = 1_024
HEADER_MS_MAX: Final = 5_000
HEADER_BYTES_MAX: Final = 32 * 1024
"""Of a request's line and headers together, not to the byte: one read may go as far beyond. Granian limits their number
to a hundred."""
STOP_SECONDS_MAX: Final = 30
ANSWER_SECONDS_MAX: Final = 5.0
LOOK_SECONDS: Final = 0.02
WAKE_SECONDS: Final = 1.0

# Granian's own records go where ours go.
GRANIAN_LOGS: Final[dict[str, Any]] = {
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"propagate": True}, "granian.access": {"propagate": False}},
}


class Companion(Protocol):
    """What runs beside the web workers."""

    def start(self) -> None:
        """Begin, unless stopped before."""

    def stop(self) -> None:
        """End, and wait for it."""


@command(group, "serve")
def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Where to listen; also LEADBACK_HOST. Default: 127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Also LEADBACK_PORT. Default: 8400")] = None,
    web_workers: Annotated[int | None, typer.Option(help="Processes; also LEADBACK_WEB_WORKERS. Default: 2")] = None,
    web_only: Annotated[
        bool, typer.Option("--web-only", help="No background worker; run `leadback work` elsewhere.")
    ] = False,
) -> None:
    """Serve buyers and operators until stopped; brings its own PostgreSQL unless LEADBACK_DATABASE_URL is set."""
    settings = settings_of_command(host=host, port=port, web_workers=web_workers)
    configure_logs(settings.log_level)
    unwind_on_stop()
    with claimed_port(settings.host, settings.port) as address, addresses(settings, may_create=True) as found:
        if found.migration_database_url is not None:
            migrate(found.migration_database_url)
        if not asyncio.run(_networks(settings, found)):
            say(
                "There is no network yet, so no buyer can report. Make one, here or in another terminal:"
                " leadback init --network NAME --time-zone ZONE --currency USD"
            )
        settings = msgspec.structs.replace(
            settings, public_url=settings.public_url or url_of(settings.host, settings.port)
        )
        _hand_down(settings, found.database_url)
        allow_open_files()
        companions: list[Companion] = [] if web_only else [BackgroundWorker()]
        if settings.database_url is None:
            companions.append(DatabaseKeeper(settings.data_dir))
        _run_workers(settings, address, companions)


async def _networks(settings: Settings, found: Addresses) -> int:
    """How many networks there are in a database that was found fit."""
    database = Database(found.database_url, pool_size=1, application="leadback serve")
    try:
        await check_database(database, settings)
        async with database.outside_networks() as connection:
            return len(await directory(connection))
    finally:
        await database.close()


def _hand_down(settings: Settings, database_url: str) -> None:
    """Put into the environment what our children are to know: every setting, but not the owner's address."""
    settings = msgspec.structs.replace(
        settings, data_dir=settings.data_dir.resolve(), database_url=database_url, migration_database_url=None
    )
    handed = _variables(settings)
    for name in [CONFIG_VARIABLE, *(name for name in os.environ if name.startswith(PREFIX) and name not in handed)]:
        os.environ.pop(name, None)
    os.environ.update(handed, **{PARENT_VARIABLE: str(os.getpid())})


def _variables(settings: Settings) -> Mapping[str, str]:
    values = msgspec.structs.asdict(settings)
    return {
        PREFIX + name.upper(): ",".join(value) if isinstance(value, tuple) else str(value)
        for name, value in values.items()
        if value is not None
    }


def _run_workers(settings: Settings, address: str, companions: Sequence[Companion]) -> None:
    """Serve until stopped, then answer what was accepted and stop what ran beside."""
    # Loaded once and shared by every web worker forked from here.
    importlib.import_module(APPLICATION.partition(":")[0])
    forget_handlers_in_forks()
    server = MPServer(
        APPLICATION,
        address=address,
        port=settings.port,
        interface=Interfaces.ASGI,
        factory=True,
        workers=settings.web_workers,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS_MAX,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MS_MAX, max_buffer_size=HEADER_BYTES_MAX),
        websockets=False,
        backlog=BACKLOG,
        backpressure=CONNECTIONS_MAX,
        log_level=LogLevels.warning,
        log_dictconfig=GRANIAN_LOGS,
        log_access=False,
    )
    server.main_loop_interrupt = _Wake(server)
    stopping = threading.Event()
    announcer = threading.Thread(
        target=_announce, args=(server, settings, address, companions, stopping), name="announcer", daemon=True
    )

    @server.on_startup
    def begin() -> None:
        # A terminal that goes away ends the program; by itself Granian would start its workers anew.
        signal.signal(signal.SIGHUP, server.signal_handler_interrupt)
        announcer.start()

    try:
        server.serve()
    except SystemExit as error:
        # A stop that reached the workers before us looks like their failure.
        if not server.interrupt_signal:
            raise Refused("The web workers died again and again; the reason is above.") from error
    finally:
        stopping.set()
        for companion in companions:
            companion.stop()


class _Wake(threading.Event):
    """What Granian's main loop waits for, and clears after looking: a stop that comes between would be missed."""

    def __init__(self, server: MPServer) -> None:
        super().__init__()
        self._server = server

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, or a stop was asked for."""
        while not super().wait(WAKE_SECONDS):
            if self._server.interrupt_signal:
                return True
        return True


def _announce(
    server: MPServer, settings: Settings, address: str, companions: Sequence[Companion], stopping: threading.Event
) -> None:
    """Wait for the web workers, say where they are, and only then start what runs beside them."""
    # Nothing is done beside the forks: a child would keep whatever lock was held here.
    while len(server.wrks) < settings.web_workers and not stopping.wait(LOOK_SECONDS):
        pass
    while not _answers(EVERY_ADDRESS.get(address, address), settings.port):
        if stopping.wait(LOOK_SECONDS):
            return
    print(f"Leadback serves {url_of(settings.host, settings.port)}", flush=True)
    for companion in companions:
        companion.start()


def _answers(address: str, port: int) -> bool:
    connection = HTTPConnection(address, port, timeout=ANSWER_SECONDS_MAX)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
