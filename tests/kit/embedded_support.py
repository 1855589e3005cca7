"""Servers, processes and accounts for the tests of the embedded database."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from leadback.kit.embedded import EmbeddedDatabase

DEADLINE_SECONDS = 60
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """A directory that every account may pass through, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="leadback-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def child(script: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A Python program with our modules, killed at the end."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-W", "error", "-c", script, *map(str, arguments)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    """What it printed first; fails with its errors when it ended instead."""
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line:
        pytest.fail(f"the child ended: {process.communicate()[1]}")
    return line


def leave(process: subprocess.Popen[str]) -> None:
    """Let it end by itself, and see that it had nothing to complain of."""
    _, errors = process.communicate(timeout=DEADLINE_SECONDS)
    assert (process.returncode, errors) == (0, "")


def live_servers(data_dir: Path) -> list[int]:
    """The live postmasters on the directory; a zombie has no command line left."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if arguments[0].endswith(b"/postgres") and os.fsencode(data_dir / "postgres") in arguments:
            found.append(int(entry.parent.name))
    return found


def is_alive(pid: int) -> bool:
    """The process runs and is no zombie."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except OSError:
        return False


def wait_for(condition: Callable[[], object], seconds_max: float = DEADLINE_SECONDS) -> None:
    """Ask until it is so; the deadline is far beyond what any machine needs."""
    deadline = time.monotonic() + seconds_max
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def ask(url: str, statement: str) -> Any:
    """The first row, if the statement has rows."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchone() if cursor.description else None


def save(database: EmbeddedDatabase, text: str) -> None:
    """Commit a text."""
    ask(database.migration_url, "CREATE TABLE IF NOT EXISTS kept (text text)")
    ask(database.migration_url, f"INSERT INTO kept VALUES ('{text}')")


def saved(database: EmbeddedDatabase) -> str:
    """Every text committed so far."""
    return str(ask(database.migration_url, "SELECT string_agg(text, ' ' ORDER BY text) FROM kept")[0])


HOLD = """
import os, sys
from pathlib import Path
import psycopg
from leadback.kit.embedded import embedded_database
if len(sys.argv) > 2:
    os.setgroups([]), os.setgid(int(sys.argv[2])), os.setuid(int(sys.argv[2]))
with embedded_database(Path(sys.argv[1])) as database:
    print(database.app_url, flush=True)
    sys.stdin.read()
"""

FORK = """
import os, sys
from pathlib import Path
import psycopg
from leadback.kit.embedded import embedded_database
with embedded_database(Path(sys.argv[1])) as database:
    if os.fork() == 0:
        sys.exit()
    os.wait()
    psycopg.connect(database.app_url).close()
    child = os.fork()
    if child:
        print(child, flush=True)
    sys.stdin.read()
"""
