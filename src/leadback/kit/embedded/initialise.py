"""A new data directory, which is either complete and on the disk or not there."""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

from leadback.kit.embedded.account import Account
from leadback.kit.embedded.configuration import INCLUDE, write_configuration
from leadback.kit.embedded.files import append_durably, directory, made_directory, write_durably
from leadback.kit.embedded.programs import run
from leadback.kit.errors import Refused

HALF_MADE: Final = "postgres.new"
BUILTIN_LOCALES_VERSION_MIN: Final = 17


def remove_half_made(data_dir: Path) -> None:
    """Remove what a first start that was killed left behind; nothing of it may be running."""
    with suppress(FileNotFoundError):
        shutil.rmtree(data_dir / HALF_MADE)


def initialise(
    pgdata: Path, *, programs: Path, version: int, account: Account, password: str, socket_dir: Path, lock: int
) -> None:
    """Make the data directory `pgdata` under another name and rename it when complete; initdb inherits `lock`."""
    half_made = pgdata.with_name(HALF_MADE)
    with directory(pgdata.parent) as parent, made_directory(HALF_MADE, account, within=parent) as work:
        write_durably(work, "password", password + "\n", account)
        arguments = [
            "--pgdata=data",
            "--username=postgres",
            "--pwfile=password",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            # The built-in locale sorts the same for ever; the C library's changes with the system.
            f"--locale-provider={'builtin' if version >= BUILTIN_LOCALES_VERSION_MIN else 'libc'}",
            "--locale=C.UTF-8",
            "--data-checksums",
        ]
        result = run(programs / "initdb", arguments, account=account, directory=half_made, lock=lock)
        if result.returncode != 0:
            raise Refused(f"The embedded database could not be made in {pgdata}:\n{result.stdout.strip()}")
        with directory("data", within=work) as made:
            append_durably(made, "postgresql.conf", INCLUDE)
            write_configuration(made, socket_dir, account)
            os.fsync(made)
        os.rename("data", pgdata.name, src_dir_fd=work, dst_dir_fd=parent)
        os.fsync(work)
        os.fsync(parent)
    remove_half_made(pgdata.parent)
