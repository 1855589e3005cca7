"""Tables as files: each read back by another library, harmless to spreadsheets, and whole or not there."""

import asyncio
import csv
import io
import json
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pyarrow as pa
import pytest
from pyarrow import parquet

from leadback.kit.errors import Refused
from leadback.kit.tabular import Column, Form, Kind, Row, Table, new_file, open_writer, write_table
from leadback.kit.tabular.xlsx import CELL_CHARACTERS_MAX, xlsx_writer

TABLE = Table("Things", tuple(Column(str(kind), kind) for kind in Kind), {"from": date(2026, 3, 1), "after": None})
NEW_YORK = ZoneInfo("America/New_York")
MOMENT = datetime(2026, 11, 1, 1, 30, 0, 5, tzinfo=NEW_YORK)
FULL: Row = [
    'Search, "mail"\n& more',
    7,
    Decimal("-99999999999999.9999"),
    Decimal("12345678901234567890.1234"),
    Decimal("1234567890123456789012345678901234.5678"),
    date(2026, 3, 8),
    MOMENT,
    True,
]
PLAIN: Row = ["", 0, Decimal("25"), Decimal("0.0001"), Decimal("-0.5000"), date(1899, 12, 31), MOMENT, False]
EMPTY: Row = [None] * len(Kind)
ROWS = [FULL, PLAIN, EMPTY]
DANGEROUS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1")


def written(form: Form, table: Table, rows: Sequence[Row]) -> bytes:
    """The file."""
    file = io.BytesIO()
    with open_writer(form, table, file) as writer:
        for row in rows:
            writer.write([row])
        writer.close()
    return file.getvalue()


def texts(rows: Sequence[str]) -> tuple[Table, list[Row]]:
    """A table of one column of text."""
    return Table("Texts", (Column("text"),)), [[text] for text in rows]


