"""Tables as spreadsheets, on as many sheets as the rows need."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Final

from xlsxwriter import Workbook

from leadback.kit.errors import Refused
from leadback.kit.tabular.model import AMOUNTS, Kind, Row, Table

SHEET_ROWS_MAX: Final = 1_048_576
"""Of one sheet, its heading included; set by the format."""
CELL_CHARACTERS_MAX: Final = 32_767
EXACT_DIGITS_MAX: Final = 15
"""A spreadsheet's numbers are doubles: any decimal of up to 15 digits comes back as it was, longer ones may not."""
DAY_MIN: Final = date(1900, 3, 1)
"""Before it spreadsheets disagree: some count a 29 February 1900."""

AMOUNT_FORMAT: Final = "#,##0.00##"
DATE_FORMAT: Final = "yyyy-mm-dd"
MOMENT_FORMAT: Final = "yyyy-mm-dd hh:mm:ss"


class _XlsxWriter:
    def __init__(self, table: Table, workbook: Any, rows_max: int) -> None:
        self._table = table
        self._workbook = workbook
        self._rows_max = rows_max
        self._bold = workbook.add_format({"bold": True})
        formats = {Kind.DATE: DATE_FORMAT, Kind.MOMENT: MOMENT_FORMAT} | dict.fromkeys(AMOUNTS, AMOUNT_FORMAT)
        self._formats = {kind: workbook.add_format({"num_format": text}) for kind, text in formats.items()}
        self._begin_sheet()

    def write(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if self._next == self._rows_max:
                self._begin_sheet()
            for place, (write, value) in enumerate(zip(self._cells, row, strict=True)):
                if value is not None:
                    write(self._next, place, value)
            self._next += 1

    def close(self) -> None:
        self._workbook.close()

    def _begin_sheet(self) -> None:
        count = len(self._workbook.worksheets()) + 1
        self._sheet = self._workbook.add_worksheet(self._table.title if count == 1 else f"{self._table.title} {count}")
        self._sheet.freeze_panes(1, 0)
        for place, column in enumerate(self._table.columns):
            self._text(0, place, column.name, self._bold)
        self._cells = [self._cell(column.kind) for column in self._table.columns]
        self._next = 1

    def _cell(self, kind: Kind) -> Callable[[int, int, Any], None]:
        if kind in AMOUNTS:
            return self._amount
        match kind:
            case Kind.TEXT:
                return self._text
            case Kind.COUNT:
                return self._count
            case Kind.BOOL:
                return self._sheet.write_boolean  # type: ignore[no-any-return] # the library has no types
            case _:
                return self._date if kind is Kind.DATE else self._moment

    def _text(self, row: int, place: int, text: str, form: Any = None) -> None:
        # Never `write`, which takes "=1+1" for a formula and addresses for links.
        if self._sheet.write_string(row, place, text, form):
            name = self._table.columns[place].name
            raise Refused(
                f"A value of {name!r} has more than the {CELL_CHARACTERS_MAX} characters that a cell of a spreadsheet"
                " can hold. Export as csv, json or parquet."
            )

    def _count(self, row: int, place: int, value: int) -> None:
        if len(str(abs(value))) > EXACT_DIGITS_MAX:
            self._text(row, place, str(value))
        else:
            self._sheet.write_number(row, place, value)

    def _amount(self, row: int, place: int, value: Decimal) -> None:
        if is_exact(value):
            self._sheet.write_number(row, place, value, self._formats[Kind.MONEY])
        else:
            self._text(row, place, f"{value:f}")

    def _date(self, row: int, place: int, value: date) -> None:
        if value < DAY_MIN:
            self._text(row, place, value.isoformat())
        else:
            self._sheet.write_datetime(row, place, value, self._formats[Kind.DATE])

    def _moment(self, row: int, place: int, value: datetime) -> None:
        # A spreadsheet knows no zones: it shows the wall clock the moment came with.
        if value.date() < DAY_MIN:
            self._text(row, place, value.isoformat())
        else:
            self._sheet.write_datetime(row, place, value.replace(tzinfo=None), self._formats[Kind.MOMENT])


@contextmanager
def xlsx_writer(table: Table, file: BinaryIO, *, rows_max: int = SHEET_ROWS_MAX) -> Iterator[_XlsxWriter]:
    """Texts are never formulas or links; amounts are numbers where a double holds them exactly, else texts.

    Rows beyond `rows_max` go on in a second sheet with the same heading.
    """
    with TemporaryDirectory(prefix="leadback-xlsx-") as directory:
        workbook = Workbook(file, {"constant_memory": True, "tmpdir": directory})
        try:
            yield _XlsxWriter(table, workbook, rows_max)
        finally:
            for sheet in workbook.worksheets():
                sheet.row_data_fh.close()


def is_exact(value: Decimal) -> bool:
    """Whether a double gives the same number back, all decimals included."""
    text = f"{value.copy_abs():f}"
    digits = text.rstrip("0") if "." in text else text
    return len(digits.replace(".", "").lstrip("0")) <= EXACT_DIGITS_MAX
