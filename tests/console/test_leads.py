"""Finding leads and the lead card, as browsers see them: who sees what, and what a correction leaves behind."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from leadback.access.operator_model import Role
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.tables import lead
from leadback.leads.update import Updates
from tests.console.browsing import browsing, signed_in
from tests.console.managing import managing
from tests.leads.test_returns import buyer_says
from tests.leads.test_update import call, caller_with
from tests.support.recompute import check_ledger, check_numbers
from tests.support.seed import Seeded, read_ledger, read_sale, seed_network, seed_sale

pytestmark = pytest.mark.anyio


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    return await seed_network(database, network_id)


def text_of(html: str) -> str:
    """What a reader sees, without markup, on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def found_in(html: str) -> list[str]:
    """The leads a list links to, in their order."""
    return re.findall(r'href="/leads/([^"#]+)#sale-', html)


async def search(database: Database, network_id: int, q: str, **more: str) -> Any:
    async with signed_in(database, network_id) as client:
        return await client.get("/leads", params={"q": q} | more)


@pytest.mark.parametrize("path", ["/leads", "/leads?q=a1", "/leads/A1"])
async def test_nobody_sees_leads(database: Database, network_id: int, path: str) -> None:
    async with browsing(database) as client:
        answer = await client.get(path)
        assert answer.headers["location"].startswith("/sign-in")
        assert (await client.post("/leads/A1/sales/1", data={"version": "1"})).headers["location"] == "/sign-in"


@pytest.mark.usefixtures("seeded")
async def test_an_account_manager_finds_only_leads_sold_to_its_own_buyers(database: Database, network_id: int) -> None:
    await seed_sale(database, network_id, "MINE1", sub_id_1="fb1")
    await seed_sale(database, network_id, "THEIRS1", buyer_id=11, buyer_contract_id=300, sub_id_1="fb1")
    await seed_sale(database, network_id, "BOTH1", sub_id_1="fb1")
    foreign = await seed_sale(
        database, network_id, "BOTH1", buyer_id=11, buyer_contract_id=300, first_of_lead=False, sub_id_1="fb1"
    )
    async with managing(database, network_id) as client:
        assert found_in((await client.get("/leads")).text) == []
    async with managing(database, network_id, 10) as client:
        for path in ("/leads", "/leads?q=fb1", "/leads?q=fb1&within=all"):
            assert found_in((await client.get(path)).text) == ["BOTH1", "MINE1"], path
        assert found_in((await client.get("/leads?q=THEIRS")).text) == []
        missing = await client.get("/leads/THEIRS1")
        assert missing.status_code == 404
        assert "There is no lead" in missing.text
        card = await client.get("/leads/both1")
        assert "Buyer 10" in card.text and "Buyer 11" not in card.text and f"sale-{foreign}" not in card.text
        refused = await client.post(f"/leads/BOTH1/sales/{foreign}", data={"version": "1", "amount": "1"})
        assert refused.status_code == 422
        assert f"There is no sale {foreign}." in refused.text
    assert (await read_sale(database, network_id, foreign)).version == 1


@pytest.mark.usefixtures("seeded")
async def test_leads_are_found_by_every_id_they_have(database: Database, network_id: int) -> None:
    await seed_sale(database, network_id, "aB-12_x", buyer_lead_id="their 7", sub_id_1="fb1")
    await seed_sale(database, network_id, "AB-13", buyer_lead_id="their 8", sold_at=now() - timedelta(days=2))
    await seed_sale(database, network_id, "C1", sub_id_1="fb1", sold_at=now() - timedelta(days=100))
    async with database.transaction(network_id) as connection:
        await connection.execute(update(lead).where(lead.c.lead_key == "AB-13").values(sub_id_4="AB"))
    for q in ("ab-12_X", "their 7", " fb1 "):
        answer = await search(database, network_id, q)
        assert (answer.status_code, answer.headers["location"]) == (303, "/leads/aB-12_x"), q
    assert (await search(database, network_id, "AB")).status_code == 200
    assert found_in((await search(database, network_id, "aB")).text) == ["aB-12_x", "AB-13"]
    assert found_in((await search(database, network_id, "fb1", within="all")).text) == ["aB-12_x", "C1"]
    assert found_in((await search(database, network_id, "")).text) == ["aB-12_x", "AB-13"], "the last 90 days"
    for q in ("B-12", "THEIR 7", "' OR 1=1 --", "%", "_", "ünïcode"):
        assert found_in((await search(database, network_id, q)).text) == [], q
    for q, within in (("x" * 201, ""), ("a", "ever")):
        assert (await search(database, network_id, q, within=within)).status_code == 422


