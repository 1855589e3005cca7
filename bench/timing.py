"""`python -m bench.timing`: whether the time of an answer tells somebody else's lead from one that does not exist."""

import gc
import http.client
import itertools
import math
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlencode, urlsplit

import msgspec
import typer

from bench.product import serving
from bench.results import machine, table
from bench.world import BUYERS, World, prepared
from leadback.kit.errors import Refused

DIFFERENCE_MS_MAX: Final = 1.0
CHANCE_MIN: Final = 0.01
WARM_UP_PAIRS: Final = 200
OWN_CALLS: Final = 2
"""Before each call that is measured: who asks for more unknown leads than known ones is soon taken for guessing."""
ANSWER_SECONDS_MAX: Final = 30
CALLER: Final = 1
"""The buyer that asks; lead 10000000 + n is buyer 1 + n % BUYERS's."""
SERIES_TERMS: Final = 100

PATH: Final = "/buyers/api/1/leads.asmx/UpdateLead?"


class Found(msgspec.Struct, frozen=True):
    """Times in milliseconds, and what tells them apart."""

    unknown: tuple[float, ...]
    foreign: tuple[float, ...]

    @property
    def difference_ms(self) -> float:
        """By how much the median of a foreign lead is above that of an unknown one."""
        return statistics.median(self.foreign) - statistics.median(self.unknown)

    @property
    def chance(self) -> float:
        """How likely two samples of the same times would differ at least as much."""
        return kolmogorov_smirnov(self.unknown, self.foreign)[1]

    @property
    def reached(self) -> bool:
        """Whether nobody learns anything from the time."""
        return abs(self.difference_ms) < DIFFERENCE_MS_MAX and self.chance > CHANCE_MIN


class Asking:
    """A buyer on one connection of its own, which asks with an answer in between."""

    def __init__(self, url: str, key: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=ANSWER_SECONDS_MAX)
        self._key = key

    def ask(self, lead_id: str) -> tuple[bytes, float]:
        """The answer to an update of the lead, and how many milliseconds it took."""
        values = {
            "lead_id": lead_id,
            "buyer_contract_id": "0",
            "status": "",
            "sub_status": "",
            "amount": "0",
            "add_to_existing": "TRUE",
            "field_name": "",
            "field_value": "",
            "return_reason_id": "0",
        }
        path = PATH + urlencode(values)
        started = time.perf_counter_ns()
        self._connection.request("GET", path, headers={"X-Api-Key": self._key})
        answer = self._connection.getresponse().read()
        return answer, (time.perf_counter_ns() - started) / 1e6


