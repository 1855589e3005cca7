"""The guard: what machines repeat without an idempotency key has one effect, and what is meant twice has two."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.model import (
    AnswerState,
    Channel,
    KeylessCaller,
    Message,
    Outcome,
    OutcomeKind,
    UpdateRequest,
)
from leadback.leads.notes import WRITE_SECONDS
from leadback.leads.update import Updates
from leadback.networks.model import COMMAND_LINE
from leadback.parties.actions import set_buyer
from leadback.parties.settings import BuyerSettings
from tests.leads.test_update import added, call, caller_with, refused_with
from tests.support.lived import checked
from tests.support.recompute import check_ledger, check_numbers
from tests.support.seed import Seeded, read_failed, read_ledger, read_sale, seed_network, seed_sale

pytestmark = pytest.mark.anyio

SOLD_PRICE = Decimal(25)


class Life:
    """One sale, the calls upon it at given seconds of its life, and what became of their answers."""

    def __init__(self, database: Database, seeded: Seeded, sale_id: int, updates: Updates) -> None:
        self.database = database
        self.seeded = seeded
        self.sale_id = sale_id
        self.updates = updates
        self.start = now()

    async def call(self, at: timedelta, state: AnswerState | None = None, **changes: Any) -> Outcome:
        """An add of 10 (or what is given) received so long after the start; then its answer meets its fate."""
        plain: dict[str, Any] = {"amount": Decimal(10), "add_to_existing": True}
        outcome = await self.updates.submit(
            received(call(caller_with(self.seeded.key), **plain | changes), self.start + at)
        )
        if state is not None:
            self.tell(outcome, state)
        return outcome

    def tell(self, outcome: Outcome, state: AnswerState) -> None:
        """What becomes of an answer."""
        assert outcome.receipt is not None
        self.updates.tell(outcome.receipt, state)

    async def restart(self) -> None:
        """Another process in place of this one, which does not end in peace: what it had not written is gone."""
        self.updates = Updates(self.database)

    async def added(self) -> Decimal:
        """What the sale has gained."""
        return (await read_sale(self.database, self.seeded.network_id, self.sale_id)).revenue - SOLD_PRICE

    async def flags(self) -> list[list[str]]:
        """The flags of each ledger row."""
        return [row["flags"] for row in await read_ledger(self.database, self.seeded.network_id, self.sale_id)]

    async def guard(self, retry_guard: str) -> None:
        """Set the buyer's guard."""
        async with self.database.transaction(self.seeded.network_id) as connection:
            await set_buyer(
                connection,
                self.seeded.network_id,
                10,
                BuyerSettings(retry_guard=retry_guard),
                actor=COMMAND_LINE,
                now=now(),
            )


def received(request: UpdateRequest, at: datetime, channel: Channel = Channel.GET) -> UpdateRequest:
    """The call as it arrives at another time or by another channel."""
    origin = msgspec.structs.replace(request.origin, received_at=at, channel=channel)
    return msgspec.structs.replace(request, origin=origin)


def after(**length: float) -> timedelta:
    return timedelta(**length)


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    return await seed_network(database, network_id)


@pytest.fixture
async def life(database: Database, seeded: Seeded) -> AsyncIterator[Life]:
    sale_id = await seed_sale(database, seeded.network_id, "C8097F17")
    lived = Life(database, seeded, sale_id, Updates(database))
    yield lived
    await lived.updates.close()
    await check_ledger(database, seeded.network_id)
    await check_numbers(database, seeded.network_id)
    assert (await checked(database, seeded.network_id)).differences == ()


# What is known of the first answer, when the same call comes again, and what that is: the table of the design.
TABLE = [
    ("lost", after(seconds=2), "suppressed"),
    ("lost", after(seconds=61), "suppressed"),
    ("lost", after(hours=24), "suppressed"),
    ("lost", after(hours=24, seconds=1), "applied"),
    ("committed", after(seconds=2), "suppressed"),
    ("committed", after(hours=24), "suppressed"),
    ("committed", after(hours=24, seconds=1), "applied"),
    ("sent", after(seconds=0), "suppressed"),
    ("sent", after(seconds=60), "suppressed"),
    ("sent", after(seconds=60.001), "applied"),
    ("delivered", after(seconds=2), "flagged"),
    ("delivered", after(seconds=60), "flagged"),
    ("delivered", after(seconds=60.001), "applied"),
]


