"""Whose calls are counted together, by whatever channel: those of one key, or without one those of one address."""

from collections.abc import AsyncIterator

import pytest

from leadback.buyer_api.application import BuyerApi
from leadback.kit.database import Database
from leadback.kit.settings import Settings
from leadback.leads import guess_rules
from leadback.leads.limits import Limits
from leadback.leads.model import Channel
from leadback.leads.update import Updates
from tests.buyer_api.buyer import Buyer
from tests.buyer_api.calls import CHANNELS, Said, call, channels_of, said, saying
from tests.buyer_api.golden_files import change
from tests.buyer_api.wire import Reply, ask, parameters
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
async def keyless_network(database: Database, network_id: int) -> AsyncIterator[int]:
    """A network, the one of the host name that calls name, with a buyer that needs no key; its lead is OWNED."""
    await seed_network(database, network_id)
    await seed_sale(database, network_id, "OWNED", buyer_id=11, buyer_contract_id=300)
    await change(database, network_id, "UPDATE buyer SET keyless_networks = '{0.0.0.0/0}' WHERE buyer_id = 11")
    await change(database, network_id, "UPDATE network SET host_name = 'leads.example.com'")
    yield network_id
    await change(database, network_id, "UPDATE network SET host_name = NULL")


@pytest.mark.usefixtures("keyless_network")
async def test_guesses_are_the_clients_behind_a_trusted_proxy(database: Database) -> None:
    door = Door(database, rate=0, guesses_max=GUESSES_MAX)
    assert await door.statuses(5, PROXY, "198.51.100.1") == [200, 200, 200, 429, 429]
    assert await door.statuses(1, PROXY, "198.51.100.1", "OWNED") == [429]
    assert await door.statuses(1, PROXY, "203.0.113.9, 198.51.100.1, 10.0.0.2", "OWNED") == [429]
    assert await door.statuses(1, "198.51.100.1", lead_id="OWNED") == [429]
    assert await door.statuses(1, PROXY, "198.51.100.2", "OWNED") == [200]
    await door.updates.close()


@pytest.mark.usefixtures("keyless_network")
async def test_a_client_cannot_guess_in_the_name_of_others(database: Database) -> None:
    door = Door(database, rate=0, guesses_max=GUESSES_MAX)
    for number in range(GUESSES_MAX):
        assert await door.statuses(1, "198.51.100.7", f"203.0.113.{number}") == [200]
    assert await door.statuses(1, "198.51.100.7", "203.0.113.99") == [429]
    assert await door.statuses(1, PROXY, "203.0.113.0", "OWNED") == [200]
    await door.updates.close()


@pytest.mark.usefixtures("keyless_network")
async def test_the_rate_is_the_clients_behind_a_trusted_proxy(database: Database) -> None:
    door = Door(database, rate=1, guesses_max=0)
    await door.statuses(1, PROXY, "203.0.113.5")
    assert await door.statuses(BURST + 2, PROXY, "198.51.100.1", "OWNED") == [200] * BURST + [429] * 2
    assert await door.statuses(1, "198.51.100.1", lead_id="OWNED") == [429]
    assert await door.statuses(1, PROXY, "198.51.100.2", "OWNED") == [200]
    await door.updates.close()


OPERATIONS = ("UpdateLead", "Return", "UpdateLeadStatus")
ROWS = [(operation, channel) for operation in OPERATIONS for channel in channels_of(operation)]
EVERY = [*ROWS, *(("GetReturnReasons", channel) for channel in CHANNELS)]
RESTRICTED = Said(False, "Restricted")


async def ask_any(door: Door, key: str, operation: str, channel: Channel, lead_id: str, **changes: str) -> Reply:
    """Any operation, as a call of its own; on its lead nothing is changed but by Return."""
    values = saying(operation, **({} if operation == "GetReturnReasons" else {"lead_id": lead_id}), **changes)
    return await call(door.application, channel, operation, values, *([(b"x-api-key", key.encode())] if key else []))


