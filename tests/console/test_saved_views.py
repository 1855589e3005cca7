"""Reports > Saved: who finds which view, and what each may do with it."""

from typing import Any

import httpx
import pytest

from leadback.access.operator_model import Role
from leadback.access.saved_views import QUERY_LENGTH_MAX
from leadback.kit.database import Database
from tests.console.browsing import browsing, signed_in
from tests.console.report_table import messages_of, read_page, text_of

pytestmark = pytest.mark.anyio

PATH = "/reports/saved"
SOLAR = {"page": "/reports/lead-status", "query": "period=last-7-days&sub=on", "name": "Solar"}


async def save(client: httpx.AsyncClient, **changes: str) -> httpx.Response:
    return await client.post(PATH, data=SOLAR | changes)


async def found(client: httpx.AsyncClient) -> list[tuple[str, str]]:
    """The views one finds, with where they lead."""
    page: Any = read_page(await client.get(PATH))
    return [(text_of(link), link.get("href")) for link in page.xpath("//tbody//th/a")]


async def test_nobody_saves_anything(database: Database, network_id: int) -> None:
    async with browsing(database) as client:
        assert (await save(client)).headers["location"].startswith("/sign-in")


async def test_a_view_leads_back_to_its_question(database: Database, network_id: int) -> None:
    async with signed_in(database, network_id, Role.REPORTING_ONLY) as client:
        saved = await save(client)
        assert saved.status_code == 303
        assert saved.headers["location"] == "/reports/lead-status?period=last-7-days&sub=on"
        assert await found(client) == [("Solar", "/reports/lead-status?period=last-7-days&sub=on")]
        menu = read_page(await client.get("/reports/lead-status?period=last-7-days&sub=on"))
        assert menu.xpath("//a[@class='panel-item' and @aria-current and contains(., 'Solar')]")
        assert not read_page(await client.get("/reports/lead-detail")).xpath("//a[contains(., 'Solar')]")
        await save(client, query="period=today")
        assert await found(client) == [("Solar", "/reports/lead-status?period=today")]


async def test_only_a_shared_view_is_found_by_others(database: Database, network_id: int) -> None:
    async with signed_in(database, network_id) as client, signed_in(database, network_id, name="Bob") as other:
        await save(client)
        await save(client, name="For all", shared="on")
        assert [name for name, _ in await found(client)] == ["For all", "Solar"]
        assert [name for name, _ in await found(other)] == ["For all"]
        await save(other)
        assert len(await found(other)) == 2 and len(await found(client)) == 2


async def test_a_view_is_taken_away_by_its_owner_and_a_shared_one_by_an_admin(
    database: Database, network_id: int
) -> None:
    async with (
        signed_in(database, network_id, Role.REPORTING_ONLY) as client,
        signed_in(database, network_id, Role.ACCOUNT_MANAGER, name="Bob") as other,
        signed_in(database, network_id, Role.ADMIN, name="Cid") as admin,
    ):
        await save(client)
        await save(client, name="For all", shared="on")
        for number in (1, 2):
            assert (await other.post(f"{PATH}/{number}/remove")).status_code == 422
        assert (await admin.post(f"{PATH}/1/remove")).status_code == 422
        assert (await admin.post(f"{PATH}/2/remove")).status_code == 303
        assert [name for name, _ in await found(client)] == ["Solar"]
        assert (await client.post(f"{PATH}/1/remove")).status_code == 303
        assert await found(client) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": ""}, "is empty"),
        ({"name": "x" * 101}, "101 characters"),
        ({"page": "//evil.example"}, "No views are saved of"),
        ({"query": "q" * (QUERY_LENGTH_MAX + 1)}, f"at most {QUERY_LENGTH_MAX}"),
    ],
)
async def test_it_says_what_it_does_not_save(
    database: Database, network_id: int, changes: dict[str, str], says: str
) -> None:
    async with signed_in(database, network_id) as client:
        answer = await save(client, **changes)
        assert answer.status_code == 422
        assert says in messages_of(read_page(answer))
        assert await found(client) == []
