"""The directory of the server's socket: short of path, private, and checked before it is trusted."""

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from leadback.kit.embedded.account import Account
from leadback.kit.embedded.files import directory
from leadback.kit.errors import Refused

# A socket's path is limited to 107 bytes, which a data directory's easily exceeds. Not XDG_RUNTIME_DIR: a service
# and a shell of the same user may disagree about it, and it goes away at log-out with the server still running.
PARENT: Final = Path("/tmp")  # noqa: S108  safe through `secure_socket_dir`
DIGEST_CHARACTERS: Final = 16


def socket_dir_of(data_dir: Path, account: Account) -> Path:
    """Where the socket of this data directory is, for every process alike."""
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:DIGEST_CHARACTERS]
    return PARENT / f"leadback-{account.uid}-{digest}"


def secure_socket_dir(path: Path, account: Account) -> None:
    """Make the directory, or raise `Refused` when what is there could be somebody else's."""
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    try:
        with directory(path) as descriptor:
            status = os.fstat(descriptor)
            # Still ours: made by a start that was killed before it could hand it over.
            if status.st_uid not in (account.uid, os.geteuid()) or stat.S_IMODE(status.st_mode) != 0o700:
                raise Refused(
                    f"{path}, the directory of the database's socket, has owner {status.st_uid} and mode"
                    f" {stat.S_IMODE(status.st_mode):o}; it must have owner {account.uid} and mode 700. Remove it."
                )
            if account.switched:
                os.fchown(descriptor, account.uid, account.gid)
    except OSError as error:
        raise Refused(f"{path}, the directory of the database's socket, is none: {error}. Remove it.") from error


def remove_socket_dir(path: Path, account: Account) -> None:
    """Remove the directory if it is what `secure_socket_dir` made and nothing is in it."""
    with suppress(OSError):
        status = path.lstat()
        if (status.st_uid, status.st_mode) == (account.uid, stat.S_IFDIR | 0o700):
            path.rmdir()


def remove_stale_sockets(path: Path) -> None:
    """Remove the socket of a server that crashed, and the lock beside it; call only when no server runs.

    PostgreSQL would take the lock for held as soon as any process has the id in it. What guards the data is not
    this lock but the pid file, see `postmaster`.
    """
    with directory(path) as within:
        for name in os.listdir(within):  # noqa: PTH208  pathlib cannot list a descriptor
            if name.startswith(".s.PGSQL."):
                os.unlink(name, dir_fd=within)
