"""Reports as files: whatever the form, the numbers are those of the page."""

import asyncio
import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest
from pyarrow import parquet

from leadback.cli.export import TableFormat, export
from leadback.kit.database import Database
from leadback.kit.tabular import Column, Row, Table
from leadback.reports.cell import status_column, sub_status_column
from tests.support.many_sales import sell_many
from tests.support.program import Program
from tests.support.slow_detail import slow_detail
from tests.support.slow_report import slow_report
from tests.support.world import World, happen, make_world

pytestmark = pytest.mark.anyio

FIRST, LAST = date(2026, 2, 22), date(2026, 3, 25)
RANGE = ("--from", FIRST.isoformat(), "--to", LAST.isoformat())
FILES = ("csv", "xlsx", "parquet")


@pytest.fixture
async def world(database: Database, network_id: int) -> World:
    world = await make_world(database, network_id, leads=60)
    await happen(database, world, 150)
    return world


def read_file(path: Path) -> list[dict[str, Any]]:
    """Its rows by column, as another library reads them."""
    match path.suffix:
        case ".csv":
            with path.open(encoding="utf-8", newline="") as file:
                return list(csv.DictReader(file))
        case ".xlsx":
            names, *rows = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
            return [dict(zip(names, row, strict=True)) for row in rows]
        case ".json":
            rows = json.loads(path.read_text())["rows"]
            return list(rows)
        case _:
            return list(parquet.read_table(path).to_pylist())


def as_read(value: Any, suffix: str) -> Any:
    """What a value is once it was written and read back."""
    if suffix == ".parquet":
        return value.astimezone(UTC) if isinstance(value, datetime) else value
    if suffix == ".json":
        return f"{value:.4f}" if isinstance(value, Decimal) else _iso(value)
    if suffix == ".xlsx":
        if isinstance(value, datetime):
            return value.replace(tzinfo=None, microsecond=0)
        # Numbers of so few digits are exact as doubles; a text without characters is an empty cell.
        return float(value) if isinstance(value, Decimal) else value
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, Decimal) else str(_iso(value))


