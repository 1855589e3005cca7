"""Buyer Reporting: who may have it, who is called silent, and that it agrees with everything one by one."""

import csv
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlalchemy import update

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.errors import Refused
from leadback.leads.months import add_months
from leadback.leads.update import Updates
from leadback.networks.actions import create_network, set_network
from leadback.networks.model import COMMAND_LINE
from leadback.networks.queries import read_network
from leadback.networks.settings import NetworkSettings
from leadback.parties.tables import buyer
from leadback.reports.buyer_reporting import buyer_reporting, buyer_reporting_document
from leadback.reports.buyer_reporting_model import BuyerReportingQuery
from tests.leads.test_update import call, caller_with
from tests.support.life import DAYS, Life
from tests.support.program import Program
from tests.support.seed import Seeded, seed_network, seed_sale
from tests.support.slow_buyers import read_buyers

pytestmark = pytest.mark.anyio

NEW_YORK = ZoneInfo("America/New_York")


async def report_of(database: Database, network_id: int, moment: datetime, **asked: Any) -> dict[str, Any]:
    """The report as JSON has it; without days, of the last 30."""
    today = moment.astimezone(NEW_YORK).date()
    given: dict[str, Any] = {"sold_from": today - timedelta(days=29), "sold_to": today} | asked
    async with database.snapshot(network_id) as connection:
        network = await read_network(connection, network_id)
        report = await buyer_reporting(connection, network, BuyerReportingQuery(**given), now=moment)
    return buyer_reporting_document(report)


class Silence:
    """Buyer 10, what it bought ten days before a moment, and what it says of it."""

    def __init__(self, database: Database, seeded: Seeded) -> None:
        self.database = database
        self.network_id = seeded.network_id
        self.seeded = seeded
        self.moment = now()

    async def sell(self, count: int, name: str = "L", **sold: Any) -> None:
        for number in range(count):
            values = {"sold_at": self.moment - timedelta(days=10)} | sold
            await seed_sale(self.database, self.network_id, f"{name}{number}", **values)

    async def call(self, lead_id: str, days_ago: float, status: str = "Contacted") -> None:
        updates = Updates(self.database)
        request = call(caller_with(self.seeded.key), lead_id, status=status)
        received_at = self.moment - timedelta(days=days_ago)
        origin = msgspec.structs.replace(request.origin, received_at=received_at)
        await updates.submit(msgspec.structs.replace(request, origin=origin))
        await updates.close()

    async def row(self) -> dict[str, Any]:
        (found,) = (await report_of(self.database, self.network_id, self.moment))["rows"]
        row: dict[str, Any] = found
        return row


@pytest.fixture
async def silence(database: Database, network_id: int) -> Silence:
    seeded = await seed_network(database, network_id)
    async with database.transaction(network_id) as connection:
        await add_months(connection, now().date() - timedelta(days=62), now().date())
    return Silence(database, seeded)


async def test_it_is_hidden_while_lead_statuses_is_switched_off(database: Database, network_id: int) -> None:
    async with database.transaction(network_id) as connection:
        await set_network(connection, network_id, NetworkSettings(lead_statuses=False), actor=COMMAND_LINE, now=now())
    with pytest.raises(Refused, match="leadback network set --lead-statuses on"):
        await report_of(database, network_id, now())


async def test_another_network_sees_nothing_of_it(database: Database, network_id: int, silence: Silence) -> None:
    await silence.sell(2)
    name = f"stranger of buyers of {network_id}"
    stranger = await create_network(database, name=name, time_zone="UTC", currency="USD", now=now())
    strange = await report_of(database, stranger, now())
    assert strange["rows"] == [] and strange["totals"]["coverage"] is None
    assert (await silence.row())["sales"] == 2


async def test_the_days_must_be_in_order(database: Database, network_id: int) -> None:
    with pytest.raises(Refused, match="is after the last"):
        await report_of(database, network_id, now(), sold_from=date(2026, 2, 2), sold_to=date(2026, 2, 1))


async def test_twenty_sales_past_their_lag_without_a_word_are_silence(silence: Silence) -> None:
    await silence.sell(19)
    assert (await silence.row())["silent"] is False
    # Tests, and what is younger than the three days of an unknown lag, count for nothing.
    await silence.sell(3, "young", sold_at=silence.moment - timedelta(days=2.9))
    await silence.sell(3, "test", is_test=True)
    row = await silence.row()
    assert (row["silent"], row["sales_past_lag"], row["sales"], row["usual_lag_known"]) == (False, 19, 22, False)
    await silence.sell(1, "old", sold_at=silence.moment - timedelta(days=3))
    row = await silence.row()
    assert (row["silent"], row["sales_past_lag"], row["sales_at_risk"], row["last_update"]) == (True, 20, 20, None)


