"""What a long-running process of ours owes the one that started it, and the system."""

import os
import resource
import signal
import sys
import threading
import time
from types import FrameType
from typing import Final

PARENT_VARIABLE: Final = "LEADBACK_PARENT_PID"
LOOK_SECONDS: Final = 0.2
EXIT_ORPHANED: Final = 70
OPEN_FILES_WANTED: Final = 65_536


def has_parent() -> bool:
    """Whether a `leadback serve` started this process."""
    return PARENT_VARIABLE in os.environ


def end_with_parent() -> None:
    """From now on end at once, within a second, when the process named by `PARENT_VARIABLE` is no longer our parent.

    Nothing is done where the variable is missing: then nobody's fate is ours. A thread looks, not the event loop,
    which may be busy; and no signal on the parent's death is asked for, since Linux alone has it and sends it when
    the thread ends that started us.
    """
    parent = os.environ.get(PARENT_VARIABLE)
    if parent is not None:
        threading.Thread(target=_watch, args=(int(parent),), name="parent watch", daemon=True).start()


def unwind_on_stop() -> None:
    """Let SIGTERM leave every open context, as Ctrl-C does: else it would leave a database of ours running."""
    signal.signal(signal.SIGTERM, _leave)


def leave_stopping_to_parent() -> None:
    """Ignore what a terminal tells all its processes: the parent alone decides when, and in which order, they stop."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def forget_handlers_in_forks() -> None:
    """Let a process forked from here end on a signal until it has handlers of its own, in place of running ours."""
    os.register_at_fork(after_in_child=_forget_handlers)


def allow_open_files() -> None:
    """Raise our limit of open files as far as the administrator's allows: every connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES_WANTED if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES_WANTED)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _watch(parent_pid: int) -> None:
    while os.getppid() == parent_pid:
        time.sleep(LOOK_SECONDS)
    # No clean-up: an orphan must not hold the port and the database a moment longer than it takes to notice.
    os._exit(EXIT_ORPHANED)


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


def _forget_handlers() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
