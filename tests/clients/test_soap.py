"""SOAP clients of four languages, with what they make of `?WSDL`: every operation, through every port they speak."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from tests.clients.foreign import NODE_SOAP, PHP_SOAP, SOAP_LITE, ZEEP, Client
from tests.clients.market import CONTRACT, KEYLESS_CONTRACT, NAMESPACE, REASONS, Market

CONVERSION = "Input string was not in a correct format"
EMPTY = {
    "buyer_contract_id": 0,
    "status": "",
    "sub_status": "",
    "amount": "0",
    "add_to_existing": True,
    "field_name": "",
    "field_value": "",
    "return_reason_id": 0,
}


class Speaker(msgspec.Struct, frozen=True):
    """A client at one port of the service, and the channel that its calls come by."""

    client: Client
    port: str
    channel: str

    def answers(self, market: Market, *calls: tuple[str, dict[str, Any]], key: str | None = None) -> list[Any]:
        """What it understood of each answer; it has the buyer's key unless another is given."""
        told = {"wsdl": f"{market.service}?WSDL", "url": market.service, "namespace": NAMESPACE, "port": self.port}
        return self.client.answers(calls, **told, key=market.key if key is None else key)

    def understands(self, answer: Any) -> Any:
        """This answer as the client gives it: without a WSDL there are no types."""
        return _as_text(answer) if self.client is SOAP_LITE else answer


SOAP = [
    Speaker(client, port, channel)
    for client in (ZEEP, PHP_SOAP, NODE_SOAP, SOAP_LITE)
    for port, channel in (("leadsSoap", "soap11"), ("leadsSoap12", "soap12"))
]
PLAIN = [Speaker(ZEEP, "leadsHttpGet", "get"), Speaker(ZEEP, "leadsHttpPost", "form")]

every_speaker = pytest.mark.parametrize("speaker", [*SOAP, *PLAIN], ids=lambda it: f"{it.client.name} {it.channel}")
soap_speaker = pytest.mark.parametrize("speaker", SOAP, ids=lambda it: f"{it.client.name} {it.channel}")


def update(lead_id: str, **given: object) -> tuple[str, dict[str, Any]]:
    """An UpdateLead that says what is given."""
    return "UpdateLead", {"lead_id": lead_id, **EMPTY, **given}


def said(answer: Any) -> tuple[object, object]:
    """Success and message, whatever the client's types."""
    return {"true": True, "false": False}.get(answer["success"], answer["success"]), answer["message"]


@every_speaker
def test_without_a_key_or_with_a_wrong_one_nothing_happens(market: Market, speaker: Speaker) -> None:
    lead_id = market.new_lead()
    (nobody,) = speaker.answers(market, update(lead_id, status="Contacted"), key="")
    (stranger,) = speaker.answers(market, update(lead_id, status="Contacted"), key="lbk_1_wrong")
    assert (said(nobody), said(stranger)) == ((False, "Invalid Lead ID"), (False, "Invalid API Key"))
    assert market.effects(lead_id) == []


@every_speaker
def test_every_operation_does_what_it_says(market: Market, speaker: Speaker) -> None:
    updated, returned = market.new_lead(), market.new_lead()
    given = {"status": "Funded", "sub_status": "Crédit & Co", "amount": "10.50", "buyer_contract_id": CONTRACT}
    answers = speaker.answers(
        market,
        update(updated, **given, field_name="loan_amount", field_value="25000"),
        ("Return", {"lead_id": returned, "return_reason_id": 8, "buyer_contract_id": 0}),
        ("GetReturnReasons", {}),
    )
    expected: list[dict[str, Any]] = [
        {"success": True, "message": "Lead updated", "lead_id": updated},
        {"success": True, "message": "Lead returned"},
        {"success": True, "row_count": len(REASONS), "return_reasons": {"return_reason": REASONS}},
    ]
    assert [_without_nothing(answer) for answer in answers] == [speaker.understands(answer) for answer in expected]
    sale = market.sale(updated)
    assert (sale["status"], sale["sub_status"], sale["revenue"]) == ("Funded", "Crédit & Co", "35.5000")
    assert sale["fields"] == {"loan_amount": "25000.0000"}
    assert [step["channel"] for step in sale["steps"]] == [speaker.channel]
    sale = market.sale(returned)
    assert (sale["return_state"], sale["return_reason"]) == ("submitted", REASONS[1]["return_reason_name"])
    assert [(step["channel"], step["operation"]) for step in sale["steps"]] == [(speaker.channel, "Return")]


@every_speaker
def test_revenue_is_overwritten_only_where_the_buyer_says_so(market: Market, speaker: Speaker) -> None:
    lead_id = market.new_lead()
    speaker.answers(market, update(lead_id, amount="0"), update(lead_id, amount="7", add_to_existing=False))
    assert [step["revenue_after"] for step in market.sale(lead_id)["steps"]] == ["25.0000", "7.0000"]


@every_speaker
def test_a_refusal_is_an_answer_and_changes_nothing(market: Market, speaker: Speaker) -> None:
    lead_id, keyless = market.new_lead(), market.new_keyless_lead()
    answers = speaker.answers(
        market,
        update(keyless, status="Contacted"),
        update(lead_id, status="funded", amount="1"),
        update(lead_id, return_reason_id=99, amount="1"),
        ("Return", {"lead_id": lead_id, "return_reason_id": 0, "buyer_contract_id": 0}),
    )
    messages = ["Invalid Lead ID", "Invalid Lead Status", "Invalid Return Reason", "Invalid Return Reason"]
    assert [said(answer) for answer in answers] == [(False, message) for message in messages]
    assert market.effects(lead_id) == market.effects(keyless) == []


@every_speaker
def test_a_value_of_the_wrong_type_is_an_error_and_changes_nothing(market: Market, speaker: Speaker) -> None:
    lead_id = market.new_lead()
    wrong, right = speaker.answers(market, update(lead_id, amount="much"), update(lead_id, amount="1"))
    assert CONVERSION in wrong["fault"]
    assert said(right) == (True, "Lead updated")
    assert market.effects(lead_id) == [(speaker.channel, "1.0000")]


@every_speaker
def test_a_buyer_that_moved_over_needs_no_key(market: Market, speaker: Speaker) -> None:
    lead_id = market.new_keyless_lead()
    call = update(lead_id, amount="1", buyer_contract_id=KEYLESS_CONTRACT)
    answer, reasons = speaker.answers(market, call, ("GetReturnReasons", {}), key="")
    assert said(answer) == (True, "Lead updated")
    assert reasons["return_reasons"]["return_reason"] == speaker.understands(REASONS)
    assert market.effects(lead_id) == [(speaker.channel, "1.0000")]


@soap_speaker
def test_key_and_idempotency_key_may_be_elements(market: Market, speaker: Speaker) -> None:
    lead_id = market.new_lead()
    call = update(lead_id, amount="1", api_key=market.key, idempotency_key=f"once {lead_id}", happened_at="2026-01-02")
    first, again = speaker.answers(market, call, call, key="")
    assert (said(first), first) == ((True, "Lead updated"), again)
    (step,) = market.sale(lead_id)["steps"]
    assert (step["idempotency_key"], step["happened_at"][:10]) == (f"once {lead_id}", "2026-01-02")


def _without_nothing(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if value is not None}


def _as_text(value: Any) -> Any:
    match value:
        case dict():
            return {name: _as_text(item) for name, item in value.items()}
        case list():
            return [_as_text(item) for item in value]
        case bool():
            return str(value).lower()
        case _:
            return str(value)
