"""How fast a caller may call: each key its rate, each process its part, with bursts; by a clock of the test's own."""

from collections.abc import AsyncIterator
from decimal import Decimal
from ipaddress import ip_address
from typing import Any

import msgspec
import pytest

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.tokens import make_key
from leadback.leads import limits as limits_module
from leadback.leads.limits import Limits
from leadback.leads.model import Channel, KeylessCaller, Message, Outcome, OutcomeKind, RefusedCall
from leadback.leads.update import Updates
from leadback.networks.model import COMMAND_LINE
from leadback.parties.actions import set_buyer
from leadback.parties.settings import BuyerSettings
from tests.leads.test_guard import received
from tests.leads.test_update import call, caller_with, change_configuration, refused_with
from tests.support.seed import Seeded, read_failed, read_sale, seed_network, seed_sale

pytestmark = pytest.mark.anyio


class Process:
    """One process with 4 updates a second for each key, 2 of them its part: bursts of 20. Time stands still."""

    def __init__(self, database: Database, seeded: Seeded) -> None:
        self.time = 1000.0
        self.seeded = seeded
        self.updates = Updates(
            database, Limits(rate_per_key=4, lead_guesses_max=0, web_workers=2, clock=lambda: self.time)
        )

    async def call(self, key: str = "", **changes: Any) -> Outcome:
        """One update."""
        return await self.updates.submit(call(caller_with(key or self.seeded.key), status="Contacted", **changes))

    async def accepted(self, tries: int, key: str = "") -> int:
        """How many of so many updates are accepted; the others are throttled."""
        outcomes = [await self.call(key) for _ in range(tries)]
        assert all(outcome.answer.success or is_throttled(outcome) for outcome in outcomes)
        return sum(outcome.answer.success for outcome in outcomes)


def is_throttled(outcome: Outcome) -> bool:
    return outcome.kind is OutcomeKind.THROTTLED and outcome.answer.message == Message.RESTRICTED


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    await seed_sale_of_both(database, seeded := await seed_network(database, network_id))
    return seeded


async def seed_sale_of_both(database: Database, seeded: Seeded) -> None:
    """The lead of the calls, sold to both buyers."""
    await seed_sale(database, seeded.network_id, "C8097F17", payout_share=Decimal(10))
    await seed_sale(
        database,
        seeded.network_id,
        "C8097F17",
        buyer_id=11,
        buyer_contract_id=300,
        first_of_lead=False,
        payout_share=Decimal(0),
    )


@pytest.fixture
async def process(database: Database, seeded: Seeded) -> AsyncIterator[Process]:
    opened = Process(database, seeded)
    # The first call of a process finds no configuration yet, and is let through.
    assert refused_with(await opened.call(make_key(seeded.network_id)), Message.INVALID_API_KEY)
    yield opened
    await opened.updates.close()


async def test_an_unknown_key_is_told_so_however_often_it_calls(process: Process) -> None:
    stranger = make_key(process.seeded.network_id)
    for _ in range(30):
        assert refused_with(await process.call(stranger), Message.INVALID_API_KEY)


async def test_a_burst_is_ten_seconds_worth_and_then_the_rate_holds(process: Process) -> None:
    assert await process.accepted(25) == 20
    process.time += 1
    assert await process.accepted(5) == 2
    process.time += 0.5
    assert await process.accepted(5) == 1
    process.time += 3600
    assert await process.accepted(25) == 20


async def test_a_call_too_many_is_told_when_to_come_again_and_leaves_no_trace(
    process: Process, database: Database
) -> None:
    await process.accepted(20)
    outcome = await process.call()
    assert is_throttled(outcome)
    assert outcome.retry_after_seconds == 1
    assert await read_failed(database, process.seeded.network_id) == []
    process.time += 0.49
    assert is_throttled(await process.call())
    process.time += 0.01
    assert (await process.call()).answer.success


async def test_one_key_takes_nothing_from_another(process: Process) -> None:
    assert await process.accepted(25) == 20
    assert await process.accepted(25, process.seeded.other_key) == 20


async def test_two_processes_hold_each_its_part(process: Process, database: Database) -> None:
    other = Process(database, process.seeded)
    await other.call()
    assert await process.accepted(25) == 20
    # One before the configuration was known is not counted.
    assert await other.accepted(25) == 20


