"""How commands print: a table for people, JSON for programs."""

import sys
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text


class Format(StrEnum):
    """What a command prints."""

    TEXT = "text"
    JSON = "json"


class Switch(StrEnum):
    """A setting that is on or off."""

    ON = "on"
    OFF = "off"


FormatOption = Annotated[Format, typer.Option("--format", help="A table for people, or JSON for programs.")]


def is_on(switch: Switch | None) -> bool | None:
    """True for on, False for off, None where it was not given."""
    return None if switch is None else switch is Switch.ON


def print_json(value: Any) -> None:
    """One JSON document; money as text, exactly."""
    sys.stdout.write(json_text(value))


def json_text(value: Any) -> str:
    """The document, for people to read as well."""
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=_encode), indent=2).decode() + "\n"


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None) -> None:
    """A table as wide as the terminal; numbers to the right."""
    table = Table(title=None if title is None else Text(title), title_justify="left")
    for place, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[place], int | Decimal) for row in rows)
        table.add_column(Text(column), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        # As text: a name such as [/x] would be read as markup.
        table.add_row(*(Text("" if value is None else str(value)) for value in row))
    Console(file=sys.stdout, soft_wrap=not sys.stdout.isatty()).print(table)


def say(text: str) -> None:
    """A sentence to a person, on standard error, so that standard output stays data."""
    print(text, file=sys.stderr)


def _encode(value: object) -> object:
    return str(value)
