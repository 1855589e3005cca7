"""The product under load: `leadback serve` as an operator runs it, and what it is found to have written."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg

from bench.world import World
from leadback.kit.errors import Refused

STOP_SECONDS_MAX: Final = 60
READY: Final = "Leadback serves "


@contextmanager
def serving(world: World, web_workers: int | None) -> Iterator[str]:
    """`leadback serve` with everything on; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {} if web_workers is None else {"LEADBACK_WEB_WORKERS": str(web_workers)}
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            [sys.executable, "-P", "-m", "leadback", "serve", "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=_environment(world) | settings,
        ) as process,
    ):
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line.startswith(READY):
                errors.seek(0)
                raise Refused(f"leadback serve did not start:\n{errors.read()}")
            yield line.removeprefix(READY).strip()
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
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LEADBACK_")}
    return kept | {"LEADBACK_DATABASE_URL": world.app_url}
