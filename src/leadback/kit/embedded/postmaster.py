"""Who runs on a data directory, told so that a reused process id is never taken for a server."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leadback.kit.embedded.account import Account
from leadback.kit.embedded.files import directory, read_text, write_durably

PID_FILE: Final = "postmaster.pid"
PROGRAM_NAMES: Final = (b"postgres", b"postmaster")
STATUS_LINE: Final = 7
NO_PROCESS: Final = 2**31 - 1
"""A process id above any that a kernel gives out."""


@dataclass(frozen=True)
class Postmaster:
    """A live server process on the data directory."""

    pid: int
    ready: bool


def find_postmaster(pgdata: Path) -> Postmaster | None:
    """The server that runs on this directory, if the process in its pid file is one and not a later namesake."""
    try:
        with directory(pgdata) as within:
            lines = (read_text(within, PID_FILE) or "").splitlines()
    except FileNotFoundError:
        return None
    if not lines or not lines[0].strip().isdecimal():
        return None
    pid = int(lines[0])
    if not _is_server(pid, pgdata):
        return None
    return Postmaster(pid=pid, ready=len(lines) > STATUS_LINE and lines[STATUS_LINE].strip() == "ready")


def disarm_stale_pid_file(pgdata: Path, account: Account) -> None:
    """Make PostgreSQL see that the process named in the pid file is gone; call only when no server runs.

    PostgreSQL refuses to start when any process of the same account has the id of the server that crashed, which in
    a restarted container is the rule. The file is not removed: with a dead process in it PostgreSQL goes on to
    check that nobody uses the old server's shared memory, the last guard against two servers on one directory.
    """
    with directory(pgdata) as within:
        text = read_text(within, PID_FILE)
        if text is None:
            return
        first, newline, rest = text.partition("\n")
        if newline and first.strip().lstrip("-").isdecimal():
            write_durably(within, PID_FILE, f"{NO_PROCESS}\n{rest}", account)
        else:
            # Torn by a crash: PostgreSQL would refuse to start for ever.
            os.unlink(PID_FILE, dir_fd=within)


def _is_server(pid: int, pgdata: Path) -> bool:
    # The command line is readable across accounts; the working directory is not, for root in a container.
    try:
        program, *arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return program.rpartition(b"/")[2] in PROGRAM_NAMES and any(_is_same(argument, pgdata) for argument in arguments)


def _is_same(argument: bytes, pgdata: Path) -> bool:
    try:
        return argument.startswith(b"/") and Path(os.fsdecode(argument)).samefile(pgdata)
    except OSError:
        return False
