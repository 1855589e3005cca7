"""Calls that come again, by whatever channel: with an idempotency key, and without one."""

import asyncio
from decimal import Decimal

import pytest

from leadback.leads.model import Channel
from tests.buyer_api.buyer import Buyer
from tests.buyer_api.calls import CHANNELS, FLAT, SOAP, Said, call, error_of, said, saying, scoped, written
from tests.buyer_api.wire import exchange

pytestmark = pytest.mark.anyio

UPDATED = Said(True, "Lead updated", "C8097F17")
RETURNED = Said(True, "Lead returned")
ADD = {"amount": "10", "add_to_existing": "TRUE"}
ADD_IN_SOAP = {"amount": "10", "add_to_existing": "1"}


def adding(channel: Channel) -> dict[str, str]:
    """A call that adds 10, as the channel's clients write it."""
    return ADD_IN_SOAP if channel in SOAP else ADD


def named(key: str) -> tuple[bytes, bytes]:
    """The header of an idempotency key."""
    return b"idempotency-key", key.encode()


@pytest.mark.parametrize("first", CHANNELS)
@pytest.mark.parametrize(("operation", "told"), [("UpdateLead", UPDATED), ("Return", RETURNED)])
async def test_one_key_has_one_effect_and_its_answer_takes_each_channels_form(
    buyer: Buyer, other: Buyer, operation: str, told: Said, first: Channel
) -> None:
    sale_id = await buyer.sold()
    values = {channel: adding(channel) if operation == "UpdateLead" else {} for channel in CHANNELS}
    assert await other.told(first, operation, named("one"), **values[first]) == "Invalid Lead ID"
    original = await buyer.call(first, operation, named("one"), **values[first])
    assert (said(original), "idempotent-replayed" in original.headers) == (told, False)
    for _ in range(2):
        replies = {
            channel: await buyer.call(channel, operation, named("one"), **values[channel]) for channel in CHANNELS
        }
        assert all(reply.headers["idempotent-replayed"] == "true" for reply in replies.values())
        assert {channel: said(reply) for channel, reply in replies.items()} == dict.fromkeys(CHANNELS, told)
        again = replies[first]
        assert (again.status, again.body) == (original.status, original.body)
        assert again.headers == original.headers | {"idempotent-replayed": "true"}
    sale = await buyer.sale(sale_id)
    assert (sale.version, sale.revenue) == (2, Decimal(35 if operation == "UpdateLead" else 25))
    assert [row["channel"] for row in await buyer.ledger(sale_id)] == [str(first)]


@pytest.mark.parametrize("channel", CHANNELS)
async def test_the_key_may_be_a_header_or_a_parameter_but_not_two(buyer: Buyer, channel: Channel) -> None:
    sale_id = await buyer.sold()
    values = adding(channel)
    assert await buyer.says(channel, "UpdateLead", named("one"), **values) == UPDATED
    for headers, parameter in (([], "one"), ([named("one")], "one"), ([named("one")] * 2, "")):
        reply = await buyer.call(channel, "UpdateLead", *headers, idempotency_key=parameter, **values)
        assert reply.headers["idempotent-replayed"] == "true"
    for headers, parameter in (([named("one")], "two"), ([named("one"), named("two")], ""), ([], "x" * 256)):
        told = await buyer.told(channel, "UpdateLead", *headers, idempotency_key=parameter, **values)
        assert told == "Idempotency Key Invalid"
    assert (await buyer.sale(sale_id)).version == 2


@pytest.mark.parametrize("channel", CHANNELS)
async def test_the_key_used_for_another_call_is_told_on_every_channel(buyer: Buyer, channel: Channel) -> None:
    sale_id = await buyer.sold()
    assert await buyer.says(Channel.GET, "UpdateLead", named("one"), **ADD) == UPDATED
    for changes in ({"amount": "11"}, {"add_to_existing": "false"}, {"status": "Funded"}, {"buyer_contract_id": "217"}):
        told = await buyer.told(channel, "UpdateLead", named("one"), **(adding(channel) | changes))
        assert told == "Idempotency Key Reused"
    assert (await buyer.sale(sale_id)).version == 2


@pytest.mark.parametrize("channel", CHANNELS)
async def test_the_same_said_in_other_words_is_the_same_call(buyer: Buyer, channel: Channel) -> None:
    await buyer.sold()
    assert await buyer.says(Channel.GET, "UpdateLead", named("one"), **ADD) == UPDATED
    for amount, lead_id in (("10.00", "c8097f17"), (" 10 ", "C8097f17"), ("+10.0", "C8097F17")):
        reply = await buyer.call(
            channel, "UpdateLead", named("one"), **adding(channel) | {"amount": amount, "lead_id": lead_id}
        )
        assert reply.headers["idempotent-replayed"] == "true"


