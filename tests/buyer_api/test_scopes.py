"""What API keys may do, by every channel: what they were made for and nothing else; and when each was last used."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import pytest

from leadback.access.actions import KeyTerms, create_key, note_key_uses
from leadback.access.queries import list_keys
from leadback.access.rules import shown_part
from leadback.buyer_api.application import BuyerApi
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.model import Channel
from leadback.leads.update import Updates
from leadback.networks.model import COMMAND_LINE
from leadback.networks.queries import read_version
from tests.buyer_api.buyer import Buyer
from tests.buyer_api.calls import CHANNELS, FLAT, channels_of

pytestmark = pytest.mark.anyio

REFUSED = "Not Allowed By API Key"
STATUS = {"status": "Contacted"}
AMOUNT = {"amount": "5", "add_to_existing": "true"}
FIELD = {"field_name": "loan_amount", "field_value": "100"}
RETURN = {"return_reason_id": "1"}

MakeBuyer = Callable[..., Awaitable[Buyer]]


@pytest.fixture
def buyer_with(database: Database, api: BuyerApi, buyer: Buyer) -> MakeBuyer:
    """Buyer 10 with a key of some scopes."""

    async def make(*scopes: str) -> Buyer:
        async with database.transaction(buyer.network_id) as connection:
            terms = KeyTerms(scopes=scopes)
            _, key = await create_key(
                connection, buyer.network_id, buyer_id=10, terms=terms, actor=COMMAND_LINE, now=now()
            )
        return Buyer(database, api, buyer.network_id, key)

    return make


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(
    ("scopes", "asked", "lacking"),
    [
        (("revenue:write",), STATUS, "status:write"),
        (("revenue:write", "return:write"), FIELD, "status:write"),
        (("status:write",), AMOUNT, "revenue:write"),
        (("status:write",), {"amount": "0", "add_to_existing": "false"}, "revenue:write"),
        (("status:write",), STATUS | AMOUNT, "revenue:write"),
        (("status:write", "revenue:write"), RETURN, "return:write"),
        (("reasons:read",), {}, "one of return:write, revenue:write, status:write"),
        (("reasons:read",), STATUS | RETURN, "status:write, return:write"),
    ],
    ids=str,
)
async def test_what_a_key_may_not_do_changes_nothing_and_is_kept(
    buyer_with: MakeBuyer, channel: Channel, scopes: tuple[str, ...], asked: dict[str, str], lacking: str
) -> None:
    caller = await buyer_with(*scopes)
    sale_id = await caller.sold()
    assert await caller.told(channel, **asked) == REFUSED
    assert (await caller.sale(sale_id)).version == 1
    (failed,) = await caller.failed()
    assert (failed["buyer_id"], failed["reason"]) == (10, REFUSED)
    assert failed["detail"].endswith(f"; the call needs {lacking}.")
    assert caller.key not in failed["detail"]
    assert failed["detail"].startswith(f"The key {shown_part(caller.key)}… may {', '.join(scopes)};")


@pytest.mark.parametrize("channel", CHANNELS)
async def test_what_a_key_may_do_is_done(buyer_with: MakeBuyer, channel: Channel) -> None:
    for scope, asked in (("status:write", STATUS), ("revenue:write", AMOUNT), ("return:write", RETURN)):
        caller = await buyer_with(scope)
        sale_id = await caller.sold(f"LEAD{scope[:3]}{channel[-3:]}".upper().replace(" ", ""))
        sold = await caller.sale(sale_id)
        lead_id = sold.lead_id
        assert await caller.told(channel, lead_id=lead_id, **asked) == "Lead updated"
        # One that says nothing needs no more than to be a caller that may write.
        assert await caller.told(channel, lead_id=lead_id) == "Lead updated"
        assert await caller.told(channel, "GetReturnReasons") == REFUSED
    reader = await buyer_with("reasons:read")
    assert (await reader.says(channel, "GetReturnReasons")).reasons


async def test_the_other_operations_ask_for_scopes_too(buyer_with: MakeBuyer) -> None:
    caller = await buyer_with("revenue:write")
    sale_id = await caller.sold()
    for channel in channels_of("Return"):
        assert await caller.told(channel, "Return") == REFUSED
    for channel in channels_of("UpdateLeadStatus"):
        assert await caller.told(channel, "UpdateLeadStatus", status="Contacted") == REFUSED
    assert (await caller.sale(sale_id)).version == 1


@pytest.mark.parametrize("channel", channels_of("GetReturnReasons"))
async def test_a_key_that_may_not_ask_for_the_reasons_is_kept_too(
    buyer_with: MakeBuyer, stranger: Buyer, channel: Channel
) -> None:
    assert await stranger.told(channel, "GetReturnReasons") == "Invalid API Key"
    caller = await buyer_with("status:write", "return:write")
    assert await caller.told(channel, "GetReturnReasons") == REFUSED
    (failed,) = await caller.failed()
    assert (failed["buyer_id"], failed["operation"], failed["reason"]) == (10, "GetReturnReasons", REFUSED)
    assert failed["channel"] == channel and failed["detail"].endswith("; the call needs reasons:read.")


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_key_without_scopes_may_do_everything(buyer: Buyer, channel: Channel) -> None:
    await buyer.sold()
    assert await buyer.told(channel, **STATUS, **AMOUNT, **FIELD) == "Lead updated"
    assert (await buyer.says(channel, "GetReturnReasons")).reasons


async def test_the_first_answer_is_not_given_again_to_a_key_that_may_less(buyer: Buyer, buyer_with: MakeBuyer) -> None:
    await buyer.sold()
    once = (b"idempotency-key", b"once")
    assert await buyer.told(Channel.GET, "UpdateLead", once, **AMOUNT) == "Lead updated"
    less = await buyer_with("status:write")
    assert await less.told(Channel.GET, "UpdateLead", once, **AMOUNT) == REFUSED


async def test_a_call_that_cannot_be_read_is_told_so_first(buyer_with: MakeBuyer) -> None:
    caller = await buyer_with("reasons:read")
    await caller.sold()
    for channel in FLAT:
        reply = await caller.call(channel, buyer_contract_id="abc")
        assert reply.status == 500 and REFUSED.encode() not in reply.body


async def last_uses(database: Database, network_id: int) -> dict[int, Any]:
    async with database.transaction(network_id) as connection:
        keys = await list_keys(connection, network_id)
    return {key.api_key_id: (key.last_used_at, key.last_used_address) for key in keys}


async def test_a_keys_last_use_is_known_and_its_owners_address(
    database: Database, updates: Updates, buyer: Buyer, other: Buyer, stranger: Buyer
) -> None:
    await buyer.sold()
    began = now()
    async with database.transaction(buyer.network_id) as connection:
        version = await read_version(connection, buyer.network_id)
    assert await stranger.told(Channel.GET, **STATUS) == "Invalid API Key"
    assert (await other.says(Channel.GET, "GetReturnReasons")).reasons
    for channel in CHANNELS:
        assert await buyer.told(channel, **STATUS) == "Lead updated"
    await updates.close()
    async with database.transaction(buyer.network_id) as connection:
        assert await read_version(connection, buyer.network_id) == version
    used = await last_uses(database, buyer.network_id)
    assert len(used) == 2
    for at, address in used.values():
        assert began <= at <= now() and address == ip_address("192.0.2.7")


async def test_the_last_use_is_written_down_without_an_end(
    database: Database, buyer: Buyer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadback.leads.notes.USE_SECONDS", 0)
    await buyer.sold()
    await buyer.told(Channel.GET, **STATUS)
    used = None
    while used is None:
        (used, _), _ = (await last_uses(database, buyer.network_id)).values()


async def test_another_process_that_saw_an_earlier_use_does_not_turn_it_back(
    database: Database, updates: Updates, buyer: Buyer
) -> None:
    await buyer.sold()
    await buyer.told(Channel.GET, **STATUS)
    async with database.transaction(buyer.network_id) as connection:
        (used, *_) = await list_keys(connection, buyer.network_id)
    assert used.last_used_at is None, "it is not on the way of the call"
    later = now() + timedelta(minutes=1)
    async with database.transaction(buyer.network_id) as connection:
        await note_key_uses(connection, buyer.network_id, {used.api_key_id: (later, ip_address("192.0.2.9"))})
    await updates.close()
    assert (later, ip_address("192.0.2.9")) in (await last_uses(database, buyer.network_id)).values()
