"""Any operation called by any channel, and what its answer says whatever its form."""

import html
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from lxml import etree

from leadback.buyer_api.model import Operation, Service
from leadback.buyer_api.operations import OPERATIONS, SERVICES
from leadback.kit.http import Application
from leadback.leads.model import Channel
from tests.buyer_api.wire import FORM, PEER, Reply, body_event, exchange, parameters, scope_of

PLAIN: Final = (Channel.GET, Channel.FORM)
FLAT: Final = (*PLAIN, Channel.JSON)
"""Where every parameter CAKE declares must be sent."""
SOAP: Final = (Channel.SOAP11, Channel.SOAP12)
CHANNELS: Final = (*FLAT, *SOAP)

JSON: Final = (b"content-type", b"application/json; charset=utf-8")
TEXT_XML: Final = (b"content-type", b"text/xml; charset=utf-8")
SOAP_XML: Final = (b"content-type", b"application/soap+xml; charset=utf-8")
CONTENT_TYPES: Final = {Channel.JSON: JSON, Channel.FORM: FORM, Channel.SOAP11: TEXT_XML, Channel.SOAP12: SOAP_XML}

ENVELOPES: Final = {
    Channel.SOAP11: "http://schemas.xmlsoap.org/soap/envelope/",
    Channel.SOAP12: "http://www.w3.org/2003/05/soap-envelope",
}
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
LEADS: Final = "http://cakemarketing.com/buyers/api/1/"
BUYERS: Final = "http://cakemarketing.com/api/1/"

Pairs = Iterable[tuple[str, str]]

NOTHING_SAID: Final[dict[str, dict[str, str]]] = {
    "UpdateLead": parameters(),
    "Return": {"lead_id": "C8097F17", "return_reason_id": "1", "buyer_contract_id": "0"},
    "GetReturnReasons": {},
    "UpdateLeadStatus": {"lead_id": "C8097F17", "status": ""},
}
"""By operation the least that must be sent; of Return something is said, or it is none."""


class Said(msgspec.Struct, frozen=True):
    """An answer whatever its form."""

    success: bool
    message: str | None
    lead_id: str | None = None
    reasons: tuple[tuple[int, str], ...] | None = None


def operation_called(name: str) -> Operation:
    """An operation of the table."""
    return next(operation for operation in OPERATIONS if operation.name == name)


def service_of(operation: str) -> Service:
    """Whose operation it is."""
    return next(service for service in SERVICES if any(own.name == operation for own in service.operations))


def channels_of(operation: str) -> tuple[Channel, ...]:
    """The channels by which an operation can be called."""
    return CHANNELS if service_of(operation).has_soap else FLAT


def path_of(operation: str, channel: Channel) -> str:
    """Where an operation is called."""
    service = "/buyers/api/1/leads.asmx" if operation != "UpdateLeadStatus" else "/api/1/buyers.asmx"
    return service if channel in SOAP else f"{service}/{operation}"


def saying(operation: str, **changes: str | None) -> dict[str, str]:
    """An operation's parameters; what is not given says nothing, None takes one away."""
    values: dict[str, str | None] = {**NOTHING_SAID[operation], **changes}
    return {name: value for name, value in values.items() if value is not None}


def elements(pairs: Pairs) -> str:
    """Parameters as elements, in their order."""
    return "".join(f"<{name}>{html.escape(value, quote=False)}</{name}>" for name, value in pairs)


def envelope(channel: Channel, body: str, *, header: str = "") -> bytes:
    """An envelope around what stands in its body."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{ENVELOPES[channel]}" xmlns:xsi="{XSI}">'
        f"{header}<soap:Body>{body}</soap:Body></soap:Envelope>"
    ).encode()


def in_soap(channel: Channel, operation: str, pairs: Pairs, *, namespace: str | None = None) -> bytes:
    """A call in an envelope of its channel's version."""
    namespace = operation_called(operation).namespace if namespace is None else namespace
    return envelope(channel, f'<{operation} xmlns="{namespace}">{elements(pairs)}</{operation}>')


def written(channel: Channel, operation: str, pairs: Pairs) -> bytes:
    """A call as the body, or query string, of its channel; names may come more than once."""
    if channel in PLAIN:
        return urlencode(list(pairs)).encode()
    if channel is Channel.JSON:
        return ("{" + ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in pairs) + "}").encode()
    return in_soap(channel, operation, pairs)


def scoped(
    channel: Channel,
    operation: str,
    raw: bytes,
    *headers: tuple[bytes, bytes],
    peer: tuple[str, int] | None = PEER,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A body, or query string, as it stands: the request and the piece that is its body."""
    by_get = channel is Channel.GET
    given = by_get or any(name == b"content-type" for name, _ in headers)
    scope = scope_of(
        "GET" if by_get else "POST",
        raw if by_get else b"",
        path=path_of(operation, channel),
        headers=headers if given else (CONTENT_TYPES[channel], *headers),
        peer=peer,
    )
    return scope, body_event(b"" if by_get else raw)


async def send(
    application: Application, channel: Channel, operation: str, raw: bytes, *headers: tuple[bytes, bytes], **more: Any
) -> Reply:
    """Send a body, or query string, as it stands, and expect an answer."""
    reply = await exchange(application, *scoped(channel, operation, raw, *headers, **more))
    assert reply is not None
    return reply


async def call(
    application: Application,
    channel: Channel,
    operation: str,
    values: Mapping[str, str] | None = None,
    *headers: tuple[bytes, bytes],
    **more: Any,
) -> Reply:
    """Call an operation; without values it says nothing."""
    values = saying(operation) if values is None else values
    return await send(application, channel, operation, written(channel, operation, values.items()), *headers, **more)


def said(reply: Reply) -> Said:
    """What an answer says; fails where it is none, such as a binding error."""
    if reply.headers["content-type"].startswith("application/json"):
        told = json.loads(reply.body)["d"]
        reasons = told.get("return_reasons")
        listed = (
            None if reasons is None else tuple((row["return_reason_id"], row["return_reason_name"]) for row in reasons)
        )
        return Said(told["success"], told["message"], told.get("lead_id"), listed)
    found = etree.fromstring(reply.body)
    results = [node for node in found.iter() if isinstance(node.tag, str) and node.tag.endswith("Result")]
    return _said_in_xml(results[0] if results else found)


def _said_in_xml(result: Any) -> Said:
    members = {etree.QName(node).localname: node for node in result}
    texts = {name: node.text for name, node in members.items()}
    listed = members.get("return_reasons")
    reasons = None if listed is None else tuple((int(row[0].text), row[1].text) for row in listed)
    return Said({"true": True, "false": False}[texts["success"]], texts.get("message"), texts.get("lead_id"), reasons)


def fault_of(reply: Reply) -> str:
    """What a fault says; fails where the answer is none."""
    assert reply.status == 500
    (text,) = etree.fromstring(reply.body).xpath("//faultstring | //*[local-name() = 'Text']")
    return str(text.text)


def error_of(reply: Reply) -> str:
    """What a call that could not be read was told, without the words of the form; fails where it was read."""
    assert reply.status == 500, reply
    kind = reply.headers["content-type"].partition(";")[0]
    if kind == "application/json":
        assert reply.headers["jsonerror"] == "true"
        return str(json.loads(reply.body)["Message"])
    if kind == "text/plain":
        return reply.text.partition("\r\n")[0]
    return fault_of(reply)
