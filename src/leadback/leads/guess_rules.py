"""When a caller is taken for one that guesses lead ids, and for how long."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

WINDOW: Final = timedelta(minutes=10)
MINUTE: Final = timedelta(minutes=1)
KEY_GUESSES_MAX: Final = 1_000
"""A buyer's calls may well come before its leads; only more of them than others look like guesses."""


class Counted(msgspec.Struct, frozen=True):
    """What a caller did in a minute, or in several."""

    calls: int
    unknown_leads: int

    def __add__(self, other: "Counted") -> "Counted":
        return Counted(self.calls + other.calls, self.unknown_leads + other.unknown_leads)


NOTHING: Final = Counted(0, 0)
CALL: Final = Counted(1, 0)
UNKNOWN_LEAD: Final = Counted(0, 1)
"""Of a call that is counted already."""

Counts = dict[str, dict[datetime, Counted]]
"""By caller and minute."""


def minute_of(moment: datetime) -> datetime:
    """The minute a moment is counted in."""
    return moment.replace(second=0, microsecond=0)


def add(counts: Counts, caller: str, moment: datetime, more: Counted) -> None:
    """Count more of a caller."""
    minutes = counts.setdefault(caller, {})
    minute = minute_of(moment)
    minutes[minute] = minutes.get(minute, NOTHING) + more


def add_all(counts: Counts, more: Counts) -> None:
    """Count more of every caller in `more`."""
    for caller, minutes in more.items():
        for minute, counted in minutes.items():
            add(counts, caller, minute, counted)


def window_start(moment: datetime) -> datetime:
    """The first of the minutes that reach into the window before a moment."""
    return minute_of(moment - WINDOW)


def is_guessing(counted: Counted, guesses_max: int | None) -> bool:
    """Whether a caller has had too many unknown leads in the window; `guesses_max` is None for one with a key."""
    if guesses_max is None:
        return counted.unknown_leads > KEY_GUESSES_MAX and 2 * counted.unknown_leads > counted.calls
    return counted.unknown_leads > guesses_max


def restricted_until(minutes: Mapping[datetime, Counted], guesses_max: int | None) -> datetime:
    """When so many minutes have left the window that one more unknown lead would be within the limit.

    A restricted caller's calls are not counted, so the window empties by itself.
    """
    left = sum(minutes.values(), CALL + UNKNOWN_LEAD)
    end = min(minutes)
    for minute in sorted(minutes):
        if not is_guessing(left, guesses_max):
            break
        left = Counted(left.calls - minutes[minute].calls, left.unknown_leads - minutes[minute].unknown_leads)
        end = minute
    return end + WINDOW + MINUTE
