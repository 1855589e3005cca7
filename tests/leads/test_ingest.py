"""Importing sales on a real database: what a row becomes, once and again, alone and beside others."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.contracts import open_contract
from leadback.leads.update import Updates
from leadback.networks.model import COMMAND_LINE
from leadback.parties.actions import set_contract
from leadback.parties.settings import ContractSettings
from tests.leads.test_update import call, caller_with
from tests.support.importing import column, import_rows, read, read_leads, read_sales
from tests.support.recompute import check_ledger, check_numbers
from tests.support.seed import Seeded, read_ledger, seed_network

pytestmark = pytest.mark.anyio


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    return await seed_network(database, network_id)


async def report(database: Database, seeded: Seeded, lead_id: str, **said: Any) -> None:
    updates = Updates(database)
    outcome = await updates.submit(call(caller_with(seeded.key), lead_id, **said))
    await updates.close()
    assert outcome.answer.success, outcome.answer


async def test_a_row_becomes_a_lead_and_a_sale(database: Database, network_id: int, seeded: Seeded) -> None:
    row = {
        "lead_id": "a1-x",
        "sub_id_1": "fb1",
        "sub_id_5": "five",
        "buyer_lead_id": "theirs",
        "lead_at": "2026-03-09",
        "sale_ref": "R1",
        "sale_type": "multi-sell",
        "returnable": "no",
        "currency": "usd",
        "zip": "02134",
        'odd "name"': 'back\\slash, "quotes" and ünïcode {1}',
        "blank": "",
    }
    assert (await import_rows(database, network_id, row)).counts == (1, 0, 0, 0)
    (lead,) = await read_leads(database, network_id)
    assert (lead["lead_key"], lead["lead_id"], lead["campaign_id"], lead["is_test"]) == ("A1-X", "a1-x", 5, False)
    assert [lead[f"sub_id_{number}"] for number in range(1, 6)] == ["fb1", "", "", "", "five"]
    assert lead["created_at"] == datetime(2026, 3, 9, 4, tzinfo=UTC)
    assert lead["data"] == {"zip": "02134", 'odd "name"': 'back\\slash, "quotes" and ünïcode {1}'}
    (sale,) = await read_sales(database, network_id)
    assert (sale["sale_ref"], sale["buyer_id"], sale["buyer_contract_id"], sale["campaign_id"]) == ("R1", 10, 217, 5)
    assert (sale["sub_id_1"], sale["buyer_lead_id"], sale["sale_type"]) == ("fb1", "theirs", "multi-sell")
    assert (sale["sold_at"], sale["sold_on"]) == (datetime(2026, 3, 10, 16, tzinfo=UTC), date(2026, 3, 10))
    assert (sale["sold_price"], sale["revenue"], sale["payout_share"]) == (Decimal(25), Decimal(25), Decimal(10))
    assert (sale["returnable"], sale["first_of_lead"], sale["version"], sale["updated"]) == (False, True, 1, 0)
    await check_numbers(database, network_id)
    assert await check_ledger(database, network_id) == 0


@pytest.mark.parametrize(
    ("sold_at", "day"),
    [
        ("2026-03-10T23:59:59", date(2026, 3, 10)),
        ("2026-03-11T03:59:59Z", date(2026, 3, 10)),
        ("2026-03-11T04:00:00Z", date(2026, 3, 11)),
        ("2026-03-08", date(2026, 3, 8)),
        ("2026-03-08T04:59:59Z", date(2026, 3, 7)),
    ],
)
async def test_the_day_is_that_of_the_network(
    database: Database, network_id: int, seeded: Seeded, sold_at: str, day: date
) -> None:
    await import_rows(database, network_id, {"sold_at": sold_at})
    assert column(await read_sales(database, network_id), "sold_on") == [day]


async def test_importing_again_skips_whatever_is_in(database: Database, network_id: int, seeded: Seeded) -> None:
    rows = [
        {"lead_id": "A1"},
        {"lead_id": "A1", "buyer_contract": "Contract 218", "status": "Funded", "sub_status": "Partial"},
        {"lead_id": "A2", "sale_ref": "R2", "zip": "1", "field_loan_amount": "$1,000", "return_reason_id": "1"},
        {"lead_id": "A3", "sub_id_1": "fb", "lead_at": "2026-03-01", "is_test": "true"},
    ]
    assert (await import_rows(database, network_id, *rows)).counts == (4, 0, 0, 0)
    before = await read_sales(database, network_id)
    assert (await import_rows(database, network_id, *rows, portion_rows=1)).counts == (0, 4, 0, 0)
    assert (await import_rows(database, network_id, *rows, correct=True)).counts == (0, 4, 0, 0)
    assert (await import_rows(database, network_id, *rows, *rows)).counts == (0, 8, 0, 0)
    assert await read_sales(database, network_id) == before
    await check_numbers(database, network_id)
    assert await check_ledger(database, network_id) == 2


@pytest.mark.parametrize("portion_rows", [1, 1000])
async def test_a_row_twice_in_a_file_is_imported_once(
    database: Database, network_id: int, seeded: Seeded, portion_rows: int
) -> None:
    rows = [{}, {"lead_id": "a1", "sub_id_1": ""}, {"payout": ""}, {"sold_price": "26"}]
    done = await import_rows(database, network_id, *rows, portion_rows=portion_rows)
    assert done.counts == (1, 2, 0, 1)
    assert done.reasons[5] == (
        "The row differs from the sale as it was imported in sold_price (is '25.0000', here '26.0000'); --correct takes"
        " the row's"
    )


async def test_what_the_buyer_has_reported_since_is_no_difference(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    row = {"status": "Contacted", "field_loan_amount": "1"}
    await import_rows(database, network_id, row)
    await report(database, seeded, "A1", status="Funded", fields=(("loan_amount", "2"),))
    assert (await import_rows(database, network_id, row, correct=True)).counts == (0, 1, 0, 0)
    (sale,) = await read_sales(database, network_id)
    assert (sale["status_id"], sale["field_values"], sale["updated"], sale["version"]) == (2, {"1": "2.0000"}, 1, 3)


async def test_a_starting_status_is_one_import_in_the_ledger_and_no_update(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    row = {
        "status": "Funded",
        "sub_status": "Partial",
        "field_loan_amount": "1,500",
        "field_note": "ok",
        "return_reason": "Duplicate",
        "return_state": "rejected",
    }
    await import_rows(database, network_id, row)
    (sale,) = await read_sales(database, network_id)
    assert (sale["status_id"], sale["sub_status_id"], sale["stage_reached"]) == (2, 2, 4)
    assert sale["field_values"] == {"1": "1500.0000", "2": "ok"}
    assert (sale["return_state"], sale["return_reason_id"]) == ("rejected", 2)
    assert (sale["version"], sale["updated"], sale["update_count"], sale["updated_at"]) == (2, 0, 0, None)
    assert sale["status_happened_at"] == sale["sold_at"]
    (entry,) = await read_ledger(database, network_id, sale["sale_id"])
    assert (entry["kind"], entry["counts_as_update"], entry["actor_kind"], entry["actor"]) == (
        "import",
        False,
        "import",
        "sales.csv",
    )
    assert (entry["channel"], entry["operation"], entry["status_before"], entry["status_after"]) == (
        "file",
        "import sales",
        None,
        "Funded",
    )
    await report(database, seeded, "A1", status="Contacted", happened_at="2026-03-11")
    (sale,) = await read_sales(database, network_id)
    assert sale["status_id"] == 1
    await check_numbers(database, network_id)
    assert await check_ledger(database, network_id) == 2


async def test_a_test_lead_is_stored_and_counted_nowhere(database: Database, network_id: int, seeded: Seeded) -> None:
    await import_rows(database, network_id, {"is_test": "yes", "status": "Funded"})
    assert column(await read_sales(database, network_id), "is_test") == [True]
    assert await read(database, network_id, "SELECT * FROM lead_status_delta WHERE network_id = :network_id") == []
    await import_rows(database, network_id, {"is_test": "no"}, correct=True)
    await check_numbers(database, network_id)
    (cell,) = await read(database, network_id, "SELECT * FROM lead_status_delta WHERE network_id = :network_id")
    assert (cell["sales"], cell["leads"], cell["status_id"]) == (1, 1, 2)


async def test_several_buyers_share_one_payout(database: Database, network_id: int, seeded: Seeded) -> None:
    later = {"sold_at": "2026-03-10T13:00", "buyer_contract": "Contract 218", "sold_price": "50", "payout": ""}
    earlier = {"sold_at": "2026-03-10T11:00", "buyer": "Buyer 11", "buyer_contract": "Contract 300"}
    await import_rows(database, network_id, {}, later)
    assert column(await read_sales(database, network_id), "payout_share") == [Decimal("3.3334"), Decimal("6.6666")]
    await import_rows(database, network_id, earlier)
    sales = await read_sales(database, network_id)
    assert column(sales, "payout_share") == [Decimal("2.5000"), Decimal("5.0000"), Decimal("2.5000")]
    assert column(sales, "first_of_lead") == [False, False, True]
    assert column(sales, "version") == [1, 1, 1]
    await check_numbers(database, network_id)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"payout": "12"}, "payout (is '10.0000', here '12.0000')"),
        ({"campaign": "Mail"}, "campaign_id (is '5', here '6')"),
        ({"is_test": "true"}, "is_test (is 'false', here 'true')"),
        ({"sub_id_1": "fb2"}, "sub_id_1 (is 'fb1', here 'fb2')"),
        ({"lead_at": "2026-03-02"}, "lead_at (is '2026-03-10T16:00:00+00:00', here '2026-03-02T05:00:00+00:00')"),
    ],
)
@pytest.mark.parametrize("portion_rows", [1, 1000])
async def test_sales_of_one_lead_must_agree_on_it(
    database: Database, network_id: int, seeded: Seeded, row: dict[str, str], said: str, portion_rows: int
) -> None:
    second = row | {"buyer_contract": "Contract 218"}
    done = await import_rows(database, network_id, {"sub_id_1": "fb1"}, second, portion_rows=portion_rows)
    assert done.counts == (1, 0, 0, 1)
    assert said in done.reasons[3] and "differs from the lead as it is known" in done.reasons[3]
    done = await import_rows(database, network_id, second, correct=True)
    assert done.counts == (1, 0, 0, 0)
    first, _ = await read_sales(database, network_id)
    (entry,) = await read_ledger(database, network_id, first["sale_id"])
    assert list(entry["sale_changes"]) == [said.partition(" ")[0]]
    await check_numbers(database, network_id)
    assert await check_ledger(database, network_id) == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"payout": "12"}, "payout (is '10.0000', here '12.0000')"),
        ({"campaign": "Mail"}, "campaign_id (is '5', here '6')"),
        ({"is_test": "true"}, "is_test (is 'false', here 'true')"),
        ({"sub_id_1": "fb2"}, "sub_id_1 (is 'fb1', here 'fb2')"),
        ({"sub_id_5": "b"}, "sub_id_5 (is 'a', here 'b')"),
        ({"lead_at": "2026-03-02"}, "lead_at (is '2026-03-01T05:00:00+00:00', here '2026-03-02T05:00:00+00:00')"),
    ],
)
@pytest.mark.parametrize("portion_rows", [1, 1000])
async def test_no_row_corrects_what_an_earlier_one_of_the_import_says_of_the_lead(
    database: Database, network_id: int, seeded: Seeded, row: dict[str, str], said: str, portion_rows: int
) -> None:
    first = {"sub_id_1": "fb1", "sub_id_5": "a", "is_test": "false", "lead_at": "2026-03-01"}
    second = first | {"lead_id": "a1", "buyer_contract": "Contract 218"} | row
    same_sale = first | row
    rows = [first, second, same_sale, first]
    done = await import_rows(database, network_id, *rows, portion_rows=portion_rows, correct=True)
    assert done.counts == (1, 1, 0, 2)
    assert done.reasons == dict.fromkeys(
        [3, 4],
        f"The row differs from an earlier row of the same lead in {said}; sales of one lead must agree, and --correct"
        " takes the first",
    )
    before = await read_leads(database, network_id), await read_sales(database, network_id)
    for _ in range(2):
        again = await import_rows(database, network_id, *rows, portion_rows=portion_rows, correct=True)
        assert again.counts == (0, 2, 0, 2)
    assert (await read_leads(database, network_id), await read_sales(database, network_id)) == before
    assert await check_ledger(database, network_id) == 0


async def test_a_correction_of_the_lead_holds_for_the_rest_of_its_import(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    await import_rows(database, network_id, {"sub_id_2": "x"})
    silent = {"payout": "", "buyer_contract": "Contract 218"}
    rejected = {"payout": "11", "status": "nothing"}
    rows = [silent, rejected, {"payout": "12"}, {"payout": "10"}, silent | {"payout": "12", "sub_id_2": "y"}]
    done = await import_rows(database, network_id, *rows, portion_rows=1, correct=True)
    assert done.counts == (1, 0, 2, 2)
    assert "payout (is '12.0000', here '10.0000')" in done.reasons[5]
    assert column(await read_leads(database, network_id), "payout") == [Decimal(12)]
    assert column(await read_leads(database, network_id), "sub_id_2") == ["y"]
    assert (await import_rows(database, network_id, *rows, correct=True)).counts == (0, 3, 0, 2)
    assert (await import_rows(database, network_id, {"payout": "10"}, correct=True)).counts == (0, 0, 1, 0)
    await check_numbers(database, network_id)
    assert await check_ledger(database, network_id) == 3


async def test_a_correction_takes_the_rows_values_and_keeps_them_in_the_ledger(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    await import_rows(database, network_id, {"sale_ref": "R1"})
    row = {
        "sale_ref": "R1",
        "sold_at": "2026-04-01",
        "sold_price": "30",
        "payout": "9",
        "sale_type": "multi-sell",
        "returnable": "true",
        "buyer_lead_id": "B",
        "status": "Funded",
    }
    assert (await import_rows(database, network_id, row)).counts == (0, 0, 0, 1)
    assert (await import_rows(database, network_id, row, correct=True)).counts == (0, 0, 1, 0)
    assert (await import_rows(database, network_id, row)).counts == (0, 1, 0, 0)
    (sale,) = await read_sales(database, network_id)
    assert (sale["sold_on"], sale["sold_price"], sale["revenue"]) == (date(2026, 4, 1), Decimal(30), Decimal(30))
    assert (sale["payout_share"], sale["sale_type"], sale["returnable"]) == (Decimal(9), "multi-sell", True)
    assert (sale["status_id"], sale["stage_reached"], sale["updated"], sale["version"]) == (2, 4, 0, 2)
    (entry,) = await read_ledger(database, network_id, sale["sale_id"])
    assert entry["sale_changes"] == {
        "payout": ["10.0000", "9.0000"],
        "sold_at": ["2026-03-10T16:00:00+00:00", "2026-04-01T04:00:00+00:00"],
        "sold_price": ["25.0000", "30.0000"],
        "sale_type": ["exclusive", "multi-sell"],
        "returnable": [None, "true"],
        "buyer_lead_id": [None, "B"],
    }
    assert (entry["revenue_before"], entry["revenue_delta"], entry["kind"]) == (Decimal(25), Decimal(5), "import")
    await check_numbers(database, network_id)
    await check_ledger(database, network_id)


async def test_a_corrected_price_leaves_a_revenue_alone_that_the_buyer_has_set(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    leads = [{"lead_id": lead_id} for lead_id in ("A1", "A2", "A3")]
    await import_rows(database, network_id, *leads)
    await report(database, seeded, "A1", amount=Decimal(40), add_to_existing=False)
    # Reported, though it is the price itself.
    await report(database, seeded, "A2", amount=Decimal(25), add_to_existing=False)
    await report(database, seeded, "A3", amount=Decimal(5), add_to_existing=True)
    for price in ("30", "9"):
        rows = [lead | {"sold_price": price} for lead in leads]
        assert (await import_rows(database, network_id, *rows, correct=True)).counts == (0, 0, 3, 0)
        sales = await read_sales(database, network_id)
        assert column(sales, "sold_price") == [Decimal(price)] * 3
        assert column(sales, "revenue") == [Decimal(40), Decimal(25), Decimal(30)]
    await check_numbers(database, network_id)
    await check_ledger(database, network_id)


async def test_revenue_follows_a_corrected_price_after_an_update_that_names_none(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    leads = [{"lead_id": lead_id, "status": "Contacted"} for lead_id in ("A1", "A2")]
    await import_rows(database, network_id, *leads)
    await report(database, seeded, "A1", status="Funded")
    await report(database, seeded, "A2", status="Funded", amount=Decimal(0), add_to_existing=True)
    for price in ("30", "9"):
        rows = [lead | {"sold_price": price} for lead in leads]
        assert (await import_rows(database, network_id, *rows, correct=True)).counts == (0, 0, 2, 0)
        sales = await read_sales(database, network_id)
        assert column(sales, "revenue") == column(sales, "sold_price") == [Decimal(price)] * 2
        assert column(sales, "status_id") == [2, 2]
    await report(database, seeded, "A2", amount=Decimal(0), add_to_existing=False)
    rows = [lead | {"sold_price": "25"} for lead in leads]
    await import_rows(database, network_id, *rows, correct=True)
    assert column(await read_sales(database, network_id), "revenue") == [Decimal(25), Decimal(0)]
    await check_numbers(database, network_id)
    await check_ledger(database, network_id)


async def test_a_correction_in_the_file_that_brings_the_sale(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    rows = [{"status": "Contacted"}, {"sold_price": "30", "status": "Funded"}]
    assert (await import_rows(database, network_id, *rows, correct=True)).counts == (1, 0, 1, 0)
    (sale,) = await read_sales(database, network_id)
    assert (sale["revenue"], sale["status_id"], sale["version"]) == (Decimal(30), 2, 3)
    await check_numbers(database, network_id)
    assert await check_ledger(database, network_id) == 2


async def test_a_reference_tells_sales_apart_and_is_adopted(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    twice = [{"sale_ref": "R1"}, {"sale_ref": "R2"}]
    assert (await import_rows(database, network_id, *twice)).counts == (2, 0, 0, 0)
    done = await import_rows(database, network_id, {})
    assert done.reasons == {2: "There are several sales of this lead to this contract at this moment; give sale_ref"}
    done = await import_rows(database, network_id, {"sale_ref": "R1", "lead_id": "A2"})
    assert done.reasons[2] == (
        "sale_ref 'R1' is the sale of lead A1 to contract 217; what was sold to whom cannot be corrected"
    )
    await import_rows(database, network_id, {"lead_id": "A3"})
    adopting = {"lead_id": "A3", "sale_ref": "R3"}
    assert "sale_ref (is '', here 'R3')" in (await import_rows(database, network_id, adopting)).reasons[2]
    assert (await import_rows(database, network_id, adopting, correct=True)).counts == (0, 0, 1, 0)
    assert column(await read_sales(database, network_id), "sale_ref") == ["R1", "R2", "R3"]


@pytest.mark.parametrize("portion_rows", [1, 1000])
async def test_a_replacement_costs_nothing_and_settles_what_is_owed(
    database: Database, network_id: int, seeded: Seeded, portion_rows: int
) -> None:
    original = {"sale_ref": "R1", "return_reason_id": "1", "return_state": "replaced"}
    replacement = {"lead_id": "A2", "sold_price": "", "replaces_sale_ref": "R1"}
    rows = [original, replacement | {"sold_price": "5"}, replacement, replacement, replacement | {"lead_id": "A3"}]
    done = await import_rows(database, network_id, original | {"lead_id": "A9", "sale_ref": "R9"})
    assert done.counts == (1, 0, 0, 0)
    assert await owed(database, network_id) == 1
    done = await import_rows(database, network_id, *rows, portion_rows=portion_rows)
    assert done.counts == (2, 1, 0, 2)
    assert done.reasons == {
        3: "A replacement has the price 0, not 5.0000",
        6: "replaces_sale_ref: 'R1' has been replaced already",
    }
    _, first, second = await read_sales(database, network_id)
    assert (second["sale_type"], second["sold_price"], second["replaces_sale_id"]) == (
        "replacement",
        Decimal(0),
        first["sale_id"],
    )
    assert await owed(database, network_id) == 1
    other = {"lead_id": "A4", "sold_price": "0", "buyer": "Buyer 11", "buyer_contract": "Contract 300"}
    done = await import_rows(database, network_id, other | {"replaces_sale_ref": "R9"})
    assert done.reasons == {2: "replaces_sale_ref: 'R9' was sold to another buyer"}
    await import_rows(database, network_id, {"lead_id": "A5", "sale_ref": "R5"})
    done = await import_rows(database, network_id, replacement | {"lead_id": "A6", "replaces_sale_ref": "R5"})
    assert done.reasons == {2: "replaces_sale_ref: 'R5' is not to be replaced, it is not returned"}
    await check_numbers(database, network_id)
    await check_ledger(database, network_id)


async def owed(database: Database, network_id: int) -> int:
    statement = "SELECT returns_owed FROM buyer_contract WHERE network_id = :network_id AND buyer_contract_id = 217"
    (row,) = await read(database, network_id, statement)
    return int(row["returns_owed"])


async def test_a_blank_price_is_zero_where_the_contract_is_priced_on_outcome(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    async with database.transaction(network_id) as connection:
        settings = ContractSettings(priced_on_outcome=True)
        await set_contract(connection, network_id, 217, settings, actor=COMMAND_LINE, now=now())
    assert (await import_rows(database, network_id, {"sold_price": ""})).counts == (1, 0, 0, 0)
    await report(database, seeded, "A1", amount=Decimal(40), add_to_existing=False)
    assert (await import_rows(database, network_id, {"sold_price": ""})).counts == (0, 1, 0, 0)
    (sale,) = await read_sales(database, network_id)
    assert (sale["sold_price"], sale["revenue"]) == (Decimal(0), Decimal(40))


async def test_what_is_missing_is_created_with_the_ids_given(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    row = {
        "vertical": "Autos",
        "vertical_id": "7",
        "offer": "Loans",
        "affiliate": "NaN",
        "campaign": "NaN",
        "campaign_id": "70",
        "buyer": "Acme",
        "buyer_contract": "Payday A",
        "buyer_contract_id": "1217",
    }
    rows = [row, {"lead_id": "A2"} | row, {"lead_id": "A3", "buyer": "New"}, {"lead_id": "A4", "buyer": " " * 3}]
    done = await import_rows(database, network_id, *rows, create_missing=True)
    assert done.counts == (3, 0, 0, 1)
    assert done.reasons == {
        4: "There is no buyer contract 'Contract 217' of buyer 'New'; to create it give vertical too"
    }
    assert done.summary.created == dict.fromkeys(
        ["vertical", "offer", "affiliate", "campaign", "buyer", "buyer_contract"], 1
    )
    contracts = "SELECT * FROM buyer_contract WHERE network_id = :network_id AND buyer_contract_id > 1000"
    (contract,) = await read(database, network_id, contracts)
    assert (contract["buyer_contract_id"], contract["name"], contract["vertical_id"]) == (1217, "Payday A", 7)
    campaigns = "SELECT * FROM campaign WHERE network_id = :network_id AND campaign_id = 70"
    (campaign,) = await read(database, network_id, campaigns)
    offers = "SELECT * FROM offer WHERE network_id = :network_id AND name = 'Loans'"
    (offer,) = await read(database, network_id, offers)
    assert (campaign["name"], campaign["offer_id"]) == ("NaN", offer["offer_id"])
    assert (await import_rows(database, network_id, row)).counts == (0, 1, 0, 0)
    await check_numbers(database, network_id)


async def test_what_cannot_be_created_rejects_its_rows_alone(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    long_name = {"campaign": "x" * 101}
    rows = [long_name, {"lead_id": "A2"}, {"lead_id": "A3"} | long_name, {"lead_id": "A4", "campaign": "New"}]
    done = await import_rows(database, network_id, *rows, create_missing=True)
    assert done.counts == (2, 0, 0, 2)
    assert done.reasons[2] == "The campaign's name has 101 characters; at most 100 are allowed"
    assert done.summary.created == {"campaign": 1}


async def test_more_is_created_than_fits_one_transaction(database: Database, network_id: int, seeded: Seeded) -> None:
    rows = [{"lead_id": f"L{number}", "campaign": f"Campaign {number % 60}"} for number in range(130)]
    done = await import_rows(database, network_id, *rows, create_missing=True)
    assert done.counts == (130, 0, 0, 0)
    assert done.summary.created == {"campaign": 60}


async def test_an_opened_contract_has_its_test_sale(database: Database, network_id: int, seeded: Seeded) -> None:
    moment = now()
    await import_rows(database, network_id, {"lead_id": "TEST220"})
    async with database.transaction(network_id) as connection:
        for name, number in (("A", 219), ("B", 220)):
            contract_id = await open_contract(
                connection,
                network_id,
                name=name,
                buyer_id=10,
                vertical_id=1,
                buyer_contract_id=number,
                actor=COMMAND_LINE,
                now=moment,
            )
            assert contract_id == number
    sales = await read_sales(database, network_id)
    assert [(sale["lead_key"], sale["buyer_contract_id"]) for sale in sales] == [("TEST220", 217), ("TEST219", 219)]
    standing = sales[1]
    assert (standing["is_test"], standing["campaign_id"], standing["first_of_lead"]) == (True, None, True)
    assert (standing["sold_at"], standing["sold_price"], standing["payout_share"]) == (moment, Decimal(0), Decimal(0))
    await report(database, seeded, "test219", buyer_contract_id=219, status="Funded")
    done = await import_rows(database, network_id, {"lead_id": "Test219"}, correct=True)
    assert done.reasons == {2: "TEST219 is the standing test lead of a contract"}
    await check_numbers(database, network_id)


async def test_it_counts_the_failed_updates_that_waited_for_the_sale(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    updates = Updates(database)
    for lead_id in ("a1", "A1", "A2", "never"):
        await updates.submit(call(caller_with(seeded.key), lead_id, status="Funded"))
    await updates.close()
    done = await import_rows(database, network_id, {}, {"lead_id": "A2"}, {"lead_id": "A3"})
    assert done.summary.waiting_updates == 3
    assert (await import_rows(database, network_id, {})).summary.waiting_updates == 0


async def test_two_imports_of_one_file_import_it_once(database: Database, network_id: int, seeded: Seeded) -> None:
    rows = [
        {
            "lead_id": f"L{number % 150}",
            "sale_ref": f"R{number}" if number % 3 else "",
            "sold_at": f"2026-03-{10 + number % 3}T1{number // 150}:00",
            "buyer_contract": f"Contract {217 + number % 2}",
            "campaign": f"Campaign {number % 150 % 7}",
            "status": "Funded" if number % 5 == 0 else "",
        }
        for number in range(300)
    ]
    backwards = rows[::-1]
    done = await asyncio.gather(
        import_rows(database, network_id, *rows, portion_rows=40, create_missing=True),
        import_rows(database, network_id, *rows, portion_rows=40, create_missing=True),
        import_rows(database, network_id, *backwards, portion_rows=50, create_missing=True),
    )
    assert sum(one.summary.imported for one in done) == 300
    assert sum(one.summary.skipped for one in done) == 600
    assert sum(one.summary.created["campaign"] for one in done if one.summary.created) == 7
    await check_numbers(database, network_id)
    assert await check_ledger(database, network_id) == 60


async def test_updates_go_on_while_the_same_sales_are_corrected(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    rows = [{"lead_id": f"L{number}"} for number in range(60)]
    await import_rows(database, network_id, *rows)
    updates = Updates(database)

    async def update() -> int:
        caller, one_more = caller_with(seeded.key), {"amount": Decimal(1), "add_to_existing": True}
        sent = [
            updates.submit(call(caller, f"L{number}", **one_more, idempotency_key=f"{number} {repeat}"))
            for repeat in range(3)
            for number in range(60)
        ]
        return sum(outcome.answer.success for outcome in await asyncio.gather(*sent))

    async def correct() -> None:
        for price in ("30", "31", "32"):
            corrected = [row | {"sold_price": price, "payout": price} for row in rows]
            await import_rows(database, network_id, *corrected, portion_rows=20, correct=True)

    accepted, _ = await asyncio.gather(update(), correct())
    await updates.close()
    entries = await read(database, network_id, "SELECT kind FROM lead_update WHERE network_id = :network_id")
    assert column(entries, "kind").count("update") == accepted
    assert accepted >= 60
    await check_numbers(database, network_id)
    await check_ledger(database, network_id)
