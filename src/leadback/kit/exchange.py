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


async def get_within(
    application: Application,
    target: str,
    headers: Headers,
    *,
    address: str | None,
    request_id: str,
    shown_headers: Headers = (),
) -> Exchange:
    """Ask an ASGI application by GET; `shown_headers` stand in the request that is shown in place of the `headers`."""
    path, _, query = target.partition("?")
    scope: Scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "query_string": query.encode(),
        "headers": list(headers),
        "client": None if address is None else (address, 0),
        "state": {"request_id": request_id},
    }
    answered = asyncio.Event()
    waiting: list[Event] = [{"type": "http.request", "body": b"", "more_body": False}]
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
    lines = [f"{name.decode()}: {value.decode('latin-1')}" for name, value in shown_headers or headers]
    return Exchange(
        request="\n".join([f"GET {target} HTTP/1.1", *lines]),
        status=start["status"],
        headers=tuple((name.decode(), value.decode("latin-1")) for name, value in start["headers"]),
        body=b"".join(event.get("body", b"") for event in bodies),
    )