@pytest.mark.parametrize("written", [False, True], ids=["in memory", "written"])
@pytest.mark.parametrize(("state", "later", "becomes"), TABLE)
async def test_the_fate_of_the_first_answer_and_the_time_decide(
    life: Life, state: str, later: timedelta, becomes: str, written: bool
) -> None:
    first = await life.call(after(), None if state == "committed" else AnswerState(state))
    if written:
        await life.updates.close()
        await life.restart()
    second = await life.call(later)
    assert second.answer == first.answer
    if becomes == "suppressed":
        assert (second.kind, second.receipt) == (OutcomeKind.REPEATED, None)
        assert await life.added() == 10
    else:
        assert second.kind is OutcomeKind.DECIDED
        assert await life.added() == 20
        assert await life.flags() == [[], ["possible duplicate"] if becomes == "flagged" else []]


async def test_a_suppressed_call_is_kept_for_the_operator(life: Life) -> None:
    await life.call(after(), AnswerState.SENT)
    assert await read_failed(life.database, life.seeded.network_id) == []
    sent = {"lead_id": "C8097F17", "amount": "10", "add_to_existing": "true"}
    await life.call(after(seconds=3), parameters=sent)
    (row,) = await read_failed(life.database, life.seeded.network_id)
    assert (row["reason"], row["buyer_id"], row["sale_id"]) == ("Repeated Call", 10, life.sale_id)
    assert (row["parameters"], row["waiting_until"]) == (sent, None)
    received_at = life.start.isoformat(timespec="milliseconds")
    assert row["detail"] == (
        f"Taken for a repeat of the call received {received_at} (version 2), whose answer was sent. Not applied."
    )


async def test_a_process_that_dies_before_it_sends_leaves_an_answer_nobody_got(life: Life) -> None:
    await life.call(after())
    await life.restart()
    assert (await life.call(after(hours=23))).kind is OutcomeKind.REPEATED
    assert await life.added() == 10


async def test_two_processes_know_of_each_others_answers(life: Life) -> None:
    other = Updates(life.database)
    await life.call(after(), AnswerState.SENT)
    life.updates, first = other, life.updates
    assert (await life.call(after(seconds=1))).kind is OutcomeKind.REPEATED
    await first.close()
    assert (await life.call(after(seconds=61))).kind is OutcomeKind.DECIDED
    assert await life.added() == 20


