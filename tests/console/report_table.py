"""A report's page as tests read it: the rows and columns of its table, its messages and its chips."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
from lxml import html


class Shown(msgspec.Struct, frozen=True):
    """One cell: its number, the share beside it, and where it leads."""

    text: str
    share: str
    href: str


class Line(msgspec.Struct, frozen=True):
    """One row: what it is called, how deep it lies, what it opens into, and its cells by their column."""

    name: str
    level: int
    href: str
    opens: str
    inside: str
    cells: dict[str, Shown]


def read_page(answer: httpx.Response) -> Any:
    """The page as a tree; rows that are a part of one stand in a table."""
    return html.fromstring(answer.text if "<html" in answer.text else f"<table>{answer.text}</table>")


def lines_of(page: Any, columns: list[str] | None = None) -> list[Line]:
    """The table's rows, totals first; `columns`: of a part without a heading."""
    names = columns_of(page) if columns is None else columns
    return [
        _line(row, names) for row in page.iter("tr") if row.get("role") and row.find("th[@scope='row']") is not None
    ]


def columns_of(page: Any) -> list[str]:
    """The names by which the columns are sorted, without the first."""
    links = page.xpath("//thead//th[@scope='col']/a/@href")
    found = [parse_qs(urlsplit(link).query)["sort"][0].removeprefix("-") for link in links]
    return found[1:]


def messages_of(page: Any) -> str:
    """What the page says went wrong."""
    return " ".join(text_of(found) for found in page.find_class("message-error"))


def chips_of(page: Any) -> list[str]:
    """The filters that are set, as they are read."""
    return [text_of(link.getparent()) for link in page.find_class("chip-remove")]


def text_of(element: Any) -> str:
    """What is read there, with single blanks."""
    return " ".join(element.text_content().split())


def _line(row: Any, names: list[str]) -> Line:
    head = row.find("th[@scope='row']")
    opener = head.find_class("opener")
    links = [link for link in head.iter("a") if link not in opener]
    return Line(
        name=text_of(head),
        level=int(row.get("data-level", "0")),
        href=links[0].get("href") if links else "",
        opens=opener[0].get("href") if opener else "",
        inside=opener[0].get("hx-get") if opener else "",
        cells=dict(zip(names, map(_shown, row.findall("td")), strict=True)),
    )


def _shown(cell: Any) -> Shown:
    small = cell.find("small")
    link = cell.find("a")
    share = "" if small is None else text_of(small)
    text = text_of(cell)
    return Shown(text.removesuffix(share).strip() if share else text, share, "" if link is None else link.get("href"))
