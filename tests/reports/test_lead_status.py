"""The Lead Status report: who may have it, what it says, and that it agrees with every sale one by one."""

import asyncio
import itertools
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.errors import Refused
from leadback.leads.fold import fold
from leadback.networks.actions import create_network, set_network
from leadback.networks.model import COMMAND_LINE
from leadback.networks.queries import read_network
from leadback.networks.settings import NetworkSettings
from leadback.reports.filter import parse_condition
from leadback.reports.lead_status import REPORT_DAYS_MAX, lead_status
from leadback.reports.lead_status_rows import as_document
from leadback.reports.model import Dimension, LeadStatusQuery
from tests.support.seed import seed_network, seed_sale
from tests.support.slow_report import slow_report
from tests.support.world import World, happen, make_world

pytestmark = pytest.mark.anyio

FIRST, LAST = date(2026, 2, 22), date(2026, 3, 25)
DIMENSIONS = [str(dimension) for dimension in Dimension]
PAIRS = list(itertools.combinations(DIMENSIONS, 2))
FLAGS = [{"show_changes": one, "show_sub_status": two} for one in (False, True) for two in (False, True)]
FILTERS: list[tuple[tuple[str, str], ...]] = [
    (),
    (("campaign", "Search"),),
    (("campaign_id", "7"),),
    (("affiliate", "Orchard"), ("affiliate_id", "3")),
    (("offer", "Cash Now"), ("vertical", "Solar")),
    (("buyer", "Acme"), ("buyer", "Loans & Co"), ("sale_type", "multi-sell")),
    (("buyer_contract", "Standard"),),
    (("buyer_contract_id", "301"), ("status", "Won"), ("status", "Dead")),
    (("sub_id", "fb1"),),
    (("sub_id_1", ""), ("sub_id_4", "google"), ("sub_id_4", "fb2")),
    (("sub_id_3", "fb2"), ("campaign", "Search"), ("status", "Old")),
    (("sub_id_5", "nobody"),),
    (("day", "2026-03-08"), ("day", "2026-03-10"), ("buyer", "Acme")),
    (("month", "2026-03"), ("sub_id", "fb1")),
    (("week", "2026-03-02"),),
    (("offer_id", "none"), ("offer", "Cash Now")),
    (("status_id", "none"),),
    (("sub_status", "phone"), ("sub_status_id", "none")),
    (("return_state", "none"), ("return_state", "credited"), ("updated", "by_others"), ("updated", "no")),
    (("updated", "yes"), ("reached", "qualified")),
    (("return_reason", "Duplicate"), ("campaign", "Search")),
    (("return_reason_id", "none"), ("reached", "funded")),
    (("lead_id", "LEAD7"), ("lead_id", "lead8")),
]


async def report_of(database: Database, network_id: int, by: Sequence[str], **asked: Any) -> dict[str, Any]:
    """The report as JSON has it."""
    async with database.snapshot(network_id) as connection:
        network = await read_network(connection, network_id)
        filters = asked.pop("filters", ())
        first, last = asked.pop("first", FIRST), asked.pop("last", LAST)
        query = LeadStatusQuery(
            sold_from=first,
            sold_to=last,
            by=tuple(Dimension(name) for name in by),
            conditions=tuple(parse_condition(f"{name}={text}") for name, text in filters),
            show_changes=asked.pop("show_changes", False),
            show_sub_status=asked.pop("show_sub_status", False),
            as_of=asked.pop("as_of", None),
        )
        return as_document(await lead_status(connection, network, query, **asked))


async def check(database: Database, world: World, by: Sequence[str], *, week_start: int = 1, **asked: Any) -> int:
    """Compare one report with the slow one; how many sales it counts."""
    found = await report_of(database, world.network_id, by, **asked)
    assert found == slow_report(world, FIRST, LAST, by, week_start=week_start, **asked), (by, asked)
    sales: int = found["totals"]["sales"]
    return sales


async def check_many(database: Database, world: World, seed: int, *, pairs: int) -> None:
    """Every dimension, some pairs and some filters, each with flags of its own."""
    dice = random.Random(seed)
    for dimension in DIMENSIONS:
        assert await check(database, world, [dimension], **dice.choice(FLAGS)) > 20
    for pair in dice.sample(PAIRS, pairs):
        await check(database, world, dice.sample(pair, 2), **dice.choice(FLAGS), filters=dice.choice(FILTERS))
    for filters in dice.sample(FILTERS, 6):
        await check(database, world, [dice.choice(DIMENSIONS)], **dice.choice(FLAGS), filters=filters)


async def fold_all(database: Database, network_id: int, *, rows_max: int = 10_000) -> None:
    async with database.transaction(network_id) as connection:
        await fold(connection, network_id, rows_max=rows_max)


async def test_it_is_hidden_while_lead_statuses_is_switched_off(database: Database, network_id: int) -> None:
    async with database.transaction(network_id) as connection:
        await set_network(connection, network_id, NetworkSettings(lead_statuses=False), actor=COMMAND_LINE, now=now())
    with pytest.raises(Refused, match="leadback network set --lead-statuses on"):
        await report_of(database, network_id, ["campaign"])