async def test_a_healthy_process_leaves_nothing_committed_when_it_is_idle(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadback.leads.notes.WRITE_SECONDS", 0)
    await life.call(after(), AnswerState.SENT)
    statement = text("SELECT state FROM recent_answer WHERE network_id = :network_id AND sale_id = :sale_id")
    values = {"network_id": life.seeded.network_id, "sale_id": life.sale_id}
    state = ""
    while state != "sent":
        async with life.database.transaction(life.seeded.network_id) as connection:
            state = (await connection.execute(statement, values)).scalar_one()


async def test_calls_that_arrive_together_are_one(life: Life) -> None:
    requests = [added(caller_with(life.seeded.key), 10) for _ in range(4)]
    outcomes = await gathered(life.updates, requests)
    kinds = [outcome.kind for outcome in outcomes]
    assert kinds == [OutcomeKind.DECIDED, *[OutcomeKind.REPEATED] * 3]
    assert {outcome.answer for outcome in outcomes} == {outcomes[0].answer}
    assert await life.added() == 10


async def test_calls_that_arrive_together_at_two_processes_are_one(life: Life) -> None:
    other = Updates(life.database)
    request = added(caller_with(life.seeded.key), 10)
    outcomes = [*await gathered(other, [request]), *await gathered(life.updates, [request])]
    assert sorted(outcome.kind for outcome in outcomes) == ["decided", "repeated"]
    assert await life.added() == 10


@pytest.mark.parametrize("channel", [Channel.FORM, Channel.JSON, Channel.SOAP11, Channel.SOAP12, Channel.REST])
async def test_another_channel_does_not_make_it_another_call(life: Life, channel: Channel) -> None:
    request = added(caller_with(life.seeded.key), 10, buyer_contract_id=217)
    await life.updates.submit(request)
    other = msgspec.structs.replace(request, lead_id="c8097f17", amount=Decimal("10.00"))
    assert (await life.updates.submit(received(other, now(), channel))).kind is OutcomeKind.REPEATED
    assert await life.added() == 10


@pytest.mark.parametrize(
    "difference",
    [
        {"amount": Decimal("10.01")},
        {"status": "Funded"},
        {"fields": (("note", "x"),)},
        {"return_reason_id": 1},
        {"happened_at": "2026-01-02"},
        {"buyer_contract_id": 217},
    ],
    ids=str,
)
async def test_a_call_that_says_anything_else_is_another_call(life: Life, difference: dict[str, Any]) -> None:
    await life.call(after(), AnswerState.LOST)
    assert (await life.call(after(seconds=1), **difference)).kind is OutcomeKind.DECIDED
    assert len(await life.flags()) == 2


@pytest.mark.parametrize(
    "harmless",
    [
        {"amount": Decimal(0), "status": "Funded"},
        {"amount": None, "status": "Funded"},
        {"amount": Decimal(10), "add_to_existing": False},
    ],
    ids=str,
)
async def test_what_does_no_harm_twice_is_not_looked_at(life: Life, harmless: dict[str, Any]) -> None:
    for turn in range(2):
        outcome = await life.call(after(seconds=turn), **harmless)
        assert (outcome.kind, outcome.receipt) == (OutcomeKind.DECIDED, None)
    assert len(await life.flags()) == 2


async def test_an_idempotency_key_makes_each_call_its_own(life: Life) -> None:
    for number in range(2):
        outcome = await life.call(after(seconds=number), idempotency_key=str(number))
        assert (outcome.kind, outcome.receipt) == (OutcomeKind.DECIDED, None)
    assert await life.added() == 20


@pytest.mark.parametrize("channel", [Channel.FILE, Channel.PORTAL, Channel.CONSOLE, Channel.CLI])
async def test_people_and_files_mean_what_they_say_twice(life: Life, channel: Channel) -> None:
    for seconds in range(2):
        request = added(caller_with(life.seeded.key), 10)
        outcome = await life.updates.submit(received(request, life.start + after(seconds=seconds), channel))
        assert outcome.kind is OutcomeKind.DECIDED
    assert await life.added() == 20


async def test_a_sale_that_changed_meanwhile_lets_the_repeat_through(life: Life) -> None:
    await life.call(after(), AnswerState.LOST)
    await life.call(after(seconds=1), amount=None, status="Contacted")
    assert (await life.call(after(seconds=2))).kind is OutcomeKind.DECIDED
    assert (await life.call(after(seconds=3))).kind is OutcomeKind.REPEATED
    assert await life.added() == 20
    assert await life.flags() == [[], [], []]


async def test_a_sale_that_changed_in_the_same_batch_lets_the_repeat_through(life: Life) -> None:
    key = caller_with(life.seeded.key)
    requests = [added(key, 10), call(key, status="Contacted"), added(key, 10), added(key, 10)]
    outcomes = await gathered(life.updates, requests)
    assert [outcome.kind for outcome in outcomes] == ["decided", "decided", "decided", "repeated"]
    assert await life.added() == 20


async def test_each_delivered_call_begins_anew(life: Life) -> None:
    for second in range(3):
        await life.call(after(seconds=second), AnswerState.DELIVERED)
    assert await life.added() == 30
    assert await life.flags() == [[], ["possible duplicate"], ["possible duplicate"]]


async def test_strict_takes_a_delivered_call_for_a_repeat_too(life: Life) -> None:
    await life.guard("strict")
    await life.call(after(), AnswerState.DELIVERED)
    assert (await life.call(after(seconds=60))).kind is OutcomeKind.REPEATED
    assert (await life.call(after(seconds=61))).kind is OutcomeKind.DECIDED
    assert await life.added() == 20


async def test_off_applies_everything_and_flags_nothing(life: Life) -> None:
    await life.guard("off")
    outcomes = [await life.call(after(seconds=second)) for second in range(3)]
    assert [(outcome.kind, outcome.receipt) for outcome in outcomes] == [(OutcomeKind.DECIDED, None)] * 3
    assert await life.added() == 30
    assert await life.flags() == [[], [], []]


async def test_a_repeated_return_is_one_and_a_delivered_one_is_flagged(life: Life) -> None:
    returned: dict[str, Any] = {"amount": Decimal(0), "add_to_existing": False, "return_reason_id": 1}
    await life.call(after(), AnswerState.LOST, **returned)
    assert (await life.call(after(hours=3), **returned)).kind is OutcomeKind.REPEATED
    assert len(await life.flags()) == 1
    await life.call(after(hours=25), AnswerState.DELIVERED, **returned)
    await life.call(after(hours=25, seconds=5), **returned)
    assert await life.flags() == [["amount with return"], [], ["possible duplicate"]]


async def test_a_repeated_return_does_not_return_the_older_sale_of_the_lead(life: Life) -> None:
    """A return means the newest sale that was not returned: once it holds, the same call means the sale before."""
    free = {"first_of_lead": False, "sold_price": 0, "revenue": 0, "payout_share": 0}
    newer = await seed_sale(life.database, life.seeded.network_id, "C8097F17", **free)
    assert (await life.call(after(), AnswerState.LOST, amount=None, return_reason_id=1)).answer.success
    assert (await life.call(after(hours=1), amount=None, return_reason_id=1)).kind is OutcomeKind.REPEATED
    assert (await read_sale(life.database, life.seeded.network_id, newer)).return_state == "submitted"
    assert (await read_sale(life.database, life.seeded.network_id, life.sale_id)).version == 1


async def test_a_call_without_a_key_is_guarded_as_well(life: Life) -> None:
    sale_id = await seed_sale(life.database, life.seeded.network_id, "OWNED11", buyer_id=11, buyer_contract_id=300)
    keyless = KeylessCaller(life.seeded.network_id, ip_address("192.0.2.7"))
    outcomes = [await life.updates.submit(added(keyless, 10, "OWNED11")) for _ in range(2)]
    assert [outcome.kind for outcome in outcomes] == ["decided", "repeated"]
    assert (await read_sale(life.database, life.seeded.network_id, sale_id)).version == 2


async def test_a_refused_call_is_never_the_first(life: Life) -> None:
    for second in range(2):
        outcome = await life.call(after(seconds=second), status="Fundet")
        assert refused_with(outcome, Message.INVALID_LEAD_STATUS)
        assert outcome.receipt is None


async def test_what_became_of_an_answer_that_was_replaced_changes_nothing(life: Life) -> None:
    first = await life.call(after())
    await life.call(after(seconds=1), amount=Decimal(5))
    life.tell(first, AnswerState.DELIVERED)
    await life.updates.close()
    await life.restart()
    assert (await life.call(after(seconds=2), amount=Decimal(5))).kind is OutcomeKind.REPEATED


async def gathered(updates: Updates, requests: list[UpdateRequest]) -> list[Outcome]:
    """Calls that arrive together, in this order, at a process that knows the network."""
    await updates.submit(call(requests[0].caller, "UNKNOWN"))
    return list(await asyncio.gather(*(updates.submit(request) for request in requests)))


async def test_an_end_while_the_database_is_slow_loses_no_answers_state(life: Life) -> None:
    outcome = await life.call(after(), AnswerState.SENT)
    async with life.database.transaction(life.seeded.network_id) as connection:
        await connection.execute(text("LOCK TABLE recent_answer IN EXCLUSIVE MODE"))
        ending = asyncio.create_task(life.updates.close())
        # By now it would have written them down without an end, too.
        await asyncio.sleep(WRITE_SECONDS + 0.2)
        assert not ending.done()
    await ending
    assert outcome.receipt is not None
    async with life.database.transaction(life.seeded.network_id) as connection:
        stored = await connection.execute(
            text("SELECT state FROM recent_answer WHERE sale_id = :it"), {"it": life.sale_id}
        )
        assert stored.scalar_one() == AnswerState.SENT
