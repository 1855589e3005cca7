"""curl sends the examples of CAKE's pages: JSON, both SOAPs without their action, and the newer form of an update."""

import json
import re

import pytest

from tests.clients.curl import EMPTY, curl
from tests.clients.market import NAMESPACE, Market

NEWER = "/api/1/buyers.asmx/UpdateLeadStatus"
ENVELOPES = {
    "soap11": ("http://schemas.xmlsoap.org/soap/envelope/", "text/xml"),
    "soap12": ("http://www.w3.org/2003/05/soap-envelope", "application/soap+xml"),
}
ENVELOPE = """<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema" \
xmlns:soap="{envelope}">
  <soap:Body>
    <UpdateLead xmlns="{namespace}">
      <lead_id>{lead_id}</lead_id>
      <buyer_contract_id>217</buyer_contract_id>
      <status>Funded</status>
      <sub_status>Full Payment</sub_status>
      <amount>0</amount>
      <add_to_existing>true</add_to_existing>
      <field_name>loan_amount</field_name>
      <field_value>25000</field_value>
      <return_reason_id>0</return_reason_id>
    </UpdateLead>
  </soap:Body>
</soap:Envelope>"""


@pytest.fixture
def lead_id(market: Market) -> str:
    return market.new_lead()


def funded(market: Market, lead_id: str, channel: str) -> None:
    """The examples' update was applied once."""
    sale = market.sale(lead_id)
    assert (sale["status"], sale["sub_status"], sale["revenue"]) == ("Funded", "Full Payment", "25.0000")
    assert sale["fields"] == {"loan_amount": "25000.0000"}
    assert [step["channel"] for step in sale["steps"]] == [channel]


@pytest.mark.parametrize("action", ["with its action", "without"])
@pytest.mark.parametrize("channel", ENVELOPES)
def test_it_sends_the_example_of_soap(market: Market, lead_id: str, channel: str, action: str) -> None:
    envelope, content_type = ENVELOPES[channel]
    headers = ["--header", f"Content-Type: {content_type}; charset=utf-8"]
    if action == "with its action" and channel == "soap11":
        headers += ["--header", f'SOAPAction: "{NAMESPACE}UpdateLead"']
    elif action == "with its action":
        headers[1] += f'; action="{NAMESPACE}UpdateLead"'
    body = ENVELOPE.format(envelope=envelope, namespace=NAMESPACE, lead_id=lead_id)
    heard = curl("--user", f"{market.key}:", *headers, "--data", body, market.service)
    assert heard.done
    assert heard.headers["Content-Type"] == f"{content_type}; charset=utf-8"
    assert f"<lead_id>{lead_id}</lead_id></UpdateLeadResult></UpdateLeadResponse></soap:Body>" in heard.body
    funded(market, lead_id, channel)


def test_it_leaves_elements_out_and_gives_them_in_any_order(market: Market, lead_id: str) -> None:
    body = ENVELOPE.format(envelope=ENVELOPES["soap12"][0], namespace=NAMESPACE, lead_id=lead_id)
    head, elements, tail = re.split(r"(?s)(?<=api/1/\">)(.+)(?=</UpdateLead>)", body)
    kept = [line for line in elements.splitlines() if not re.search("amount>0|add_to|contract|reason", line)]
    headers = ["--header", "Content-Type: application/soap+xml;charset=UTF-8"]
    shuffled = head + "".join(reversed(kept)) + tail
    assert curl("--user", f"{market.key}:", *headers, "--data", shuffled, market.service).done
    funded(market, lead_id, "soap12")


@pytest.mark.parametrize("typed", [True, False], ids=["with types", "all as text"])
def test_it_sends_json(market: Market, lead_id: str, typed: bool) -> None:
    given = {**EMPTY, "lead_id": lead_id, "status": "Funded", "sub_status": "Full Payment"}
    given |= {"field_name": "loan_amount", "field_value": "25000"}
    types = {"amount": 0, "add_to_existing": True, "buyer_contract_id": 217, "return_reason_id": 0} if typed else {}
    body = json.dumps({**given, **types, "api_key": market.key})
    heard = curl("--json", body, f"{market.service}/UpdateLead")
    assert heard.status == 200
    assert heard.headers["Content-Type"] == "application/json; charset=utf-8"
    answer = json.loads(heard.body)["d"]
    assert (answer["success"], answer["message"], answer["lead_id"]) == (True, "Lead updated", lead_id)
    funded(market, lead_id, "json")


def test_it_sends_the_example_of_the_newer_form(market: Market, lead_id: str) -> None:
    url = f"{market.url}{NEWER}?api_key={market.key}&lead_id={lead_id}"
    assert "<message>Invalid Lead Field</message>" in curl(f"{url}&status=Funded&loan=25000").body
    heard = curl(f"{url}&status=Funded&sub_status=Full+Payment&loan_amount=25000")
    assert heard.done
    assert 'xmlns="http://cakemarketing.com/api/1/"' in heard.body
    funded(market, lead_id, "get")


def test_the_newer_form_does_without_a_sub_status(market: Market, lead_id: str) -> None:
    wrong = f"{market.url}{NEWER}?api_key=lbk_1_wrong&lead_id={lead_id}&status=Contacted"
    assert "<message>Invalid API Key</message>" in curl(wrong).body
    given = f"api_key={market.key}&lead_id={lead_id}&status=Contacted&loan_amount=7"
    assert curl("--data", given, market.url + NEWER).done
    sale = market.sale(lead_id)
    assert (sale["status"], sale["sub_status"], sale["fields"]) == ("Contacted", None, {"loan_amount": "7.0000"})
