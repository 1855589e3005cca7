"""What stands in place of a page that is not there, cannot be, or broke: for people a page, for programs a line."""

from collections.abc import Sequence
from datetime import datetime

import httpx
import pytest

from leadback.access.operator_model import Role
from leadback.console.buyers_side import BuyersSide, TestCall
from leadback.console.health import Readiness
from leadback.console.routes import console
from leadback.kit.database import Database
from leadback.kit.exchange import Exchange
from leadback.kit.settings import Settings
from leadback.leads.configuration import Configuration
from leadback.parties.model import Vertical
from tests.console.browsing import ADDRESS, browsing, signed_in
from tests.console.markup import blocked, faults
from tests.support.seed import seed_network

pytestmark = pytest.mark.anyio

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
SECRET = "postgresql://secret"
BODY_BYTES = 11 * 1024 * 1024


def write_nothing(
    configuration: Configuration, verticals: Sequence[Vertical], buyer_id: int, made_at: datetime, form: str
) -> str:
    raise RuntimeError(SECRET)


async def try_nothing(call: TestCall) -> Exchange:
    raise RuntimeError(SECRET)


def is_page(answer: httpx.Response, status: int) -> bool:
    """Whether it is a sound page of that error."""
    assert faults(answer.text) == [] and blocked(answer.text) == []
    return (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")


async def test_nobody_is_shown_a_page_without_navigation(database: Database, network_id: int) -> None:
    async with browsing(database, cookies={"leadback": f"{network_id}.wrong"}) as client:
        missing = await client.get("/nothing/here", headers=BROWSER)
        assert is_page(missing, 404)
        assert "There is nothing at this address" in missing.text and 'href="/"' in missing.text
        assert 'id="navigation"' not in missing.text and 'role="search"' not in missing.text
        refused = await client.put("/sign-in", headers=BROWSER)
        assert is_page(refused, 405) and "GET" in refused.headers["allow"]


async def test_whoever_is_signed_in_keeps_the_frame_and_is_led_on(database: Database, network_id: int) -> None:
    async with signed_in(database, network_id, Role.REPORTING_ONLY, name="Grace") as client:
        missing = await client.get("/buyers/x/nothing", headers=BROWSER)
        assert is_page(missing, 404)
        assert 'id="navigation"' in missing.text and "Grace" in missing.text
        assert 'href="/home">Home</a>' in missing.text and 'class="btn btn-primary" href="/buyers"' in missing.text
        assert is_page(await client.put("/home", headers=BROWSER), 405)


async def test_what_is_too_large_is_said_on_a_page(database: Database, network_id: int) -> None:
    async with signed_in(database, network_id) as client:
        answer = await client.post(
            "/setup/lead-statuses/import", files={"file": ("catalog.toml", b"x" * BODY_BYTES)}, headers=BROWSER
        )
    assert is_page(answer, 413)
    assert "This is too large" in answer.text


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/nothing", "*/*"),
        ("/nothing", "application/json"),
        ("/static/nothing.css", BROWSER["accept"]),
        ("/livez/more", BROWSER["accept"]),
        ("/readyz/more", BROWSER["accept"]),
    ],
)
async def test_programs_are_answered_in_a_line(database: Database, network_id: int, path: str, accept: str) -> None:
    async with signed_in(database, network_id) as client:
        answer = await client.get(path, headers={"accept": accept})
    assert (answer.status_code, answer.text) == (404, "There is nothing at this address.\n")
    assert answer.headers["content-type"].startswith("text/plain")


async def test_a_fault_without_its_database_is_a_page_without_navigation(network_id: int) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    async with browsing(away, cookies={"leadback": f"{network_id}.token"}) as client:
        answer = await client.get("/home", headers=BROWSER)
        line = await client.get("/home")
        missing = await client.get("/nothing", headers=BROWSER)
    await away.close()
    assert is_page(answer, 500) and is_page(missing, 404)
    assert "Something broke here" in answer.text and 'id="navigation"' not in answer.text
    assert "127.0.0.1" not in answer.text and "nobody" not in answer.text
    assert (line.status_code, line.text) == (500, "Something broke here. It is in the server's log.\n")


async def test_a_fault_tells_whoever_is_signed_in_nothing_of_itself(database: Database, network_id: int) -> None:
    await seed_network(database, network_id)
    settings = Settings(public_url=ADDRESS)
    side = BuyersSide(ADDRESS, True, (), write_nothing, try_nothing)
    readiness = Readiness(database.engine.url.render_as_string(hide_password=False), settings)
    async with (
        signed_in(database, network_id) as browser,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(console(settings, readiness, database, side)),
            base_url=ADDRESS,
            cookies=dict(browser.cookies),
        ) as client,
    ):
        answer = await client.get("/buyers/10/posting-document", headers=BROWSER)
    assert is_page(answer, 500)
    assert 'id="navigation"' in answer.text and 'class="btn btn-primary" href="/buyers"' in answer.text
    assert SECRET not in answer.text and "Traceback" not in answer.text and "RuntimeError" not in answer.text
