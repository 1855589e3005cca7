"""The two programs that measure: wrk, which calls the product by HTTP, and pgbench, which comes with PostgreSQL."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from bench.processor_time import seconds_used
from bench.world import BUYERS, World
from leadback.kit.embedded.programs import find_programs
from leadback.kit.errors import Refused

HERE: Final = Path(__file__).parent
SPARE_SECONDS: Final = 60
THREADS_MAX: Final = 2

# As the product's own transactions: plans made once for any network, look-ups by index.
SESSION: Final = "-c timezone=UTC -c plan_cache_mode=force_generic_plan -c random_page_cost=1.1"


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One round of either program."""

    per_second: float
    mean_ms: float
    processor_us: float
    """Processor time of everything that took part, for one update."""
    p50_ms: float = 0.0
    """pgbench tells no percentiles."""
    p99_ms: float = 0.0
    sent: int = 0
    succeeded: int = 0


class _Told(msgspec.Struct, frozen=True):
    """The line that the script of wrk ends with."""

    sent: int
    succeeded: int
    answers: int
    microseconds: int
    lost: int
    mean_us: float
    p50_us: int
    p99_us: int
    example: str


def find_wrk() -> str:
    """Where wrk is; `Refused` says how to get it."""
    found = shutil.which("wrk")
    if found is None:
        raise Refused("The load generator wrk is not installed. Debian has it: apt-get install wrk")
    return found


def find_pgbench() -> Path:
    """The pgbench of the embedded PostgreSQL."""
    return find_programs(None) / "pgbench"


def run_wrk(world: World, url: str, *, callers: int, seconds: int, seed: int) -> Measured:
    """UpdateLead for so long; `Refused` unless every answer was a success."""
    script = str(HERE / "update_lead.lua")
    options = ("-t1", f"-c{callers}", f"-d{seconds}s", "--timeout", "30s", "-s", script)
    before = seconds_used(world.data_dir)
    output = _run(
        [find_wrk(), *options, url, "--", str(world.sales), str(seed), *world.keys], seconds=seconds, environment={}
    )
    told = msgspec.json.decode(output.strip().rpartition("\n")[2], type=_Told)
    if told.lost or told.succeeded != told.answers or not told.answers:
        raise Refused(
            f"{told.answers} answers, {told.succeeded} of them success, {told.lost} connections lost: {told.example}"
        )
    return Measured(
        per_second=told.answers / told.microseconds * 1e6,
        mean_ms=told.mean_us / 1000,
        processor_us=(seconds_used(world.data_dir) - before) * 1e6 / told.answers,
        p50_ms=told.p50_us / 1000,
        p99_ms=told.p99_us / 1000,
        sent=told.sent,
        succeeded=told.succeeded,
    )


def run_pgbench(world: World, *, callers: int, seconds: int) -> Measured:
    """The same writes, a transaction each, for so long; `Refused` unless every transaction committed."""
    variables = {"sales": world.sales, "buyers": BUYERS, "network_id": world.network_id}
    defined = [f"--define={name}={value}" for name, value in variables.items()]
    options = (
        *("--no-vacuum", "--protocol=prepared", f"--client={callers}", f"--jobs={min(callers, THREADS_MAX)}"),
        *(f"--time={seconds}", f"--file={HERE / 'update_lead.sql'}", *defined),
    )
    before = seconds_used(world.data_dir)
    output = _run(
        [str(find_pgbench()), *options, world.yardstick_url],
        seconds=seconds,
        environment={"PGOPTIONS": f"{SESSION} -c app.network_id={world.network_id}"},
    )
    failed, done, latency, rate = (
        re.search(pattern, output, re.MULTILINE)
        for pattern in (
            r"^number of failed transactions: (\d+)",
            r"^number of transactions actually processed: (\d+)",
            r"^latency average = ([\d.]+) ms",
            r"^tps = ([\d.]+) ",
        )
    )
    if failed is None or failed[1] != "0" or done is None or latency is None or rate is None:
        raise Refused(f"pgbench did not commit every transaction:\n{output}")
    return Measured(
        per_second=float(rate[1]),
        mean_ms=float(latency[1]),
        processor_us=(seconds_used(world.data_dir) - before) * 1e6 / int(done[1]),
    )


def _run(command: Sequence[str], *, seconds: int, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds + SPARE_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise Refused(f"{Path(command[0]).name} ended with code {done.returncode}:\n{done.stdout}")
    return done.stdout
