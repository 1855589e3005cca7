"""Undoing a run: everything as it was, once, or nothing at all."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from leadback.kit.database import Database
from leadback.kit.errors import Refused
from leadback.leads.model import Sale
from tests.leads.test_rerun import LEAD, Buyer
from tests.support.again import WITH_AMOUNTS, apply_one, run_again, runs_of, told, undo
from tests.support.changes import entries
from tests.support.lived import checked
from tests.support.recompute import check_ledger, check_numbers
from tests.support.seed import Seeded, read_failed, read_ledger, read_sale, seed_network, seed_sale

pytestmark = pytest.mark.anyio

EVERYTHING: dict[str, Any] = {
    "status": "funded",
    "sub_status": "Partial",
    "amount": Decimal(5),
    "add_to_existing": True,
    "fields": (("loan_amount", "7"), ("note", "x"), ("grade", "")),
    "return_reason_id": 1,
}


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


def restored(sale: Sale) -> Sale:
    """A sale but for what no undo restores."""
    return msgspec.structs.replace(sale, version=0, ledger_hash=b"")


async def test_there_must_be_a_run(database: Database, buyer: Buyer) -> None:
    for run_id in (1_000_000, 2**70):
        with pytest.raises(Refused, match=f"There is no run {run_id}"):
            await undo(database, buyer.network_id, run_id)


async def test_a_sale_nobody_had_updated_is_as_if_nobody_ever_had(database: Database, buyer: Buyer) -> None:
    sale_id = await seed_sale(database, buyer.network_id, LEAD)
    before = await read_sale(database, buyer.network_id, sale_id)
    await buyer.fails(**EVERYTHING)
    await buyer.understood()
    done = await run_again(database, buyer.network_id, WITH_AMOUNTS)
    assert done.run_id is not None
    undone = await undo(database, buyer.network_id, done.run_id)
    after = await read_sale(database, buyer.network_id, sale_id)
    assert restored(after) == restored(before)
    assert after.version == 3
    row = (await read_ledger(database, buyer.network_id, sale_id))[-1]
    assert (row["kind"], row["actor"], row["counts_as_update"]) == ("undo", "Ada", False)
    assert (row["run_id"], row["status_after"], row["revenue_delta"]) == (undone.run_id, None, Decimal(-5))
    assert row["field_changes"] == [
        {"field_id": 1, "field": "loan_amount", "before": "7.0000", "after": None},
        {"field_id": 2, "field": "note", "before": "x", "after": None},
    ]
    assert row["sale_changes"]["update_count"] == [1, 0]
    assert row["sale_changes"]["revenue_set"] == [True, False]
    assert set(row["sale_changes"]) == {
        "revenue_set",
        "status_happened_at",
        "returned_at",
        "update_count",
        "updated_at",
        "buyer_updated_first_at",
        "buyer_updated_at",
    }


async def test_a_sale_with_a_history_is_as_before_the_run(database: Database, buyer: Buyer) -> None:
    sale_id = await seed_sale(database, buyer.network_id, LEAD)
    await buyer.says(status="Contacted", sub_status="By phone", fields=(("loan_amount", "3"), ("grade", "A")))
    before = await read_sale(database, buyer.network_id, sale_id)
    await buyer.fails(**EVERYTHING)
    await buyer.fails(status="lost")
    await buyer.understood()
    await buyer.understood(status="lost", as_status="Dead")
    done = await run_again(database, buyer.network_id, WITH_AMOUNTS)
    assert told(done) == [("apply", "")] * 2
    assert done.run_id is not None
    await undo(database, buyer.network_id, done.run_id)
    after = await read_sale(database, buyer.network_id, sale_id)
    assert restored(after) == restored(before)
    assert (after.version, len(await read_ledger(database, buyer.network_id, sale_id))) == (5, 4)


async def test_its_failed_updates_are_open_again_and_it_is_audited(database: Database, buyer: Buyer) -> None:
    await seed_sale(database, buyer.network_id, LEAD)
    await buyer.fails(status="funded")
    await buyer.understood()
    done = await run_again(database, buyer.network_id)
    assert done.run_id is not None
    undone = await undo(database, buyer.network_id, done.run_id)
    (failed,) = await read_failed(database, buyer.network_id)
    assert (failed["resolved_at"], failed["run_id"]) == (None, None)
    second, first = await runs_of(database, buyer.network_id)
    assert (second.kind, second.undoes_run_id, second.sales) == ("undo", first.run_id, 1)
    assert (first.undone_by_run_id, undone.run_id) == (second.run_id, second.run_id)
    entry = (await entries(database, buyer.network_id))[-1]
    assert (entry["action"], entry["subject_id"]) == ("undo run", second.run_id)
    assert entry["after"] == {"undoes_run_id": first.run_id, "reopened": 1, "sales": 1}
    # What was undone was not reported: it can be run again.
    assert told(await run_again(database, buyer.network_id)) == [("apply", "")]


async def test_a_run_is_undone_once_and_an_undo_never(database: Database, buyer: Buyer) -> None:
    await seed_sale(database, buyer.network_id, LEAD)
    await buyer.fails(status="funded")
    await buyer.understood()
    done = await run_again(database, buyer.network_id)
    assert done.run_id is not None
    undone = await undo(database, buyer.network_id, done.run_id)
    assert undone.run_id is not None
    with pytest.raises(Refused, match=f"Run {done.run_id} was undone by run {undone.run_id} already"):
        await undo(database, buyer.network_id, done.run_id)
    with pytest.raises(Refused, match=f"Run {undone.run_id} is an undo itself"):
        await undo(database, buyer.network_id, undone.run_id)


async def test_two_undos_at_once_are_one(database: Database, buyer: Buyer) -> None:
    sale_id = await seed_sale(database, buyer.network_id, LEAD)
    await buyer.fails(status="funded")
    await buyer.understood()
    done = await run_again(database, buyer.network_id)
    assert done.run_id is not None
    tried = await asyncio.gather(
        *(undo(database, buyer.network_id, done.run_id) for _ in range(2)), return_exceptions=True
    )
    assert sum(isinstance(item, Refused) for item in tried) == 1
    assert (await read_sale(database, buyer.network_id, sale_id)).version == 3


async def test_nothing_is_undone_where_one_sale_was_changed_since(database: Database, buyer: Buyer) -> None:
    ids = [await seed_sale(database, buyer.network_id, lead) for lead in (LEAD, "SECOND")]
    for lead in (LEAD, "SECOND"):
        await buyer.fails(lead, status="funded")
    await buyer.understood()
    done = await run_again(database, buyer.network_id)
    assert done.run_id is not None
    await buyer.says("SECOND", amount=Decimal(1), add_to_existing=True)
    before = [await read_sale(database, buyer.network_id, sale_id) for sale_id in ids]
    with pytest.raises(Refused, match=rf"1 of its sales were changed since: SECOND \(sale {ids[1]}\)\. Nothing was"):
        await undo(database, buyer.network_id, done.run_id)
    assert [await read_sale(database, buyer.network_id, sale_id) for sale_id in ids] == before
    assert [row["run_id"] for row in await read_failed(database, buyer.network_id)] == [done.run_id] * 2
    assert len(await runs_of(database, buyer.network_id)) == 1


async def test_runs_upon_each_other_are_undone_the_last_first(database: Database, buyer: Buyer) -> None:
    sale_id = await seed_sale(database, buyer.network_id, LEAD)
    before = await read_sale(database, buyer.network_id, sale_id)
    await buyer.understood(status="a", as_status="Contacted")
    failed_ids = [await buyer.fails(status=status) for status in ("b", "c", "d")]
    for status, ours in (("b", "Dead"), ("c", "Funded"), ("d", "Contacted")):
        await buyer.understood(status=status, as_status=ours)
    runs = [(await apply_one(database, buyer.network_id, failed_id)).run_id for failed_id in failed_ids]
    for run_id in runs[:2]:
        with pytest.raises(Refused, match="were changed since"):
            await undo(database, buyer.network_id, run_id or 0)
    for run_id in reversed(runs):
        await undo(database, buyer.network_id, run_id or 0)
    assert restored(await read_sale(database, buyer.network_id, sale_id)) == restored(before)


async def test_a_test_sale_is_restored_too(database: Database, buyer: Buyer) -> None:
    sale_id = await seed_sale(database, buyer.network_id, LEAD, is_test=True)
    before = await read_sale(database, buyer.network_id, sale_id)
    await buyer.fails(**EVERYTHING)
    await buyer.understood()
    done = await run_again(database, buyer.network_id, tests=True)
    assert done.run_id is not None
    await undo(database, buyer.network_id, done.run_id)
    assert restored(await read_sale(database, buyer.network_id, sale_id)) == restored(before)
