"""As of a past moment: the report is, number by number, the one that was shown then."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.errors import Refused
from leadback.leads.update import Updates
from leadback.networks.actions import create_network
from tests.leads.test_update import call, caller_with
from tests.reports.test_lead_status import DIMENSIONS, FILTERS, FLAGS, PAIRS, report_of
from tests.support.importing import import_rows
from tests.support.life import DAYS, Life
from tests.support.recompute import check_ledger, check_numbers
from tests.support.seed import seed_network, seed_sale
from tests.support.world import happen, make_world

pytestmark = pytest.mark.anyio


async def as_of(database: Database, network_id: int, moment: datetime, by: list[str], **asked: Any) -> dict[str, Any]:
    """The report of a moment, without that moment."""
    found = await report_of(database, network_id, by, as_of=moment, **asked)
    assert found.pop("as_of") == moment.isoformat()
    return found


def question(dice: random.Random) -> tuple[list[str], dict[str, Any]]:
    """Something to ask: one dimension or two, flags, and a filter in every other case."""
    by = [dice.choice(DIMENSIONS)] if dice.random() < 0.4 else list(dice.choice(PAIRS))
    filters = dice.choice(FILTERS) if dice.random() < 0.5 else ()
    return by, dice.choice([FLAGS[0], FLAGS[0], *FLAGS]) | {"filters": filters}


async def test_a_moment_still_to_come_is_refused(database: Database, network_id: int) -> None:
    with pytest.raises(Refused, match="still to come"):
        await report_of(database, network_id, ["campaign"], as_of=now() + timedelta(minutes=1))


async def test_another_network_sees_nothing_of_it(database: Database, network_id: int) -> None:
    await make_world(database, network_id, leads=30)
    name = f"stranger as of {network_id}"
    stranger = await create_network(database, name=name, time_zone="UTC", currency="USD", now=now())
    assert (await as_of(database, stranger, now(), ["campaign"]))["rows"] == []


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_report_of_the_past_is_the_one_that_was_shown(
    database: Database, network_id: int, seed: int
) -> None:
    life = Life(database, network_id, seed)
    await life.begin()
    first, last = now().date() - timedelta(days=DAYS - 5), now().date() + timedelta(days=1)
    dice = random.Random(seed)
    shown = []

    async def look(moment: datetime) -> None:
        by, asked = question(dice)
        shown.append((moment, by, asked, await report_of(database, network_id, by, first=first, last=last, **asked)))

    async for moment in life.past(70):
        await look(moment)
    async for moment in life.present(35):
        await look(moment)
    await life.updates.close()
    await check_numbers(database, network_id)
    assert await check_ledger(database, network_id) > 30
    for moment, by, asked, report in shown:
        found = await as_of(database, network_id, moment, by, first=first, last=last, **asked)
        assert found == report, (moment, by, asked)
    assert sum(report["totals"]["sales"] > 3 for *_, report in shown) > 25
    assert any(report["totals"]["fields"]["score"]["max"] for *_, report in shown)


async def test_as_of_now_it_is_the_report(database: Database, network_id: int) -> None:
    world = await make_world(database, network_id)
    await happen(database, world, 250)
    dice = random.Random(5)
    for _ in range(8):
        by, asked = question(dice)
        assert await as_of(database, network_id, now(), by, **asked) == await report_of(
            database, network_id, by, **asked
        )


async def test_what_came_upon_a_later_receipt_had_not_come_either(database: Database, network_id: int) -> None:
    seeded = await seed_network(database, network_id)
    await seed_sale(database, network_id, "A1", sold_at=now() - timedelta(days=3))
    updates = Updates(database)
    moment = now() - timedelta(hours=1)
    # Two processes: the one that was called first was the last to get hold of the sale.
    for seconds, status, value in ((2, "Contacted", "1"), (1, "Funded", "5")):
        given = {"status": status, "fields": (("loan_amount", value),), "amount": Decimal(seconds)}
        request = call(caller_with(seeded.key), "A1", add_to_existing=False, **given)
        origin = msgspec.structs.replace(request.origin, received_at=moment + timedelta(seconds=seconds))
        await updates.submit(msgspec.structs.replace(request, origin=origin))
    await updates.close()
    days = {"first": date(2020, 1, 1), "last": date(2029, 1, 1)}
    before = (await as_of(database, network_id, moment + timedelta(seconds=1.5), ["day"], **days))["totals"]
    assert (before["no_status"], before["updated"], before["revenue"]) == (1, 0, "25.0000")
    assert before["fields"]["loan_amount"]["sum"] is None
    after = (await as_of(database, network_id, moment + timedelta(seconds=2), ["day"], **days))["totals"]
    assert (after["statuses"]["Contacted"]["sales"], after["fields"]["loan_amount"]["sum"]) == (1, "5.0000")
    assert after["revenue"] == "1.0000"


async def test_a_lead_sold_again_had_its_whole_payout_at_its_first_sale(database: Database, network_id: int) -> None:
    await seed_network(database, network_id)
    first, second = datetime(2026, 3, 7, 12, tzinfo=UTC), datetime(2026, 3, 9, 12, tzinfo=UTC)
    price = {"sold_price": "20", "payout": "10"}
    await import_rows(database, network_id, price | {"sold_at": first.isoformat()})
    row = price | {"sold_at": second.isoformat(), "buyer_contract": "Contract 218", "sold_price": "60"}
    await import_rows(database, network_id, row)
    by_day = (await report_of(database, network_id, ["day"]))["rows"]
    assert [row["payout"] for row in by_day] == ["2.5000", "7.5000"]
    then = await as_of(database, network_id, second - timedelta(seconds=1), ["day"])
    assert [(row["day"], row["payout"]) for row in then["rows"]] == [("2026-03-07", "10.0000")]
