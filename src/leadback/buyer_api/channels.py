"""The wire forms of a call: what of a request is read, and how each form becomes one flat mapping of text."""

from collections.abc import Mapping
from typing import Final

from leadback.buyer_api.answers import BODY_FAULTS, CONTENT_ENCODED, WireAnswer
from leadback.buyer_api.model import BindingError, Sent
from leadback.buyer_api.parameters import ECHO_LENGTH_MAX, Binder, echo
from leadback.kit.http import BodyFault, Receive, Scope, read_body

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
        b"x-api-key",
        b"x-forwarded-for",
    }
)

FORM: Final = "application/x-www-form-urlencoded"
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

HeaderValues = Mapping[bytes, list[bytes]]


def read_headers(scope: Scope) -> dict[bytes, list[bytes]]:
    """The headers that mean something here, every value of each."""
    found: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        if name in READ_HEADERS:
            found.setdefault(name, []).append(value)
    return found


async def read_form(
    binder: Binder, headers: HeaderValues, receive: Receive, *, seconds_max: float
) -> Sent | WireAnswer | None:
    """A form's parameters; an answer where the body is refused, None where the client was gone before its end."""
    if any(coding.strip().lower() not in (b"", b"identity") for coding in headers.get(b"content-encoding", [])):
        return CONTENT_ENCODED
    content_type = content_type_of(headers)
    encoding = form_encoding(content_type)
    if encoding is None:
        return binder.nothing_sent(not_a_form(content_type))
    body = await read_body(receive, bytes_max=BODY_BYTES_MAX, seconds_max=seconds_max)
    return BODY_FAULTS.get(body) if isinstance(body, BodyFault) else binder.read(body, encoding)


def content_type_of(headers: HeaderValues) -> str:
    """The content type as sent; several are no type that is known."""
    return b", ".join(headers.get(b"content-type", [])).decode("latin-1")


def form_encoding(content_type: str) -> str | None:
    """How a form of this content type is read; None where it is no form, or its charset is not read."""
    kind, _, parameters = content_type.partition(";")
    if kind.strip().lower() != FORM:
        return None
    charset = ""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip('"').lower()
    return ENCODINGS.get(charset)


def idempotency_key(headers: list[bytes], parameter: str) -> str | None:
    """The one key given; None where there is none, and where several differ the empty text, which is never valid."""
    keys = {value.decode("latin-1") for value in headers}
    keys.add(parameter)
    keys.discard("")
    if not keys:
        return None
    return keys.pop() if len(keys) == 1 else ""


def not_a_form(content_type: str) -> BindingError:
    """The error of a POST that is no form."""
    text = "Request format is invalid: {}."
    shown = content_type[:ECHO_LENGTH_MAX]
    return BindingError(text.format(echo(content_type)), text.format(shown), f"A form is sent as {FORM}.")
