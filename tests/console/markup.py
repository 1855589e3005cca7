"""Looks through a page's HTML for what breaks it, or what the console's policy would block."""

import re
from collections import Counter
from html.parser import HTMLParser
from typing import Final

from leadback.console.routes import PLACE

VOID: Final = frozenset("area base br col embed hr img input link meta source track wbr".split())
REFERRING: Final = ("for", "aria-describedby", "aria-controls", "aria-labelledby", "data-dialog", "data-toggles")
BLOCKED: Final = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "an event attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a script of its own": re.compile(r"<script(?![^>]*\ssrc=)(?![^>]*application/json)", re.IGNORECASE),
    "a javascript: address": re.compile(r"javascript:", re.IGNORECASE),
    "what htmx would have to evaluate": re.compile(r"\shx-(on|vars)\b|hx-[a-z-]+=[\"']js:|hx-trigger=\"[^\"]*\["),
    "another site's address": re.compile(r"\s(src|href)=[\"'](https?:)?//"),
}
ADDRESS: Final = re.compile(r"/static/[\w./-]+(?:#[\w-]+)?")


def faults(html: str) -> list[str]:
    """Everything that is wrong with a page, in words."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    twice = [name for name, times in Counter(reader.ids).items() if times > 1]
    return [
        *reader.faults,
        *(f"<{tag}> is never closed" for tag in reader.open),
        *(f"the id {name} is there more than once" for name in twice),
        *(f"nothing has the id {name}" for name in reader.referred if name not in reader.ids),
        *blocked(html),
        *absent(html),
    ]


def blocked(text: str) -> list[str]:
    """What the policy does not let a page hold, in a page or in a template."""
    return [f"holds {what}: {found[0]}" for what, pattern in BLOCKED.items() if (found := pattern.search(text))]


def absent(text: str) -> list[str]:
    """The files and icons it names that are not there."""
    return [f"{address} is not there" for address in ADDRESS.findall(text) if not _is_there(address)]


def icons() -> set[str]:
    """Every icon there is."""
    (sprite,) = (PLACE / "static" / "vendor").glob("tabler-icons-*.svg")
    return set(re.findall(r'<symbol id="([\w-]+)"', sprite.read_text(encoding="utf-8")))


def _is_there(address: str) -> bool:
    path, _, part = address.partition("#")
    return (PLACE / path.removeprefix("/")).is_file() and (not part or part in icons())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.referred: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = Counter(name for name, _ in attrs)
        self.faults += [f"<{tag}> has {name} twice" for name, times in names.items() if times > 1]
        self.faults += [f"<{tag}> has an odd attribute: {name}" for name in names if not re.fullmatch(r"[\w:-]+", name)]
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.append(given["id"])
        for name in REFERRING:
            self.referred += given.get(name, "").split()
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.faults.append(f"</{tag}> at line {self.getpos()[0]} closes nothing; open: {' '.join(self.open[-3:])}")
