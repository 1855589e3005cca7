"""A buyer's posting document to read and to take along, and a real call upon its test lead."""

import html
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from leadback.access.operator_model import Role
from leadback.app import buyers_side
from leadback.buyer_api.application import BuyerApi
from leadback.console.health import Readiness
from leadback.console.routes import console
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.settings import Settings
from leadback.leads.contracts import open_contract
from leadback.leads.update import Updates
from leadback.parties.actions import create_buyer
from tests.console.browsing import browsing, signed_in
from tests.console.test_failed_updates import manager_of
from tests.support.changes import OPERATOR
from tests.support.seed import Seeded, read_failed, read_ledger, seed_network

pytestmark = pytest.mark.anyio

HERE = "/buyers/10/posting-document"
SETTINGS = Settings(public_url="https://leads.example.com")
CALL = {
    "channel": "get",
    "buyer_contract_id": "500",
    "status": "Contacted",
    "add_to_existing": "TRUE",
    "return_reason_id": "0",
}


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    """Buyer 10 with one more contract, which has its test lead."""
    seeded = await seed_network(database, network_id)
    async with database.transaction(network_id) as connection:
        told = {"buyer_contract_id": 500, "actor": OPERATOR, "now": now()}
        await open_contract(connection, network_id, name="Tested", buyer_id=10, vertical_id=1, **told)  # type: ignore[arg-type] # a dict of several
    return seeded


@asynccontextmanager
async def beside_the_buyers_side(database: Database, browser: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of somebody who is signed in, at a console that has the buyers' channels beside it."""
    updates = Updates(database)
    url = database.engine.url.render_as_string(hide_password=False)
    application = console(
        SETTINGS, Readiness(url, SETTINGS), database, buyers_side(BuyerApi(updates, SETTINGS), SETTINGS)
    )
    # With TLS the cookie has another name.
    cookies = {f"__Host-{name}": value for name, value in browser.cookies.items()}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(application),
        base_url="https://leads.example.com",
        headers={"sec-fetch-site": "same-origin"},
        cookies=cookies,
    ) as client:
        yield client
    await updates.close()


@pytest.mark.parametrize("path", [HERE, f"{HERE}/file"])
async def test_nobody_sees_it(database: Database, network_id: int, path: str) -> None:
    async with browsing(database) as client:
        assert (await client.get(path)).headers["location"].startswith("/sign-in")
        assert (await client.post(HERE)).headers["location"] == "/sign-in"


async def test_whoever_only_reports_reads_it_and_makes_no_call(database: Database, seeded: Seeded) -> None:
    async with (
        signed_in(database, seeded.network_id, Role.REPORTING_ONLY) as browser,
        beside_the_buyers_side(database, browser) as client,
    ):
        text = (await client.get(HERE)).text
        assert "For the buyer" in text and "Send the call" not in text
        assert (await client.post(HERE, data=CALL | {"key": seeded.key})).status_code == 403


async def test_a_foreign_buyers_is_not_there(database: Database, seeded: Seeded) -> None:
    async with (
        manager_of(database, seeded.network_id, 11) as browser,
        beside_the_buyers_side(database, browser) as client,
    ):
        for path in (HERE, f"{HERE}/file"):
            assert (await client.get(path)).status_code == 403
        assert (await client.post(HERE, data=CALL | {"key": seeded.key})).status_code == 403
        own = await client.post("/buyers/11/posting-document", data=CALL | {"key": seeded.other_key})
        assert own.status_code == 422 and "one of this buyer&#39;s contracts" in own.text


@pytest.mark.parametrize(
    ("form", "media_type", "begins"), [("html", "text/html", b"<!doctype html>"), ("markdown", "text/markdown", b"# ")]
)
async def test_it_is_taken_along_as_a_file(
    database: Database, seeded: Seeded, form: str, media_type: str, begins: bytes
) -> None:
    async with signed_in(database, seeded.network_id) as browser, beside_the_buyers_side(database, browser) as client:
        answer = await client.get(f"{HERE}/file?form={form}")
        assert (await client.get(f"{HERE}/file?form=word")).status_code == 422
    assert answer.headers["content-type"].startswith(media_type)
    assert 'attachment; filename="posting-document-buyer-10.' in answer.headers["content-disposition"]
    assert answer.content.lower().startswith(begins)
    assert b"https://leads.example.com/" in answer.content and b"TEST500" in answer.content


