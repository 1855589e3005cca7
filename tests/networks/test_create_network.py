"""Making a network."""

import asyncio

import pytest

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.errors import Refused
from leadback.networks.actions import create_network
from leadback.networks.model import COMMAND_LINE
from leadback.networks.queries import directory, read_network
from tests.support.changes import entries, version

pytestmark = pytest.mark.anyio


async def make(database: Database, name: str, *, time_zone: str = "UTC", currency: str = "USD") -> int:
    return await create_network(database, name=name, time_zone=time_zone, currency=currency, now=now())


@pytest.mark.parametrize(
    "time_zone", ["Mars/Olympus", "", "localtime", "Factory", "posix/UTC", "america/new_york", "+3"]
)
async def test_it_refuses_a_zone_that_is_not_known_everywhere(database: Database, time_zone: str) -> None:
    with pytest.raises(Refused, match=r"not known; give one such as America/New_York, .*Europe/London or UTC"):
        await make(database, f"zone ({time_zone})", time_zone=time_zone)


@pytest.mark.parametrize("currency", ["usd", "US", "USDT", "", "U$D", "ÜSD"])
async def test_it_refuses_a_currency_that_is_not_three_capital_letters(database: Database, currency: str) -> None:
    with pytest.raises(Refused, match="not three capital letters, such as USD"):
        await make(database, f"currency ({currency})", currency=currency)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "is empty"),
        ("x" * 101, "has 101 characters; at most 100"),
        (" Acme", "begins or ends with a blank"),
        ("Acme\u00a0", "begins or ends with a blank"),
        ("Ac\nme", "control character"),
        ("Ac\x7fme", "control character"),
        ("Ac\ufffeme", "control character or one that XML forbids"),
        ("Ac\udc80me", "control character or one that XML forbids"),
        ("Ac\u200bme", "not seen or turns the writing round"),
        ("Ac\u202eme", "not seen or turns the writing round"),
    ],
)
async def test_it_refuses_a_name_that_cannot_be_shown(database: Database, name: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        await make(database, name)


async def test_a_name_belongs_to_one_network(database: Database, network_id: int) -> None:
    async with database.outside_networks() as connection:
        name, _ = (await directory(connection))[network_id]
    with pytest.raises(Refused, match=f"already, with the id {network_id}"):
        await make(database, name)


async def test_of_two_at_once_one_gets_the_name(database: Database, network_id: int) -> None:
    made = await asyncio.gather(*(make(database, f"twins of {network_id}") for _ in range(4)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in made) == ["Refused", "Refused", "Refused", "int"]


async def test_it_begins_at_version_1_with_the_default_settings(database: Database, network_id: int) -> None:
    made = await make(database, f"NaN of {network_id} – Ünï 💶", time_zone="Asia/Kathmandu", currency="NPR")
    async with database.transaction(made) as connection:
        network = await read_network(connection, made)
    assert (network.time_zone, network.currency, network.lead_statuses) == ("Asia/Kathmandu", "NPR", True)
    assert await version(database, made) == 1
    (entry,) = await entries(database, made)
    assert (entry["action"], entry["actor"], entry["subject_id"]) == ("create network", COMMAND_LINE.name, made)
    assert entry["after"] == {"name": network.name, "time_zone": "Asia/Kathmandu", "currency": "NPR"}
