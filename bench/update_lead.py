"""UpdateLead over HTTP beside pgbench doing the same writes, by turns: many callers at once, and one alone."""

import secrets
import statistics
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from bench.product import check_books, checkpoint, ledger_rows, serving
from bench.programs import Measured, run_pgbench, run_wrk
from bench.world import World
from leadback.kit.errors import Refused

CALLERS: Final = 64
WARM_UP_SECONDS: Final = 2
RATE_RATIO_MIN: Final = 1.2
P99_MS_MAX: Final = 50.0
LATENCY_RATIO_MAX: Final = 2.5


class Plan(msgspec.Struct, frozen=True):
    """How long and how often."""

    rounds: int
    seconds: int
    web_workers: int | None
    """None: as many as `leadback serve` starts by itself."""


class Pair(msgspec.Struct, frozen=True):
    """One round: the product, and pgbench beside it in time."""

    product: Measured
    yardstick: Measured


class Row(msgspec.Struct, frozen=True):
    """One line of the targets, and what was measured for it."""

    title: str
    target: str
    pairs: tuple[Pair, ...]
    ratio: float
    """The median of the rounds' own ratios: what else the machine did then weighed on both."""
    reached: bool

    @property
    def processor_ratio(self) -> float:
        """The same of the processor time that one update takes: how many times ours pgbench's is."""
        return statistics.median(pair.yardstick.processor_us / pair.product.processor_us for pair in self.pairs)


def measure(world: World, plan: Plan, tell: Callable[[str], None]) -> list[Row]:
    """Both lines; `Refused` where an answer was no success, or the books do not add up afterwards."""
    many = tuple(_rounds(world, plan, CALLERS, tell))
    one = tuple(_rounds(world, plan, 1, tell))
    check_books(world)
    rate = statistics.median(pair.product.per_second / pair.yardstick.per_second for pair in many)
    latency = statistics.median(pair.product.mean_ms / pair.yardstick.mean_ms for pair in one)
    p99_ms = statistics.median(pair.product.p99_ms for pair in many)
    return [
        Row(
            title=f"UpdateLead over HTTP, {CALLERS} connections, beside pgbench with {CALLERS} clients",
            target=f"at least {RATE_RATIO_MIN} times its transactions per second, p99 at most {P99_MS_MAX:.0f} ms",
            pairs=many,
            ratio=rate,
            reached=rate >= RATE_RATIO_MIN and p99_ms <= P99_MS_MAX,
        ),
        Row(
            title="UpdateLead over HTTP, 1 connection, beside pgbench with 1 client",
            target=f"at most {LATENCY_RATIO_MAX} times its latency",
            pairs=one,
            ratio=latency,
            reached=latency <= LATENCY_RATIO_MAX,
        ),
    ]


def _rounds(world: World, plan: Plan, callers: int, tell: Callable[[str], None]) -> Iterator[Pair]:
    for number in range(plan.rounds):
        # Who comes first changes from round to round.
        if number % 2:
            yardstick = _yardstick(world, plan, callers)
            product = _product(world, plan, callers)
        else:
            product = _product(world, plan, callers)
            yardstick = _yardstick(world, plan, callers)
        tell(
            f"{callers} callers, round {number + 1}: Leadback {product.per_second:,.0f}/s, p50 {product.p50_ms:.1f} ms,"
            f" p99 {product.p99_ms:.1f} ms; pgbench {yardstick.per_second:,.0f}/s, mean {yardstick.mean_ms:.1f} ms;"
            f" processor {product.processor_us:.0f} us, {yardstick.processor_us:.0f} us"
        )
        yield Pair(product, yardstick)


def _product(world: World, plan: Plan, callers: int) -> Measured:
    checkpoint(world)
    before = ledger_rows(world)
    with serving(world, plan.web_workers) as url:
        # Never the same again: calls with a key that was used would be answered, and change nothing.
        seed = secrets.randbits(30)
        warm = run_wrk(world, url, callers=callers, seconds=min(WARM_UP_SECONDS, plan.seconds), seed=seed)
        measured = run_wrk(world, url, callers=callers, seconds=plan.seconds, seed=seed + 1)
    written = ledger_rows(world) - before
    # wrk hangs up at the end: what was then under way is written, and its answer not counted.
    if not warm.succeeded + measured.succeeded <= written <= warm.sent + measured.sent:
        raise Refused(
            f"{warm.succeeded + measured.succeeded} calls were answered and {warm.sent + measured.sent} sent, but"
            f" the ledger grew by {written} rows."
        )
    return measured


def _yardstick(world: World, plan: Plan, callers: int) -> Measured:
    checkpoint(world)
    return run_pgbench(world, callers=callers, seconds=plan.seconds)