@pytest.mark.parametrize(("rate", "burst"), [(None, 20), (0, 30), (2, 10), (1, 5), (8, 30)])
async def test_a_buyer_has_a_rate_of_its_own(
    process: Process, database: Database, rate: int | None, burst: int
) -> None:
    async with database.transaction(process.seeded.network_id) as connection:
        await set_buyer(
            connection,
            process.seeded.network_id,
            10,
            BuyerSettings(rate_per_key=rate),
            actor=COMMAND_LINE,
            now=now(),
        )
    # It holds for what follows the next call that the database sees.
    await process.call(process.seeded.other_key)
    assert await process.accepted(30) == burst


async def test_a_revoked_key_is_told_so_and_not_that_it_is_too_fast(process: Process, database: Database) -> None:
    await process.accepted(25)
    await change_configuration(database, process.seeded.network_id, "UPDATE api_key SET revoked_at = now()")
    assert is_throttled(await process.call())
    await process.call(make_key(process.seeded.network_id))
    assert refused_with(await process.call(), Message.INVALID_API_KEY)


async def test_without_a_key_each_address_has_the_rate(process: Process, database: Database) -> None:
    await change_configuration(
        database,
        process.seeded.network_id,
        "UPDATE buyer SET keyless_networks = '{192.0.2.0/24,2001:db8::/32}' WHERE buyer_id = 11",
    )
    await process.call(process.seeded.other_key)

    async def accepted(address: str) -> int:
        caller = KeylessCaller(process.seeded.network_id, ip_address(address))
        outcomes = [await process.updates.submit(call(caller, status="Contacted")) for _ in range(25)]
        return sum(outcome.answer.success for outcome in outcomes)

    assert await accepted("192.0.2.7") == 20
    assert await accepted("192.0.2.8") == 20
    assert await accepted("2001:db8::1") == 20
    # The addresses of one host's network are one caller.
    assert await accepted("2001:db8::ffff:1") == 0
    assert await accepted("2001:db8:0:1::1") == 20
    assert await accepted("198.51.100.7") == 0


@pytest.mark.parametrize("channel", [Channel.FILE, Channel.PORTAL, Channel.CONSOLE, Channel.CLI])
async def test_files_and_people_are_not_held_back(process: Process, channel: Channel) -> None:
    await process.accepted(25)
    for _ in range(25):
        request = received(call(caller_with(process.seeded.key), status="Funded"), now(), channel)
        assert (await process.updates.submit(request)).answer.success


async def test_nobody_is_held_back_where_no_limits_are_given(database: Database, seeded: Seeded) -> None:
    await change_configuration(database, seeded.network_id, "UPDATE buyer SET rate_per_key = 1")
    updates = Updates(database)
    for _ in range(15):
        assert (await updates.submit(call(caller_with(seeded.key), status="Contacted"))).answer.success


async def test_calls_that_cannot_be_read_count_and_too_many_are_not_kept(process: Process, database: Database) -> None:
    bound = call(caller_with(process.seeded.key))
    broken = RefusedCall(caller=bound.caller, origin=bound.origin, lead_id="", reason="Missing parameter.", detail="")
    for _ in range(25):
        await process.updates.submit(broken)
    assert len(await read_failed(database, process.seeded.network_id)) == 20
    assert is_throttled(await process.call())


async def test_callers_that_were_silent_longest_are_forgotten(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits_module, "BUCKETS_MAX", 1)
    assert await process.accepted(25) == 20
    assert await process.accepted(25, process.seeded.other_key) == 20
    assert await process.accepted(25) == 20


async def test_a_throttled_call_changes_nothing(process: Process, database: Database) -> None:
    sale_id = await seed_sale(database, process.seeded.network_id, "OTHER")
    await process.accepted(25)
    request = call(caller_with(process.seeded.key), "OTHER", status="Funded", idempotency_key="one")
    assert is_throttled(await process.updates.submit(request))
    assert (await read_sale(database, process.seeded.network_id, sale_id)).version == 1
    process.time += 1
    again = await process.updates.submit(msgspec.structs.replace(request))
    assert again.kind is OutcomeKind.DECIDED
