"""Days and nights of the demonstration: its last day, and the night on which an hour comes twice."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

SEARCHED_HOURS: Final = 400 * 24
BEGUN_HOUR: Final = 6


def last_moment(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment with which the demonstration ends: a day that has hardly begun, without leads yet, is left out."""
    local = moment.astimezone(zone)
    if local.hour >= BEGUN_HOUR:
        return moment
    return _midnight(local.date(), zone) - timedelta(seconds=1)


def last_clock_set_back(day: date, zone: ZoneInfo) -> datetime:
    """The last moment (UTC) before a day at which local clocks were set back."""
    moment = _midnight(day, zone)
    for _ in range(SEARCHED_HOURS):
        before = moment - timedelta(hours=1)
        if _offset(before, zone) > _offset(moment, zone):
            return moment
        moment = before
    raise AssertionError(f"{zone.key} sets no clock back")


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()
