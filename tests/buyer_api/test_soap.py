"""Calls in SOAP: what an envelope must be, how parameters are read, and what absence never does to the revenue."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadback.buyer_api.application import BuyerApi
from leadback.kit.settings import Settings
from leadback.kit.tokens import make_key
from leadback.leads.model import Channel
from tests.buyer_api.buyer import Buyer
from tests.buyer_api.calls import (
    CONTENT_TYPES,
    ENVELOPES,
    LEADS,
    SOAP,
    SOAP_XML,
    TEXT_XML,
    XSI,
    Said,
    elements,
    envelope,
    fault_of,
    in_soap,
    said,
    send,
)
from tests.buyer_api.wire import Reply, Scripted, parameters

pytestmark = pytest.mark.anyio

KEY = make_key(7)
KEYED = (b"x-api-key", KEY.encode())
UPDATED = Said(True, "Lead updated", "C8097F17")
NOT_A_NUMBER = "Input string was not in a correct format."


def called(inside: str, *, operation: str = "UpdateLead", attributes: str = f'xmlns="{LEADS}"') -> str:
    """An operation's element."""
    return f"<{operation} {attributes}>{inside}</{operation}>"


async def sent(raw: bytes, *headers: tuple[bytes, bytes], channel: Channel = Channel.SOAP11) -> tuple[Reply, Scripted]:
    """A document as it stands, and what reached the updates."""
    updates = Scripted()
    return await send(BuyerApi(updates, Settings()), channel, "UpdateLead", raw, KEYED, *headers), updates


async def read(inside: str, **more: Any) -> Any:
    """The request that an operation's content comes to."""
    reply, updates = await sent(envelope(Channel.SOAP11, called(inside, **more)))
    assert reply.status == 200, reply
    return updates.request


async def refused(inside: str, **more: Any) -> str:
    """What is wrong with an operation's content: the cause alone."""
    reply, updates = await sent(envelope(Channel.SOAP11, called(inside, **more)))
    assert updates.refused.reason
    first, where, cause = fault_of(reply).split(" ---> ")
    assert first == "Server was unable to read request."
    assert where.startswith("There is an error in XML document (1, ")
    return cause


@pytest.mark.parametrize("channel", SOAP)
async def test_a_stranger_and_another_buyer_change_nothing(
    buyer: Buyer, other: Buyer, stranger: Buyer, channel: Channel
) -> None:
    sale_id = await buyer.sold()
    assert await stranger.says(channel, status="Funded") == Said(False, "Invalid API Key")
    foreign = await other.call(channel, status="Funded")
    assert foreign == await other.call(channel, status="Funded", lead_id="F0E41C8D")
    assert said(foreign) == Said(False, "Invalid Lead ID")
    assert (await buyer.sale(sale_id)).version == 1


@pytest.mark.parametrize("channel", SOAP)
async def test_an_absent_amount_never_touches_the_revenue(buyer: Buyer, channel: Channel) -> None:
    sale_id = await buyer.sold(revenue=Decimal("17.5"))
    for add_to_existing in (None, "true", "false", "0", "1"):
        for amount in (None, ""):
            told = await buyer.says(
                channel, status="Funded", amount=amount, add_to_existing=add_to_existing, return_reason_id=None
            )
            assert told == UPDATED
    assert (await buyer.sale(sale_id)).revenue == Decimal("17.5")
    assert {row["revenue_delta"] for row in await buyer.ledger(sale_id)} == {0}


@pytest.mark.parametrize("channel", SOAP)
@pytest.mark.parametrize("amount", ["0", "10", "-5"])
async def test_an_amount_without_add_to_existing_is_no_overwrite(buyer: Buyer, channel: Channel, amount: str) -> None:
    sale_id = await buyer.sold()
    assert await buyer.told(channel, status="Funded", amount=amount, add_to_existing=None) == "Invalid Amount"
    assert (await buyer.sale(sale_id)).version == 1


