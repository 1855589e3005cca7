"""What is kept of calls that failed or could not be read, by every channel, and running them again."""

from decimal import Decimal

import pytest

from leadback.catalog.alias_actions import create_alias
from leadback.catalog.vocabulary import ListedAlias
from leadback.kit.tokens import make_key
from leadback.leads.model import Channel
from tests.buyer_api.buyer import Buyer
from tests.buyer_api.calls import CHANNELS, FLAT, JSON, SOAP, envelope, fault_of, in_soap, send, written
from tests.buyer_api.golden_files import change
from tests.support.again import run_again, told
from tests.support.changes import who

pytestmark = pytest.mark.anyio

ROWS = [(operation, channel) for operation in ("UpdateLead", "Return") for channel in CHANNELS]
ROWS += [("UpdateLeadStatus", channel) for channel in FLAT]


def header(key: str) -> tuple[bytes, bytes]:
    return b"x-api-key", key.encode()


@pytest.mark.parametrize(("operation", "channel"), ROWS)
async def test_a_strangers_call_is_never_kept(stranger: Buyer, operation: str, channel: Channel) -> None:
    assert await stranger.told(channel, operation) == "Invalid API Key"
    assert (await stranger.call(channel, operation, buyer_contract_id="x")).status == 500
    for raw in (b"<x", b"[", b"%00"):
        await send(stranger.api, channel, operation, raw, header(stranger.key))
    assert await stranger.failed() == []


@pytest.mark.parametrize(("operation", "channel"), ROWS)
async def test_a_known_buyers_is_kept_with_where_it_came_from(buyer: Buyer, operation: str, channel: Channel) -> None:
    assert await buyer.told(channel, operation, lead_id="F0E41C8D", utm="x") == "Invalid Lead ID"
    await buyer.call(channel, operation, lead_id="F0E41C8D", buyer_contract_id="five")
    refused, unread = await buyer.failed()
    for row in (refused, unread):
        assert (row["buyer_id"], row["operation"], row["channel"]) == (10, operation, str(channel))
        assert (row["lead_id"], str(row["address"]), row["sale_id"]) == ("F0E41C8D", "192.0.2.7", None)
    assert (refused["reason"], refused["waiting_until"] is not None) == ("Invalid Lead ID", True)
    assert refused["parameters"]["utm"] == "x"
    assert (unread["reason"], unread["detail"]) == (
        "Cannot convert five to System.Int32.",
        "buyer_contract_id = 'five'.",
    )
    assert (unread["parameters"]["buyer_contract_id"], unread["waiting_until"]) == ("five", None)


@pytest.mark.parametrize("channel", [Channel.JSON, *SOAP])
async def test_what_cannot_be_taken_apart_is_kept_where_the_key_stands_outside(buyer: Buyer, channel: Channel) -> None:
    pairs = {"api_key": buyer.key, "lead_id": "C8097F17"}.items()
    raw = written(channel, "UpdateLead", pairs)[:-2]
    inside = await send(buyer.api, channel, "UpdateLead", raw)
    assert await buyer.failed() == []
    assert await send(buyer.api, channel, "UpdateLead", raw, header(buyer.key)) == inside
    (row,) = await buyer.failed()
    assert (row["buyer_id"], row["channel"], row["lead_id"], row["parameters"]) == (10, str(channel), "", {})
    assert buyer.key not in repr(row)


@pytest.mark.parametrize("channel", SOAP)
async def test_an_envelope_that_calls_nothing_is_kept_where_the_key_stands_outside(
    buyer: Buyer, channel: Channel
) -> None:
    calls = in_soap(channel, "UpdateLead", {"api_key": buyer.key, "lead_id": "A"}.items())
    for raw in (
        calls.replace(b"UpdateLead", b"UpdateLeads"),
        calls.replace(b"Envelope", b"Envelop"),
        envelope(channel, ""),
    ):
        before = len(await buyer.failed())
        inside = await send(buyer.api, channel, "UpdateLead", raw)
        assert len(await buyer.failed()) == before
        assert await send(buyer.api, channel, "UpdateLead", raw, header(buyer.key)) == inside
        row = (await buyer.failed())[before]
        assert row["reason"] == fault_of(inside)
        assert (row["operation"], row["channel"], row["detail"]) == (
            "leads",
            str(channel),
            "The envelope calls no operation.",
        )


