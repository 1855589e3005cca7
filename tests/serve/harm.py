"""What a server has to live with: its database stopped, or killed under it."""

import os
import signal
from contextlib import suppress
from pathlib import Path

from tests.kit.embedded_support import ask, is_alive, live_servers, wait_for
from tests.support.program import children_of
from tests.support.server import Addresses


def newest_job_worker(addresses: Addresses) -> int:
    """The number of the worker that came to the job queue last; each takes a higher one."""
    number: int = ask(addresses.owner, "SELECT coalesce(max(id), 0) FROM jobs.procrastinate_workers")[0]
    return number


def stop_database(data_dir: Path) -> None:
    """Stop the PostgreSQL of a data directory behind the back of whoever uses it."""
    (pid,) = live_servers(data_dir)
    os.kill(pid, signal.SIGINT)
    wait_for(lambda: not is_alive(pid))


def kill_database(data_dir: Path) -> int:
    """End the PostgreSQL of a data directory as a power cut would, all its processes at once; which it was."""
    (postmaster,) = live_servers(data_dir)
    # Stopped first, so that it cannot replace or tidy up what is killed before it.
    os.kill(postmaster, signal.SIGSTOP)
    for pid in [*children_of(postmaster), postmaster]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return postmaster