async def test_what_soap_leaves_out_is_what_others_send_empty(buyer: Buyer) -> None:
    await buyer.sold()
    left_out = dict.fromkeys(("buyer_contract_id", "sub_status", "amount", "add_to_existing", "return_reason_id"))
    assert await buyer.says(Channel.SOAP12, "UpdateLead", named("one"), status="Funded", **left_out) == UPDATED
    for channel in FLAT:
        reply = await buyer.call(
            channel, "UpdateLead", named("one"), status="Funded", amount="", add_to_existing="FALSE"
        )
        assert reply.headers["idempotent-replayed"] == "true"


async def test_each_operation_has_keys_of_its_own(buyer: Buyer) -> None:
    sale_id = await buyer.sold()
    for operation in ("UpdateLead", "Return", "UpdateLeadStatus"):
        reply = await buyer.call(Channel.JSON, operation, named("one"))
        assert (said(reply).success, "idempotent-replayed" in reply.headers) == (True, False)
    assert (await buyer.sale(sale_id)).version == 4


@pytest.mark.parametrize("channel", CHANNELS)
async def test_what_failed_or_was_not_read_leaves_its_key_free(buyer: Buyer, channel: Channel) -> None:
    sale_id = await buyer.sold()
    assert await buyer.told(channel, "UpdateLead", named("one"), status="funded") == "Invalid Lead Status"
    assert error_of(await buyer.call(channel, "UpdateLead", named("one"), buyer_contract_id="x"))
    assert await buyer.says(channel, "UpdateLead", named("one"), **adding(channel)) == UPDATED
    assert (await buyer.sale(sale_id)).version == 2


async def test_one_key_by_all_channels_at_once_has_one_effect(buyer: Buyer) -> None:
    sale_id = await buyer.sold()
    replies = await asyncio.gather(
        *(buyer.call(channel, "UpdateLead", named("one"), **adding(channel)) for channel in CHANNELS * 6)
    )
    assert {said(reply) for reply in replies} == {UPDATED}
    assert sum("idempotent-replayed" not in reply.headers for reply in replies) == 1
    assert (await buyer.sale(sale_id)).revenue == Decimal(35)


@pytest.mark.parametrize("first", CHANNELS)
@pytest.mark.parametrize("operation", ["UpdateLead", "Return"])
async def test_without_a_key_the_same_by_any_channel_is_one(buyer: Buyer, operation: str, first: Channel) -> None:
    sale_id = await buyer.sold()
    original = await buyer.call(first, operation, **(adding(first) if operation == "UpdateLead" else {}))
    for channel in CHANNELS:
        reply = await buyer.call(channel, operation, **(adding(channel) if operation == "UpdateLead" else {}))
        assert said(reply) == said(original)
        assert channel is not first or reply == original
    assert (await buyer.sale(sale_id)).version == 2
    failed = await buyer.failed()
    assert [row["channel"] for row in failed] == [str(channel) for channel in CHANNELS]
    assert {(row["reason"], row["sale_id"]) for row in failed} == {("Repeated Call", sale_id)}


async def test_a_client_that_takes_no_json_answer_for_an_error_is_counted_once(buyer: Buyer) -> None:
    """pycake repeats as a form what it got no JSON for, such as an answer that was lost."""
    sale_id = await buyer.sold()
    raw = written(Channel.JSON, "UpdateLead", saying("UpdateLead", **ADD).items())
    scope, event = scoped(Channel.JSON, "UpdateLead", raw, (b"x-api-key", buyer.key.encode()))
    assert await exchange(buyer.api, scope, event, stays=False) is None
    assert await buyer.says(Channel.FORM, **ADD) == UPDATED
    assert (await buyer.sale(sale_id)).revenue == Decimal(35)
    (row,) = await buyer.failed()
    assert "whose answer was lost" in row["detail"]


@pytest.mark.parametrize("lost", CHANNELS)
async def test_a_lost_answer_is_given_again_by_any_channel(buyer: Buyer, lost: Channel) -> None:
    sale_id = await buyer.sold()
    raw = written(lost, "UpdateLead", saying("UpdateLead", **adding(lost)).items())
    scope, event = scoped(lost, "UpdateLead", raw, (b"x-api-key", buyer.key.encode()))
    assert await exchange(buyer.api, scope, event, stays=False) is None
    for channel in CHANNELS:
        assert await buyer.says(channel, **adding(channel)) == UPDATED
    assert (await buyer.sale(sale_id)).revenue == Decimal(35)


@pytest.mark.parametrize("channel", CHANNELS)
async def test_who_had_its_answer_means_it_when_it_says_the_same_once_more(buyer: Buyer, channel: Channel) -> None:
    sale_id = await buyer.sold()
    for _ in range(2):
        reply = await call(
            buyer.api,
            channel,
            "UpdateLead",
            saying("UpdateLead", **adding(channel)),
            (b"x-api-key", buyer.key.encode()),
            peer=("192.0.2.7", 50_000),
        )
        assert said(reply) == UPDATED
    assert (await buyer.sale(sale_id)).revenue == Decimal(45)
    assert [row["flags"] for row in await buyer.ledger(sale_id)] == [[], ["possible duplicate"]]