def sheets(content: bytes) -> list[list[tuple[Any, ...]]]:
    """Every sheet's rows, as another library reads them."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets]


def test_csv_is_read_back() -> None:
    content = written(Form.CSV, TABLE, ROWS).decode()
    assert content.startswith("text,count,money,total,number,date,moment,bool\r\n")
    assert list(csv.reader(io.StringIO(content, newline="")))[1:] == [
        [
            'Search, "mail"\n& more',
            "7",
            "-99999999999999.9999",
            "12345678901234567890.1234",
            "1234567890123456789012345678901234.5678",
            "2026-03-08",
            "2026-11-01T01:30:00.000005-04:00",
            "true",
        ],
        ["", "0", "25.0000", "0.0001", "-0.5000", "1899-12-31", "2026-11-01T01:30:00.000005-04:00", "false"],
        [""] * 8,
    ]


def test_json_is_read_back() -> None:
    assert json.loads(written(Form.JSON, TABLE, ROWS)) == {
        "from": "2026-03-01",
        "after": None,
        "rows": [
            {
                "text": 'Search, "mail"\n& more',
                "count": 7,
                "money": "-99999999999999.9999",
                "total": "12345678901234567890.1234",
                "number": "1234567890123456789012345678901234.5678",
                "date": "2026-03-08",
                "moment": "2026-11-01T01:30:00.000005-04:00",
                "bool": True,
            },
            {
                "text": "",
                "count": 0,
                "money": "25.0000",
                "total": "0.0001",
                "number": "-0.5000",
                "date": "1899-12-31",
                "moment": "2026-11-01T01:30:00.000005-04:00",
                "bool": False,
            },
            dict.fromkeys(Kind),
        ],
    }


def test_parquet_is_read_back_with_types_that_hold_everything() -> None:
    table = parquet.read_table(io.BytesIO(written(Form.PARQUET, TABLE, ROWS)))
    assert [str(kind) for kind in table.schema.types] == [
        *("string", "int64", "decimal128(18, 4)", "decimal128(24, 4)", "decimal128(38, 4)"),
        *("date32[day]", "timestamp[us, tz=UTC]", "bool"),
    ]
    assert [list(row.values()) for row in table.to_pylist()] == [
        [value.astimezone(UTC) if isinstance(value, datetime) else value for value in row] for row in ROWS
    ]


def test_parquet_without_rows_still_has_its_columns() -> None:
    table = parquet.read_table(io.BytesIO(written(Form.PARQUET, TABLE, [])))
    assert (table.num_rows, table.column_names) == (0, [str(kind) for kind in Kind])


def test_parquet_of_many_rows_is_whole() -> None:
    table = Table("Numbers", (Column("number", Kind.COUNT),))
    file = io.BytesIO()
    with open_writer(Form.PARQUET, table, file) as writer:
        for begin in range(0, 25_000, 1_000):
            writer.write([[number] for number in range(begin, begin + 1_000)])
        writer.close()
    assert parquet.read_table(file).column("number") == pa.chunked_array([list(range(25_000))])


def test_a_spreadsheet_is_read_back_with_numbers_where_it_can_hold_them() -> None:
    [rows] = sheets(written(Form.XLSX, TABLE, [*ROWS, [None, 10**15, Decimal("12345678901.2345"), *[None] * 5]]))
    wall_clock = datetime(2026, 11, 1, 1, 30)  # noqa: DTZ001 - a spreadsheet knows no zones
    assert rows == [
        tuple(Kind),
        (
            'Search, "mail"\n& more',
            7,
            "-99999999999999.9999",
            "12345678901234567890.1234",
            "1234567890123456789012345678901234.5678",
            datetime(2026, 3, 8),  # noqa: DTZ001 - a spreadsheet knows no zones
            wall_clock,
            True,
        ),
        ("", 0, 25, 0.0001, -0.5, "1899-12-31", wall_clock, False),
        (None,) * 8,
        (None, "1000000000000000", 12345678901.2345, None, None, None, None, None),
    ]


def test_what_a_spreadsheet_would_run_is_text_in_csv() -> None:
    table, rows = texts([*DANGEROUS, "a=1", "'=1"])
    table = Table(table.title, (Column("=text"),))
    content = written(Form.CSV, table, rows).decode()
    read = [row[0] for row in csv.reader(io.StringIO(content, newline=""))]
    assert read == ["'=text", *(f"'{text}" for text in DANGEROUS), "a=1", "'=1"]


def test_numbers_in_csv_stay_numbers() -> None:
    table = Table("Numbers", (Column("money", Kind.MONEY), Column("count", Kind.COUNT)))
    assert written(Form.CSV, table, [[Decimal(-5), -5]]) == b"money,count\r\n-5.0000,-5\r\n"


def test_what_looks_like_a_formula_or_an_address_is_a_string_in_a_spreadsheet() -> None:
    given = [*DANGEROUS[:4], "{=A1}", "https://example.com", "mailto:a@example.com", "internal:A1", " x ", "_x0041_"]
    book = openpyxl.load_workbook(io.BytesIO(written(Form.XLSX, *texts(given))))
    cells = [row[0] for row in book.active.iter_rows(min_row=2)]
    assert [cell.data_type for cell in cells] == ["s"] * len(given)
    assert all(cell.hyperlink is None for cell in cells)
    assert [cell.value.replace("_x005F_", "_") for cell in cells] == given


def test_rows_beyond_a_sheet_go_on_in_the_next() -> None:
    table, rows = texts([str(number) for number in range(7)])
    file = io.BytesIO()
    with xlsx_writer(table, file, rows_max=4) as writer:
        writer.write(rows)
        writer.close()
    assert sheets(file.getvalue()) == [
        [("text",), ("0",), ("1",), ("2",)],
        [("text",), ("3",), ("4",), ("5",)],
        [("text",), ("6",)],
    ]
    assert openpyxl.load_workbook(file).sheetnames == ["Texts", "Texts 2", "Texts 3"]


async def batches_of(*batches: Sequence[Row] | BaseException) -> AsyncGenerator[Sequence[Row]]:
    for batch in batches:
        if isinstance(batch, BaseException):
            raise batch
        yield batch


def export(path: Path, form: Form, table: Table, *batches: Sequence[Row] | BaseException) -> int:
    """Write a file of these batches; how many rows."""
    with new_file(path) as file:
        return asyncio.run(write_table(form, table, batches_of(*batches), file))


@pytest.mark.parametrize("form", list(Form))
def test_what_fails_leaves_what_stood_there_before(form: Form, tmp_path: Path) -> None:
    path = tmp_path / f"things.{form}"
    with pytest.raises(RuntimeError, match="no more"):
        export(path, form, TABLE, ROWS, RuntimeError("no more"))
    assert list(tmp_path.iterdir()) == []
    path.write_text("before")
    with pytest.raises(KeyboardInterrupt):
        export(path, form, TABLE, ROWS, KeyboardInterrupt())
    assert [item.read_text() for item in tmp_path.iterdir()] == ["before"]
    assert export(path, form, TABLE, ROWS, [], ROWS) == 6
    assert [item.name for item in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() != b"before"


def test_a_text_too_long_for_a_spreadsheet_is_refused_not_cut(tmp_path: Path) -> None:
    table, rows = texts(["x" * CELL_CHARACTERS_MAX, "y" * (CELL_CHARACTERS_MAX + 1)])
    with pytest.raises(Refused, match="Export as csv, json or parquet"):
        export(tmp_path / "long.xlsx", Form.XLSX, table, rows)
    assert list(tmp_path.iterdir()) == []
    assert export(tmp_path / "long.xlsx", Form.XLSX, table, rows[:1]) == 1


@pytest.mark.parametrize("name", ["", "missing/things.csv"])
def test_a_file_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused, match="cannot be written"), new_file(tmp_path / name):
        pass
    assert list(tmp_path.iterdir()) == []


WRITE_MANY = """
import io, resource, sys
from leadback.kit.tabular import Column, Form, Table, open_writer

form, batches, path = Form(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
table = Table("Many", tuple(Column(f"text {place}") for place in range(20)))
with open(path, "wb") as file, open_writer(form, table, file) as writer:
    for batch in range(batches):
        writer.write([[f"text {batch} {row} {place}" for place in range(20)] for row in range(500)])
    writer.close()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.parametrize("form", list(Form))
def test_memory_does_not_grow_with_the_rows(form: Form, tmp_path: Path) -> None:
    def megabytes_of(batches: int) -> int:
        command = [sys.executable, "-c", WRITE_MANY, form, str(batches), str(tmp_path / "many")]
        return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)

    # 50,000 rows of 20 texts are 75 MB of objects.
    assert megabytes_of(100) - megabytes_of(20) < 30
