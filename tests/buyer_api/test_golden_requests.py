"""The exact bytes of the answers to requests that call no operation: of no form, no envelope, or one of faults."""

from typing import Any

import pytest

from leadback.buyer_api.application import BuyerApi
from leadback.kit.settings import Settings
from leadback.leads.model import Channel
from tests.buyer_api.calls import ENVELOPES, JSON, SOAP, TEXT_XML, elements, envelope, in_soap, saying, send
from tests.buyer_api.golden_files import compare
from tests.buyer_api.wire import FORM, Scripted, body_event, exchange, parameters, scope_of, stalled

pytestmark = pytest.mark.anyio

LEADS = "/buyers/api/1/leads.asmx"
BUYERS = "/api/1/buyers.asmx"

REFUSED: dict[str, tuple[dict[str, Any], bytes]] = {
    "leads/plain/unknown_operation": ({"method": "GET", "path": f"{LEADS}/Foo"}, b""),
    "leads/plain/operation_in_wrong_case": ({"method": "GET", "path": f"{LEADS}/updatelead"}, b""),
    "leads/plain/not_a_form": ({"method": "POST", "headers": [(b"content-type", b"text/plain")]}, b"x"),
    "leads/plain/no_content_type": ({"method": "POST"}, b""),
    "leads/plain/another_charset": (
        {"method": "POST", "headers": [(FORM[0], FORM[1] + b"; charset=utf-7")]},
        b"",
    ),
    "leads/plain/method_not_allowed": ({"method": "PUT"}, b""),
    "leads/plain/query_too_long": ({"method": "GET", "query": b"x=" + b"y" * 8192}, b""),
    "leads/plain/body_too_large": ({"method": "POST", "headers": [FORM]}, b"x" * 65537),
    "leads/plain/body_compressed": ({"method": "POST", "headers": [FORM, (b"content-encoding", b"gzip")]}, b"x"),
    "leads/json/by_get": ({"method": "GET", "query": parameters(), "headers": [JSON]}, b""),
    "leads/json/unknown_operation": ({"method": "POST", "path": f"{LEADS}/Foo", "headers": [JSON]}, b"{}"),
    "leads/json/operation_in_wrong_case": ({"method": "POST", "path": f"{LEADS}/updatelead", "headers": [JSON]}, b"{}"),
    "leads/json/no_operation": ({"method": "POST", "path": LEADS, "headers": [JSON]}, b"{}"),
    "leads/json/another_charset": (
        {"method": "POST", "headers": [(JSON[0], b"application/json; charset=utf-7")]},
        b"{}",
    ),
    "leads/json/body_too_large": ({"method": "POST", "headers": [JSON]}, b"{" * 65537),
    "leads/soap11/body_too_large": ({"method": "POST", "path": LEADS, "headers": [TEXT_XML]}, b"<" * 65537),
    "leads/soap11/no_xml": ({"method": "POST", "path": LEADS, "headers": [TEXT_XML]}, b"<x>"),
    "leads/soap11/nothing": ({"method": "POST", "path": LEADS, "headers": [TEXT_XML]}, b""),
    "leads/soap11/doctype": (
        {"method": "POST", "path": LEADS, "headers": [TEXT_XML]},
        b'<!DOCTYPE x [<!ENTITY e "x">]>' + in_soap(Channel.SOAP11, "UpdateLead", saying("UpdateLead").items())[38:],
    ),
    "leads/soap11/wrong_content_type": (
        {"method": "POST", "path": LEADS, "headers": [(b"content-type", b"application/xml")]},
        in_soap(Channel.SOAP11, "UpdateLead", saying("UpdateLead").items()),
    ),
    "leads/soap11/no_content_type": (
        {"method": "POST", "path": LEADS},
        in_soap(Channel.SOAP11, "UpdateLead", saying("UpdateLead").items()),
    ),
    "leads/soap11/no_envelope": ({"method": "POST", "path": LEADS, "headers": [TEXT_XML]}, b"<x/>"),
    "buyers/plain/unknown_operation": ({"method": "GET", "path": f"{BUYERS}/UpdateLead"}, b""),
    "buyers/plain/operation_in_wrong_case": ({"method": "GET", "path": f"{BUYERS}/updateleadstatus"}, b""),
    "buyers/json/by_get": ({"method": "GET", "path": f"{BUYERS}/UpdateLeadStatus", "headers": [JSON]}, b""),
    "buyers/json/unknown_operation": ({"method": "POST", "path": f"{BUYERS}/UpdateLead", "headers": [JSON]}, b"{}"),
}
"""Requests by the name of their answer's file."""

