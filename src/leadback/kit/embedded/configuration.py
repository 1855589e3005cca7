"""The settings PostgreSQL runs with; an operator's own go into another file of `conf.d`, later in the alphabet."""

from pathlib import Path
from typing import Final

from leadback.kit.embedded.account import Account
from leadback.kit.embedded.files import made_directory, read_text, write_durably

DIRECTORY: Final = "conf.d"
FILE: Final = "leadback.conf"
INCLUDE: Final = f"\n# Leadback's settings, and yours beside them.\ninclude_dir = '{DIRECTORY}'\n"
PORT: Final = 5432
"""Only a part of the socket's name: TCP is off."""

_TEXT: Final = """\
# Written by Leadback at every start. Your own settings: another file here, later in the alphabet.

# Reached through one socket in a directory only the server's account can enter.
listen_addresses = ''
port = {port}
unix_socket_directories = '{socket_dir}'
unix_socket_permissions = 0700
password_encryption = 'scram-sha-256'
max_connections = 100

# An answered update is on the disk.
fsync = on
synchronous_commit = on
full_page_writes = on

shared_buffers = '128MB'
# A checkpoint every ten minutes rather than every few seconds under load, for 2 GB of disk.
max_wal_size = '2GB'
checkpoint_timeout = '10min'
# Compiling costs more than our short statements take.
jit = off

timezone = 'UTC'
log_timezone = 'UTC'

# One file a weekday, begun afresh each week. Terse and without statements: both would show keys and values.
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%u.log'
log_file_mode = 0600
log_rotation_age = '1d'
log_rotation_size = 0
log_truncate_on_rotation = on
log_line_prefix = '%m [%p] %u@%d '
log_error_verbosity = 'terse'
log_min_error_statement = 'panic'
log_statement = 'none'
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
"""


def write_configuration(pgdata: int, socket_dir: Path, account: Account) -> None:
    """Bring `conf.d/leadback.conf` under the directory `pgdata` to what this version wants."""
    text = _TEXT.format(port=PORT, socket_dir=str(socket_dir).replace("'", "''"))
    with made_directory(DIRECTORY, account, within=pgdata) as within:
        if read_text(within, FILE) != text:
            write_durably(within, FILE, text, account)
