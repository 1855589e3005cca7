"""A check finds nothing where all is well, and every single thing that is not."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from leadback.kit.clock import now
from leadback.kit.database import Database, enter_network
from leadback.leads import check_queries
from leadback.leads.check import check
from leadback.leads.check_model import Checked
from leadback.leads.tables import ROLLUP_KEY
from leadback.leads.update import Updates
from leadback.networks.actions import create_network
from tests.leads.test_update import call, caller_with
from tests.support.lived import Lived, checked, live
from tests.support.server import Addresses

pytestmark = pytest.mark.anyio


class Planter:
    """A network that has lived, in which something is made wrong for one check and then taken back."""

    def __init__(self, database: Database, network_id: int, lived: Lived) -> None:
        self.database = database
        self.network_id = network_id
        self.lived = lived

    async def check_with(self, *planted: str, today: date | None = None, differences_max: int = 1000) -> Checked:
        """What a check says after these statements, with every trigger and foreign key off."""
        names = {"network_id": self.network_id} | self.lived.sale_ids
        async with self.database.engine.connect() as connection, connection.begin() as transaction:
            await enter_network(connection, self.network_id)
            await connection.execute(text("SET LOCAL session_replication_role = replica"))
            for statement in planted:
                done = await connection.execute(text(statement), names)
                assert done.rowcount > 0, "nothing was made wrong"
            day = today or now().date()
            found = await check(connection, self.network_id, today=day, differences_max=differences_max)
            await transaction.rollback()
        return found


_planters: dict[str, Planter] = {}


@pytest.fixture
async def planter(addresses: Addresses, database: Database) -> AsyncIterator[Planter]:
    """One network for all of this worker's tests: each takes back what it does to it."""
    superuser = Database(addresses.superuser)
    if addresses.app not in _planters:
        network_id = await create_network(
            database, name="lived", time_zone="America/New_York", currency="USD", now=now()
        )
        _planters[addresses.app] = Planter(superuser, network_id, await live(database, network_id))
    known = _planters[addresses.app]
    yield Planter(superuser, known.network_id, known.lived)
    await superuser.close()


SALE = "UPDATE sale SET {} WHERE network_id = :network_id AND sale_id = :R1"
LEDGER = "UPDATE lead_update SET {} WHERE network_id = :network_id AND sale_id = :R1 AND version = 3"
EVERY_SUM = {f"lead_status_rollup.{name}" for name in ("leads", "sales", "gross", "revenue", "payout")}
FIELD_SUMS = {"field_rollup.value_count", "field_rollup.value_sum"}
# What is wrong where A1's sale to 217 stands in another cell: it is not its lead's first, and its revenue is 0.
ELSEWHERE = FIELD_SUMS | {f"lead_status_rollup.{name}" for name in ("sales", "gross", "payout")}
CELL = ", ".join(ROLLUP_KEY)
CELL_OF_R2 = """
    network_id = :network_id AND (sold_on, campaign_id, buyer_contract_id, return_state) IN (
        SELECT sold_on, campaign_id, buyer_contract_id, '' FROM sale WHERE network_id = :network_id AND sale_id = :R2
    )
"""