@pytest.mark.parametrize(("days_ago", "silent"), [(2.99, False), (3, True)])
async def test_a_word_within_three_days_breaks_it(silence: Silence, days_ago: float, silent: bool) -> None:
    await silence.sell(21)
    await silence.call("L0", days_ago)
    row = await silence.row()
    assert (row["silent"], row["usual_interval_days"], row["sales_at_risk"]) == (silent, None, 20)
    assert row["first_status_seconds_median"] == round((10 - days_ago) * 86_400)


async def test_who_reports_weekly_is_waited_for_longer(silence: Silence) -> None:
    await silence.sell(30, sold_at=silence.moment - timedelta(days=40))
    for number, days_ago in enumerate((34, 27, 20)):
        await silence.call(f"L{number}", days_ago)
    row = await silence.row()
    assert (row["silent"], row["usual_interval_days"], row["silent_after_days"]) == (False, 7, 21)
    silence.moment += timedelta(days=1)
    assert (await silence.row())["silent"] is True


async def test_a_refused_call_is_a_call_but_no_word(silence: Silence) -> None:
    await silence.sell(20)
    await silence.call("L0", 0.1, status="Nonsense")
    row = await silence.row()
    assert row["silent"] is True and row["failed_calls"] == {"Invalid Lead Status": 1}
    assert row["last_update"] is None and row["last_call"] is not None


async def test_a_buyer_switched_off_is_never_silent(database: Database, network_id: int, silence: Silence) -> None:
    await silence.sell(25)
    assert (await silence.row())["silent"] is True
    async with database.transaction(network_id) as connection:
        own = (buyer.c.network_id == network_id) & (buyer.c.buyer_id == 10)
        await connection.execute(update(buyer).where(own).values(lead_statuses=False))
    row = await silence.row()
    assert (row["lead_statuses"], row["silent"], row["sales_at_risk"]) == (False, False, 25)


@pytest.mark.parametrize("seed", [1, 2])
async def test_it_agrees_with_everything_one_by_one(database: Database, network_id: int, seed: int) -> None:
    life = Life(database, network_id, seed)
    await life.begin()
    async for _ in life.past(170):
        pass
    await life.updates.close()
    slow = await read_buyers(database, network_id, NEW_YORK)
    silent = 0
    for later in (0, 20, 52, 75, 130):
        moment = now() + timedelta(days=later)
        for first in (DAYS + 2, 30, 6):
            days = now().date() - timedelta(days=first), now().date() - timedelta(days=1)
            found = await report_of(database, network_id, moment, sold_from=days[0], sold_to=days[1])
            wanted = slow.report(*days, moment)
            assert found == msgspec.to_builtins(wanted), (later, first)
            silent += found["totals"]["silent_buyers"]
    assert silent


async def test_the_command_prints_it(database_url: str, network_id: int, silence: Silence, tmp_path: Path) -> None:
    await silence.sell(21)
    await silence.call("L0", 5)
    await silence.call("L1", 0.5, status="Nonsense")
    program = Program({"LEADBACK_DATABASE_URL": database_url, "LEADBACK_NETWORK": str(network_id)})
    printed = program.json("report", "buyer-reporting", "--buyer", "Buyer 10")
    assert [(row["buyer"], row["silent"]) for row in printed["rows"]] == [("Buyer 10", True)]
    assert printed["totals"]["coverage"] == "0.0476"
    assert program.json("report", "buyer-reporting", "--buyer", "Buyer 11")["rows"] == []
    said = program.run("report", "buyer-reporting", "--contracts")
    rows = [
        [cell.strip() for cell in line.strip("│").split("│")] for line in said.stdout.splitlines() if line[0] == "│"
    ]
    assert [row[:4] for row in rows] == [
        ["Total", "1 silent", "21", "1   4.8%"],
        ["Buyer 10", "silent", "21", "1   4.8%"],
        ["Contract 217", "", "21", "1   4.8%"],
    ]
    assert rows[1][8:13] == ["5.0 d", "–", "20", "1", "Invalid Lead Status"]
    program.run_apart("report", "buyer-reporting", "--contracts", "--output", str(tmp_path / "buyers.csv"))
    with (tmp_path / "buyers.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(line["row_kind"], line["sales"], line["coverage"], line["failed_calls"]) for line in lines] == [
        ("total", "21", "0.0476", "1"),
        ("buyer", "21", "0.0476", "1"),
        ("contract", "21", "0.0476", ""),
    ]
    assert datetime.fromisoformat(lines[1]["last_update"]) == silence.moment - timedelta(days=5)
    assert "There is no buyer 'Acne'" in program.run("report", "buyer-reporting", "--buyer", "Acne", exit_code=2).stderr
