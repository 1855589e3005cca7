"""What kind of server the embedded database is: private, durable, silent about keys."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from leadback.kit.embedded import EmbeddedDatabase, embedded_database
from tests.kit.embedded_support import ask, live_servers, scratch_directory, wait_for

one_server = pytest.mark.xdist_group("embedded-server")


@pytest.fixture(scope="module")
def running() -> Iterator[EmbeddedDatabase]:
    with scratch_directory() as scratch, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEADBACK_SOMETHING", "secret")
        patch.setenv("PGDATABASE", "elsewhere")
        with embedded_database(scratch / "data") as database:
            yield database


@one_server
def test_the_app_role_is_bound_by_row_level_security_and_owns_nothing(running: EmbeddedDatabase) -> None:
    attributes = "rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication, rolcanlogin"
    query = f"SELECT current_user, {attributes} FROM pg_roles WHERE rolname = current_user"
    assert ask(running.app_url, query) == ("leadback_app", False, False, False, False, False, True)
    assert ask(running.migration_url, query) == ("leadback_owner", False, False, False, False, False, True)
    assert ask(running.superuser_url, query)[:2] == ("postgres", True)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(running.app_url, "CREATE TABLE mine ()")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        ask(running.app_url.replace("/leadback?", "/postgres?"), "SELECT 1")


@one_server
def test_the_owner_role_can_build_the_schema_and_the_database_is_utf_8(running: EmbeddedDatabase) -> None:
    ask(running.migration_url, "CREATE SCHEMA built CREATE TABLE made ()")
    ask(running.migration_url, "DROP SCHEMA built CASCADE")
    query = "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'leadback'"
    assert ask(running.app_url, query) == ("leadback_owner", "UTF8")


@one_server
def test_tcp_is_off_and_the_socket_is_private(running: EmbeddedDatabase) -> None:
    assert ask(running.superuser_url, "SHOW listen_addresses") == ("",)
    assert ask(running.superuser_url, "SHOW unix_socket_permissions") == ("0700",)
    assert stat.S_IMODE(running.socket_dir.stat().st_mode) == 0o700
    inodes = [str(entry.readlink()) for entry in Path(f"/proc/{live_servers(running.data_dir)[0]}/fd").iterdir()]
    tables = "".join(Path(f"/proc/net/{name}").read_text() for name in ("tcp", "tcp6") if Path("/proc/net").exists())
    sockets = [inode[8:-1] for inode in inodes if inode.startswith("socket:[")]
    assert sockets
    assert not [inode for inode in sockets if f" {inode} " in tables]


@one_server
def test_a_commit_is_on_the_disk_and_passwords_are_scrambled(running: EmbeddedDatabase) -> None:
    for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        assert ask(running.superuser_url, f"SHOW {setting}") == ("on",)
    assert ask(running.superuser_url, "SHOW TimeZone") == ("UTC",)
    query = "SELECT bool_and(rolpassword LIKE 'SCRAM-SHA-256$%') FROM pg_authid WHERE rolcanlogin"
    assert ask(running.superuser_url, query) == (True,)
    rules = "SELECT array_agg(DISTINCT auth_method) FROM pg_hba_file_rules"
    assert ask(running.superuser_url, rules) == (["scram-sha-256"],)


@one_server
def test_the_passwords_are_in_files_only_we_can_read(running: EmbeddedDatabase) -> None:
    secrets = running.data_dir / "secrets"
    assert (stat.S_IMODE(secrets.stat().st_mode), secrets.stat().st_uid) == (0o700, os.geteuid())
    passwords = []
    for file in secrets.iterdir():
        assert (stat.S_IMODE(file.stat().st_mode), file.stat().st_uid) == (0o600, os.geteuid())
        passwords.append(file.read_text().strip())
    assert len(set(passwords)) == 3
    assert not [password for password in passwords if password in repr(running)]


@one_server
def test_the_server_inherits_neither_our_environment_nor_our_locks_nor_our_terminal(running: EmbeddedDatabase) -> None:
    pid = live_servers(running.data_dir)[0]
    variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    names = {variable.partition(b"=")[0] for variable in variables} - {b""}
    # The last ones are set by pg_ctl and postgres themselves.
    own = {b"PWD", b"OLDPWD", b"PGDATA", b"PG_GRANDPARENT_PID", b"PGSYSCONFDIR", b"PGLOCALEDIR"}
    assert names <= {b"PATH", b"LC_ALL", b"TZ"} | own
    files = {str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    assert str(running.data_dir / "leadback.lock") not in files
    assert str(running.data_dir / "start.lock") not in files
    assert os.getsid(pid) != os.getsid(0)


@one_server
def test_the_log_shows_neither_statements_nor_keys(running: EmbeddedDatabase) -> None:
    ask(running.migration_url, "CREATE TABLE keyed (key text PRIMARY KEY)")
    for _ in range(2):
        try:
            ask(running.migration_url, "INSERT INTO keyed VALUES ('lbk_very_secret')")
        except psycopg.errors.UniqueViolation:
            break
    log = running.data_dir / "postgres" / "log"
    wait_for(lambda: "unique constraint" in "".join(file.read_text() for file in log.iterdir()))
    assert "very_secret" not in "".join(file.read_text() for file in log.iterdir())
