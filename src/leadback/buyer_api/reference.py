"""Writes the reference of the buyer API from the table, with exchanges that really take place: `make docs`."""

import asyncio
import json
import sys
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from leadback.buyer_api import channels, parameters
from leadback.buyer_api.application import BuyerApi
from leadback.buyer_api.channels import FORM_TYPE, JSON_TYPE
from leadback.buyer_api.model import ListMember, Operation, Service
from leadback.buyer_api.operations import API_KEY, LEADS, OPERATIONS, SERVICES, UPDATE_LEAD
from leadback.buyer_api.rendering import render
from leadback.buyer_api.samples import TITLES, Call, call, channels_of
from leadback.buyer_api.soap import SOAP11, SOAP12, Version
from leadback.catalog.model import ReturnReason
from leadback.kit import xml
from leadback.kit.http import Event
from leadback.kit.settings import Settings
from leadback.kit.tokens import make_key
from leadback.leads import batch, guard_rules, guess_rules, limits, rules
from leadback.leads.model import (
    Answer,
    AnswerState,
    Channel,
    Message,
    Outcome,
    OutcomeKind,
    ReasonsAnswer,
    ReasonsRequest,
    Receipt,
    RefusedCall,
    UpdateRequest,
)

KEY: Final = "YOUR-KEY"
EXAMPLE_FIELD: Final = {"loan_amount": "25000"}
"""Of the operation whose other parameters are fields."""

MEANINGS: Final[dict[Message, str]] = {
    Message.LEAD_UPDATED: "committed to disk",
    Message.LEAD_RETURNED: "the return is committed to disk",
    Message.INVALID_API_KEY: "no key, two that differ, or one that is unknown, expired, revoked or not for this"
    " address; or no key where none may be missing",
    Message.NOT_ALLOWED_BY_API_KEY: "the key's scopes do not cover all that the call asks for",
    Message.RESTRICTED: "HTTP 429: too many calls, or too many unknown leads; `Retry-After` says when to come again",
    Message.IDEMPOTENCY_KEY_INVALID: "not 1 to 255 printable ASCII characters, or header and parameter differ",
    Message.IDEMPOTENCY_KEY_REUSED: "the idempotency key was used for a call with other parameters",
    Message.REQUEST_IN_PROGRESS: "a call with this idempotency key is still running: try again",
    Message.LEAD_STATUSES_NOT_ENABLED: "the network or this buyer has the switch off",
    Message.INVALID_LEAD_ID: "no lead of yours",
    Message.INVALID_BUYER_CONTRACT: "this contract of yours did not buy the lead",
    Message.BUYER_CONTRACT_REQUIRED: "several of your contracts did",
    Message.INVALID_LEAD_STATUS: "not exactly an active status",
    Message.INVALID_LEAD_SUB_STATUS: "not exactly an active sub-status of the status in the same call",
    Message.INVALID_AMOUNT: "the amount or the revenue would leave ±10¹²; in SOAP also: an amount without"
    " `add_to_existing`",
    Message.INVALID_LEAD_FIELD: "not an active field of this sale",
    Message.INVALID_FIELD_VALUE: "not of the field's type",
    Message.INVALID_RETURN_REASON: "not an active return reason",
    Message.RETURNS_NOT_ALLOWED: "the sale cannot be returned",
    Message.RETURN_WINDOW_EXPIRED: "the sale cannot be returned any more",
    Message.LEAD_ALREADY_RETURNED: "the sale was returned for another reason",
    Message.INVALID_HAPPENED_AT: "not ISO 8601, or more than five minutes ahead",
    Message.SOMETHING_BROKEN: "HTTP 503: our own fault; whether the call counted is not known, so repeat it with the"
    " same idempotency key",
}


