"""A connection that is lost at COMMIT: the caller gets the real answer or our own fault, never a wrong one."""

from decimal import Decimal

import pytest

from leadback.kit import tokens
from leadback.kit.database import Database
from leadback.leads.model import OutcomeKind
from leadback.leads.update import Updates
from tests.leads.test_update import added, call, caller_with
from tests.support.proxy import Cut, cutting_proxy
from tests.support.seed import read_failed, read_ledger, read_sale, seed_network, seed_sale

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("cut", [Cut.BEFORE_SERVER, Cut.AFTER_SERVER])
async def test_every_cut_ends_in_exactly_one_effect(
    database: Database, database_url: str, network_id: int, cut: Cut
) -> None:
    seeded = await seed_network(database, network_id)
    sale_id = await seed_sale(database, network_id, "C8097F17")
    async with cutting_proxy(database_url) as (proxy, through):
        behind = Database(through)
        updates = Updates(behind)
        await updates.submit(call(caller_with(seeded.key)))
        for number in range(20):
            proxy.cut = cut
            outcome = await updates.submit(added(caller_with(seeded.key), 1, idempotency_key=str(number)))
            assert outcome.kind is OutcomeKind.DECIDED
            assert outcome.answer.success
        assert proxy.cuts == 20
        await updates.close()
        await behind.close()
    assert (await read_sale(database, network_id, sale_id)).revenue == Decimal(25 + 20)
    assert len(await read_ledger(database, network_id, sale_id)) == 21


async def test_a_cut_refusal_is_answered_with_its_reason(
    database: Database, database_url: str, network_id: int
) -> None:
    seeded = await seed_network(database, network_id)
    async with cutting_proxy(database_url) as (proxy, through):
        behind = Database(through)
        updates = Updates(behind)
        await updates.submit(call(caller_with(tokens.make_key(network_id))))
        proxy.cut = Cut.AFTER_SERVER
        outcome = await updates.submit(call(caller_with(seeded.key), status="Funded"))
        assert (outcome.kind, outcome.answer.message) == (OutcomeKind.DECIDED, "Invalid Lead ID")
        await updates.close()
        await behind.close()
    assert len(await read_failed(database, network_id)) == 1


async def test_a_database_that_stays_away_is_our_own_fault(
    database: Database, database_url: str, network_id: int
) -> None:
    seeded = await seed_network(database, network_id)
    sale_id = await seed_sale(database, network_id, "C8097F17")
    async with cutting_proxy(database_url) as (proxy, through):
        behind = Database(through)
        updates = Updates(behind)
        assert (await updates.submit(added(caller_with(seeded.key), 1))).answer.success
        proxy.cut = Cut.AFTER_SERVER
        proxy.server_socket = proxy.server_socket.with_name("gone")
        outcome = await updates.submit(added(caller_with(seeded.key), 2))
        assert outcome.kind is OutcomeKind.FAULT
        await updates.close()
        await behind.close()
    # It was committed, and nobody could know: so it was not called a success.
    assert (await read_sale(database, network_id, sale_id)).revenue == Decimal(28)
    # And so it comes again; without an idempotency key the guard knows it.
    again = await Updates(database).submit(added(caller_with(seeded.key), 2))
    assert (again.kind, again.answer.success) == (OutcomeKind.REPEATED, True)
    assert (await read_sale(database, network_id, sale_id)).revenue == Decimal(28)
