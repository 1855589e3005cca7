"""One batch of calls in one transaction: read and lock, decide in order of arrival, write once, commit."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.round_trip import Reply, RoundTrip, round_trip
from leadback.kit.tokens import without_keys
from leadback.leads import store
from leadback.leads.changes import Changes
from leadback.leads.configuration import Configuration
from leadback.leads.failed_rules import kept_call
from leadback.leads.fingerprint import fingerprint_of
from leadback.leads.guard import RepeatGuard
from leadback.leads.guard_rules import RecentAnswer, Verdict, explain_repeat, judge, looks_at
from leadback.leads.guesses import GuessLimits
from leadback.leads.model import (
    Answer,
    BuyerCaller,
    Change,
    Failure,
    Flag,
    KeylessCaller,
    Message,
    Outcome,
    OutcomeKind,
    Reason,
    RefusedCall,
    Sale,
    UpdateRequest,
)
from leadback.leads.rules import address_sale, check_enabled, decide, permit
from leadback.networks.model import Actor
from leadback.parties.model import Buyer

LEAD_ID_LENGTH_MAX: Final = 50
DETAIL_LENGTH_MAX: Final = 500
IDEMPOTENCY_KEPT: Final = timedelta(days=31)
WAITING_FOR_SALE: Final = timedelta(days=7)

_LEAD_ID = re.compile(rf"[A-Za-z0-9_-]{{1,{LEAD_ID_LENGTH_MAX}}}", re.ASCII)
_IDEMPOTENCY_KEY = re.compile(r"[\x20-\x7e]{1,255}")

Call = UpdateRequest | RefusedCall
KeyName = tuple[str, str, str]


class KeyTakenError(Exception):
    """Somebody else stored one of the batch's idempotency keys: everything is decided again."""