# What is made wrong → the statement, and everything that a check must name because of it.
PLANTED: dict[str, tuple[str, set[str]]] = {
    "a revenue off by a ten-thousandth": (
        SALE.format("revenue = revenue + 0.0001"),
        {"revenue", "lead_status_rollup.revenue"},
    ),
    "a status": (SALE.format("status_id = 3, sub_status_id = NULL"), {"status_id", "sub_status_id"} | ELSEWHERE),
    "a sub-status": (SALE.format("sub_status_id = 1"), {"sub_status_id"} | ELSEWHERE),
    "a stage": (SALE.format("stage_reached = 3"), {"stage_reached"} | ELSEWHERE),
    "a field's value": (
        SALE.format("""field_values = '{"1": "250.7501"}'"""),
        {"field_values", "field_rollup.value_sum"},
    ),
    "a field's value that is no number": (
        SALE.format("""field_values = '{"1": "much"}'"""),
        {"field_values", "field_rollup.value_sum"},
    ),
    "a field that nobody reported": (SALE.format("""field_values = field_values || '{"5": "A"}'"""), {"field_values"}),
    "a return's state": (SALE.format("return_state = 'credited'"), {"return_state"} | ELSEWHERE),
    "a return's reason": (SALE.format("return_reason_id = 2"), {"return_reason_id"}),
    "a return's moment": (SALE.format("returned_at = returned_at + interval '1 microsecond'"), {"returned_at"}),
    "who updated it": (SALE.format("updated = 2"), {"updated"} | ELSEWHERE),
    "the number of updates": (SALE.format("update_count = update_count + 1"), {"update_count"}),
    "the last update's moment": (SALE.format("updated_at = updated_at - interval '1 day'"), {"updated_at"}),
    "the buyer's last moment": (SALE.format("buyer_updated_at = NULL"), {"buyer_updated_at"}),
    "the buyer's first moment": (SALE.format("buyer_updated_first_at = updated_at"), {"buyer_updated_first_at"}),
    "a moment of a status without one": (
        SALE.format("status_happened_at = NULL"),
        {"status_happened_at"},
    ),
    "a sale's version": (SALE.format("version = version + 1"), {"version"}),
    "a sale's hash": (SALE.format("ledger_hash = decode('00', 'hex')"), {"ledger_hash"}),
    "the day it was sold": (SALE.format("sold_on = sold_on - 1"), {"sold_on"} | ELSEWHERE),
    "the price it was sold for": (
        SALE.format("sold_price = sold_price + 1"),
        {"revenue", "payout_share", "lead_status_rollup.gross"},
    ),
    "a price that an import corrected": (
        "UPDATE sale SET sold_price = 30 WHERE network_id = :network_id AND sale_id = :R3",
        {"sold_price", "lead_status_rollup.gross"},
    ),
    "an answer that an import corrected": (
        "UPDATE sale SET returnable = false WHERE network_id = :network_id AND sale_id = :R3",
        {"returnable"},
    ),
    "a share of the payout": (
        SALE.format("payout_share = payout_share + 0.0001"),
        {"payout_share", "lead_status_rollup.payout"},
    ),
    "two firsts of a lead": (SALE.format("first_of_lead = true"), {"first_of_lead"} | {"lead_status_rollup.leads"}),
    "no first of a lead": (
        "UPDATE sale SET first_of_lead = false WHERE network_id = :network_id AND sale_id = :R2",
        {"first_of_lead"} | {"lead_status_rollup.leads"},
    ),
    "a copied campaign": (SALE.format("campaign_id = 6"), {"campaign_id"} | ELSEWHERE),
    "a copied sub id": (SALE.format("sub_id_1 = 'fb2'"), {"sub_id_1"}),
    "a copied mark of a test": (SALE.format("is_test = true"), {"is_test"} | ELSEWHERE),
    "a contract of another buyer": (SALE.format("buyer_id = 11"), {"buyer_id", "actor_id"}),
    "a lead's payout": (
        "UPDATE lead SET payout = payout + 1 WHERE network_id = :network_id AND lead_key = 'A7'",
        {"payout_share"},
    ),
    "a lead that was never sold": (
        """INSERT INTO lead (network_id, lead_key, lead_id, campaign_id, created_at, payout)
        VALUES (:network_id, 'B1', 'b1', 5, now(), 0)""",
        {"lead"},
    ),
    "a sale that was never counted": (
        """INSERT INTO sale (network_id, lead_key, buyer_id, buyer_contract_id, campaign_id, sold_at, sold_on,
            sold_price, revenue, payout_share, first_of_lead)
        SELECT network_id, 'A7', 10, 217, 5, sold_at, sold_on, 0, 0, 0, false
        FROM sale WHERE network_id = :network_id AND sale_id = :R7""",
        {"lead_status_rollup.sales"},
    ),
    "a row that was changed": (LEDGER.format("actor = 'Somebody else'"), {"hash"}),
    "a row whose amounts were changed": (
        LEDGER.format("revenue_before = revenue_before + 1, revenue_after = revenue_after + 1"),
        {"hash", "revenue_before"},
    ),
    "a row whose fields were changed": (
        "UPDATE lead_update SET field_changes = '[]' WHERE network_id = :network_id AND sale_id = :R1 AND version = 4",
        {"hash", "field loan_amount before", "field note before"},
    ),
    "a row with one key more": (
        """UPDATE lead_update SET field_changes = jsonb_set(field_changes, '{0,more}', '1')
        WHERE network_id = :network_id AND sale_id = :R1 AND version = 4""",
        {"hash"},
    ),
    "a row whose fields make no sense": (
        """UPDATE lead_update
        SET field_changes = '[{"field": 1}]', sale_changes = '{"sold_price": 5, "sold_at": ["x", "y"]}'
        WHERE network_id = :network_id AND sale_id = :R1 AND version = 6""",
        {"hash", "field_changes", "sold_price before and after", "sold_at before and after"},
    ),
    "a row that counts no more": (
        LEDGER.format("counts_as_update = false"),
        {"hash", "update_count"},
    ),
    "a correction by an import that counts": (
        """UPDATE lead_update SET counts_as_update = true
        WHERE network_id = :network_id AND sale_id = :R3 AND version = 2""",
        {"hash", "kind", "updated_after", "update_count"},
    ),
    "a row that is missing": (
        "DELETE FROM lead_update WHERE network_id = :network_id AND sale_id = :R1 AND version = 3",
        {"version", "previous_hash", "revenue_before", "status_id_before", "sub_status_id_before"}
        | {"stage_reached_before", "update_count", "recent_answer.version"},
    ),
    "a last row that is missing": (
        "DELETE FROM lead_update WHERE network_id = :network_id AND sale_id = :R3 AND version = 5",
        {"version", "ledger_hash", "update_count", "updated", "updated_at"}
        | {"buyer_updated_at", "buyer_updated_first_at"},
    ),
    "all rows of a sale that are missing": (
        "DELETE FROM lead_update WHERE network_id = :network_id AND sale_id = :R5",
        {"version", "ledger_hash", "return_state", "return_reason_id", "returned_at"},
    ),
    "a gap between versions": (
        "UPDATE lead_update SET version = 9 WHERE network_id = :network_id AND sale_id = :R4 AND version = 2",
        {"version", "hash"},
    ),
    "two rows of one version": (
        """INSERT INTO lead_update
        SELECT (jsonb_populate_record(
            row, jsonb_build_object('received_at', row.received_at + interval '1 microsecond')
        )).*
        FROM lead_update AS row WHERE network_id = :network_id AND sale_id = :R4 AND version = 2""",
        {"version", "previous_hash", "hash", "status_id_before", "stage_reached_before", "updated_before"}
        | {"update_count", "updated_at", "buyer_updated_at"},
    ),
    "swapped hashes": (
        """UPDATE lead_update AS row SET hash = other.hash
        FROM (VALUES (3, 4), (4, 3)) AS pair (version, other_version), lead_update AS other
        WHERE row.network_id = :network_id AND row.sale_id = :R1 AND row.version = pair.version
            AND other.network_id = :network_id AND other.sale_id = :R1 AND other.version = pair.other_version""",
        {"hash", "previous_hash"},
    ),
    "a row of no sale": (
        """INSERT INTO lead_update SELECT (jsonb_populate_record(row, jsonb_build_object('sale_id', 0))).*
        FROM lead_update AS row WHERE network_id = :network_id AND sale_id = :R4 AND version = 2""",
        {"sale_id"},
    ),
    "rows of a last sale that is gone": (
        "UPDATE lead_update SET sale_id = 9000000000 WHERE network_id = :network_id AND sale_id = :R4",
        {"sale_id", "version", "ledger_hash", "status_id", "stage_reached", "updated", "update_count", "updated_at"}
        | {"buyer_updated_at", "buyer_updated_first_at"},
    ),
    "a cell's revenue": (
        f"UPDATE lead_status_rollup SET revenue = revenue + 0.0001 WHERE {CELL_OF_R2}",
        {"lead_status_rollup.revenue"},
    ),
    "a cell that is missing": (
        f"DELETE FROM lead_status_rollup WHERE {CELL_OF_R2}",
        EVERY_SUM,
    ),
    "a cell too many": (
        f"""INSERT INTO lead_status_rollup
        SELECT (jsonb_populate_record(cell, jsonb_build_object('sold_on', '2020-02-29'))).*
        FROM lead_status_rollup AS cell WHERE {CELL_OF_R2}""",
        EVERY_SUM,
    ),
    "a change that was counted twice": (
        f"""INSERT INTO lead_status_delta (network_id, {CELL}, leads, sales, gross, revenue, payout)
        SELECT network_id, {CELL}, leads, sales, gross, revenue, payout
        FROM lead_status_rollup WHERE {CELL_OF_R2}""",
        EVERY_SUM,
    ),
    "a field's sum": (
        "UPDATE field_rollup SET value_sum = value_sum - 0.0001 WHERE network_id = :network_id",
        {"field_rollup.value_sum"},
    ),
    "a field's count": (
        f"""INSERT INTO field_delta (network_id, {CELL}, field_id, value_count, value_sum)
        SELECT network_id, {CELL}, 1, 1, 0
        FROM lead_status_rollup WHERE {CELL_OF_R2}""",
        {"field_rollup.value_count"},
    ),
    "a replacement that nobody owes": (
        "UPDATE buyer_contract SET returns_owed = 2 WHERE network_id = :network_id AND buyer_contract_id = 217",
        {"buyer_contract.returns_owed"},
    ),
    "an owed replacement of a test": (
        """UPDATE sale SET return_state = 'replaced', return_reason_id = 1
        WHERE network_id = :network_id AND sale_id = :R4""",
        {"return_state", "return_reason_id"},
    ),
    "a replacement that replaces nothing": (
        "UPDATE sale SET replaces_sale_id = NULL WHERE network_id = :network_id AND sale_id = :R8",
        {"buyer_contract.returns_owed"},
    ),
    "an answer to nothing": (
        "UPDATE recent_answer SET version = 99 WHERE network_id = :network_id AND sale_id = :R1",
        {"recent_answer.version"},
    ),
    "an idempotency key of nothing": (
        "UPDATE idempotency_key SET key = 'twice' WHERE network_id = :network_id",
        {"idempotency_key"},
    ),
    "a network without its version": (
        "DELETE FROM network_version WHERE network_id = :network_id",
        {"network_version.version"},
    ),
}


