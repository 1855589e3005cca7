"""Rows that are not imported: each says what is wrong, and stops none of the others."""

from datetime import timedelta

import pytest

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.errors import Refused
from leadback.leads.ingest import SalesIngest
from leadback.leads.ingest_model import IngestOptions
from tests.support.importing import ACTOR, import_rows, read_sales
from tests.support.seed import seed_network

pytestmark = pytest.mark.anyio


@pytest.fixture
async def seeded(database: Database, network_id: int) -> int:
    await seed_network(database, network_id)
    return network_id


REJECTED = {
    "blank lead id": ({"lead_id": ""}, "lead_id: '' is not 1 to 50 letters, digits, hyphens and underscores"),
    "lead id with a blank": ({"lead_id": "A 1"}, "lead_id: 'A 1' is not 1 to 50"),
    "lead id too long": ({"lead_id": "x" * 51}, "is not 1 to 50"),
    "lead id with other digits": ({"lead_id": "A٣"}, "is not 1 to 50"),
    "no moment": ({"sold_at": ""}, "sold_at is blank"),
    "not a date": ({"sold_at": "3/10/2026"}, "sold_at: '3/10/2026' is not a date or time"),
    "no such day": ({"sold_at": "2026-02-30"}, "sold_at: '2026-02-30' is not a date or time: day"),
    "skipped by the clock": ({"sold_at": "2026-03-08T02:30"}, "'2026-03-08T02:30' does not exist in America/New_York"),
    "in the future": ({"sold_at": "2999-01-01"}, "sold_at: '2999-01-01' is in the future"),
    "long ago": ({"sold_at": "0203-01-01"}, "sold_at: '0203-01-01' is before 1970"),
    "before the first year": ({"sold_at": "0001-01-01T00:00+14:00"}, "is out of range"),
    "lead in the future": ({"lead_at": "2999-01-01"}, "lead_at: '2999-01-01' is in the future"),
    "no price": ({"sold_price": ""}, "sold_price is blank, and the contract is not priced on outcome"),
    "price in words": ({"sold_price": "much"}, "sold_price: 'much' is not an amount such as 1234.50"),
    "price not a number": ({"sold_price": "NaN"}, "sold_price: 'NaN' is not an amount"),
    "price with an exponent": ({"sold_price": "1e3"}, "is not an amount"),
    "price badly grouped": ({"sold_price": "1,23"}, "is not an amount"),
    "price with five decimals": ({"sold_price": "1.23456"}, "is not an amount"),
    "negative price": ({"sold_price": "-1"}, "sold_price: '-1' is negative"),
    "negative payout": ({"payout": "-0.0001"}, "payout: '-0.0001' is negative"),
    "price too large": ({"sold_price": "1000000000000.0001"}, "is more than 1000000000000"),
    "other currency": ({"currency": "EUR"}, "currency: 'EUR' is not the network's currency USD"),
    "sale type": ({"sale_type": "shared"}, "sale_type: 'shared' is none of exclusive, multi-sell, replacement"),
    "returnable": ({"returnable": "maybe"}, "returnable: 'maybe' is none of true, false, yes, no, 1, 0"),
    "is test": ({"is_test": "2"}, "is_test: '2' is none of"),
    "control character": ({"sub_id_1": "a\x07b"}, "A value contains a control character or one that XML forbids"),
    "control character in other data": ({"zip": "\x00"}, "A value contains a control character"),
    "sub id too long": ({"sub_id_2": "x" * 256}, "sub_id_2 has 256 characters; at most 255 are allowed"),
    "data too long": ({"note": "x" * 4001}, "note has 4001 characters; at most 4000 are allowed"),
    "unknown buyer": ({"buyer": "Nobody"}, "There is no buyer contract 'Contract 217' of buyer 'Nobody'"),
    "an id as a name": ({"buyer": "10"}, "There is no buyer contract 'Contract 217' of buyer '10'"),
    "a name as an id": ({"buyer_id": "Buyer 10"}, "buyer_id: 'Buyer 10' is not an id"),
    "id and name disagree": ({"buyer_id": "11"}, "The buyer 11 is called 'Buyer 11', not 'Buyer 10'"),
    "name has another id": ({"buyer_id": "12"}, "The buyer 'Buyer 10' has the id 10, not 12"),
    "contract of another": ({"buyer": "Buyer 11"}, "There is no buyer contract 'Contract 217' of buyer 'Buyer 11'"),
    "contract id of another name": (
        {"buyer_contract_id": "218"},
        "The buyer contract 218 is called 'Contract 218', not 'Contract 217'",
    ),
    "contract by an unknown id": (
        {"buyer_contract": "", "buyer_contract_id": "999"},
        "with the id 999 of buyer 'Buyer 10'; to create it give buyer_contract and vertical too",
    ),
    "no contract": ({"buyer_contract": ""}, "buyer_contract and buyer_contract_id are blank"),
    "unknown contract": (
        {"buyer_contract": "X"},
        "There is no buyer contract 'X' of buyer 'Buyer 10'; to create it give vertical too",
    ),
    "unknown contract with its vertical": (
        {"buyer_contract": "X", "vertical": "Payday"},
        "There is no buyer contract 'X'; --create-missing creates it",
    ),
    "other vertical": ({"vertical": "Solar"}, "'Contract 217' is of vertical 'Payday', not 'Solar'"),
    "other offer": ({"campaign": "Mail", "offer": "Cash Now"}, "The campaign 'Mail' has no offer, not 'Cash Now'"),
    "ambiguous campaign": ({"affiliate": ""}, "There are several campaigns 'Search'; give the affiliate too"),
    "unknown campaign": ({"campaign": "X"}, "There is no campaign 'X'; --create-missing creates it"),
    "unknown affiliate": ({"affiliate": "X"}, "There is no affiliate 'X'; --create-missing creates it"),
    "unknown status": ({"status": "contacted"}, "status: no active status is called 'contacted'"),
    "inactive status": ({"status": "Old"}, "status: no active status is called 'Old'"),
    "sub-status alone": ({"sub_status": "Partial"}, "sub_status 'Partial' is given without a status"),
    "sub-status of another": (
        {"status": "Contacted", "sub_status": "Partial"},
        "sub_status: no active sub-status of 'Contacted' is called 'Partial'",
    ),
    "field of another vertical": (
        {"field_solar_kw": "1"},
        "field_solar_kw: no active field of this vertical and buyer is called 'solar_kw'",
    ),
    "field value": ({"field_loan_amount": "much"}, "field_loan_amount: 'much' is not a Number of this field"),
    "return reason": ({"return_reason": "X"}, "There is no active return reason with return_reason 'X'"),
    "inactive return reason": ({"return_reason_id": "3"}, "There is no active return reason with return_reason_id '3'"),
    "return reasons disagree": ({"return_reason_id": "1", "return_reason": "Duplicate"}, "no active return reason"),
    "return state": ({"return_reason_id": "1", "return_state": "lost"}, "return_state: 'lost' is none of submitted"),
    "return state alone": ({"return_state": "credited"}, "return_state 'credited' is given without a return_reason"),
    "nothing to replace": ({"sold_price": "0", "replaces_sale_ref": "R9"}, "replaces_sale_ref: there is no sale 'R9'"),
    "paid replacement": ({"sale_type": "replacement"}, "A replacement has the price 0, not 25.0000"),
    "replacing as another type": (
        {"sold_price": "0", "sale_type": "exclusive", "replaces_sale_ref": "R9"},
        "A sale that replaces another has the sale_type replacement, not exclusive",
    ),
}