async def test_another_network_sees_nothing_of_it(database: Database, network_id: int) -> None:
    world = await make_world(database, network_id, leads=30)
    stranger = await create_network(
        database, name=f"stranger of {network_id}", time_zone="America/New_York", currency="USD", now=now()
    )
    strange = await report_of(database, stranger, ["campaign"])
    assert strange["rows"] == [] and strange["totals"]["sales"] == 0
    await check(database, world, ["campaign"])


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"filters": [("buyer", "Acne")]}, "There are: Acme, Loans & Co, Zenith"),
        ({"filters": [("campaign_id", "Search")]}, "There are: 5, 6, 7, 8, 9"),
        ({"filters": [("sale_type", "double")]}, "There are: exclusive, multi-sell, replacement"),
        ({"filters": [("offer_id", "")]}, "There are: none, 1, 2"),
        ({"filters": [("campaign_id", "none")]}, "There are: 5, 6"),
        ({"filters": [("updated", "maybe")]}, "There are: yes, no, by_buyer, by_others"),
        ({"filters": [("return_state", "open")]}, "There are: none, submitted, credited"),
        ({"filters": [("reached", "none")]}, "There are: contacted, qualified"),
        ({"filters": [("sale_id", "A1")]}, "'A1' is no sale_id; it is a number"),
        ({"filters": [("colour", "red")]}, "There are: campaign, affiliate, offer"),
        ({"filters": [("day", "yesterday")]}, "'yesterday' is no day; it is written as 2026-01-31"),
        ({"filters": [("month", "2026-13")]}, "'2026-13' is no month; it is written as 2026-01"),
        ({"first": LAST, "last": FIRST}, "2026-03-25, is after the last, 2026-02-22"),
        ({"first": date(2000, 1, 1)}, f"at most {REPORT_DAYS_MAX} days"),
        ({"by": ["campaign", "campaign"]}, "two different ones"),
        ({"by": ["campaign", "day", "buyer"]}, "by one dimension or by two"),
        ({"by": []}, "by one dimension or by two"),
        ({"cells_max": 4}, "fewer days"),
    ],
)
async def test_it_refuses_what_it_cannot_answer_and_says_what_it_can(
    database: Database, network_id: int, asked: dict[str, Any], says: str
) -> None:
    await make_world(database, network_id, leads=30)
    with pytest.raises(Refused, match=says):
        await report_of(database, network_id, asked.pop("by", ["campaign"]), **asked)


async def test_a_filter_that_is_no_pair_is_refused() -> None:
    with pytest.raises(Refused, match="DIMENSION=NAME"):
        parse_condition("Acme")


async def test_a_name_that_holds_an_equals_sign_can_be_filtered_by() -> None:
    assert parse_condition("campaign=a=b").value == "a=b"


@pytest.mark.parametrize("flags", FLAGS)
async def test_it_agrees_with_every_sale_one_by_one(
    database: Database, network_id: int, flags: dict[str, bool]
) -> None:
    world = await make_world(database, network_id)
    await happen(database, world, 250)
    for dimension in DIMENSIONS:
        assert await check(database, world, [dimension], **flags) > 20
    for pair in PAIRS[FLAGS.index(flags) :: len(FLAGS)]:
        await check(database, world, pair, **flags)
    for filters in FILTERS:
        await check(database, world, ["campaign"], **flags, filters=filters)


async def test_it_agrees_however_much_is_folded(database: Database, network_id: int) -> None:
    world = await make_world(database, network_id)
    await happen(database, world, 250)
    await fold_all(database, network_id, rows_max=200)
    await check_many(database, world, 2, pairs=6)
    await fold_all(database, network_id)
    await happen(database, world, 150, seed=3)
    await check_many(database, world, 3, pairs=6)
    await fold_all(database, network_id)
    await check_many(database, world, 4, pairs=6)


@pytest.mark.parametrize("week_start", [1, 3, 7])
async def test_a_week_begins_on_the_networks_day(database: Database, network_id: int, week_start: int) -> None:
    world = await make_world(database, network_id, leads=60)
    async with database.transaction(network_id) as connection:
        await set_network(connection, network_id, NetworkSettings(week_start=week_start), actor=COMMAND_LINE, now=now())
    await check(database, world, ["week"], week_start=week_start)
    await check(database, world, ["sub_id", "week"], week_start=week_start)


@pytest.mark.parametrize("time_zone", ["Europe/London", "Asia/Kathmandu", "Pacific/Kiritimati"])
async def test_a_sale_counts_on_its_day_in_the_networks_zone(database: Database, time_zone: str) -> None:
    network_id = await create_network(
        database, name=f"in {time_zone} {now()}", time_zone=time_zone, currency="EUR", now=now()
    )
    world = await make_world(database, network_id, leads=80, time_zone=time_zone)
    await check(database, world, ["day"])
    await check(database, world, ["sub_id", "day"])


