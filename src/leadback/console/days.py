"""What a list's address asks for: its days, `from` and `to`, both included, in the network's time; ids to filter by."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

import msgspec

from leadback.console.report_period import told_days
from leadback.console.session import AnyRequest
from leadback.console.templating import address
from leadback.kit.errors import Refused

PRESETS: Final = (("Today", 1), ("Last 7 days", 7), ("Last 30 days", 30), ("Last 90 days", 90))

ID_MAX: Final = 2**31 - 1

Query = list[tuple[str, str]]


class Days(msgspec.Struct, frozen=True):
    """The first and the last day."""

    first: date
    last: date

    @property
    def label(self) -> str:
        """As the button that changes them shows it."""
        return told_days(self.first, self.last)

    def presets(self, path: str, query: Iterable[tuple[str, str]], today: date) -> list[tuple[str, str, bool]]:
        """Usual ranges up to today: label, address, and whether it is this one."""
        choices = []
        for label, length in PRESETS:
            days = Days(today - timedelta(days=length - 1), today)
            changed = {"from": str(days.first), "to": str(days.last), "after": None}
            choices.append((label, address(path, query, changed), days == self))
        return choices


def read_days(request: AnyRequest, today: date, *, usual: int) -> Days:
    """The days of a page's address, else so many up to today; `Refused` where they are none or in the wrong order."""
    first = _day(request, "from", today - timedelta(days=usual - 1))
    last = _day(request, "to", today)
    if first > last:
        raise Refused(f"The first day, {first}, is after the last, {last}.")
    return Days(first, last)


def query_of(request: AnyRequest, *names: str) -> Query:
    """What of a page's address links on it keep."""
    return [(name, value) for name, value in request.query_params.multi_items() if name in names and value]


def id_of(request: AnyRequest, name: str) -> int | None:
    """An id in a page's address, None where there is none; `Refused` where it can be none."""
    text = request.query_params.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text[:20]) <= ID_MAX):
        raise Refused(f"{text[:40]!r} is no {name}; it is a number.")
    return int(text)


def _day(request: AnyRequest, name: str, usual: date) -> date:
    text = request.query_params.get(name, "")
    if not text:
        return usual
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused(f"{text[:40]!r} is no day; it is written as 2026-01-31.") from error