@pytest.mark.usefixtures("seeded")
async def test_pages_of_leads_follow_each_other(database: Database, network_id: int) -> None:
    moment = now() - timedelta(days=1)
    ids = [await seed_sale(database, network_id, f"P{number}", sold_at=moment, sub_id_1="s") for number in range(120)]
    for q in ("", "P", "s"):
        seen: list[str] = []
        path = f"/leads?q={q}"
        async with signed_in(database, network_id) as client:
            while path:
                html = (await client.get(path)).text
                seen += found_in(html)
                older = re.search(r'href="(/leads\?[^"]*after=[^"]*)"', html)
                path = older[1].replace("&amp;", "&") if older else ""
        assert seen == [f"P{number}" for number in reversed(range(len(ids)))], q


async def test_the_card_tells_everything_that_is_known(database: Database, network_id: int, seeded: Seeded) -> None:
    sale_id = await seed_sale(database, network_id, "A1", sub_id_1="<b>fb1</b>", buyer_lead_id="their 7")
    await buyer_says(database, seeded, "A1", status="Contacted", fields=(("grade", "A"),))
    await buyer_says(database, seeded, "A1", amount=Decimal("-5"), add_to_existing=True)
    async with signed_in(database, network_id, Role.REPORTING_ONLY) as client:
        html = (await client.get("/leads/a1")).text
    text = text_of(html)
    for words in (
        "Lead A1",
        "&lt;b&gt;fb1&lt;/b&gt;",
        "their 7",
        "Buyer 10",
        "status – → Contacted",
        "grade – → A",
        "revenue 25.00 → 20.00 (−5.00)",
        "revenue lowered without return",
        "version 3",
        "20.00 (−5.00 on its price)",
    ):
        assert words in text, words
    assert f'id="sale-{sale_id}"' in html
    assert "Correct this sale" not in text, "who only looks is offered no change"
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", html)


@pytest.mark.usefixtures("seeded")
async def test_a_submitted_return_leads_to_its_decision(database: Database, network_id: int) -> None:
    sale_id = await seed_sale(
        database, network_id, "A1", return_state="submitted", return_reason_id=1, returned_at=now()
    )
    async with signed_in(database, network_id) as client:
        found = re.search(r'href="(/returns/decide[^"]*)"', (await client.get("/leads/A1")).text)
        assert found is not None and found[1] == f"/returns/decide?sale={sale_id}"
        assert (await client.get(found[1])).status_code == 200
    async with signed_in(database, network_id, Role.REPORTING_ONLY) as client:
        assert "/returns/decide" not in (await client.get("/leads/A1")).text