@pytest.mark.parametrize("channel", SOAP)
async def test_with_the_lead_alone_a_call_says_nothing(buyer: Buyer, channel: Channel) -> None:
    sale_id = await buyer.sold()
    raw = in_soap(channel, "UpdateLead", [("lead_id", "c8097f17")])
    assert said(await send(buyer.api, channel, "UpdateLead", raw, (b"x-api-key", buyer.key.encode()))) == UPDATED
    sale = await buyer.sale(sale_id)
    assert (sale.version, sale.updated, sale.revenue, sale.return_state) == (2, 0, Decimal(25), None)


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("true", True), ("TRUE", True), ("0", False), ("False", False)]
)
async def test_a_boolean_may_be_a_number_and_have_any_letter_case(text: str, value: bool) -> None:
    request = await read(elements([("lead_id", "A"), ("amount", "5"), ("add_to_existing", text)]))
    assert (request.amount, request.add_to_existing) == (Decimal(5), value)


@pytest.mark.parametrize(
    ("name", "text", "cause"),
    [
        ("buyer_contract_id", "", NOT_A_NUMBER),
        ("return_reason_id", "", NOT_A_NUMBER),
        ("buyer_contract_id", "5.0", NOT_A_NUMBER),
        ("buyer_contract_id", "2147483648", "Value was either too large or too small for an Int32."),
        ("amount", "5,5", NOT_A_NUMBER),
        ("amount", "INF", NOT_A_NUMBER),
        ("amount", "1E3", NOT_A_NUMBER),
        ("add_to_existing", "yes", "The string 'yes' is not a valid Boolean value."),
        ("add_to_existing", "2", "The string '2' is not a valid Boolean value."),
    ],
)
async def test_a_value_that_is_none_of_its_type_is_a_fault(name: str, text: str, cause: str) -> None:
    assert await refused(elements(parameters(**{name: text}).items())) == cause


async def test_add_to_existing_may_be_empty_where_there_is_no_amount() -> None:
    assert (await read("<lead_id>A</lead_id><amount/><add_to_existing/>")).amount is None
    cause = await refused("<lead_id>A</lead_id><amount>0</amount><add_to_existing/>")
    assert cause == "The string '' is not a valid Boolean value."


async def test_nil_is_absent() -> None:
    nil = f'<{{}} xmlns:i="{XSI}" i:nil="{{}}"/>'
    for true in ("true", "1", " true "):
        inside = "".join(nil.format(name, true) for name in parameters() if name != "lead_id")
        request = await read(f"<lead_id>A</lead_id>{inside}")
        assert (request.buyer_contract_id, request.status, request.amount) == (0, "", None)
        assert (request.add_to_existing, request.return_reason_id) == (None, 0)
    assert await refused("<lead_id>A</lead_id>" + nil.format("buyer_contract_id", "false")) == NOT_A_NUMBER
    text = f'<lead_id>A</lead_id><status xmlns:i="{XSI}" i:nil="true">Funded</status>'
    assert (await read(text)).status == ""
    assert (await read('<lead_id>A</lead_id><status nil="true">Funded</status>')).status == "Funded"


@given(order=st.permutations(list(parameters())))
async def test_any_order_says_the_same(order: list[str]) -> None:
    values = parameters(status="Funded", amount="5")
    request = await read(elements((name, values[name]) for name in order))
    assert (request.lead_id, request.status, request.amount) == ("C8097F17", "Funded", Decimal(5))


@pytest.mark.parametrize(
    "namespace",
    [LEADS, "http://cakemarketing.com/api/1/", "http://cakemarketing.com/buyers/api/2/", "http://cakemarketing.com/"],
)
async def test_the_namespace_of_another_version_of_cakes_is_taken(namespace: str) -> None:
    assert (await read("<lead_id>A</lead_id>", attributes=f'xmlns="{namespace}"')).lead_id == "A"


