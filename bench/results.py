"""What was measured, as text: a summary for the terminal, a page to keep."""

import os
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import psycopg

from bench.pages import REPORT, REPORT_P50_MS_MAX, Page, is_fast
from bench.update_lead import WARM_UP_SECONDS, Pair, Plan, Row
from bench.world import World
from leadback.kit.clock import now

PACKAGES = ("granian", "psycopg", "SQLAlchemy", "msgspec")
DURABILITY = ("fsync", "synchronous_commit", "full_page_writes")


def machine(world: World, load_before: float) -> dict[str, str]:
    """Where it was measured, and with what."""
    with psycopg.connect(world.superuser_url) as connection:
        settings = {
            name: str(value)
            for name, value in connection.execute(
                "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [["server_version", *DURABILITY]]
            )
        }
    return {
        "Date": f"{now():%Y-%m-%d %H:%M} UTC",
        "Machine": f"{os.cpu_count()} cores, {_processor()}, {_memory_gb()} GB, Linux {platform.release()}",
        "Load of others": f"{load_before:.1f} processes, the minute before",
        "PostgreSQL": f"{settings['server_version']}, on the same cores; "
        + ", ".join(f"{name} = {settings[name]}" for name in DURABILITY),
        "Versions": ", ".join(
            [f"Python {platform.python_version()}", *(f"{package} {version(package)}" for package in PACKAGES)]
        ),
    }


def summary(rows: Sequence[Row], pages: Sequence[Page]) -> str:
    """A line for each target, its ratio last."""
    lines = [
        f"{row.title}: target {row.target}: {_verdict(reached=row.reached)}, processor time {row.processor_ratio:.2f},"
        f" ratio {row.ratio:.2f}"
        for row in rows
    ]
    return "\n".join([f"{REPORT}: {_told(pages)}", *lines])


def as_markdown(rows: Sequence[Row], pages: Sequence[Page], facts: Mapping[str, str], plan: Plan, sales: int) -> str:
    """The page: how it was measured, each target with its medians, and every single run."""
    workers = "" if plan.web_workers is None else f" --web-workers {plan.web_workers}"
    parts = [
        "# Results",
        _HOW.format(seconds=plan.seconds, warm_up=WARM_UP_SECONDS),
        f"    python -m bench --sales {sales} --rounds {plan.rounds} --seconds {plan.seconds}{workers}",
        table(["", ""], [[name, value] for name, value in facts.items()]),
    ]
    for row in rows:
        parts += [
            f"## {row.title}",
            f"Target: {row.target}. Measured: **{row.ratio:.2f}**, {_verdict(reached=row.reached)}.",
            f"Processor time of all that took part for one: pgbench {row.processor_ratio:.2f} times Leadback's.",
            table(
                ["round", "Leadback/s", "mean ms", "p50 ms", "p99 ms", "CPU us", "pgbench/s", "mean ms", "CPU us"],
                [[str(number), *_cells(pair)] for number, pair in enumerate(row.pairs, 1)]
                + [["median", *_medians(row.pairs)]],
            ),
        ]
    how = (
        f"Over the network of `leadback demo`, {len(pages[0].times_ms)} times each by turns, from the request to"
        f" the last byte, compressed. {REPORT}: {_told(pages)}."
    )
    parts += [
        "## The console's pages, for one who looks alone",
        how,
        table(
            ["page", "p50 ms", "p95 ms", "KB"],
            [[page.title, f"{page.p50_ms:.0f}", f"{page.p95_ms:.0f}", f"{page.size_kb:.0f}"] for page in pages],
        ),
    ]
    return "\n\n".join(parts) + "\n"


_HOW = """\
Written by `make bench`. wrk calls the product, and pgbench does the same writes without it
([update_lead.sql](update_lead.sql)), each on a database of its own, alike to the bit, of one server. They take turns,
{seconds} s each after a checkpoint, the product after {warm_up} s of warming up. wrk, the product and PostgreSQL share
the cores. Ratios are medians of the rounds' own ratios. What else runs on the machine takes from the rates, more from a
few busy processes than from pgbench's many, and hardly anything from the processor time."""

_COLUMNS: tuple[tuple[Callable[[Pair], float], str], ...] = (
    (lambda pair: pair.product.per_second, ",.0f"),
    (lambda pair: pair.product.mean_ms, ".2f"),
    (lambda pair: pair.product.p50_ms, ".2f"),
    (lambda pair: pair.product.p99_ms, ".2f"),
    (lambda pair: pair.product.processor_us, ",.0f"),
    (lambda pair: pair.yardstick.per_second, ",.0f"),
    (lambda pair: pair.yardstick.mean_ms, ".2f"),
    (lambda pair: pair.yardstick.processor_us, ",.0f"),
)


def _verdict(*, reached: bool) -> str:
    return "reached" if reached else "missed"


def _told(pages: Sequence[Page]) -> str:
    p50_ms = next(page.p50_ms for page in pages if page.title == REPORT)
    return f"target p50 under {REPORT_P50_MS_MAX:.0f} ms: {p50_ms:.0f} ms, {_verdict(reached=is_fast(pages))}"


def _cells(pair: Pair) -> list[str]:
    return [format(value(pair), form) for value, form in _COLUMNS]


def _medians(pairs: Sequence[Pair]) -> list[str]:
    return [format(statistics.median(value(pair) for pair in pairs), form) for value, form in _COLUMNS]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gb() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 10**9
