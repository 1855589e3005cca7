"""Reports > Lead Status: who may look, and that the page says what the report says, number by number."""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import update

from leadback.access.operator_model import Role
from leadback.access.operator_store import insert_operator, next_operator_id
from leadback.console.templating import number, percent
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.networks.actions import create_network, set_network
from leadback.networks.model import COMMAND_LINE
from leadback.networks.queries import read_network
from leadback.networks.settings import NetworkSettings
from leadback.parties.tables import buyer
from leadback.reports.lead_status import lead_status
from leadback.reports.model import Dimension, LeadStatusQuery
from tests.console.browsing import browsing, signed_in
from tests.console.report_table import Line, chips_of, columns_of, lines_of, messages_of, read_page, text_of
from tests.support.slow_report import slow_report
from tests.support.world import World, happen, make_world

pytestmark = pytest.mark.anyio

PATH = "/reports/lead-status"
FIRST, LAST = date(2026, 2, 22), date(2026, 3, 25)
DAYS = [("from", FIRST.isoformat()), ("to", LAST.isoformat())]
DIMENSIONS = [str(dimension) for dimension in Dimension]
FILTERS: list[tuple[tuple[str, str], ...]] = [
    (),
    (("campaign", "Search"),),
    (("buyer", "Acme"), ("sale_type", "multi-sell"), ("sale_type", "exclusive")),
    (("status", "Won"), ("status_id", "none")),
    (("sub_id_1", "fb1"), ("updated", "yes")),
    (("offer_id", "none"), ("reached", "contacted")),
]
EVERY_COLUMN = [
    *("leads", "sales", "updated", "updated_by_buyer", "ratio:coverage", "no_status"),
    *("gross", "adjustments", "revenue", "payout", "margin", "ratio:margin", "ratio:conversion", "ratio:negative"),
    *("returns:submitted", "returns:credited", "returns:replaced", "returns:rejected", "ratio:returned"),
    *("reached:contacted", "reached:qualified", "reached:converted", "reached:funded", "ratio:revenue_per_sale"),
]


def asked(*pairs: tuple[str, str], filters: Sequence[tuple[str, str]] = (), by: Sequence[str] = ()) -> str:
    """The address of a question about the world's days."""
    query = [*DAYS, *pairs, *(("filter", f"{name}={value}") for name, value in filters), *(("by", one) for one in by)]
    return f"{PATH}?{urlencode(query)}"


async def page_of(client: httpx.AsyncClient, address: str) -> Any:
    answer = await client.get(address)
    assert answer.status_code == 200, answer.text
    return read_page(answer)


async def manager_of(database: Database, network_id: int, *buyer_ids: int) -> int:
    """A new account manager, of these buyers."""
    async with database.transaction(network_id) as connection:
        operator_id = await next_operator_id(connection, network_id)
        values = {"name": "Max", "email": f"max{operator_id}@example.com", "role": str(Role.ACCOUNT_MANAGER)}
        await insert_operator(connection, network_id, values | {"operator_id": operator_id})
        own = (buyer.c.network_id == network_id) & buyer.c.buyer_id.in_(buyer_ids)
        await connection.execute(update(buyer).where(own).values(account_manager_id=operator_id))
    return operator_id


async def switch_off(database: Database, network_id: int) -> None:
    async with database.transaction(network_id) as connection:
        await set_network(connection, network_id, NetworkSettings(lead_statuses=False), actor=COMMAND_LINE, now=now())


def check_line(line: Line, row: dict[str, Any]) -> None:
    """One row of the page says what a row of the slow report says."""
    cells, sales = line.cells, row["sales"]

    def share(part: int) -> str:
        return percent(Decimal(part) / sales) if part else ""

    assert cells["sales"].text == number(sales)
    assert cells["updated"].text == number(row["updated"])
    for status, count in row["statuses"].items():
        cell = cells[f"status:{status}"]
        assert (cell.text, cell.share) == (number(count["sales"]), share(count["sales"])), (line.name, status)
    assert cells["no_status"].text == number(row["no_status"])
    for name in ("revenue", "payout", "margin"):
        assert cells[name].text == number(Decimal(row[name]), 2)
    returned = row["returns"]["credited"] + row["returns"]["replaced"]
    assert cells["ratio:returned"].text == percent(Decimal(returned) / sales)
    assert cells["ratio:coverage"].text == percent(Decimal(row["updated_by_buyer"]) / sales)
    assert cells["ratio:conversion"].text == percent(Decimal(row["reached"]["converted"]) / sales)
    loans = row["fields"]["loan_amount"]["sum"]
    assert cells["field:loan_amount"].text == ("–" if loans is None else summed(Decimal(loans)))


