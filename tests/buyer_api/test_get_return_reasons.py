"""GetReturnReasons: who is told, what, and that asking changes nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from leadback.buyer_api.application import BuyerApi
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.settings import Settings
from leadback.leads.limits import Limits
from leadback.leads.model import Channel
from leadback.leads.update import Updates
from tests.buyer_api.buyer import Buyer
from tests.buyer_api.calls import CHANNELS, FLAT, JSON, Said, call, error_of, said, send
from tests.buyer_api.golden_files import change
from tests.buyer_api.wire import FORM

pytestmark = pytest.mark.anyio

REASONS = "GetReturnReasons"
ACTIVE = Said(True, None, None, ((1, "Invalid phone"), (2, "Duplicate")))
INVALID = Said(False, "Invalid API Key")


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_stranger_is_told_nothing(stranger: Buyer, channel: Channel) -> None:
    assert await stranger.says(channel, REASONS) == INVALID
    nobody = Buyer(stranger.database, stranger.api, stranger.network_id, "password")
    assert await nobody.says(channel, REASONS) == INVALID


@pytest.mark.parametrize("channel", CHANNELS)
async def test_without_a_key_only_while_some_buyer_needs_none_here(keyless: Buyer, channel: Channel) -> None:
    assert await keyless.says(channel, REASONS) == ACTIVE
    elsewhere = await call(keyless.api, channel, REASONS, {}, peer=("198.51.100.1", 40000))
    assert said(elsewhere) == INVALID
    yesterday = (now() - timedelta(days=2)).date()
    await change(keyless.database, keyless.network_id, f"UPDATE buyer SET keyless_until = '{yesterday}'")
    assert await keyless.says(channel, REASONS) == INVALID
    await change(keyless.database, keyless.network_id, "UPDATE buyer SET keyless_until = NULL")
    assert await keyless.says(channel, REASONS) == ACTIVE
    await change(keyless.database, keyless.network_id, "UPDATE buyer SET accept_keyless = false")
    assert await keyless.says(channel, REASONS) == INVALID


@pytest.mark.parametrize("channel", CHANNELS)
async def test_every_buyer_is_told_the_active_ones_in_their_order(buyer: Buyer, other: Buyer, channel: Channel) -> None:
    assert await buyer.says(channel, REASONS) == ACTIVE == await other.says(channel, REASONS)
    await change(buyer.database, buyer.network_id, "UPDATE return_reason SET position = 0 WHERE return_reason_id = 2")
    assert (await buyer.says(channel, REASONS)).reasons == ((2, "Duplicate"), (1, "Invalid phone"))
    await change(buyer.database, buyer.network_id, "UPDATE return_reason SET active = return_reason_id = 3")
    assert (await buyer.says(channel, REASONS)).reasons == ((3, "Retired"),)


@pytest.mark.parametrize("channel", CHANNELS)
async def test_it_is_told_where_lead_statuses_are_off(buyer: Buyer, channel: Channel) -> None:
    await change(buyer.database, buyer.network_id, "UPDATE network SET lead_statuses = false")
    assert await buyer.says(channel, REASONS) == ACTIVE


async def test_a_post_may_be_empty_and_say_nothing_of_itself(buyer: Buyer) -> None:
    header = (b"x-api-key", buyer.key.encode())
    nothing = (b"content-type", b"")
    for body, content_type in ((b"", nothing), (b"", FORM), (b"", JSON), (b"{}", JSON), (b" ", JSON)):
        assert said(await send(buyer.api, Channel.FORM, REASONS, body, content_type, header)) == ACTIVE
    assert error_of(await send(buyer.api, Channel.FORM, REASONS, b"x=1", nothing, header)).startswith("Request format")


@pytest.mark.parametrize("channel", CHANNELS)
async def test_what_cannot_be_read_is_kept_as_of_any_operation(buyer: Buyer, channel: Channel) -> None:
    many = b"x=1&" * 201
    raw = {Channel.GET: many, Channel.FORM: many, Channel.JSON: b"["}.get(channel, b"<x")
    reply = await send(buyer.api, channel, REASONS, raw, (b"x-api-key", buyer.key.encode()))
    assert reply.status == (500 if channel in FLAT else 400)
    (row,) = await buyer.failed()
    assert (row["channel"], row["operation"]) == (str(channel), REASONS if channel in FLAT else "leads")


async def test_asking_changes_nothing_and_is_no_guess(database: Database, buyer: Buyer) -> None:
    updates = Updates(database, Limits(rate_per_key=0, lead_guesses_max=1, web_workers=1))
    api = BuyerApi(updates, Settings())
    for channel in CHANNELS:
        for _ in range(3):
            assert said(await call(api, channel, REASONS, {}, (b"x-api-key", buyer.key.encode()))) == ACTIVE
    await updates.close()
    async with database.transaction(buyer.network_id) as connection:
        for table in ("failed_update", "lead_update", "idempotency_key", "guess_count", "recent_answer"):
            rows = await connection.execute(
                text(f"SELECT count(*) FROM {table} WHERE network_id = :network_id"), {"network_id": buyer.network_id}
            )
            assert rows.scalar_one() == 0, table
