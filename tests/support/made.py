"""An embedded database that was made before: copied in a tenth of the time that making one takes."""

import fcntl
import subprocess
from pathlib import Path

from leadback.kit.embedded import embedded_database
from leadback.kit.schema import migrate


def copy_made(template: Path, data_dir: Path) -> None:
    """A stopped, migrated database without networks in `data_dir`; made in `template` by the first who asks."""
    template.mkdir(mode=0o755, exist_ok=True)
    with (template / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (template / "made").exists():
            with embedded_database(template / "data") as database:
                migrate(database.migration_url)
            (template / "made").touch()
    # With owners and modes: PostgreSQL looks at both.
    subprocess.run(["cp", "-a", template / "data", data_dir], check=True)
