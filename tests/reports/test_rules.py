"""When a buyer is silent and what is usual for it: the boundaries, on values alone."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from leadback.reports.rules import is_silent, is_spoiled, share, silent_after, usual_interval_days

NOW = datetime(2026, 3, 20, 15, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


SILENT: dict[str, Any] = {
    "lead_statuses": True,
    "older_sales": 20,
    "last_update": ago(days=3),
    "interval_days": 1,
    "now": NOW,
}


@pytest.mark.parametrize(
    ("changes", "silent"),
    [
        ({}, True),
        ({"older_sales": 19}, False),
        ({"older_sales": 19, "last_update": None}, False),
        ({"older_sales": 0, "last_update": ago(days=300)}, False),
        ({"last_update": ago(days=3) + MOMENT}, False),
        ({"last_update": NOW}, False),
        ({"last_update": None}, True),
        ({"last_update": None, "interval_days": None}, True),
        ({"interval_days": None}, True),
        ({"interval_days": None, "last_update": ago(days=3) + MOMENT}, False),
        ({"interval_days": 2}, False),
        ({"interval_days": 2, "last_update": ago(days=6) + MOMENT}, False),
        ({"interval_days": 2, "last_update": ago(days=6)}, True),
        ({"interval_days": 7, "last_update": ago(days=21) + MOMENT}, False),
        ({"interval_days": 7, "last_update": ago(days=21)}, True),
        ({"lead_statuses": False}, False),
        ({"lead_statuses": False, "last_update": None, "older_sales": 1000}, False),
    ],
)
def test_a_buyer_is_silent_from_the_boundary_on(changes: dict[str, Any], silent: bool) -> None:
    assert is_silent(**(SILENT | changes)) is silent


@pytest.mark.parametrize(("interval", "days"), [(None, 3), (1, 3), (2, 6), (7, 21), (30, 90)])
def test_silence_begins_after_three_usual_intervals_and_three_days_at_least(interval: int | None, days: int) -> None:
    assert silent_after(interval) == timedelta(days=days)


@pytest.mark.parametrize(
    ("days", "interval"),
    [
        ([], None),
        ([1], None),
        ([1, 1, 1], None),
        ([1, 2], 1),
        ([2, 1], 1),
        # Working days: a weekend is not usual.
        ([2, 3, 4, 5, 6, 9, 10, 11, 12, 13], 1),
        ([2, 9, 16, 23], 7),
        # An outage is not usual either, and of two middle gaps the smaller is.
        ([1, 2, 3, 25], 1),
        ([1, 2, 5], 1),
    ],
)
def test_the_usual_interval_is_the_median_gap_between_days(days: list[int], interval: int | None) -> None:
    assert usual_interval_days(date(2026, 3, day) for day in days) == interval


def test_a_share_of_nothing_is_none() -> None:
    assert (share(0, 0), share(0, 3), share(2, 3), share(3, 3)) == (
        None,
        Decimal("0.0000"),
        Decimal("0.6667"),
        Decimal("1.0000"),
    )


@pytest.mark.parametrize(
    ("own", "others", "sales", "spoiled"),
    [
        ("0.1", "0.5", 40, True),
        ("0.1", "0.5", 39, False),
        ("0.25", "0.5", 10_000, False),
        ("0.2499", "0.5", 10_000, True),
        ("0", "0", 10_000, False),
        ("0", "1", 1, True),
    ],
)
def test_a_share_is_spoiled_below_half_of_the_others_and_beyond_chance(
    own: str, others: str, sales: int, spoiled: bool
) -> None:
    """Of 40 sales a tenth, where half was to be expected: 0.4 is 5.06 deviations of 0.079; of 39 it is 4.996."""
    assert is_spoiled(Decimal(own), Decimal(others), sales) is spoiled
