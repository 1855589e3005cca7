"""An operator's corrections on a real database: one row of the ledger each, and never over what nobody looked at."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from ipaddress import ip_address
from typing import Any

import pytest

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.errors import Refused
from leadback.leads.check import check
from leadback.leads.correct import Corrected, Correction, correct, read_amount
from leadback.leads.model import Channel, Origin
from leadback.leads.returns import credit_returns
from leadback.networks.actions import create_network, set_network
from leadback.networks.settings import NetworkSettings
from tests.leads.test_returns import buyer_says
from tests.support.changes import OPERATOR, who
from tests.support.recompute import check_ledger, check_numbers
from tests.support.seed import Seeded, read_ledger, read_sale, seed_network, seed_sale

pytestmark = pytest.mark.anyio


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    return await seed_network(database, network_id)


async def put_right(
    database: Database,
    network_id: int,
    sale_id: int,
    *,
    version: int = 1,
    buyer_ids: frozenset[int] | None = None,
    **said: Any,
) -> Corrected:
    origin = Origin(
        channel=Channel.CONSOLE,
        operation="correct sale",
        address=ip_address("192.0.2.7"),
        request_id="request 1",
        received_at=now(),
    )
    async with database.transaction(network_id) as connection:
        return await correct(
            connection,
            network_id,
            sale_id,
            Correction(version=version, **said),
            actor=OPERATOR,
            origin=origin,
            buyer_ids=buyer_ids,
        )


@pytest.mark.usefixtures("seeded")
async def test_a_sale_of_another_buyer_or_network_is_as_unknown_as_one_that_does_not_exist(
    database: Database, network_id: int
) -> None:
    sale_id = await seed_sale(database, network_id, "A1")
    other = await create_network(database, name=f"other {sale_id}", time_zone="UTC", currency="USD", now=now())
    for asked_in, number, buyer_ids in (
        (network_id, sale_id, frozenset([11])),
        (network_id, sale_id, frozenset[int]()),
        (other, sale_id, None),
        (network_id, sale_id + 1_000, None),
        (network_id, 10**30, None),
    ):
        with pytest.raises(Refused, match=rf"^There is no sale {number}\.$"):
            await put_right(database, asked_in, number, buyer_ids=buyer_ids, status="Funded")
    assert (await read_sale(database, network_id, sale_id)).version == 1
    assert (
        await put_right(database, network_id, sale_id, buyer_ids=frozenset([10]), status="Funded")
    ).sale.version == 2


async def test_everything_at_once_is_one_row_that_says_who_and_why(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    sale_id = await seed_sale(database, network_id, "A1")
    await buyer_says(database, seeded, "A1", status="Contacted", fields=(("loan_amount", "100"), ("grade", "A")))
    done = await put_right(
        database,
        network_id,
        sale_id,
        version=2,
        status="Funded",
        sub_status="Partial",
        amount=Decimal("-5.5"),
        add_to_existing=True,
        fields=(("loan_amount", "$1,250"), ("grade", ""), ("insured", "")),
        return_reason_id=2,
        note="  They   called ",
    )
    assert done.flags == ("amount with return",)
    sale = await read_sale(database, network_id, sale_id)
    assert (sale.status_id, sale.sub_status_id, sale.revenue, sale.field_values) == (
        2,
        2,
        Decimal("19.5"),
        {1: "1250.0000"},
    )
    assert (sale.return_state, sale.return_reason_id, sale.updated, sale.update_count) == ("submitted", 2, 1, 2)
    (_, row) = await read_ledger(database, network_id, sale_id)
    told = [row[name] for name in ("kind", "actor_kind", "actor", "channel", "operation", "request_id", "note")]
    assert told == ["correction", "operator", "Ada", "console", "correct sale", "request 1", "They called"]
    assert [item["field"] for item in row["field_changes"]] == ["loan_amount", "grade"], "insured was empty already"
    await check_numbers(database, network_id)
    assert await check_ledger(database, network_id) == 2
    async with database.snapshot(network_id) as connection:
        checked = await check(connection, network_id, today=now().date(), differences_max=10)
    assert checked.difference_count == 0, checked.differences


async def test_what_a_buyer_said_meanwhile_is_not_overwritten_unknowingly(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    sale_id = await seed_sale(database, network_id, "A1")
    await buyer_says(database, seeded, "A1", amount=Decimal(3), add_to_existing=True)
    with pytest.raises(Refused, match=r"has changed since you looked at it \(version 2, not 1\)"):
        await put_right(database, network_id, sale_id, amount=Decimal(0))
    assert (await read_sale(database, network_id, sale_id)).revenue == Decimal(28)
    assert (await put_right(database, network_id, sale_id, version=2, amount=Decimal(0))).sale.revenue == 0


@pytest.mark.usefixtures("seeded")
async def test_of_operators_who_save_at_once_one_is_heard(database: Database, network_id: int) -> None:
    sale_id = await seed_sale(database, network_id, "A1")
    told = await asyncio.gather(
        *(
            put_right(database, network_id, sale_id, amount=Decimal(number), add_to_existing=True)
            for number in (1, 2, 3, 4)
        ),
        return_exceptions=True,
    )
    (done,) = [one for one in told if isinstance(one, Corrected)]
    assert sum(isinstance(one, Refused) and "has changed" in str(one) for one in told) == 3
    assert (await read_sale(database, network_id, sale_id)).revenue == done.sale.revenue
    await check_numbers(database, network_id)
    assert await check_ledger(database, network_id) == 1


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"status": "Unheard"}, "Invalid Lead Status: .*Unheard"),
        ({"status": "Old"}, "Invalid Lead Status"),
        ({"status": "Funded", "sub_status": "By phone"}, "Invalid Lead SubStatus: .*By phone"),
        ({"fields": (("retired", "x"),)}, "Invalid Lead Field"),
        ({"fields": (("solar_kw", "4"),)}, "Invalid Lead Field"),
        ({"fields": (("loan_amount", "much"),)}, "Invalid Field Value: loan_amount = 'much'"),
        ({"amount": Decimal(10**13)}, "Invalid Amount"),
        ({"return_reason_id": 3}, "Invalid Return Reason"),
        ({}, "Nothing would change"),
        ({"amount": Decimal(25)}, "Nothing would change"),
        ({"fields": (("grade", ""),), "note": "x"}, "Nothing would change"),
        ({"status": "Funded", "note": "x" * 1001}, "note"),
    ],
)
async def test_what_is_refused_changes_nothing(
    database: Database, network_id: int, said: dict[str, Any], words: str
) -> None:
    sale_id = await seed_sale(database, network_id, "A1")
    with pytest.raises(Refused, match=words):
        await put_right(database, network_id, sale_id, **said)
    assert (await read_sale(database, network_id, sale_id)).version == 1
    assert await check_ledger(database, network_id) == 0


@pytest.mark.usefixtures("seeded")
async def test_a_return_past_its_window_says_when_its_last_day_was(database: Database, network_id: int) -> None:
    sale_id = await seed_sale(database, network_id, "A1", sold_at=now() - timedelta(days=40))
    with pytest.raises(Refused, match="Return Window Expired: the last of its 30 days was"):
        await put_right(database, network_id, sale_id, return_reason_id=1)


async def test_after_a_credit_the_revenue_it_left_can_be_taken_away(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    sale_id = await seed_sale(database, network_id, "A1")
    await buyer_says(database, seeded, "A1", return_reason_id=1)
    async with database.transaction(network_id) as connection:
        await credit_returns(connection, network_id, [sale_id], zero_revenue=False, **who())
    done = await put_right(database, network_id, sale_id, version=3, amount=Decimal(0))
    assert done.sale.revenue == 0
    assert done.sale.return_state == "credited"
    assert not done.flags
    assert await check_ledger(database, network_id) == 3
    await check_numbers(database, network_id)


async def test_a_terminal_status_is_left_with_a_flag_unless_the_network_keeps_it(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    first, second = [await seed_sale(database, network_id, lead_id) for lead_id in ("A1", "A2")]
    for lead_id in ("A1", "A2"):
        await buyer_says(database, seeded, lead_id, status="Dead")
    assert (await put_right(database, network_id, first, version=2, status="Funded")).flags == (
        "left a terminal status",
    )
    async with database.transaction(network_id) as connection:
        await set_network(connection, network_id, NetworkSettings(terminal_statuses="keep"), **who())
    with pytest.raises(Refused, match="keeps terminal statuses"):
        await put_right(database, network_id, second, version=2, status="Funded", amount=Decimal(1))
    assert (await read_sale(database, network_id, second)).revenue == Decimal(25)


@pytest.mark.usefixtures("seeded")
async def test_where_lead_statuses_are_off_revenue_alone_can_be_corrected(database: Database, network_id: int) -> None:
    sale_id = await seed_sale(database, network_id, "A1")
    async with database.transaction(network_id) as connection:
        await set_network(connection, network_id, NetworkSettings(lead_statuses=False), **who())
    with pytest.raises(Refused, match="switched off"):
        await put_right(database, network_id, sale_id, status="Funded")
    assert (await put_right(database, network_id, sale_id, amount=Decimal(30))).sale.revenue == 30


def test_amounts_are_read_as_people_write_them() -> None:
    assert [read_amount(text) for text in ("", " ", "-1,234.5", "$3", " 0 ")] == [
        None,
        None,
        Decimal("-1234.5"),
        Decimal(3),
        Decimal(0),
    ]
    for text in ("--1", "-+1", "1e3", "NaN", "1.23456", "5 USD", "٣"):
        with pytest.raises(Refused, match="is not an amount"):
            read_amount(text)
