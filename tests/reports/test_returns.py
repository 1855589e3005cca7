"""The returns queue as a read model: what is found, in which order, page by page, and what stands beside it."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.errors import Refused
from leadback.leads.fold import fold
from leadback.leads.returns import reject_returns
from leadback.networks.queries import read_network
from leadback.reports.returns import list_returns
from leadback.reports.returns_model import RATE_DAYS, ReturnsPage, ReturnsQuery
from leadback.reports.returns_owed import find_disagreements
from tests.leads.test_returns import buyer_says
from tests.support.changes import who
from tests.support.seed import Seeded, seed_network, seed_sale

pytestmark = pytest.mark.anyio

SOLD = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)
TODAY = date(2026, 3, 31)


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    return await seed_network(database, network_id)


async def ask(database: Database, network_id: int, *, today: date = TODAY, **asked: Any) -> ReturnsPage:
    paging = {name: asked.pop(name) for name in ("limit", "after") if name in asked}
    async with database.snapshot(network_id) as connection:
        network = await read_network(connection, network_id)
        return await list_returns(connection, network, ReturnsQuery(**asked), today=today, **paging)


async def returned(database: Database, network_id: int, lead_id: str, **changes: Any) -> int:
    """A sale that stands returned, put there without a ledger."""
    given: dict[str, Any] = {
        "sold_at": SOLD,
        "return_state": "submitted",
        "return_reason_id": 1,
        "returned_at": SOLD + timedelta(days=3),
    }
    return await seed_sale(database, network_id, lead_id, **(given | changes))


@pytest.mark.usefixtures("seeded")
async def test_every_filter_finds_its_own(database: Database, network_id: int) -> None:
    plain = await returned(database, network_id, "A1")
    # 4 March 23:30 and 5 March 00:30 in New York.
    late = await returned(database, network_id, "A2", returned_at=datetime(2026, 3, 5, 4, 30, tzinfo=UTC))
    later = await returned(database, network_id, "A3", returned_at=datetime(2026, 3, 5, 5, 30, tzinfo=UTC))
    credited = await returned(database, network_id, "A4", return_state="credited", return_reason_id=2)
    other = await returned(database, network_id, "A5", buyer_id=11, buyer_contract_id=300)
    second = await returned(database, network_id, "A6", buyer_contract_id=218, sold_at=SOLD - timedelta(days=1))
    test = await returned(database, network_id, "A7", is_test=True)
    await seed_sale(database, network_id, "A8", sold_at=SOLD)
    everything = [plain, credited, other, second, late, later]
    asked: list[tuple[dict[str, Any], list[int]]] = [
        ({}, everything),
        ({"tests": True}, [plain, credited, other, second, test, late, later]),
        ({"states": ("credited", "rejected")}, [credited]),
        ({"states": ("submitted",)}, [plain, other, second, late, later]),
        ({"buyer_id": 11}, [other]),
        ({"buyer_contract_id": 218}, [second]),
        ({"return_reason_id": 2}, [credited]),
        ({"returned_from": date(2026, 3, 5)}, [later]),
        ({"returned_to": date(2026, 3, 4)}, [plain, credited, other, second, late]),
        ({"returned_to": date(9999, 12, 31), "returned_from": date(1, 1, 1)}, everything),
        ({"sold_to": date(2026, 2, 28)}, [second]),
        ({"sold_from": date(2026, 3, 1), "states": ("submitted",), "buyer_id": 10}, [plain, late, later]),
    ]
    for query, found in asked:
        page = await ask(database, network_id, **query)
        assert sorted(row.sale_id for row in page.returns) == sorted(found), query
        moments = [(row.returned_at, row.sale_id) for row in page.returns]
        assert moments == sorted(moments)
        anew = await ask(database, network_id, **(query | {"states": ()}))
        assert page.counts == anew.counts
        assert Counter(page.counts) == Counter({"rejected": 0, "replaced": 0, "submitted": 0, "credited": 0}) + Counter(
            row.state for row in anew.returns
        )


@pytest.mark.usefixtures("seeded")
async def test_pages_follow_each_other_without_gap_or_repeat(database: Database, network_id: int) -> None:
    ids = [
        await returned(database, network_id, f"A{number}", returned_at=SOLD + timedelta(days=number // 3))
        for number in range(8)
    ]
    seen: list[int] = []
    after = None
    for _ in range(4):
        page = await ask(database, network_id, states=("submitted",), limit=2, after=after)
        seen += [row.sale_id for row in page.returns]
        after = page.after
    assert (seen, after) == (ids, None)
    first = await ask(database, network_id, limit=2)
    with pytest.raises(Refused, match="is not of this list"):
        await ask(database, network_id, states=("credited",), after=first.after)


async def test_a_row_has_what_is_needed_to_decide(database: Database, network_id: int, seeded: Seeded) -> None:
    sale_id = await seed_sale(database, network_id, "a1", sale_ref="R1")
    zero = {"amount": Decimal(0), "add_to_existing": False}
    await buyer_says(database, seeded, "A1", return_reason_id=2, amount=Decimal(5), add_to_existing=False)
    async with database.transaction(network_id) as connection:
        await reject_returns(connection, network_id, [sale_id], note="Not yet", **who())
    await buyer_says(database, seeded, "A1", amount=Decimal(30), add_to_existing=False)
    await buyer_says(database, seeded, "A1", return_reason_id=1, **zero)
    async with database.snapshot(network_id) as connection:
        network = await read_network(connection, network_id)
    (row,) = (await ask(database, network_id, today=network.day_of(now()))).returns
    assert (row.sale_id, row.sale_ref, row.lead_id, row.buyer, row.buyer_contract) == (
        sale_id,
        "R1",
        "a1",
        "Buyer 10",
        "Contract 217",
    )
    assert (row.state, row.return_reason, row.decided_at, row.notes) == ("submitted", "Invalid phone", None, ())
    assert (row.sold_price, row.revenue_before, row.revenue, row.amount_with_return) == (
        Decimal(25),
        Decimal(30),
        Decimal(0),
        True,
    )
    assert (row.max_return_age_days, row.last_return_day) == (30, row.sold_on + timedelta(days=30))
    async with database.transaction(network_id) as connection:
        await reject_returns(connection, network_id, [sale_id], note="Reached them", **who())
    (row,) = (await ask(database, network_id)).returns
    assert row.decided_at is not None
    assert [(note.actor, note.state, note.note) for note in row.notes] == [("Ada", "rejected", "Reached them")]


@pytest.mark.usefixtures("seeded")
async def test_the_rate_is_of_the_buyers_sales_of_the_last_days_folded_or_not(
    database: Database, network_id: int
) -> None:
    for number, state in enumerate((None, "submitted", "credited", "replaced", "rejected", None, None)):
        contract = 217 if number % 2 else 218
        await returned(database, network_id, f"A{number}", return_state=state, buyer_contract_id=contract)
    await returned(database, network_id, "OLD", return_state="credited", sold_at=SOLD - timedelta(days=200))
    await returned(database, network_id, "TEST", return_state="credited", is_test=True)
    await returned(database, network_id, "B1", buyer_id=11, buyer_contract_id=300)
    for _ in range(2):
        page = await ask(database, network_id)
        rates = {row.buyer_id: row.buyer_returns for row in page.returns}
        assert (rates[10].sales, rates[10].submitted, rates[10].credited, rates[10].replaced) == (7, 1, 1, 1)
        assert (rates[10].return_rate, rates[11].return_rate) == (Decimal("0.2857"), Decimal(0))
        async with database.transaction(network_id) as connection:
            await fold(connection, network_id)
    last = date(2026, 3, 1) + timedelta(days=RATE_DAYS - 1)
    assert (await ask(database, network_id, today=last)).returns[-1].buyer_returns.sales > 0
    page = await ask(database, network_id, today=last + timedelta(days=1))
    assert [row.buyer_returns.return_rate for row in page.returns] == [None] * len(page.returns)


@pytest.mark.usefixtures("seeded")
async def test_disagreements_are_of_paid_sales_alone_and_the_count_is_of_all(
    database: Database, network_id: int
) -> None:
    wrong: dict[str, dict[str, Any]] = {
        "A1": {"return_state": "credited"},
        "A2": {"return_state": None, "revenue": Decimal(-1)},
        "A3": {"return_state": "rejected", "revenue": Decimal(0)},
    }
    right: dict[str, dict[str, Any]] = {
        "B1": {"return_state": "credited", "revenue": Decimal(0)},
        "B2": {"return_state": "submitted", "revenue": Decimal(0)},
        "B3": {"return_state": "replaced", "revenue": Decimal(0)},
        "B4": {"return_state": None, "revenue": Decimal(0), "sold_price": Decimal(0)},
        "B5": {"return_state": "rejected"},
        "B6": {"return_state": "credited", "is_test": True},
        "B7": {"return_state": "credited", "sold_at": SOLD - timedelta(days=1)},
    }
    ids = [await returned(database, network_id, lead_id, **changes) for lead_id, changes in wrong.items()]
    for lead_id, changes in right.items():
        await returned(database, network_id, lead_id, **changes)
    async with database.snapshot(network_id) as connection:
        network = await read_network(connection, network_id)
        day = date(2026, 3, 1)
        found = await find_disagreements(connection, network, sold_from=day, sold_to=day, limit=2)
        everything = await find_disagreements(connection, network, sold_from=day, sold_to=day)
    assert ([sale.sale_id for sale in found.sales], found.count) == (ids[:2], 3)
    assert [sale.sale_id for sale in everything.sales] == ids
