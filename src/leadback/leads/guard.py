"""The guard against repeats in one batch: the last answers on its sales, those given in the batch included."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.round_trip import RoundTrip, round_trip
from leadback.leads import guard_store
from leadback.leads.fingerprint import fingerprint_of
from leadback.leads.guard_rules import OFF, RecentAnswer, looks_at, may_be_repeated
from leadback.leads.model import Answer, AnswerState, Receipt, Sale, UpdateRequest
from leadback.leads.notes import Notes
from leadback.parties.model import Buyer


class RepeatGuard:
    """Knows the answer that gave a sale its version, where the guard looks at the call it answered."""

    def __init__(self, network_id: int, notes: Notes) -> None:
        self._network_id = network_id
        self._notes = notes
        self._answers: dict[int, RecentAnswer] = {}
        self._new: set[int] = set()

    async def read(self, connection: AsyncConnection, candidates: Iterable[tuple[Sale, datetime]]) -> None:
        """Read what calls received at these times may repeat; the sales are locked, so nothing newer can come."""
        versions = {
            (sale.sale_id, sale.version) for sale, received_at in candidates if may_be_repeated(sale, received_at)
        }
        if not versions:
            return
        # Before reading: a mark leaves the memory only after it was written.
        marked = {version[0]: self._notes.state_of(*version) for version in versions}
        async with round_trip(connection) as trip:
            answers = guard_store.read_answers(trip, self._network_id, versions)
        for sale_id, answer in answers.value.items():
            state = marked[sale_id] or answer.state
            self._answers[sale_id] = msgspec.structs.replace(answer, state=state)

    def find_first(self, call: UpdateRequest, sales: Iterable[Sale], buyer: Buyer) -> tuple[Sale, RecentAnswer] | None:
        """The sale to which nothing else has happened since it got the same call, and the answer that call had.

        All sales are looked at that the call may mean: the repeat of a return means the next older sale of the lead
        once the return holds.
        """
        if not guards(call, buyer):
            return None
        last = [(sale, self._answers.get(sale.sale_id)) for sale in sales if sale.buyer_id == buyer.buyer_id]
        standing = [(sale, answer) for sale, answer in last if answer is not None and answer.version == sale.version]
        if not standing:
            return None
        fingerprint = fingerprint_of(call)
        return next((pair for pair in standing if pair[1].fingerprint == fingerprint), None)

    def remember(self, call: UpdateRequest, sale: Sale, buyer: Buyer, answer: Answer) -> Receipt | None:
        """Keep the answer to a call that was accepted, in case it comes again; the receipt to tell of it by."""
        if not guards(call, buyer):
            return None
        self._answers[sale.sale_id] = RecentAnswer(
            version=sale.version,
            fingerprint=fingerprint_of(call),
            answer=answer,
            state=AnswerState.COMMITTED,
            received_at=call.origin.received_at,
        )
        self._new.add(sale.sale_id)
        return Receipt(self._network_id, sale.sale_id, sale.version)

    def add_to(self, trip: RoundTrip) -> None:
        """Keep the last answer of the batch on each sale."""
        if self._new:
            answers = [(sale_id, self._answers[sale_id]) for sale_id in sorted(self._new)]
            guard_store.put_answers(trip, self._network_id, answers)


def guards(call: UpdateRequest, buyer: Buyer) -> bool:
    """Whether the guard looks at a call of this buyer."""
    return looks_at(call) and buyer.retry_guard != OFF