class Batch:
    """The calls of one transaction and what becomes of each; `outcomes` holds None for a call to be tried later."""

    def __init__(
        self,
        connection: AsyncConnection,
        configuration: Configuration,
        calls: Sequence[Call],
        now: datetime,
        guard: RepeatGuard,
        *,
        skip_locked: bool = False,
    ) -> None:
        self.connection = connection
        self.configuration = configuration
        self.network_id = configuration.network.network_id
        self.calls = calls
        self.now = now
        self.skip_locked = skip_locked
        self.locked_leads: set[str] = set()
        self.outcomes: list[Outcome | None] = [None] * len(calls)
        self.witness: tuple[int, int, bytes] | None = None
        self._callers = [permit(call, configuration) for call in calls]
        self._key_names = [self._key_name(place) for place in range(len(calls))]
        self._keys: dict[KeyName, tuple[bytes, Answer]] = {}
        self._new_keys: list[tuple[Any, ...]] = []
        self._changes = Changes(configuration)
        self._guard = guard
        self._guesses: GuessLimits
        self._first_places: dict[KeyName, int] = {}
        self._locked_keys: Reply[set[int]] | None = None
        self._locked_sales: Reply[list[Sale]] | None = None
        self._found_sales: Reply[list[tuple[int, str]]] | None = None
        self._stored_keys: Reply[dict[KeyName, tuple[bytes, Answer]]] | None = None
        self._sale_ids: list[tuple[int, ...]] = [()] * len(calls)
        self._failed: list[tuple[Any, ...]] = []

    def add_locks(self, trip: RoundTrip) -> None:
        """Lock the calls' idempotency keys and sales, then read what is known of the keys; `run` waits for none of it.

        Keys are read by a statement of its own, after the locks: what others stored before we got them is seen.
        """
        network_id = self.network_id
        for place, name in enumerate(self._key_names):
            if name is not None:
                self._first_places.setdefault(name, place)
        if self._first_places:
            locks = [(place, _lock_number(network_id, name)) for name, place in self._first_places.items()]
            self._locked_keys = store.try_key_locks(trip, locks)
        if wanted := self._wanted():
            self._locked_sales = store.lock_sales(trip, network_id, wanted, skip_locked=self.skip_locked)
            if self.skip_locked:
                self._found_sales = store.find_sales(trip, network_id, wanted)
        if self._first_places:
            self._stored_keys = store.read_keys(trip, network_id, self._first_places, self.now)

    async def run(self, guesses: GuessLimits) -> None:
        """Everything but the commit, once the locks are held."""
        self._guesses = guesses
        waiting = self._take_keys() | self._take_sales()
        await self._guard.read(self.connection, self._repeatable())
        await guesses.read(self.connection, self._suspects(waiting))
        for place, call in enumerate(self.calls):
            if place not in waiting:
                self.outcomes[place] = self._decide(place, call)
        await self._write()

    def _wanted(self) -> set[tuple[str, int]]:
        """The lead keys and buyers whose sales the calls may mean."""
        wanted = set()
        for place, call in enumerate(self.calls):
            buyers = self._callers[place]
            if isinstance(call, UpdateRequest) and not isinstance(buyers, Failure):
                wanted |= {(lead_key, buyer_id) for lead_key in lead_keys(call) for buyer_id in buyers}
        return wanted

    def _take_keys(self) -> set[int]:
        """The places whose idempotency key another transaction is working on: they wait outside this one."""
        if self._locked_keys is None or self._stored_keys is None:
            return set()
        self._keys = self._stored_keys.value
        got = self._locked_keys.value
        return {
            place
            for place, name in enumerate(self._key_names)
            if name is not None and self._first_places[name] not in got
        }

    def _take_sales(self) -> set[int]:
        """The places whose lead somebody else holds, where those are skipped."""
        if self._locked_sales is None:
            return set()
        self._changes.take(self._locked_sales.value)
        self._assign(self._locked_sales.value)
        if self._found_sales is None:
            return set()
        found = self._found_sales.value
        self.locked_leads = {lead_key for sale_id, lead_key in found if not self._changes.is_locked(sale_id)}
        return {
            place
            for place, call in enumerate(self.calls)
            if isinstance(call, UpdateRequest) and self.locked_leads.intersection(lead_keys(call))
        }

    def _decide(self, place: int, call: Call) -> Outcome:
        buyers = self._callers[place]
        if isinstance(buyers, Failure):
            return self._refuse(call, buyers)
        keyless = isinstance(call.caller, KeylessCaller)
        if isinstance(call, RefusedCall):
            if not keyless:
                (buyer_id,) = buyers
                self._keep_failed(call, buyer_id, None, call.reason, call.detail)
            return Outcome(OutcomeKind.DECIDED, Answer(False, call.reason))
        restricted = self._guesses.admit(call)
        if restricted is not None:
            return restricted
        # A key names one buyer: its idempotency key and switch come first. Without one the sale finds the buyer.
        if not keyless:
            (buyer_id,) = buyers
            answered = self._admit(place, call, self.configuration.buyers[buyer_id])
            if answered is not None:
                return answered
        return self._decide_sale(place, call, buyers)

    def _decide_sale(self, place: int, call: UpdateRequest, buyers: frozenset[int]) -> Outcome:
        """A call whose caller is known, on the sale it means."""
        keyless = isinstance(call.caller, KeylessCaller)
        sales = self._sales_of(place)
        target = address_sale(call, sales, self.configuration, keyless=keyless)
        if isinstance(target, Failure):
            if not keyless and target.buyer_id is None:
                target = msgspec.structs.replace(target, buyer_id=next(iter(buyers)))
            guessed = self._guesses.guess(call) if target.message is Message.INVALID_LEAD_ID else None
            return guessed or self._refuse(call, target)
        buyer = self.configuration.buyers[target.buyer_id]
        if keyless:
            answered = self._admit(place, call, buyer)
            if answered is not None:
                return answered
        repeated = self._guard.find_first(call, sales, buyer)
        verdict = Verdict.APPLY if repeated is None else judge(repeated[1], call.origin.received_at, buyer.retry_guard)
        if repeated is not None and verdict is Verdict.SUPPRESS:
            return self._repeat(call, *repeated)
        decision = decide(target, call, self.configuration)
        if isinstance(decision, Failure):
            return self._refuse(call, decision)
        if verdict is Verdict.FLAG and repeated is not None and repeated[0] is target:
            decision = msgspec.structs.replace(decision, flags=(*decision.flags, Flag.POSSIBLE_DUPLICATE))
        return self._accept(place, call, decision)

    def _assign(self, locked: Sequence[Sale]) -> None:
        """Which of the locked sales each call may mean."""
        of_lead: dict[str, list[Sale]] = {}
        for sale in locked:
            of_lead.setdefault(sale.lead_key, []).append(sale)
        for place, call in enumerate(self.calls):
            buyers = self._callers[place]
            if isinstance(call, UpdateRequest) and not isinstance(buyers, Failure):
                sales = [sale for lead_key in lead_keys(call) for sale in of_lead.get(lead_key, ())]
                self._sale_ids[place] = tuple(sale.sale_id for sale in sales if sale.buyer_id in buyers)

    def _sales_of(self, place: int) -> list[Sale]:
        """The sales of the call's lead to its caller, as they stand now."""
        return [self._changes.sales[sale_id] for sale_id in self._sale_ids[place]]

    def _repeatable(self) -> list[tuple[Sale, datetime]]:
        """The sales that calls which the guard looks at may mean, and when these calls were received."""
        return [
            (sale, call.origin.received_at)
            for place, call in enumerate(self.calls)
            if isinstance(call, UpdateRequest) and looks_at(call)
            for sale in self._sales_of(place)
        ]

    def _suspects(self, waiting: set[int]) -> list[UpdateRequest]:
        """The calls that will be told of an unknown lead, as far as that can be known before they are decided."""
        found = []
        for place, call in enumerate(self.calls):
            if (
                place not in waiting
                and isinstance(call, UpdateRequest)
                and not isinstance(self._callers[place], Failure)
                and self._guesses.looks_at(call)
                and is_unknown_lead(call, self._sales_of(place))
            ):
                found.append(call)
        return found

    def _admit(self, place: int, call: UpdateRequest, buyer: Buyer) -> Outcome | None:
        """The idempotency key and the switch: an answer where they give one, None where the call goes on."""
        if call.idempotency_key is not None:
            name = self._key_names[place]
            if name is None:
                return self._refuse(call, _failure(Message.IDEMPOTENCY_KEY_INVALID, buyer, "1 to 255 printable ASCII."))
            known = self._keys.get(name)
            if known is not None:
                fingerprint, answer = known
                if fingerprint == fingerprint_of(call):
                    return Outcome(OutcomeKind.REPLAYED, answer)
                detail = "The key was used for a call with other parameters."
                return self._refuse(call, _failure(Message.IDEMPOTENCY_KEY_REUSED, buyer, detail))
        disabled = check_enabled(buyer, self.configuration.network)
        return None if disabled is None else self._refuse(call, disabled)

    def _accept(self, place: int, call: UpdateRequest, change: Change) -> Outcome:
        buyer = self.configuration.buyers[change.after.buyer_id]
        after = self._changes.accept(
            change,
            origin=call.origin,
            actor=Actor(kind="buyer", actor_id=buyer.buyer_id, name=buyer.name),
            idempotency_key=call.idempotency_key,
        )
        self.witness = (after.sale_id, after.version, after.ledger_hash)
        message = Message.LEAD_RETURNED if call.must_return else Message.LEAD_UPDATED
        answer = Answer(True, message, after.lead_id)
        name = self._key_names[place]
        if name is not None:
            fingerprint = fingerprint_of(call)
            self._keys[name] = (fingerprint, answer)
            stored = msgspec.json.encode(answer).decode()
            self._new_keys.append((*name, fingerprint, stored, self.now + IDEMPOTENCY_KEPT))
        return Outcome(OutcomeKind.DECIDED, answer, receipt=self._guard.remember(call, after, buyer, answer))

    def _repeat(self, call: UpdateRequest, sale: Sale, first: RecentAnswer) -> Outcome:
        """The first answer once more. The operator sees the call, and can have it applied anyway."""
        self._keep_failed(call, sale.buyer_id, sale.sale_id, Reason.REPEATED_CALL, explain_repeat(first))
        return Outcome(OutcomeKind.REPEATED, first.answer)

    def _refuse(self, call: Call, failure: Failure) -> Outcome:
        if failure.buyer_id is not None:
            self._keep_failed(call, failure.buyer_id, failure.sale_id, failure.message, failure.detail)
        return Outcome(OutcomeKind.DECIDED, Answer(False, failure.message))

    def _keep_failed(self, call: Call, buyer_id: int, sale_id: int | None, reason: str, detail: str) -> None:
        origin = call.origin
        waits_for = lead_keys(call) if reason == Message.INVALID_LEAD_ID else ()
        self._failed.append(
            (
                origin.received_at,
                buyer_id,
                sale_id,
                without_keys(call.lead_id)[:LEAD_ID_LENGTH_MAX],
                origin.operation,
                str(origin.channel),
                None if origin.address is None else str(origin.address),
                origin.request_id,
                str(reason),
                without_keys(detail)[:DETAIL_LENGTH_MAX],
                msgspec.json.encode(call.parameters).decode(),
                waits_for[0] if waits_for else None,
                origin.received_at + WAITING_FOR_SALE if waits_for else None,
                kept_call(call),
            )
        )

    async def _write(self) -> None:
        network_id = self.network_id
        async with round_trip(self.connection) as trip:
            stored = store.insert_keys(trip, network_id, self._new_keys, self.now) if self._new_keys else None
            self._changes.add_to(trip)
            self._guard.add_to(trip)
            if self._failed:
                store.insert_failed(trip, network_id, self._failed)
        if stored is not None and stored.value != len(self._new_keys):
            raise KeyTakenError
        await self._guesses.write(self.connection)

    def _key_name(self, place: int) -> KeyName | None:
        call, buyers = self.calls[place], self._callers[place]
        if isinstance(call, RefusedCall) or call.idempotency_key is None or isinstance(buyers, Failure):
            return None
        if not _IDEMPOTENCY_KEY.fullmatch(call.idempotency_key):
            return None
        if isinstance(call.caller, BuyerCaller):
            scope = f"buyer:{next(iter(buyers))}"
        else:
            scope = f"address:{call.caller.address}"
        return scope, call.origin.operation, call.idempotency_key


def lead_keys(call: Call) -> tuple[str, ...]:
    """The one key to look a lead up by, or none where no lead can have that id."""
    return (call.lead_id.upper(),) if _LEAD_ID.fullmatch(call.lead_id) else ()


def is_unknown_lead(call: UpdateRequest, sales: Sequence[Sale]) -> bool:
    """Whether no sale of the caller's is meant; without a key a wrong contract tells no more than a wrong lead."""
    if isinstance(call.caller, KeylessCaller):
        return not any(call.buyer_contract_id in (0, sale.buyer_contract_id) for sale in sales)
    return not sales


def _lock_number(network_id: int, name: KeyName) -> int:
    body = "\0".join((str(network_id), *name)).encode()
    return int.from_bytes(hashlib.blake2b(body, digest_size=8).digest(), signed=True)


def _failure(message: Message, buyer: Buyer, detail: str) -> Failure:
    return Failure(message=message, detail=detail, buyer_id=buyer.buyer_id)
