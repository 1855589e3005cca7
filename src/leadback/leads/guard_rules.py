"""Whether a call without an idempotency key repeats one that was accepted, and what then becomes of it."""

from datetime import datetime, timedelta
from enum import Enum
from typing import Final

import msgspec

from leadback.leads.model import MACHINE_CHANNELS, Answer, AnswerState, Sale, UpdateRequest

UNANSWERED_REPEATED_WITHIN: Final = timedelta(hours=24)
"""A caller that cannot have got its answer asks again for so long."""
ANSWERED_REPEATED_WITHIN: Final = timedelta(seconds=60)
"""Longer than the time-outs and pauses of machines, shorter than it takes a person to sell again."""

OFF: Final = "off"
STRICT: Final = "strict"


class RecentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to the accepted call that gave a sale its version."""

    version: int
    fingerprint: bytes
    answer: Answer
    state: AnswerState
    received_at: datetime
    """When the call was received that it answers."""


class Verdict(Enum):
    """What becomes of a call that says the same as the one before."""

    APPLY = "it is a call of its own"
    FLAG = "applied, and shown as a possible duplicate"
    SUPPRESS = "answered with the first answer, and not applied"


def looks_at(call: UpdateRequest) -> bool:
    """Whether a call would do harm twice and has nothing else that keeps it from being applied twice."""
    adds = bool(call.amount) and call.add_to_existing is True
    return (
        (adds or call.return_reason_id != 0)
        and call.idempotency_key is None
        and call.origin.channel in MACHINE_CHANNELS
    )


def may_be_repeated(sale: Sale, received_at: datetime) -> bool:
    """Whether a call received now can still repeat the one that gave the sale its version."""
    last = sale.buyer_updated_at
    return last is not None and received_at - last <= UNANSWERED_REPEATED_WITHIN


def judge(first: RecentAnswer, received_at: datetime, retry_guard: str) -> Verdict:
    """What becomes of a repeat, by what is known of the first answer's way and by the time between the two receipts."""
    apart = received_at - first.received_at
    if first.state in (AnswerState.COMMITTED, AnswerState.LOST):
        return Verdict.SUPPRESS if apart <= UNANSWERED_REPEATED_WITHIN else Verdict.APPLY
    if apart > ANSWERED_REPEATED_WITHIN:
        return Verdict.APPLY
    # Who has got its answer means it when it says the same once more.
    means_it = first.state is AnswerState.DELIVERED and retry_guard != STRICT
    return Verdict.FLAG if means_it else Verdict.SUPPRESS


def explain_repeat(first: RecentAnswer) -> str:
    """What the operator is told of a suppressed call."""
    return (
        f"Taken for a repeat of the call received {first.received_at.isoformat(timespec='milliseconds')} (version"
        f" {first.version}), whose answer was {first.state}. Not applied."
    )
