"""The days a report is of: presets in the network's time, and days that were typed."""

import re
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from leadback.kit.errors import Refused
from leadback.networks.model import Network

CUSTOM: Final = "custom"
USUAL: Final = "last-30-days"
MATURE: Final = "mature-30-days"
MATURE_DAYS: Final = 30

PRESETS: Final = {
    "today": "Today",
    "yesterday": "Yesterday",
    "last-7-days": "Last 7 days",
    USUAL: "Last 30 days",
    "last-90-days": "Last 90 days",
    "month-to-date": "Month to date",
    "last-month": "Last month",
    MATURE: "Mature 30 days",
}
"""By its word in addresses: what a preset is called. Mature: days that are older than buyers usually take."""

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_LAST_DAYS: Final = re.compile(r"last-([0-9]+)-days")


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """Days, both ends included, and the preset they come from."""

    preset: str
    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def label(self) -> str:
        """Its preset's name or its days."""
        return PRESETS.get(self.preset) or told_days(self.first, self.last)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """As an address has it."""
        return self.pairs_beside(USUAL)

    def pairs_beside(self, usual: str) -> list[tuple[str, str]]:
        """As the address of a page has it that is of the `usual` preset where nothing is said."""
        if self.preset != CUSTOM:
            return [] if self.preset == usual else [("period", self.preset)]
        return [("from", self.first.isoformat()), ("to", self.last.isoformat())]


def preset_period(preset: str, network: Network, at: datetime, lag: timedelta) -> Period:
    """The days of a preset at a moment; `lag`: how long buyers usually take. Raises `Refused` where there is none."""
    today = network.day_of(at)
    month = today.replace(day=1)
    first = last = today
    numbered = _LAST_DAYS.fullmatch(preset)
    if preset not in PRESETS:
        raise Refused(f"There is no period {preset!r}. There are: {', '.join(PRESETS)}.")
    if numbered:
        first = today - timedelta(days=int(numbered[1]) - 1)
    elif preset == "yesterday":
        first = last = today - timedelta(days=1)
    elif preset == "month-to-date":
        first = month
    elif preset == "last-month":
        last = month - timedelta(days=1)
        first = last.replace(day=1)
    elif preset == MATURE:
        # Of the day on which the lag ends some sales are younger.
        last = network.day_of(at - lag) - timedelta(days=1)
        first = last - timedelta(days=MATURE_DAYS - 1)
    return Period(preset=preset, first=first, last=last)


def typed_period(first: str, last: str, network: Network, at: datetime) -> Period:
    """The days that were typed; one that is missing is today, or the first of as many days as usual."""
    end = parse_day(last) if last else network.day_of(at)
    begin = parse_day(first) if first else end - timedelta(days=MATURE_DAYS - 1)
    if begin > end:
        raise Refused(f"The first day, {begin}, is after the last, {end}.")
    return Period(preset=CUSTOM, first=begin, last=end)


def parse_day(text: str) -> date:
    """A date as `2018-01-31`; raises `Refused` for anything else."""
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Refused(f"{text!r} is no date. Write it as YYYY-MM-DD, such as 2018-01-31.")


def told_days(first: date, last: date) -> str:
    """Days as people write them: `Nov 1 – 23, 2026`."""
    if first == last:
        return f"{first:%b} {first.day}, {first.year}"
    if first.year != last.year:
        return f"{told_days(first, first)} – {told_days(last, last)}"
    end = str(last.day) if first.month == last.month else f"{last:%b} {last.day}"
    return f"{first:%b} {first.day} – {end}, {last.year}"
