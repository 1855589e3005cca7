"""`leadback report lead-detail`, run as its users run it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from leadback.kit.database import Database
from tests.support.program import Program
from tests.support.seed import seed_network, seed_sale
from tests.support.world import happen, make_world

pytestmark = pytest.mark.anyio

SOLD = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
RANGE = ("--from", "2026-02-22", "--to", "2026-03-25")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--from", "yesterday"), "YYYY-MM-DD"),
        (("--filter", "seller=Acme"), "There are: campaign, affiliate"),
        (("--row", "buyer=Acme"), "There is no buyer 'Acme'. There are: none yet"),
        (("--cell", "profit"), "There is no column 'profit' in the Lead Status report"),
        (("--sort", "profit"), "There are: sold_at, lead_id, buyer"),
        (("--sort", "revenue:down"), "revenue:asc or revenue:desc, not 'revenue:down'"),
        (("--limit", "0"), "1 to 10000 rows, not 0"),
        (("--after", "page2"), "'page2' is not of this list"),
    ],
)
async def test_it_refuses_and_says_what_is_allowed(program: Program, arguments: tuple[str, ...], says: str) -> None:
    said = program.run("report", "lead-detail", *arguments, exit_code=2)
    assert said.stdout == "" and says in said.stderr


async def test_the_table_says_what_it_is_of(database: Database, network_id: int, program: Program) -> None:
    await seed_network(database, network_id)
    sold = {"sold_at": SOLD, "status_id": 2, "sub_status_id": 1, "field_values": {"1": "15000.0000"}}
    await seed_sale(database, network_id, "A1", **sold, revenue=Decimal("40.5"))
    await seed_sale(database, network_id, "B2", sold_at=SOLD, campaign_id=7)
    asked = ("--filter", "buyer=Buyer 10", "--row", "affiliate_id=1", "--cell", "status:Funded", "--totals")
    said = program.run("report", "lead-detail", *RANGE, *asked)
    title, dates, only, *table = said.stdout.splitlines()
    assert title == "Lead Detail by Buyer"
    assert dates == "Date sold 2026-02-22 to 2026-03-25, time zone America/New_York, money in USD"
    assert only == "Only buyer=Buyer 10, affiliate_id=1, status:Funded"
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in table if line.startswith("│")]
    assert rows == [
        [
            *("A1", "2026-03-10 12:00", "Buyer 10", "Contract 217", "Search", "Northbeam", "Funded", "Full Payment"),
            *("25.0000", "40.5000", "10.0000", "", "", "0"),
        ]
    ]
    assert said.stderr == (
        "In all: 1 sales, sold price 25.0000, revenue 40.5000, payout share 10.0000, loan_amount 15000.0000\n"
    )


async def test_pages_lead_to_one_another(database: Database, network_id: int, program: Program) -> None:
    await seed_network(database, network_id)
    for place in range(7):
        await seed_sale(database, network_id, f"L{place}", sold_at=SOLD, revenue=Decimal(place % 3))
    asked = ("report", "lead-detail", *RANGE, "--sort", "revenue", "--limit", "3")
    first = program.json(*asked, "--totals")
    assert first["totals"]["sales"] == 7 and first["totals"]["revenue"] == "6.0000"
    second = program.json(*asked, "--after", first["after"])
    third = program.json(*asked, "--after", second["after"])
    assert third["after"] is None
    leads = [row["lead_id"] for page in (first, second, third) for row in page["rows"]]
    assert leads == ["L5", "L2", "L4", "L1", "L6", "L3", "L0"]
    said = program.run(*asked)
    assert said.stderr == f"There are more: --after {first['after']}\n"


async def test_a_cell_of_the_report_leads_to_its_sales(database: Database, network_id: int, program: Program) -> None:
    world = await make_world(database, network_id, leads=80)
    await happen(database, world, 200)
    shared = (*RANGE, "--filter", "sale_type=multi-sell", "--show-changes")
    report = program.json("report", "lead-status", *shared, "--by", "campaign,buyer")
    row = next(row for row in report["rows"] if row["statuses"]["Won"]["sales"])
    keys = ("--row", f"campaign_id={row['campaign_id']}", "--row", f"buyer_id={row['buyer_id']}")
    found = program.json("report", "lead-detail", *shared, *keys, "--cell", "status:Won")
    assert len(found["rows"]) == row["statuses"]["Won"]["sales"]
    assert {sale["status"] for sale in found["rows"]} == {"Won"}
