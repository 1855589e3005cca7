"""PHP's SimpleXML reads answers to HTTP GET, as the PHP users of CAKE do."""

from typing import Any

from tests.clients.foreign import PHP_SIMPLEXML
from tests.clients.market import REASONS, Market

EMPTY = {"buyer_contract_id": "0", "status": "", "sub_status": "", "amount": "0", "add_to_existing": "TRUE"}
EMPTY |= {"field_name": "", "field_value": "", "return_reason_id": "0"}


def told(market: Market) -> dict[str, Any]:
    """Where to call, with the buyer's key."""
    return {"url": market.service, "key": market.key}


def test_it_reads_what_became_of_an_update(market: Market) -> None:
    lead_id = market.new_lead()
    update = {**EMPTY, "lead_id": lead_id}
    calls = [
        ("UpdateLead", update | {"status": "funded"}),
        ("UpdateLead", update | {"status": "Funded", "sub_status": "Crédit & Co", "amount": "-5"}),
    ]
    refused, done = PHP_SIMPLEXML.answers(calls, **told(market))
    assert (refused["success"], refused["message"]) == ("false", "Invalid Lead Status")
    assert (done["root"], done["success"], done["message"]) == ("update_lead_response", "true", "Lead updated")
    assert done["lead_id"] == lead_id
    assert market.effects(lead_id) == [("get", "-5.0000")]
    assert market.sale(lead_id)["sub_status"] == "Crédit & Co"


def test_it_reads_a_return(market: Market) -> None:
    lead_id = market.new_lead()
    given = {"lead_id": lead_id, "return_reason_id": "3", "buyer_contract_id": "0"}
    (answer,) = PHP_SIMPLEXML.answers([("Return", given)], **told(market))
    assert (answer["root"], answer["success"], answer["message"]) == ("lead_return_response", "true", "Lead returned")
    assert market.sale(lead_id)["return_reason"] == "Invalid phone"


def test_it_finds_reasons_in_the_namespace_of_ids_and_names(market: Market) -> None:
    (answer,) = PHP_SIMPLEXML.answers([("GetReturnReasons", {})], **told(market))
    assert (answer["root"], answer["success"]) == ("get_return_reasons_response", "true")
    assert answer["row_count"] == str(len(REASONS))
    assert answer["reasons"] == [list(reason.values()) for reason in REASONS]
