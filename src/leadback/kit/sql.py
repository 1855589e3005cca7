"""Rows handed to PostgreSQL as one array for each column, so that a whole batch is one statement.

The arrays are written as PostgreSQL's own text, `{…}`: a tenth of the time the driver takes for lists.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

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
        self._writers = [(name, _WRITERS.get(kind, _plain)) for name, kind in columns.items()]

    def parameters(self, rows: Iterable[Sequence[Any]], **more: Any) -> dict[str, Any]:
        """The statement's parameters for rows whose values stand in the order of the columns."""
        columns = list(zip(*rows, strict=True)) or [()] * len(self.names)
        written = {name: write(values) for (name, write), values in zip(self._writers, columns, strict=True)}
        return written | more


def insert_statement(table: str, rows: Rows) -> TextClause:
    """One INSERT of all rows into a table, each with the statement's `:network_id`."""
    return text(
        f"INSERT INTO {table} (network_id, {rows.columns}) SELECT :network_id, {rows.row_columns} FROM {rows.source}"  # noqa: S608 - names from our own code
    )


def _plain(values: Sequence[Any]) -> str:
    """Numbers, moments, addresses and truths: none of them needs quotes."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def _quoted(values: Sequence[str | None]) -> str:
    if not values:
        return "{}"
    if None not in values:
        joined = '","'.join(values)  # type: ignore[arg-type] # None has just been looked for
        # Nothing to escape: all quotes are those between the values.
        if "\\" not in joined and joined.count('"') == 2 * (len(values) - 1):
            return '{"' + joined + '"}'
    return "{" + ",".join(["NULL" if value is None else _escaped(value) for value in values]) + "}"


def _escaped(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _bytes(values: Sequence[bytes | None]) -> str:
    return "{" + ",".join(["NULL" if value is None else f'"\\\\x{value.hex()}"' for value in values]) + "}"


_WRITERS: Final[dict[str, Callable[[Sequence[Any]], str]]] = {"text": _quoted, "jsonb": _quoted, "bytea": _bytes}
