"""Guessing lead ids: after too many unknown ones a caller is restricted, whatever process it asks, for a while."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from sqlalchemy import event

from leadback.access.actions import create_key
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads import guess_rules
from leadback.leads.clean import clean
from leadback.leads.limits import Limits
from leadback.leads.model import BuyerCaller, Channel, KeylessCaller, Message, Outcome, OutcomeKind, UpdateRequest
from leadback.leads.update import Updates
from leadback.networks.model import COMMAND_LINE
from tests.leads.test_guard import received
from tests.leads.test_update import call, caller_with, refused_with
from tests.support.recompute import rows_of
from tests.support.seed import Seeded, read_failed, read_sale, seed_network, seed_sale

pytestmark = pytest.mark.anyio

LIMITS = Limits(rate_per_key=0, lead_guesses_max=20, web_workers=2)
KEY_GUESSES_MAX = 10
COUNTS = (
    "SELECT sum(calls) AS calls, sum(unknown_leads) AS unknown_leads FROM guess_count"
    " WHERE network_id = :network_id HAVING count(*) > 0"
)


class Guesser:
    """A caller without a key that asks two processes in turn, at moments of the test's own."""

    def __init__(self, database: Database, seeded: Seeded, caller: BuyerCaller | KeylessCaller) -> None:
        self.processes = [Updates(database, LIMITS), Updates(database, LIMITS)]
        self.seeded = seeded
        self.caller = caller
        self.start = now().replace(second=30, microsecond=0) + timedelta(minutes=1)
        self.asked = 0

    def request(self, lead_id: str = "", minutes: float = 0, channel: Channel = Channel.GET) -> UpdateRequest:
        """A call on an unknown lead, or the given one, so long after the start."""
        self.asked += 1
        request = call(self.caller, lead_id or f"UNKNOWN{self.asked}", status="Contacted")
        return received(request, self.start + timedelta(minutes=minutes), channel)

    async def ask(self, lead_id: str = "", minutes: float = 0, process: int | None = None, **more: Any) -> Outcome:
        """Ask one process, or the next."""
        request = self.request(lead_id, minutes, **more)
        return await self.processes[self.asked % 2 if process is None else process].submit(request)

    async def guess(self, times: int, minutes: float = 0) -> int:
        """How many of so many guesses were answered; the others were restricted."""
        outcomes = [await self.ask(minutes=minutes) for _ in range(times)]
        assert all(is_restricted(outcome) or is_unknown(outcome) for outcome in outcomes)
        return sum(is_unknown(outcome) for outcome in outcomes)

    async def close(self) -> None:
        """End both processes."""
        for process in self.processes:
            await process.close()


def is_restricted(outcome: Outcome) -> bool:
    return outcome.kind is OutcomeKind.THROTTLED and outcome.answer.message == Message.RESTRICTED


def is_unknown(outcome: Outcome) -> bool:
    return refused_with(outcome, Message.INVALID_LEAD_ID)


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    seeded = await seed_network(database, network_id)
    await seed_sale(database, network_id, "OWNED10")
    await seed_sale(database, network_id, "OWNED11", buyer_id=11, buyer_contract_id=300)
    return seeded


@pytest.fixture
async def keyless(database: Database, seeded: Seeded) -> AsyncIterator[Guesser]:
    guesser = Guesser(database, seeded, KeylessCaller(seeded.network_id, ip_address("192.0.2.7")))
    yield guesser
    await guesser.close()


@pytest.fixture
async def keyed(database: Database, seeded: Seeded, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Guesser]:
    """With the limit of keys lowered to what a test can reach."""
    monkeypatch.setattr(guess_rules, "KEY_GUESSES_MAX", KEY_GUESSES_MAX)
    guesser = Guesser(database, seeded, caller_with(seeded.key))
    yield guesser
    await guesser.close()


@contextmanager
def statements(*databases: Database) -> Iterator[list[str]]:
    """Every statement that is sent meanwhile."""
    sent: list[str] = []

    def keep(_: object, __: object, statement: str, *rest: object) -> None:
        sent.append(statement)

    for database in databases:
        event.listen(database.engine.sync_engine, "before_cursor_execute", keep)
    yield sent
    for database in databases:
        event.remove(database.engine.sync_engine, "before_cursor_execute", keep)


async def test_an_address_gets_twenty_guesses_in_ten_minutes_from_all_processes(keyless: Guesser) -> None:
    assert await keyless.guess(25) == 20
    assert is_restricted(await keyless.ask(process=0))
    assert is_restricted(await keyless.ask(process=1))


