"""The bytes in which each wire form carries the values of a call."""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote_plus

import msgspec

SERVICE: Final = "/buyers/api/1/leads.asmx"
NEWER_SERVICE: Final = "/api/1/buyers.asmx"
CAKE: Final = "http://cakemarketing.com/"
NAMESPACE: Final = CAKE + "buyers/api/1/"
INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
ENVELOPES: Final = {
    "soap11": "http://schemas.xmlsoap.org/soap/envelope/",
    "soap12": "http://www.w3.org/2003/05/soap-envelope",
}

HOST: Final = ("Host", "leads.example.com")
KEY: Final = ("X-Api-Key", "{{key}}")
FORM_TYPE: Final = "application/x-www-form-urlencoded"
JSON_TYPE: Final = "application/json"
SOAP_TYPES: Final = {"soap11": "text/xml; charset=utf-8", "soap12": "application/soap+xml; charset=utf-8"}

DECLARATION: Final = '<?xml version="1.0" encoding="utf-8"?>'

Values = Mapping[str, Any]
Headers = tuple[tuple[str, str], ...]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request but for its length."""

    transport: str
    method: str = "POST"
    target: bytes
    headers: Headers
    body: bytes = b""


def nothing(**changes: Any) -> dict[str, Any]:
    """UpdateLead's nine parameters saying nothing of the case's own lead, but for the changes; None takes one away."""
    plain: dict[str, Any] = {
        "lead_id": "{lead}",
        "buyer_contract_id": "217",
        "status": "",
        "sub_status": "",
        "amount": "0",
        "add_to_existing": "TRUE",
        "field_name": "",
        "field_value": "",
        "return_reason_id": "0",
    }
    return {name: value for name, value in (plain | changes).items() if value is not None}


def encoded(values: Values) -> bytes:
    """A query string or form; what stands for something else stays as it is."""
    text = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in values.items())
    return text.replace("%7B%7B", "{{").replace("%7D%7D", "}}").replace("%7Blead%7D", "{lead}").encode()


def path_of(operation: str) -> str:
    """Where an operation is called in any form but SOAP."""
    return f"{NEWER_SERVICE if operation == 'UpdateLeadStatus' else SERVICE}/{operation}"


def get(query: bytes, operation: str = "UpdateLead", *more: tuple[str, str]) -> Request:
    """A call by its query string."""
    target = path_of(operation).encode() + (b"?" + query if query else b"")
    return Request(transport="get", method="GET", target=target, headers=(HOST, KEY, *more))


def form(
    body: bytes, operation: str = "UpdateLead", *more: tuple[str, str], content_type: str | None = FORM_TYPE
) -> Request:
    """A call by a form."""
    typed = () if content_type is None else (("Content-Type", content_type),)
    return Request(transport="form", target=path_of(operation).encode(), headers=(HOST, *typed, KEY, *more), body=body)


def script(body: bytes, operation: str = "UpdateLead", *, content_type: str = JSON_TYPE) -> Request:
    """A call in JSON."""
    headers = (HOST, ("Content-Type", content_type), KEY)
    return Request(transport="json", target=path_of(operation).encode(), headers=headers, body=body)


def soap(
    body: bytes,
    transport: str = "soap11",
    *more: tuple[str, str],
    content_type: str | None = None,
    action: str | None = "UpdateLead",
) -> Request:
    """A call in an envelope; `action` None leaves it out, a name alone is one of CAKE's."""
    kind = SOAP_TYPES[transport] if content_type is None else content_type
    headers: Headers = (HOST, ("Content-Type", kind), KEY)
    if action is not None and transport == "soap11":
        named = f'"{NAMESPACE}{action}"' if action.isalpha() else action
        headers = (*headers, ("SOAPAction", named))
    return Request(transport=transport, target=SERVICE.encode(), headers=(*headers, *more), body=body)


def request_of(transport: str, operation: str, values: Values) -> Request:
    """The plain request that carries these values."""
    match transport:
        case "get":
            return get(encoded(values), operation)
        case "form":
            return form(encoded(values), operation)
        case "json":
            return script(json.dumps(values).encode(), operation)
        case _:
            return soap(envelope(call(elements(values), operation), transport), transport, action=operation)


def elements(values: Values) -> str:
    """Values as elements."""
    return "".join(f"<{name}>{escaped(value)}</{name}>" for name, value in values.items())


def call(inside: str, operation: str = "UpdateLead", namespace: str = NAMESPACE) -> str:
    """An operation's element."""
    return f'<{operation} xmlns="{namespace}">{inside}</{operation}>'


def envelope(
    inside: str,
    transport: str = "soap11",
    *,
    declaration: str = DECLARATION,
    header: str = "",
    encoding: str = "utf-8",
) -> bytes:
    """An envelope with one body."""
    head = f"<soap:Header>{header}</soap:Header>" if header else ""
    return (
        f'{declaration}<soap:Envelope xmlns:soap="{ENVELOPES[transport]}" xmlns:xsi="{INSTANCE}"'
        f' xmlns:xsd="http://www.w3.org/2001/XMLSchema">{head}<soap:Body>{inside}</soap:Body></soap:Envelope>'
    ).encode(encoding)


def escaped(text: str) -> str:
    """Text as the content of an element."""
    for character, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;")):
        text = text.replace(character, name)
    return text
