"""Tables that people read: as wide as the terminal in as many parts as that takes, or one table however wide."""

import sys
from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

FRAME_WIDTH: Final = 3
"""Around and between the columns of a table: two blanks and a line each."""


class Column:
    """One column of the printed table: its heading, and a text for every row."""

    def __init__(self, heading: str, texts: Sequence[str], *, right: bool = True) -> None:
        self.heading = heading
        self.texts = texts
        self.right = right
        self.width = max(Text(text).cell_len for text in (heading, *texts)) + FRAME_WIDTH


def print_columns(lines: Sequence[str], key: list[Column], others: list[Column], *, totals_first: bool = False) -> None:
    """What it is of, then the columns; each part of the table begins with those that name its rows."""
    console = Console(file=sys.stdout)
    # Into a file or a pipe goes one table, however wide.
    width = console.width if console.is_terminal else sum(item.width for item in (*key, *others)) + FRAME_WIDTH
    console = Console(file=sys.stdout, width=width)
    for line in lines:
        console.print(Text(line), soft_wrap=True)
    for part in _parts(key, others, width):
        console.print(_table(part, totals_first=totals_first))


def _parts(key: list[Column], others: list[Column], width: int) -> Iterable[list[Column]]:
    part: list[Column] = []
    for column in others:
        if part and sum(known.width for known in (*key, *part, column)) + 1 > width:
            yield key + part
            part = []
        part.append(column)
    yield key + part


def _table(columns: Sequence[Column], *, totals_first: bool) -> Table:
    table = Table()
    for column in columns:
        table.add_column(Text(column.heading), justify="right" if column.right else "left", overflow="fold")
    for place in range(len(columns[0].texts)):
        # As Text: a name in square brackets is no markup.
        cells = (Text(column.texts[place]) for column in columns)
        table.add_row(*cells, end_section=totals_first and place == 0)
    return table