async def test_it_finds_nothing_in_a_network_that_has_lived(planter: Planter) -> None:
    found = await planter.check_with()
    assert found.differences == ()
    assert (found.sales, found.ledger_rows, found.difference_count) == (8, 15, 0)
    assert found.rollup_cells > 6


@pytest.mark.parametrize("name", PLANTED)
async def test_it_finds_what_was_made_wrong_and_names_nothing_else(planter: Planter, name: str) -> None:
    statement, named = PLANTED[name]
    found = await planter.check_with(statement)
    assert {difference.what for difference in found.differences} == named
    assert found.difference_count == len(found.differences)
    for difference in found.differences:
        assert difference.expected != difference.found
        assert difference.sale_id is not None or difference.place or difference.what.startswith("network")


async def test_a_difference_says_where_it_is_and_what_it_should_be(planter: Planter) -> None:
    found = await planter.check_with(SALE.format("revenue = 0.0001"))
    sale_id = planter.lived.sale_ids["R1"]
    (of_sale,) = [difference for difference in found.differences if difference.what == "revenue"]
    assert (of_sale.lead_id, of_sale.sale_id, of_sale.version) == ("A1", sale_id, None)
    assert (of_sale.expected, of_sale.found) == ("0.0000", "0.0001")
    (of_cell,) = [difference for difference in found.differences if difference.what == "lead_status_rollup.revenue"]
    assert (of_cell.expected, of_cell.found, of_cell.sale_id) == ("0.0001", "0.0000", None)
    assert "campaign_id 5, buyer_contract_id 217, sale_type exclusive, status_id 2, sub_status_id 2" in of_cell.place
    found = await planter.check_with(LEDGER.format("actor = ''"))
    assert [(item.lead_id, item.sale_id, item.version) for item in found.differences] == [("A1", sale_id, 3)]


