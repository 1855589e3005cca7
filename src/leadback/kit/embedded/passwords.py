"""The passwords of the three roles, kept in files that only Leadback's own account can read."""

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from leadback.kit.embedded.files import directory, read_text, write_durably
from leadback.kit.embedded.roles import APP, OWNER
from leadback.kit.errors import Refused

SUPERUSER: Final = "postgres"
SECRETS: Final = "secrets"
PASSWORD_BYTES: Final = 32


def ensure_passwords(data_dir: Path, *, is_new: bool) -> Mapping[str, str]:
    """Password by role, made where missing; `is_new` says that there is no database yet.

    Raises `Refused` when there is a database and the superuser's password, without which nothing can be set right,
    is gone.
    """
    with suppress(FileExistsError):
        (data_dir / SECRETS).mkdir(mode=0o700)
    with directory(data_dir / SECRETS) as within:
        os.fchmod(within, 0o700)
        passwords = {}
        for role in (SUPERUSER, OWNER, APP):
            password = (read_text(within, role) or "").strip()
            if not password:
                if role == SUPERUSER and not is_new:
                    raise Refused(
                        f"{data_dir / SECRETS / role}, the password of the database beside it, is missing:"
                        " restore it from the backup."
                    )
                password = secrets.token_urlsafe(PASSWORD_BYTES)
                write_durably(within, role, password + "\n")
            passwords[role] = password
    with directory(data_dir) as parent:
        os.fsync(parent)
    return passwords
