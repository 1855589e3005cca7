"""The pages of failed updates: grouped, one by one, run again, with an alias made for them, applied anyway, undone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import httpx
import pytest

from leadback.access.operator_model import Role
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.model import Message
from leadback.parties.actions import set_buyer
from leadback.parties.settings import BuyerSettings
from tests.console.browsing import browsing, signed_in
from tests.leads.test_rerun import LEAD, Buyer
from tests.support.changes import OPERATOR
from tests.support.seed import Seeded, read_failed, read_ledger, read_sale, seed_network, seed_sale

pytestmark = pytest.mark.anyio

HERE = "/reports/failed-updates"
STATUS_REASON = "Invalid Lead Status"
ALIAS = {"buyer": "10", "reason": STATUS_REASON, "status": "funded", "meaning": "2"}
PAGES = (HERE, f"{HERE}/calls", f"{HERE}/waiting", f"{HERE}/runs", f"{HERE}/rerun", f"{HERE}/alias?buyer=10")
CHANGES = (f"{HERE}/rerun", f"{HERE}/alias", f"{HERE}/1/apply", f"{HERE}/runs/1/undo")


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    return await seed_network(database, network_id)


@pytest.fixture
async def buyer(database: Database, seeded: Seeded) -> AsyncIterator[Buyer]:
    """Buyer 10, which owns the sale of a lead."""
    await seed_sale(database, seeded.network_id, LEAD)
    made = Buyer(database, seeded)
    yield made
    await made.updates.close()


@asynccontextmanager
async def manager_of(database: Database, network_id: int, buyer_id: int) -> AsyncIterator[httpx.AsyncClient]:
    """A browser of an account manager with one buyer."""
    async with signed_in(database, network_id, Role.ACCOUNT_MANAGER) as client:
        async with database.transaction(network_id) as connection:
            statement = "SELECT max(operator_id) FROM operator"
            operator_id = (await connection.exec_driver_sql(statement)).scalar_one()
            settings = BuyerSettings(account_manager_id=operator_id)
            await set_buyer(connection, network_id, buyer_id, settings, actor=OPERATOR, now=now())
        yield client


@pytest.mark.parametrize("path", PAGES)
async def test_nobody_sees_a_page(database: Database, network_id: int, path: str) -> None:
    async with browsing(database) as client:
        assert (await client.get(path)).headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("path", CHANGES)
async def test_whoever_only_reports_changes_nothing(database: Database, buyer: Buyer, path: str) -> None:
    failed_id = await buyer.fails(status="funded")
    async with signed_in(database, buyer.network_id, Role.REPORTING_ONLY) as client:
        assert (await client.get(HERE)).status_code == 200
        for page in (f"{HERE}/rerun", f"{HERE}/alias?buyer=10", f"{HERE}/{failed_id}/apply"):
            assert (await client.get(page)).status_code == 403
        answer = await client.post(path.replace("/1/apply", f"/{failed_id}/apply"), data=ALIAS)
    assert answer.status_code == 403
    assert (await read_failed(database, buyer.network_id))[0]["resolved_at"] is None


async def test_an_account_manager_sees_and_runs_those_of_its_own_buyers_alone(database: Database, buyer: Buyer) -> None:
    failed_id = await buyer.fails(status="funded")
    async with manager_of(database, buyer.network_id, 11) as client:
        for path in (HERE, f"{HERE}/calls", f"{HERE}/waiting"):
            text = (await client.get(path)).text
            assert "Buyer 10" not in text and STATUS_REASON not in text
        assert (await client.get(f"{HERE}/calls?buyer=10")).status_code == 403
        assert (await client.post(f"{HERE}/alias", data=ALIAS | {"step": "rerun"})).status_code == 403
        assert (await client.post(f"{HERE}/{failed_id}/apply")).status_code == 422
        await buyer.understood()
        assert (await client.post(f"{HERE}/rerun", data={"reason": STATUS_REASON})).headers["location"] == HERE
    assert (await read_failed(database, buyer.network_id))[0]["resolved_at"] is None
    async with manager_of(database, buyer.network_id, 10) as client:
        assert "Buyer 10" in (await client.get(HERE)).text
        answer = await client.post(f"{HERE}/rerun", data={"reason": STATUS_REASON})
    assert "/runs/" in answer.headers["location"]
    assert (await read_failed(database, buyer.network_id))[0]["resolved_at"] is not None


async def test_a_run_upon_anothers_sales_is_not_there_to_be_undone(database: Database, buyer: Buyer) -> None:
    await buyer.fails(status="funded")
    await buyer.understood()
    async with signed_in(database, buyer.network_id) as client:
        run_path = (await client.post(f"{HERE}/rerun", data={})).headers["location"]
    async with manager_of(database, buyer.network_id, 11) as client:
        assert run_path not in (await client.get(f"{HERE}/runs")).text
        assert (await client.get(run_path)).status_code == 422
        assert (await client.post(f"{run_path}/undo")).status_code == 422
    async with manager_of(database, buyer.network_id, 10) as client:
        assert run_path in (await client.get(f"{HERE}/runs")).text
        assert (await client.post(f"{run_path}/undo")).status_code == 303


async def test_they_stand_by_buyer_and_reason_with_what_was_sent(database: Database, buyer: Buyer) -> None:
    for _ in range(2):
        await buyer.fails(status="funded", parameters={"status": "funded"})
    await buyer.fails(buyer_contract_id=218, expect=Message.INVALID_BUYER_CONTRACT)
    async with signed_in(database, buyer.network_id) as client:
        text = (await client.get(HERE)).text
        assert "“funded”" in text and "Run 2 again …" in text
        calls = (await client.get(f"{HERE}/calls?buyer=10&reason=Invalid+Buyer+Contract")).text
    assert "Sent contract 218, sold under 217." in calls
    assert LEAD in calls


@pytest.mark.parametrize(
    ("query", "status"),
    [("buyer=x", 422), ("days=2", 422), ("page=-1", 422), ("buyer=99", 422), ("reason=%00", 200), ("state=x", 422)],
)
async def test_what_an_address_says_wrongly_is_refused_or_finds_nothing(
    database: Database, buyer: Buyer, query: str, status: int
) -> None:
    async with signed_in(database, buyer.network_id) as client:
        assert (await client.get(f"{HERE}/calls?{query}")).status_code == status


async def test_looking_at_what_an_alias_would_do_makes_none(database: Database, buyer: Buyer) -> None:
    await buyer.fails(status="funded")
    async with signed_in(database, buyer.network_id) as client:
        answer = await client.get(f"{HERE}/alias", params=ALIAS)
        assert "status none → Funded" in answer.text
        assert "Make the alias and run 1 again" in answer.text
    await buyer.fails(status="funded")


async def test_an_alias_and_its_run_are_made_at_once_and_the_run_is_undone_at_once(
    database: Database, buyer: Buyer
) -> None:
    sale_id = await seed_sale(database, buyer.network_id, "SECOND1")
    await buyer.fails(status="funded")
    await buyer.fails("SECOND1", status="Funded ", expect=STATUS_REASON)
    async with signed_in(database, buyer.network_id) as client:
        answer = await client.post(f"{HERE}/alias", data=ALIAS | {"step": "rerun"})
        run_path = answer.headers["location"]
        page = (await client.get(run_path)).text
        assert "The alias is made. Run" in page and "2 applied" in page
        assert (await read_sale(database, buyer.network_id, sale_id)).status_id == 2
        undone = await client.post(f"{run_path}/undo")
        assert "is undone by run" in (await client.get(undone.headers["location"])).text
        again = await client.post(f"{run_path}/undo")
        assert again.status_code == 422 and "was undone by run" in again.text
    assert (await read_sale(database, buyer.network_id, sale_id)).status_id is None
    ledger = await read_ledger(database, buyer.network_id, sale_id)
    assert [(row["kind"], row["channel"]) for row in ledger] == [("update", "get"), ("undo", "console")]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"meaning": ""}, "Choose what the buyer&#39;s word stands for."),
        ({"meaning": "77"}, "Choose what the buyer&#39;s word stands for."),
        ({"status": "Funded"}, "the exact name always wins"),
        ({"status": ""}, "sub-status"),
    ],
)
async def test_an_alias_that_is_not_sound_is_refused_and_what_was_typed_is_kept(
    database: Database, buyer: Buyer, changes: dict[str, str], told: str
) -> None:
    failed_id = await buyer.fails(status="funded")
    form = ALIAS | {"step": "rerun"} | changes
    async with signed_in(database, buyer.network_id) as client:
        answer = await client.post(f"{HERE}/alias", data=form)
    assert answer.status_code == 422
    assert told in answer.text
    assert f'value="{form["status"]}"' in answer.text
    assert (await read_failed(database, buyer.network_id))[-1]["failed_update_id"] == failed_id


async def test_amounts_are_added_only_where_asked_for(database: Database, buyer: Buyer) -> None:
    await buyer.fails(status="funded", amount=Decimal(30), add_to_existing=True)
    await buyer.understood()
    async with signed_in(database, buyer.network_id) as client:
        plain = (await client.get(f"{HERE}/rerun?buyer=10")).text
        assert "revenue 25" not in plain and "Left out: adds 30" in plain
        assert "revenue 25.0000 → 55.0000" in (await client.get(f"{HERE}/rerun?buyer=10&with_amounts=on")).text


async def test_a_repeat_that_was_none_is_applied_anyway(database: Database, buyer: Buyer) -> None:
    words: dict[str, Any] = {"status": "Contacted", "amount": Decimal(30), "add_to_existing": True}
    await buyer.says(**words)
    await buyer.says(**words)
    (failed,) = await read_failed(database, buyer.network_id)
    path = f"{HERE}/{failed['failed_update_id']}/apply"
    async with signed_in(database, buyer.network_id) as client:
        assert "Apply it anyway" in (await client.get(f"{HERE}/calls")).text
        assert "revenue 55.0000 → 85.0000" in (await client.get(path)).text
        assert "/runs/" in (await client.post(path)).headers["location"]
        assert (await client.post(path)).status_code == 422
    sale_id = failed["sale_id"]
    assert (await read_sale(database, buyer.network_id, sale_id)).revenue == 85


async def test_those_that_wait_for_their_sale_are_run_when_it_is_there(database: Database, buyer: Buyer) -> None:
    await buyer.fails("LATER1", status="Contacted", expect=Message.INVALID_LEAD_ID)
    async with signed_in(database, buyer.network_id) as client:
        assert "Still waiting" in (await client.get(f"{HERE}/waiting")).text
        sale_id = await seed_sale(database, buyer.network_id, "LATER1")
        assert "Run 1 again …" in (await client.get(f"{HERE}/waiting")).text
        answer = await client.post(f"{HERE}/rerun", data={"waiting": "on"})
    assert "/runs/" in answer.headers["location"]
    assert (await read_sale(database, buyer.network_id, sale_id)).status_id == 1
