"""Tables as CSV: UTF-8, RFC 4180, nothing a spreadsheet would run."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

from leadback.kit.tabular.model import AMOUNTS, Kind, Row, Table, amount_text

# What spreadsheets take for the beginning of a formula, or skip before one (OWASP, CSV injection).
DANGEROUS: Final = tuple("=+-@\t\r\n＝＋－＠")


class _CsvWriter:
    def __init__(self, table: Table, text: io.TextIOWrapper) -> None:
        self._text = text
        self._rows = csv.writer(text)
        self._written = [_written(column.kind) for column in table.columns]
        self._rows.writerow([harmless(column.name) for column in table.columns])

    def write(self, rows: Sequence[Row]) -> None:
        self._rows.writerows(
            ["" if value is None else written(value) for written, value in zip(self._written, row, strict=True)]
            for row in rows
        )

    def close(self) -> None:
        self._text.flush()


@contextmanager
def csv_writer(table: Table, file: BinaryIO) -> Iterator[_CsvWriter]:
    """None is empty; amounts have four decimals, dates and moments are ISO 8601, truths `true` and `false`.

    A text that a spreadsheet could take for a formula gets an apostrophe in front; numbers stay numbers.
    """
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    try:
        yield _CsvWriter(table, text)
    finally:
        # The file is not ours to close.
        text.detach()


def harmless(text: str) -> str:
    """The text as no spreadsheet runs it."""
    return f"'{text}" if text.startswith(DANGEROUS) else text


def _written(kind: Kind) -> Callable[[Any], str]:
    if kind in AMOUNTS:
        return amount_text
    match kind:
        case Kind.TEXT:
            return harmless
        case Kind.DATE | Kind.MOMENT:
            return lambda value: str(value.isoformat())
        case Kind.BOOL:
            return lambda value: "true" if value else "false"
        case _:
            return str
