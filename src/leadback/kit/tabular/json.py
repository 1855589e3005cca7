"""Tables as JSON: one document whose rows are objects, written as they come."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

import msgspec

from leadback.kit.tabular.model import AMOUNTS, Row, Table, amount_text


class _JsonWriter:
    def __init__(self, table: Table, file: BinaryIO) -> None:
        self._file = file
        self._names = [column.name for column in table.columns]
        self._amounts = [column.name for column in table.columns if column.kind in AMOUNTS]
        self._between = b"\n"
        about = (msgspec.json.encode(name) + b": " + msgspec.json.encode(said) for name, said in table.about.items())
        file.write(b"{" + b", ".join([*about, b'"rows": [']))

    def write(self, rows: Sequence[Row]) -> None:
        for row in rows:
            value = dict(zip(self._names, row, strict=True))
            for name in self._amounts:
                if value[name] is not None:
                    value[name] = amount_text(value[name])
            self._file.write(self._between + msgspec.json.encode(value))
            self._between = b",\n"

    def close(self) -> None:
        self._file.write(b"\n]}\n")
        self._file.flush()


@contextmanager
def json_writer(table: Table, file: BinaryIO) -> Iterator[_JsonWriter]:
    """Amounts are texts with four decimals, so that no reader rounds them; dates and moments are ISO 8601."""
    yield _JsonWriter(table, file)