async def test_a_restriction_holds_for_known_leads_and_for_the_very_next_call(
    keyless: Guesser, database: Database
) -> None:
    assert await keyless.guess(20) == 20
    assert (await keyless.ask("OWNED11")).answer.success
    assert is_restricted(await keyless.ask(process=0))
    assert is_restricted(await keyless.ask("OWNED11", process=1))
    assert is_restricted(await keyless.ask("OWNED11", process=0))


async def test_it_is_told_when_to_come_again_and_the_limit_ends_by_itself(keyless: Guesser) -> None:
    await keyless.guess(10, minutes=0)
    await keyless.guess(10, minutes=3)
    first = await keyless.ask(minutes=4)
    # The minute of the first ten has left the window eleven minutes after it began.
    assert first.retry_after_seconds == 6 * 60 + 30
    assert is_restricted(await keyless.ask(minutes=10.49))
    assert await keyless.guess(15, minutes=10.5) == 10
    assert await keyless.guess(15, minutes=13.5) == 10
    assert is_restricted(await keyless.ask("OWNED11", minutes=21.4))
    assert (await keyless.ask("OWNED11", minutes=21.5)).answer.success


async def test_guesses_that_are_spread_are_no_guesses(keyless: Guesser) -> None:
    for step in range(30):
        assert await keyless.guess(1, minutes=step) == 1


async def test_guesses_that_arrive_together_are_counted_together(keyless: Guesser) -> None:
    await keyless.ask("OWNED11", process=0)
    requests = [keyless.request() for _ in range(30)] + [keyless.request("OWNED11")]
    outcomes = await asyncio.gather(*(keyless.processes[0].submit(request) for request in requests))
    assert [is_unknown(outcome) for outcome in outcomes] == [True] * 20 + [False] * 11
    assert is_restricted(outcomes[-1])


async def test_guesses_at_two_processes_at_once_are_counted_together(keyless: Guesser) -> None:
    for process in (0, 1):
        await keyless.ask("OWNED11", process=process)
    outcomes = await asyncio.gather(*(keyless.ask() for _ in range(60)))
    assert sum(is_unknown(outcome) for outcome in outcomes) == 20
    assert sum(is_restricted(outcome) for outcome in outcomes) == 40


async def test_another_address_and_a_key_are_not_restricted_with_it(keyless: Guesser, seeded: Seeded) -> None:
    await keyless.guess(25)
    keyless.caller = KeylessCaller(seeded.network_id, ip_address("192.0.2.8"))
    assert (await keyless.ask("OWNED11")).answer.success
    keyless.caller = caller_with(seeded.other_key)
    assert (await keyless.ask("OWNED11")).answer.success


async def test_a_foreign_lead_is_a_guess_like_an_unknown_one(keyless: Guesser) -> None:
    outcomes = [await keyless.ask("OWNED10") for _ in range(21)]
    assert [is_unknown(outcome) for outcome in outcomes] == [True] * 20 + [False]


async def test_a_wrong_contract_without_a_key_is_a_guess(keyless: Guesser) -> None:
    requests = [call(keyless.caller, "OWNED11", buyer_contract_id=217, status="Contacted") for _ in range(21)]
    outcomes = [await keyless.processes[0].submit(received(request, keyless.start)) for request in requests]
    assert [is_unknown(outcome) for outcome in outcomes] == [True] * 20 + [False]


async def test_a_caller_that_is_nobodys_is_told_so(keyless: Guesser, seeded: Seeded) -> None:
    keyless.caller = KeylessCaller(seeded.network_id, ip_address("198.51.100.7"))
    for _ in range(25):
        assert refused_with(await keyless.ask(), Message.INVALID_API_KEY)


async def test_a_restricted_guess_is_not_kept(keyless: Guesser, keyed: Guesser, database: Database) -> None:
    await keyed.guess(15)
    assert len(await read_failed(database, keyed.seeded.network_id)) == KEY_GUESSES_MAX


async def test_files_and_people_may_be_wrong_as_often_as_they_are(keyed: Guesser) -> None:
    for channel in (Channel.FILE, Channel.PORTAL, Channel.CONSOLE, Channel.CLI):
        for _ in range(KEY_GUESSES_MAX + 2):
            assert is_unknown(await keyed.ask(channel=channel))
    assert await keyed.guess(1) == 1


async def test_no_limit_is_no_limit(database: Database, keyed: Guesser) -> None:
    free = Updates(database, Limits(rate_per_key=0, lead_guesses_max=0, web_workers=1))
    for _ in range(KEY_GUESSES_MAX + 5):
        assert is_unknown(await free.submit(keyed.request()))
    async with database.transaction(keyed.seeded.network_id) as connection:
        assert await rows_of(connection, keyed.seeded.network_id, COUNTS) == []


