"""A file of sales as it comes from a spreadsheet or another system: its dialect, its header, its rows, its rejects."""

import codecs
import csv
from collections.abc import Iterator, Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from leadback.kit.errors import Refused
from leadback.leads.ingest_model import RejectedRow, SourceRow
from leadback.leads.ingest_rows import COLUMNS

DELIMITERS: Final = (",", ";", "\t")
HEADER_BYTES_MAX: Final = 1 << 20
COLUMN_NAME_LENGTH_MAX: Final = 100
CHUNK_BYTES: Final = 1 << 20
REJECTED_SUFFIX: Final = ".rejected.csv"
REJECTED_COLUMNS: Final = ["line", "reason"]


class SalesFile:
    """An open CSV file (RFC 4180, UTF-8 with or without BOM) whose columns are called as ours where they are mapped."""

    def __init__(self, path: Path, *, renamed: Mapping[str, str], constants: Mapping[str, str]) -> None:
        """`renamed` is theirs → ours, `constants` one value for every row; `Refused` where the file cannot be read."""
        self.path = path
        self._renamed = renamed
        self._constants = list(constants.values())
        try:
            self.size_bytes = path.stat().st_size
            self.has_mark = _check_encoding(path)
            self._file: IO[bytes] = path.open("rb")
        except OSError as error:
            raise Refused(f"{path} cannot be read: {error.strerror}.") from error
        try:
            self.delimiter = self._choose_delimiter()
            self._lines = _Lines(TextIOWrapper(self._file, encoding="utf-8-sig", newline=""))
            self._reader = csv.reader(self._lines, delimiter=self.delimiter, strict=True)
            self.header = self._read_header()
            # The last two columns of a file of rejects are ours, not the sender's: read again they are passed over.
            self._is_rejects = self.header[-2:] == REJECTED_COLUMNS
            self.columns = self._columns(constants)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def position_bytes(self) -> int:
        """How far it is read."""
        return self._file.tell()

    def rows(self) -> Iterator[SourceRow | RejectedRow]:
        """Every row after the header, blank lines left out; a row that is no CSV is a rejected one."""
        cut = len(REJECTED_COLUMNS) if self._is_rejects else 0
        width = len(self.header)
        while True:
            line = self._reader.line_num + 1
            self._lines.begin()
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                text = self._lines.begun.rstrip("\r\n")
                yield RejectedRow(SourceRow(line, [text]), f"The line is not CSV: {error}")
                continue
            if cells:
                if cut and len(cells) == width:
                    del cells[-cut:]
                yield SourceRow(line, [*self._constants, *cells] if self._constants else cells)

    def original(self, row: SourceRow) -> list[str]:
        """A row's cells as they stand in the file."""
        return row.cells[len(self._constants) :]

    def _choose_delimiter(self) -> str:
        """The one by which the header has most of our columns, then most columns."""
        first = self._file.read(HEADER_BYTES_MAX).removeprefix(codecs.BOM_UTF8)
        self._file.seek(0)
        lines = first.decode(errors="ignore").splitlines(keepends=True)

        def fit(delimiter: str) -> tuple[int, int]:
            names = [name.strip() for name in _first_record(lines, delimiter)]
            return sum(name in COLUMNS or name in self._renamed for name in names), len(names)

        return max(DELIMITERS, key=fit)

    def _read_header(self) -> list[str]:
        try:
            header = [name.strip() for name in next(self._reader, [])]
        except csv.Error as error:
            raise Refused(f"{self.path}: the first line is not CSV: {error}.") from error
        if not any(header):
            raise Refused(f"{self.path} has no header: its first line must name the columns.")
        return header

    def _columns(self, constants: Mapping[str, str]) -> list[str]:
        own = self.header[: -len(REJECTED_COLUMNS)] if self._is_rejects else self.header
        unknown = [name for name in self._renamed if name not in own]
        if unknown:
            raise Refused(
                f"--map: {self.path} has no column {', '.join(map(repr, unknown))}. Its columns are {', '.join(own)}."
            )
        columns = [*constants, *(self._renamed.get(name, name) for name in own)]
        for place, name in enumerate(columns):
            if not name:
                raise Refused(f"{self.path}: column {place + 1 - len(constants)} has no name.")
            if len(name) > COLUMN_NAME_LENGTH_MAX or not name.isprintable():
                raise Refused(
                    f"{self.path}: the column name {name[:COLUMN_NAME_LENGTH_MAX]!r} has more than"
                    f" {COLUMN_NAME_LENGTH_MAX} characters or one that cannot be shown."
                )
        twice = sorted({name for name in columns if columns.count(name) > 1})
        if twice:
            raise Refused(f"{self.path} has the column {', '.join(twice)} twice, counting --map and --set.")
        return columns


class RejectsFile:
    """`FILE.rejected.csv` beside the file: its columns, `line` and `reason`; there only where a row was rejected."""

    def __init__(self, source: SalesFile) -> None:
        """Removes what an earlier import left: it would speak of rows that may be in by now."""
        self.path = source.path.with_name(source.path.stem + REJECTED_SUFFIX)
        self._source = source
        self._file: TextIOWrapper | None = None
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise Refused(f"{self.path} cannot be replaced: {error.strerror}.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, rejected: Sequence[RejectedRow]) -> None:
        """Add rows, written in the dialect of the file so that they can be corrected and imported from here."""
        header = list(self._source.header)
        if header[-2:] == REJECTED_COLUMNS:
            del header[-2:]
        try:
            if self._file is None:
                encoding = "utf-8-sig" if self._source.has_mark else "utf-8"
                self._file = self.path.open("w", encoding=encoding, newline="")
                self._writer = csv.writer(self._file, delimiter=self._source.delimiter)
                self._writer.writerow([*header, *REJECTED_COLUMNS])
            for item in rejected:
                cells = self._source.original(item.row)
                missing = [""] * (len(header) - len(cells))
                # What a row has too much stands last, where it makes the row too long again.
                told = [*cells[: len(header)], *missing, str(item.row.line), item.reason, *cells[len(header) :]]
                self._writer.writerow(told)
            self._file.flush()
        except OSError as error:
            raise Refused(
                f"{self.path} cannot be written: {error.strerror}. Import again: what is in already is skipped."
            ) from error


class _Lines:
    """The file's lines, remembering the first one of the row that is being read."""

    def __init__(self, text: TextIOWrapper) -> None:
        self._text = text
        self.begun = ""

    def begin(self) -> None:
        self.begun = ""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = next(self._text)
        self.begun = self.begun or line
        return line


def _check_encoding(path: Path) -> bool:
    """Raise `Refused` unless the whole file is UTF-8: found out before anything is imported. True with a BOM."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines = 1
    marked = False
    with path.open("rb") as file:
        for place, chunk in enumerate(iter(lambda: file.read(CHUNK_BYTES), b"")):
            marked = marked or (place == 0 and chunk.startswith(codecs.BOM_UTF8))
            lines = _check_chunk(path, decoder, chunk, lines)
        _check_chunk(path, decoder, b"", lines, final=True)
    return marked


def _check_chunk(
    path: Path, decoder: codecs.IncrementalDecoder, chunk: bytes, lines: int, *, final: bool = False
) -> int:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError as error:
        bad = lines + error.object[: error.start].count(b"\n")
        raise Refused(
            f"{path} is not UTF-8 (line {bad}). Save it as UTF-8, or convert it: iconv -f WINDOWS-1252 -t UTF-8"
        ) from error
    return lines + chunk.count(b"\n")


def _first_record(lines: list[str], delimiter: str) -> list[str]:
    try:
        return next(csv.reader(lines, delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []
