"""The embedded database, tried with real servers, real kills and real accounts."""

import logging
import os
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from leadback.kit.embedded import embedded_database
from tests.kit.embedded_support import (
    FORK,
    HOLD,
    as_root,
    ask,
    child,
    first_line,
    is_alive,
    leave,
    live_servers,
    save,
    saved,
    wait_for,
)

NOBODY = 65534
OTHER_VERSIONS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def test_the_last_of_two_users_stops_it_and_the_next_start_finds_the_data(data_dir: Path) -> None:
    with embedded_database(data_dir) as first:
        with embedded_database(data_dir) as second:
            assert second == first
            save(second, "kept")
        assert len(live_servers(data_dir)) == 1
        assert saved(first) == "kept"
    assert live_servers(data_dir) == []
    assert not first.socket_dir.exists()
    with embedded_database(data_dir) as again:
        assert again == first
        assert saved(again) == "kept"


def test_two_first_starts_at_once_share_one_server(data_dir: Path) -> None:
    with child(HOLD, data_dir) as one, child(HOLD, data_dir) as other:
        assert ask(first_line(one), "SELECT 1") == (1,)
        assert ask(first_line(other), "SELECT 1") == (1,)
        assert len(live_servers(data_dir)) == 1
        leave(one)
        assert len(live_servers(data_dir)) == 1
        leave(other)
    assert live_servers(data_dir) == []


def test_a_server_whose_user_was_killed_is_joined_and_then_stopped(made_dir: Path) -> None:
    with child(HOLD, made_dir) as holder:
        first_line(holder)
        servers = live_servers(made_dir)
        holder.kill()
        holder.wait()
    assert live_servers(made_dir) == servers
    with embedded_database(made_dir) as database:
        assert live_servers(made_dir) == servers
        save(database, "kept")
    assert live_servers(made_dir) == []
    with embedded_database(made_dir) as database:
        assert saved(database) == "kept"


def test_a_commit_survives_the_kill_of_server_and_user(made_dir: Path) -> None:
    with child(HOLD, made_dir) as holder:
        first_line(holder)
        with embedded_database(made_dir) as database:
            save(database, "committed")
            holder.kill()
            for pid in live_servers(made_dir):
                os.kill(pid, signal.SIGKILL)
    assert live_servers(made_dir) == []
    with embedded_database(made_dir) as database:
        assert saved(database) == "committed"
    assert live_servers(made_dir) == []


def test_a_killed_server_is_started_again_while_another_user_remains(made_dir: Path) -> None:
    with embedded_database(made_dir) as first:
        save(first, "committed")
        os.kill(live_servers(made_dir)[0], signal.SIGKILL)
        with embedded_database(made_dir) as second:
            assert saved(second) == "committed"
        assert saved(first) == "committed"
    assert live_servers(made_dir) == []


@pytest.mark.parametrize("is_whole", [True, False], ids=["whole pid file", "torn pid file"])
def test_a_reused_process_id_is_neither_taken_for_the_server_nor_killed(made_dir: Path, is_whole: bool) -> None:
    with embedded_database(made_dir) as database:
        save(database, "kept")
        pid_file = made_dir / "postgres" / "postmaster.pid"
        left_behind = pid_file.read_text()
        owner = pid_file.stat().st_uid
        socket_lock = database.socket_dir / ".s.PGSQL.5432.lock"
        socket_lock_left_behind = socket_lock.read_text()
    with subprocess.Popen(["sleep", "600"], user=owner if os.geteuid() == 0 else None) as stranger:
        try:
            for file, text in ((pid_file, left_behind), (socket_lock, socket_lock_left_behind)):
                file.parent.mkdir(mode=0o700, exist_ok=True)
                _, _, rest = text.partition("\n")
                file.write_text(f"{stranger.pid}\n{rest}" if is_whole else "")
            with embedded_database(made_dir) as database:
                assert saved(database) == "kept"
            assert stranger.poll() is None
            assert live_servers(made_dir) == []
        finally:
            stranger.kill()