BAD_CALLS: Final[tuple[tuple[str, dict[str, str | None], tuple[tuple[str, str], ...]], ...]] = (
    ("a parameter is not sent", {"lead_id": None}, ()),
    ("no whole number", {"buyer_contract_id": "abc"}, ()),
    ("an empty one", {"return_reason_id": ""}, ()),
    ("one of more than 32 bits", {"buyer_contract_id": "2147483648"}, ()),
    ("no amount", {"amount": "1.23456"}, ()),
    ("an amount, and `add_to_existing` empty", {"amount": "10", "add_to_existing": ""}, ()),
    ("neither true nor false", {"add_to_existing": "yes"}, ()),
    ("a parameter comes twice, in whatever case", {}, (("LEAD_ID", "F0E41C8D"),)),
    ("a control character", {"status": "Fun\x00ded"}, ()),
    ("too many parameters", {}, tuple((f"x{number}", "") for number in range(parameters.PARAMETERS_MAX))),
)
"""What cannot be read: in words, what differs from a good UpdateLead (None: not sent), and what comes besides."""


class Exchange(msgspec.Struct, frozen=True):
    """A call and how it was answered, as they go over the wire."""

    title: str
    request: str
    answer: str


class BadCall(msgspec.Struct, frozen=True):
    """What cannot be read, and what is said of it."""

    what: str
    plain: str
    """By GET and as a form."""
    json: str


class BadEnvelope(msgspec.Struct, frozen=True):
    """An envelope that cannot be taken, and its fault."""

    what: str
    status: int
    code: str
    text: str


class _Accepting:
    """Stands where calls go once they are read: takes every one, and does nothing."""

    async def submit(self, call: UpdateRequest | ReasonsRequest | RefusedCall) -> Outcome:
        """The answer of success."""
        answer: Answer
        if isinstance(call, ReasonsRequest):
            reasons = [(1, "Wrong number"), (2, "Duplicate")]
            answer = ReasonsAnswer(
                True,
                "",
                return_reasons=tuple(
                    ReturnReason(return_reason_id=number, name=name, position=number, active=True)
                    for number, name in reasons
                ),
            )
        elif isinstance(call, UpdateRequest) and call.must_return:
            answer = Answer(True, Message.LEAD_RETURNED, call.lead_id)
        else:
            answer = Answer(True, Message.LEAD_UPDATED, UPDATE_LEAD.parameters[0].example)
        return Outcome(OutcomeKind.DECIDED, answer)

    async def network_of_host(self, host: str | None) -> int | None:
        """None: what has no key is no buyer's."""
        return None

    def tell(self, receipt: Receipt, state: AnswerState) -> None:
        """Nobody asks."""


class Reply(msgspec.Struct, frozen=True):
    """An answer as it came."""

    status: int
    headers: dict[str, str]
    body: str

    def text(self) -> str:
        """All of it but the headers that say nothing of the answer."""
        shown = [f"{name}: {self.headers[key]}" for name, key in _SHOWN_HEADERS.items() if key in self.headers]
        return "\n".join([f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}", *shown, "", self.body])


_SHOWN_HEADERS: Final = {"Content-Type": "content-type", "jsonerror": "jsonerror"}


def reference_page() -> str:
    """The page, in Markdown."""
    return render(
        "buyer-api.md",
        services=SERVICES,
        operations=OPERATIONS,
        update_lead=UPDATE_LEAD,
        titles=TITLES,
        channels_of=channels_of,
        is_list=lambda member: isinstance(member, ListMember),
        exchange=lambda service, operation: _exchange(service, operation, Channel.GET),
        exchanges=[_exchange(LEADS, UPDATE_LEAD, channel) for channel in TITLES],
        messages=[(message, MEANINGS[message]) for message in Message],
        bad_calls=[_bad_call(*case) for case in BAD_CALLS],
        bad_envelopes=_bad_envelopes(),
        channels=channels,
        parameters=parameters,
        batch=batch,
        guard_rules=guard_rules,
        guess_rules=guess_rules,
        limits=limits,
        rules=rules,
        xml=xml,
    )


def _exchange(service: Service, operation: Operation, channel: Channel) -> Exchange:
    """A good call, with the table's examples; what may be absent is."""
    values = {item.name: item.example for item in operation.parameters if item.required}
    has_own_key = any(item.name == API_KEY.name and not item.is_ours for item in operation.parameters)
    if has_own_key:
        values = {API_KEY.name: KEY} | values
    if operation.others_are_fields:
        values |= EXAMPLE_FIELD
    request = call(service, operation, channel, service.path, values)
    headers = (("Host", "leads.example.com"),) if has_own_key else (("Host", "leads.example.com"), ("X-Api-Key", KEY))
    request = msgspec.structs.replace(request, headers=(*headers, *request.headers))
    return Exchange(TITLES[channel], request.text(), _answer(request).text())


def _bad_call(what: str, changes: dict[str, str | None], more: tuple[tuple[str, str], ...]) -> BadCall:
    values: dict[str, str | None] = {item.name: item.example for item in UPDATE_LEAD.parameters if item.required}
    pairs = [(name, value) for name, value in (values | changes).items() if value is not None] + list(more)
    line = f"POST {LEADS.path}/{UPDATE_LEAD.name} HTTP/1.1"
    members = ", ".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in pairs)
    plain = _answer(Call(line, (("Content-Type", FORM_TYPE),), urlencode(pairs)))
    in_json = _answer(Call(line, (("Content-Type", JSON_TYPE),), f"{{{members}}}"))
    assert plain.status == in_json.status == HTTPStatus.INTERNAL_SERVER_ERROR
    return BadCall(what, plain.body.rstrip(), json.loads(in_json.body)["Message"])


