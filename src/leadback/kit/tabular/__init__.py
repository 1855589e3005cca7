"""Tables as files: typed columns and rows in, CSV, JSON, XLSX or Parquet out, never more than a batch in memory."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, aclosing, contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO, Final

from leadback.kit.errors import Refused
from leadback.kit.tabular.csv import csv_writer
from leadback.kit.tabular.json import json_writer
from leadback.kit.tabular.model import AMOUNTS, Column, Form, Kind, Row, Table, Writer
from leadback.kit.tabular.parquet import parquet_writer
from leadback.kit.tabular.xlsx import xlsx_writer

__all__ = [
    "AMOUNTS",
    "Column",
    "Form",
    "Kind",
    "Row",
    "Table",
    "Writer",
    "new_file",
    "one_batch",
    "open_writer",
    "write_table",
]

_WRITERS: Final[dict[Form, Callable[[Table, BinaryIO], AbstractContextManager[Writer]]]] = {
    Form.CSV: csv_writer,
    Form.JSON: json_writer,
    Form.XLSX: xlsx_writer,
    Form.PARQUET: parquet_writer,
}


def open_writer(form: Form, table: Table, file: BinaryIO) -> AbstractContextManager[Writer]:
    """A writer of the table into a file, for as long as the context is open; it is whole once `close` was called."""
    assert len({column.name for column in table.columns}) == len(table.columns), "a column's name is its own"
    return _WRITERS[form](table, file)


async def write_table(form: Form, table: Table, batches: AsyncGenerator[Sequence[Row]], file: BinaryIO) -> int:
    """Write all rows, batch by batch, each in a thread so that others are served meanwhile; how many there were."""
    count = 0
    async with aclosing(batches) as found:
        with open_writer(form, table, file) as writer:
            async for rows in found:
                count += len(rows)
                await _in_thread(writer.write, rows)
            await _in_thread(writer.close)
    return count


async def one_batch(rows: Sequence[Row]) -> AsyncGenerator[Sequence[Row]]:
    """Rows that are all there already."""
    yield rows


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name once it is whole: one that fails or is interrupted leaves what stood there before.

    Raises `Refused` where the directory cannot be written.
    """
    # Beside it, because only within one file system is taking the name one step.
    unfinished = path.with_name(f".{path.name}.{token_hex(4)}")
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "it is a directory")
        with unfinished.open("xb") as file:
            yield file
        unfinished.replace(path)
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        unfinished.unlink(missing_ok=True)


async def _in_thread(function: Callable[..., None], *arguments: Any) -> None:
    """Whoever is cancelled waits until the thread has let go of the file."""
    running = asyncio.ensure_future(asyncio.to_thread(function, *arguments))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
