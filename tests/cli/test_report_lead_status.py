"""`leadback report lead-status`, run as its users run it."""

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from leadback.catalog.queries import read_catalog
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.update import Updates
from leadback.networks.actions import set_network
from leadback.networks.model import COMMAND_LINE
from leadback.networks.queries import read_network
from leadback.networks.settings import NetworkSettings
from leadback.reports.filter import parse_condition
from leadback.reports.lead_status import lead_status
from leadback.reports.lead_status_ratios import ratios_of
from leadback.reports.lead_status_rows import as_document
from leadback.reports.model import Dimension, LeadStatusQuery
from tests.leads.test_update import call, caller_with
from tests.support.program import Program
from tests.support.seed import seed_network, seed_sale
from tests.support.slow_report import slow_report
from tests.support.world import happen, make_world

pytestmark = pytest.mark.anyio

NEW_YORK = ZoneInfo("America/New_York")

FIRST, LAST = date(2026, 2, 22), date(2026, 3, 25)
SOLD = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
RANGE = ("--from", FIRST.isoformat(), "--to", LAST.isoformat())


@pytest.fixture
def program(database_url: str, network_id: int) -> Program:
    return Program({"LEADBACK_DATABASE_URL": database_url, "LEADBACK_NETWORK": str(network_id)})


async def test_it_says_how_to_switch_lead_statuses_on(database: Database, network_id: int, program: Program) -> None:
    async with database.transaction(network_id) as connection:
        settings = NetworkSettings(lead_statuses=False)
        await set_network(connection, network_id, settings, actor=COMMAND_LINE, now=now())
    said = program.run("report", "lead-status", exit_code=2)
    assert said.stdout == ""
    assert "switched off" in said.stderr and "leadback network set --lead-statuses on" in said.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--by", "publisher"), "There are: campaign, affiliate, sub_id"),
        (("--by", "campaign,"), "There is no dimension ''"),
        (("--by", "day,week,month"), "one dimension or by two"),
        (("--from", "01/31/2018"), "YYYY-MM-DD"),
        (("--from", "20180131"), "YYYY-MM-DD"),
        (("--to", "2018-02-30"), "YYYY-MM-DD"),
        (("--from", "2018-02-02", "--to", "2018-02-01"), "2018-02-02, is after the last, 2018-02-01"),
        (("--filter", "Acme"), "DIMENSION=NAME"),
        (("--column", "status:Wonn"), "There is no column 'status:Wonn' in this report. There are: leads, sales,"),
        (("--column", "sales", "--by-date-updated", "received"), "leave --column away"),
        (("--filter", "seller=Acme"), "There are: campaign, affiliate"),
        (("--filter", "buyer=Acme"), "There is no buyer 'Acme'. There are: none yet"),
    ],
)
async def test_it_refuses_and_says_what_is_allowed(program: Program, arguments: tuple[str, ...], says: str) -> None:
    said = program.run("report", "lead-status", *arguments, exit_code=2)
    assert said.stdout == ""
    assert says in said.stderr


async def test_json_is_the_report(database: Database, network_id: int, program: Program) -> None:
    world = await make_world(database, network_id, leads=40)
    await happen(database, world, 60)
    asked = ("--by", "affiliate,week", "--show-changes", "--filter", "sale_type=multi-sell", "--filter", "buyer=Acme")
    printed = program.json("report", "lead-status", *RANGE, *asked, "--filter", "buyer_id=11")
    filters = [("sale_type", "multi-sell"), ("buyer", "Acme"), ("buyer_id", "11")]
    assert printed == slow_report(
        world, FIRST, LAST, ["affiliate", "week"], show_changes=True, filters=filters, with_ratios=True
    )
    query = LeadStatusQuery(
        sold_from=FIRST,
        sold_to=LAST,
        by=(Dimension.AFFILIATE, Dimension.WEEK),
        show_changes=True,
        conditions=tuple(parse_condition(f"{name}={text}") for name, text in filters),
        with_index=True,
    )
    async with database.snapshot(network_id) as connection:
        report = await lead_status(connection, await read_network(connection, network_id), query)
        catalog = await read_catalog(connection, network_id)
    assert printed == as_document(report, ratios_of(report.totals, catalog))
    assert printed["rows"]


