"""Reports > Buyer Reporting and the index of reports: who may look, and that the page says what the report says."""

from typing import Any
from urllib.parse import urlencode

import pytest

from leadback.access.operator_model import Role
from leadback.console.templating import number, percent
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.networks.queries import read_network
from leadback.reports.buyer_reporting import buyer_reporting
from leadback.reports.buyer_reporting_model import BuyerReportingQuery
from tests.console.browsing import browsing, signed_in
from tests.console.report_table import messages_of, read_page, text_of
from tests.console.test_lead_status_page import DAYS, FIRST, LAST, manager_of, switch_off
from tests.support.world import happen, make_world

pytestmark = pytest.mark.anyio

PATH = "/reports/buyer-reporting"


def told(page: Any) -> list[list[str]]:
    """The rows of the table, the totals first."""
    return [[text_of(cell) for cell in row] for row in page.xpath("//tr[th[@scope='row']]")]


async def test_nobody_is_sent_to_sign_in_first(database: Database, network_id: int) -> None:
    async with browsing(database) as client:
        for path in (PATH, f"{PATH}/export?format=csv", "/reports"):
            assert (await client.get(path)).headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("contracts", [False, True])
async def test_it_shows_what_the_report_says(database: Database, network_id: int, contracts: bool) -> None:
    world = await make_world(database, network_id, leads=50)
    await happen(database, world, 80)
    async with database.snapshot(network_id) as connection:
        network = await read_network(connection, network_id)
        query = BuyerReportingQuery(sold_from=FIRST, sold_to=LAST)
        report = await buyer_reporting(connection, network, query, now=now())
    pairs = [*DAYS, *([("contracts", "on")] if contracts else [])]
    async with signed_in(database, network_id, Role.REPORTING_ONLY) as client:
        answer = await client.get(f"{PATH}?{urlencode(pairs)}")
        exported = await client.get(f"{PATH}/export?{urlencode([*pairs, ('format', 'json')])}")
        page = read_page(answer)
        rows = told(page)
        linked = page.xpath("//tbody/tr[1]/td[2]/a/@href")[0]
        listed = read_page(await client.get(linked))
    lines = [report.totals.numbers]
    for buyer in report.rows:
        lines += [buyer.numbers, *(item.numbers for item in buyer.contracts if contracts)]
    assert [row[2] for row in rows] == [number(one.sales) for one in lines]
    for row, one in zip(rows, lines, strict=True):
        assert row[3].replace(" ", "") == number(one.updated_by_buyer) + percent(one.coverage)
    assert text_of(listed.find_class("summary")[0]).split()[0] == rows[1][2]
    assert exported.json()["totals"]["sales"] == report.totals.numbers.sales


async def test_an_account_manager_sees_its_own_buyers_alone(database: Database, network_id: int) -> None:
    await make_world(database, network_id, leads=50)
    operator_id = await manager_of(database, network_id, 11)
    async with signed_in(database, network_id, operator_id=operator_id) as client:
        page = read_page(await client.get(f"{PATH}?{urlencode([*DAYS, ('contracts', 'on')])}"))
        exported = await client.get(f"{PATH}/export?{urlencode([*DAYS, ('format', 'json')])}")
    rows = told(page)
    assert [row[0] for row in rows] == ["1 buyers", "Zenith", "Standard"]
    assert len({row[2] for row in rows}) == 1
    assert [row["buyer"] for row in exported.json()["rows"]] == ["Zenith"]


async def test_it_says_what_is_wrong(database: Database, network_id: int) -> None:
    async with signed_in(database, network_id) as client:
        answer = await client.get(f"{PATH}?from=soon&contracts=on")
        assert (await client.get(f"{PATH}/export?from=soon&format=csv")).status_code == 422
    assert answer.status_code == 422
    assert "'soon' is no date" in messages_of(read_page(answer))
    assert read_page(answer).xpath("//a[@role='switch']/@aria-checked") == ["true"]


async def test_the_index_names_what_can_be_looked_at(database: Database, network_id: int) -> None:
    async with signed_in(database, network_id, Role.REPORTING_ONLY) as client:
        assert "/reports/lead-status" in read_page(await client.get("/reports")).xpath("//dl//a/@href")
        await switch_off(database, network_id)
        assert "/reports/lead-status" not in read_page(await client.get("/reports")).xpath("//dl//a/@href")
        assert "switched off" in text_of(read_page(await client.get(PATH)))
