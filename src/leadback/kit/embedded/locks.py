"""Locks on files that a crash releases and no forked child keeps."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_open_locks: Final[set[int]] = set()


def _close_in_child() -> None:
    # A lock belongs to the open file, which a fork shares: without this a forked child that outlives
    # a killed parent would hold the parent's locks. Programs we start are covered by close-on-exec.
    for descriptor in _open_locks:
        os.close(descriptor)
    _open_locks.clear()


os.register_at_fork(after_in_child=_close_in_child)


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """The lock file, not locked yet; closing it releases what this opening holds unless a program inherited it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    _open_locks.add(descriptor)
    try:
        yield descriptor
    finally:
        if descriptor in _open_locks:
            _open_locks.discard(descriptor)
            os.close(descriptor)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Wait until nobody else holds the lock, then hold it alone."""
    with opened(path) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def share(descriptor: int) -> None:
    """Hold the lock beside others who share it."""
    fcntl.flock(descriptor, fcntl.LOCK_SH)


def try_exclusive(descriptor: int) -> bool:
    """Hold the lock alone, or False when somebody else holds it; a share held before may be lost then."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
