"""What the operator made of the returns, twice a week, and the replacements that were delivered."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import Final

import msgspec

from leadback.cli.demonstration.history import History
from leadback.cli.demonstration.model import Call, Sale, Verdict
from leadback.cli.demonstration.stories import (
    DELIVERED,
    DELIVERED_LEAD,
    INVALID_PHONE,
    REPLACED,
    REPLACED_CONTRACT,
    RESTORED_CONTRACT,
    RESTORED_LEAD,
    RETURN_DAYS,
)

REJECTED: Final = 0.08
DECIDED_ON: Final = (1, 4)
"""Tuesdays and Fridays."""
DECIDED_AT: Final = time(10, 30)
REJECTION: Final = "The data are right by our own check; the lead is good."
RESTORATION: Final = "We reached the person on the number given, twice: the price stands."
DELIVERED_DAYS: Final = 3


def decide_returns(history: History) -> None:
    """A verdict on every return that the operator came to; replacements are sold, not yet reported on."""
    for sale in history.sales:
        returned = returned_call(history, sale)
        decided_at = None if returned is None else _next_session(history, returned.at)
        if decided_at is not None and decided_at < history.until:
            rejected = history.dice.random() < REJECTED
            verdict = Verdict(decided_at, "reject", REJECTION) if rejected else Verdict(decided_at, "credit")
            history.verdicts[sale.number] = verdict
    _restore_one(history)
    _replace_some(history)


def returned_call(history: History, sale: Sale) -> Call | None:
    """The call by which a sale was given back in time; None where there is none."""
    calls = history.calls[sale.number]
    if not calls or not calls[-1].return_reason or sale.lead.is_test:
        return None
    sold_on, returned_on = (moment.astimezone(history.zone).date() for moment in (sale.sold_at, calls[-1].at))
    return calls[-1] if (returned_on - sold_on).days <= RETURN_DAYS else None


def _next_session(history: History, returned_at: datetime) -> datetime:
    day = returned_at.astimezone(history.zone).date() + timedelta(days=1)
    while day.weekday() not in DECIDED_ON:
        day += timedelta(days=1)
    return datetime.combine(day, DECIDED_AT, history.zone).astimezone(UTC)


def _decided(history: History, contract: str) -> list[Sale]:
    """Sales of a contract whose return for an invalid phone was decided and had set the revenue to 0, newest first."""
    return [
        sale
        for sale, calls in history.called(contract=contract)
        if sale.number in history.verdicts and calls[-1].amount == 0 and calls[-1].return_reason == INVALID_PHONE
    ]


def _restore_one(history: History) -> None:
    sale = _decided(history, RESTORED_CONTRACT)[0]
    at = history.verdicts[sale.number].at
    history.verdicts[sale.number] = Verdict(at, "restore", RESTORATION)
    history.name_lead(sale, RESTORED_LEAD)


def _replace_some(history: History) -> None:
    """A buyer asks for other leads and leaves the price alone; of the oldest promised, some were delivered."""
    longest_ago = history.until - timedelta(days=DELIVERED_DAYS + 1)
    decided = [sale for sale in _decided(history, REPLACED_CONTRACT) if history.verdicts[sale.number].at < longest_ago]
    replaced = list(islice(decided, REPLACED))
    assert len(replaced) == REPLACED
    for place, original in enumerate(reversed(replaced)):
        at = history.verdicts[original.number].at
        history.verdicts[original.number] = Verdict(at, "replace")
        calls = history.calls[original.number]
        calls[-1] = msgspec.structs.replace(calls[-1], amount=None, add_to_existing=None)
        if place < DELIVERED:
            _deliver(history, original, at + timedelta(days=DELIVERED_DAYS, minutes=20 * place))
            if place == 0:
                history.name_lead(original, DELIVERED_LEAD)


def _deliver(history: History, original: Sale, came_at: datetime) -> None:
    lead = msgspec.structs.replace(original.lead, number=len(history.lead_ids), came_at=came_at)
    sale = msgspec.structs.replace(
        original,
        number=len(history.sales),
        lead=lead,
        sold_at=came_at + timedelta(seconds=1),
        price=Decimal(0),
        sale_type="replacement",
        replaces=original.number,
    )
    history.add_lead(lead)
    history.add_sale(sale, [Call(at=came_at + timedelta(hours=9), status="Contacted", sub_status="By phone")])
