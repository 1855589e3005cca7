"""The returns queue as browsers see it: who may decide on what, and what every decision leaves behind."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest

from leadback.access.operator_model import Role
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.networks.actions import set_network
from leadback.networks.settings import NetworkSettings
from tests.console.browsing import browsing, signed_in
from tests.console.managing import managing
from tests.console.test_leads import text_of
from tests.leads.test_returns import buyer_says, owed
from tests.support.changes import who
from tests.support.recompute import check_ledger, check_numbers
from tests.support.seed import Seeded, read_ledger, read_sale, seed_network, seed_sale

pytestmark = pytest.mark.anyio

PATHS = ("/returns", "/returns/disagreements", "/reports/returns")


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    return await seed_network(database, network_id)


async def given_back(database: Database, seeded: Seeded, *lead_ids: str, amount: Decimal | None = None) -> list[int]:
    """Sales that buyer 10 bought and returned, through its own calls."""
    sale_ids = []
    for lead_id in lead_ids:
        sale_ids.append(await seed_sale(database, seeded.network_id, lead_id))
        more = {} if amount is None else {"amount": amount, "add_to_existing": False}
        await buyer_says(database, seeded, lead_id, return_reason_id=1, **more)
    return sale_ids


async def foreign_return(database: Database, network_id: int, lead_id: str = "FOREIGN") -> int:
    """Of buyer 11, put there without a ledger."""
    return await seed_sale(
        database,
        network_id,
        lead_id,
        buyer_id=11,
        buyer_contract_id=300,
        return_state="submitted",
        return_reason_id=2,
        returned_at=now(),
    )


async def states(database: Database, network_id: int, sale_ids: list[int]) -> list[str | None]:
    return [(await read_sale(database, network_id, sale_id)).return_state for sale_id in sale_ids]


@pytest.mark.parametrize("path", [*PATHS, "/returns/decide?sale=1"])
async def test_nobody_sees_returns(database: Database, network_id: int, path: str) -> None:
    async with browsing(database) as client:
        assert (await client.get(path)).headers["location"].startswith("/sign-in")
        answer = await client.post("/returns/decide", data={"sale": "1", "decision": "credit"})
        assert answer.headers["location"] == "/sign-in"


async def test_who_only_looks_decides_nothing(database: Database, network_id: int, seeded: Seeded) -> None:
    (sale_id,) = await given_back(database, seeded, "A1")
    async with signed_in(database, network_id, Role.REPORTING_ONLY) as client:
        for path in PATHS:
            assert (await client.get(path)).status_code == 200
        queue = await client.get("/returns")
        assert "A1" in queue.text and "/returns/decide" not in queue.text
        assert (await client.get(f"/returns/decide?sale={sale_id}")).status_code == 403
        answer = await client.post("/returns/decide", data={"sale": str(sale_id), "decision": "credit"})
        assert answer.status_code == 403
    assert await states(database, network_id, [sale_id]) == ["submitted"]


async def test_an_account_manager_sees_and_decides_returns_of_its_own_buyers(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    (own,) = await given_back(database, seeded, "MINE")
    foreign = await foreign_return(database, network_id)
    await seed_sale(database, network_id, "THEIRS", buyer_id=11, buyer_contract_id=300, revenue=Decimal(0))
    async with managing(database, network_id, 10) as client:
        for path in (*PATHS, "/returns?state=submitted", f"/returns?buyer_id={11}", "/returns?return_reason_id=2"):
            html = (await client.get(path)).text
            assert "FOREIGN" not in html and "THEIRS" not in html and "Buyer 11" not in html, path
        assert 'Submitted <span class="count">1</span>' in (await client.get("/returns")).text
        assert (await client.get(f"/returns/decide?sale={foreign}")).status_code == 422
        form = {"sale": [str(foreign), str(own)], "decision": "replace"}
        answer = await client.post("/returns/decide", data=form)
        assert answer.status_code == 422
        assert f"There is no sale {foreign}." in answer.text and "1 replaced, 1 refused." in answer.text
    assert await states(database, network_id, [own, foreign]) == ["replaced", "submitted"]
    async with signed_in(database, network_id) as client:
        assert "THEIRS" in (await client.get("/returns/disagreements")).text
        assert "FOREIGN" in (await client.get("/returns")).text


async def test_several_are_decided_at_once_each_with_its_row(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    sale_ids = await given_back(database, seeded, "A1", "A2", "A3")
    async with signed_in(database, network_id) as client:
        chosen = "&".join(f"sale={sale_id}" for sale_id in sale_ids[:2])
        page = await client.get(f"/returns/decide?{chosen}")
        assert re.findall(r'name="sale" value="(\d+)"', page.text) == [str(number) for number in sale_ids[:2]]
        form = {"sale": [str(number) for number in sale_ids[:2]], "decision": "credit", "zero_revenue": "on"}
        answer = await client.post("/returns/decide", data=form | {"note": "Fair"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/returns")
        assert "2 credited." in (await client.get("/returns")).text
        answer = await client.post("/returns/decide", data={"sale": str(sale_ids[2]), "decision": "replace"})
        assert answer.status_code == 303
        assert "Contract 217" in (await client.get("/returns?state=replaced")).text
    assert await states(database, network_id, sale_ids) == ["credited", "credited", "replaced"]
    assert [(await read_sale(database, network_id, number)).revenue for number in sale_ids] == [0, 0, 25]
    assert await owed(database, network_id) == 1
    row = (await read_ledger(database, network_id, sale_ids[0]))[-1]
    told = [row[name] for name in ("kind", "actor_kind", "actor", "channel", "operation", "note")]
    assert told == ["return decision", "operator", "Ada", "console", "credit return", "Fair"]
    await check_numbers(database, network_id)
    assert await check_ledger(database, network_id) == 6


async def test_a_rejection_needs_its_reason_and_offers_the_former_revenue(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    (sale_id,) = await given_back(database, seeded, "A1", amount=Decimal(0))
    form = {"sale": str(sale_id), "decision": "reject", "restore_revenue": "on"}
    async with signed_in(database, network_id) as client:
        page = text_of((await client.get(f"/returns/decide?sale={sale_id}")).text)
        assert "restore the revenue from before the return" in page
        assert "revenue 25.00 → 0.00 (−25.00)" in page, "its history stands beside it"
        for wrong, words in (
            (form, "Say why in the note"),
            (form | {"decision": "", "note": "x"}, "Choose what becomes"),
        ):
            answer = await client.post("/returns/decide", data=wrong)
            assert answer.status_code == 422 and words in answer.text
            assert "checked" in answer.text.partition('name="restore_revenue"')[2][:40], "what was chosen is kept"
        assert (await client.post("/returns/decide", data=form | {"note": "Reached them"})).status_code == 303
        late = await client.post("/returns/decide", data=form | {"note": "Again"})
        assert late.status_code == 422 and "only a submitted one can be rejected" in late.text
    sale = await read_sale(database, network_id, sale_id)
    assert sale.return_state == "rejected"
    assert sale.revenue == Decimal(25)


async def test_a_credit_leaves_revenue_alone_unless_the_box_is_ticked(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    """The network's setting only ticks the box beforehand: what the operator sees is what is done."""
    (sale_id,) = await given_back(database, seeded, "A1")
    async with database.transaction(network_id) as connection:
        await set_network(connection, network_id, NetworkSettings(credit_sets_revenue_to_zero=True), **who())
    async with signed_in(database, network_id) as client:
        page = (await client.get(f"/returns/decide?sale={sale_id}")).text
        assert "checked" in page.partition('name="zero_revenue"')[2][:40]
        await client.post("/returns/decide", data={"sale": str(sale_id), "decision": "credit"})
        assert "A1" in (await client.get("/returns/disagreements")).text
    assert (await read_sale(database, network_id, sale_id)).revenue == Decimal(25)