async def test_both_ends_of_the_range_are_included(database: Database, network_id: int) -> None:
    world = await make_world(database, network_id, leads=60)
    day = world.sold[0].sale.sold_on
    found = await report_of(database, network_id, ["day"], first=day, last=day)
    assert [row["day"] for row in found["rows"]] == [day.isoformat()]
    assert found == slow_report(world, day, day, ["day"])


async def test_leads_are_not_counted_by_those_who_share_them(database: Database, network_id: int) -> None:
    await make_world(database, network_id, leads=30)
    for by in (["buyer"], ["campaign", "buyer_contract"], ["sale_type"]):
        assert (await report_of(database, network_id, by))["totals"]["leads"] is None
    filtered = await report_of(database, network_id, ["campaign"], filters=[("buyer_id", "10")])
    assert filtered["totals"]["leads"] is None
    assert (await report_of(database, network_id, ["campaign"]))["totals"]["leads"] > 0


async def test_the_document_has_this_shape(database: Database, network_id: int) -> None:
    await seed_network(database, network_id)
    sold: dict[str, Any] = {"sold_at": datetime(2026, 3, 10, 16, 0, tzinfo=UTC), "updated": 1, "stage_reached": 4}
    funded = sold | {"status_id": 2, "revenue": Decimal(40), "field_values": {"1": "15000.0000"}}
    await seed_sale(database, network_id, "A1", **funded, sub_status_id=1)
    again = sold | {"status_id": 2, "revenue": Decimal(0), "return_state": "credited", "stage_reached": 1}
    await seed_sale(database, network_id, "A1", **again, buyer_contract_id=218, first_of_lead=False)
    await seed_sale(database, network_id, "B2", sold_at=sold["sold_at"], campaign_id=7)
    await seed_sale(database, network_id, "T3", **funded, is_test=True)
    assert await report_of(database, network_id, ["affiliate"]) == GOLDEN


async def test_it_stays_exact_while_another_folds(database: Database, network_id: int) -> None:
    world = await make_world(database, network_id, leads=100)
    await happen(database, world, 200)
    wanted = slow_report(world, FIRST, LAST, ["campaign"])
    reading = asyncio.Event()
    folded = 0

    async def fold_on() -> int:
        await reading.wait()
        total = 0
        while True:
            async with database.transaction(network_id) as connection:
                done = await fold(connection, network_id, rows_max=9)
            total += done
            if not done:
                return total

    folding = asyncio.create_task(fold_on())
    reports = 0
    while not folding.done() and reports < 1_000:
        reading.set()
        assert await report_of(database, network_id, ["campaign"]) == wanted
        reports += 1
    folded = await folding
    assert folded > 300 and reports > 5
    assert await report_of(database, network_id, ["campaign"]) == wanted


def numbers(changes: dict[str, Any]) -> dict[str, Any]:
    """The numbers of one row that was sold once, and what differs from that."""
    nothing = {"sales": 0, "sub_statuses": {}}
    statuses = dict.fromkeys(("Contacted", "Funded", "Dead", "Solar Only", "Renamed"), nothing)
    plain = {
        "leads": 1,
        "sales": 1,
        "updated": 0,
        "updated_by_buyer": 0,
        "statuses": statuses | changes.get("statuses", {}),
        "no_status": 1,
        "fields": {"loan_amount": {"sum": None}},
        "gross": "25.0000",
        "adjustments": "0.0000",
        "revenue": "25.0000",
        "payout": "10.0000",
        "margin": "15.0000",
        "returns": {"submitted": 0, "credited": 0, "replaced": 0, "rejected": 0},
        "reached": {"contacted": 0, "qualified": 0, "converted": 0, "funded": 0},
    }
    return plain | {name: value for name, value in changes.items() if name != "statuses"}


REPORTED: dict[str, Any] = {
    "updated": 2,
    "updated_by_buyer": 2,
    "statuses": {"Funded": {"sales": 2, "sub_statuses": {"Full Payment": 1, "": 1}}},
    "fields": {"loan_amount": {"sum": "15000.0000"}},
    "returns": {"submitted": 0, "credited": 1, "replaced": 0, "rejected": 0},
    "reached": {"contacted": 2, "qualified": 1, "converted": 1, "funded": 1},
}
NORTHBEAM: dict[str, Any] = REPORTED | {
    "sales": 2,
    "no_status": 0,
    "gross": "50.0000",
    "adjustments": "-10.0000",
    "revenue": "40.0000",
    "payout": "20.0000",
    "margin": "20.0000",
}
TOTALS: dict[str, Any] = REPORTED | {
    "leads": 2,
    "sales": 3,
    "gross": "75.0000",
    "adjustments": "-10.0000",
    "revenue": "65.0000",
    "payout": "30.0000",
    "margin": "35.0000",
}
GOLDEN: dict[str, Any] = {
    "from": "2026-02-22",
    "to": "2026-03-25",
    "by": ["affiliate"],
    "rows": [
        {"affiliate_id": 1, "affiliate": "Northbeam"} | numbers(NORTHBEAM),
        {"affiliate_id": 2, "affiliate": "Orchard"} | numbers({}),
    ],
    "totals": numbers(TOTALS),
}
