"""Every number of the Lead Status report leads to a list of exactly so many sales, whose sums are the report's."""

import random
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.actions import rename_item
from leadback.catalog.rules import CatalogKind
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.networks.model import COMMAND_LINE, Network
from leadback.networks.queries import read_network
from leadback.reports.cell import list_of_cell, status_column, sub_status_column
from leadback.reports.filter import parse_condition
from leadback.reports.lead_detail import PAGE_ROWS_MAX, open_lead_detail
from leadback.reports.lead_status import lead_status
from leadback.reports.model import Dimension, LeadDetailRow, LeadStatusNumbers, LeadStatusQuery
from tests.support.world import happen, make_world

pytestmark = pytest.mark.anyio

FIRST, LAST = date(2026, 2, 24), date(2026, 3, 20)
FILTERS = [
    (),
    ("campaign=Search",),
    ("buyer=Acme", "sale_type=multi-sell", "sale_type=exclusive"),
    ("affiliate=Northbeam", "status=Won", "status=Dead", "status_id=none"),
    ("sub_id=fb1", "sub_id=", "updated=yes"),
    ("offer_id=none", "offer=Cash Now", "return_state=none"),
    ("month=2026-03", "reached=contacted"),
]
DIMENSIONS = list(Dimension)


def numbers_of(numbers: LeadStatusNumbers) -> Iterator[tuple[str, int]]:
    """By the column: every number of sales."""
    if numbers.leads is not None:
        yield "leads", numbers.leads
    yield from (("sales", numbers.sales), ("updated", numbers.updated), ("no_status", numbers.no_status))
    yield "updated_by_buyer", numbers.updated_by_buyer
    for status, count in numbers.statuses.items():
        yield status_column(status), count.sales
        for sub_status, sales in count.sub_statuses.items():
            yield sub_status_column(status, sub_status), sales
    for part in ("returns", "reached"):
        for name in getattr(numbers, part).__struct_fields__:
            yield f"{part}:{name}", getattr(getattr(numbers, part), name)


async def list_of(
    connection: AsyncConnection, network: Network, query: LeadStatusQuery, key: Mapping[str, Any], column: str
) -> list[LeadDetailRow]:
    """The cell's list; its totals are its sums."""
    detail = await open_lead_detail(connection, network, list_of_cell(query, key, column))
    rows = (await detail.page(PAGE_ROWS_MAX)).rows
    totals = await detail.totals()
    assert totals.sales == len(rows)
    for name in ("sold_price", "revenue", "payout_share"):
        assert getattr(totals, name) == sum(getattr(row, name) for row in rows)
    for name, value in totals.fields.items():
        values = [row.fields[name] for row in rows if name in row.fields]
        assert value == (sum(Decimal(str(each)) for each in values) if values else None)
    return rows


def check_sums(rows: list[LeadDetailRow], numbers: LeadStatusNumbers) -> None:
    """The money of the row."""
    gross = sum((row.sold_price for row in rows), Decimal(0))
    revenue = sum((row.revenue for row in rows), Decimal(0))
    payout = sum((row.payout_share for row in rows), Decimal(0))
    assert (gross, revenue, payout) == (numbers.gross, numbers.revenue, numbers.payout)
    assert (revenue - gross, revenue - payout) == (numbers.adjustments, numbers.margin)


def check_field(rows: list[LeadDetailRow], name: str, summary: Mapping[str, Decimal | int | None]) -> None:
    """The summary of the values in the list behind it."""
    values = [row.fields[name] for row in rows]
    assert all(isinstance(value, Decimal) for value in values)
    decimals = [value for value in values if isinstance(value, Decimal)]
    total = sum(decimals, Decimal(0))
    if "count" in summary:
        assert len(rows) == summary["count"]
        average = summary["average"]
        assert average is None or abs(average - total / len(rows)) <= Decimal("0.00005")
        return
    wanted = {"sum": total, "min": min(decimals, default=None), "max": max(decimals, default=None)}
    assert {name: wanted[name] if rows else None for name in summary} == summary


@pytest.mark.parametrize("seed", range(4))
async def test_a_cells_list_is_as_long_as_its_number_says(database: Database, network_id: int, seed: int) -> None:
    dice = random.Random(seed)
    world = await make_world(database, network_id, leads=40, seed=seed)
    await happen(database, world, 70, seed=seed + 100)
    cells = 0
    # A few days where rows are many.
    for by, days in [((dice.choice(DIMENSIONS[:8]),), 30), (tuple(dice.sample(DIMENSIONS, 2)), 6)]:
        query = LeadStatusQuery(
            sold_from=LAST - timedelta(days=days),
            sold_to=LAST,
            by=by,
            show_changes=dice.random() < 0.5,
            show_sub_status=dice.random() < 0.3,
            conditions=tuple(parse_condition(text) for text in dice.choice(FILTERS)),
        )
        async with database.snapshot(network_id) as connection:
            network = await read_network(connection, network_id)
            report = await lead_status(connection, network, query)
            for key, numbers in [({}, report.totals), *((row.key, row.numbers) for row in report.rows)]:
                for column, count in numbers_of(numbers):
                    rows = await list_of(connection, network, query, key, column)
                    assert len(rows) == count, (query, key, column)
                    cells += 1
                    if column == "sales":
                        check_sums(rows, numbers)
                for name, summary in numbers.fields.items():
                    rows = await list_of(connection, network, query, key, f"field:{name}")
                    check_field(rows, name, summary)
    assert cells > 40


async def test_a_slash_in_a_name_divides_nothing(database: Database, network_id: int) -> None:
    world = await make_world(database, network_id, leads=40)
    await happen(database, world, 120)
    async with database.transaction(network_id) as connection:
        await rename_item(connection, network_id, CatalogKind.STATUS, 3, "Won/pet\\", actor=COMMAND_LINE, now=now())
    query = LeadStatusQuery(sold_from=FIRST, sold_to=LAST)
    async with database.snapshot(network_id) as connection:
        network = await read_network(connection, network_id)
        totals = (await lead_status(connection, network, query)).totals
        counted = totals.statuses["Won/pet\\"].sub_statuses
        assert set(counted) == {"pet", "health", ""}
        for name, sales in counted.items():
            column = sub_status_column("Won/pet\\", name)
            assert len(await list_of(connection, network, query, {}, column)) == sales
