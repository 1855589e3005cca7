"""Lists that are read from tables a page at a time: which rows hold some words, in which order, from where on."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Text, cast, collate, func, or_

LISTED_ROWS_MAX: Final = 100_000
"""Of a list so many rows can be turned to or taken along; for others it is narrowed."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a list that is wanted."""

    words: str = ""
    """What a row must hold, in any case; empty: anything."""
    sort: str = ""
    """By which column; empty: as usual."""
    descending: bool = False
    offset: int = 0
    limit: int = LISTED_ROWS_MAX

    def part(self, offset: int, limit: int) -> "Wanted":
        """The same, from one row on and so many."""
        return msgspec.structs.replace(self, offset=offset, limit=limit)


def in_any_case(column: ColumnElement[Any]) -> ColumnElement[str]:
    """A text to compare and to sort by without case; columns are compared byte by byte, which knows only a to z."""
    return func.lower(collate(cast(column, Text), "default"))


def holding(words: str, *columns: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    """The condition that one of these columns holds the words, in any case; none where there are no words."""
    if not words:
        return []
    return [or_(*(in_any_case(column).contains(words.lower(), autoescape=True) for column in columns))]


def in_order(
    wanted: Wanted, columns: Mapping[str, ColumnElement[Any]], usual: str, *unique: ColumnElement[Any]
) -> list[ColumnElement[Any]]:
    """By the column that is wanted, what is not known last; rows that are equal in it by what tells them apart."""
    column = columns[wanted.sort or usual]
    return [
        (column.desc() if wanted.descending else column.asc()).nulls_last(),
        *(each.desc() if wanted.descending else each.asc() for each in unique),
    ]