def check_page(page: Any, world: World, by: list[str], **asked_for: Any) -> int:
    """The page says what the slow report says; how many rows there were."""
    slow = slow_report(world, FIRST, LAST, by, **asked_for)
    lines = lines_of(page)
    if not slow["rows"]:
        assert lines == []
        return 0
    assert lines[0].name == "Total"
    assert len(lines) == 1 + len(slow["rows"])
    for line, row in zip(lines, [slow["totals"], *slow["rows"]], strict=True):
        check_line(line, row)
    return len(slow["rows"])


async def test_nobody_is_sent_to_sign_in_first(database: Database, network_id: int) -> None:
    async with browsing(database) as client:
        for path in (PATH, f"{PATH}/rows", f"{PATH}/headline", f"{PATH}/export?format=csv"):
            answer = await client.get(path)
            assert answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("role", list(Role))
async def test_every_role_may_look(database: Database, network_id: int, role: Role) -> None:
    async with signed_in(database, network_id, role) as client:
        page = await page_of(client, PATH)
    assert text_of(page.find(".//h1")) == "Lead Status"
    assert "No sales on these days" in text_of(page)


async def test_another_network_sees_nothing_of_it(database: Database, network_id: int) -> None:
    await make_world(database, network_id, leads=30)
    stranger = await create_network(
        database, name=f"stranger page {network_id}", time_zone="America/New_York", currency="USD", now=now()
    )
    async with signed_in(database, stranger) as client:
        assert lines_of(await page_of(client, asked())) == []


async def test_it_is_hidden_while_lead_statuses_is_switched_off(database: Database, network_id: int) -> None:
    await switch_off(database, network_id)
    async with signed_in(database, network_id) as client:
        page = await page_of(client, PATH)
        assert "switched off" in text_of(page)
        assert page.xpath("//*[@class='empty-actions']/a/@href") == ["/setup/settings"]
        assert (await client.get(f"{PATH}/export?format=csv")).status_code == 422
    async with signed_in(database, network_id, Role.REPORTING_ONLY) as client:
        assert (await page_of(client, PATH)).xpath("//*[@class='empty-actions']/a") == []


@pytest.mark.parametrize("seed", range(3))
async def test_it_shows_what_a_slow_computation_finds(database: Database, network_id: int, seed: int) -> None:
    dice = random.Random(seed)
    world = await make_world(database, network_id, leads=60, seed=seed)
    await happen(database, world, 120, seed=seed + 50)
    rows = 0
    async with signed_in(database, network_id, Role.REPORTING_ONLY) as client:
        for _ in range(6):
            by = dice.sample(DIMENSIONS, dice.choice((1, 1, 2)))
            filters = dice.choice(FILTERS)
            changes = dice.random() < 0.4
            pairs = [("changes", "on")] * changes
            page = await page_of(client, asked(*pairs, filters=filters, by=by))
            if "by two" not in text_of(page) and len(lines_of(page)) <= 200:
                rows += check_page(page, world, by, show_changes=changes, filters=filters)
    assert rows > 20