@pytest.mark.parametrize(
    "namespace",
    ["", "http://cakemarketing.example/buyers/api/1/", "urn:UpdateLead", "https://cakemarketing.com/api/1/"],
)
async def test_another_namespace_is_another_operation(namespace: str) -> None:
    reply, updates = await sent(envelope(Channel.SOAP11, called("", attributes=f'xmlns="{namespace}"')))
    assert "valid action" in fault_of(reply)
    assert updates.refused.detail == "The envelope calls no operation."


async def test_parameters_without_a_namespace_are_taken_and_those_of_others_are_not() -> None:
    inside = '<lead_id>A</lead_id><status xmlns="urn:x">Funded</status><x:sub_status xmlns:x="urn:x">y</x:sub_status>'
    request = await read(inside, operation="c:UpdateLead", attributes=f'xmlns:c="{LEADS}"')
    assert (request.lead_id, request.status, request.sub_status) == ("A", "", "")


async def test_what_describes_values_is_ignored() -> None:
    described = (
        '<lead_id xsi:type="xsd:string" xmlns:xsd="http://www.w3.org/2001/XMLSchema">A</lead_id>'
        '<buyer_contract_id xsi:type="enc:Array" enc:arrayType="xsd:int[1000000000]" xmlns:enc="urn:enc">5'
        '</buyer_contract_id><status id="1" soap:root="1">Funded</status><unknown><deep/></unknown>'
    )
    attributes = f'xmlns="{LEADS}" soap:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"'
    request = await read(described, attributes=attributes)
    assert (request.lead_id, request.buyer_contract_id, request.status) == ("A", 5, "Funded")


async def test_an_element_that_holds_elements_or_refers_is_no_value() -> None:
    assert await refused("<lead_id>A<b/></lead_id>") == "Invalid value for parameter: lead_id."
    assert await refused('<lead_id href="#1"/>') == "Invalid value for parameter: lead_id."
    assert await refused("<lead_id>A</lead_id><LEAD_ID>A</LEAD_ID>") == "Duplicate parameter: lead_id."


async def test_text_is_what_is_left_without_comments() -> None:
    assert (await read("<lead_id>A<!-- x -->B<![CDATA[&1]]><?x y?></lead_id><status>\n F </status>")).lead_id == "AB&1"
    assert (await read("<status>\n F&#13;</status>")).status == "\n F\r"
    assert (await read("<status>&#x1F389;&amp;</status>")).status == "\U0001f389&"


async def test_names_come_in_any_letter_case_but_an_operation_has_its_own() -> None:
    assert (await read("<LEAD_ID>A</LEAD_ID>")).lead_id == "A"
    reply, _ = await sent(envelope(Channel.SOAP11, called("", operation="updatelead")))
    assert "valid action" in fault_of(reply)


@pytest.mark.parametrize("channel", SOAP)
async def test_the_key_and_ours_may_be_elements(buyer: Buyer, channel: Channel) -> None:
    sale_id = await buyer.sold()
    more = {"api_key": buyer.key, "idempotency_key": "one", "happened_at": "2026-01-01"}
    for replayed in (False, True):
        pairs = parameters(amount="5", **more).items()
        reply = await send(buyer.api, channel, "UpdateLead", in_soap(channel, "UpdateLead", pairs))
        assert (said(reply), "idempotent-replayed" in reply.headers) == (UPDATED, replayed)
    assert (await buyer.sale(sale_id)).revenue == Decimal(30)


