"""Keeping the embedded PostgreSQL alive while `leadback serve` runs: one that was killed is started again."""

import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import structlog

from leadback.kit.embedded import embedded_database
from leadback.kit.embedded.postmaster import find_postmaster
from leadback.kit.errors import Refused

LOOK_SECONDS: Final = 1.0
STOP_SECONDS_MAX: Final = 30.0

log = structlog.get_logger(__name__)


class DatabaseKeeper:
    """Looks every second whether the server is there, while somebody else holds the data directory."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="database keeper", daemon=True)

    def start(self) -> None:
        """Begin to look, unless stopped before."""
        if not self._stopping.is_set():
            self._thread.start()

    def stop(self) -> None:
        """Look no more; what was started is the holder's again."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS_MAX)

    def _keep(self) -> None:
        with ExitStack() as held:
            while not self._stopping.wait(LOOK_SECONDS):
                if find_postmaster(self._data_dir / "postgres") is not None:
                    continue
                log.error("database died", data_dir=str(self._data_dir))
                # The directory has another holder, so this stops nothing.
                held.close()
                try:
                    held.enter_context(embedded_database(self._data_dir))
                    log.warning("database started again", data_dir=str(self._data_dir))
                except Refused as error:
                    log.error("database did not start", reason=str(error))
