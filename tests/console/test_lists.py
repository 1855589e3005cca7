"""What every list of the console does alike: search, filter, sort, page, choose columns, and go along as a file."""

import csv
import html
import io
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from leadback.access.operator_model import Role
from leadback.kit.database import Database
from tests.console.browsing import browsing, signed_in
from tests.console.managing import managing
from tests.console.markup import faults
from tests.console.network_seen import FOREIGN_SIGNS, OWN, make_lively
from tests.leads.test_returns import buyer_says
from tests.support.seed import seed_sale

pytestmark = pytest.mark.anyio

SETUP: Final = ("/setup/audit-log", "/setup/users")
LISTS: Final = (
    "/buyers",
    "/affiliates",
    "/campaigns",
    "/offers",
    "/verticals",
    "/returns",
    "/returns?state=submitted",
    "/reports/returns",
    "/returns/disagreements",
    "/reports/revenue-adjustments/sales",
    "/leads",
    "/leads?q=fb1",
    "/reports/saved",
    "/reports/failed-updates",
    "/reports/failed-updates/calls",
    "/reports/failed-updates/runs",
    "/buyers/10/contracts",
    "/buyers/10/aliases",
    *SETUP,
)
FORMS: Final = ("csv", "json", "xlsx", "parquet")
NOTHING_LIKE: Final = "zz-nothing-is-called-so"


def links(page: httpx.Response, name: str) -> list[str]:
    """Every address on the page that sets this parameter."""
    found = [html.unescape(link) for link in re.findall(r'href="([^"]*)"', page.text)]
    return list(dict.fromkeys(link for link in found if name in dict(parse_qsl(urlsplit(link).query))))


def rows_of(answer: httpx.Response) -> list[list[str]]:
    """Of a CSV file, its heading included."""
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


@pytest.fixture
async def owner(database: Database, network_id: int) -> AsyncIterator[httpx.AsyncClient]:
    lively = await make_lively(database, network_id)
    await seed_sale(database, network_id, "GONE1", revenue=Decimal(0))
    await buyer_says(database, lively.seeded, "OWN6", amount=Decimal(-5), add_to_existing=True)
    async with signed_in(database, network_id) as client:
        view = {"page": "/reports/lead-status", "query": "by=buyer", "name": "By buyer"}
        assert (await client.post("/reports/saved", data=view)).status_code == 303
        yield client


async def test_who_may_not_see_a_list_gets_no_file_of_it(database: Database, network_id: int) -> None:
    await make_lively(database, network_id)
    async with AsyncExitStack() as stack:
        nobody = await stack.enter_async_context(browsing(database))
        manager = await stack.enter_async_context(managing(database, network_id, 10))
        reporter = await stack.enter_async_context(signed_in(database, network_id, Role.REPORTING_ONLY))
        for path in LISTS:
            address = f"{path}{'&' if '?' in path else '?'}format=csv"
            assert (await nobody.get(address)).headers["location"].startswith("/sign-in")
            for client in (manager, reporter):
                assert (await client.get(address)).status_code == (403 if path in SETUP else 200), address


async def test_a_file_holds_nothing_of_a_foreign_buyer(database: Database, network_id: int) -> None:
    await make_lively(database, network_id)
    seen_by_owner = set()
    async with managing(database, network_id, 10) as manager, signed_in(database, network_id) as owner:
        for path in LISTS:
            if path not in SETUP:
                address = f"{path}{'&' if '?' in path else '?'}format=csv"
                text = (await manager.get(address)).text.lower()
                assert not [sign for sign in FOREIGN_SIGNS if sign in text], address
                if FOREIGN_SIGNS[0] in (await owner.get(address)).text.lower():
                    seen_by_owner.add(path)
    assert "/buyers" in seen_by_owner


async def test_every_list_sorts_by_each_heading(owner: httpx.AsyncClient) -> None:
    for path in LISTS:
        page = await owner.get(path)
        assert page.status_code == 200
        assert faults(page.text) == [], path
        headings = [link for link in links(page, "sort") if urlsplit(link).path == urlsplit(path).path]
        assert headings, path
        for link in headings:
            sorted_page = await owner.get(link)
            assert sorted_page.status_code == 200, link
            assert 'aria-sort="' in sorted_page.text, link