@pytest.mark.parametrize("channel", SOAP)
@pytest.mark.parametrize(
    ("action", "called_it"),
    [
        ("", True),
        ('""', True),
        (f'"{LEADS}UpdateLead"', True),
        (f"{LEADS}UpdateLead", True),
        (f' "{LEADS}UpdateLead" ', True),
        ("UpdateLead", True),
        ('"http://cakemarketing.com/api/5/UpdateLead"', True),
        ("http://cakemarketing.com/buyers/api/1#UpdateLead", True),
        (f'"{LEADS}Return"', False),
        (f'"{LEADS}updatelead"', False),
        (f'"{LEADS}UpdateLead/"', False),
        (f'"{LEADS}XUpdateLead"', False),
        ('"http://example.com/UpdateLead"', False),
        (f'"{LEADS}UpdateLead", "{LEADS}Return"', False),
        (f'"{LEADS}Return", "{LEADS}UpdateLead"', False),
        (f"{LEADS}Return#UpdateLead", False),
        (f"{LEADS}Return/UpdateLead", False),
    ],
)
async def test_an_action_may_say_what_the_body_says_and_nothing_else(
    channel: Channel, action: str, called_it: bool
) -> None:
    raw = in_soap(channel, "UpdateLead", [("lead_id", "A")])
    reply, updates = await sent(raw, (b"soapaction", action.encode()), channel=channel)
    if called_it:
        assert (reply.status, updates.request.origin.channel) == (200, channel)
    else:
        assert "ction" in fault_of(reply)
        assert updates.refused.detail == "The envelope calls no operation."


async def test_the_action_of_a_content_type_counts_too() -> None:
    raw = in_soap(Channel.SOAP12, "UpdateLead", [("lead_id", "A")])
    for action, status in (("UpdateLead", 200), ("Return", 500)):
        kind = f'application/soap+xml; charset=utf-8; action="{LEADS}{action}"'.encode()
        reply, _ = await sent(raw, (b"content-type", kind), channel=Channel.SOAP12)
        assert reply.status == status


@pytest.mark.parametrize("order", [("UpdateLead", "Return"), ("Return", "UpdateLead")])
async def test_of_several_actions_every_one_must_agree(order: tuple[str, str]) -> None:
    raw = in_soap(Channel.SOAP12, "UpdateLead", [("lead_id", "A")])
    first, second = (f"{LEADS}{name}" for name in order)
    kind = b"application/soap+xml; charset=utf-8"
    headers = [(b"soapaction", first.encode()), (b"soapaction", second.encode())]
    assert (await sent(raw, *headers, channel=Channel.SOAP12))[0].status == 500
    both = (b"content-type", kind + f'; action="{first}"'.encode()), (b"soapaction", second.encode())
    assert (await sent(raw, *both, channel=Channel.SOAP12))[0].status == 500
    twice = (b"content-type", kind + f'; action="{first}"; action="{second}"'.encode())
    assert (await sent(raw, twice, channel=Channel.SOAP12))[0].status == 500


@pytest.mark.parametrize("channel", SOAP)
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_an_element_that_comes_twice_is_an_error_though_one_is_nil(
    channel: Channel, order: tuple[int, int]
) -> None:
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    amounts = [f'<amount {xsi} xsi:nil="true"/>', "<amount>2</amount><add_to_existing>1</add_to_existing>"]
    body = called("<lead_id>A</lead_id>" + "".join(amounts[place] for place in order))
    reply, _ = await sent(envelope(channel, body), channel=channel)
    assert "Duplicate parameter: amount." in fault_of(reply)


@pytest.mark.parametrize("channel", SOAP)
@pytest.mark.parametrize("content_type", [TEXT_XML, SOAP_XML])
async def test_the_envelope_says_which_version_it_is(channel: Channel, content_type: tuple[bytes, bytes]) -> None:
    reply, updates = await sent(in_soap(channel, "UpdateLead", []), content_type, channel=channel)
    assert updates.request.origin.channel is channel
    assert reply.headers["content-type"].encode() == CONTENT_TYPES[channel][1]


@pytest.mark.parametrize("channel", SOAP)
async def test_a_header_is_ignored_unless_it_must_be_understood(channel: Channel) -> None:
    block = '<w:Security xmlns:w="urn:w" {}><api_key>x</api_key></w:Security>'
    body = called("<lead_id>A</lead_id>")
    for mark, status in [("", 200), ('soap:mustUnderstand="0"', 200), ('soap:mustUnderstand="false"', 200),
                         ('mustUnderstand="1"', 200), ('soap:mustUnderstand="1"', 500),
                         ('soap:mustUnderstand=" true "', 500)]:  # fmt: skip
        header = f"<soap:Header><w/>{block.format(mark)}</soap:Header>"
        reply, updates = await sent(envelope(channel, body, header=header), channel=channel)
        assert reply.status == status, mark
        if status == 500:
            assert fault_of(reply) == "SOAP header Security was not understood."
            assert updates.refused.reason == "SOAP header Security was not understood."


