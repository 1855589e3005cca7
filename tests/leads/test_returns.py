"""Returns on a real database: who decides first, what lasts, and what a file may not take back."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.errors import Refused
from leadback.leads.locking import SALES_AT_ONCE_MAX
from leadback.leads.months import add_months
from leadback.leads.returns import (
    ReturnResult,
    credit_returns,
    reject_returns,
    replace_returns,
    submit_return,
)
from leadback.leads.update import Updates
from leadback.networks.actions import create_network, set_network
from leadback.networks.settings import NetworkSettings
from tests.leads.test_update import call, caller_with
from tests.support.changes import who
from tests.support.importing import import_rows, read, read_sales
from tests.support.recompute import check_ledger, check_numbers
from tests.support.seed import Seeded, read_ledger, read_sale, seed_network, seed_sale

pytestmark = pytest.mark.anyio

ACTS: dict[str, Any] = {"credit": credit_returns, "replace": replace_returns, "reject": reject_returns}


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    return await seed_network(database, network_id)


async def act(database: Database, network_id: int, name: str, sale_ids: Sequence[int], **more: Any) -> list[Any]:
    """The new state of each sale, or why it was refused."""
    if name == "reject":
        more = {"note": "Reached by phone"} | more
    async with database.transaction(network_id) as connection:
        results = await ACTS[name](connection, network_id, sale_ids, **more, **who())
    assert [result.sale_id for result in results] == list(dict.fromkeys(sale_ids))
    return [result.refusal or result.state for result in results]


async def submit(database: Database, network_id: int, sale_id: int, reason: int = 1, **more: Any) -> ReturnResult:
    async with database.transaction(network_id) as connection:
        return await submit_return(connection, network_id, sale_id, return_reason_id=reason, **(who() | more))


async def buyer_says(database: Database, seeded: Seeded, lead_id: str, **said: Any) -> None:
    updates = Updates(database)
    outcome = await updates.submit(call(caller_with(seeded.key), lead_id, **said))
    await updates.close()
    assert outcome.answer.success, outcome.answer


async def open_spring(database: Database, network_id: int) -> None:
    """Let the ledger take what happened in February and March 2026."""
    async with database.transaction(network_id) as connection:
        await add_months(connection, date(2026, 2, 1), date(2026, 3, 31))


async def owed(database: Database, network_id: int) -> int:
    statement = "SELECT returns_owed FROM buyer_contract WHERE network_id = :network_id AND buyer_contract_id = 217"
    return int((await read(database, network_id, statement))[0]["returns_owed"])


@pytest.mark.usefixtures("seeded")
async def test_sales_of_another_network_are_as_unknown_as_those_that_do_not_exist(
    database: Database, network_id: int
) -> None:
    sale_id = await seed_sale(database, network_id, "A1", return_state="submitted", return_reason_id=1)
    other = await create_network(
        database, name=f"other {now().isoformat()}", time_zone="UTC", currency="USD", now=now()
    )
    await seed_network(database, other)
    unknown = [sale_id, sale_id + 10_000, 0, -1, 10**30]
    for name in ACTS:
        assert await act(database, other, name, unknown) == [f"There is no sale {number}." for number in unknown]
    assert (await submit(database, other, sale_id)).refusal == f"There is no sale {sale_id}."
    assert (await read_sale(database, network_id, sale_id)).version == 1


async def test_a_story_with_every_step_is_in_the_ledger_with_its_note(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    sale_id = await seed_sale(database, network_id, "A1")
    zero = {"amount": Decimal(0), "add_to_existing": False}
    await buyer_says(database, seeded, "A1", return_reason_id=1, **zero)
    assert await act(database, network_id, "reject", [sale_id], restore_revenue=True) == ["rejected"]
    assert (await read_sale(database, network_id, sale_id)).revenue == Decimal(25)
    assert (await submit(database, network_id, sale_id, 2, note="They insist")).state == "submitted"
    assert await act(database, network_id, "credit", [sale_id], zero_revenue=True, note="Fair") == ["credited"]
    sale = await read_sale(database, network_id, sale_id)
    assert (sale.revenue, sale.return_reason_id, sale.version) == (Decimal(0), 2, 5)
    assert (sale.updated, sale.update_count) == (1, 2)
    rows = await read_ledger(database, network_id, sale_id)
    told = [
        (row["kind"], row["actor_kind"], row["actor"], row["channel"], row["operation"], row["counts_as_update"])
        for row in rows
    ]
    assert told == [
        ("update", "buyer", "Buyer 10", "get", "UpdateLead", True),
        ("return decision", "operator", "Ada", "cli", "reject return", False),
        ("correction", "operator", "Ada", "cli", "submit return", True),
        ("return decision", "operator", "Ada", "cli", "credit return", False),
    ]
    assert [row["note"] for row in rows] == [None, "Reached by phone", "They insist", "Fair"]
    assert [row["flags"] for row in rows] == [["amount with return"], [], [], []]
    assert [row["revenue_delta"] for row in rows] == [-25, 25, 0, -25]
    assert [row["return_reason_after"] for row in rows] == ["Invalid phone", "Invalid phone", "Duplicate", "Duplicate"]
    await check_numbers(database, network_id)
    assert await check_ledger(database, network_id) == 4


async def test_many_at_once_each_with_its_own_result_and_nothing_twice(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    sale_ids = [await seed_sale(database, network_id, f"A{number}") for number in range(4)]
    for number in range(3):
        await buyer_says(database, seeded, f"A{number}", return_reason_id=1)
    assert await act(database, network_id, "credit", [sale_ids[1]]) == ["credited"]
    asked = [*reversed(sale_ids), sale_ids[0], 999_999_999]
    assert await act(database, network_id, "replace", asked) == [
        "It is not returned, and cannot be replaced.",
        "replaced",
        "Its return is credited; only a submitted one can be replaced.",
        "replaced",
        "There is no sale 999999999.",
    ]
    before = await read_sales(database, network_id)
    assert await owed(database, network_id) == 2
    assert not {"replaced", "credited"}.intersection(await act(database, network_id, "replace", asked))
    assert await act(database, network_id, "replace", []) == []
    assert await read_sales(database, network_id) == before
    assert await owed(database, network_id) == 2
    await check_numbers(database, network_id)
    with pytest.raises(Refused, match="at most 1000 at once"):
        await act(database, network_id, "credit", range(SALES_AT_ONCE_MAX + 1))


async def test_the_networks_setting_decides_where_a_credit_does_not(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    sale_ids = [await seed_sale(database, network_id, f"A{number}") for number in range(3)]
    for number in range(3):
        await buyer_says(database, seeded, f"A{number}", return_reason_id=1)
    await act(database, network_id, "credit", sale_ids[:1])
    async with database.transaction(network_id) as connection:
        await set_network(connection, network_id, NetworkSettings(credit_sets_revenue_to_zero=True), **who())
    await act(database, network_id, "credit", sale_ids[1:2])
    await act(database, network_id, "credit", sale_ids[2:], zero_revenue=False)
    revenues = [(await read_sale(database, network_id, sale_id)).revenue for sale_id in sale_ids]
    assert revenues == [25, 0, 25]
    await check_numbers(database, network_id)


async def test_a_rejection_says_why_and_restores_only_what_is_still_there(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    sale_id = await seed_sale(database, network_id, "A1")
    await buyer_says(database, seeded, "A1", return_reason_id=1, amount=Decimal(0), add_to_existing=False)
    await buyer_says(database, seeded, "A1", amount=Decimal(4), add_to_existing=True)
    for note in ("", " "):
        with pytest.raises(Refused, match="Say why"):
            await act(database, network_id, "reject", [sale_id], note=note)
    (said,) = await act(database, network_id, "reject", [sale_id], restore_revenue=True)
    assert said.startswith("Its revenue is no longer what the return made of it, but 4.0000")
    assert (await read_sale(database, network_id, sale_id)).version == 3
    assert await act(database, network_id, "reject", [sale_id]) == ["rejected"]
    assert (await read_sale(database, network_id, sale_id)).revenue == Decimal(4)


@pytest.mark.usefixtures("seeded")
async def test_an_operators_return_needs_an_active_reason(database: Database, network_id: int) -> None:
    sale_id = await seed_sale(database, network_id, "A1")
    for reason in (0, 3, 9):
        with pytest.raises(Refused, match=r"There are: 1 \(Invalid phone\), 2 \(Duplicate\)\."):
            await submit(database, network_id, sale_id, reason)
    assert (await submit(database, network_id, sale_id)).revenue == Decimal(25)
    assert "Lead Already Returned" in str((await submit(database, network_id, sale_id)).refusal)
    assert await check_ledger(database, network_id) == 1


@pytest.mark.usefixtures("seeded")
async def test_after_a_rejection_another_return_is_possible_while_the_window_is_open(
    database: Database, network_id: int
) -> None:
    # Sold on 7 February in New York, whose clocks go forward on 8 March: 9 March is the last day.
    sale_id = await seed_sale(database, network_id, "A1", sold_at=datetime(2026, 2, 8, 4, 59, tzinfo=UTC))
    await open_spring(database, network_id)
    last = datetime(2026, 3, 10, 3, 59, 59, tzinfo=UTC)
    assert (await submit(database, network_id, sale_id, now=last - timedelta(minutes=2))).state == "submitted"
    async with database.transaction(network_id) as connection:
        moment = who() | {"now": last - timedelta(minutes=1)}
        await reject_returns(connection, network_id, [sale_id], note="No", **moment)
    assert (await submit(database, network_id, sale_id, 2, now=last)).state == "submitted"
    assert (await read_sale(database, network_id, sale_id)).returned_at == last
    await act(database, network_id, "reject", [sale_id])
    late = await submit(database, network_id, sale_id, now=last + timedelta(seconds=1))
    assert late.refusal == "Return Window Expired: the last of its 30 days was 2026-03-09."


async def test_of_two_who_decide_at_once_one_is_refused(database: Database, network_id: int, seeded: Seeded) -> None:
    for round_number in range(5):
        sale_id = await seed_sale(database, network_id, f"A{round_number}")
        await buyer_says(database, seeded, f"A{round_number}", return_reason_id=1)
        results = await asyncio.gather(
            act(database, network_id, "replace", [sale_id]),
            act(database, network_id, "reject", [sale_id]),
            act(database, network_id, "replace", [sale_id]),
        )
        said = [result[0] for result in results]
        won = [state for state in said if state in ("replaced", "rejected")]
        assert len(won) == 1
        assert sum(text.startswith(f"Its return is {won[0]};") for text in said) == 2
        assert (await read_sale(database, network_id, sale_id)).return_state == won[0]
    await check_numbers(database, network_id)
    assert await check_ledger(database, network_id) == 10


async def test_a_decision_and_the_buyers_updates_wait_for_each_other(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    sale_id = await seed_sale(database, network_id, "A1")
    await buyer_says(database, seeded, "A1", return_reason_id=1)
    updates = Updates(database)
    one_more = {"amount": Decimal(1), "add_to_existing": True}
    caller = caller_with(seeded.key)
    calls = [updates.submit(call(caller, "A1", **one_more, idempotency_key=f"{number}")) for number in range(20)]
    decided, *outcomes = await asyncio.gather(act(database, network_id, "replace", [sale_id]), *calls)
    await updates.close()
    assert decided == ["replaced"]
    assert all(outcome.answer.success for outcome in outcomes)
    sale = await read_sale(database, network_id, sale_id)
    assert (sale.revenue, sale.return_state, sale.version) == (Decimal(45), "replaced", 23)
    await check_numbers(database, network_id)
    await check_ledger(database, network_id)


RETURNED = {"sale_ref": "R1", "return_reason_id": "1"}
REPLACEMENT = {"lead_id": "B1", "sale_ref": "R2", "sold_price": "", "replaces_sale_ref": "R1"}


@pytest.mark.usefixtures("seeded")
async def test_a_replacement_that_arrives_settles_what_the_decision_owed(database: Database, network_id: int) -> None:
    await import_rows(database, network_id, RETURNED)
    (original,) = await read_sales(database, network_id)
    early = await import_rows(database, network_id, REPLACEMENT)
    assert early.reasons == {2: "replaces_sale_ref: 'R1' is not to be replaced, it is submitted"}
    await act(database, network_id, "replace", [original["sale_id"]])
    assert await owed(database, network_id) == 1
    for _ in range(2):
        await import_rows(database, network_id, REPLACEMENT)
        assert await owed(database, network_id) == 0
    late = await import_rows(database, network_id, REPLACEMENT | {"lead_id": "B2", "sale_ref": "R3"})
    assert late.reasons == {2: "replaces_sale_ref: 'R1' has been replaced already"}
    original, replacement = await read_sales(database, network_id)
    assert (original["revenue"], replacement["sale_type"], replacement["sold_price"]) == (25, "replacement", 0)
    await open_spring(database, network_id)
    # The replacement is a sale like others: it can be given back and replaced itself.
    await submit(database, network_id, replacement["sale_id"], now=original["sold_at"] + timedelta(days=1))
    await act(database, network_id, "replace", [replacement["sale_id"]])
    assert await owed(database, network_id) == 1
    await check_numbers(database, network_id)


@pytest.mark.usefixtures("seeded")
async def test_two_files_deliver_one_replacement_once(database: Database, network_id: int) -> None:
    await import_rows(database, network_id, RETURNED, RETURNED | {"lead_id": "A2", "sale_ref": "R9"})
    sale_ids = [sale["sale_id"] for sale in await read_sales(database, network_id)]
    await act(database, network_id, "replace", sale_ids)
    done = await asyncio.gather(
        *(
            import_rows(database, network_id, REPLACEMENT | {"lead_id": f"B{number}", "sale_ref": f"S{number}"})
            for number in range(3)
        )
    )
    assert sorted(one.counts for one in done) == [(0, 0, 0, 1), (0, 0, 0, 1), (1, 0, 0, 0)]
    assert await owed(database, network_id) == 1
    await check_numbers(database, network_id)


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize(
    ("act_name", "state"), [("credit", "credited"), ("replace", "replaced"), ("reject", "rejected")]
)
async def test_a_file_imported_again_takes_no_decision_back(
    database: Database, network_id: int, act_name: str, state: str
) -> None:
    await import_rows(database, network_id, RETURNED)
    (sale,) = await read_sales(database, network_id)
    await act(database, network_id, act_name, [sale["sale_id"]])
    before = await read_sales(database, network_id)
    assert (await import_rows(database, network_id, RETURNED)).counts == (0, 1, 0, 0)
    assert (await import_rows(database, network_id, RETURNED, correct=True)).counts == (0, 1, 0, 0)
    other = RETURNED | {"return_state": "replaced" if state != "replaced" else "credited"}
    assert (await import_rows(database, network_id, other, correct=True)).counts == (0, 1, 0, 0)
    assert await read_sales(database, network_id) == before
    corrected = await import_rows(database, network_id, other | {"sold_price": "30"}, correct=True)
    assert corrected.counts == (0, 0, 1, 0)
    (sale,) = await read_sales(database, network_id)
    assert (sale["return_state"], sale["sold_price"]) == (state, 30)
    await check_numbers(database, network_id)


@pytest.mark.usefixtures("seeded")
async def test_what_is_owed_follows_every_correction_of_a_file(database: Database, network_id: int) -> None:
    """A sale that has got its replacement owes none, whatever becomes of its state; nor does a test."""
    replaced = RETURNED | {"return_state": "replaced"}
    steps: list[tuple[dict[str, str], int]] = [
        (replaced | {"lead_id": "A0", "sale_ref": "R0"}, 1),
        (replaced, 2),
        (RETURNED | {"return_state": "credited"}, 1),
        (replaced, 2),
        (REPLACEMENT, 1),
        (RETURNED | {"return_state": "credited"}, 1),
        (replaced, 1),
        (RETURNED | {"return_state": "submitted"}, 1),
        (replaced | {"lead_id": "A0", "sale_ref": "R0", "is_test": "true"}, 0),
        (replaced | {"lead_id": "A0", "sale_ref": "R0", "is_test": "false"}, 1),
    ]
    for row, count in steps:
        assert (await import_rows(database, network_id, row, correct=True)).reasons == {}
        assert await owed(database, network_id) == count, row
        await check_numbers(database, network_id)
    original = next(sale for sale in await read_sales(database, network_id) if sale["sale_ref"] == "R1")
    await act(database, network_id, "replace", [original["sale_id"]])
    assert await owed(database, network_id) == 1
    await check_numbers(database, network_id)
