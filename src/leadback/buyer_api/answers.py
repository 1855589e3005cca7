"""The bytes of an answer that every wire form shares: what is said, in XML, and the headers it goes with."""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from leadback.buyer_api.model import ListMember, Operation
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


def members_in_xml(operation: Operation, answer: Answer) -> Iterator[tuple[int, str]]:
    """The elements of an answer's members, each with its depth; absent ones left out, as .NET leaves them out."""
    yield 0, "<success>true</success>" if answer.success else "<success>false</success>"
    if answer.message:
        yield 0, f"<message>{escape(answer.message)}</message>"
    for member in operation.members:
        if isinstance(member, ListMember):
            yield from _list_in_xml(member, answer)
        elif (value := member.value(answer)) is not None:
            yield 0, f"<{member.name}>{escape(str(value))}</{member.name}>"


def answer_with(outcome: Outcome, headers: Headers, body: bytes) -> WireAnswer:
    """An outcome in whatever form, with the status and the headers that go with how it came about."""
    if outcome.kind is OutcomeKind.REPLAYED:
        headers = (*headers, REPLAYED)
    elif outcome.kind in RETRIED:
        seconds = outcome.retry_after_seconds or RETRY_AFTER_SECONDS
        headers = (*headers, (b"retry-after", str(seconds).encode()))
    return WireAnswer(STATUSES.get(outcome.kind, 200), headers, body, outcome.receipt)


def refused(status: int, text: str, *more: Header) -> WireAnswer:
    """The answer to a request that no operation gets to see."""
    return WireAnswer(status, (*TEXT_HEADERS, *more), f"{text}\r\n".encode())


def escape(text: str) -> str:
    """Text as the content of an element, well-formed whatever it holds."""
    if _SPECIAL.search(text) is None:
        return text
    return _SPECIAL.sub(lambda match: _ESCAPES.get(match[0], "\ufffd"), text)


def _list_in_xml(member: ListMember, answer: Answer) -> Iterator[tuple[int, str]]:
    rows = member.rows(answer)
    if rows is None:
        return
    if not rows:
        yield 0, f"<{member.name} />"
        return
    yield 0, f"<{member.name}>"
    for row in rows:
        yield 1, f"<{member.item}>"
        for (name, _), value in zip(member.columns, row, strict=True):
            yield 2, f'<{name} xmlns="{member.namespace}">{escape(str(value))}</{name}>'
        yield 1, f"</{member.item}>"
    yield 0, f"</{member.name}>"


METHOD_NOT_ALLOWED: Final = refused(405, "Use GET or POST.", (b"allow", b"GET, POST"))
QUERY_TOO_LONG: Final = refused(414, "The address is too long. Use POST.")
NOT_XML: Final = WireAnswer(400, (PRIVATE, NO_SNIFFING), b"")
"""What is not well-formed, or more than plain XML, is told nothing: CAKE's answer too is empty."""
UNSUPPORTED: Final = WireAnswer(415, (PRIVATE, NO_SNIFFING), b"")
CONTENT_ENCODED: Final = refused(415, "The body must not be compressed.", CLOSE)
BODY_FAULTS: Final = {
    BodyFault.TOO_LARGE: refused(413, "The body is too large.", CLOSE),
    # Whoever is gone does not see it; who only closed its side, or sent a wrong chunk, does.
    BodyFault.CUT_SHORT: refused(400, "The body is not complete.", CLOSE),
    BodyFault.TOO_SLOW: refused(408, "The body did not arrive in time.", CLOSE),
}
