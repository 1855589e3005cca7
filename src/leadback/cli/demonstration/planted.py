"""Planting stories: what a buyer did that an operator should find."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import Final

import msgspec

from leadback.cli.demonstration.history import History
from leadback.cli.demonstration.model import Call
from leadback.cli.demonstration.stories import (
    INVALID_PHONE,
    LATE_CONTRACT,
    LATE_DAYS,
    LATE_LEAD,
    LATE_RETURNS,
    MISSPELLED_CALLS,
    MISSPELLING_BUYER,
    RETURN_DAYS,
    SILENT_BUYER,
    SILENT_DAYS,
    STALE_BUYER,
    STALE_CALLS,
    STALE_DAYS_AGO,
    STALE_LEAD,
    TEST_CONTRACT,
    TEST_LEAD,
    TWICE_CONTRACT,
    TWICE_LEAD,
    TWICE_SECONDS,
)

ATTEMPTS_MAX: Final = 7
MISSPELLED_DAYS: Final = 45
LATE_SOLD_DAYS_MAX: Final = 80
"""Failed updates are kept for 90 days: these are to stand there for some weeks."""


def plant(history: History) -> None:
    """All stories of updates; returns are decided afterwards."""
    _misspell(history)
    _fall_silent(history)
    _return_late(history)
    _upload_old_list(history)
    _call_twice(history)
    _sell_test_lead(history)


def _misspell(history: History) -> None:
    """A buyer writes "funded": each such call fails, and its software tries again in the next nights."""
    recently = history.until - timedelta(days=MISSPELLED_DAYS)
    funded = [
        calls
        for _, calls in history.called(buyer=MISSPELLING_BUYER)
        if calls[-1].status == "Funded" and calls[-1].at > recently
    ]
    missing = MISSPELLED_CALLS
    for attempt in range(ATTEMPTS_MAX):
        for calls in funded:
            at = calls[-1].at + timedelta(days=1 if attempt else 0)
            if missing and at < history.until:
                call = msgspec.structs.replace(calls[-1], at=at, status="funded")
                calls[-1:] = [calls[-1], call] if attempt else [call]
                missing -= 1
    assert not missing
    for calls in funded:
        # Whatever is left over was never told.
        calls[:] = [call for call in calls if call.status != "Funded"]


def _fall_silent(history: History) -> None:
    since = history.until - timedelta(days=SILENT_DAYS)
    for _, calls in history.called(buyer=SILENT_BUYER):
        calls[:] = [call for call in calls if call.at < since]


def _return_late(history: History) -> None:
    """Leads that were reached come back as "Invalid phone" about when the time for returns is over."""
    planted = 0
    newest = history.until - timedelta(days=LATE_DAYS[-1] + 2)
    oldest = history.until - timedelta(days=LATE_SOLD_DAYS_MAX)
    for sale, calls in history.called(contract=LATE_CONTRACT):
        if not oldest < sale.sold_at < newest or calls[-1].status != "Contacted":
            continue
        days = LATE_DAYS[planted % len(LATE_DAYS)]
        at = _at(history, sale.sold_at, days, time(15, 10)) + timedelta(seconds=17 * planted)
        calls.append(Call(at=at, amount=Decimal(0), add_to_existing=False, return_reason=INVALID_PHONE))
        if days == RETURN_DAYS and planted < len(LATE_DAYS):
            history.name_lead(sale, LATE_LEAD)
        planted += 1
        if planted == LATE_RETURNS:
            return
    raise AssertionError(f"{planted} late returns")


def _upload_old_list(history: History) -> None:
    """A buyer sends a list of weeks ago: what was funded since is in progress again."""
    at = _at(history, history.until, -STALE_DAYS_AGO, time(16, 20))
    funded = (
        (sale, calls)
        for sale, calls in history.called(buyer=STALE_BUYER)
        if calls[-1].status == "Funded" and calls[-1].at < at - timedelta(days=1)
    )
    chosen = list(islice(funded, STALE_CALLS))
    assert len(chosen) == STALE_CALLS
    history.name_lead(chosen[0][0], STALE_LEAD)
    for place, (_, calls) in enumerate(chosen):
        moment = at + timedelta(milliseconds=700 * place)
        calls.append(Call(at=moment, status="In Progress", sub_status="Documents requested"))


def _call_twice(history: History) -> None:
    """The same addition arrives twice within a minute, although the first had been answered."""
    for sale, calls in history.called(contract=TWICE_CONTRACT):
        if calls[-1].add_to_existing and sale.sale_type == "exclusive":
            history.name_lead(sale, TWICE_LEAD)
            calls.append(msgspec.structs.replace(calls[-1], at=calls[-1].at + timedelta(seconds=TWICE_SECONDS)))
            return
    raise AssertionError("nothing was added to a revenue")


def _sell_test_lead(history: History) -> None:
    """An affiliate's developer tries the chain: the lead takes updates and appears in no report."""
    model, _ = next(history.called(contract=TEST_CONTRACT))
    came_at = _at(history, history.until, -20, time(11, 5))
    lead = msgspec.structs.replace(model.lead, number=len(history.lead_ids), came_at=came_at, is_test=True)
    sale = msgspec.structs.replace(
        model, number=len(history.sales), lead=lead, sold_at=came_at + timedelta(seconds=1), sale_type="exclusive"
    )
    calls = [
        Call(at=came_at + timedelta(minutes=4), status="Contacted", sub_status="By phone"),
        Call(
            at=came_at + timedelta(minutes=9),
            status="Funded",
            sub_status="Full Payment",
            field="loan_amount",
            value="1",
        ),
    ]
    history.add_lead(lead)
    history.add_sale(sale, calls)
    history.name_lead(sale, TEST_LEAD)


def _at(history: History, moment: datetime, days: int, at: time) -> datetime:
    """A time of day, so many of the network's days after (or before) a moment."""
    day = moment.astimezone(history.zone).date() + timedelta(days=days)
    return datetime.combine(day, at, history.zone).astimezone(UTC)