async def test_failed_updates_of_the_lead_stand_on_its_card(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    await seed_sale(database, network_id, "A1")
    with pytest.raises(AssertionError):
        await buyer_says(database, seeded, "a1", status="Unheard")
    async with signed_in(database, network_id) as client:
        assert "Invalid Lead Status" in (await client.get("/leads/A1")).text


async def test_an_account_manager_sees_failed_updates_of_its_own_buyers(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    await seed_sale(database, network_id, "A1")
    await seed_sale(database, network_id, "A1", buyer_id=11, buyer_contract_id=300, first_of_lead=False)
    updates = Updates(database)
    for key, status in ((seeded.key, "Own word"), (seeded.other_key, "Their word")):
        assert not (await updates.submit(call(caller_with(key), "A1", status=status))).answer.success
    await updates.close()
    async with managing(database, network_id, 10) as client:
        card = (await client.get("/leads/A1")).text
    assert "Own word" in card and "Their word" not in card


@pytest.mark.usefixtures("seeded")
async def test_who_only_looks_corrects_nothing(database: Database, network_id: int) -> None:
    sale_id = await seed_sale(database, network_id, "A1")
    async with signed_in(database, network_id, Role.REPORTING_ONLY) as client:
        answer = await client.post(f"/leads/A1/sales/{sale_id}", data={"version": "1", "amount": "1"})
    assert answer.status_code == 403
    assert (await read_sale(database, network_id, sale_id)).version == 1


@pytest.mark.usefixtures("seeded")
async def test_a_correction_from_the_card_is_a_row_of_the_ledger(database: Database, network_id: int) -> None:
    sale_id = await seed_sale(database, network_id, "A1", field_values={"5": "B"})
    form = {
        "version": "1",
        "status": "2/2",
        "how": "overwrite",
        "amount": "$1,030.50",
        "field_1": "12",
        "field_5": "",
        "return_reason_id": "1",
        "note": "By phone",
    }
    async with signed_in(database, network_id) as client:
        answer = await client.post(f"/leads/A1/sales/{sale_id}", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/leads/A1#sale-{sale_id}")
        card = text_of((await client.get("/leads/A1")).text)
    assert "Saved as version 2." in card
    for words in ("Ada correction by console: correct sale", "sub-status – → Partial", "“By phone”", "grade B → –"):
        assert words in card, words
    (row,) = await read_ledger(database, network_id, sale_id)
    assert (row["kind"], row["actor_kind"], row["actor"], row["channel"]) == (
        "correction",
        "operator",
        "Ada",
        "console",
    )
    sale = await read_sale(database, network_id, sale_id)
    assert (sale.revenue, sale.field_values, sale.return_state) == (Decimal("1030.5"), {1: "12.0000"}, "submitted")
    await check_numbers(database, network_id)


async def test_a_correction_says_when_it_happened(database: Database, network_id: int, seeded: Seeded) -> None:
    sold = now() - timedelta(days=9)
    sale_id = await seed_sale(database, network_id, "A1", sold_at=sold)
    async with signed_in(database, network_id) as client:
        moment = (await client.get("/leads/A1")).text
        assert 'name="happened_at"' in moment and "America/New_York" in moment
        await client.post(f"/leads/A1/sales/{sale_id}", data={"version": "1", "status": "2", "happened_at": ""})
        (row,) = await read_ledger(database, network_id, sale_id)
        assert row["happened_at"] == row["received_at"]
        for wrong in ("yesterday", "2999-01-01", "31.01.2026"):
            form = {"version": "2", "status": "1", "happened_at": wrong}
            refused = await client.post(f"/leads/A1/sales/{sale_id}", data=form)
            assert refused.status_code == 422 and "Happened at: " in refused.text and f'value="{wrong}"' in refused.text
        late = {"version": "2", "amount": "7", "happened_at": f"{sold + timedelta(days=1):%Y-%m-%d}T14:05"}
        assert (await client.post(f"/leads/A1/sales/{sale_id}", data=late)).status_code == 303
        older = {"version": "3", "status": "1", "happened_at": f"{sold + timedelta(days=1):%Y-%m-%d}T14:05"}
        told_late = await client.post(f"/leads/A1/sales/{sale_id}", data=older)
        assert "the status in force happened later" in told_late.text
        card = text_of((await client.get("/leads/A1")).text)
    row = (await read_ledger(database, network_id, sale_id))[-1]
    assert f"{row['happened_at'].astimezone(ZoneInfo('America/New_York')):%H:%M}" == "14:05"
    assert "14:05:00 · request" in card
    assert (await read_sale(database, network_id, sale_id)).status_id == 2


async def test_a_card_leads_to_the_cards_of_all_it_names(database: Database, network_id: int, seeded: Seeded) -> None:
    await seed_sale(database, network_id, "A1")
    await buyer_says(database, seeded, "A1", status="Contacted")
    async with signed_in(database, network_id) as client:
        html = (await client.get("/leads/A1")).text
        for path in ("/campaigns/5", "/affiliates/1", "/offers/1", "/buyers/10", "/buyers/10/contracts/217"):
            assert f'href="{path}"' in html and (await client.get(path)).status_code == 200
    async with signed_in(database, network_id, Role.REPORTING_ONLY) as client:
        html = (await client.get("/leads/A1")).text
        for path in ("/buyers/10", "/buyers/10/contracts"):
            assert f'href="{path}"' in html and (await client.get(path)).status_code == 200
    assert "stage" not in text_of(html), "a stage that follows its status is nothing of its own"


async def test_what_was_typed_is_kept_where_it_is_refused(database: Database, network_id: int, seeded: Seeded) -> None:
    sale_id = await seed_sale(database, network_id, "A1")
    await buyer_says(database, seeded, "A1", status="Contacted")
    form = {"version": "1", "status": "2", "how": "overwrite", "amount": "7.5", "field_1": "much", "note": "typed"}
    async with signed_in(database, network_id) as client:
        stale = await client.post(f"/leads/A1/sales/{sale_id}", data=form)
        again = await client.post(f"/leads/A1/sales/{sale_id}", data=form | {"version": "2"})
        for number in ({"amount": "NaN"}, {"status": "99"}, {"status": "x"}, {"field_x": "1"}, {"version": ""}):
            refused = await client.post(f"/leads/A1/sales/{sale_id}", data={"version": "2"} | number)
            assert refused.status_code == 422, number
    assert stale.status_code == again.status_code == 422
    assert "has changed since you looked at it" in stale.text and "Invalid Field Value" in again.text
    for answer in (stale, again):
        assert 'value="7.5"' in answer.text and 'value="much"' in answer.text and 'value="typed"' in answer.text
        assert '<option value="2" selected' in answer.text and 'name="version" value="2"' in answer.text
    assert await check_ledger(database, network_id) == 1