async def test_a_key_is_restricted_where_most_of_its_calls_are_guesses(keyed: Guesser) -> None:
    assert await keyed.guess(KEY_GUESSES_MAX + 5) == KEY_GUESSES_MAX
    assert is_restricted(await keyed.ask("OWNED10", process=0))
    assert is_restricted(await keyed.ask("OWNED10", process=1))
    assert (await keyed.ask("OWNED10", minutes=11)).answer.success


async def test_a_key_half_of_whose_calls_are_good_is_not_restricted(keyed: Guesser) -> None:
    for _ in range(2 * KEY_GUESSES_MAX):
        assert (await keyed.ask("OWNED10", process=0)).answer.success
        assert is_unknown(await keyed.ask(process=0))
    assert is_restricted(await keyed.ask(process=0))


async def test_good_calls_at_another_process_are_known_when_it_wrote_them_down(keyed: Guesser) -> None:
    for _ in range(30):
        assert (await keyed.ask("OWNED10", process=0)).answer.success
    await keyed.processes[0].close()
    for _ in range(30):
        assert is_unknown(await keyed.ask(process=1))
    assert is_restricted(await keyed.ask(process=1))


async def test_two_keys_of_one_buyer_are_counted_apart(keyed: Guesser, database: Database) -> None:
    network_id = keyed.seeded.network_id
    async with database.transaction(network_id) as connection:
        _, key = await create_key(connection, network_id, buyer_id=10, actor=COMMAND_LINE, now=now())
    await keyed.guess(KEY_GUESSES_MAX + 1)
    keyed.caller = caller_with(key)
    assert (await keyed.ask("OWNED10")).answer.success
    assert await keyed.guess(KEY_GUESSES_MAX) == KEY_GUESSES_MAX


async def test_a_batch_without_unknown_leads_says_nothing_of_guesses(keyed: Guesser, database: Database) -> None:
    with statements(database) as first:
        for _ in range(2):
            assert (await keyed.ask("OWNED10", process=0)).answer.success
    plain = Updates(database)
    await plain.submit(keyed.request("OWNED10"))
    with statements(database) as counted:
        assert (await keyed.ask("OWNED10", process=0)).answer.success
    with statements(database) as uncounted:
        assert (await plain.submit(keyed.request("OWNED10"))).answer.success
    assert counted == uncounted
    assert not any("guess_count" in statement for statement in first)
    with statements(database) as guessed:
        await keyed.ask(process=0)
    assert sum("guess_count" in statement for statement in guessed) == 2


async def test_unknown_and_foreign_leads_cost_the_same(keyed: Guesser, database: Database) -> None:
    await keyed.ask(process=0)
    with statements(database) as unknown:
        await keyed.ask(process=0)
    with statements(database) as foreign:
        await keyed.ask("OWNED11", process=0)
    assert unknown == foreign


async def test_an_attempt_that_failed_is_not_counted(keyed: Guesser, database: Database) -> None:
    """The sale is held for longer than a batch waits: the first attempt fails, and nothing of it may count."""
    sale_id = await seed_sale(database, keyed.seeded.network_id, "HELD")
    async with database.transaction(keyed.seeded.network_id) as holder:
        await rows_of(holder, keyed.seeded.network_id, f"SELECT 1 FROM sale WHERE sale_id = {sale_id} FOR UPDATE")
        held, unknown = keyed.request("HELD"), keyed.request()
        outcomes = asyncio.gather(*(keyed.processes[0].submit(request) for request in (held, unknown)))
        await asyncio.wait({asyncio.ensure_future(keyed.ask(process=1))})
    assert [outcome.answer.success for outcome in await outcomes] == [True, False]
    await keyed.close()
    async with database.transaction(keyed.seeded.network_id) as connection:
        (row,) = await rows_of(connection, keyed.seeded.network_id, COUNTS)
    assert (row["calls"], row["unknown_leads"]) == (3, 2)
    assert (await read_sale(database, keyed.seeded.network_id, sale_id)).version == 2


async def test_cleaning_removes_counts_and_restrictions_whose_time_is_over(
    keyless: Guesser, database: Database
) -> None:
    network_id = keyless.seeded.network_id
    await keyless.guess(21)
    await keyless.close()
    for minutes, left in ((10.4, 1), (10.5, 0)):
        async with database.transaction(network_id) as connection:
            await clean(connection, network_id, keyless.start + timedelta(minutes=minutes))
            for table in ("guess_count", "restricted_caller"):
                found = await rows_of(connection, network_id, f"SELECT 1 FROM {table} WHERE network_id = :network_id")
                assert len(found) == left, (table, minutes)
