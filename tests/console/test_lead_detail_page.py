"""Reports > Lead Detail by Buyer: who may look, that lists and sums are those of the sales, and files of them."""

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import httpx
import pyarrow.parquet
import pytest
from openpyxl import load_workbook

from leadback.access.operator_model import Role
from leadback.console.templating import number
from leadback.kit.database import Database
from tests.console.browsing import browsing, signed_in
from tests.console.report_table import chips_of, messages_of, read_page, text_of
from tests.console.test_lead_status_page import DAYS, manager_of
from tests.support.world import World, happen, make_world

pytestmark = pytest.mark.anyio

PATH = "/reports/lead-detail"
FIRST, LAST = date(2026, 2, 22), date(2026, 3, 25)


def asked(*pairs: tuple[str, str], path: str = PATH) -> str:
    return f"{path}?{urlencode([*DAYS, *pairs])}"


async def listed(client: httpx.AsyncClient, address: str) -> list[dict[str, str]]:
    """The rows of a page by the headings, the totals first."""
    answer = await client.get(address)
    assert answer.status_code == 200, answer.text
    page = read_page(answer)
    names = [text_of(cell) for cell in page.xpath("//thead//th[@scope='col']")]
    rows = page.xpath("//tr[th[@scope='row']]")
    return [dict(zip(names, map(text_of, row), strict=True)) for row in rows]


def in_range(world: World) -> list[Any]:
    return [sold.sale for sold in world.sold if not sold.sale.is_test and FIRST <= sold.sale.sold_on <= LAST]


async def test_nobody_is_sent_to_sign_in_first(database: Database, network_id: int) -> None:
    async with browsing(database) as client:
        for path in (PATH, f"{PATH}/export?format=csv"):
            assert (await client.get(path)).headers["location"].startswith("/sign-in")


async def test_it_lists_every_sale_once_over_its_pages_with_sums_over_all(database: Database, network_id: int) -> None:
    world = await make_world(database, network_id, leads=260)
    await happen(database, world, 60)
    sales = in_range(world)
    async with signed_in(database, network_id, Role.REPORTING_ONLY) as client:
        address, found, totals = asked(("column", "sale_id"), ("column", "revenue"), ("sort", "revenue")), [], []
        while True:
            rows = await listed(client, address)
            totals.append(rows[0])
            found += rows[1:]
            page = read_page(await client.get(address))
            following = page.xpath("//nav[@aria-label='Pages']//a[contains(., 'Next')]/@href")
            if not following:
                break
            address = following[0]
    assert len(totals) > 1 and all(one == totals[0] for one in totals)
    assert totals[0]["Revenue"] == number(sum((sale.revenue for sale in sales), Decimal(0)), 2)
    assert sorted(int(row["Sale"]) for row in found) == sorted(sale.sale_id for sale in sales)
    amounts = [Decimal(row["Revenue"].replace(",", "").replace("−", "-")) for row in found]
    assert amounts == sorted(amounts)


async def test_filters_are_chips_that_come_off(database: Database, network_id: int) -> None:
    await make_world(database, network_id, leads=40)
    async with signed_in(database, network_id) as client:
        pairs = [("filter", "buyer_id=10"), ("row", "campaign_id=5"), ("cell", "no_status"), ("text", "fb1")]
        page = read_page(await client.get(asked(*pairs, ("text_of", "sub_id_2"))))
        chips = chips_of(page)
        assert [chip.split(":")[0] for chip in chips] == ["Buyer", "Sub id 2", "Campaign", "Counted as"]
        for link in page.find_class("chip-remove"):
            left = chips_of(read_page(await client.get(link.get("href"))))
            assert len(left) == 3 and text_of(link.getparent()) not in left


async def test_files_hold_every_sale_of_the_question(database: Database, network_id: int) -> None:
    world = await make_world(database, network_id, leads=60)
    await happen(database, world, 60)
    wanted = sorted(sale.sale_id for sale in in_range(world) if sale.buyer_id == 10)
    operator_id = await manager_of(database, network_id, 10)
    owner = [("filter", "buyer=Acme")]
    for who, pairs in ((None, owner), (operator_id, [])):
        async with signed_in(database, network_id, operator_id=who) as client:
            files = {
                form: await client.get(asked(*pairs, ("format", form), path=f"{PATH}/export"))
                for form in ("csv", "json", "xlsx", "parquet")
            }
        assert all(answer.status_code == 200 for answer in files.values())
        assert files["csv"].headers["content-disposition"] == (
            'attachment; filename="lead-detail-2026-02-22-2026-03-25.csv"'
        )
        rows = list(csv.DictReader(io.StringIO(files["csv"].text)))
        assert sorted(int(row["sale_id"]) for row in rows) == wanted
        assert sorted(row["sale_id"] for row in files["json"].json()["rows"]) == wanted
        table = pyarrow.parquet.read_table(io.BytesIO(files["parquet"].content))
        assert sorted(table["sale_id"].to_pylist()) == wanted
        sheet = load_workbook(io.BytesIO(files["xlsx"].content)).active
        assert sheet is not None and sheet.max_row == len(wanted) + 1


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("cell=profit", "no column 'profit'"),
        ("row=campaign_id%3D99", "There is no campaign_id '99'"),
        ("sort=colour", "no column 'colour' to sort by"),
        ("after=abc", "not of this list"),
        ("from=soon", "'soon' is no date"),
    ],
)
async def test_it_says_what_is_wrong_and_keeps_the_rest(
    database: Database, network_id: int, query: str, says: str
) -> None:
    await make_world(database, network_id, leads=20)
    async with signed_in(database, network_id) as client:
        answer = await client.get(f"{PATH}?filter=sale_type%3Dexclusive&{query}")
        assert (await client.get(f"{PATH}/export?format=txt")).status_code == 422
    assert answer.status_code == 422
    assert says in messages_of(read_page(answer))
    assert any("exclusive" in chip for chip in chips_of(read_page(answer)))


async def test_a_foreign_buyers_sales_are_in_no_list(database: Database, network_id: int) -> None:
    await make_world(database, network_id, leads=40)
    operator_id = await manager_of(database, network_id, 10)
    async with signed_in(database, network_id, operator_id=operator_id) as client:
        rows = await listed(client, asked())
        assert {row["Buyer"] for row in rows[1:]} == {"Acme"}
        for question in ("filter=buyer_id%3D11", "row=buyer_id%3D11", "row=buyer_contract_id%3D300"):
            answer = await client.get(f"{asked()}&{question}")
            assert answer.status_code == 422 and "Zenith" not in messages_of(read_page(answer))
