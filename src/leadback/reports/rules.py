"""When a buyer has fallen silent, and what it usually does: decisions on values alone."""

import itertools
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from statistics import median_low
from typing import Final

LAG_WHEN_UNKNOWN: Final = timedelta(days=3)
SILENT_SALES_MIN: Final = 20
SILENT_INTERVALS: Final = 3
SILENT_DAYS_MIN: Final = 3

SPOILED_PART: Final = 2
SPOILED_DEVIATIONS: Final = 5

_SHARE_STEP: Final = Decimal("0.0001")


def usual_interval_days(days: Iterable[date]) -> int | None:
    """The median of the gaps between days with an update, in days; None where there are no two such days.

    Days rather than calls, for a file of a thousand updates comes once; the median, for a holiday or an outage is not
    what is usual. Of two middle gaps the smaller. The silence that still lasts is no gap: it is what is judged.
    """
    gaps = [(later - earlier).days for earlier, later in itertools.pairwise(sorted(set(days)))]
    return median_low(gaps) if gaps else None


def silent_after(interval_days: int | None) -> timedelta:
    """How long without an update is silence: three times the usual interval, three days at least."""
    return timedelta(days=max(SILENT_INTERVALS * (interval_days or 0), SILENT_DAYS_MIN))


def is_silent(
    *, lead_statuses: bool, older_sales: int, last_update: datetime | None, interval_days: int | None, now: datetime
) -> bool:
    """Whether a buyer with so many sales older than its usual lag has fallen silent; one switched off never has."""
    if not lead_statuses or older_sales < SILENT_SALES_MIN:
        return False
    return last_update is None or now - last_update >= silent_after(interval_days)


def share(part: int, base: int) -> Decimal | None:
    """A part of its base with four decimals; None of nothing."""
    return (Decimal(part) / base).quantize(_SHARE_STEP, ROUND_HALF_UP) if base else None


def is_spoiled(own: Decimal, others: Decimal, sales: int) -> bool:
    """Whether a share of so many sales is less than half of the others' and too far from it to be chance.

    Chance: five standard deviations of what the others' share would let one expect.
    """
    if own * SPOILED_PART >= others:
        return False
    return (others - own) ** 2 * sales >= SPOILED_DEVIATIONS**2 * others * (1 - others)