async def test_an_operation_in_the_header_is_not_called() -> None:
    header = f"<soap:Header>{called('<lead_id>B</lead_id>')}</soap:Header>"
    reply, updates = await sent(envelope(Channel.SOAP11, called("<lead_id>A</lead_id>"), header=header))
    assert (reply.status, updates.request.lead_id) == (200, "A")
    reply, updates = await sent(envelope(Channel.SOAP11, "", header=header))
    assert "No operation" in fault_of(reply)


@pytest.mark.parametrize("channel", SOAP)
async def test_a_fault_tells_where_the_value_stands(channel: Channel) -> None:
    lines = [
        f'<e:Envelope xmlns:e="{ENVELOPES[channel]}">', " <e:Body>", f'  <UpdateLead xmlns="{LEADS}">',
        "   <lead_id>é</lead_id><amount>five</amount>", "  </UpdateLead>", " </e:Body>", "</e:Envelope>",
    ]  # fmt: skip
    for ends in ("\n", "\r\n"):
        reply, _ = await sent(ends.join(lines).encode(), channel=channel)
        place = "There is an error in XML document (4, 24)."
        assert fault_of(reply) == f"Server was unable to read request. ---> {place} ---> {NOT_A_NUMBER}"


@pytest.mark.parametrize("charset", ["", "; charset=utf-16"])
async def test_utf_16_with_its_mark_is_read(charset: str) -> None:
    raw = envelope(Channel.SOAP11, called("<lead_id>é</lead_id>")).decode().replace("utf-8", "utf-16").encode("utf-16")
    reply, updates = await sent(raw, (b"content-type", f"text/xml{charset}".encode()))
    assert (reply.status, updates.request.lead_id) == (200, "é")


@pytest.mark.parametrize(
    "raw",
    [b"", b"<", b"<x>", b"x", b"<x/><y/>", b"<!DOCTYPE x><x/>", b"\x00", b"<x>\x01</x>", b"<x>&e;</x>",
     b"<x a='1' a='2'/>", b"<x>" * 13 + b"</x>" * 13, b"<x>" + b"<y/>" * 64 + b"</x>",
     b"\xef\xbb\xbf", b'{"lead_id":"A"}', b"<x>\xe9</x>"],
)  # fmt: skip
async def test_what_is_no_plain_xml_is_told_nothing_and_a_known_buyers_is_kept(raw: bytes) -> None:
    reply, updates = await sent(raw)
    assert (reply.status, reply.body, "content-type" in reply.headers) == (400, b"", False)
    refused_call = updates.refused
    assert (refused_call.lead_id, refused_call.origin.operation) == ("", "leads")
    assert refused_call.reason
    assert refused_call.parameters == {}


@pytest.mark.parametrize("kind", ["application/xml", "text/html", "multipart/related", "", "text/xml, text/xml"])
async def test_another_content_type_is_told_nothing_and_nothing_is_read(kind: str) -> None:
    reply, updates = await sent(in_soap(Channel.SOAP11, "UpdateLead", []), (b"content-type", kind.encode()))
    assert (reply.status, reply.body, updates.calls) == (415, b"", [])


async def test_a_key_in_a_wrong_place_is_not_kept() -> None:
    for inside in (f"<lead_id>{KEY}</lead_id><amount>{KEY}</amount>", f"<{KEY}>x</{KEY}><amount>x</amount>"):
        _, updates = await sent(envelope(Channel.SOAP11, called(inside)))
        assert KEY not in repr(updates.calls)
    _, updates = await sent(envelope(Channel.SOAP11, f"<{KEY}/>"), (b"soapaction", KEY.encode()))
    assert KEY not in repr(updates.calls)
