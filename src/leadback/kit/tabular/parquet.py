"""Tables as Parquet, with types that hold every amount exactly and moments in UTC."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

import pyarrow as pa
from pyarrow import parquet

from leadback.kit.tabular.model import DECIMALS, Kind, Row, Table

GROUP_ROWS_MAX: Final = 10_000
"""Readers skip whole groups, so that small ones are slow; a group is held in memory until it is written."""

TYPES: Final[dict[Kind, Any]] = {
    Kind.TEXT: pa.string(),
    Kind.COUNT: pa.int64(),
    Kind.MONEY: pa.decimal128(18, DECIMALS),
    Kind.TOTAL: pa.decimal128(24, DECIMALS),
    Kind.NUMBER: pa.decimal128(38, DECIMALS),
    Kind.DATE: pa.date32(),
    Kind.MOMENT: pa.timestamp("us", tz="UTC"),
    Kind.BOOL: pa.bool_(),
}


class _ParquetWriter:
    def __init__(self, table: Table, writer: Any) -> None:
        self._schema = _schema(table)
        self._writer = writer
        self._group: list[Any] = []
        self._rows = 0

    def write(self, rows: Sequence[Row]) -> None:
        columns = list(zip(*rows, strict=True)) or [()] * len(self._schema)
        arrays = [pa.array(values, field.type) for values, field in zip(columns, self._schema, strict=True)]
        self._group.append(pa.record_batch(arrays, schema=self._schema))
        self._rows += len(rows)
        if self._rows >= GROUP_ROWS_MAX:
            self._write_group()

    def close(self) -> None:
        if self._rows:
            self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        self._writer.write_table(pa.Table.from_batches(self._group, self._schema))
        self._group, self._rows = [], 0


@contextmanager
def parquet_writer(table: Table, file: BinaryIO) -> Iterator[_ParquetWriter]:
    """Any number of rows of these columns; without any it still says which there are."""
    writer = parquet.ParquetWriter(file, _schema(table))
    try:
        yield _ParquetWriter(table, writer)
    finally:
        writer.close()


def _schema(table: Table) -> Any:
    return pa.schema([pa.field(column.name, TYPES[column.kind]) for column in table.columns])
