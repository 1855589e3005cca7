"""The PostgreSQL that comes with Leadback: made on first use, shared by every process, stopped by the last one out."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg

from leadback.kit.embedded.account import let_through, server_account
from leadback.kit.embedded.cluster import Cluster
from leadback.kit.embedded.locks import exclusive, opened, share, try_exclusive
from leadback.kit.embedded.passwords import SUPERUSER, ensure_passwords
from leadback.kit.embedded.programs import find_programs
from leadback.kit.embedded.roles import APP, DATABASE, OWNER, ensure_roles
from leadback.kit.errors import Refused

USE_LOCK = "leadback.lock"
START_LOCK = "start.lock"
# pg_ctl puts the path between double quotes into a shell's command.
_UNSPEAKABLE: Final = re.compile(r'["$`\\\x00-\x1f]')


@dataclass(frozen=True, kw_only=True)
class EmbeddedDatabase:
    """A running server and the addresses of its database `leadback`, one for each role."""

    # The addresses hold passwords and must not reach a log by way of repr().
    app_url: str = field(repr=False)
    migration_url: str = field(repr=False)
    superuser_url: str = field(repr=False)
    socket_dir: Path
    data_dir: Path


@contextmanager
def embedded_database(data_dir: Path, *, binaries: Path | None = None) -> Iterator[EmbeddedDatabase]:
    """Run PostgreSQL in `data_dir`, or join the one that runs there, for as long as the context is open.

    `binaries` is the directory of `initdb`, `pg_ctl` and `postgres`; by default the wheel's. Blocks while another
    process starts or stops the same database. Raises `Refused` when it cannot run.
    """
    with ExitStack() as held:
        try:
            cluster = _cluster(data_dir, binaries)
            use_lock = held.enter_context(opened(cluster.data_dir / USE_LOCK))
        except OSError as error:
            raise _unusable(data_dir, error) from error
        holder_pid = os.getpid()
        try:
            yield _join(cluster, use_lock)
        finally:
            # A process forked inside the context unwinds it too: the server is not its to stop.
            if os.getpid() == holder_pid:
                _leave(cluster, use_lock)


def _cluster(data_dir: Path, binaries: Path | None) -> Cluster:
    account = server_account()
    data_dir = data_dir.resolve()
    if _UNSPEAKABLE.search(str(data_dir)):
        raise Refused(f"{data_dir}: a data directory's path cannot have \\ $ ` \" or control characters.")
    # As root the server's account must pass through, but need not list.
    data_dir.mkdir(mode=0o711 if account.switched else 0o700, parents=True, exist_ok=True)
    programs = find_programs(binaries)
    if account.switched:
        let_through(account, data_dir)
        let_through(account, programs)
    return Cluster(data_dir=data_dir, programs=programs, account=account)


def _join(cluster: Cluster, use_lock: int) -> EmbeddedDatabase:
    try:
        with exclusive(cluster.data_dir / START_LOCK):
            share(use_lock)
            passwords = ensure_passwords(cluster.data_dir, is_new=cluster.is_new())
            with cluster.start(passwords[SUPERUSER]) as connection:
                ensure_roles(connection, passwords)
    except (OSError, psycopg.Error, subprocess.TimeoutExpired) as error:
        raise _unusable(cluster.data_dir, error) from error
    return EmbeddedDatabase(
        app_url=cluster.url(APP, DATABASE, passwords[APP]),
        migration_url=cluster.url(OWNER, DATABASE, passwords[OWNER]),
        superuser_url=cluster.url(SUPERUSER, DATABASE, passwords[SUPERUSER]),
        socket_dir=cluster.socket_dir,
        data_dir=cluster.data_dir,
    )


def _leave(cluster: Cluster, use_lock: int) -> None:
    with exclusive(cluster.data_dir / START_LOCK):
        # The use lock is only ever taken under the start lock, so nobody can come in between.
        if try_exclusive(use_lock):
            cluster.stop()


def _unusable(data_dir: Path, error: Exception) -> Refused:
    return Refused(f"The embedded database in {data_dir} cannot be used: {error}")
