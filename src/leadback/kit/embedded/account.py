"""The account PostgreSQL runs as: one's own, or an unprivileged one in place of root, which it refuses."""

import logging
import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leadback.kit.errors import Refused

SUBSTITUTES: Final = ("postgres", "nobody")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Account:
    """Who owns the server's files and processes."""

    uid: int
    gid: int
    switched: bool
    """We are root and hand our files and programs over to this account."""


def server_account() -> Account:
    """Our own account, or as root the first of `SUBSTITUTES` that exists."""
    if os.geteuid() != 0:
        return Account(uid=os.geteuid(), gid=os.getegid(), switched=False)
    for name in SUBSTITUTES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(uid=entry.pw_uid, gid=entry.pw_gid, switched=True)
    raise Refused(
        f"PostgreSQL does not run as root, and there is no account {' or '.join(SUBSTITUTES)}."
        " Run Leadback as another user, or set LEADBACK_DATABASE_URL."
    )


def let_through(account: Account, directory: Path) -> None:
    """Let the account pass through `directory` and its parents, adding no more than the one bit that is missing."""
    for place in _from_the_root(directory):
        status = place.stat()
        if status.st_uid == account.uid:
            needed = stat.S_IXUSR
        elif status.st_gid == account.gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not status.st_mode & needed:
            mode = stat.S_IMODE(status.st_mode) | needed
            place.chmod(mode)
            logger.warning("chmod %o %s (+x), so that PostgreSQL (uid %d) can pass through", mode, place, account.uid)


def _from_the_root(directory: Path) -> Iterator[Path]:
    yield from reversed(directory.parents)
    yield directory
