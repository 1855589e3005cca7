"""The bytes of an answer: CAKE's XML for a decision, plain text for a call that could not be read."""

import re
from typing import Final

import msgspec

from leadback.buyer_api.model import BindingError, Operation
from leadback.kit.http import CLOSE, NO_SNIFFING, PLAIN_TEXT, BodyFault, Header, Headers
from leadback.leads.model import Answer, Message, Outcome, OutcomeKind, Receipt

RETRY_AFTER_SECONDS: Final = 1

PRIVATE: Final[Header] = (b"cache-control", b"private")
TEXT_HEADERS: Final[Headers] = (PLAIN_TEXT, PRIVATE, NO_SNIFFING)
XML_HEADERS: Final[Headers] = (
    (b"content-type", b"text/xml; charset=utf-8"),
    (b"cache-control", b"private, max-age=0"),
    NO_SNIFFING,
)
REPLAYED: Final[Header] = (b"idempotent-replayed", b"true")

SCHEMAS: Final = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'

STATUSES: Final = {OutcomeKind.THROTTLED: 429, OutcomeKind.FAULT: 503}
"""Everything decided is 200, and so is *in progress*: clients of this service look at the body alone."""

RETRIED: Final = frozenset({OutcomeKind.THROTTLED, OutcomeKind.FAULT, OutcomeKind.IN_PROGRESS})

INVALID_API_KEY: Final = Outcome(OutcomeKind.DECIDED, Answer(False, Message.INVALID_API_KEY))
SOMETHING_BROKEN: Final = Outcome(OutcomeKind.FAULT, Answer(False, Message.SOMETHING_BROKEN), RETRY_AFTER_SECONDS)

_SPECIAL: Final = re.compile("[&<>\r]|[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A bare carriage return would be read back as a line feed.
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"}


class WireAnswer(msgspec.Struct, frozen=True):
    """A whole answer as it goes out, but for its length."""

    status: int
    headers: Headers
    body: bytes
    receipt: Receipt | None = None
    """Given where the guard against repeats wants to know what becomes of it."""


def decided(operation: Operation, outcome: Outcome) -> WireAnswer:
    """An outcome as CAKE writes it to a GET or form POST: indented, CRLF, absent members left out."""
    answer = outcome.answer
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<{operation.response} {SCHEMAS} xmlns="{operation.namespace}">',
        "  <success>true</success>" if answer.success else "  <success>false</success>",
        f"  <message>{escape(answer.message)}</message>",
    ]
    if answer.lead_id is not None:
        lines.append(f"  <lead_id>{escape(answer.lead_id)}</lead_id>")
    lines.append(f"</{operation.response}>")
    headers = XML_HEADERS
    if outcome.kind is OutcomeKind.REPLAYED:
        headers = (*headers, REPLAYED)
    elif outcome.kind in RETRIED:
        seconds = outcome.retry_after_seconds or RETRY_AFTER_SECONDS
        headers = (*headers, (b"retry-after", str(seconds).encode()))
    return WireAnswer(STATUSES.get(outcome.kind, 200), headers, "\r\n".join(lines).encode(), outcome.receipt)


def not_bound(error: BindingError) -> WireAnswer:
    """CAKE's answer to a call that could not be read: 500 and one text, the line ended as .NET ends it."""
    return WireAnswer(500, TEXT_HEADERS, f"{error.text}\r\n".encode())


def refused(status: int, text: str, *more: Header) -> WireAnswer:
    """The answer to a request that no operation gets to see."""
    return WireAnswer(status, (*TEXT_HEADERS, *more), f"{text}\r\n".encode())


def escape(text: str) -> str:
    """Text as the content of an element, well-formed whatever it holds."""
    if _SPECIAL.search(text) is None:
        return text
    return _SPECIAL.sub(lambda match: _ESCAPES.get(match[0], "\ufffd"), text)


NO_PAGE: Final = refused(404, "There is no page here. Call an operation, such as leads.asmx/UpdateLead.")
METHOD_NOT_ALLOWED: Final = refused(405, "Use GET or POST.", (b"allow", b"GET, POST"))
QUERY_TOO_LONG: Final = refused(414, "The query string is too long. Use POST.")
CONTENT_ENCODED: Final = refused(415, "The body must not be compressed.", CLOSE)
BODY_FAULTS: Final = {
    BodyFault.TOO_LARGE: refused(413, "The body is too large.", CLOSE),
    BodyFault.TOO_SLOW: refused(408, "The body did not arrive in time.", CLOSE),
}
