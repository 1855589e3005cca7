"""One request and its whole answer within this process, for pages that show both."""

import asyncio
from http import HTTPStatus

import msgspec

from leadback.kit.http import Application, Event, Headers, Scope


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """A request and its answer, as they would look on the wire."""

    request: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def answer(self) -> str:
        """The answer as text, its body as it is."""
        head = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        head += [f"{name}: {value}" for name, value in self.headers]
        return "\n".join(head) + "\n\n" + self.body.decode(errors="replace")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request to be made, whole."""

    line: str
    """Its first, such as `GET /path?query HTTP/1.1`."""
    headers: Headers
    shown_headers: Headers
    """What stands in place of the headers where the request is shown."""
    body: str = ""

    @property
    def shown(self) -> str:
        """The request as text."""
        lines = [self.line, *(f"{name.decode()}: {value.decode('latin-1')}" for name, value in self.shown_headers)]
        return "\n".join([*lines, "", self.body] if self.body else lines)


async def ask_within(application: Application, asked: Asked, *, address: str | None, request_id: str) -> Exchange:
    """Ask an ASGI application as if the request came by the network from that address; None: unknown."""
    method, target, _ = asked.line.split(" ")
    path, _, query = target.partition("?")
    scope: Scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "query_string": query.encode(),
        "headers": list(asked.headers),
        "client": None if address is None else (address, 0),
        "state": {"request_id": request_id},
    }
    answered = asyncio.Event()
    waiting: list[Event] = [{"type": "http.request", "body": asked.body.encode(), "more_body": False}]
    sent: list[Event] = []

    async def receive() -> Event:
        if waiting:
            return waiting.pop()
        # As a client does: it goes when it has its answer.
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(event: Event) -> None:
        sent.append(event)
        if event["type"] == "http.response.body" and not event.get("more_body", False):
            answered.set()

    await application(scope, receive, send)
    start, *bodies = sent
    return Exchange(
        request=asked.shown,
        status=start["status"],
        headers=tuple((name.decode(), value.decode("latin-1")) for name, value in start["headers"]),
        body=b"".join(event.get("body", b"") for event in bodies),
    )
