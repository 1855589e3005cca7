"""The network all cases speak to: its names and numbers, and how it is put into the database."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec
from sqlalchemy import Table, insert, text

from leadback.catalog.tables import alias, field, status
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.tables import lead
from leadback.parties.tables import buyer_contract
from tests.support.seed import Seeded, seed_network

CANARY_LEAD: Final = "GOOD-REQUEST"
REVENUE: Final = Decimal("25.0000")

CONTRACTS: Final = {217: 10, 218: 10, 219: 10, 300: 11}
"""The contracts with their buyers; the calls come with a key of buyer 10. 219 is inactive."""

LONG_STATUS: Final = "L" * 100
STATUSES: Final = {
    "Contacted": "Contacted",
    "Funded": "Funded",
    "Dead": "Dead",
    "Solar Only": "Solar Only",
    "Renamed": "Renamed",
    "R&D <hot>": "R&D <hot>",
    "Caf\u00e9": "Caf\u00e9",
    LONG_STATUS: LONG_STATUS,
    "Newly named": "Newly named",
    "Long known": "Newly named",
}
"""What may be sent, exactly so, and the status it means: `Long known` is a former name in its time of grace. `Old` is
inactive, and the grace of `Before`, which is now `Renamed`, is over."""
SUB_STATUSES: Final = {"Funded": ("Full Payment", "Partial"), "Contacted": ("By phone",)}
"""Active ones by their status; `Gone` of `Funded` is not."""
STATUS_ALIASES: Final = {"SOLD!": "Funded"}
"""The buyer's own words, compared without case and outer blanks."""

FIELDS: Final = {
    "loan_amount": "Number",
    "note": "String",
    "remark": "String",
    "closed_on": "Date",
    "insured": "Bool",
    "grade": "List",
}
"""Fields of this buyer's sales; `solar_kw` is another vertical's, `theirs` another buyer's, `retired` inactive."""
STRING_LENGTHS: Final = {"note": 5, "remark": 4000}
GRADES: Final = ("A", "B")
FIELD_ALIASES: Final = {"LOANAMT": "loan_amount"}

RETURN_REASONS: Final = (1, 2)
"""Active ones; 3 is not."""

SALES: Final[dict[str, tuple[dict[str, Any], ...]]] = {
    "plain": ({},),
    "multi": ({}, {"buyer_contract_id": 218, "first_of_lead": False}),
    "foreign": ({"buyer_id": 11, "buyer_contract_id": 300},),
    "lapsed": ({"buyer_contract_id": 219},),
    "test": ({"is_test": True},),
    "final": ({"returnable": False},),
    "old": ({"sold_days_ago": 60},),
    "nobody": (),
}
"""How a case's lead was sold; `nobody`: there is no such lead."""


_INSERT_SALE: Final = text("""
    INSERT INTO sale (
        network_id, lead_key, buyer_id, buyer_contract_id, campaign_id, is_test, returnable, first_of_lead, sold_price,
        revenue, payout_share, sold_at, sold_on
    )
    SELECT :network_id, :lead_key, :buyer_id, :buyer_contract_id, 5, :is_test, CAST(:returnable AS boolean),
        :first_of_lead, :revenue, :revenue, 10, at, (at AT TIME ZONE 'America/New_York')::date
    FROM (SELECT now() - :sold_days_ago * interval '1 day' AS at) AS moment
""")


class Sold(msgspec.Struct, frozen=True):
    """A lead and how it was sold."""

    lead_id: str
    kind: str


async def make_corpus_world(database: Database, network_id: int, leads: list[Sold]) -> Seeded:
    """The network with the leads of some cases, and one more for good requests between them."""
    seeded = await seed_network(database, network_id)
    async with database.transaction(network_id) as connection:

        async def put(table: Table, *rows: dict[str, Any]) -> None:
            await connection.execute(insert(table), [{"network_id": network_id} | row for row in rows])

        await put(
            buyer_contract,
            {"buyer_contract_id": 219, "buyer_id": 10, "vertical_id": 1, "name": "Contract 219", "active": False},
        )
        for status_id, name in enumerate(("R&D <hot>", "Caf\u00e9", LONG_STATUS), 20):
            await put(status, {"status_id": status_id, "name": name, "position": status_id})
        grace = {"former_name": "Long known", "former_name_until": now() + timedelta(days=1)}
        await put(status, {"status_id": 30, "name": "Newly named", "position": 30} | grace)
        remark = {"name": "remark", "name_key": "REMARK", "label": "Remark", "data_type": "String", "length_max": 4000}
        await put(field, {"field_id": 20, "position": 20} | remark)
        sold = {"buyer_id": 10, "alias_id": 1, "kind": "status", "theirs": "Sold!", "their_key": "SOLD!"}
        await put(alias, sold | {"status_id": 2})
        loan = {"buyer_id": 10, "alias_id": 2, "kind": "field", "theirs": "loanamt", "their_key": "LOANAMT"}
        await put(alias, loan | {"field_id": 1})
        there = [Sold(CANARY_LEAD, "plain"), *(one for one in leads if SALES[one.kind])]
        await put(lead, *(_lead(one) for one in there))
        rows = [{"network_id": network_id} | row for one in there for row in _sales(one)]
        await connection.execute(_INSERT_SALE, rows)
    return seeded


def _lead(sold: Sold) -> dict[str, Any]:
    return {
        "lead_key": sold.lead_id.upper(),
        "lead_id": sold.lead_id,
        "campaign_id": 5,
        "created_at": now(),
        "payout": Decimal(10),
        "is_test": any(row.get("is_test", False) for row in SALES[sold.kind]),
    }


def _sales(sold: Sold) -> list[dict[str, Any]]:
    plain = {
        "lead_key": sold.lead_id.upper(),
        "buyer_id": 10,
        "buyer_contract_id": 217,
        "is_test": False,
        "returnable": None,
        "first_of_lead": True,
        "sold_days_ago": 1,
        "revenue": REVENUE,
    }
    return [plain | changes for changes in SALES[sold.kind]]
