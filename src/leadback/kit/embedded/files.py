"""Files that are whole or absent after a crash, in directories where no link is followed.

As root we work in directories that an unprivileged account owns: a name there could be a link to anywhere, so
everything goes through descriptors of directories opened without following links.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from leadback.kit.embedded.account import Account

TAIL_BYTES_MAX = 16_384


@contextmanager
def directory(path: Path | str, *, within: int | None = None) -> Iterator[int]:
    """A descriptor of the directory; raises OSError when it is a link or no directory."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=within)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def made_directory(name: str, account: Account, *, within: int) -> Iterator[int]:
    """The directory of that name, 0700 and the account's, made where it is missing."""
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=within)
    with directory(name, within=within) as descriptor:
        _hand_over(descriptor, account)
        yield descriptor


def write_durably(within: int, name: str, content: str, account: Account | None = None) -> None:
    """Replace the file in one step, mode 0600; after the return a power cut does not lose it."""
    temporary = f".{name}.new"
    with suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=within)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=within)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if account is not None:
            _hand_over(descriptor, account)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    os.rename(temporary, name, src_dir_fd=within, dst_dir_fd=within)
    os.fsync(within)


def append_durably(within: int, name: str, content: str) -> None:
    """Add to a file that nobody reads yet."""
    descriptor = os.open(name, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW, dir_fd=within)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def read_text(within: int, name: str) -> str | None:
    """The end of the file (`TAIL_BYTES_MAX`), which for ours is all of it; None where there is none."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=within)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        file.seek(max(0, os.fstat(descriptor).st_size - TAIL_BYTES_MAX))
        return file.read(TAIL_BYTES_MAX).decode("utf-8", "replace")


def _hand_over(descriptor: int, account: Account) -> None:
    if account.switched:
        os.fchown(descriptor, account.uid, account.gid)