@pytest.mark.parametrize("name", REJECTED)
async def test_it_rejects_a_row_and_says_why(database: Database, seeded: int, name: str) -> None:
    row, reason = REJECTED[name]
    done = await import_rows(database, seeded, {"lead_id": "FIRST"}, row, {"lead_id": "LAST"})
    assert done.counts == (2, 0, 0, 1)
    assert reason in done.reasons[3]
    assert [sale["lead_key"] for sale in await read_sales(database, seeded)] == ["FIRST", "LAST"]


async def test_a_row_within_the_day_to_come_is_taken_for_a_clock_that_is_ahead(database: Database, seeded: int) -> None:
    ahead = (now() + timedelta(hours=23)).isoformat(timespec="seconds")
    assert (await import_rows(database, seeded, {"sold_at": ahead})).counts == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (["lead_id", "sold_at", "buyer_contract", "campaign"], "The file lacks sold_price."),
        (
            ["lead_id", "price", "sold_at"],
            "lacks sold_price, buyer_contract or buyer_contract_id, campaign or campaign_id",
        ),
        (
            ["lead_id", "sold_at", "sold_price", "buyer_contract", "campaign", "field_x"],
            "field_x names no active field",
        ),
        (["lead_id", "sold_at", "sold_price", "buyer_contract", "campaign", "field_retired"], "names no active field"),
        (["lead_id", *(f"c{number}" for number in range(500))], "501 columns; at most 500"),
    ],
)
async def test_it_refuses_a_header(database: Database, seeded: int, columns: list[str], said: str) -> None:
    with pytest.raises(Refused, match=said):
        await SalesIngest(database, seeded, columns, IngestOptions(), actor=ACTOR).begin()