async def test_a_test_call_is_a_real_one_and_its_answer_is_shown_as_it_is(database: Database, seeded: Seeded) -> None:
    async with signed_in(database, seeded.network_id) as browser, beside_the_buyers_side(database, browser) as client:
        answer = await client.post(HERE, data=CALL | {"key": seeded.key})
    assert answer.status_code == 200
    assert "HTTP/1.1 200 OK" in answer.text
    assert "&lt;message&gt;Lead updated&lt;/message&gt;" in answer.text
    assert "GET /buyers/api/1/leads.asmx/UpdateLead?lead_id=TEST500&amp;buyer_contract_id=500" in answer.text
    assert seeded.key not in answer.text
    async with database.transaction(seeded.network_id) as connection:
        found = await connection.exec_driver_sql("SELECT sale_id FROM sale WHERE lead_key = 'TEST500'")
    (row,) = await read_ledger(database, seeded.network_id, found.scalar_one())
    assert (row["actor_kind"], row["actor_id"], row["channel"]) == ("buyer", 10, "get")


@pytest.mark.parametrize(
    ("channel", "sent", "came_back"),
    [
        ("get", "GET /buyers/api/1/leads.asmx/UpdateLead?lead_id=TEST500&", "<message>Lead updated</message>"),
        ("form", "\n\nlead_id=TEST500&buyer_contract_id=500&status=Contacted", "<message>Lead updated</message>"),
        ("json", '"status": "Contacted"', '"message":"Lead updated"'),
        ("soap11", 'SOAPAction: "http', "<message>Lead updated</message>"),
        ("soap12", "Content-Type: application/soap+xml", "<message>Lead updated</message>"),
    ],
)
async def test_a_test_call_goes_by_the_channel_that_was_chosen(
    database: Database, seeded: Seeded, channel: str, sent: str, came_back: str
) -> None:
    async with signed_in(database, seeded.network_id) as browser, beside_the_buyers_side(database, browser) as client:
        offered = (await client.get(HERE)).text
        answer = await client.post(HERE, data=CALL | {"key": seeded.key, "channel": channel})
    assert f'<option value="{channel}"' in offered and f'<option value="{channel}" selected' in answer.text
    shown = html.unescape(answer.text)
    assert "HTTP/1.1 200 OK" in shown and sent in shown and came_back in shown
    assert seeded.key not in shown
    async with database.transaction(seeded.network_id) as connection:
        found = await connection.exec_driver_sql("SELECT sale_id FROM sale WHERE lead_key = 'TEST500'")
    (row,) = await read_ledger(database, seeded.network_id, found.scalar_one())
    assert (row["channel"], row["status_after"]) == (channel, "Contacted")


async def test_a_refused_call_is_shown_and_kept_like_any_other(database: Database, seeded: Seeded) -> None:
    async with signed_in(database, seeded.network_id) as browser, beside_the_buyers_side(database, browser) as client:
        refused = await client.post(HERE, data=CALL | {"key": seeded.key, "status": "No such"})
        unknown = await client.post(HERE, data=CALL | {"key": "lbk_1_wrong"})
    assert "&lt;message&gt;Invalid Lead Status&lt;/message&gt;" in refused.text and 'value="No such"' in refused.text
    assert "&lt;message&gt;Invalid API Key&lt;/message&gt;" in unknown.text
    (failed,) = await read_failed(database, seeded.network_id)
    assert failed["buyer_id"] == 10


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"key": " "}, "Type the key"),
        ({"buyer_contract_id": "300"}, "one of this buyer's contracts"),
        ({"buyer_contract_id": ""}, "one of this buyer's contracts"),
        ({"channel": "telex"}, "Choose one of the channels"),
        ({"channel": "console"}, "Choose one of the channels"),
    ],
)
async def test_no_call_is_made_without_a_key_or_upon_anothers_contract(
    database: Database, seeded: Seeded, changes: dict[str, str], told: str
) -> None:
    async with signed_in(database, seeded.network_id) as browser, beside_the_buyers_side(database, browser) as client:
        answer = await client.post(HERE, data=CALL | {"key": seeded.key} | changes)
    assert answer.status_code == 422
    assert told in answer.text.replace("&#39;", "'") and "HTTP/1.1" not in answer.text
    assert await read_failed(database, seeded.network_id) == []


async def test_a_buyer_without_a_contract_is_told_what_to_do(database: Database, seeded: Seeded) -> None:
    async with database.transaction(seeded.network_id) as connection:
        await create_buyer(connection, seeded.network_id, name="New", buyer_id=77, actor=OPERATOR, now=now())
    async with signed_in(database, seeded.network_id) as browser, beside_the_buyers_side(database, browser) as client:
        text = (await client.get("/buyers/77/posting-document")).text
        assert "Make a contract" in text and "leadback contract create" not in text
        assert (await client.get("/buyers/77/posting-document/file")).status_code == 422
