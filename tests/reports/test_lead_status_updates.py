"""The Lead Status report by date updated: what counts as entering, and that it agrees with every row of the ledger."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.errors import Refused
from leadback.leads.months import add_months
from leadback.leads.update import Updates
from leadback.networks.actions import create_network, set_network
from leadback.networks.model import COMMAND_LINE
from leadback.networks.queries import read_network
from leadback.networks.settings import NetworkSettings
from leadback.reports.filter import parse_condition
from leadback.reports.lead_status_updates import lead_status_updates, updates_document
from leadback.reports.lead_status_updates_model import LeadStatusUpdatesQuery, Moment
from leadback.reports.model import Dimension
from tests.leads.test_update import call, caller_with
from tests.reports.test_lead_status import DIMENSIONS, FILTERS, FLAGS, PAIRS
from tests.support.life import DAYS, Life
from tests.support.seed import Seeded, seed_network, seed_sale
from tests.support.slow_updates import read_entries, slow_updates

pytestmark = pytest.mark.anyio

NEW_YORK = ZoneInfo("America/New_York")
# The clocks go forward on the 8th, at two.
CHANGE = date(2026, 3, 8)


async def report_of(
    database: Database, network_id: int, by: list[str], first: date, last: date, moment: str = "received", **asked: Any
) -> dict[str, Any]:
    """The report as JSON has it."""
    async with database.snapshot(network_id) as connection:
        query = LeadStatusUpdatesQuery(
            updated_from=first,
            updated_to=last,
            by=tuple(Dimension(name) for name in by),
            moment=Moment(moment),
            conditions=tuple(parse_condition(f"{name}={text}") for name, text in asked.pop("filters", ())),
            show_changes=asked.pop("show_changes", False),
            show_sub_status=asked.pop("show_sub_status", False),
        )
        network = await read_network(connection, network_id)
        return updates_document(await lead_status_updates(connection, network, query, **asked))


class Caller:
    """A buyer who calls at given moments."""

    def __init__(self, database: Database, seeded: Seeded) -> None:
        self.updates = Updates(database)
        self.caller = caller_with(seeded.key)

    async def call(self, moment: datetime, status: str, lead_id: str = "A1", **more: Any) -> None:
        request = call(self.caller, lead_id, status=status, **more)
        origin = msgspec.structs.replace(request.origin, received_at=moment)
        outcome = await self.updates.submit(msgspec.structs.replace(request, origin=origin))
        assert outcome.answer.success, outcome


@pytest.fixture
async def caller(database: Database, network_id: int) -> Caller:
    """A buyer, and lead A1 sold to it in February."""
    seeded = await seed_network(database, network_id)
    await seed_sale(database, network_id, "A1", sold_at=datetime(2026, 2, 2, tzinfo=UTC))
    async with database.transaction(network_id) as connection:
        await add_months(connection, date(2026, 2, 1), date(2026, 3, 31))
    return Caller(database, seeded)


async def test_it_is_hidden_while_lead_statuses_is_switched_off(database: Database, network_id: int) -> None:
    async with database.transaction(network_id) as connection:
        await set_network(connection, network_id, NetworkSettings(lead_statuses=False), actor=COMMAND_LINE, now=now())
    with pytest.raises(Refused, match="leadback network set --lead-statuses on"):
        await report_of(database, network_id, ["campaign"], CHANGE, CHANGE)


async def test_another_network_sees_nothing_of_it(database: Database, network_id: int, caller: Caller) -> None:
    await caller.call(datetime(2026, 3, 8, 12, tzinfo=UTC), "Funded")
    name = f"stranger by date updated of {network_id}"
    stranger = await create_network(database, name=name, time_zone="UTC", currency="USD", now=now())
    found = await report_of(database, stranger, ["campaign"], CHANGE, CHANGE)
    assert (found["rows"], found["totals"]["updates"], found["totals"]["adjustments"]) == ([], 0, "0.0000")
    assert (await report_of(database, network_id, ["campaign"], CHANGE, CHANGE))["totals"]["sales"] == 1


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"first": CHANGE + timedelta(days=1), "last": CHANGE}, "is after the last"),
        ({"by": ["day", "week", "month"]}, "by one dimension or by two"),
        ({"filters": [("buyer", "Acne")]}, "There are: Buyer 10, Buyer 11"),
    ],
)
async def test_it_refuses_what_it_cannot_answer(
    database: Database, network_id: int, caller: Caller, asked: dict[str, Any], says: str
) -> None:
    plain: dict[str, Any] = {"by": ["campaign"], "first": CHANGE, "last": CHANGE}
    with pytest.raises(Refused, match=says):
        await report_of(database, network_id, **(plain | asked))


async def test_a_sale_counts_once_under_a_status_it_enters_twice(
    database: Database, network_id: int, caller: Caller
) -> None:
    for hour, status in ((10, "Funded"), (11, "Funded"), (12, "Dead"), (13, "Funded")):
        await caller.call(datetime(2026, 3, 8, hour, tzinfo=UTC), status)
    totals = (await report_of(database, network_id, ["campaign"], CHANGE, CHANGE))["totals"]
    assert (totals["updated"], totals["updates"], totals["sales"]) == (1, 4, 1)
    assert totals["statuses"]["Funded"] == {"sales": 1, "repeats": 1, "sub_statuses": {"": 1}}
    assert totals["statuses"]["Dead"] == {"sales": 1, "repeats": 0, "sub_statuses": {"": 1}}
    assert totals["statuses"]["Contacted"] == {"sales": 0, "repeats": 0, "sub_statuses": {}}


async def test_what_comes_out_of_order_enters_nothing(database: Database, network_id: int, caller: Caller) -> None:
    await caller.call(datetime(2026, 3, 8, 12, tzinfo=UTC), "Funded")
    await caller.call(datetime(2026, 3, 8, 13, tzinfo=UTC), "Contacted", happened_at="2026-03-07")
    totals = (await report_of(database, network_id, ["campaign"], CHANGE, CHANGE))["totals"]
    assert (totals["updates"], totals["statuses"]["Contacted"]["sales"]) == (2, 0)


async def test_days_begin_and_end_in_the_networks_zone(database: Database, network_id: int, caller: Caller) -> None:
    # 23:30 on the 7th, 0:30 and 23:30 on the 8th, 0:30 on the 9th; the 8th has 23 hours.
    moments = ((8, 4, 30), (8, 5, 30), (9, 3, 30), (9, 4, 30))
    for (day, hour, minute), status in zip(moments, ("Contacted", "Funded", "Dead", "Renamed"), strict=True):
        await caller.call(datetime(2026, 3, day, hour, minute, tzinfo=UTC), status)
    found = await report_of(database, network_id, ["day"], CHANGE, CHANGE)
    assert [row["day"] for row in found["rows"]] == ["2026-03-08"]
    assert {name for name, entered in found["totals"]["statuses"].items() if entered["sales"]} == {"Funded", "Dead"}
    whole = await report_of(database, network_id, ["day"], CHANGE - timedelta(days=1), CHANGE + timedelta(days=1))
    assert [row["day"] for row in whole["rows"]] == ["2026-03-07", "2026-03-08", "2026-03-09"]
    assert [row["updated"] for row in whole["rows"]] == [1, 1, 1] and whole["totals"]["updated"] == 1


async def test_by_what_happened_a_late_call_counts_on_its_day(
    database: Database, network_id: int, caller: Caller
) -> None:
    await caller.call(datetime(2026, 3, 20, 12, tzinfo=UTC), "Funded", happened_at="2026-03-08T22:00")
    assert (await report_of(database, network_id, ["day"], CHANGE, CHANGE))["rows"] == []
    happened = await report_of(database, network_id, ["day"], CHANGE, CHANGE, "happened")
    assert [(row["day"], row["statuses"]["Funded"]["sales"]) for row in happened["rows"]] == [("2026-03-08", 1)]


@pytest.mark.parametrize("seed", [1, 2])
async def test_it_agrees_with_every_row_of_the_ledger(database: Database, network_id: int, seed: int) -> None:
    life = Life(database, network_id, seed)
    await life.begin()
    async for _ in life.past(110):
        pass
    async for _ in life.present(12):
        pass
    await life.updates.close()
    dice = random.Random(seed)
    first, last = now().date() - timedelta(days=DAYS - 10), now().date() - timedelta(days=1)
    entered = 0
    for moment in Moment:
        entries = await read_entries(database, network_id, NEW_YORK, moment)
        for number in range(22):
            by = [DIMENSIONS[number]] if number < len(DIMENSIONS) else list(dice.choice(PAIRS))
            asked: dict[str, Any] = dice.choice([FLAGS[0], FLAGS[0], *FLAGS]) | {"filters": dice.choice([(), *FILTERS])}
            last = dice.choice([last, now().date() + timedelta(days=1)])
            found = await report_of(database, network_id, by, first, last, moment, **asked)
            assert found == slow_updates(entries, first, last, by, moment, **asked), (by, moment, asked)
            entered += found["totals"]["sales"]
    assert entered > 100
