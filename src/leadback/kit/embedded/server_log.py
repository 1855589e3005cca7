"""PostgreSQL's own log: kept small, and quoted when the server does not start."""

import os
import time
from pathlib import Path
from typing import Final

from leadback.kit.embedded.account import Account
from leadback.kit.embedded.files import directory, made_directory, read_text

DIRECTORY: Final = "log"
START_FILE: Final = "start.log"
"""What the server says before its own log is open."""
KEPT_SECONDS_MAX: Final = 6 * 86_400
FILE_BYTES_MAX: Final = 64 * 2**20
QUOTED_LINES_MAX: Final = 12


def tidy_log(pgdata: int, account: Account) -> None:
    """Before a start: remove what is older than a week or too large, and what the last start said.

    While it runs the server begins each weekday's file afresh, but at a start it appends.
    """
    with made_directory(DIRECTORY, account, within=pgdata) as within, os.scandir(within) as entries:
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            is_old = status.st_mtime < time.time() - KEPT_SECONDS_MAX
            if entry.name.endswith(".log") and (entry.name == START_FILE or is_old or status.st_size > FILE_BYTES_MAX):
                os.unlink(entry.name, dir_fd=within)


def last_lines(pgdata: Path) -> str:
    """The end of what the server said at its last start."""
    with directory(pgdata) as parent, directory(DIRECTORY, within=parent) as within:
        with os.scandir(within) as entries:
            dated = sorted((entry.stat(follow_symlinks=False).st_mtime, entry.name) for entry in entries)
        names = [name for _, name in dated if name.endswith(".log") and name != START_FILE]
        lines: list[str] = []
        for name in (*names[-1:], START_FILE):
            lines += (read_text(within, name) or "").splitlines()[-QUOTED_LINES_MAX:]
    return "\n".join(lines)