def _iso(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def read_as_written(rows: list[dict[str, Any]], suffix: str) -> list[dict[str, Any]]:
    """What is found in a file, where it differs from library to library."""
    if suffix != ".xlsx":
        return rows
    return [
        {name: value.replace(microsecond=0) if isinstance(value, datetime) else value for name, value in row.items()}
        for row in rows
    ]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet", ".json"])
def test_lead_detail_is_the_same_in_every_form(program: Program, world: World, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"detail{suffix}"
    said = program.run("report", "lead-detail", *RANGE, "--filter", "updated=yes", "--output", str(path))
    wanted = slow_detail(world, FIRST, LAST, filters=[("updated", "yes")])
    assert said.stdout == "" and said.stderr == f"{len(wanted)} rows are in {path}.\n"
    assert len(wanted) > 30
    found = read_as_written(read_file(path), suffix)
    assert found == [{name: as_read(value, suffix) for name, value in row.items()} for row in wanted]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
@pytest.mark.parametrize("by", ["campaign", "sub_id,month"])
def test_lead_status_is_the_same_in_every_form(
    program: Program, world: World, tmp_path: Path, suffix: str, by: str
) -> None:
    path = tmp_path / f"status{suffix}"
    program.run("report", "lead-status", *RANGE, "--by", by, "--show-sub-status", "--output", str(path))
    report = slow_report(world, FIRST, LAST, by.split(","), show_sub_status=True, with_ratios=True)
    wanted = [flat(report["totals"], report) | {"row_kind": "total"}]
    wanted += [flat(row, report) | {"row_kind": "row"} for row in report["rows"]]
    found = read_file(path)
    assert len(found) == len(wanted) > 2
    for one, other in zip(found, wanted, strict=True):
        assert one == {name: as_read(other.get(name), suffix) for name in one}
        assert set(other) <= set(one)


def flat(numbers: dict[str, Any], report: dict[str, Any]) -> dict[str, Any]:
    """A row of JSON in the columns of a file."""
    plain = {name: value for name, value in numbers.items() if not isinstance(value, dict)}
    for name in ("gross", "adjustments", "revenue", "payout", "margin"):
        plain[name] = Decimal(plain[name])
    for status, count in report["totals"]["statuses"].items():
        plain[status_column(status)] = numbers["statuses"][status]["sales"]
        for sub_status in count["sub_statuses"]:
            sales = numbers["statuses"][status]["sub_statuses"].get(sub_status, 0)
            plain[sub_status_column(status, sub_status)] = sales
    for field, summary in numbers["fields"].items():
        for name, value in summary.items():
            plain[f"field:{field}:{name}"] = Decimal(value) if isinstance(value, str) else value
    for part in ("returns", "reached"):
        plain |= {f"{part}:{name}": count for name, count in numbers[part].items()}
    del plain["usual_converted"]
    return plain | {
        f"ratio:{name}": None if value is None else Decimal(value) for name, value in numbers["ratios"].items()
    }


def test_the_report_as_a_json_file_is_the_report(program: Program, world: World, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    program.run("report", "lead-status", *RANGE, "--output", str(path))
    assert json.loads(path.read_text()) == slow_report(world, FIRST, LAST, ["campaign"], with_ratios=True)


def test_csv_and_json_go_to_standard_output_too(program: Program, world: World, tmp_path: Path) -> None:
    path = tmp_path / "detail.csv"
    program.run("report", "lead-detail", *RANGE, "--output", str(path))
    printed = program.run("report", "lead-detail", *RANGE, "--format", "csv")
    assert printed.stdout == path.read_text() and printed.stderr == ""
    rows = program.json("report", "lead-detail", *RANGE)["rows"]
    assert [row["sale_id"] for row in rows] == [row["sale_id"] for row in slow_detail(world, FIRST, LAST)]


@pytest.mark.parametrize("report", ["lead-status", "lead-detail"])
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--format", "xlsx"), "--format xlsx needs a file: --output FILE.xlsx"),
        (("--format", "parquet"), "--format parquet needs a file"),
        (("--format", "text", "--output", "report.txt"), "a file is one of json, csv, xlsx, parquet"),
        (("--output", "report.doc"), "'report.doc' to be? Give --format, one of json, csv, xlsx, parquet"),
        (("--output", "missing/report.csv"), "missing/report.csv cannot be written: No such file or directory"),
    ],
)
def test_format_and_file_must_go_together(program: Program, report: str, arguments: tuple[str, ...], says: str) -> None:
    said = program.run("report", report, *arguments, exit_code=2)
    assert said.stdout == "" and says in said.stderr


def test_a_file_may_be_called_otherwise_than_its_format(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    program.run("report", "lead-detail", "--format", "csv", "--output", str(path))
    assert path.read_text().startswith("lead_id,sold_at,buyer_id,buyer,")


def test_an_export_that_is_told_to_stop_leaves_nothing_half(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"

    async def batches() -> AsyncGenerator[Sequence[Row]]:
        yield [["first"]]
        os.kill(os.getpid(), signal.SIGTERM)
        yield [["second"]]

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as stopped:
        asyncio.run(export(TableFormat.CSV, Table("Report", (Column("text"),)), batches(), path))
    assert stopped.value.code == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) is before


MEASURED = """
import resource, runpy, sys

sys.argv = ["leadback", *sys.argv[1:]]
try:
    runpy.run_module("leadback", run_name="__main__")
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def megabytes(program: Program, output: Path, day: str) -> int:
    """The most memory that an export of one day's sales took."""
    arguments = ("report", "lead-detail", "--from", day, "--to", day, "--output", str(output))
    command = [sys.executable, "-c", MEASURED, *arguments]
    done = subprocess.run(command, env=program.process_environment, capture_output=True, check=True, text=True)
    return int(done.stdout)


async def test_an_export_of_many_sales_takes_little_memory(
    database: Database, network_id: int, migration_database_url: str, program: Program, tmp_path: Path
) -> None:
    await sell_many(database, network_id, 40_000)
    with psycopg.connect(migration_database_url, autocommit=True) as owner:
        owner.execute("ANALYZE lead, sale")
    output = tmp_path / "many.csv"
    alone = megabytes(program, output, "2026-02-28")
    # As objects in memory these rows would be 100 MB.
    assert megabytes(program, output, "2026-03-01") < alone + 50
    assert len(read_file(output)) > 35_000