CALL = f'<UpdateLead xmlns="http://cakemarketing.com/buyers/api/1/">{elements(parameters().items())}</UpdateLead>'
TRANSACTION = '<soap:Header><t:Transaction xmlns:t="urn:t" soap:mustUnderstand="1">5</t:Transaction></soap:Header>'


def faults(channel: Channel) -> dict[str, tuple[bytes, str | None]]:
    """Envelopes of a version that call nothing, with their SOAPAction."""
    unknown = '<Foo xmlns="http://cakemarketing.com/buyers/api/1/"/>'
    action = "http://cakemarketing.com/buyers/api/1/"
    return {
        "version_mismatch": (
            envelope(channel, CALL).replace(ENVELOPES[channel].encode(), b"urn:schemas-xmlsoap-org:soap.v1"),
            None,
        ),
        "no_body": (envelope(channel, CALL).replace(b"soap:Body", b"soap:Header"), None),
        "two_bodies": (envelope(channel, f"{CALL}</soap:Body><soap:Body>{CALL}"), None),
        "two_operations": (envelope(channel, CALL + CALL), None),
        "no_operation": (envelope(channel, ""), None),
        "an_element_that_is_no_part": (envelope(channel, CALL, header="<Foo/>"), None),
        "header_after_body": (envelope(channel, f"{CALL}</soap:Body><soap:Header/><soap:Body>"), None),
        "must_understand": (envelope(channel, CALL, header=TRANSACTION), None),
        "unknown_operation": (envelope(channel, unknown), None),
        "unknown_operation_with_action": (envelope(channel, unknown), f'"{action}Foo"'),
        "contradicting_action": (envelope(channel, CALL), f'"{action}Return"'),
        "action_to_escape": (envelope(channel, CALL), '"<Return>"'),
    }


FAULTS = [(channel, name) for channel in SOAP for name in faults(channel)]
NO_SOAP = "buyers/{}/no_soap"


def golden_names() -> set[str]:
    """The files this module tests."""
    names = {*REFUSED, "leads/plain/body_stalled", *(NO_SOAP.format(channel) for channel in SOAP)}
    return {f"{name}.txt" for name in names | {f"leads/{channel}/{name}" for channel, name in FAULTS}}


@pytest.mark.parametrize(("name", "scope", "body"), [(name, *row) for name, row in REFUSED.items()], ids=REFUSED.keys())
async def test_the_answer_to_a_request_of_no_form_is_the_one_in_the_file(
    name: str, scope: dict[str, Any], body: bytes
) -> None:
    updates = Scripted()
    reply = await exchange(BuyerApi(updates, Settings()), scope_of(**scope), body_event(body))
    assert reply is not None
    compare(name, reply)
    assert updates.calls == []


@pytest.mark.parametrize(("channel", "name"), FAULTS)
async def test_the_fault_is_the_one_in_the_file(channel: Channel, name: str) -> None:
    raw, action = faults(channel)[name]
    headers = [] if action is None else [(b"soapaction", action.encode())]
    updates = Scripted()
    compare(f"leads/{channel}/{name}", await send(BuyerApi(updates, Settings()), channel, "UpdateLead", raw, *headers))
    assert updates.calls == []


@pytest.mark.parametrize("channel", SOAP)
async def test_the_newer_service_answers_soap_with_the_fault_in_the_file(channel: Channel) -> None:
    updates = Scripted()
    raw = in_soap(channel, "UpdateLeadStatus", saying("UpdateLeadStatus").items())
    reply = await send(BuyerApi(updates, Settings()), channel, "UpdateLeadStatus", raw)
    compare(NO_SOAP.format(channel), reply)
    assert updates.calls == []


async def test_the_answer_to_a_body_that_stalls_is_the_one_in_the_file() -> None:
    application = BuyerApi(Scripted(), Settings(), body_seconds_max=0.01)
    reply = await stalled(application, scope_of("POST", headers=[FORM]), body_event(b"x", more=True))
    compare("leads/plain/body_stalled", reply)