async def test_it_shows_what_the_report_says_in_every_column_and_base(database: Database, network_id: int) -> None:
    world = await make_world(database, network_id, leads=60)
    await happen(database, world, 150)
    pairs = [("column", name) for name in EVERY_COLUMN]
    async with database.snapshot(network_id) as connection:
        network = await read_network(connection, network_id)
        report = await lead_status(connection, network, LeadStatusQuery(sold_from=FIRST, sold_to=LAST))
    async with signed_in(database, network_id) as client:
        page = await page_of(client, asked(*pairs))
        of_updated = await page_of(client, asked(("share", "updated"), ("column", "status:Won"), ("column", "sales")))
    assert set(columns_of(page)) == set(EVERY_COLUMN)
    for line, numbers in zip(lines_of(page), [report.totals, *(row.numbers for row in report.rows)], strict=True):
        assert numbers.leads is not None
        cells = {name: cell.text for name, cell in line.cells.items()}
        assert cells["leads"] == number(numbers.leads)
        assert cells["updated_by_buyer"] == number(numbers.updated_by_buyer)
        assert cells["gross"] == number(numbers.gross, 2) and cells["adjustments"] == number(numbers.adjustments, 2)
        assert cells["ratio:margin"] == percent(numbers.margin / numbers.revenue)
        dead = numbers.statuses["Dead"].sales
        assert numbers.sales and cells["ratio:negative"].endswith("%") and dead <= numbers.sales
        for stage in ("contacted", "qualified", "converted", "funded"):
            assert cells[f"reached:{stage}"] == number(getattr(numbers.reached, stage))
        for state in ("submitted", "credited", "replaced", "rejected"):
            assert cells[f"returns:{state}"] == number(getattr(numbers.returns, state))
        assert cells["ratio:revenue_per_sale"] == number(numbers.revenue / numbers.sales, 2)
    won = report.totals.statuses["Won"].sales
    assert lines_of(of_updated)[0].cells["status:Won"].share == percent(Decimal(won) / report.totals.updated)


@pytest.mark.parametrize("pairs", [(), (("sub", "on"), ("changes", "on"))])
async def test_every_number_leads_to_as_many_sales(
    database: Database, network_id: int, pairs: tuple[tuple[str, str], ...]
) -> None:
    dice = random.Random(len(pairs))
    world = await make_world(database, network_id, leads=50)
    await happen(database, world, 120)
    chosen = [("column", name) for name in EVERY_COLUMN] if not pairs else []
    async with signed_in(database, network_id) as client:
        for by in (["sub_id"], ["offer", "week"], ["buyer_contract"]):
            page = await page_of(client, asked(*pairs, *chosen, by=by, filters=(("updated", "yes"), ("updated", "no"))))
            linked = [
                (cell.text, cell.href)
                for line in lines_of(page)
                for name, cell in line.cells.items()
                if cell.href and not name.startswith(("field:", "gross", "adj", "rev", "pay", "margin"))
            ]
            assert len(linked) > 15
            for text, href in dice.sample(linked, 12):
                listed = await page_of(client, href)
                sales = text_of(listed.find_class("summary")[0]).split()[0]
                assert sales == text, href
                assert len(lines_of(listed, _names(listed))) - 1 == int(text.replace(",", ""))


async def test_an_account_manager_sees_its_own_buyers_alone(database: Database, network_id: int) -> None:
    world = await make_world(database, network_id, leads=60)
    await happen(database, world, 120)
    operator_id = await manager_of(database, network_id, 10, 12)
    own = (("buyer_id", "10"), ("buyer_id", "12"))
    async with signed_in(database, network_id, operator_id=operator_id) as client:
        for by in (["campaign"], ["buyer"], ["sub_id"]):
            assert check_page(await page_of(client, asked(by=by)), world, by, filters=own) > 1
        # Even where a filter asks for more, and where nothing of its own is left.
        page = await page_of(client, asked(filters=(("sale_type", "exclusive"),)))
        check_page(page, world, ["campaign"], filters=(*own, ("sale_type", "exclusive")))
        exported = await client.get(f"{PATH}/export?{urlencode([*DAYS, ('format', 'json')])}")
        slow = slow_report(world, FIRST, LAST, ["campaign"], filters=own, with_ratios=True)
        assert exported.json()["totals"] == slow["totals"]
        for question in ("filter=buyer_id%3D11", "filter=buyer%3DZenith", "filter=buyer_contract_id%3D300"):
            answer = await client.get(f"{asked()}&{question}")
            assert answer.status_code == 422
            assert "There is no buyer" in messages_of(read_page(answer))
            assert "Zenith'" not in messages_of(read_page(answer)).partition("There are:")[2]
            assert (await client.get(f"{PATH}/export?format=csv&{question}")).status_code == 422
        detail = read_page(await client.get(f"/reports/lead-detail?{urlencode(DAYS)}"))
        totals = slow["totals"]["sales"]
        assert text_of(detail.find_class("summary")[0]) == f"{number(totals)} sales"
        offered = page.xpath("//select[@name='filter']/optgroup[@label='Buyer']/option/text()")
        assert offered == ["Acme", "Loans & Co"]