async def test_columns_that_are_chosen_are_all_there_is(database: Database, network_id: int, program: Program) -> None:
    world = await make_world(database, network_id, leads=40)
    await happen(database, world, 60)
    slow = slow_report(world, FIRST, LAST, ["buyer"], with_ratios=True)
    chosen = ("--column", "sales", "--column", "ratio:index", "--by", "buyer")
    rows = program.json("report", "lead-status", *RANGE, *chosen)["rows"]
    keys = {"row_kind", "buyer_id", "buyer"}
    assert all(set(row) == {*keys, "sales", "ratio:index"} for row in rows)
    assert [row["ratio:index"] for row in rows] == [
        numbers["ratios"]["index"] for numbers in (slow["totals"], *slow["rows"])
    ]
    printed = program.run("report", "lead-status", *RANGE, *chosen).stdout
    assert "ratio:index" in printed and "Revenue" not in printed
    for row in slow["rows"]:
        assert row["buyer"] in printed


async def test_without_dates_it_is_of_the_last_30_days_of_the_network(
    database: Database, network_id: int, program: Program
) -> None:
    await seed_network(database, network_id)
    async with database.snapshot(network_id) as connection:
        network = await read_network(connection, network_id)
    for days in range(28, 33):
        await seed_sale(database, network_id, f"D{days}", sold_at=now() - timedelta(days=days))
    earliest = network.day_of(now())
    printed = program.json("report", "lead-status", "--by", "day")
    latest = network.day_of(now())
    to = date.fromisoformat(printed["to"])
    # Midnight may pass meanwhile.
    assert earliest <= to <= latest
    assert date.fromisoformat(printed["from"]) == to - timedelta(days=29)
    assert printed["rows"][0]["day"] == printed["from"]


async def test_the_table_has_totals_first_and_says_what_it_is_of(
    database: Database, network_id: int, program: Program
) -> None:
    await seed_network(database, network_id)
    await seed_sale(database, network_id, "A1", sold_at=SOLD, status_id=2, sub_status_id=1, stage_reached=4, updated=1)
    await seed_sale(database, network_id, "B2", sold_at=SOLD)
    await seed_sale(database, network_id, "C3", sold_at=SOLD, campaign_id=6)
    await seed_sale(database, network_id, "D4", sold_at=SOLD, campaign_id=7)
    said = program.run("report", "lead-status", *RANGE, "--by", "campaign,affiliate", "--filter", "buyer=Buyer 10")
    heading, dates, only, *table = said.stdout.splitlines()
    assert heading == "Lead Status by campaign and affiliate"
    assert dates == "Date sold 2026-02-22 to 2026-03-25, time zone America/New_York, money in USD"
    assert only == "Only buyer=Buyer 10"
    columns = [word.strip() for word in table[1].strip("┃").split("┃")]
    assert columns == [
        *("Campaign", "Affiliate", "Sales", "Updated", "Contacted", "Funded", "Dead", "Solar Only", "Renamed"),
        *("No status", "Gross", "Revenue", "Payout", "Margin"),
        *("Reached: contacted", "Reached: qualified", "Reached: converted", "Reached: funded"),
    ]
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in table if line.startswith("│")]
    assert [row[:2] for row in rows] == [
        ["Total", ""],
        ["Search (5)", "Northbeam"],
        ["Mail", "Northbeam"],
        ["Search (7)", "Orchard"],
    ]
    assert rows[0][2:6] == ["4", "1  25.0%", "0   0.0%", "1  25.0%"]
    assert rows[0][9:14] == ["3  75.0%", "100.00", "100.00", "40.00", "60.00"]
    assert rows[1][2:6] == ["2", "1  50.0%", "0   0.0%", "1  50.0%"]
    assert said.stderr == ""


async def test_sub_statuses_open_and_a_name_in_brackets_is_a_name(
    database: Database, network_id: int, program: Program
) -> None:
    world = await make_world(database, network_id, leads=60)
    await happen(database, world, 250)
    said = program.run("report", "lead-status", *RANGE, "--show-sub-status", "--show-changes")
    assert "Updated sales only\nSales with a sub-status only\n" in said.stdout
    assert "Won: pet" in said.stdout and "Won: health" in said.stdout
    assert "[bold]Brackets" in said.stdout