def kolmogorov_smirnov(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """The greatest distance of two samples' distributions, and the chance of one so great where they are the same."""
    moments = sorted([(value, 1 / len(first)) for value in first] + [(value, -1 / len(second)) for value in second])
    apart = distance = 0.0
    for _, steps in itertools.groupby(moments, key=lambda moment: moment[0]):
        apart += sum(step for _, step in steps)
        distance = max(distance, abs(apart))
    scaled = math.sqrt(len(first) * len(second) / (len(first) + len(second))) * distance
    if scaled < 0.2:
        # The series takes too many terms here to say so itself.
        return distance, 1.0
    terms = ((-1) ** (term - 1) * math.exp(-2 * (term * scaled) ** 2) for term in range(1, SERIES_TERMS))
    return distance, min(1.0, max(0.0, 2 * sum(terms)))


def measure(world: World, url: str, pairs: int, seed: int) -> Found:
    """Ask for an unknown and a foreign lead by turns, either first, each after calls on own leads."""
    dice = random.Random(seed)  # noqa: S311 - chooses leads, hides nothing
    asking = Asking(url, world.keys[CALLER - 1])
    times: dict[str, list[float]] = {"unknown": [], "foreign": []}
    answers: set[bytes] = set()
    gc.disable()
    for pair in range(WARM_UP_PAIRS + pairs):
        for kind in dice.sample(sorted(times), 2):
            for _ in range(OWN_CALLS):
                own, _ = asking.ask(str(10_000_000 + dice.randrange(world.sales // BUYERS) * BUYERS + CALLER - 1))
                if b"<success>true<" not in own:
                    raise Refused(f"A call on a lead of its own was answered with:\n{own.decode()}")
            answer, milliseconds = asking.ask(_lead_of(kind, world, dice))
            answers.add(answer)
            if pair >= WARM_UP_PAIRS:
                times[kind].append(milliseconds)
    gc.enable()
    if len(answers) != 1 or b"Invalid Lead ID" not in (only := answers.pop()):
        raise Refused(f"The answers are not the same, or not what they should be:\n{only.decode()}")
    return Found(tuple(times["unknown"]), tuple(times["foreign"]))


def _lead_of(kind: str, world: World, dice: random.Random) -> str:
    """A lead of another buyer; one that does not exist is as long, and stands between two such in every index."""
    others = 1 + dice.randrange(BUYERS - 1)
    lead_id = str(10_000_000 + dice.randrange(world.sales // BUYERS) * BUYERS + (CALLER - 1 + others) % BUYERS)
    return lead_id if kind == "foreign" else f"{lead_id[:-1]}X"


def as_markdown(found: Found, facts: Mapping[str, str], command: str) -> str:
    """The page: how it was measured, and what came out."""
    distance, chance = kolmogorov_smirnov(found.unknown, found.foreign)
    outcome = (
        f"Target: the medians differ by less than {DIFFERENCE_MS_MAX:.0f} ms, and the chance that both are drawn from"
        f" the same times is above {CHANCE_MIN}. Measured: {found.difference_ms:+.3f} ms, D = {distance:.4f},"
        f" p = {chance:.3f}: **{'reached' if found.reached else 'missed'}**."
    )
    parts = [
        "# What the time of an answer tells",
        _HOW.format(pairs=len(found.unknown)),
        f"    {command}",
        table(["", ""], [[name, value] for name, value in facts.items()]),
        outcome,
        table(
            ["lead", "p5 ms", "p25 ms", "p50 ms", "p75 ms", "p95 ms", "p99 ms"],
            [["unknown", *_percentiles(found.unknown)], ["of another buyer", *_percentiles(found.foreign)]],
        ),
    ]
    return "\n\n".join(parts)


_HOW: Final = """\
Written by `make timing`. A buyer asks `leadback serve` over HTTP, on one connection, {pairs:,} times for a lead that
does not exist and as often for one that another buyer bought, by turns, either first, each a lead of its own that was
not asked for before. Before each come two calls on leads of the buyer's own, so that it is never taken for one that
guesses. All answers are the same to the byte. The times are compared by their medians and by the test of Kolmogorov and
Smirnov for two samples."""


def _percentiles(times: Sequence[float]) -> list[str]:
    cuts = statistics.quantiles(times, n=100)
    return [f"{cuts[percent - 1]:.3f}" for percent in (5, 25, 50, 75, 95, 99)]


def main(
    pairs: Annotated[int, typer.Option(min=100, help="How many leads of each kind.")] = 5_000,
    sales: Annotated[int, typer.Option(min=1_000, help="How many sales there are.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Which leads are asked for.")] = 1,
    results: Annotated[Path | None, typer.Option(help="The file to write the results to.")] = None,
) -> None:
    """Compare the times of answers to unknown leads and to other buyers' leads; exit code 1 where they differ."""
    load_before, *_ = os.getloadavg()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="leadback-timing-") as made_here,
            prepared(Path(made_here), sales) as world,
        ):
            with serving(world, None) as url:
                found = measure(world, url, pairs, seed)
            facts = machine(world, load_before)
    except Refused as error:
        print(f"timing: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
    command = f"python -m bench.timing --pairs {pairs} --sales {sales} --seed {seed}"
    if results is not None:
        results.write_text(as_markdown(found, facts, command) + "\n", encoding="utf-8")
    print(f"difference of medians {found.difference_ms:+.3f} ms, p = {found.chance:.3f}")
    if not found.reached:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
