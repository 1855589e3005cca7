"""Revenue adjustments: they agree with every row of the ledger, and every number with the list behind it."""

import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.errors import Refused
from leadback.kit.list_queries import Wanted
from leadback.leads.months import add_months
from leadback.leads.returns import submit_return
from leadback.networks.queries import read_network
from leadback.reports.revenue_adjustments import KEYS, count_adjusted, list_adjusted, revenue_adjustments
from leadback.reports.revenue_adjustments_model import (
    Adjusted,
    Adjusting,
    AdjustmentNumbers,
    AdjustmentsQuery,
    AdjustmentsReport,
)
from tests.leads.test_returns import buyer_says
from tests.support.changes import who
from tests.support.importing import read
from tests.support.life import DAYS, Life
from tests.support.seed import read_sale, seed_network, seed_sale

pytestmark = pytest.mark.anyio

NEW_YORK = ZoneInfo("America/New_York")
NAMES = {
    "any": Adjusting.ANY,
    "raised": Adjusting.RAISED,
    "lowered": Adjusting.LOWERED,
    "lowered_without_return": Adjusting.LOWERED_WITHOUT_RETURN,
    "with_return": Adjusting.WITH_RETURN,
    "over_price": Adjusting.OVER_PRICE,
}


async def report_of(
    database: Database, network_id: int, first: date, last: date, by: Sequence[str] = KEYS, **asked: Any
) -> AdjustmentsReport:
    async with database.snapshot(network_id) as connection:
        query = AdjustmentsQuery(received_from=first, received_to=last, **asked)
        return await revenue_adjustments(connection, await read_network(connection, network_id), query, by=by)


async def listed(
    database: Database, network_id: int, first: date, last: date, *, limit: int = 7, **asked: Any
) -> list[tuple[int, int]]:
    """Sale and version of every row of the list, page by page."""
    query = AdjustmentsQuery(received_from=first, received_to=last, **asked)
    found: list[tuple[int, int]] = []
    wanted = Wanted(descending=True)
    async with database.snapshot(network_id) as connection:
        network = await read_network(connection, network_id)
        for offset in range(0, await count_adjusted(connection, network, query), limit):
            page = await list_adjusted(connection, network, query, wanted.part(offset, limit))
            found += [(row.sale_id, row.version) for row in page]
    return found


async def slow_rows(database: Database, network_id: int) -> list[dict[str, Any]]:
    """Every adjustment of whatever day, found by looking at each row of the ledger by itself."""
    runs = await read(database, network_id, "SELECT * FROM run WHERE network_id = :network_id")
    undone = {run["undoes_run_id"] for run in runs}
    rows = []
    for row in await read(database, network_id, "SELECT * FROM lead_update WHERE network_id = :network_id"):
        sale = await read_sale(database, network_id, row["sale_id"])
        of_undone = row["run_id"] is not None and row["run_id"] in undone
        if (
            sale.is_test
            or row["kind"] in ("import", "undo")
            or of_undone
            or row["revenue_before"] == row["revenue_after"]
        ):
            continue
        price = sale.sold_price
        rows.append(
            {
                "sale": (row["sale_id"], row["version"]),
                "received_at": row["received_at"],
                "day": row["received_at"].astimezone(NEW_YORK).date(),
                "buyer_id": sale.buyer_id,
                "delta": row["revenue_after"] - row["revenue_before"],
                "any": True,
                "raised": row["revenue_after"] > row["revenue_before"],
                "lowered": row["revenue_after"] < row["revenue_before"],
                "lowered_without_return": "revenue lowered without return" in row["flags"],
                "with_return": "amount with return" in row["flags"],
                "over_price": price > 0 and row["revenue_after"] > price * 5,
            }
        )
    return rows


def slow_numbers(rows: Sequence[Mapping[str, Any]]) -> AdjustmentNumbers:
    sums = {}
    for name in NAMES:
        meant = [row["delta"] for row in rows if row[name]]
        sums[name] = Adjusted(len(meant), sum(meant, Decimal(0)))
    return AdjustmentNumbers(sales=len({row["sale"][0] for row in rows}), **sums)


