"""The measure beside pgbench, made small: it runs, its books add up, and it says what it misses."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import skip_or_fail

ROOT = Path(__file__).parents[2]
SMALL = ("--sales", "2000", "--rounds", "1", "--seconds", "3", "--page-requests", "2")
SECONDS_MAX = 240


def bench(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """`python -m bench` as `make bench` runs it."""
    command = [sys.executable, "-m", "bench", *arguments]
    environment = dict(os.environ) if path is None else os.environ | {"PATH": path}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            output, errors = process.communicate(timeout=SECONDS_MAX)
        except subprocess.TimeoutExpired:
            # Killed, it would leave its server running.
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate()
            pytest.fail(f"not done in {SECONDS_MAX} s: {errors}")
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def test_it_says_how_to_get_the_load_generator(tmp_path: Path) -> None:
    done = bench(*SMALL, path=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr == "bench: The load generator wrk is not installed. Debian has it: apt-get install wrk\n"


@pytest.mark.timeout(SECONDS_MAX + 60)
def test_it_measures_both_and_finds_every_answer_in_the_ledger(tmp_path: Path) -> None:
    if shutil.which("wrk") is None:
        skip_or_fail("wrk is not on this machine (Debian: wrk)")
    results = tmp_path / "RESULTS.md"
    done = bench(*SMALL, "--results", str(results))
    assert done.returncode == 0, done.stderr
    report, many, one = done.stdout.splitlines()
    assert "target p50 under 300 ms" in report
    assert "64 connections" in many and ", ratio " in many
    assert "1 connection" in one and ", ratio " in one
    page = results.read_text()
    assert "fsync = on, synchronous_commit = on, full_page_writes = on" in page
    assert page.count("| median |") == 2
    assert "| Buyer Reporting |" in page
