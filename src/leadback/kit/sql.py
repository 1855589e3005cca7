"""Rows handed to PostgreSQL as one array for each column, so that a whole batch is one statement."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import TextClause, text


class Rows:
    """The columns of a set-based statement, with their PostgreSQL types.

    `source` stands in a FROM clause: `unnest(CAST(:name AS type[]), …) AS row(name, …)`. Under Citus `unnest` in one
    write per statement stays on one shard; several data-modifying CTEs would not.
    """

    def __init__(self, **columns: str) -> None:
        self.names = tuple(columns)
        arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in columns.items())
        self.source = f"unnest({arrays}) AS row({', '.join(self.names)})"
        self.columns = ", ".join(self.names)
        self.row_columns = ", ".join(f"row.{name}" for name in self.names)

    def parameters(self, rows: Iterable[Sequence[Any]], **more: Any) -> dict[str, Any]:
        """The statement's parameters for rows whose values stand in the order of the columns."""
        taken = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in self.names]
        return dict(zip(self.names, taken, strict=True)) | more


def insert_statement(table: str, rows: Rows) -> TextClause:
    """One INSERT of all rows into a table, each with the statement's `:network_id`."""
    return text(
        f"INSERT INTO {table} (network_id, {rows.columns}) SELECT :network_id, {rows.row_columns} FROM {rows.source}"  # noqa: S608 - names from our own code
    )
