"""Failed updates run again on a real database: what is applied, what is left alone, what it leaves behind."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address
from typing import Any

import msgspec
import pytest

from leadback.catalog.actions import set_item_active
from leadback.catalog.alias_actions import create_alias
from leadback.catalog.rules import CatalogKind
from leadback.catalog.vocabulary import ListedAlias
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.errors import Refused
from leadback.leads.changes import Changes
from leadback.leads.configuration import read_configuration
from leadback.leads.model import Change, Channel, KeylessCaller, Message, Origin, RefusedCall
from leadback.leads.rules import decide
from leadback.leads.store import lock_sales_by_id
from leadback.leads.update import Updates
from leadback.networks.actions import set_network
from leadback.networks.settings import NetworkSettings
from leadback.parties.actions import set_contract
from leadback.parties.settings import ContractSettings
from tests.leads.test_update import call, caller_with
from tests.support.again import WITH_AMOUNTS, apply_one, run_again, runs_of, told, undo
from tests.support.changes import OPERATOR, entries, who
from tests.support.lived import checked
from tests.support.recompute import check_ledger, check_numbers
from tests.support.seed import Seeded, read_failed, read_ledger, read_sale, seed_network, seed_sale

pytestmark = pytest.mark.anyio

LEAD = "C8097F17"
SECOND = timedelta(seconds=1)


class Buyer:
    """Buyer 10, whose calls come a second apart, beginning an hour ago."""

    def __init__(self, database: Database, seeded: Seeded) -> None:
        self.database = database
        self.network_id = seeded.network_id
        self.updates = Updates(database)
        self._caller = caller_with(seeded.key)
        self.at = now() - timedelta(hours=1)

    async def says(self, lead_id: str = LEAD, *, expect: str | None = None, **changes: Any) -> datetime:
        """Submit a call; fails the test where it gets another message than expected. When it came."""
        self.at += SECOND
        plain = call(self._caller, lead_id)
        origin = msgspec.structs.replace(plain.origin, received_at=self.at, request_id=f"at {self.at}")
        outcome = await self.updates.submit(msgspec.structs.replace(plain, origin=origin, **changes))
        assert outcome.answer.message == (expect or Message.LEAD_UPDATED)
        return self.at

    async def fails(self, lead_id: str = LEAD, *, expect: str = Message.INVALID_LEAD_STATUS, **changes: Any) -> int:
        """Submit a call that must fail; its id among the failed updates."""
        await self.says(lead_id, expect=expect, **changes)
        return int((await read_failed(self.database, self.network_id))[-1]["failed_update_id"])

    async def understood(self, **listed: Any) -> None:
        """An alias from now on; by default their "funded" is Funded."""
        words = listed or {"status": "funded", "as_status": "Funded"}
        async with self.database.transaction(self.network_id) as connection:
            await create_alias(connection, self.network_id, ListedAlias(buyer="Buyer 10", **words), **who())


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    return await seed_network(database, network_id)


@pytest.fixture
async def buyer(database: Database, seeded: Seeded) -> AsyncIterator[Buyer]:
    made = Buyer(database, seeded)
    yield made
    await made.updates.close()
    await check_ledger(database, seeded.network_id)
    await check_numbers(database, seeded.network_id)
    assert (await checked(database, seeded.network_id)).differences == ()


async def set_returnable(database: Database, network_id: int, *, returnable: bool) -> None:
    """Whether contract 217 takes returns."""
    async with database.transaction(network_id) as connection:
        await set_contract(connection, network_id, 217, ContractSettings(returnable=returnable), **who())


async def correct(database: Database, network_id: int, sale_id: int, **changes: Any) -> None:
    """What an operator reports on a sale."""
    async with database.transaction(network_id) as connection:
        configuration = await read_configuration(connection, network_id)
        (sale,) = await lock_sales_by_id(connection, network_id, [sale_id])
        origin = Origin(
            channel=Channel.CONSOLE, operation="correct", address=None, request_id="correction", received_at=now()
        )
        plain = call(caller_with("lbk_1_none"), sale.lead_id)
        request = msgspec.structs.replace(plain, origin=origin, **changes)
        change = decide(sale, request, configuration, kind="correction", by_buyer=False)
        assert isinstance(change, Change)
        taken = Changes(configuration)
        taken.take([sale])
        taken.accept(change, origin=origin, actor=OPERATOR)
        await taken.write(connection)


async def test_nothing_is_run_where_nothing_failed(database: Database, buyer: Buyer) -> None:
    done = await run_again(database, buyer.network_id)
    assert (done.effects, done.run_id) == ((), None)
    assert await runs_of(database, buyer.network_id) == []


async def test_another_buyers_sale_is_not_found_again_either(database: Database, buyer: Buyer) -> None:
    await seed_sale(database, buyer.network_id, LEAD, buyer_id=11, buyer_contract_id=300)
    await buyer.fails(status="Funded", expect=Message.INVALID_LEAD_ID)
    done = await run_again(database, buyer.network_id)
    assert told(done) == [("fail", "Invalid Lead ID: No sale of this lead to this caller.")]
    assert done.run_id is None


async def test_what_fails_still_stays_open_and_makes_no_run(database: Database, buyer: Buyer) -> None:
    sale_id = await seed_sale(database, buyer.network_id, LEAD)
    await buyer.fails(status="funded")
    done = await run_again(database, buyer.network_id)
    assert told(done) == [("fail", "Invalid Lead Status: No active status is called 'funded'.")]
    assert (await read_sale(database, buyer.network_id, sale_id)).version == 1
    assert (await read_failed(database, buyer.network_id))[0]["resolved_at"] is None
    assert await runs_of(database, buyer.network_id) == []


async def test_a_call_is_applied_as_the_buyers_of_then(database: Database, buyer: Buyer) -> None:
    sale_id = await seed_sale(database, buyer.network_id, LEAD)
    failed_id = await buyer.fails(
        status="funded", sub_status="Partial", fields=(("loan_amount", "5"),), amount=Decimal(40), add_to_existing=False
    )
    await buyer.understood()
    done = await run_again(database, buyer.network_id, reason=Message.INVALID_LEAD_STATUS, buyer_id=10)
    assert told(done) == [("apply", "")]
    (failed,) = await read_failed(database, buyer.network_id)
    (row,) = await read_ledger(database, buyer.network_id, sale_id)
    assert (row["kind"], row["actor_kind"], row["actor_id"], row["channel"]) == ("update", "buyer", 10, "get")
    assert (row["request_id"], row["operation"]) == (failed["request_id"], "UpdateLead")
    assert str(row["address"]) == "192.0.2.7"
    assert row["happened_at"] == failed["received_at"]
    assert now() - row["received_at"] < timedelta(minutes=1)
    assert (row["status_after"], row["sub_status_after"], row["revenue_after"]) == ("Funded", "Partial", 40)
    assert (row["run_id"], row["counts_as_update"]) == (done.run_id, True)
    sale = await read_sale(database, buyer.network_id, sale_id)
    assert (sale.buyer_updated_at, sale.buyer_updated_first_at) == (failed["received_at"], failed["received_at"])
    assert (sale.updated_at, sale.updated, sale.update_count) == (row["received_at"], 1, 1)
    assert sale.status_happened_at == failed["received_at"]
    assert (failed["run_id"], failed["resolved_at"]) == (done.run_id, row["received_at"])
    (run,) = await runs_of(database, buyer.network_id)
    assert (run.kind, run.actor, run.sales) == ("rerun", "Ada", 1)
    assert run.description == "buyer Buyer 10, Invalid Lead Status"
    entry = (await entries(database, buyer.network_id))[-1]
    assert (entry["action"], entry["subject_id"], entry["actor"]) == ("rerun failed updates", run.run_id, "Ada")
    assert entry["after"]["applied"] == 1
    assert (await run_again(database, buyer.network_id)).effects == ()
    again = await run_again(database, buyer.network_id, ids=frozenset([failed_id]), resolved=None)
    assert told(again) == [("skip", f"It was settled by run {run.run_id}.")]


async def test_its_own_happened_at_counts(database: Database, buyer: Buyer) -> None:
    sale_id = await seed_sale(database, buyer.network_id, LEAD)
    await buyer.fails(status="funded", happened_at="2026-01-31T10:00:00Z")
    await buyer.understood()
    await run_again(database, buyer.network_id)
    (row,) = await read_ledger(database, buyer.network_id, sale_id)
    assert row["happened_at"] == datetime(2026, 1, 31, 10, tzinfo=UTC)


async def test_calls_are_applied_in_the_order_they_came(database: Database, buyer: Buyer) -> None:
    sale_id = await seed_sale(database, buyer.network_id, LEAD)
    for status in ("funded", "lost"):
        await buyer.fails(status=status)
    await buyer.fails(fields=(("loanamt", "7"),), expect=Message.INVALID_LEAD_FIELD)
    await buyer.understood()
    await buyer.understood(status="lost", as_status="Dead")
    await buyer.understood(field="LoanAmt", as_field="loan_amount")
    done = await run_again(database, buyer.network_id)
    assert told(done) == [("apply", "")] * 3
    sale = await read_sale(database, buyer.network_id, sale_id)
    assert (sale.status_id, sale.stage_reached, sale.version, sale.field_values) == (3, 4, 4, {1: "7.0000"})
    assert {row["run_id"] for row in await read_ledger(database, buyer.network_id, sale_id)} == {done.run_id}


async def test_of_calls_that_say_the_same_the_last_is_run_and_all_are_settled(database: Database, buyer: Buyer) -> None:
    sale_id = await seed_sale(database, buyer.network_id, LEAD)
    adds: dict[str, Any] = {"status": "funded", "amount": Decimal(5), "add_to_existing": True}
    ids = [await buyer.fails(**adds) for _ in range(3)]
    await buyer.understood()
    done = await run_again(database, buyer.network_id, WITH_AMOUNTS)
    assert told(done) == [("skip", f"The failed update {ids[2]}, received later, says the same.")] * 2 + [("apply", "")]
    assert (await read_sale(database, buyer.network_id, sale_id)).revenue == 30
    assert {row["run_id"] for row in await read_failed(database, buyer.network_id)} == {done.run_id}


async def test_an_amount_is_added_only_when_that_is_asked_for(database: Database, buyer: Buyer) -> None:
    sale_id = await seed_sale(database, buyer.network_id, LEAD)
    other_id = await seed_sale(database, buyer.network_id, "AMOUNT")
    adds: dict[str, Any] = {"amount": Decimal("5.5"), "add_to_existing": True}
    failed_id = await buyer.fails(status="funded", **adds)
    await buyer.fails("AMOUNT", buyer_contract_id=300, expect=Message.INVALID_BUYER_CONTRACT, **adds)
    await buyer.understood()
    done = await run_again(database, buyer.network_id, ids=frozenset([failed_id]))
    assert [effect.amount_left_out for effect in done.effects] == [Decimal("5.5")]
    sale = await read_sale(database, buyer.network_id, sale_id)
    assert (sale.status_id, sale.revenue) == (2, Decimal(25))
    (row,) = await read_ledger(database, buyer.network_id, sale_id)
    assert row["note"] == "Run again without its amount: 5.5 was not added."
    only = await run_again(database, buyer.network_id)
    assert told(only) == [("skip", "It only adds 5.5 to the revenue, which is left out unless amounts are asked for.")]
    assert (await read_sale(database, buyer.network_id, other_id)).version == 1
    asked = await run_again(database, buyer.network_id, WITH_AMOUNTS)
    assert told(asked) == [("fail", "Invalid Buyer Contract: Sent contract 300, sold under 217.")]


LATER: list[tuple[str, dict[str, Any], dict[str, Any], str | None]] = [
    ("another status", {"status": "funded"}, {"status": "Dead"}, "a status"),
    ("the status that stands", {"status": "funded"}, {"status": "Contacted"}, "a status"),
    ("a field beside a status", {"status": "funded"}, {"fields": (("note", "x"),)}, None),
    (
        "the same field",
        {"status": "funded", "fields": (("loanamt", "5"),)},
        {"fields": (("loan_amount", "7"),)},
        "the same field",
    ),
    ("a return", {"status": "funded", "return_reason_id": 1}, {"return_reason_id": 2}, None),
    (
        "another revenue",
        {"status": "funded", "amount": Decimal(40), "add_to_existing": False},
        {"amount": Decimal(50), "add_to_existing": False},
        "an amount",
    ),
    (
        "the same amount",
        {"status": "funded", "amount": Decimal(40), "add_to_existing": True},
        {"amount": Decimal(40), "add_to_existing": True},
        "an amount",
    ),
    (
        "another amount",
        {"status": "funded", "amount": Decimal(40), "add_to_existing": True},
        {"amount": Decimal(41), "add_to_existing": True},
        None,
    ),
    ("nothing that matters", {"status": "funded"}, {}, None),
]


@pytest.mark.parametrize(("first", "later", "what"), [row[1:] for row in LATER], ids=[row[0] for row in LATER])
async def test_what_was_reported_since_is_not_undone(
    database: Database, buyer: Buyer, first: dict[str, Any], later: dict[str, Any], what: str | None
) -> None:
    sale_id = await seed_sale(database, buyer.network_id, LEAD)
    await buyer.says(status="Contacted")
    await buyer.fails(**first)
    await buyer.says(**later)
    before = await read_sale(database, buyer.network_id, sale_id)
    await buyer.understood()
    await buyer.understood(field="loanamt", as_field="loan_amount")
    (effect,) = (await run_again(database, buyer.network_id, WITH_AMOUNTS)).effects
    if what is None and "return_reason_id" not in first:
        assert effect.verdict == "apply"
    elif what is None:
        # Another reason stands: the rules themselves refuse it.
        assert effect.text.startswith("Lead Already Returned")
    else:
        assert effect.verdict == "skip"
        assert effect.text.startswith(f"The buyer reported {what} on 20")
        assert await read_sale(database, buyer.network_id, sale_id) == before


async def test_the_same_return_since_is_not_made_again(database: Database, buyer: Buyer) -> None:
    await seed_sale(database, buyer.network_id, LEAD)
    await buyer.fails(return_reason_id=1, status="funded")
    await buyer.says(return_reason_id=1)
    await buyer.understood()
    (effect,) = (await run_again(database, buyer.network_id)).effects
    assert effect.text.startswith("The buyer reported a return on 20")


async def test_an_operators_correction_since_stands(database: Database, buyer: Buyer) -> None:
    sale_id = await seed_sale(database, buyer.network_id, LEAD)
    await buyer.fails(status="funded")
    await correct(database, buyer.network_id, sale_id, status="Dead")
    await buyer.understood()
    (effect,) = (await run_again(database, buyer.network_id)).effects
    assert effect.text.startswith("An operator reported a status on 20")


async def test_what_a_later_run_brought_counts_from_when_it_came_first(database: Database, buyer: Buyer) -> None:
    sale_id = await seed_sale(database, buyer.network_id, LEAD)
    first = await buyer.fails(status="funded")
    second = await buyer.fails(status="lost")
    await buyer.understood()
    await buyer.understood(status="lost", as_status="Dead")
    await run_again(database, buyer.network_id, ids=frozenset([first]))
    done = await run_again(database, buyer.network_id, ids=frozenset([second]))
    assert told(done) == [("apply", "")]
    assert (await read_sale(database, buyer.network_id, sale_id)).status_id == 3


async def test_a_return_sent_in_time_is_in_time(database: Database, buyer: Buyer) -> None:
    sale_id = await seed_sale(database, buyer.network_id, LEAD, sold_at=now() - timedelta(days=35))
    buyer.at = now() - timedelta(days=10)
    await set_returnable(database, buyer.network_id, returnable=False)
    await buyer.fails(return_reason_id=1, expect=Message.RETURNS_NOT_ALLOWED)
    await set_returnable(database, buyer.network_id, returnable=True)
    done = await run_again(database, buyer.network_id)
    assert told(done) == [("apply", "")]
    sale = await read_sale(database, buyer.network_id, sale_id)
    assert sale.return_state == "submitted"
    assert sale.returned_at is not None
    assert now() - sale.returned_at < timedelta(minutes=1)
    assert sale.buyer_updated_at == buyer.at


async def test_the_catalog_of_now_decides(database: Database, buyer: Buyer) -> None:
    await seed_sale(database, buyer.network_id, LEAD)
    await buyer.fails(status="funded")
    await buyer.understood()
    async with database.transaction(buyer.network_id) as connection:
        await set_item_active(connection, buyer.network_id, CatalogKind.STATUS, 2, active=False, **who())
    assert told(await run_again(database, buyer.network_id))[0][1].startswith("Invalid Lead Status")
    async with database.transaction(buyer.network_id) as connection:
        await set_network(connection, buyer.network_id, NetworkSettings(lead_statuses=False), **who())
    assert told(await run_again(database, buyer.network_id))[0][1].startswith("Lead Statuses Not Enabled")


async def test_what_was_not_kept_whole_is_not_run(database: Database, buyer: Buyer, seeded: Seeded) -> None:
    await seed_sale(database, buyer.network_id, LEAD)
    await buyer.fails(status="x" * 4001)
    await buyer.fails(status=f"paid {seeded.other_key}")
    unread = call(caller_with(seeded.key))
    await buyer.updates.submit(
        RefusedCall(
            caller=unread.caller,
            origin=unread.origin,
            lead_id=LEAD,
            reason="Missing parameter: status.",
            detail="status was not sent.",
        )
    )
    done = await run_again(database, buyer.network_id)
    assert told(done) == [
        ("skip", "It was not kept whole."),
        ("skip", "It was not kept whole."),
        ("skip", "It could not be read, so there is nothing to run again."),
    ]
    failed = await read_failed(database, buyer.network_id)
    assert seeded.other_key not in str(failed)
    with pytest.raises(Refused, match="It was not kept whole"):
        await apply_one(database, buyer.network_id, failed[0]["failed_update_id"])


async def test_more_than_one_run_takes_are_left_for_the_next(database: Database, buyer: Buyer) -> None:
    ids = []
    for number in range(3):
        await seed_sale(database, buyer.network_id, f"LEAD{number}")
        ids.append(await buyer.fails(f"LEAD{number}", status="funded"))
    await buyer.understood()
    done = await run_again(database, buyer.network_id, calls_max=2)
    assert ([effect.failed.failed_update_id for effect in done.effects], done.is_all) == (ids[:2], False)
    rest = await run_again(database, buyer.network_id, calls_max=2)
    assert ([effect.failed.failed_update_id for effect in rest.effects], rest.is_all) == (ids[2:], True)


async def test_only_what_is_selected_is_run(database: Database, buyer: Buyer, seeded: Seeded) -> None:
    await seed_sale(database, buyer.network_id, LEAD)
    await buyer.fails(status="funded")
    middle = now()
    assert (await run_again(database, buyer.network_id, buyer_id=11)).effects == ()
    assert (await run_again(database, buyer.network_id, reason="Invalid Lead Field")).effects == ()
    assert (await run_again(database, buyer.network_id, since=middle)).effects == ()
    assert (await run_again(database, buyer.network_id, waiting=True)).effects == ()
    assert (await run_again(database, buyer.network_id, ids=frozenset())).effects == ()
    assert len((await run_again(database, buyer.network_id, since=middle - timedelta(hours=2))).effects) == 1


async def test_one_call_is_applied_with_its_amount_whatever_was_said_since(database: Database, buyer: Buyer) -> None:
    sale_id = await seed_sale(database, buyer.network_id, LEAD)
    adds: dict[str, Any] = {"status": "funded", "amount": Decimal(5), "add_to_existing": True}
    failed_id = await buyer.fails(**adds)
    await buyer.says(status="Contacted", amount=Decimal(5), add_to_existing=True)
    with pytest.raises(Refused, match=f"The failed update {failed_id} cannot be applied. Invalid Lead Status"):
        await apply_one(database, buyer.network_id, failed_id)
    await buyer.understood()
    done = await apply_one(database, buyer.network_id, failed_id)
    assert done.run_id is not None
    sale = await read_sale(database, buyer.network_id, sale_id)
    # What came later stays in force, and the row says so.
    assert (sale.revenue, sale.status_id, sale.stage_reached) == (Decimal(35), 1, 4)
    assert (await read_ledger(database, buyer.network_id, sale_id))[-1]["flags"] == ["out of order"]
    with pytest.raises(Refused, match="It was settled by run"):
        await apply_one(database, buyer.network_id, failed_id)
    with pytest.raises(Refused, match="There is no failed update with the id 999999999"):
        await apply_one(database, buyer.network_id, 999_999_999)


async def test_a_suppressed_repeat_is_applied_alone_and_never_among_others(database: Database, buyer: Buyer) -> None:
    sale_id = await seed_sale(database, buyer.network_id, LEAD)
    for _ in range(2):
        await buyer.says(amount=Decimal(5), add_to_existing=True)
    (failed,) = await read_failed(database, buyer.network_id)
    assert (failed["reason"], (await read_sale(database, buyer.network_id, sale_id)).revenue) == (
        "Repeated Call",
        Decimal(30),
    )
    for selection in ({}, {"ids": frozenset([failed["failed_update_id"]])}, {"reason": "Repeated Call"}):
        (effect,) = (await run_again(database, buyer.network_id, WITH_AMOUNTS, **selection)).effects
        assert effect.text.startswith("It repeats an accepted call.")
    done = await apply_one(database, buyer.network_id, failed["failed_update_id"])
    assert (await read_sale(database, buyer.network_id, sale_id)).revenue == Decimal(35)
    await undo(database, buyer.network_id, done.run_id or 0)
    assert (await read_sale(database, buyer.network_id, sale_id)).revenue == Decimal(30)


async def test_two_runs_at_once_apply_a_call_once(database: Database, buyer: Buyer) -> None:
    sale_id = await seed_sale(database, buyer.network_id, LEAD)
    failed_id = await buyer.fails(status="funded", amount=Decimal(5), add_to_existing=True)
    await buyer.understood()
    done = await asyncio.gather(
        *(apply_one(database, buyer.network_id, failed_id) for _ in range(2)), return_exceptions=True
    )
    assert sum(isinstance(item, Refused) for item in done) == 1
    sale = await read_sale(database, buyer.network_id, sale_id)
    assert (sale.revenue, sale.version) == (Decimal(30), 2)


async def test_whose_word_it_is_the_sales_buyer_decides_with_a_key_or_without(
    database: Database, buyer: Buyer, seeded: Seeded
) -> None:
    sale_id = await seed_sale(database, seeded.network_id, LEAD, buyer_id=11, buyer_contract_id=300)
    keyless = KeylessCaller(seeded.network_id, ip_address("192.0.2.7"))
    for caller in (caller_with(seeded.other_key), keyless):
        outcome = await buyer.updates.submit(call(caller, status="funded", happened_at="2026-01-31"))
        assert outcome.answer.message == Message.INVALID_LEAD_STATUS
    await buyer.understood()
    # The alias is buyer 10's.
    assert {verdict for verdict, _ in told(await run_again(database, seeded.network_id))} == {"skip", "fail"}
    async with database.transaction(seeded.network_id) as connection:
        listed = ListedAlias(buyer="Buyer 11", status="FUNDED", as_status="Funded")
        await create_alias(connection, seeded.network_id, listed, **who())
    assert [verdict for verdict, _ in told(await run_again(database, seeded.network_id))] == ["skip", "apply"]
    assert (await read_sale(database, seeded.network_id, sale_id)).status_id == 2
    assert (await buyer.updates.submit(call(keyless, status=" funded"))).answer.success
