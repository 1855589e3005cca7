"""Lead Detail by Buyer: who may have it, that every sale is in it once and in order, page by page, whatever goes on."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.errors import Refused
from leadback.networks.actions import create_network
from leadback.networks.queries import read_network
from leadback.reports.filter import parse_condition
from leadback.reports.lead_detail import PAGE_ROWS_MAX, LeadDetail, open_lead_detail
from leadback.reports.lead_detail_sales import Found, Placed, rows_statement
from leadback.reports.lead_status import REPORT_DAYS_MAX
from leadback.reports.model import Cell, LeadDetailPage, LeadDetailQuery, Order, Sort
from tests.support.many_sales import sell_many
from tests.support.seed import seed_network, seed_sale
from tests.support.slow_detail import slow_detail
from tests.support.world import happen, make_world

pytestmark = pytest.mark.anyio

FIRST, LAST = date(2026, 2, 22), date(2026, 3, 25)
ZONES = ("America/New_York", "America/Havana", "Asia/Kathmandu")
"""In Havana the clocks of 8 March go forward at midnight, which therefore does not come."""
FILTERS: list[tuple[tuple[str, str], ...]] = [
    (),
    (("campaign", "Search"), ("buyer", "Acme"), ("buyer", "Zenith")),
    (("affiliate", "Orchard"), ("offer_id", "none"), ("offer_id", "2"), ("vertical", "Payday")),
    (("status_id", "none"),),
    (("status", "Won"), ("status_id", "none"), ("sub_status_id", "none"), ("sale_type", "exclusive")),
    (("sub_id", "fb1"), ("sub_id_5", ""), ("sub_id_5", "google")),
    (("updated", "yes"), ("reached", "qualified"), ("return_state", "none")),
    (("return_reason", "Duplicate"), ("return_state", "credited"), ("return_state", "rejected")),
    (("week", "2026-03-02"), ("month", "2026-03")),
    (("lead_id", "LEAD7"), ("lead_id", "lead12")),
    (("buyer_contract_id", "217"), ("day", "2026-03-08")),
]


@asynccontextmanager
async def detail_of(
    database: Database, network_id: int, *, filters: tuple[tuple[str, str], ...] = (), **asked: Any
) -> AsyncIterator[LeadDetail]:
    """The list, for as long as its moment is held."""
    conditions = tuple(parse_condition(f"{name}={text}") for name, text in filters)
    days: dict[str, Any] = {"sold_from": FIRST, "sold_to": LAST}
    query = LeadDetailQuery(conditions=conditions, **(days | asked))
    async with database.snapshot(network_id) as connection:
        yield await open_lead_detail(connection, await read_network(connection, network_id), query)


async def page_of(
    database: Database, network_id: int, limit: int = PAGE_ROWS_MAX, after: str | None = None, **asked: Any
) -> LeadDetailPage:
    """One page, at a moment of its own."""
    async with detail_of(database, network_id, **asked) as detail:
        return await detail.page(limit, after)


async def rows_of(database: Database, network_id: int, limit: int = PAGE_ROWS_MAX, **asked: Any) -> list[Any]:
    """All pages, walked through, as dictionaries by column."""
    rows: list[dict[str, Any]] = []
    after = None
    while True:
        async with detail_of(database, network_id, **asked) as detail:
            page = await detail.page(limit, after)
            names = [column.name for column in detail.table().columns]
            rows += [dict(zip(names, cells, strict=True)) for cells in detail.cells(page.rows)]
        assert len(page.rows) == limit or page.after is None
        after = page.after
        if after is None:
            return rows


async def test_another_network_sees_nothing_of_it(database: Database, network_id: int) -> None:
    await make_world(database, network_id, leads=30)
    stranger = await create_network(
        database, name=f"stranger of {network_id}", time_zone="America/New_York", currency="USD", now=now()
    )
    assert await rows_of(database, network_id) != []
    async with detail_of(database, stranger) as detail:
        assert (await detail.page(10)).rows == []
        assert (await detail.totals()).sales == 0
        assert [rows async for rows in detail.batches()] == []


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"sold_from": LAST, "sold_to": FIRST}, "2026-03-25, is after the last, 2026-02-22"),
        ({"sold_from": date(2000, 1, 1)}, f"at most {REPORT_DAYS_MAX} days"),
        ({"filters": (("buyer", "Acne"),)}, "There are: Acme, Loans & Co, Zenith"),
        ({"cell": Cell(row=(parse_condition("campaign_id=4"),))}, "There are: 5, 6, 7, 8, 9"),
        (
            {"cell": Cell(column="profit")},
            "no column 'profit'.* There are: leads, sales, updated, updated_by_buyer, no_status",
        ),
        ({"cell": Cell(column="sales:all")}, "no column 'sales:all'"),
        ({"cell": Cell(column="returns:open")}, "no column 'returns:open'"),
        ({"cell": Cell(column="status:Wonn")}, "There are: Qualified, Contacted, Won"),
        ({"cell": Cell(column="sub_status:Won")}, "sub_status:STATUS/NAME, not 'Won'"),
        ({"cell": Cell(column="sub_status:Won/phone")}, "There are: health, pet"),
        ({"cell": Cell(column="sub_status:Funded/pet")}, "There are: none yet"),
        ({"cell": Cell(column="field:colour")}, "There are: loan_amount"),
    ],
)
async def test_it_refuses_what_it_cannot_answer_and_says_what_it_can(
    database: Database, network_id: int, asked: dict[str, Any], says: str
) -> None:
    await make_world(database, network_id, leads=5)
    with pytest.raises(Refused, match=says):
        await page_of(database, network_id, **asked)


@pytest.mark.parametrize("limit", [-1, 0, PAGE_ROWS_MAX + 1])
async def test_a_page_has_its_limits(database: Database, network_id: int, limit: int) -> None:
    with pytest.raises(Refused, match=f"1 to {PAGE_ROWS_MAX} rows, not {limit}"):
        await page_of(database, network_id, limit)


async def test_a_token_that_is_wrong_or_of_another_list_is_refused(database: Database, network_id: int) -> None:
    await make_world(database, network_id, leads=30)
    token = (await page_of(database, network_id, 3)).after
    assert token is not None
    assert len((await page_of(database, network_id, 3, token)).rows) == 3
    other = token[:-1] + ("A" if token[-1] != "A" else "B")
    for wrong in ("", "3", "é", "a b", token[1:], token + "AAAA", other):
        with pytest.raises(Refused, match="is not of this list"):
            await page_of(database, network_id, 3, wrong)
    for asked in (
        {"order": Order(Sort.SOLD_AT, descending=False)},
        {"order": Order(Sort.REVENUE)},
        {"filters": (("buyer", "Acme"),)},
        {"cell": Cell(column="updated")},
        {"sold_from": FIRST + timedelta(days=1)},
    ):
        with pytest.raises(Refused, match="is not of this list"):
            await page_of(database, network_id, 3, token, **asked)
    stranger = await create_network(
        database, name=f"neighbour of {network_id}", time_zone="America/New_York", currency="USD", now=now()
    )
    with pytest.raises(Refused, match="is not of this list"):
        await page_of(database, stranger, 3, token)


@pytest.mark.parametrize("time_zone", ZONES)
async def test_it_agrees_with_every_sale_one_by_one(database: Database, time_zone: str) -> None:
    network_id = await create_network(
        database, name=f"detail in {time_zone} {now()}", time_zone=time_zone, currency="EUR", now=now()
    )
    world = await make_world(database, network_id, leads=120, time_zone=time_zone)
    await happen(database, world, 200)
    counts = []
    for filters in FILTERS:
        rows = await rows_of(database, network_id, filters=filters)
        assert rows == slow_detail(world, FIRST, LAST, filters=filters), filters
        counts.append(len(rows))
    assert all(counts) and counts[0] > 100
    for day in (date(2026, 3, 7), date(2026, 3, 8), date(2026, 3, 9)):
        rows = await rows_of(database, network_id, sold_from=day, sold_to=day)
        assert rows == slow_detail(world, day, day) and rows


@pytest.mark.parametrize("descending", [True, False])
async def test_pages_hold_every_sale_once_in_each_order(database: Database, network_id: int, descending: bool) -> None:
    world = await make_world(database, network_id, leads=50)
    await happen(database, world, 60)
    for sort in Sort:
        order = Order(sort, descending)
        for limit in (7, len(slow_detail(world, FIRST, LAST))):
            rows = await rows_of(database, network_id, limit, order=order)
            assert rows == slow_detail(world, FIRST, LAST, sort=sort, descending=descending), sort


@pytest.mark.parametrize("sort", [Sort.SOLD_AT, Sort.LEAD_ID, Sort.REVENUE, Sort.STATUS])
async def test_pages_stay_in_step_while_sales_are_added(database: Database, network_id: int, sort: Sort) -> None:
    await seed_network(database, network_id)
    dice = random.Random(sort)
    begin = datetime(2026, 3, 1, tzinfo=UTC)

    async def sell(number: int) -> int:
        sold_at = begin + timedelta(minutes=dice.randrange(10_000))
        revenue, status_id = Decimal(dice.randrange(5)), dice.choice([None, 1, 2])
        lead_id = f"{dice.randrange(1000):03}-{number}"
        return await seed_sale(database, network_id, lead_id, sold_at=sold_at, revenue=revenue, status_id=status_id)

    before = {await sell(number) for number in range(20)}
    for descending in (True, False):
        seen: list[int] = []
        after: str | None = None
        added = 0
        while True:
            order = Order(sort, descending)
            page = await page_of(database, network_id, 3, after, order=order)
            seen += [row.sale_id for row in page.rows]
            after = page.after
            if after is None:
                break
            added += 1
            await sell(100 + added + 100 * descending)
            assert added < 60, "the end comes nearer however much is added"
        assert len(seen) == len(set(seen))
        assert before <= set(seen)
        everything = [row["sale_id"] for row in await rows_of(database, network_id, order=order)]
        assert seen == [sale_id for sale_id in everything if sale_id in set(seen)]
        before = set(everything)


async def test_a_midnight_that_comes_twice_belongs_to_its_day_both_times(database: Database) -> None:
    network_id = await create_network(
        database, name=f"twice {now()}", time_zone="America/Havana", currency="USD", now=now()
    )
    await seed_network(database, network_id)
    # The clocks of Havana go back from one o'clock to midnight: half past midnight comes at 4:30 and at 5:30 UTC.
    for hour in (4, 5):
        await seed_sale(database, network_id, f"H{hour}", sold_at=datetime(2026, 11, 1, hour, 30, tzinfo=UTC))
    day = date(2026, 11, 1)
    rows = (await page_of(database, network_id, sold_from=day, sold_to=day)).rows
    assert [row.sold_at.isoformat() for row in rows] == ["2026-11-01T00:30:00-05:00", "2026-11-01T00:30:00-04:00"]
    eve = day - timedelta(days=1)
    assert (await page_of(database, network_id, sold_from=eve, sold_to=eve)).rows == []


async def test_test_leads_are_left_out(database: Database, network_id: int) -> None:
    await seed_network(database, network_id)
    sold: dict[str, Any] = {"sold_at": datetime(2026, 3, 10, 16, 0, tzinfo=UTC)}
    await seed_sale(database, network_id, "A1", **sold)
    await seed_sale(database, network_id, "T2", **sold, is_test=True)
    async with detail_of(database, network_id) as detail:
        assert [row.lead_id for row in (await detail.page(10)).rows] == ["A1"]
        assert (await detail.totals()).sales == 1


async def test_a_row_says_everything_of_its_sale(database: Database, network_id: int) -> None:
    await seed_network(database, network_id)
    values = {"1": "15000.0000", "2": "=1+1", "3": "2026-03-31", "4": "false", "5": "B", "8": "kept"}
    sale_id = await seed_sale(
        database,
        network_id,
        "aB-1",
        sold_at=datetime(2026, 3, 10, 3, 30, tzinfo=UTC),
        sub_id_1="fb1",
        status_id=2,
        sub_status_id=3,
        revenue=Decimal("999999999999.9999"),
        field_values=values,
        return_state="rejected",
        return_reason_id=3,
        updated_at=datetime(2026, 3, 11, 16, 0, 0, 5, tzinfo=UTC),
        update_count=4,
        sale_ref="R-7",
        buyer_lead_id="theirs",
    )
    rows = await rows_of(database, network_id, filters=(("sale_ref", "R-7"), ("buyer_lead_id", "theirs")))
    assert rows == await rows_of(database, network_id, filters=(("sale_id", str(sale_id)), ("lead_id", "Ab-1")))
    sold_at, updated_at = rows[0].pop("sold_at"), rows[0].pop("updated_at")
    assert sold_at.isoformat() == "2026-03-09T23:30:00-04:00"
    assert updated_at.isoformat() == "2026-03-11T12:00:00.000005-04:00"
    assert rows == [
        {
            "lead_id": "aB-1",
            "buyer_id": 10,
            "buyer": "Buyer 10",
            "buyer_contract_id": 217,
            "buyer_contract": "Contract 217",
            "campaign_id": 5,
            "campaign": "Search",
            "affiliate_id": 1,
            "affiliate": "Northbeam",
            "offer_id": 1,
            "offer": "Cash Now",
            "vertical_id": 1,
            "vertical": "Payday",
            "sub_id_1": "fb1",
            "sub_id_2": "",
            "sub_id_3": "",
            "sub_id_4": "",
            "sub_id_5": "",
            "sale_type": "exclusive",
            "status": "Funded",
            "sub_status": "Gone",
            "sold_price": Decimal(25),
            "revenue": Decimal("999999999999.9999"),
            "payout_share": Decimal(10),
            "return_state": "rejected",
            "return_reason": "Retired",
            "update_count": 4,
            "sale_id": sale_id,
            "sale_ref": "R-7",
            "buyer_lead_id": "theirs",
            "field_loan_amount": Decimal(15000),
            "field_note": "=1+1",
            "field_closed_on": date(2026, 3, 31),
            "field_insured": False,
            "field_grade": "B",
            "field_solar_kw": None,
            "field_theirs": None,
            "field_retired": "kept",
        }
    ]


async def test_reading_all_at_once_gives_what_the_pages_give(
    database: Database, network_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def everything(cursor: object) -> None:
        pytest.fail("more than a batch in memory")

    monkeypatch.setattr(psycopg.AsyncServerCursor, "fetchall", everything)
    world = await make_world(database, network_id, leads=60)
    await happen(database, world, 80)
    for order in (Order(), Order(Sort.STATUS, descending=False)):
        async with detail_of(database, network_id, order=order) as detail:
            page = await detail.page(PAGE_ROWS_MAX)
            rows = [row async for batch in detail.batches() for row in batch]
            assert rows == detail.cells(page.rows) and rows


async def blocks_read(database: Database, network_id: int, after: Placed | None, *, descending: bool) -> int:
    """How many blocks PostgreSQL looks at for one page, and by which index."""
    async with database.snapshot(network_id) as connection:
        network = await read_network(connection, network_id)
        found = Found(
            network_id=network_id,
            time_zone=network.time_zone,
            week_start=1,
            sold_from=FIRST,
            sold_to=LAST,
            filters=(),
            clauses=(),
        )
        statement = rows_statement(found, Order(descending=descending), after=after, limit=20)
        compiled = statement.compile(dialect=connection.dialect)
        explained = await connection.exec_driver_sql(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {compiled.string}", compiled.params
        )
        plan = explained.scalar_one()[0]["Plan"]
        assert "ix_sale_sold_at" in str(plan)
        return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


@pytest.mark.parametrize("descending", [True, False])
async def test_a_late_page_costs_what_the_first_costs(
    database: Database, network_id: int, migration_database_url: str, descending: bool
) -> None:
    await sell_many(database, network_id, 20_000)
    with psycopg.connect(migration_database_url, autocommit=True) as owner:
        owner.execute("ANALYZE sale")
    first = await blocks_read(database, network_id, None, descending=descending)
    # Three quarters of the way: nearer to the end PostgreSQL may rather sort the few rows that are left.
    place = datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(seconds=5_000 if descending else 15_000)
    late = await blocks_read(database, network_id, Placed(place.isoformat(), 0), descending=descending)
    assert late <= first + 20
