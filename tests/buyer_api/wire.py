"""Requests as a server hands them over, and what the application sends back."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from leadback.kit.http import Application
from leadback.leads.model import (
    Answer,
    AnswerState,
    Outcome,
    OutcomeKind,
    ReasonsRequest,
    Receipt,
    RefusedCall,
    UpdateRequest,
)

UPDATE_LEAD = "/buyers/api/1/leads.asmx/UpdateLead"
FORM = (b"content-type", b"application/x-www-form-urlencoded")
PEER = ("192.0.2.7", 54321)
LEAD_UPDATED = Outcome(OutcomeKind.DECIDED, Answer(True, "Lead updated", "C8097F17"))

Headers = Iterable[tuple[bytes, bytes]]


def parameters(**changes: str | None) -> dict[str, str]:
    """The nine parameters of a call that says nothing; None takes one away."""
    plain: dict[str, str | None] = {
        "lead_id": "C8097F17",
        "buyer_contract_id": "0",
        "status": "",
        "sub_status": "",
        "amount": "0",
        "add_to_existing": "TRUE",
        "field_name": "",
        "field_value": "",
        "return_reason_id": "0",
    }
    return {name: value for name, value in (plain | changes).items() if value is not None}


class Reply(msgspec.Struct, frozen=True):
    """A whole answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class Scripted:
    """Stands where updates go: keeps what was submitted, and gives the outcome it was made with."""

    def __init__(self, outcome: Outcome | Exception = LEAD_UPDATED, *, network_id: int | None = 1) -> None:
        self.outcome = outcome
        self.network_id = network_id
        self.calls: list[UpdateRequest | ReasonsRequest | RefusedCall] = []
        self.hosts: list[str | None] = []
        self.told: list[tuple[Receipt, AnswerState]] = []

    def tell(self, receipt: Receipt, state: AnswerState) -> None:
        """Keep what became of an answer."""
        self.told.append((receipt, state))

    async def submit(self, call: UpdateRequest | ReasonsRequest | RefusedCall) -> Outcome:
        """Keep the call; others get their turn meanwhile, as while the database works."""
        self.calls.append(call)
        await asyncio.sleep(0)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    async def network_of_host(self, host: str | None) -> int | None:
        """Keep the host name."""
        self.hosts.append(host)
        return self.network_id

    @property
    def request(self) -> UpdateRequest:
        """The only call, which could be bound."""
        (call,) = self.calls
        assert isinstance(call, UpdateRequest)
        return call

    @property
    def refused(self) -> RefusedCall:
        """The only call, which could not be bound."""
        (call,) = self.calls
        assert isinstance(call, RefusedCall)
        return call


def encoded(values: Mapping[str, str] | bytes) -> bytes:
    """A query string or form."""
    return values if isinstance(values, bytes) else urlencode(values).encode()


def scope_of(
    method: str,
    query: Mapping[str, str] | bytes = b"",
    *,
    path: str = UPDATE_LEAD,
    headers: Headers = (),
    peer: tuple[str, int] | None = PEER,
) -> dict[str, Any]:
    """A request's line and headers."""
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "query_string": encoded(query),
        "headers": [(b"host", b"leads.example.com"), *headers],
        "client": peer,
    }


def body_event(body: bytes, *, more: bool = False) -> dict[str, Any]:
    """One piece of a body."""
    return {"type": "http.request", "body": body, "more_body": more}


async def exchange(
    application: Application, scope: dict[str, Any], *events: dict[str, Any], stays: bool = True
) -> Reply | None:
    """Hand a request over; None where nothing was answered.

    As a server does: the client goes when it has its answer, or at the end of a body that was cut short; or at once
    where it does not stay.
    """
    waiting = list(events)
    sent: list[Any] = []
    answered = asyncio.Event()
    cut_short = not events or events[-1].get("more_body", False)

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop(0)
        if stays and not cut_short:
            await answered.wait()
        return {"type": "http.disconnect"}

    async def send(event: Any) -> None:
        sent.append(event)
        if event["type"] == "http.response.body":
            answered.set()

    await application(scope, receive, send)
    return _reply(sent) if sent else None


async def ask(
    application: Application, query: Mapping[str, str] | bytes = b"", *, method: str = "GET", **more: Any
) -> Reply:
    """Ask with a query string and expect an answer."""
    reply = await exchange(application, scope_of(method, query, **more), body_event(b""))
    assert reply is not None
    return reply


async def post(application: Application, form: Mapping[str, str] | bytes, *headers: tuple[bytes, bytes]) -> Reply:
    """Post a form in one piece and expect an answer."""
    given = headers if any(name == b"content-type" for name, _ in headers) else (FORM, *headers)
    reply = await exchange(application, scope_of("POST", headers=given), body_event(encoded(form)))
    assert reply is not None
    return reply


async def stalled(application: Application, scope: dict[str, Any], *events: dict[str, Any]) -> Reply:
    """Hand over a request whose body stops in the middle while the connection stays open."""
    waiting = list(events)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    async def send(event: Any) -> None:
        sent.append(event)

    await application(scope, receive, send)
    return _reply(sent)


def _reply(sent: list[Any]) -> Reply:
    start, *bodies = sent
    assert start["type"] == "http.response.start"
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    assert len(headers) == len(start["headers"]), "a header is sent twice"
    body = b"".join(event["body"] for event in bodies)
    assert headers["content-length"] == str(len(body))
    return Reply(start["status"], headers, body)