async def test_an_account_manager_without_buyers_sees_nothing(database: Database, network_id: int) -> None:
    await make_world(database, network_id, leads=30)
    async with signed_in(database, network_id, Role.ACCOUNT_MANAGER) as client:
        for path in (PATH, "/reports/lead-detail", "/reports/buyer-reporting"):
            answer = await client.get(f"{path}?{urlencode(DAYS)}")
            assert answer.status_code == 200
            assert lines_of(read_page(answer), []) == []


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("period=tomorrow", "There is no period 'tomorrow'. There are: today, yesterday"),
        ("from=2026-03-01&to=yesterday", "'yesterday' is no date. Write it as YYYY-MM-DD"),
        ("from=2026-03-05&to=2026-03-01", "The first day, 2026-03-05, is after the last"),
        ("from=2000-01-01&to=2026-03-01", "at most 3700 days"),
        ("by=colour", "There is no dimension 'colour'. There are: campaign"),
        ("by=campaign&by=campaign&by=day&by=buyer", "by one dimension or by two"),
        ("filter=buyer%3DAcne", "There is no buyer 'Acne'"),
        ("filter=colour%3Dred", "no dimension 'colour' to filter by"),
        ("as_of=2099-01-01T00:00", "still to come"),
        ("as_of=then", "'then' is no moment"),
        ("as_of=2026-03-08T02:30", "the clocks went forward"),
        ("as_of=2026-03-01T00:00&entered=received", "two reports"),
        ("entered=never", "received or happened"),
        ("share=half", "There is no base 'half'"),
        ("page=0", "'0' is no page"),
    ],
)
async def test_it_says_what_is_wrong_and_keeps_the_rest(
    database: Database, network_id: int, query: str, says: str
) -> None:
    await make_world(database, network_id, leads=30)
    async with signed_in(database, network_id) as client:
        answer = await client.get(f"{PATH}?changes=on&filter=sale_type%3Dexclusive&{query}")
        exported = await client.get(f"{PATH}/export?format=csv&{query}")
    page = read_page(answer)
    assert answer.status_code == 422
    assert says in messages_of(page)
    assert any("Sale type: exclusive" in chip for chip in chips_of(page))
    assert page.xpath("//a[@role='switch' and contains(., 'Show Changes')]/@aria-checked") == ["true"]
    assert lines_of(page) == []
    assert exported.status_code == 422 or query == "page=0"


async def test_rows_open_in_place_down_to_the_sales(database: Database, network_id: int) -> None:
    world = await make_world(database, network_id, leads=80)
    await happen(database, world, 120)
    async with signed_in(database, network_id) as client:
        page = await page_of(client, asked())
        columns = columns_of(page)
        chosen = urlencode([("column", name) for name in columns])
        line = lines_of(page)[1]
        for level in (1, 2):
            inside = await client.get(f"{line.inside}&{chosen}")
            lines = lines_of(read_page(inside), columns)
            assert {one.level for one in lines} == {level}
            for name in ("sales", "no_status", "status:Won", "status:Dead"):
                told = [int(one.cells[name].text.replace(",", "")) for one in lines]
                assert sum(told) == int(line.cells[name].text.replace(",", ""))
            # Without scripts the same rows are a page.
            there = lines_of(await page_of(client, line.opens))[1:]
            assert [one.cells["sales"].text for one in there] == [one.cells["sales"].text for one in lines]
            line = lines[0]
        assert line.inside == ""
        listed = await page_of(client, line.href)
        assert text_of(listed.find_class("summary")[0]).split()[0] == line.cells["sales"].text