@pytest.mark.usefixtures("seeded")
async def test_pages_of_the_queue_follow_each_other_and_keep_their_filter(database: Database, network_id: int) -> None:
    for number in range(103):
        await foreign_return(database, network_id, f"F{number}")
    seen: list[str] = []
    path: str | None = "/returns?buyer_id=11"
    async with signed_in(database, network_id) as client:
        while path:
            html = (await client.get(path)).text
            seen += re.findall(r'/returns/decide\?sale=\d+">(\w+)<', html)
            found = re.search(r'href="(/returns\?[^"]*)" aria-label="Next page"', html)
            path = found[1].replace("&amp;", "&") if found else None
            assert path is None or "buyer_id=11" in path
    assert seen == [f"F{number}" for number in range(103)]


async def test_the_report_is_of_the_days_on_which_leads_came_back(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    await given_back(database, seeded, "NEW")
    old = now() - timedelta(days=50)
    await seed_sale(
        database, network_id, "OLD", sold_at=old, return_state="credited", return_reason_id=1, returned_at=old
    )
    days = {"from": str(date.today() - timedelta(days=60)), "to": str(date.today() - timedelta(days=40))}  # noqa: DTZ011 - any day near
    async with signed_in(database, network_id) as client:
        usual = (await client.get("/reports/returns")).text
        earlier = (await client.get("/reports/returns", params=days)).text
        credited = (await client.get("/reports/returns", params=days | {"state": "rejected"})).text
    assert "NEW" in usual and "OLD" not in usual
    assert "OLD" in earlier and "NEW" not in earlier
    assert "OLD" not in credited


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize(
    "path",
    [
        "/returns?state=lost",
        "/returns?buyer_id=x",
        "/returns?page=x",
        "/returns/decide",
        "/returns/decide?sale=x",
        "/returns/decide?sale=1",
        "/reports/returns?from=2026-02-30",
        "/reports/returns?from=2026-02-02&to=2026-02-01",
        "/reports/returns?return_reason_id=99999999999999999999",
    ],
)
async def test_what_makes_no_sense_is_said_in_words(database: Database, network_id: int, path: str) -> None:
    async with signed_in(database, network_id) as client:
        answer = await client.get(path)
    assert answer.status_code == 422
    assert "Traceback" not in answer.text