def test_a_first_start_killed_in_the_middle_is_made_good(data_dir: Path) -> None:
    with child(HOLD, data_dir) as holder:
        wait_for((data_dir / "postgres.new" / "data" / "global").exists)
        holder.kill()
        holder.wait()
    assert not (data_dir / "postgres").exists()
    with embedded_database(data_dir) as database:
        assert ask(database.app_url, "SELECT 1") == (1,)
        assert not (data_dir / "postgres.new").exists()
    assert live_servers(data_dir) == []


def test_a_process_forked_inside_neither_stops_the_server_nor_keeps_it(made_dir: Path) -> None:
    with child(FORK, made_dir) as holder:
        orphan = int(first_line(holder))
        holder.kill()
        holder.wait()
        try:
            with embedded_database(made_dir) as database:
                assert ask(database.app_url, "SELECT 1") == (1,)
            assert is_alive(orphan)
            assert live_servers(made_dir) == []
        finally:
            os.kill(orphan, signal.SIGKILL)


def test_a_path_longer_than_a_socket_may_have_works(data_dir: Path) -> None:
    long = data_dir / ("a long name's " * 10) / ("ä" * 80)
    assert len(os.fsencode(long)) > 250
    with embedded_database(long) as database:
        assert ask(database.app_url, "SELECT 1") == (1,)
        assert len(os.fsencode(database.socket_dir / ".s.PGSQL.5432")) < 100
    assert live_servers(long) == []


def test_a_made_directory_can_be_moved_and_reached_through_a_link(made_dir: Path) -> None:
    with embedded_database(made_dir) as database:
        save(database, "kept")
    moved = made_dir.rename(made_dir.with_name("moved"))
    made_dir.symlink_to(moved)
    with embedded_database(made_dir) as through_link, embedded_database(moved) as direct:
        assert through_link == direct
        assert saved(direct) == "kept"
    assert live_servers(moved) == []


@as_root
def test_as_root_the_server_runs_as_somebody_else_below_a_private_parent(
    data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    private = data_dir.parent / "private"
    private.mkdir(mode=0o700)
    with caplog.at_level(logging.WARNING), embedded_database(private / "data"):
        assert Path(f"/proc/{live_servers(private / 'data')[0]}").stat().st_uid != 0
        assert stat.S_IMODE(private.stat().st_mode) == 0o701
    assert [record.getMessage() for record in caplog.records if f" {private} " in record.getMessage()]
    caplog.clear()
    with embedded_database(private / "data"):
        assert caplog.records == []


@as_root
def test_as_another_user_it_runs_as_oneself(data_dir: Path) -> None:
    data_dir.parent.chmod(0o700)
    os.chown(data_dir.parent, NOBODY, NOBODY)
    with child(HOLD, data_dir, NOBODY) as holder:
        first_line(holder)
        assert Path(f"/proc/{live_servers(data_dir)[0]}").stat().st_uid == NOBODY
        assert {path.stat().st_uid for path in data_dir.rglob("*") if not path.is_socket()} == {NOBODY}
        assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
        leave(holder)
    assert live_servers(data_dir) == []
    assert stat.S_IMODE(data_dir.parent.stat().st_mode) == 0o700


@pytest.mark.skipif(not OTHER_VERSIONS, reason="no other PostgreSQL is installed")
@pytest.mark.parametrize("binaries", OTHER_VERSIONS, ids=str)
def test_it_runs_other_versions_too(data_dir: Path, binaries: Path) -> None:
    with embedded_database(data_dir, binaries=binaries) as database:
        save(database, "kept")
        version = ask(database.app_url, "SHOW server_version")[0]
    assert version.startswith(binaries.parent.name)
    with embedded_database(data_dir, binaries=binaries) as database:
        assert saved(database) == "kept"
