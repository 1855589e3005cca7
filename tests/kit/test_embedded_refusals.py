"""When the embedded database does not start, it says why and harms nothing."""

import os
from pathlib import Path

import pytest

from leadback.kit.embedded import embedded_database
from leadback.kit.errors import Refused
from tests.kit.embedded_support import as_root, ask, live_servers


@as_root
def test_it_refuses_a_database_of_another_account(made_dir: Path) -> None:
    os.chown(made_dir / "postgres", 4321, 4321)
    with pytest.raises(Refused, match="belongs to uid 4321"), embedded_database(made_dir):
        pass


@pytest.mark.parametrize("kind", ["link", "file", "open to others"])
def test_it_refuses_a_socket_directory_that_could_be_somebody_elses(made_dir: Path, kind: str) -> None:
    with embedded_database(made_dir) as database:
        socket_dir = database.socket_dir
    try:
        if kind == "link":
            (made_dir.parent / "elsewhere").mkdir(mode=0o700)
            socket_dir.symlink_to(made_dir.parent / "elsewhere")
        elif kind == "file":
            socket_dir.touch()
        else:
            socket_dir.mkdir()
            socket_dir.chmod(0o777)
        with pytest.raises(Refused, match=f"{socket_dir}.*Remove it"), embedded_database(made_dir):
            pass
        assert live_servers(made_dir) == []
    finally:
        socket_dir.rmdir() if socket_dir.is_dir() and not socket_dir.is_symlink() else socket_dir.unlink()


@as_root
def test_it_refuses_a_socket_directory_of_another_account(made_dir: Path) -> None:
    with embedded_database(made_dir) as database:
        pass
    database.socket_dir.mkdir(mode=0o700)
    try:
        os.chown(database.socket_dir, 4321, 4321)
        with pytest.raises(Refused, match="has owner 4321"), embedded_database(made_dir):
            pass
    finally:
        database.socket_dir.rmdir()


def test_it_says_so_when_the_socket_of_a_running_server_is_gone(made_dir: Path) -> None:
    with embedded_database(made_dir) as database:
        (database.socket_dir / ".s.PGSQL.5432").unlink()
        with pytest.raises(Refused, match=r"its socket in .* is gone"), embedded_database(made_dir):
            pass
        assert len(live_servers(made_dir)) == 1
    assert live_servers(made_dir) == []


def test_it_refuses_a_database_of_another_major_version(made_dir: Path) -> None:
    (made_dir / "postgres" / "PG_VERSION").write_text("14\n")
    with pytest.raises(Refused, match=r"made by PostgreSQL 14, and .* is PostgreSQL 18"), embedded_database(made_dir):
        pass


def test_it_refuses_a_directory_that_is_something_else(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir(parents=True)
    (data_dir / "postgres" / "thesis.txt").write_text("mine")
    with pytest.raises(Refused, match="neither empty nor a PostgreSQL database"), embedded_database(data_dir):
        pass
    assert (data_dir / "postgres" / "thesis.txt").read_text() == "mine"


def test_it_says_what_the_server_said_when_it_does_not_start(made_dir: Path) -> None:
    mine = made_dir / "postgres" / "conf.d" / "mine.conf"
    mine.write_text("nonsense = 1\n")
    mine.chmod(0o644)
    with pytest.raises(Refused, match='unrecognized configuration parameter "nonsense"'), embedded_database(made_dir):
        pass
    mine.unlink()
    with embedded_database(made_dir) as database:
        assert ask(database.app_url, "SELECT 1") == (1,)


def test_it_refuses_when_the_superusers_password_is_lost_or_wrong(made_dir: Path) -> None:
    (made_dir / "secrets" / "postgres").write_text("another\n")
    with pytest.raises(Refused, match="does not belong to the database"), embedded_database(made_dir):
        pass
    assert live_servers(made_dir) == []
    (made_dir / "secrets" / "postgres").unlink()
    with pytest.raises(Refused, match="restore it from the backup"), embedded_database(made_dir):
        pass


def test_lost_passwords_of_the_two_roles_are_set_anew(made_dir: Path) -> None:
    for role in ("leadback_app", "leadback_owner"):
        (made_dir / "secrets" / role).unlink()
    with embedded_database(made_dir) as database:
        assert ask(database.app_url, "SELECT 1") == (1,)
        assert ask(database.migration_url, "SELECT 1") == (1,)


def test_it_says_what_to_do_without_the_programs(data_dir: Path) -> None:
    nowhere = data_dir.parent
    with (
        pytest.raises(Refused, match=r"initdb, pg_ctl, postgres.*LEADBACK_DATABASE_URL"),
        embedded_database(data_dir, binaries=nowhere),
    ):
        pass


def test_it_refuses_a_path_that_a_shell_would_act_on(data_dir: Path) -> None:
    with pytest.raises(Refused, match="cannot have"), embedded_database(data_dir / "$HOME"):
        pass