async def test_it_counts_everything_and_lists_so_many(planter: Planter) -> None:
    everything = "UPDATE sale SET sub_id_1 = 'x', update_count = 77 WHERE network_id = :network_id"
    found = await planter.check_with(everything, differences_max=3)
    assert (found.difference_count, len(found.differences)) == (16, 3)


async def test_it_misses_the_months_that_the_ledger_needs(planter: Planter) -> None:
    found = await planter.check_with(today=date(2019, 1, 31))
    assert [(item.what, item.place) for item in found.differences] == [("lead_update", "lead_update_2019_01")]


async def test_it_reads_a_few_rows_at_a_time(planter: Planter, monkeypatch: pytest.MonkeyPatch) -> None:
    async def everything(cursor: object) -> None:
        pytest.fail("all rows at once")

    monkeypatch.setattr(psycopg.AsyncServerCursor, "fetchall", everything)
    monkeypatch.setattr(check_queries, "ROWS_AT_ONCE", 2)
    found = await planter.check_with()
    assert (found.sales, found.ledger_rows, found.differences) == (8, 15, ())


async def test_it_sees_one_moment_while_updates_go_on(database: Database, network_id: int) -> None:
    lived = await live(database, network_id)
    updates = Updates(database)

    async def report() -> None:
        for number in range(40):
            given: dict[str, Any] = {"status": ("Contacted", "Funded")[number % 2], "fields": (("loan_amount", "1"),)}
            given |= {"amount": Decimal(number), "add_to_existing": True}
            await updates.submit(call(caller_with(lived.seeded.key), "A1", buyer_contract_id=218, **given))

    reporting = asyncio.create_task(report())
    seen = set()
    while not reporting.done():
        found = await checked(database, network_id)
        assert found.differences == ()
        seen.add(found.ledger_rows)
    await reporting
    await updates.close()
    assert len(seen) > 1
