"""UpdateLead by GET and form: what reaches the updates, and how each outcome goes back."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from leadback.buyer_api.application import BuyerApi
from leadback.buyer_api.channels import GET
from leadback.buyer_api.operations import LEADS, LEADS_NAMESPACE
from leadback.kit.http_guard import Guard
from leadback.kit.settings import Settings
from leadback.kit.tokens import make_key
from leadback.leads.model import Answer, Channel, Outcome, OutcomeKind
from tests.buyer_api.wire import (
    FORM,
    UPDATE_LEAD,
    Scripted,
    ask,
    body_event,
    exchange,
    parameters,
    post,
    scope_of,
    stalled,
)

pytestmark = pytest.mark.anyio

KEY = make_key(7)
KEYED = (b"x-api-key", KEY.encode())

WRONG_CASE = (
    "Invalid method name 'updatelead',  method names are case sensitive.   The method name 'UpdateLead' with the same"
    " name but different casing was found.\r\nParameter name: methodName\r\n"
)


def api(updates: Scripted) -> BuyerApi:
    return BuyerApi(updates, Settings())


async def test_a_get_without_what_is_declared_reaches_nobody() -> None:
    updates = Scripted()
    reply = await ask(api(updates))
    assert (reply.status, reply.text) == (500, "Missing parameter: lead_id.\r\n")
    assert updates.calls == []


@pytest.mark.parametrize("channel", [Channel.GET, Channel.FORM])
async def test_every_parameter_reaches_the_updates(channel: Channel) -> None:
    updates = Scripted()
    values = parameters(
        lead_id="c8097f17",
        buyer_contract_id="217",
        status="Funded",
        sub_status="Full Payment",
        amount="-1,234.5",
        add_to_existing="false",
        field_name="loan_amount",
        field_value="25000",
        return_reason_id="3",
        happened_at="2026-03-01",
        idempotency_key="one",
    )
    values["api_key"] = KEY
    reply = await (ask if channel is Channel.GET else post)(api(updates), values)
    assert reply.status == 200
    request = updates.request
    assert (request.lead_id, request.buyer_contract_id) == ("c8097f17", 217)
    assert (request.status, request.sub_status) == ("Funded", "Full Payment")
    assert (request.amount, request.add_to_existing) == (Decimal("-1234.5"), False)
    assert (request.fields, request.return_reason_id) == ((("loan_amount", "25000"),), 3)
    assert (request.happened_at, request.idempotency_key) == ("2026-03-01", "one")
    assert (request.origin.channel, request.origin.operation) == (channel, "UpdateLead")
    assert request.parameters == {name: values[name] for name in values if name not in ("api_key", "idempotency_key")}


async def test_a_form_is_read_from_its_body_alone_and_a_get_from_its_query_alone() -> None:
    updates = Scripted()
    form = scope_of("POST", parameters(), headers=[FORM])
    reply = await exchange(api(updates), form, body_event(b"lead_id=A"))
    assert reply is not None
    assert reply.text == "Missing parameter: buyer_contract_id.\r\n"
    get = scope_of("GET", b"lead_id=A", headers=[FORM])
    reply = await exchange(api(updates), get, body_event(b"lead_id=A&buyer_contract_id=1"))
    assert reply is not None
    assert reply.text == "Missing parameter: buyer_contract_id.\r\n"


async def test_a_body_in_pieces_is_one_form() -> None:
    updates = Scripted()
    raw = b"&".join(f"{name}={value}".encode() for name, value in parameters(lead_id="PIECES").items())
    events = [body_event(raw[place : place + 1], more=True) for place in range(len(raw))]
    reply = await exchange(api(updates), scope_of("POST", headers=[FORM, KEYED]), *events, body_event(b""))
    assert reply is not None
    assert updates.request.lead_id == "PIECES"


async def test_a_value_without_a_field_name_says_nothing() -> None:
    updates = Scripted()
    await ask(api(updates), parameters(field_value="5"))
    assert updates.request.fields == ()


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/x-www-form-urlencoded",
        b"Application/X-WWW-Form-Urlencoded",
        b"application/x-www-form-urlencoded; charset=utf-8",
        b'application/x-www-form-urlencoded;charset="UTF-8"',
        b"application/x-www-form-urlencoded; boundary=x; charset=UTF8",
        b"application/x-www-form-urlencoded; charset=ISO-8859-1",
    ],
)
async def test_the_content_type_of_a_form_may_have_parameters(content_type: bytes) -> None:
    reply = await post(api(Scripted()), parameters(), (b"content-type", content_type))
    assert reply.status == 200


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "text/json", "text/xml; charset=utf-8", "multipart/form-data; boundary=x", "", "<b>",
     "application/x-www-form-urlencoded; charset=utf-7", "application/x-www-form-urlencoded, text/plain"],
)  # fmt: skip
async def test_another_body_is_no_form_and_a_known_buyers_is_kept(content_type: str) -> None:
    updates = Scripted()
    reply = await post(api(updates), parameters(), (b"content-type", content_type.encode()), KEYED)
    shown = content_type.replace("<", "&lt;").replace(">", "&gt;")
    assert (reply.status, reply.text) == (500, f"Request format is invalid: {shown}.\r\n")
    assert (updates.refused.reason, updates.refused.parameters) == (f"Request format is invalid: {content_type}.", {})


async def test_a_known_buyers_call_that_cannot_be_bound_is_kept() -> None:
    updates = Scripted()
    reply = await ask(api(updates), parameters(amount="<NaN>"), headers=[KEYED])
    assert reply.status == 500
    refused = updates.refused
    assert (refused.lead_id, refused.reason) == ("C8097F17", "Cannot convert <NaN> to System.Decimal.")
    assert refused.detail == "amount = '<NaN>'."
    assert refused.parameters == parameters(amount="<NaN>")
    assert (refused.origin.channel, refused.origin.operation) == (Channel.GET, "UpdateLead")


@pytest.mark.parametrize("more", [{}, {"api_key": "wrong"}])
async def test_a_strangers_call_that_cannot_be_bound_is_not(more: dict[str, str]) -> None:
    updates = Scripted()
    reply = await ask(api(updates), parameters(status=None) | more)
    assert reply.text == "Missing parameter: status.\r\n"
    assert (updates.calls, updates.hosts) == ([], [])


@pytest.mark.parametrize(
    "outcome", [OSError(), Outcome(OutcomeKind.THROTTLED, Answer(False, "Restricted"), 3)], ids=["fault", "throttled"]
)
async def test_whatever_keeping_it_comes_to_the_answer_is_the_binding_error(outcome: Any) -> None:
    reply = await ask(api(Scripted(outcome)), parameters(status=None), headers=[KEYED])
    assert (reply.status, reply.text) == (500, "Missing parameter: status.\r\n")
    assert "retry-after" not in reply.headers


@pytest.mark.parametrize(
    ("headers", "parameter", "key"),
    [
        ([], None, None),
        ([], "", None),
        ([b""], "", None),
        ([b"one"], None, "one"),
        ([], "one", "one"),
        ([b"one"], "one", "one"),
        ([b"one", b"one"], None, "one"),
        ([b"one"], "two", ""),
        ([b"one", b"two"], None, ""),
        ([b"x" * 256], None, "x" * 256),
        ([], "caf\u00e9", "caf\u00e9"),
    ],
)
async def test_the_idempotency_key_is_passed_on_and_two_are_an_invalid_one(
    headers: list[bytes], parameter: str | None, key: str | None
) -> None:
    updates = Scripted()
    sent = [(b"idempotency-key", value) for value in headers]
    await ask(api(updates), parameters(idempotency_key=parameter), headers=sent)
    assert updates.request.idempotency_key == key


@pytest.mark.parametrize(
    ("kind", "status", "headers"),
    [
        (OutcomeKind.DECIDED, 200, {}),
        (OutcomeKind.REPLAYED, 200, {"idempotent-replayed": "true"}),
        (OutcomeKind.THROTTLED, 429, {"retry-after": "7"}),
        (OutcomeKind.IN_PROGRESS, 200, {"retry-after": "7"}),
        (OutcomeKind.FAULT, 503, {"retry-after": "7"}),
    ],
)
async def test_each_kind_of_outcome_has_its_status(kind: OutcomeKind, status: int, headers: dict[str, str]) -> None:
    reply = await ask(api(Scripted(Outcome(kind, Answer(False, "Restricted"), 7))), parameters())
    assert reply.status == status
    assert headers.items() <= reply.headers.items()
    assert ("retry-after" in reply.headers, "idempotent-replayed" in reply.headers) == (
        "retry-after" in headers,
        "idempotent-replayed" in headers,
    )
    assert reply.headers["content-type"] == "text/xml; charset=utf-8"
    assert "<message>Restricted</message>" in reply.text
    assert "lead_id" not in reply.text


async def test_our_own_fault_is_never_success_and_says_when_to_come_again() -> None:
    reply = await ask(api(Scripted(RuntimeError("secret"))), parameters(), headers=[KEYED])
    assert (reply.status, reply.headers["retry-after"]) == (503, "1")
    assert "<success>false</success>\r\n  <message>Something Broken</message>" in reply.text
    assert "secret" not in reply.text


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "get"])
async def test_another_method_reaches_nobody(method: str) -> None:
    updates = Scripted()
    reply = await ask(api(updates), parameters(), method=method, headers=[KEYED, (b"x-http-method-override", b"GET")])
    assert (reply.status, reply.headers["allow"]) == (405, "GET, POST")
    assert updates.calls == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Foo", "Foo Web Service method name is not valid.\r\n"),
        ("UpdateLead/", "UpdateLead/ Web Service method name is not valid.\r\n"),
        ("<script>\x00", "&lt;script&gt;\ufffd Web Service method name is not valid.\r\n"),
        ("x" * 300, "x" * 100 + " Web Service method name is not valid.\r\n"),
        (
            "updatelead",
            WRONG_CASE,
        ),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_another_operation_is_told_in_the_words_of_dot_net(method: str, name: str, text: str) -> None:
    updates = Scripted()
    path = f"/buyers/api/1/leads.asmx/{name}"
    reply = await ask(api(updates), parameters(), method=method, path=path, headers=[FORM, KEYED])
    assert (reply.status, reply.text) == (500, text)
    assert updates.calls == []


@pytest.mark.parametrize(
    ("path", "served"),
    [
        (UPDATE_LEAD, True),
        ("/Buyers/API/1/Leads.ASMX/UpdateLead", True),
        ("/buyers/api/1/leads.asmx", True),
        ("/buyers/api/1/leads.asmx/", True),
        ("/buyers/api/1/leads.asmxx", False),
        ("/buyers/api/1/leads.asmx;a=b", False),
        ("/buyers/api/2/leads.asmx/UpdateLead", False),
        ("/x/buyers/api/1/leads.asmx", False),
        ("//buyers/api/1/leads.asmx", False),
        ("/", False),
        ("", False),
    ],
)
async def test_its_paths_are_served_in_any_letter_case(path: str, served: bool) -> None:
    assert BuyerApi.serves(path) is served
    if served and path.endswith("UpdateLead"):
        assert (await ask(api(Scripted()), parameters(), path=path)).status == 200


async def test_a_query_over_eight_kib_is_too_long() -> None:
    updates = Scripted()
    reply = await ask(api(updates), parameters(status="x" * 8192), headers=[KEYED])
    assert (reply.status, updates.calls) == (414, [])


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br", b"gzip, identity", b"x"])
async def test_a_compressed_body_is_refused_unread(coding: bytes) -> None:
    updates = Scripted()
    reply = await post(api(updates), parameters(), (b"content-encoding", coding), KEYED)
    assert (reply.status, reply.headers["connection"], updates.calls) == (415, "close", [])
    assert (await post(api(updates), parameters(), (b"content-encoding", b"Identity"))).status == 200


@pytest.mark.parametrize("length", [b"10", b"65536", b"99999999999999999999"])
async def test_a_body_over_64_kib_is_too_large_whatever_its_length_is_said_to_be(length: bytes) -> None:
    updates = Scripted()
    form = scope_of("POST", headers=[FORM, KEYED, (b"content-length", length)])
    pieces = [body_event(b"x" * 1024, more=True)] * 65
    reply = await exchange(api(updates), form, *pieces)
    assert reply is not None
    assert (reply.status, reply.headers["connection"], updates.calls) == (413, "close", [])


async def test_a_body_of_64_kib_is_read() -> None:
    updates = Scripted()
    raw = b"&".join(f"{name}={value}".encode() for name, value in parameters().items()) + b"&x="
    reply = await post(api(updates), raw + b"y" * (65536 - len(raw)), KEYED)
    assert reply.status == 200


async def test_a_body_that_does_not_arrive_is_given_up() -> None:
    updates = Scripted()
    application = BuyerApi(updates, Settings(), body_seconds_max=0.01)
    reply = await stalled(application, scope_of("POST", headers=[FORM, KEYED]), body_event(b"lead_id=A", more=True))
    assert (reply.status, reply.headers["connection"], updates.calls) == (408, "close", [])


async def test_the_request_id_of_the_guard_is_the_one_kept_and_answered() -> None:
    updates = Scripted()
    reply = await ask(Guard(api(updates)), parameters(), headers=[(b"x-request-id", b"mine")])
    assert updates.request.origin.request_id == reply.headers["x-request-id"] != "mine"


@given(st.text(min_size=1), st.text())
def test_every_answer_is_well_formed_whatever_is_stored(message: str, lead_id: str) -> None:
    answer = GET.decided(LEADS.operations[-1], Outcome(OutcomeKind.DECIDED, Answer(True, message, lead_id)))
    root = etree.fromstring(answer.body, etree.XMLParser(resolve_entities=False))
    assert root.tag == f"{{{LEADS_NAMESPACE}}}update_lead_response"
    assert [child.tag.rpartition("}")[2] for child in root] == ["success", "message", "lead_id"]
    if lead_id.isprintable():
        assert (root[2].text or "") == lead_id


@pytest.mark.parametrize("text", ["\r\n\t", "a\rb", "<&>\"'", "]]>", "\U0001f389", "\u2028"])
def test_text_comes_back_exactly(text: str) -> None:
    answer = GET.decided(LEADS.operations[-1], Outcome(OutcomeKind.DECIDED, Answer(True, "x", text)))
    assert etree.fromstring(answer.body)[2].text == text
