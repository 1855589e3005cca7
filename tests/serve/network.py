"""A network with sales, and UpdateLead as a buyer sends it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlencode

from leadback.kit.database import Database
from tests.support.seed import Seeded, seed_network, seed_sale

UPDATE_PATH = "/buyers/api/1/leads.asmx/UpdateLead"
DONE = "<success>true</success>"


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """The database the program works on, seen by the test."""
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()


async def sold(database: Database, network_id: int, leads: int) -> Seeded:
    """The network with its buyers and so many sales: leads L0, L1, … to contract 217 of buyer 10, revenue 25 each."""
    seeded = await seed_network(database, network_id)
    for number in range(leads):
        await seed_sale(database, network_id, f"L{number}")
    return seeded


def update_path(key: str, **given: object) -> str:
    """UpdateLead by GET with everything CAKE declares; what is not given says nothing."""
    declared: Mapping[str, object] = {
        "lead_id": "L0",
        "buyer_contract_id": 217,
        "status": "",
        "sub_status": "",
        "amount": "",
        "add_to_existing": "true",
        "field_name": "",
        "field_value": "",
        "return_reason_id": 0,
    }
    return f"{UPDATE_PATH}?{urlencode({**declared, **given, 'api_key': key})}"
