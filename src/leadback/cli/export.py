"""How commands hand out tables: to a person, to a program, or into a file that takes its name once it is whole."""

import signal
import sys
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import typer

from leadback.cli.output import json_text, say
from leadback.kit.errors import Refused
from leadback.kit.tabular import Form, Row, Table, new_file, write_table


class TableFormat(StrEnum):
    """What a report becomes."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"


FILES_ONLY: Final = (TableFormat.XLSX, TableFormat.PARQUET)

TableFormatOption = Annotated[
    TableFormat | None,
    typer.Option(
        "--format",
        help="A table for people, JSON for programs, or a file. Default: as the output file is called, else text.",
        show_default=False,
    ),
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="Write into this file, which xlsx and parquet need.")
]


def chosen_format(asked: TableFormat | None, output: Path | None) -> TableFormat:
    """What to make of a report; raises `Refused` where format and file do not go together."""
    files = [str(name) for name in TableFormat if name is not TableFormat.TEXT]
    if output is None:
        if asked in FILES_ONLY:
            raise Refused(f"--format {asked} needs a file: --output FILE.{asked}")
        return asked or TableFormat.TEXT
    if asked is TableFormat.TEXT:
        raise Refused(f"--format text is for reading; a file is one of {', '.join(files)}.")
    if asked is not None:
        return asked
    suffix = output.suffix.removeprefix(".").lower()
    if suffix not in files:
        raise Refused(f"What is {str(output)!r} to be? Give --format, one of {', '.join(files)}.")
    return TableFormat(suffix)


@contextmanager
def opened(output: Path | None) -> Iterator[BinaryIO]:
    """The file, which appears once it is whole, or standard output."""
    if output is None:
        sys.stdout.flush()
        yield sys.stdout.buffer
    else:
        with _told_to_stop(), new_file(output) as file:
            yield file


@contextmanager
def _told_to_stop() -> Iterator[None]:
    """SIGTERM ends the program as an interruption does, so that nothing half stays behind."""
    before = signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def export_json(document: Any, output: Path | None) -> None:
    """Write a document that is more than a table."""
    with opened(output) as file:
        file.write(json_text(document).encode())


async def export(
    output_format: TableFormat, table: Table, batches: AsyncGenerator[Sequence[Row]], output: Path | None
) -> None:
    """Write a table as anything but text; say how many rows went into which file."""
    with opened(output) as file:
        rows = await write_table(Form(output_format), table, batches, file)
    if output is not None:
        say(f"{rows} rows are in {output}.")
