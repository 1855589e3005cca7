"""Settings of buyers and of contracts."""

from datetime import date
from ipaddress import ip_network
from typing import Any

import pytest

from leadback.kit.database import Database
from leadback.kit.errors import Refused
from leadback.parties.actions import create_buyer, create_contract, create_vertical, set_buyer, set_contract
from leadback.parties.queries import list_buyers, list_contracts
from leadback.parties.rules import parse_network
from leadback.parties.settings import BuyerSettings, ContractSettings
from tests.support.changes import changing, refused, who

pytestmark = pytest.mark.anyio

OFFICE = ip_network("192.0.2.0/24")


@pytest.fixture
async def contract_id(database: Database, network_id: int) -> int:
    """Buyer 1's contract."""
    async with database.transaction(network_id) as connection:
        await create_buyer(connection, network_id, name="Best Buyer", **who())
        await create_vertical(connection, network_id, name="Payday", **who())
        return await create_contract(connection, network_id, name="Gold", buyer_id=1, vertical_id=1, **who())


async def change_buyer(database: Database, network_id: int, **settings: Any) -> None:
    async with database.transaction(network_id) as connection:
        await set_buyer(connection, network_id, 1, BuyerSettings(**settings), **who())


async def change_contract(database: Database, network_id: int, contract_id: int, **settings: Any) -> None:
    async with database.transaction(network_id) as connection:
        await set_contract(connection, network_id, contract_id, ContractSettings(**settings), **who())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"accept_keyless": True}, "at least one allowed network"),
        ({"keyless_networks": (OFFICE, OFFICE)}, "given twice"),
        ({"rate_per_key": -1}, "is not 0"),
        ({"rate_per_key": 100_001}, "is not 0"),
        ({"retry_guard": "maybe"}, "not one of guard, off, strict"),
        ({"account_manager_id": 5}, "no operator 5"),
    ],
)
async def test_it_refuses_settings_of_a_buyer_that_cannot_be(
    database: Database, network_id: int, contract_id: int, settings: dict[str, Any], words: str
) -> None:
    assert contract_id
    async with refused(database, network_id, words):
        await change_buyer(database, network_id, **settings)


async def test_the_last_allowed_network_stays_while_keyless_calls_are_accepted(
    database: Database, network_id: int, contract_id: int
) -> None:
    assert contract_id
    await change_buyer(database, network_id, accept_keyless=True, keyless_networks=(OFFICE,))
    async with refused(database, network_id, "at least one allowed network"):
        await change_buyer(database, network_id, keyless_networks=())
    async with changing(database, network_id, "set buyer"):
        await change_buyer(database, network_id, accept_keyless=False, keyless_networks=())


async def test_a_buyers_settings_are_changed_as_given(database: Database, network_id: int, contract_id: int) -> None:
    assert contract_id
    settings = {
        "accept_keyless": True,
        "keyless_until": date(2026, 12, 31),
        "keyless_networks": (OFFICE, ip_network("2001:db8::/32")),
        "lead_statuses": False,
        "rate_per_key": 0,
        "retry_guard": "strict",
    }
    async with changing(database, network_id, "set buyer") as added:
        for _ in range(2):
            await change_buyer(database, network_id, **settings)
    assert added[0]["after"]["keyless_networks"] == ["192.0.2.0/24", "2001:db8::/32"]
    assert added[0]["after"]["keyless_until"] == "2026-12-31"
    async with database.transaction(network_id) as connection:
        (buyer,) = await list_buyers(connection, network_id)
    assert {name: getattr(buyer, name) for name in settings} == settings
    async with changing(database, network_id, "set buyer") as added:
        await change_buyer(database, network_id, rate_per_key=None, keyless_until=None)
    assert added[0]["after"] == {"rate_per_key": None, "keyless_until": None}


async def test_a_contracts_settings_are_changed_as_given(database: Database, network_id: int, contract_id: int) -> None:
    for days in (-1, 3651):
        async with refused(database, network_id, "is not 0 to 3650 days"):
            await change_contract(database, network_id, contract_id, max_return_age_days=days)
    async with refused(database, network_id, "no buyer contract with the id 99"):
        await change_contract(database, network_id, 99, returnable=False)
    async with changing(database, network_id, "set buyer contract") as added:
        await change_contract(database, network_id, contract_id, returnable=False, max_return_age_days=0)
        await change_contract(database, network_id, contract_id)
    assert added[0]["after"] == {"returnable": False, "max_return_age_days": 0}
    async with database.transaction(network_id) as connection:
        (contract,) = await list_contracts(connection, network_id)
    assert (contract.returnable, contract.max_return_age_days, contract.priced_on_outcome) == (False, 0, False)


@pytest.mark.parametrize("text", ["", "office", "192.0.2.1/24", "192.0.2.0/33", "2001:db8::1/32"])
def test_a_network_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Refused, match=r"is not a network: .* Give one such as 192.0.2.0/24"):
        parse_network(text)


def test_one_address_is_a_network() -> None:
    assert parse_network(" 192.0.2.7 ") == ip_network("192.0.2.7/32")