def is_restricted(reply: Reply) -> bool:
    """Whether it is the answer to a call too many, and all of it."""
    restricted = reply.status == 429
    assert not restricted or (said(reply) == RESTRICTED and int(reply.headers["retry-after"]) >= 1)
    return restricted


async def test_every_operation_by_every_channel_takes_of_one_rate(buyer: Buyer) -> None:
    await buyer.sold("OWNED")
    door = Door(buyer.database, rate=1, guesses_max=0)
    await ask_any(door, buyer.key, "UpdateLead", Channel.GET, "OWNED")
    for operation, channel in EVERY[1 : BURST + 1]:
        assert not is_restricted(await ask_any(door, buyer.key, operation, channel, "OWNED"))
    for operation, channel in EVERY:
        assert is_restricted(await ask_any(door, buyer.key, operation, channel, "OWNED")), (operation, channel)
    await door.updates.close()


@pytest.mark.parametrize(("operation", "channel"), EVERY)
async def test_each_of_them_takes_one(buyer: Buyer, other: Buyer, operation: str, channel: Channel) -> None:
    await buyer.sold("OWNED")
    door = Door(buyer.database, rate=1, guesses_max=0)
    for key in (buyer.key, other.key):
        replies = [await ask_any(door, key, operation, channel, "OWNED") for _ in range(BURST + 2)]
        assert [is_restricted(reply) for reply in replies].index(True) in (BURST, BURST + 1)
    await door.updates.close()


async def test_calls_that_cannot_be_read_take_of_the_rate_and_those_too_many_are_not_kept(buyer: Buyer) -> None:
    door = Door(buyer.database, rate=1, guesses_max=0)
    for _ in range(BURST + 5):
        for operation, channel in ROWS[:5]:
            reply = await ask_any(door, buyer.key, operation, channel, "OWNED", return_reason_id="x")
            assert (reply.status, "retry-after" in reply.headers) == (500, False)
    assert len(await buyer.failed()) in (BURST, BURST + 1)
    assert is_restricted(await ask_any(door, buyer.key, "UpdateLead", Channel.JSON, "OWNED"))
    await door.updates.close()


@pytest.mark.usefixtures("keyless_network")
@pytest.mark.parametrize("last", [row for row in ROWS if row[0] != "UpdateLeadStatus"])
async def test_an_addresss_guesses_by_any_channel_are_counted_together(
    database: Database, last: tuple[str, Channel]
) -> None:
    door = Door(database, rate=0, guesses_max=GUESSES_MAX)
    for operation, channel in (ROWS[0], ROWS[7], ROWS[4]):
        assert said(await ask_any(door, "", operation, channel, "UNKNOWN")) == Said(False, "Invalid Lead ID")
    assert is_restricted(await ask_any(door, "", *last, "UNKNOWN"))
    assert is_restricted(await ask_any(door, "", *last, "OWNED"))
    for channel in CHANNELS:
        assert said(await ask_any(door, "", "GetReturnReasons", channel, "")).success
    await door.updates.close()


@pytest.mark.parametrize("last", ROWS)
async def test_a_keys_guesses_by_any_channel_are_counted_together(
    buyer: Buyer, monkeypatch: pytest.MonkeyPatch, last: tuple[str, Channel]
) -> None:
    monkeypatch.setattr(guess_rules, "KEY_GUESSES_MAX", len(ROWS))
    await buyer.sold("OWNED")
    door = Door(buyer.database, rate=0, guesses_max=GUESSES_MAX)
    for operation, channel in ROWS:
        assert said(await ask_any(door, buyer.key, operation, channel, "UNKNOWN")).message == "Invalid Lead ID"
    assert is_restricted(await ask_any(door, buyer.key, *last, "UNKNOWN"))
    assert is_restricted(await ask_any(door, buyer.key, *last, "OWNED"))
    assert len(await buyer.failed()) == len(ROWS)
    await door.updates.close()
