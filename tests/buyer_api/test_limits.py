"""Whose calls are counted together where there is no key: those of one address, told by a trusted proxy or its own."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from leadback.buyer_api.application import BuyerApi
from leadback.kit.database import Database
from leadback.kit.settings import Settings
from leadback.leads.limits import Limits
from leadback.leads.update import Updates
from tests.buyer_api.wire import ask, parameters
from tests.support.seed import seed_network, seed_sale

pytestmark = pytest.mark.anyio

PROXY = "10.0.0.1"
GUESSES_MAX = 3
BURST = 10


class Door:
    """The buyer API behind a trusted proxy; time stands still."""

    def __init__(self, database: Database, *, rate: int, guesses_max: int) -> None:
        self.updates = Updates(
            database, Limits(rate_per_key=rate, lead_guesses_max=guesses_max, web_workers=1, clock=lambda: 0.0)
        )
        self.application = BuyerApi(self.updates, Settings(trusted_proxies=("10.0.0.0/8",)))

    async def statuses(self, times: int, peer: str, forwarded: str = "", lead_id: str = "UNKNOWN") -> list[int]:
        """What so many keyless calls are answered with."""
        headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
        call = parameters(lead_id=lead_id, status="Funded")
        replies = [
            await ask(self.application, call, headers=headers, peer=(peer, 40000 + turn)) for turn in range(times)
        ]
        assert all(("<message>Restricted<" in reply.text) == (reply.status == 429) for reply in replies)
        assert all("retry-after" in reply.headers for reply in replies if reply.status == 429)
        return [reply.status for reply in replies]


@pytest.fixture
async def keyless(database: Database, network_id: int) -> AsyncIterator[int]:
    """A network, the one of the host name that calls name, with a buyer that needs no key; its lead is OWNED."""
    await seed_network(database, network_id)
    await seed_sale(database, network_id, "OWNED", buyer_id=11, buyer_contract_id=300)
    await change(database, network_id, "UPDATE buyer SET keyless_networks = '{0.0.0.0/0}' WHERE buyer_id = 11")
    await change(database, network_id, "UPDATE network SET host_name = 'leads.example.com'")
    yield network_id
    await change(database, network_id, "UPDATE network SET host_name = NULL")


async def change(database: Database, network_id: int, statement: str) -> None:
    """A change of configuration."""
    async with database.transaction(network_id) as connection:
        await connection.execute(text(statement))
        await connection.execute(text("UPDATE network_version SET version = version + 1"))


@pytest.mark.usefixtures("keyless")
async def test_guesses_are_the_clients_behind_a_trusted_proxy(database: Database) -> None:
    door = Door(database, rate=0, guesses_max=GUESSES_MAX)
    assert await door.statuses(5, PROXY, "198.51.100.1") == [200, 200, 200, 429, 429]
    assert await door.statuses(1, PROXY, "198.51.100.1", "OWNED") == [429]
    assert await door.statuses(1, PROXY, "203.0.113.9, 198.51.100.1, 10.0.0.2", "OWNED") == [429]
    assert await door.statuses(1, "198.51.100.1", lead_id="OWNED") == [429]
    assert await door.statuses(1, PROXY, "198.51.100.2", "OWNED") == [200]
    await door.updates.close()


@pytest.mark.usefixtures("keyless")
async def test_a_client_cannot_guess_in_the_name_of_others(database: Database) -> None:
    door = Door(database, rate=0, guesses_max=GUESSES_MAX)
    for number in range(GUESSES_MAX):
        assert await door.statuses(1, "198.51.100.7", f"203.0.113.{number}") == [200]
    assert await door.statuses(1, "198.51.100.7", "203.0.113.99") == [429]
    assert await door.statuses(1, PROXY, "203.0.113.0", "OWNED") == [200]
    await door.updates.close()


@pytest.mark.usefixtures("keyless")
async def test_the_rate_is_the_clients_behind_a_trusted_proxy(database: Database) -> None:
    door = Door(database, rate=1, guesses_max=0)
    await door.statuses(1, PROXY, "203.0.113.5")
    assert await door.statuses(BURST + 2, PROXY, "198.51.100.1", "OWNED") == [200] * BURST + [429] * 2
    assert await door.statuses(1, "198.51.100.1", lead_id="OWNED") == [429]
    assert await door.statuses(1, PROXY, "198.51.100.2", "OWNED") == [200]
    await door.updates.close()
