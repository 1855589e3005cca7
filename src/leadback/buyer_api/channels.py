"""The wire forms of a call: what of a request is read, which form it has, and how that form is answered."""

import re
from collections.abc import Mapping
from typing import Final, Protocol

from leadback.buyer_api.answers import (
    BODY_FAULTS,
    CONTENT_ENCODED,
    SCHEMAS,
    TEXT_HEADERS,
    XML_HEADERS,
    WireAnswer,
    answer_with,
    members_in_xml,
)
from leadback.buyer_api.model import BindingError, Operation, Sent
from leadback.buyer_api.parameters import ECHO_LENGTH_MAX, Binder, echo
from leadback.kit.http import BodyFault, Receive, Scope, read_body
from leadback.leads.model import Channel, Outcome

QUERY_BYTES_MAX: Final = 8 * 1024
BODY_BYTES_MAX: Final = 64 * 1024
BODY_SECONDS_MAX: Final = 5.0

READ_HEADERS: Final = frozenset(
    {
        b"authorization",
        b"content-encoding",
        b"content-type",
        b"host",
        b"idempotency-key",
        b"soapaction",
        b"x-api-key",
        b"x-forwarded-for",
    }
)

FORM_TYPE: Final = "application/x-www-form-urlencoded"
JSON_TYPE: Final = "application/json"
SOAP_TYPES: Final = ("text/xml", "application/soap+xml")

# What clients declare, and how it is read: ASCII is the same in all of them, and beyond it only UTF-8 is read. Old
# Java clients declare ISO-8859-1 and send plain ASCII.
ENCODINGS: Final = {
    "": "utf-8",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "iso-8859-1": "ascii",
    "windows-1252": "ascii",
}

_PARAMETER = re.compile(r';\s*([\w-]+)\s*=\s*("[^"]*"|[^;"\s]*)', re.ASCII)

HeaderValues = Mapping[bytes, list[bytes]]


class Form(Protocol):
    """A wire form: which channel it is, and how it writes what a call came to."""

    channel: Channel

    def decided(self, operation: Operation, outcome: Outcome) -> WireAnswer:
        """An outcome."""

    def not_bound(self, error: BindingError) -> WireAnswer:
        """A call that could not be read."""


class PlainForm:
    """GET and form POST, answered with CAKE's XML: indented, CRLF; or with one line of plain text."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def decided(self, operation: Operation, outcome: Outcome) -> WireAnswer:
        """The answer's element as a document of its own."""
        lines = ['<?xml version="1.0" encoding="utf-8"?>']
        lines.append(f'<{operation.response} {SCHEMAS} xmlns="{operation.namespace}">')
        lines += ["  " * (depth + 1) + line for depth, line in members_in_xml(operation, outcome.answer)]
        lines.append(f"</{operation.response}>")
        return answer_with(outcome, XML_HEADERS, "\r\n".join(lines).encode())

    def not_bound(self, error: BindingError) -> WireAnswer:
        """CAKE's 500 and one text, the line ended as .NET ends it."""
        return WireAnswer(500, TEXT_HEADERS, f"{error.text}\r\n".encode())


GET: Final = PlainForm(Channel.GET)
FORM: Final = PlainForm(Channel.FORM)


def read_headers(scope: Scope) -> dict[bytes, list[bytes]]:
    """The headers that mean something here, every value of each."""
    found: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        if name in READ_HEADERS:
            found.setdefault(name, []).append(value)
    return found


async def read_whole(headers: HeaderValues, receive: Receive, *, seconds_max: float) -> bytes | WireAnswer:
    """A body, or the answer where it is refused or cut short."""
    if any(coding.strip().lower() not in (b"", b"identity") for coding in headers.get(b"content-encoding", [])):
        return CONTENT_ENCODED
    body = await read_body(receive, bytes_max=BODY_BYTES_MAX, seconds_max=seconds_max)
    return BODY_FAULTS[body] if isinstance(body, BodyFault) else body


def read_form(binder: Binder, body: bytes, content_type: str) -> Sent:
    """A form's parameters; an empty body without a content type is one too where nothing needs to be sent."""
    encoding = encoding_of(content_type) if kind_of(content_type) == FORM_TYPE else None
    if encoding is None and not content_type and not body and not binder.needs_parameters:
        encoding = "utf-8"
    if encoding is None:
        return binder.nothing_sent(wrong_format(content_type, FORM_TYPE))
    return binder.read(body, encoding)


def content_type_of(headers: HeaderValues) -> str:
    """The content type as sent; several are no type that is known."""
    return b", ".join(headers.get(b"content-type", [])).decode("latin-1")


def kind_of(content_type: str) -> str:
    """A content type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def type_parameters(content_type: str, name: str) -> list[str]:
    """The values of a content type's parameter, without their quotes: one, unless it comes twice or not at all."""
    return [match[2].strip('"') for match in _PARAMETER.finditer(content_type) if match[1].lower() == name]


def charset_of(content_type: str) -> str | None:
    """The charset a content type names; several are none that is known."""
    return ", ".join(type_parameters(content_type, "charset")) or None


def encoding_of(content_type: str) -> str | None:
    """How a form or JSON of this content type is read; None where its charset is not."""
    return ENCODINGS.get((charset_of(content_type) or "").lower())


def idempotency_key(headers: list[bytes], parameter: str) -> str | None:
    """The one key given; None where there is none, and where several differ the empty text, which is never valid."""
    keys = {value.decode("latin-1") for value in headers}
    keys.add(parameter)
    keys.discard("")
    if not keys:
        return None
    return keys.pop() if len(keys) == 1 else ""


def wrong_format(content_type: str, allowed: str) -> BindingError:
    """The error of a POST that has none of the forms it could have."""
    text = "Request format is invalid: {}."
    shown = content_type[:ECHO_LENGTH_MAX]
    return BindingError(text.format(echo(content_type)), text.format(shown), f"It is sent as {allowed}.")
