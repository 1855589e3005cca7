"""The outermost layer: what it refuses, how it names requests, and that it survives every fault."""

from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from leadback.kit.errors import DatabaseUnusable
from leadback.kit.http import request_id_of
from leadback.kit.http_guard import Guard

pytestmark = pytest.mark.anyio

Pairs = list[tuple[bytes, bytes]]
HOST = (b"host", b"leads.example.com")


class Inner:
    """An application that answers 204, or does what it was made to do."""

    def __init__(self, fault: Exception | None = None, *, answer_first: bool = False) -> None:
        self.fault = fault
        self.answer_first = answer_first
        self.request_ids: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self.request_ids.append(request_id_of(scope))
        if self.fault is None or self.answer_first:
            await send({"type": "http.response.start", "status": 204, "headers": []})
        if self.fault is not None:
            raise self.fault
        await send({"type": "http.response.body", "body": b""})


async def serve(guard: Guard, headers: Pairs, *, method: str = "GET", kind: str = "http") -> list[Any]:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(event: Any) -> None:
        sent.append(event)

    scope = {"type": kind, "method": method, "path": "/secret-free", "query_string": b"api_key=x", "headers": headers}
    await guard(scope, receive, send)
    return sent


@pytest.mark.parametrize(
    ("headers", "method", "status"),
    [
        ([], "GET", 400),
        ([HOST, HOST], "GET", 400),
        ([(b"host", b"")], "GET", 400),
        ([(b"host", b"a b")], "GET", 400),
        ([(b"host", b"evil/?")], "GET", 400),
        ([(b"host", b"user@host")], "GET", 400),
        ([(b"host", b"host:port")], "GET", 400),
        ([(b"host", b"a" * 300)], "GET", 400),
        ([HOST, (b"content-length", b"3"), (b"transfer-encoding", b"chunked")], "POST", 400),
        ([HOST, (b"content-length", b"3"), (b"content-length", b"3")], "POST", 400),
        ([HOST, (b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"chunked")], "POST", 400),
        ([HOST], "TRACE", 405),
        ([HOST], "CONNECT", 405),
        ([HOST], "get", 405),
        ([HOST], "PROPFIND", 405),
    ],
)
async def test_a_doubtful_request_reaches_nobody(headers: Pairs, method: str, status: int) -> None:
    inner = Inner()
    start, body = await serve(Guard(inner), headers, method=method)
    assert (start["status"], inner.request_ids) == (status, [])
    answered = dict(start["headers"])
    assert body["body"].endswith(b".\n")
    assert b"x-request-id" in answered
    assert (b"allow" in answered, answered.get(b"connection")) == ((True, None) if status == 405 else (False, b"close"))


@pytest.mark.parametrize(
    "host", [b"a", b"leads.example.com:8400", b"127.0.0.1", b"[::1]:80", b"[2001:db8::1]", b"under_score"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_a_plain_request_passes(host: bytes, method: str) -> None:
    start, _ = await serve(Guard(Inner()), [(b"host", host), (b"content-length", b"0")], method=method)
    assert start["status"] == 204


async def test_every_request_has_an_id_of_ours_later_ones_greater() -> None:
    inner = Inner()
    guard = Guard(inner)
    answered = []
    for _ in range(100):
        start, _ = await serve(guard, [HOST, (b"x-request-id", b"theirs")])
        answered.append(dict(start["headers"])[b"x-request-id"].decode())
    assert answered == inner.request_ids == sorted(set(answered))
    assert {len(request_id) for request_id in answered} == {22}


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (ValueError("the secret"), 500),
        (KeyError("the secret"), 500),
        (DatabaseUnusable("the secret"), 503),
        (OperationalError("the secret", None, Exception()), 503),
        (ConnectionResetError("the secret"), 503),
    ],
)
async def test_a_fault_is_logged_once_and_told_to_nobody(fault: Exception, status: int) -> None:
    inner = Inner(fault)
    with capture_logs() as logs:
        start, body = await serve(Guard(inner), [HOST])
    assert start["status"] == status
    assert ((b"retry-after", b"1") in start["headers"]) is (status == 503)
    assert b"secret" not in body["body"]
    (entry,) = logs
    assert (entry["request_id"], entry["path"], entry["log_level"]) == (inner.request_ids[0], "/secret-free", "error")
    assert "api_key" not in repr({name: value for name, value in entry.items() if name != "exc_info"})


async def test_a_fault_in_the_middle_of_an_answer_leaves_it_visibly_incomplete() -> None:
    with capture_logs() as logs:
        sent = await serve(Guard(Inner(ValueError(), answer_first=True)), [HOST])
    assert [event["type"] for event in sent] == ["http.response.start"]
    assert len(logs) == 1


async def test_starting_and_stopping_pass_through_and_sockets_do_not() -> None:
    assert [event["type"] for event in await serve(Guard(Inner()), [], kind="lifespan")] == [
        "http.response.start",
        "http.response.body",
    ]
    assert [event["type"] for event in await serve(Guard(Inner()), [HOST], kind="websocket")] == ["websocket.close"]
