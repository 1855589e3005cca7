"""The background worker as a child of `leadback serve`: started, restarted when it dies, stopped."""

import subprocess
import sys
import threading
import time
from typing import Final

import structlog

# -P: a directory one happens to stand in must not be searched for modules.
COMMAND: Final = (sys.executable, "-P", "-m", "leadback", "work")

PAUSE_SECONDS_MIN: Final = 0.5
PAUSE_SECONDS_MAX: Final = 30.0
STEADY_SECONDS: Final = 60.0
STOP_SECONDS_MAX: Final = 15.0

log = structlog.get_logger(__name__)


class BackgroundWorker:
    """One process that runs `leadback work`, with its settings from our environment."""

    def __init__(self) -> None:
        self._thread = threading.Thread(target=self._keep_running, name="background worker", daemon=True)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, unless stopped before."""
        with self._lock:
            if not self._stopping.is_set():
                self._thread.start()

    def stop(self) -> None:
        """Let it finish what it does, for `STOP_SECONDS_MAX` at most."""
        with self._lock:
            self._stopping.set()
            process = self._process
        if process is not None:
            process.terminate()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS_MAX)
        if self._thread.is_alive() and process is not None:
            log.warning("background worker killed", pid=process.pid)
            process.kill()
            self._thread.join()

    def _keep_running(self) -> None:
        pause = PAUSE_SECONDS_MIN
        while (process := self._spawn()) is not None:
            started = time.monotonic()
            exit_code = process.wait()
            if self._stopping.is_set():
                return
            if time.monotonic() - started > STEADY_SECONDS:
                pause = PAUSE_SECONDS_MIN
            log.error("background worker died", pid=process.pid, exit_code=exit_code, restart_seconds=pause)
            self._stopping.wait(pause)
            pause = min(pause * 2, PAUSE_SECONDS_MAX)

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            # A session of its own: Ctrl-C is for us, and we stop it in our own time.
            self._process = subprocess.Popen(COMMAND, stdin=subprocess.DEVNULL, start_new_session=True)
            return self._process
