"""Updates through the group committer on a real database: who may, what lasts, what is kept, what is never doubled."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from ipaddress import ip_address, ip_network
from typing import Any

import msgspec
import psycopg
import pytest
from sqlalchemy import text

from leadback.access.model import PresentedKey
from leadback.kit import tokens
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.committer import GroupCommitter
from leadback.leads.model import (
    Answer,
    BuyerCaller,
    Channel,
    KeylessCaller,
    Message,
    Origin,
    Outcome,
    OutcomeKind,
    RefusedCall,
    UpdateRequest,
)
from leadback.leads.update import Updates
from leadback.networks.model import COMMAND_LINE
from leadback.parties.actions import set_buyer
from leadback.parties.settings import BuyerSettings
from tests.support.seed import Seeded, read_failed, read_ledger, read_sale, seed_network, seed_sale

pytestmark = pytest.mark.anyio

TRIES = 5


@pytest.fixture
async def updates(database: Database) -> AsyncIterator[Updates]:
    opened = Updates(database)
    yield opened
    await opened.close()


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    return await seed_network(database, network_id)


def caller_with(key: str) -> BuyerCaller:
    return BuyerCaller(PresentedKey(tokens.key_network(key) or 0, tokens.digest(key)))


def call(caller: BuyerCaller | KeylessCaller, lead_id: str = "C8097F17", **changes: Any) -> UpdateRequest:
    origin = Origin(
        channel=Channel.GET,
        operation="UpdateLead",
        address=ip_address("192.0.2.7"),
        request_id="request",
        received_at=now(),
    )
    plain = UpdateRequest(caller=caller, origin=origin, lead_id=lead_id, buyer_contract_id=0)
    return msgspec.structs.replace(plain, **changes)


def added(caller: BuyerCaller | KeylessCaller, amount: int, lead_id: str = "C8097F17", **changes: Any) -> UpdateRequest:
    return call(caller, lead_id, amount=Decimal(amount), add_to_existing=True, **changes)


def refused_with(outcome: Outcome, message: Message) -> bool:
    return outcome.kind is OutcomeKind.DECIDED and not outcome.answer.success and outcome.answer.message == message


async def test_an_unknown_key_changes_nothing_and_is_not_kept(
    database: Database, updates: Updates, seeded: Seeded
) -> None:
    sale_id = await seed_sale(database, seeded.network_id, "C8097F17")
    stranger = caller_with(tokens.make_key(seeded.network_id))
    assert refused_with(await updates.submit(call(stranger, status="Funded")), Message.INVALID_API_KEY)
    elsewhere = caller_with(tokens.make_key(999_999))
    assert refused_with(await updates.submit(call(elsewhere, status="Funded")), Message.INVALID_API_KEY)
    assert (await read_sale(database, seeded.network_id, sale_id)).version == 1
    assert await read_failed(database, seeded.network_id) == []


async def test_another_buyers_lead_is_as_unknown_as_one_that_does_not_exist(
    database: Database, updates: Updates, seeded: Seeded
) -> None:
    await seed_sale(database, seeded.network_id, "C8097F17")
    other = caller_with(seeded.other_key)
    foreign = await updates.submit(call(other, status="Funded"))
    unknown = await updates.submit(call(other, "F0E41C8D", status="Funded"))
    malformed = await updates.submit(call(other, "no such lead!", status="Funded"))
    assert foreign == unknown == malformed
    assert refused_with(foreign, Message.INVALID_LEAD_ID)
    failed = await read_failed(database, seeded.network_id)
    assert [row["buyer_id"] for row in failed] == [11, 11, 11]
    assert [row["waiting_until"] is not None for row in failed] == [True, True, False]


async def test_an_accepted_update_is_one_ledger_row_with_before_and_after(
    database: Database, updates: Updates, seeded: Seeded
) -> None:
    sale_id = await seed_sale(database, seeded.network_id, "c8097F17")
    outcome = await updates.submit(
        added(caller_with(seeded.key), 10, "C8097f17", status="Funded", sub_status="Partial", fields=(("note", "x"),))
    )
    assert outcome.kind is OutcomeKind.DECIDED
    assert outcome.answer == Answer(True, "Lead updated", "c8097F17")
    after = await read_sale(database, seeded.network_id, sale_id)
    assert (after.version, after.revenue, after.status_id, after.sub_status_id) == (2, Decimal(35), 2, 2)
    (row,) = await read_ledger(database, seeded.network_id, sale_id)
    assert (row["version"], row["kind"], row["actor"], row["channel"]) == (2, "update", "Buyer 10", "get")
    assert (row["revenue_before"], row["revenue_delta"], row["revenue_after"]) == (25, 10, 35)
    assert (row["status_before"], row["status_after"], row["sub_status_after"]) == (None, "Funded", "Partial")
    assert row["field_changes"] == [{"field_id": 2, "field": "note", "before": None, "after": "x"}]
    assert bytes(row["hash"]) == after.ledger_hash


async def test_a_lead_sold_to_two_contracts_needs_the_contract_named(
    database: Database, updates: Updates, seeded: Seeded
) -> None:
    await seed_sale(database, seeded.network_id, "C8097F17")
    second = await seed_sale(database, seeded.network_id, "C8097F17", buyer_contract_id=218, first_of_lead=False)
    key = caller_with(seeded.key)
    assert refused_with(await updates.submit(call(key, status="Funded")), Message.BUYER_CONTRACT_REQUIRED)
    wrong = await updates.submit(call(key, status="Funded", buyer_contract_id=300))
    assert refused_with(wrong, Message.INVALID_BUYER_CONTRACT)
    assert (await updates.submit(call(key, status="Funded", buyer_contract_id=218))).answer.success
    assert (await read_sale(database, seeded.network_id, second)).status_id == 2
    assert (await read_failed(database, seeded.network_id))[1]["detail"] == "Sent contract 300, sold under 217, 218."


async def test_a_resale_goes_to_the_newest_that_was_not_returned(
    database: Database, updates: Updates, seeded: Seeded
) -> None:
    older = await seed_sale(database, seeded.network_id, "C8097F17", sold_at=now() - timedelta(days=9))
    newer = await seed_sale(database, seeded.network_id, "C8097F17", first_of_lead=False)
    key = caller_with(seeded.key)
    assert (await updates.submit(call(key, return_reason_id=1))).answer.success
    assert (await updates.submit(call(key, status="Contacted"))).answer.success
    assert (await read_sale(database, seeded.network_id, newer)).return_state == "submitted"
    assert (await read_sale(database, seeded.network_id, older)).status_id == 1


async def test_without_a_key_the_sale_finds_the_buyer(database: Database, updates: Updates, seeded: Seeded) -> None:
    keyless = KeylessCaller(seeded.network_id, ip_address("192.0.2.7"))
    stranger = KeylessCaller(seeded.network_id, ip_address("198.51.100.7"))
    await seed_sale(database, seeded.network_id, "OWNED10", buyer_id=10)
    sale_id = await seed_sale(database, seeded.network_id, "OWNED11", buyer_id=11, buyer_contract_id=300)
    assert refused_with(await updates.submit(call(stranger, "OWNED11", status="Funded")), Message.INVALID_API_KEY)
    assert refused_with(await updates.submit(call(keyless, "OWNED10", status="Funded")), Message.INVALID_LEAD_ID)
    assert (await updates.submit(call(keyless, "OWNED11", status="Funded"))).answer.success
    (row,) = await read_ledger(database, seeded.network_id, sale_id)
    assert (row["actor"], str(row["address"])) == ("Buyer 11", "192.0.2.7")


@pytest.mark.parametrize(("other_buyer", "kept_for"), [(11, [11]), (10, [])])
async def test_without_a_key_a_missing_contract_is_kept_where_all_are_one_buyers(
    database: Database, updates: Updates, seeded: Seeded, other_buyer: int, kept_for: list[int]
) -> None:
    accepting = BuyerSettings(accept_keyless=True, keyless_networks=(ip_network("192.0.2.0/24"),))
    async with database.transaction(seeded.network_id) as connection:
        await set_buyer(connection, seeded.network_id, 10, accepting, actor=COMMAND_LINE, now=now())
    await seed_sale(database, seeded.network_id, "L1", buyer_id=11, buyer_contract_id=300)
    sold = {"buyer_id": other_buyer, "buyer_contract_id": 218, "first_of_lead": False}
    await seed_sale(database, seeded.network_id, "L1", **sold)
    outcome = await updates.submit(
        call(KeylessCaller(seeded.network_id, ip_address("192.0.2.7")), "L1", status="Funded")
    )
    assert refused_with(outcome, Message.BUYER_CONTRACT_REQUIRED)
    assert [row["buyer_id"] for row in await read_failed(database, seeded.network_id)] == kept_for


async def test_a_refused_call_of_a_known_buyer_is_kept_with_its_reason(
    database: Database, updates: Updates, seeded: Seeded
) -> None:
    sale_id = await seed_sale(database, seeded.network_id, "C8097F17")
    sent = {"lead_id": "C8097F17", "status": "Fundet"}
    outcome = await updates.submit(call(caller_with(seeded.key), status="Fundet", parameters=sent))
    assert refused_with(outcome, Message.INVALID_LEAD_STATUS)
    (row,) = await read_failed(database, seeded.network_id)
    assert (row["buyer_id"], row["sale_id"], row["reason"]) == (10, sale_id, "Invalid Lead Status")
    assert row["detail"] == "No active status is called 'Fundet'."
    assert row["parameters"] == sent
    assert (await read_sale(database, seeded.network_id, sale_id)).version == 1


async def test_a_call_that_could_not_be_bound_is_kept_as_well(
    database: Database, updates: Updates, seeded: Seeded
) -> None:
    bound = call(caller_with(seeded.key))
    broken = RefusedCall(
        caller=bound.caller, origin=bound.origin, lead_id="", reason="Missing parameter: lead_id.", detail="absent"
    )
    assert not (await updates.submit(broken)).answer.success
    (row,) = await read_failed(database, seeded.network_id)
    assert (row["buyer_id"], row["reason"], row["waiting_until"]) == (10, "Missing parameter: lead_id.", None)


async def test_an_idempotency_key_applies_once_and_answers_the_same(
    database: Database, updates: Updates, seeded: Seeded
) -> None:
    sale_id = await seed_sale(database, seeded.network_id, "C8097F17")
    key = caller_with(seeded.key)
    first = await updates.submit(added(key, 10, idempotency_key="one"))
    again = await updates.submit(added(key, 10, "c8097f17", idempotency_key="one"))
    other = await updates.submit(added(key, 11, idempotency_key="one"))
    assert (first.kind, again.kind) == (OutcomeKind.DECIDED, OutcomeKind.REPLAYED)
    assert again.answer == first.answer
    assert refused_with(other, Message.IDEMPOTENCY_KEY_REUSED)
    assert (await read_sale(database, seeded.network_id, sale_id)).revenue == Decimal(35)
    for wrong in ("", "x" * 256, "tab\there", "é"):
        outcome = await updates.submit(added(key, 10, idempotency_key=wrong))
        assert refused_with(outcome, Message.IDEMPOTENCY_KEY_INVALID)


async def test_a_failed_call_does_not_use_its_idempotency_key_up(
    database: Database, updates: Updates, seeded: Seeded
) -> None:
    await seed_sale(database, seeded.network_id, "C8097F17")
    key = caller_with(seeded.key)
    assert not (await updates.submit(call(key, status="Fundet", idempotency_key="one"))).answer.success
    assert (await updates.submit(call(key, status="Funded", idempotency_key="one"))).answer.success


async def test_a_replay_outlives_a_deactivation_and_a_switch_off(
    database: Database, updates: Updates, seeded: Seeded
) -> None:
    await seed_sale(database, seeded.network_id, "C8097F17")
    key = caller_with(seeded.key)
    assert (await updates.submit(call(key, status="Funded", idempotency_key="one"))).answer.success
    await change_configuration(database, seeded.network_id, "UPDATE status SET active = false WHERE status_id = 2")
    assert refused_with(await updates.submit(call(key, status="Funded")), Message.INVALID_LEAD_STATUS)
    await change_configuration(database, seeded.network_id, "UPDATE network SET lead_statuses = false")
    assert refused_with(await updates.submit(call(key, status="Contacted")), Message.LEAD_STATUSES_NOT_ENABLED)
    assert (await updates.submit(call(key, status="Funded", idempotency_key="one"))).kind is OutcomeKind.REPLAYED


async def test_an_expired_idempotency_key_is_free_again(database: Database, updates: Updates, seeded: Seeded) -> None:
    sale_id = await seed_sale(database, seeded.network_id, "C8097F17")
    key = caller_with(seeded.key)
    await updates.submit(added(key, 10, idempotency_key="one"))
    async with database.transaction(seeded.network_id) as connection:
        await connection.execute(text("UPDATE idempotency_key SET expires_at = now() - interval '1 second'"))
    assert (await updates.submit(added(key, 10, idempotency_key="one"))).kind is OutcomeKind.DECIDED
    assert (await read_sale(database, seeded.network_id, sale_id)).revenue == Decimal(45)


async def test_fifty_calls_with_one_key_have_one_effect(database: Database, updates: Updates, seeded: Seeded) -> None:
    sale_id = await seed_sale(database, seeded.network_id, "C8097F17")
    others = [Updates(database) for _ in range(3)]
    key = caller_with(seeded.key)
    outcomes = await asyncio.gather(
        *(process.submit(added(key, 10, idempotency_key="one")) for process in [updates, *others] for _ in range(13))
    )
    assert {outcome.answer for outcome in outcomes} == {outcomes[0].answer}
    assert [outcome.kind for outcome in outcomes].count(OutcomeKind.DECIDED) == 1
    assert (await read_sale(database, seeded.network_id, sale_id)).revenue == Decimal(35)


async def test_sixty_four_callers_adding_to_one_sale_lose_nothing(
    database: Database, updates: Updates, seeded: Seeded
) -> None:
    sale_id = await seed_sale(database, seeded.network_id, "C8097F17")
    key = caller_with(seeded.key)
    processes = [updates, Updates(database)]

    async def add_ten(number: int) -> None:
        for turn in range(10):
            process = processes[(number + turn) % 2]
            outcome = await as_a_buyer(process, added(key, 1, idempotency_key=f"{number} {turn}"))
            assert outcome.answer.success, outcome

    await asyncio.gather(*(add_ten(number) for number in range(64)))
    after = await read_sale(database, seeded.network_id, sale_id)
    assert (after.revenue, after.version, after.update_count) == (Decimal(25 + 640), 641, 640)
    rows = await read_ledger(database, seeded.network_id, sale_id)
    assert [row["version"] for row in rows] == list(range(2, 642))
    assert all(later["revenue_before"] == row["revenue_after"] for row, later in itertools.pairwise(rows))
    assert all(later["previous_hash"] == row["hash"] for row, later in itertools.pairwise(rows))


async def test_two_processes_with_the_same_keys_in_opposite_order_never_deadlock(
    database: Database, updates: Updates, seeded: Seeded
) -> None:
    leads = [f"LEAD{number}" for number in range(40)]
    sales = [await seed_sale(database, seeded.network_id, lead_id) for lead_id in leads]
    key = caller_with(seeded.key)
    other = Updates(database)
    calls = [
        as_a_buyer(process, added(key, 1, lead_id, idempotency_key=f"{turn} {lead_id}"))
        for turn in range(5)
        for process, order in ((updates, leads), (other, leads[::-1]))
        for lead_id in order
    ]
    outcomes = await asyncio.gather(*calls)
    assert all(outcome.answer.success for outcome in outcomes)
    for sale_id in sales:
        assert (await read_sale(database, seeded.network_id, sale_id)).revenue == Decimal(25 + 5)


async def test_one_poisoned_call_fails_alone(
    database: Database, updates: Updates, seeded: Seeded, migration_database_url: str
) -> None:
    leads = [f"LEAD{number}" for number in range(9)]
    sales = {lead_id: await seed_sale(database, seeded.network_id, lead_id) for lead_id in leads}
    poisoned = sales["LEAD4"]
    with psycopg.connect(migration_database_url, autocommit=True) as owner:
        owner.execute(
            f"ALTER TABLE sale ADD CONSTRAINT poison_{poisoned} CHECK (sale_id <> {poisoned} OR revenue < 26)"
        )
        try:
            key = caller_with(seeded.key)
            outcomes = await asyncio.gather(*(updates.submit(added(key, 1, lead_id)) for lead_id in leads))
        finally:
            owner.execute(f"ALTER TABLE sale DROP CONSTRAINT poison_{poisoned}")
    assert [outcome.kind for outcome in outcomes] == [
        OutcomeKind.FAULT if lead_id == "LEAD4" else OutcomeKind.DECIDED for lead_id in leads
    ]
    for lead_id, sale_id in sales.items():
        expected = Decimal(25) if lead_id == "LEAD4" else Decimal(26)
        assert (await read_sale(database, seeded.network_id, sale_id)).revenue == expected


async def test_one_locked_sale_delays_only_itself(database: Database, updates: Updates, seeded: Seeded) -> None:
    free = await seed_sale(database, seeded.network_id, "FREE")
    held = await seed_sale(database, seeded.network_id, "HELD")
    key = caller_with(seeded.key)
    async with database.transaction(seeded.network_id) as holder:
        await holder.execute(text("SELECT FROM sale WHERE sale_id = :sale_id FOR UPDATE"), {"sale_id": held})
        stuck = asyncio.create_task(updates.submit(added(key, 1, "HELD")))
        passing = [await updates.submit(added(key, 1, "FREE", idempotency_key=str(turn))) for turn in range(5)]
        assert all(outcome.answer.success for outcome in passing)
        assert not stuck.done()
    assert (await stuck).answer.success
    assert (await read_sale(database, seeded.network_id, free)).revenue == Decimal(30)
    assert (await read_sale(database, seeded.network_id, held)).revenue == Decimal(26)


async def test_a_sale_locked_for_too_long_is_our_own_fault_and_changes_nothing(
    database: Database, updates: Updates, seeded: Seeded
) -> None:
    held = await seed_sale(database, seeded.network_id, "HELD")
    async with database.transaction(seeded.network_id) as holder:
        await holder.execute(text("SELECT FROM sale WHERE sale_id = :sale_id FOR UPDATE"), {"sale_id": held})
        outcome = await updates.submit(added(caller_with(seeded.key), 1, "HELD"))
    assert outcome.kind is OutcomeKind.FAULT
    assert (outcome.answer.success, outcome.answer.message) == (False, "Something Broken")
    assert (await read_sale(database, seeded.network_id, held)).version == 1


async def test_a_key_revoked_in_one_process_is_refused_by_the_next_call_in_another(
    database: Database, updates: Updates, seeded: Seeded
) -> None:
    await seed_sale(database, seeded.network_id, "C8097F17")
    key = caller_with(seeded.key)
    assert (await updates.submit(call(key, status="Funded"))).answer.success
    await change_configuration(
        database, seeded.network_id, "UPDATE api_key SET revoked_at = now() - interval '1 second' WHERE buyer_id = 10"
    )
    assert refused_with(await updates.submit(call(key, status="Funded")), Message.INVALID_API_KEY)


async def test_an_update_of_another_month_makes_its_partition(
    database: Database, updates: Updates, seeded: Seeded
) -> None:
    sale_id = await seed_sale(database, seeded.network_id, "C8097F17")
    long_ago = call(caller_with(seeded.key), status="Contacted")
    origin = msgspec.structs.replace(long_ago.origin, received_at=now() - timedelta(days=400))
    assert (await updates.submit(msgspec.structs.replace(long_ago, origin=origin))).answer.success
    assert len(await read_ledger(database, seeded.network_id, sale_id)) == 1


async def test_a_queue_that_is_full_answers_at_once(
    database: Database, seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadback.leads.committer.QUEUE_CALLS_MAX", 0)
    committer = GroupCommitter(database, seeded.network_id)
    outcome = await committer.submit(call(caller_with(seeded.key), status="Funded"))
    assert (outcome.kind, outcome.retry_after_seconds) == (OutcomeKind.FAULT, 1)


async def as_a_buyer(process: Updates, request: UpdateRequest) -> Outcome:
    """Submit, and again under the same idempotency key where a busy machine was too slow."""
    outcome = await process.submit(request)
    for _ in range(TRIES):
        if outcome.kind not in (OutcomeKind.FAULT, OutcomeKind.IN_PROGRESS):
            break
        outcome = await process.submit(request)
    return outcome


async def change_configuration(database: Database, network_id: int, statement: str) -> None:
    """As another process would: the change and the network's version in one transaction."""
    async with database.transaction(network_id) as connection:
        await connection.execute(text(statement))
        await connection.execute(text("UPDATE network_version SET version = version + 1"))
