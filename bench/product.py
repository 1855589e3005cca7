"""The product under load: `leadback serve` as an operator runs it, and what it is found to have written."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
import psycopg

from bench.world import World
from leadback.kit.errors import Refused

STOP_SECONDS_MAX: Final = 60
READY: Final = "Leadback serves "


class Served(msgspec.Struct, frozen=True):
    """A server that is ready."""

    url: str
    said: str
    """What it had told its operator by then."""


@contextmanager
def serving(world: World, web_workers: int | None) -> Iterator[str]:
    """`leadback serve` with everything on; its address."""
    settings = {} if web_workers is None else {"LEADBACK_WEB_WORKERS": str(web_workers)}
    with _running("serve", _environment(world) | settings) as served:
        yield served.url


@contextmanager
def demonstrating(data_dir: Path) -> Iterator[Served]:
    """`leadback demo` on a network of its own."""
    with _running("demo", _no_settings() | {"LEADBACK_DATA_DIR": str(data_dir)}) as served:
        yield served


@contextmanager
def _running(command: str, environment: dict[str, str]) -> Iterator[Served]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            [sys.executable, "-P", "-m", "leadback", command, "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
        ) as process,
    ):
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            errors.seek(0)
            said = errors.read()
            if not line.startswith(READY):
                raise Refused(f"leadback {command} did not start:\n{said}")
            yield Served(line.removeprefix(READY).strip(), said)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_SECONDS_MAX)


def ledger_rows(world: World) -> int:
    """How many updates the ledger holds."""
    with psycopg.connect(world.superuser_url) as connection:
        row = connection.execute("SELECT count(*) FROM lead_update").fetchone()
    assert row is not None
    return int(row[0])


def check_books(world: World) -> None:
    """`Refused` with what `leadback check` found, where that is anything."""
    checked = subprocess.run(
        [sys.executable, "-P", "-m", "leadback", "check"],
        capture_output=True,
        text=True,
        env=_environment(world),
        check=False,
    )
    if checked.returncode:
        raise Refused(f"leadback check found differences:\n{checked.stdout}{checked.stderr}")


def checkpoint(world: World) -> None:
    """Let a round begin with nothing left to write of the one before."""
    with psycopg.connect(world.superuser_url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def _environment(world: World) -> dict[str, str]:
    """No setting of the caller's, but the world's database."""
    return _no_settings() | {"LEADBACK_DATABASE_URL": world.app_url}


def _no_settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("LEADBACK_")}
