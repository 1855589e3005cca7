"""The index on the Lead Status page, its ratios, and exports of the columns that are chosen."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import httpx
import openpyxl
import pytest
from pyarrow import parquet

from leadback.console.templating import number
from leadback.kit.database import Database
from tests.console.browsing import signed_in
from tests.console.report_table import Line, columns_of, lines_of, read_page
from tests.console.test_lead_status_page import DAYS, FIRST, LAST, PATH, asked, page_of
from tests.support.slow_report import slow_report
from tests.support.world import World, happen, make_world

pytestmark = pytest.mark.anyio

INDEX = ("column", "ratio:index")
CHOSEN = ("sales", "status:Won", "field:loan_amount", "revenue", "ratio:conversion", "ratio:index")


@pytest.fixture
async def world(database: Database, network_id: int) -> World:
    world = await make_world(database, network_id, leads=60)
    await happen(database, world, 150)
    return world


def shown(line: Line) -> str:
    return line.cells["ratio:index"].text


def wanted(row: dict[str, Any]) -> str:
    value = row["ratios"]["index"]
    return "–" if value is None else number(Decimal(value))


async def test_it_is_shown_only_where_it_is_chosen(database: Database, world: World) -> None:
    async with signed_in(database, world.network_id) as client:
        usual = columns_of(await page_of(client, asked()))
        chosen = columns_of(await page_of(client, asked(("column", "sales"), INDEX)))
    assert "ratio:index" not in usual and len(usual) > 10
    assert chosen == ["sales", "ratio:index"]


@pytest.mark.parametrize("by", [["campaign"], ["buyer_contract"], ["sub_id", "month"]])
@pytest.mark.parametrize("filters", [(), (("campaign", "Search"), ("sale_type", "exclusive")), (("sub_id_1", "fb1"),)])
async def test_it_is_what_converted_beside_what_usually_does(
    database: Database, world: World, by: list[str], filters: tuple[tuple[str, str], ...]
) -> None:
    slow = slow_report(world, FIRST, LAST, by, filters=filters, with_ratios=True)
    async with signed_in(database, world.network_id) as client:
        lines = lines_of(await page_of(client, asked(INDEX, by=by, filters=filters)))
    assert [shown(line) for line in lines] == [wanted(row) for row in (slow["totals"], *slow["rows"])]
    assert filters or shown(lines[0]) == "100"


async def test_as_of_and_the_switches_hold_for_the_usual_too(database: Database, world: World) -> None:
    slow = slow_report(world, FIRST, LAST, ["campaign"], show_changes=True, with_ratios=True)
    async with signed_in(database, world.network_id) as client:
        lines = lines_of(await page_of(client, asked(INDEX, ("changes", "on"))))
        assert [shown(line) for line in lines] == [wanted(row) for row in (slow["totals"], *slow["rows"])]
        long_after = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M}"
        unfiltered = lines_of(await page_of(client, asked(INDEX, ("as_of", long_after))))
        assert shown(unfiltered[0]) in ("100", "–")


async def test_rows_are_sorted_by_it_and_open_with_it(database: Database, world: World) -> None:
    async with signed_in(database, world.network_id) as client:
        page = await page_of(client, asked(INDEX, ("sort", "-ratio:index")))
        values = [shown(line) for line in lines_of(page)[1:]]
        known = [Decimal(value.replace(",", "")) for value in values if value != "–"]
        assert len(known) > 2 and known == sorted(known, reverse=True)
        opened = next(line for line in lines_of(page) if line.inside)
        part = read_page(await client.get(f"{opened.inside}&{urlencode([INDEX])}"))
        inner = lines_of(part, ["ratio:index"])
    assert inner and all(shown(line) for line in inner)


def rows_of(answer: httpx.Response, form: str) -> list[dict[str, Any]]:
    """The file's rows as another library reads them; every number as a Decimal."""
    match form:
        case "csv":
            found = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        case "json":
            found = answer.json()["rows"]
        case "xlsx":
            names, *rows = openpyxl.load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True)
            found = [dict(zip(names, row, strict=True)) for row in rows]
        case _:
            found = parquet.read_table(io.BytesIO(answer.content)).to_pylist()
    return found


def as_decimal(value: Any) -> Decimal | None:
    return None if value in (None, "") else round(Decimal(str(value)), 4)


@pytest.mark.parametrize("form", ["csv", "xlsx", "json", "parquet"])
async def test_a_file_holds_the_columns_that_are_chosen(database: Database, world: World, form: str) -> None:
    slow = slow_report(world, FIRST, LAST, ["campaign"], with_ratios=True)
    query = [*DAYS, *(("column", name) for name in CHOSEN), ("format", form)]
    async with signed_in(database, world.network_id) as client:
        found = rows_of(await client.get(f"{PATH}/export?{urlencode(query)}"), form)
    assert len(found) == 1 + len(slow["rows"])
    for row, numbers in zip(found, (slow["totals"], *slow["rows"]), strict=True):
        assert set(row) == {"row_kind", "campaign_id", "campaign", *CHOSEN} - {"field:loan_amount"} | {
            "field:loan_amount:sum"
        }
        assert as_decimal(row["sales"]) == numbers["sales"]
        assert as_decimal(row["status:Won"]) == numbers["statuses"]["Won"]["sales"]
        assert as_decimal(row["field:loan_amount:sum"]) == as_decimal(numbers["fields"]["loan_amount"]["sum"])
        assert as_decimal(row["revenue"]) == Decimal(numbers["revenue"])
        for name in ("conversion", "index"):
            assert as_decimal(row[f"ratio:{name}"]) == as_decimal(numbers["ratios"][name])


async def test_a_file_without_a_choice_holds_everything(database: Database, world: World) -> None:
    async with signed_in(database, world.network_id) as client:
        answer = await client.get(f"{PATH}/export?{urlencode([*DAYS, ('format', 'json')])}")
    assert answer.json() == slow_report(world, FIRST, LAST, ["campaign"], with_ratios=True)