async def test_every_list_is_a_file_in_every_form(owner: httpx.AsyncClient) -> None:
    for path in LISTS:
        page = await owner.get(path)
        files = [link for link in links(page, "format") if urlsplit(link).path == urlsplit(path).path]
        assert [dict(parse_qsl(urlsplit(link).query))["format"] for link in files] == ["csv", "xlsx", "json", "parquet"]
        answers = {dict(parse_qsl(urlsplit(link).query))["format"]: await owner.get(link) for link in files}
        assert {answer.status_code for answer in answers.values()} == {200}, path
        rows = rows_of(answers["csv"])
        table = page.text.rpartition("<tbody")[2]
        assert len(rows) - 1 == table.count('<tr role="row"') > 0, path
        assert len(json.loads(answers["json"].content)["rows"]) == len(rows) - 1, path
        assert answers["parquet"].content[:4] == b"PAR1" and answers["xlsx"].content[:2] == b"PK"


async def test_a_list_and_its_file_have_the_columns_that_are_chosen(owner: httpx.AsyncClient) -> None:
    for path in LISTS:
        page = await owner.get(path)
        names = re.findall(r'name="column" value="([^"]*)"', page.text)
        assert len(names) > 1, path
        chosen = [html.unescape(name) for name in names[:2]]
        address = httpx.URL(path).copy_merge_params({"column": chosen})
        shown = await owner.get(address)
        assert re.findall(r'name="column" value="([^"]*)" checked', shown.text) == names[:2], path
        assert rows_of(await owner.get(address.copy_merge_params({"format": "csv"})))[0] == chosen
        everything = httpx.URL(path).copy_merge_params({"column": [html.unescape(name) for name in names]})
        assert (await owner.get(everything)).status_code == 200, path


async def test_what_no_list_has_is_said_and_never_a_failure(owner: httpx.AsyncClient) -> None:
    for path in LISTS:
        page = await owner.get(path)
        menus = {
            name
            for link in re.findall(r'class="panel-item" href="([^"]*)"', page.text)
            for name in dict(parse_qsl(urlsplit(html.unescape(link)).query))
        } - {"format", "from", "to", "period", "sort", "q", "within"}
        wrong: list[dict[str, str]] = [{name: "nonsense"} for name in menus]
        wrong += [{"sort": "nonsense"}, {"page": "0"}, {"page": "x"}, {"column": "nonsense"}, {"format": "exe"}]
        wrong += [{"q": "x" * 300}] * ('name="q"' in page.text)
        wrong += [{"from": "yesterday"}, {"period": "never"}] * ("panel-dates" in page.text)
        for parameters in wrong:
            answer = await owner.get(httpx.URL(path).copy_merge_params(parameters))
            assert answer.status_code == 422, (path, parameters)
            assert "message-error" in answer.text or "<h1" in answer.text, (path, parameters)
            refused = await owner.get(httpx.URL(path).copy_merge_params({"format": "csv"} | parameters))
            assert refused.status_code == 422, (path, parameters)


async def test_where_nothing_is_found_the_search_can_be_taken_away(owner: httpx.AsyncClient) -> None:
    for path in LISTS:
        page = await owner.get(path)
        if 'name="q"' in page.text:
            nothing = await owner.get(httpx.URL(path).copy_merge_params({"q": NOTHING_LIKE, "sort": ""}))
            assert nothing.status_code == 200 and faults(nothing.text) == [], path
            back = re.search(r'href="([^"]*)">Take the search away', nothing.text)
            assert back is not None, path
            assert NOTHING_LIKE not in back[1]
            assert "<tbody" in (await owner.get(html.unescape(back[1]))).text, path


async def test_a_list_is_searched_without_case(owner: httpx.AsyncClient) -> None:
    assert OWN in (await owner.get(f"/buyers?q={OWN.upper()}")).text
    assert "set network" not in (await owner.get("/setup/audit-log?q=ALIAS")).text
    assert "create alias" in (await owner.get("/setup/audit-log?q=CREATE+ALIAS")).text


async def test_a_page_after_the_last_is_the_last(owner: httpx.AsyncClient) -> None:
    assert OWN in (await owner.get("/buyers?page=7")).text