async def test_no_key_is_kept_wherever_it_was_written(buyer: Buyer) -> None:
    key = make_key(buyer.network_id)
    for channel in CHANNELS:
        for operation, changes in (
            ("UpdateLead", {"status": key}),
            ("UpdateLead", {"lead_id": key}),
            ("UpdateLead", {"amount": key}),
            ("Return", {"return_reason_id": key}),
            ("UpdateLeadStatus", {key: key}),
        ):
            if operation != "UpdateLeadStatus" or channel in FLAT:
                await buyer.call(channel, operation, **changes)
    rows = await buyer.failed()
    assert len(rows) == 5 * 4 + 3
    assert key not in repr(rows)


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_return_that_failed_is_run_again_as_a_return(buyer: Buyer, channel: Channel) -> None:
    sale_id = await buyer.sold(returnable=False)
    assert await buyer.told(channel, "Return", return_reason_id="2") == "Returns Not Allowed"
    await change(buyer.database, buyer.network_id, f"UPDATE sale SET returnable = true WHERE sale_id = {sale_id}")
    done = await run_again(buyer.database, buyer.network_id)
    assert told(done) == [("apply", "")]
    sale = await buyer.sale(sale_id)
    assert (sale.return_state, sale.return_reason_id, sale.revenue) == ("submitted", 2, Decimal(25))
    (row,) = await buyer.ledger(sale_id)
    assert (row["operation"], row["channel"], row["actor"]) == ("Return", str(channel), "Buyer 10")


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_return_without_a_reason_is_left_alone(buyer: Buyer, channel: Channel) -> None:
    sale_id = await buyer.sold()
    assert await buyer.told(channel, "Return", return_reason_id="0", buyer_contract_id="217") == "Invalid Return Reason"
    done = await run_again(buyer.database, buyer.network_id)
    assert told(done) == [("skip", "It names nothing that could change the sale.")]
    assert (await buyer.sale(sale_id)).version == 1


@pytest.mark.parametrize("channel", FLAT)
async def test_fields_in_any_letter_case_are_still_so_when_run_again(buyer: Buyer, channel: Channel) -> None:
    sale_id = await buyer.sold()
    words = {"status": "paid", "Loan_AMOUNT": "5", "NOTE": "x"}
    assert await buyer.told(channel, "UpdateLeadStatus", **words) == "Invalid Lead Status"
    listed = ListedAlias(buyer="Buyer 10", status="paid", as_status="Funded")
    async with buyer.database.transaction(buyer.network_id) as connection:
        await create_alias(connection, buyer.network_id, listed, **who())
    done = await run_again(buyer.database, buyer.network_id)
    assert [verdict for verdict, _ in told(done)] == ["apply"]
    sale = await buyer.sale(sale_id)
    assert (sale.status_id, sale.field_values) == (2, {1: "5.0000", 2: "x"})
    (row,) = await buyer.ledger(sale_id)
    assert (row["operation"], row["channel"]) == ("UpdateLeadStatus", str(channel))
    # UpdateLead wants the exact name, also when it is run again.
    assert await buyer.told(channel, field_name="Loan_AMOUNT", field_value="5") == "Invalid Lead Field"
    assert [verdict for verdict, _ in told(await run_again(buyer.database, buyer.network_id))] == ["fail"]


async def test_a_field_that_is_unknown_today_is_run_again_when_it_is_known(buyer: Buyer) -> None:
    sale_id = await buyer.sold()
    assert await buyer.told(Channel.JSON, "UpdateLeadStatus", Rate="5") == "Invalid Lead Field"
    await change(
        buyer.database,
        buyer.network_id,
        "INSERT INTO field (network_id, field_id, label, name, name_key, position, data_type)"
        " VALUES (current_setting('app.network_id')::int, 20, 'Rate', 'rate', 'RATE', 20, 'Number')",
    )
    assert [verdict for verdict, _ in told(await run_again(buyer.database, buyer.network_id))] == ["apply"]
    assert (await buyer.sale(sale_id)).field_values == {20: "5.0000"}


async def test_what_could_not_be_read_is_not_run_again(buyer: Buyer) -> None:
    await buyer.sold()
    for channel in CHANNELS:
        await buyer.call(channel, "Return", return_reason_id="x")
    await send(buyer.api, Channel.FORM, "UpdateLeadStatus", b"[", JSON, header(buyer.key))
    done = await run_again(buyer.database, buyer.network_id)
    assert {words for _, words in told(done)} == {"It could not be read, so there is nothing to run again."}