async def test_rows_are_sorted_by_any_column_and_paged_with_totals_over_all(
    database: Database, network_id: int
) -> None:
    world = await make_world(database, network_id, leads=400)
    by = ["day", "sub_id"]
    slow = slow_report(world, FIRST, LAST, by)
    async with signed_in(database, network_id) as client:
        first = await page_of(client, asked(("sort", "revenue"), by=by))
        second = await page_of(client, asked(("sort", "revenue"), ("page", "2"), by=by))
        beyond = await page_of(client, asked(("sort", "revenue"), ("page", "99"), by=by))
        by_name = await page_of(client, asked(("sort", "-name"), by=["buyer"]))
    found = lines_of(first)[1:] + lines_of(second)[1:]
    amounts = [Decimal(line.cells["revenue"].text.replace(",", "")) for line in found]
    assert len(lines_of(first)) == 201
    assert len(found) == len(slow["rows"]) and amounts == sorted(amounts)
    assert lines_of(first)[0] == lines_of(second)[0]
    assert lines_of(beyond) == lines_of(second)
    check_line(lines_of(first)[0], slow["totals"])
    assert [line.name for line in lines_of(by_name)[1:]] == ["Zenith 11", "Loans & Co 12", "Acme 10"]


async def test_the_days_before_are_compared_at_equal_age(database: Database, network_id: int) -> None:
    world = await make_world(database, network_id, leads=80)
    await happen(database, world, 120)
    first, last = date(2026, 3, 8), date(2026, 3, 21)
    question = urlencode([("from", first.isoformat()), ("to", last.isoformat())])
    async with database.snapshot(network_id) as connection:
        network = await read_network(connection, network_id)
        present = await lead_status(connection, network, LeadStatusQuery(sold_from=first, sold_to=last))
        days = timedelta(days=14)
        before = await lead_status(
            connection,
            network,
            LeadStatusQuery(sold_from=first - days, sold_to=last - days, as_of=network.local(now()) - days),
        )
    async with signed_in(database, network_id) as client:
        part = text_of(await page_of(client, f"{PATH}/headline?{question}"))
        whole = text_of(await page_of(client, f"{PATH}?{question}&compare=on"))
    growth = Decimal(present.totals.sales - before.totals.sales) / before.totals.sales
    assert before.totals.sales > 10
    for text in (part, whole):
        assert f"Sales {number(present.totals.sales)} {'+' if growth > 0 else ''}{percent(growth)}" in text
        assert "vs. Feb 22 – Mar 7 at equal age" in text


async def test_the_chart_has_the_reports_days_and_greys_the_young(database: Database, network_id: int) -> None:
    world = await make_world(database, network_id, leads=60)
    await happen(database, world, 80)
    async with signed_in(database, network_id) as client:
        page = await page_of(client, asked())
    slow = slow_report(world, FIRST, LAST, ["day"])
    table = page.find_class("chart-table")[0]
    told = [[text_of(cell) for cell in row] for row in table.iter("tr")]
    assert len(told) == 1 + (LAST - FIRST).days + 1
    sold = {row["day"]: row for row in slow["rows"]}
    for place, row in enumerate(told[1:]):
        day = (FIRST + timedelta(days=place)).isoformat()
        for name, text in zip(told[0][1:], row[1:], strict=True):
            wanted = sold.get(day)
            count = 0
            if wanted is not None:
                count = wanted["no_status"] if name == "No status" else wanted["statuses"][name]["sales"]
            assert text == number(count), (day, name)
    assert "young" not in text_of(table)


async def test_by_date_updated_and_as_of_open_no_lists(database: Database, network_id: int) -> None:
    world = await make_world(database, network_id, leads=40)
    await happen(database, world, 60)
    moment = f"{datetime(2026, 3, 20, 12, tzinfo=UTC):%Y-%m-%dT%H:%M}"
    async with signed_in(database, network_id) as client:
        past = await page_of(client, asked(("as_of", moment)))
        entered = await page_of(client, asked(("entered", "received")))
        as_file = await client.get(f"{PATH}/export?{urlencode([*DAYS, ('entered', 'received'), ('format', 'json')])}")
    assert len(lines_of(past)) > 2
    for line in lines_of(past):
        assert all(cell.href == "" for cell in line.cells.values())
    assert not entered.xpath("//table[contains(@class, 'data')]//td//a")
    assert as_file.json()["by_date_updated"] == "received"


def _names(page: Any) -> list[str]:
    """The columns of Lead Detail, where not each can be sorted by."""
    return [text_of(cell) for cell in page.xpath("//thead//th[@scope='col']")][1:]


def summed(value: Decimal) -> str:
    """A field's sum as people write it: nothing of it rounded away."""
    places = 0 if value == int(value) else 2 if value == round(value, 2) else 4
    return f"{value:,.{places}f}".replace("-", "−")
