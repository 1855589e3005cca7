"""A network to which all has happened that can happen: sold, reported, corrected, returned, replaced, folded."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.check import check
from leadback.leads.check_model import Checked
from leadback.leads.fold import fold
from leadback.leads.returns import reject_returns, submit_return
from leadback.leads.update import Updates
from leadback.leads.zone import change_time_zone
from leadback.networks.model import COMMAND_LINE
from tests.leads.test_update import call, caller_with
from tests.support.importing import import_rows, read
from tests.support.seed import Seeded, seed_network

# Leads A1 (sold twice), A2 (imported with a report, corrected since), A3 (a test), A4 (replaced by A5), A6 (to be
# replaced), A7 (its return rejected). A1's sale to 217 has seven versions, A2's five.


class Lived(msgspec.Struct, frozen=True):
    """The network and its sales' ids by sale_ref."""

    seeded: Seeded
    sale_ids: dict[str, int]


async def live(database: Database, network_id: int) -> Lived:
    """Let it all happen."""
    seeded = await seed_network(database, network_id)
    sold_at = f"{now() - timedelta(days=2):%Y-%m-%d}T23:30:00"
    earlier = f"{now() - timedelta(days=3):%Y-%m-%d}T12:00:00"
    to_218 = {"buyer_contract": "Contract 218", "sold_price": "50.0001"}
    given = [
        {"lead_id": "A1", "sale_ref": "R1", "sub_id_1": "fb1"},
        {"lead_id": "A1", "sale_ref": "R2", "sub_id_1": "fb1", "sold_at": earlier} | to_218,
        {"lead_id": "A2", "sale_ref": "R3", "status": "Contacted", "field_loan_amount": "10"},
        {"lead_id": "A3", "sale_ref": "R4", "is_test": "true"},
        {"lead_id": "A4", "sale_ref": "R5", "return_reason_id": "1", "return_state": "replaced"},
        {"lead_id": "A6", "sale_ref": "R6", "return_reason_id": "2", "return_state": "replaced"},
        {"lead_id": "A7", "sale_ref": "R7"},
    ]
    rows = [{"sold_at": sold_at} | row for row in given]
    assert (await import_rows(database, network_id, *rows)).reasons == {}
    replacement = {"lead_id": "A5", "sale_ref": "R8", "sold_price": "", "replaces_sale_ref": "R5"}
    assert (await import_rows(database, network_id, {"sold_at": sold_at} | replacement)).reasons == {}
    for price, status in (("30", "Contacted"), ("31.5", "Funded")):
        corrected = rows[2] | {"sold_price": price, "status": status, "payout": "12", "returnable": "true"}
        assert (await import_rows(database, network_id, corrected, correct=True)).counts == (0, 0, 1, 0)
    await _report(database, seeded)
    async with database.transaction(network_id) as connection:
        await change_time_zone(connection, network_id, "Asia/Tokyo", actor=COMMAND_LINE, now=now())
    await _report_more(database, seeded)
    statement = "SELECT sale_ref, sale_id FROM sale WHERE network_id = :network_id AND sale_ref IS NOT NULL"
    sale_ids = {row["sale_ref"]: row["sale_id"] for row in await read(database, network_id, statement)}
    async with database.transaction(network_id) as connection:
        who: dict[str, Any] = {"actor": COMMAND_LINE, "now": now()}
        await submit_return(connection, network_id, sale_ids["R7"], return_reason_id=2, **who)
        await reject_returns(connection, network_id, [sale_ids["R7"]], note="It was good.", **who)
    async with database.transaction(network_id) as connection:
        await fold(connection, network_id, rows_max=2)
    return Lived(seeded, sale_ids)


async def checked(database: Database, network_id: int, *, differences_max: int = 1000) -> Checked:
    """What a check of the network says."""
    async with database.snapshot(network_id) as connection:
        return await check(connection, network_id, today=now().date(), differences_max=differences_max)


async def _report(database: Database, seeded: Seeded) -> None:
    await _submit(
        database,
        seeded,
        {"status": "Contacted", "sub_status": "By phone"},
        {"status": "Funded", "sub_status": "Partial", "amount": Decimal("12.5"), "add_to_existing": True},
        {"fields": (("loan_amount", "100"), ("note", 'a"\\é'))},
        {"fields": (("loan_amount", "250.75"), ("note", ""))},
        {"lead_id": "A3", "buyer_contract_id": 0, "status": "Funded"},
    )


async def _report_more(database: Database, seeded: Seeded) -> None:
    await _submit(
        database,
        seeded,
        {"return_reason_id": 1, "amount": Decimal(0), "add_to_existing": False, "idempotency_key": "once"},
        {"buyer_contract_id": 217},  # says nothing
        {"lead_id": "A2", "buyer_contract_id": 0, "status": "Dead", "happened_at": "2020-01-01"},
    )


async def _submit(database: Database, seeded: Seeded, *calls: dict[str, Any]) -> None:
    updates = Updates(database)
    for given in calls:
        values: dict[str, Any] = {"lead_id": "A1", "buyer_contract_id": 217} | given
        outcome = await updates.submit(call(caller_with(seeded.key), **values))
        assert outcome.answer.success, outcome
    await updates.close()
