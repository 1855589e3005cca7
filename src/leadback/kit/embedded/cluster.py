"""One PostgreSQL data directory and the server on it: found running, or started; and stopped."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg

from leadback.kit.embedded.account import Account
from leadback.kit.embedded.configuration import PORT, write_configuration
from leadback.kit.embedded.files import directory, read_text
from leadback.kit.embedded.initialise import initialise, remove_half_made
from leadback.kit.embedded.locks import opened, try_exclusive
from leadback.kit.embedded.passwords import SUPERUSER
from leadback.kit.embedded.postmaster import disarm_stale_pid_file, find_postmaster
from leadback.kit.embedded.programs import major_version, run
from leadback.kit.embedded.server_log import DIRECTORY, START_FILE, last_lines, tidy_log
from leadback.kit.embedded.socket_dir import remove_socket_dir, remove_stale_sockets, secure_socket_dir, socket_dir_of
from leadback.kit.errors import Refused

SERVER_LOCK: Final = "postgres.lock"
"""Inherited by every PostgreSQL process we start: whoever can take it knows that none of them is alive."""
START_SECONDS_MAX: Final = 300
STOP_SECONDS_MAX: Final = 300
POLL_SECONDS: Final = 0.05
CONNECT_SECONDS_MAX: Final = 10

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Where the server's files are and as whom it runs. `start` and `stop` are called under the start lock."""

    data_dir: Path
    programs: Path
    account: Account

    @property
    def pgdata(self) -> Path:
        """PostgreSQL's own directory."""
        return self.data_dir / "postgres"

    @property
    def socket_dir(self) -> Path:
        """Where the server listens."""
        return socket_dir_of(self.data_dir, self.account)

    def is_new(self) -> bool:
        """Nothing was ever stored here; raises `Refused` when something else stands in the place."""
        try:
            owner = self.pgdata.stat().st_uid
        except FileNotFoundError:
            return True
        if not any(self.pgdata.iterdir()):
            return True
        if not (self.pgdata / "PG_VERSION").exists():
            raise Refused(f"{self.pgdata} is neither empty nor a PostgreSQL database: move it away.")
        if owner != self.account.uid:
            raise Refused(
                f"{self.pgdata} belongs to uid {owner}, and PostgreSQL would run as uid {self.account.uid}."
                f" Start Leadback as its owner, or: chown -R {self.account.uid} {self.pgdata}"
            )
        return False

    def url(self, role: str, database: str, password: str) -> str:
        """The libpq address of a database for a role."""
        host = quote(str(self.socket_dir), safe="")
        return f"postgresql://{role}:{quote(password, safe='')}@/{database}?host={host}&port={PORT}"

    @contextmanager
    def start(self, password: str) -> Iterator[psycopg.Connection]:
        """Start the server unless it runs, and give a superuser's connection to it."""
        secure_socket_dir(self.socket_dir, self.account)
        with self._reach(password) as connection:
            yield connection

    def stop(self) -> None:
        """Stop the server if it runs, and only it; log when it does not stop in time."""
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while self._is_alive():
            if time.monotonic() > deadline:
                logger.error("PostgreSQL in %s did not stop within %d s", self.pgdata, STOP_SECONDS_MAX)
                return
            # pg_ctl signals the process in the pid file, so that must be known to be the server.
            if find_postmaster(self.pgdata) is not None:
                self._pg_ctl("stop", "-m", "fast", seconds_max=STOP_SECONDS_MAX)
            time.sleep(POLL_SECONDS)
        remove_socket_dir(self.socket_dir, self.account)

    def _reach(self, password: str) -> psycopg.Connection:
        deadline = time.monotonic() + START_SECONDS_MAX
        said: str | None = None
        while True:
            # One that is alive need not be usable yet, or any more: it may be starting, or about to end.
            with opened(self.data_dir / SERVER_LOCK) as lock:
                if self._is_free(lock):
                    if said is not None:
                        raise Refused(f"PostgreSQL did not start: {said}\n{last_lines(self.pgdata)}")
                    said = self._launch(password, lock)
            try:
                return psycopg.connect(
                    self.url(SUPERUSER, "postgres", password), autocommit=True, connect_timeout=CONNECT_SECONDS_MAX
                )
            except psycopg.OperationalError as error:
                self._refuse_if_hopeless(error)
                if time.monotonic() > deadline:
                    raise Refused(f"PostgreSQL is not ready after {START_SECONDS_MAX} s: {error}") from error
            time.sleep(POLL_SECONDS)

    def _refuse_if_hopeless(self, error: psycopg.OperationalError) -> None:
        if "authentication failed" in str(error):
            raise Refused(f"{self.data_dir}/secrets does not belong to the database beside it: {error}") from error
        postmaster = find_postmaster(self.pgdata)
        if postmaster and postmaster.ready and not (self.socket_dir / f".s.PGSQL.{PORT}").exists():
            raise Refused(
                f"PostgreSQL runs (process {postmaster.pid}), but its socket in {self.socket_dir} is gone or hidden"
                " from this process (a private /tmp). Stop every Leadback process on this directory and start again."
            ) from error

    def _launch(self, password: str, lock: int) -> str:
        """Make the database if it is new, start the server, and return what pg_ctl said."""
        remove_half_made(self.data_dir)
        version = major_version(self.programs, self.account)
        if self.is_new():
            initialise(
                self.pgdata,
                programs=self.programs,
                version=version,
                account=self.account,
                password=password,
                socket_dir=self.socket_dir,
                lock=lock,
            )
        with directory(self.pgdata) as within:
            made_by = (read_text(within, "PG_VERSION") or "").strip()
        if made_by != str(version):
            raise Refused(
                f"{self.pgdata} was made by PostgreSQL {made_by}, and {self.programs} is PostgreSQL {version}: start"
                " it with the Leadback that made it, export the database, and import it into a new directory."
            )
        disarm_stale_pid_file(self.pgdata, self.account)
        remove_stale_sockets(self.socket_dir)
        with directory(self.pgdata) as within:
            write_configuration(within, self.socket_dir, self.account)
            tidy_log(within, self.account)
        log = self.pgdata / DIRECTORY / START_FILE
        return self._pg_ctl("start", "-l", str(log), seconds_max=START_SECONDS_MAX, lock=lock)

    def _pg_ctl(self, *arguments: str, seconds_max: int, lock: int | None = None) -> str:
        arguments = (*arguments, "-D", str(self.pgdata), "-s", "-w", "-t", str(seconds_max))
        result = run(self.programs / "pg_ctl", arguments, account=self.account, directory=self.pgdata, lock=lock)
        return result.stdout.strip()

    def _is_alive(self) -> bool:
        with opened(self.data_dir / SERVER_LOCK) as lock:
            return not self._is_free(lock)

    def _is_free(self, lock: int) -> bool:
        # The second question is for a server that somebody started by hand, which has no lock of ours.
        return try_exclusive(lock) and find_postmaster(self.pgdata) is None