@pytest.mark.parametrize("seed", [1, 2])
async def test_it_agrees_with_every_row_of_the_ledger(database: Database, network_id: int, seed: int) -> None:
    life = Life(database, network_id, seed)
    await life.begin()
    async for _ in life.past(110):
        pass
    async for _ in life.present(12):
        pass
    await life.updates.close()
    rows = await slow_rows(database, network_id)
    today = now().astimezone(NEW_YORK).date()
    buyers = sorted({row["buyer_id"] for row in rows})
    scopes: list[dict[str, Any]] = [{}, {"buyer_id": buyers[0]}, {"buyer_ids": frozenset(buyers[:1])}]
    scopes += [{"buyer_ids": frozenset(buyers[1:]), "buyer_id": buyers[0]}, {"buyer_ids": frozenset[int]()}]
    spans = [(today - timedelta(days=DAYS + 1), today), (today - timedelta(days=20), today - timedelta(days=5))]
    for scope, (first, last) in itertools.product(scopes, spans):
        meant = [row for row in rows if first <= row["day"] <= last and _in_scope(row, scope)]
        for by in (KEYS, ("day",), ("buyer_id",)):
            report = await report_of(database, network_id, first, last, by, **scope)
            assert report.totals == slow_numbers(meant), (scope, by)
            found = {tuple(getattr(row, name) for name in by): row.numbers for row in report.rows}
            keys = {tuple(row[name] for name in by) for row in meant}
            assert found == {
                key: slow_numbers([row for row in meant if tuple(row[name] for name in by) == key]) for key in keys
            }
        for name, adjusting in NAMES.items():
            behind = [row["sale"] for row in sorted(meant, key=_latest_first) if row[name]]
            assert await listed(database, network_id, first, last, adjusting=adjusting, **scope) == behind
    assert sum(row["lowered_without_return"] for row in rows) > 3
    assert sum(row["with_return"] for row in rows) > 0


def _in_scope(row: Mapping[str, Any], scope: Mapping[str, Any]) -> bool:
    return row["buyer_id"] in scope.get("buyer_ids", [row["buyer_id"]]) and row["buyer_id"] == scope.get(
        "buyer_id", row["buyer_id"]
    )


def _latest_first(row: Mapping[str, Any]) -> tuple[float, int, int]:
    sale_id, version = row["sale"]
    return -row["received_at"].timestamp(), -sale_id, -version


async def test_days_begin_and_end_with_the_networks(database: Database, network_id: int) -> None:
    await seed_network(database, network_id)
    async with database.transaction(network_id) as connection:
        await add_months(connection, date(2026, 3, 1), date(2026, 3, 31))
    # In New York the clocks go forward on 8 March: it begins at 5 and ends at 4 in UTC.
    for number, moment in enumerate(
        (
            datetime(2026, 3, 8, 4, 59, 59, tzinfo=UTC),
            datetime(2026, 3, 8, 5, 0, tzinfo=UTC),
            datetime(2026, 3, 9, 3, 59, 59, tzinfo=UTC),
            datetime(2026, 3, 9, 4, 0, tzinfo=UTC),
        )
    ):
        await _credited_at(database, network_id, f"A{number}", moment)
    report = await report_of(database, network_id, date(2026, 3, 8), date(2026, 3, 8), ("day",))
    assert [(row.day, row.numbers.any.rows) for row in report.rows] == [(date(2026, 3, 8), 2)]


async def _credited_at(database: Database, network_id: int, lead_id: str, moment: datetime) -> None:
    """A sale whose return takes its revenue with it at this moment."""
    sale_id = await seed_sale(database, network_id, lead_id, sold_at=moment - timedelta(days=1))
    async with database.transaction(network_id) as connection:
        await connection.exec_driver_sql(
            "UPDATE network SET return_approval = 'automatic_credit', credit_sets_revenue_to_zero = true"
        )
        await submit_return(connection, network_id, sale_id, return_reason_id=1, **(who() | {"now": moment}))


async def test_five_times_the_price_is_not_yet_over_it(database: Database, network_id: int) -> None:
    seeded = await seed_network(database, network_id)
    await seed_sale(database, network_id, "AT")
    over = await seed_sale(database, network_id, "OVER")
    await seed_sale(database, network_id, "FREE", sold_price=Decimal(0), revenue=Decimal(0))
    await seed_sale(database, network_id, "TEST", is_test=True)
    for lead_id, amount in (("AT", "125"), ("OVER", "125.0001"), ("FREE", "1"), ("TEST", "1000")):
        await buyer_says(database, seeded, lead_id, amount=Decimal(amount), add_to_existing=False)
    today = now().astimezone(NEW_YORK).date()
    report = await report_of(database, network_id, today - timedelta(days=1), today)
    assert report.totals.over_price == Adjusted(1, Decimal("100.0001"))
    assert report.totals.any == Adjusted(3, Decimal("201.0001"))
    found = await listed(database, network_id, today - timedelta(days=1), today, adjusting=Adjusting.OVER_PRICE)
    assert found == [(over, 2)]


async def test_what_makes_no_sense_is_refused(database: Database, network_id: int) -> None:
    day = date(2026, 3, 8)
    with pytest.raises(Refused, match="is after the last"):
        await report_of(database, network_id, day, day - timedelta(days=1))
    for by in ((), ("campaign_id",)):
        with pytest.raises(Refused, match="Rows are by day or buyer_id or both"):
            await report_of(database, network_id, day, day, by)
    empty = await report_of(database, network_id, day, day)
    assert (empty.rows, empty.totals) == ((), slow_numbers([]))
