"""Return: who may, what it does to the sale and what not, by every channel."""

from datetime import timedelta
from decimal import Decimal

import pytest

from leadback.kit.clock import now
from leadback.leads.model import Channel
from tests.buyer_api.buyer import Buyer
from tests.buyer_api.calls import CHANNELS, FLAT, SOAP, Said, error_of

pytestmark = pytest.mark.anyio

RETURN = "Return"
RETURNED = Said(True, "Lead returned")


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_stranger_returns_nothing(buyer: Buyer, stranger: Buyer, channel: Channel) -> None:
    sale_id = await buyer.sold()
    assert await stranger.says(channel, RETURN) == Said(False, "Invalid API Key")
    assert (await buyer.sale(sale_id)).version == 1
    assert await buyer.failed() == []


@pytest.mark.parametrize("channel", CHANNELS)
async def test_another_buyers_lead_is_unknown(buyer: Buyer, other: Buyer, channel: Channel) -> None:
    sale_id = await buyer.sold()
    foreign = await other.call(channel, RETURN)
    assert foreign == await other.call(channel, RETURN, lead_id="F0E41C8D")
    assert foreign == await other.call(channel, RETURN, buyer_contract_id="217")
    assert (await buyer.sale(sale_id)).version == 1
    assert [(row["buyer_id"], row["operation"]) for row in await buyer.failed()] == [(11, RETURN)] * 3


@pytest.mark.parametrize("reason", ["0", "9", "-1", "3"])
async def test_it_needs_an_active_reason(buyer: Buyer, reason: str) -> None:
    sale_id = await buyer.sold()
    for channel in CHANNELS:
        assert await buyer.told(channel, RETURN, return_reason_id=reason) == "Invalid Return Reason"
    assert (await buyer.sale(sale_id)).return_state is None


async def test_without_a_reason_a_form_is_not_read_and_soap_says_zero(buyer: Buyer) -> None:
    await buyer.sold()
    for channel in FLAT:
        assert "return_reason_id" in error_of(await buyer.call(channel, RETURN, return_reason_id=None))
    for channel in SOAP:
        assert await buyer.told(channel, RETURN, return_reason_id=None) == "Invalid Return Reason"


@pytest.mark.parametrize("channel", CHANNELS)
async def test_it_records_the_return_and_leaves_the_revenue(buyer: Buyer, channel: Channel) -> None:
    sale_id = await buyer.sold()
    assert await buyer.says(channel, RETURN, return_reason_id="2", buyer_contract_id="217") == RETURNED
    sale = await buyer.sale(sale_id)
    assert (sale.return_state, sale.return_reason_id, sale.revenue) == ("submitted", 2, Decimal(25))
    (row,) = await buyer.ledger(sale_id)
    assert (row["operation"], row["channel"], row["kind"]) == (RETURN, str(channel), "update")
    assert (row["revenue_delta"], row["return_state_after"]) == (0, "submitted")


@pytest.mark.parametrize("channel", CHANNELS)
async def test_what_updatelead_would_take_says_nothing_here(buyer: Buyer, channel: Channel) -> None:
    sale_id = await buyer.sold()
    more = {"status": "Funded", "amount": "much", "field_name": "loan", "field_value": "5"}
    assert await buyer.says(channel, RETURN, **more) == RETURNED
    sale = await buyer.sale(sale_id)
    assert (sale.status_id, sale.revenue, sale.field_values) == (None, Decimal(25), {})


async def test_the_same_reason_again_is_well_and_another_is_not(buyer: Buyer) -> None:
    sale_id = await buyer.sold()
    for channel in CHANNELS:
        assert await buyer.says(channel, RETURN, idempotency_key=f"by {channel}") == RETURNED
        assert await buyer.told(channel, RETURN, return_reason_id="2") == "Lead Already Returned"
    rows = await buyer.ledger(sale_id)
    assert [row["return_state_before"] for row in rows] == [None, *["submitted"] * 4]
    assert (await buyer.sale(sale_id)).return_reason_id == 1


async def test_of_several_contracts_one_must_be_named_and_the_other_stays(buyer: Buyer) -> None:
    kept = await buyer.sold()
    returned = await buyer.sold(buyer_contract_id=218, first_of_lead=False)
    for channel in CHANNELS:
        assert await buyer.told(channel, RETURN) == "Buyer Contract Required"
        assert await buyer.told(channel, RETURN, buyer_contract_id="300") == "Invalid Buyer Contract"
    assert await buyer.says(Channel.SOAP11, RETURN, buyer_contract_id="218") == RETURNED
    assert [(await buyer.sale(sale_id)).return_state for sale_id in (kept, returned)] == [None, "submitted"]


async def test_an_earlier_moment_does_not_bring_the_window_back(buyer: Buyer) -> None:
    await buyer.sold(sold_at=now() - timedelta(days=40))
    in_time = (now() - timedelta(days=39)).isoformat()
    for channel in CHANNELS:
        assert await buyer.told(channel, RETURN, happened_at=in_time) == "Return Window Expired"


async def test_it_is_no_repeat_of_an_updatelead_that_returns(buyer: Buyer) -> None:
    sale_id = await buyer.sold()
    assert await buyer.told(Channel.FORM, return_reason_id="1") == "Lead updated"
    assert await buyer.says(Channel.FORM, RETURN) == RETURNED
    assert await buyer.says(Channel.FORM, RETURN) == RETURNED
    assert [row["operation"] for row in await buyer.ledger(sale_id)] == ["UpdateLead", RETURN]
    assert [row["reason"] for row in await buyer.failed()] == ["Repeated Call"]


@pytest.mark.parametrize("channel", CHANNELS)
async def test_without_a_key_it_is_the_keyless_buyers(keyless: Buyer, channel: Channel) -> None:
    foreign = await keyless.sold("FOREIGN")
    own = await keyless.sold("OWN", buyer_id=11, buyer_contract_id=300)
    assert await keyless.told(channel, RETURN, lead_id="FOREIGN") == "Invalid Lead ID"
    assert await keyless.says(channel, RETURN, lead_id="OWN") == RETURNED
    assert ((await keyless.sale(foreign)).version, (await keyless.sale(own)).version) == (1, 2)