def _bad_envelopes() -> list[BadEnvelope]:
    good = f'<UpdateLead xmlns="{LEADS.namespace}"><lead_id>C8097F17</lead_id></UpdateLead>'
    bad = f'<UpdateLead xmlns="{LEADS.namespace}"><amount>much</amount></UpdateLead>'
    head = '<s:Header><x xmlns="urn:x" s:mustUnderstand="1" /></s:Header>'
    return [
        _bad_envelope("a value that cannot be converted", SOAP11, f"<s:Body>{bad}</s:Body>"),
        _bad_envelope("the same in SOAP 1.2", SOAP12, f"<s:Body>{bad}</s:Body>"),
        _bad_envelope("an action that names something else", SOAP11, f"<s:Body>{good}</s:Body>", action="urn:other"),
        _bad_envelope("an operation there is none of, and no action", SOAP11, '<s:Body><Foo xmlns="urn:x" /></s:Body>'),
        _bad_envelope("an envelope of no version", SOAP11, f"<s:Body>{good}</s:Body>", namespace="urn:x"),
        _bad_envelope("a header that must be understood", SOAP11, f"{head}<s:Body>{good}</s:Body>"),
        _bad_envelope("no body", SOAP11, ""),
        _bad_envelope("two operations", SOAP11, f"<s:Body>{good}{good}</s:Body>"),
        _bad_envelope("no well-formed XML, or a DOCTYPE", SOAP11, "<"),
    ]


def _bad_envelope(
    what: str, version: Version, inside: str, *, action: str = "", namespace: str | None = None
) -> BadEnvelope:
    body = f'<s:Envelope xmlns:s="{namespace or version.envelope}">{inside}</s:Envelope>'
    headers = (("Content-Type", version.content_type.decode()), ("SOAPAction", f'"{action}"'))
    reply = _answer(Call(f"POST {LEADS.path} HTTP/1.1", headers, body))
    if not reply.body:
        return BadEnvelope(what, reply.status, "", "")
    words = _texts(xml.read_xml(reply.body.encode(), None))
    return BadEnvelope(what, reply.status, words[0], words[1])


def _texts(element: xml.Element) -> list[str]:
    """The words of an answer in order: of a fault, its code and its text."""
    own = [element.text] if element.text.strip() else []
    return own + [text for child in element.children for text in _texts(child)]


def _answer(request: Call) -> Reply:
    return asyncio.run(_answered(request))


async def _answered(request: Call) -> Reply:
    """Have a call answered as any is, but for what it comes to."""
    # What is shown would not pass for a key.
    key = make_key(1)
    method, target, _ = request.line.replace(KEY, key).split(" ")
    path, _, query = target.partition("?")
    sent: list[Any] = []

    async def receive() -> Event:
        return {"type": "http.request", "body": request.body.replace(KEY, key).encode(), "more_body": False}

    async def send(event: Event) -> None:
        sent.append(event)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.replace(KEY, key).encode()) for name, value in request.headers],
        "client": ("192.0.2.7", 443),
    }
    await BuyerApi(_Accepting(), Settings())(scope, receive, send)
    start, body = sent
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return Reply(start["status"], headers, body["body"].decode().replace("\r\n", "\n"))


if __name__ == "__main__":
    sys.stdout.write(reference_page())
