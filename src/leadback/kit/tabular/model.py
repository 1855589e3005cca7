"""A table's columns, what its cells may hold, and what writes them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

import msgspec


class Form(StrEnum):
    """The files a table can become."""

    CSV = "csv"
    JSON = "json"
    XLSX = "xlsx"
    PARQUET = "parquet"


class Kind(StrEnum):
    """What the cells of a column hold; each may be None as well."""

    TEXT = "text"
    COUNT = "count"
    MONEY = "money"
    """A Decimal of 18 digits, 4 of them decimals."""
    TOTAL = "total"
    """A sum of money: 24 digits."""
    NUMBER = "number"
    """What somebody reported: 38 digits."""
    DATE = "date"
    MOMENT = "moment"
    """A datetime with the offset it is to be shown with."""
    BOOL = "bool"


AMOUNTS = (Kind.MONEY, Kind.TOTAL, Kind.NUMBER)
DECIMALS = 4


def amount_text(value: Decimal) -> str:
    """The amount with its four decimals and nothing else, so that it compares as a text too."""
    return f"{value:.{DECIMALS}f}"


class Column(msgspec.Struct, frozen=True):
    """One column: its heading and what stands in it."""

    name: str
    kind: Kind = Kind.TEXT


class Table(msgspec.Struct, frozen=True):
    """What a file is to hold, but for its rows."""

    title: str
    """At most 25 characters, because it names the sheets of an XLSX file."""
    columns: tuple[Column, ...]
    about: Mapping[str, Any] = {}
    """What JSON says before the rows."""


Row = Sequence[Any]
"""One value for each column."""


class Writer(Protocol):
    """A file being written."""

    def write(self, rows: Sequence[Row]) -> None:
        """Add these rows; raises `Refused` where the form cannot hold a value."""

    def close(self) -> None:
        """Finish the file."""