async def test_an_empty_report_is_a_line_of_noughts(program: Program) -> None:
    said = program.run("report", "lead-status", *RANGE)
    assert "Total" in said.stdout and "–" in said.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--as-of", "yesterday"), "is not a moment such as"),
        (("--as-of", "2999-01-01"), "still to come"),
        (("--as-of", "2026-03-08T02:30"), "there is no such time in America/New_York"),
        (("--as-of", "2026-03-01", "--by-date-updated", "received"), "two reports"),
        (("--by-date-updated", "sold"), "'received', 'happened'"),
    ],
)
async def test_it_refuses_moments_there_are_not(program: Program, arguments: tuple[str, ...], says: str) -> None:
    said = program.run("report", "lead-status", *arguments, exit_code=2)
    assert said.stdout == "" and says in " ".join(said.stderr.split())


async def test_as_of_a_moment_is_of_the_days_up_to_it(database: Database, network_id: int, program: Program) -> None:
    await seed_network(database, network_id)
    await seed_sale(database, network_id, "A1", sold_at=SOLD, status_id=2, stage_reached=4, updated=1)
    await seed_sale(database, network_id, "B2", sold_at=SOLD + timedelta(hours=2))
    printed = program.json("report", "lead-status", "--as-of", "2026-03-10T13:00")
    assert (printed["from"], printed["to"]) == ("2026-02-09", "2026-03-10")
    assert printed["as_of"] == "2026-03-10T13:00:00-04:00"
    assert printed["totals"]["sales"] == 1
    said = program.run("report", "lead-status", "--as-of", "2026-03-10T18:00Z")
    assert said.stdout.splitlines()[2] == "As of 2026-03-10 14:00:00"


async def test_by_date_updated_repeats_stand_beside_the_sales(
    database: Database, network_id: int, program: Program
) -> None:
    seeded = await seed_network(database, network_id)
    await seed_sale(database, network_id, "A1", sold_at=SOLD)
    updates = Updates(database)
    for status in ("Funded", "Dead", "Funded"):
        request = call(caller_with(seeded.key), "A1", status=status, sub_status="Partial" if status == "Funded" else "")
        await updates.submit(request)
    await updates.close()
    asked = ("report", "lead-status", "--by-date-updated", "received", "--filter", "buyer=Buyer 10")
    printed = program.json(*asked)
    assert printed["totals"]["statuses"]["Funded"] == {"sales": 1, "repeats": 1, "sub_statuses": {"Partial": 1}}
    said = program.run(*asked, "--show-sub-status")
    heading, days, only, sub, *table = said.stdout.splitlines()
    assert heading == "Lead Status by campaign, by date updated" and days.startswith("Updates received ")
    assert (only, sub) == ("Only buyer=Buyer 10", "Sales with a sub-status only")
    columns = [word.strip() for word in table[1].strip("┃").split("┃")]
    assert columns[:6] == ["Campaign", "Updated", "Updates", "Entered Contacted", "Entered Funded", "Funded: Partial"]
    total = [cell.strip() for cell in table[3].strip("│").split("│")]
    assert total[:6] == ["Total", "1", "3", "0", "1 +1", "1"]


async def test_by_date_updated_a_file_has_the_numbers_of_the_document(
    database: Database, network_id: int, program: Program, tmp_path: Path
) -> None:
    seeded = await seed_network(database, network_id)
    await seed_sale(database, network_id, "A1", sold_at=now() - timedelta(days=2))
    updates = Updates(database)
    for status, sub_status in (("Contacted", ""), ("Funded", ""), ("Contacted", "By phone")):
        await updates.submit(call(caller_with(seeded.key), "A1", status=status, sub_status=sub_status))
    await updates.close()
    asked = ("report", "lead-status", "--by-date-updated", "received", "--by", "buyer,day")
    totals = program.json(*asked)["totals"]
    program.run_apart(*asked, "--show-sub-status", "--output", str(tmp_path / "updates.csv"))
    with (tmp_path / "updates.csv").open(encoding="utf-8", newline="") as file:
        total, row = csv.DictReader(file)
    assert (total["row_kind"], total["updates"], total["status:Contacted"]) == ("total", "3", "1")
    assert (row["buyer"], row["day"]) == ("Buyer 10", now().astimezone(NEW_YORK).date().isoformat())
    assert (row["repeats:Contacted"], row["sub_status:Contacted/"], row["sub_status:Contacted/By phone"]) == (
        *("1", "1", "1"),
    )
    assert total["adjustments"] == totals["adjustments"] == "0.0000"
