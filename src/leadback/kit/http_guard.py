"""The outermost layer of every web process: refuses doubtful requests, names each one, and survives every fault."""

import re
import secrets
import time
from functools import lru_cache
from typing import Final

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from leadback.kit.errors import DatabaseUnusable
from leadback.kit.http import CLOSE, NO_SNIFFING, PLAIN_TEXT, Application, Event, Header, Headers, Receive, Scope, Send
from leadback.kit.http import send_answer as send_whole

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
HOST_LENGTH_MAX: Final = 261
RETRY_AFTER_SECONDS: Final = 1

# Without one of ours Granian names itself.
SERVER: Final[Header] = (b"server", b"Leadback")
NOT_STORED: Final[Header] = (b"cache-control", b"no-store")
BASE_HEADERS: Final[Headers] = (PLAIN_TEXT, NO_SNIFFING, NOT_STORED)
ALLOW: Final[Header] = (b"allow", ", ".join(METHODS).encode())

# What the database or the system cannot do at the moment; everything else is a fault of the program.
PASSING_FAULTS: Final = (DatabaseUnusable, OperationalError, InterfaceError, PoolTimeoutError, OSError)

_HOST = re.compile(rb"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

log = structlog.get_logger(__name__)

Refusal = tuple[int, Headers, bytes]

DOUBTFUL_FRAMING: Final[Refusal] = (400, (*BASE_HEADERS, CLOSE), b"The length of the request is given twice.\n")
DOUBTFUL_HOST: Final[Refusal] = (400, (*BASE_HEADERS, CLOSE), b"A request has exactly one valid Host.\n")
UNKNOWN_METHOD: Final[Refusal] = (405, (*BASE_HEADERS, ALLOW), b"This method is not served.\n")


class RequestIds:
    """Ids that no two requests share and that sort by time: microseconds, then a number drawn for this process."""

    def __init__(self) -> None:
        self._last = 0
        self._process = secrets.token_hex(4)

    def next(self) -> str:
        """The next id: 22 hexadecimal digits, always greater than the one before."""
        self._last = max(self._last + 1, time.time_ns() // 1000)
        return f"{self._last:014x}{self._process}"


class Guard:
    """An ASGI application around another. Make it in the process that serves: its ids are drawn there."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._request_ids = RequestIds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, answering for the application where it must not see it or fails."""
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        # Never the client's own id: it could be chosen to look like another request's.
        request_id = self._request_ids.next()
        scope.setdefault("state", {})["request_id"] = request_id
        answer = NamedAnswer(send, request_id)
        refused = refusal(scope)
        if refused is not None:
            await send_whole(answer.send, *refused)
            return
        try:
            await self._application(scope, receive, answer.send)
        except Exception as error:
            # The path without its query: that may hold a key.
            log.exception("request failed", request_id=request_id, method=scope["method"], path=scope["path"])
            if not answer.started:
                await send_whole(answer.send, *fault(error))


class NamedAnswer:
    """Sends an answer with its request id, and knows whether it has begun."""

    def __init__(self, send: Send, request_id: str) -> None:
        self.started = False
        self._send = send
        self._header = (b"x-request-id", request_id.encode())

    async def send(self, event: Event) -> None:
        """Pass one event on."""
        if event["type"] == "http.response.start":
            self.started = True
            event["headers"] = [*event.get("headers", ()), self._header, SERVER]
        await self._send(event)


def refusal(scope: Scope) -> Refusal | None:
    """What is wrong with a request before anybody looks at what it asks for."""
    host: bytes | None = None
    hosts = lengths = codings = 0
    for name, value in scope["headers"]:
        if name == b"host":
            hosts += 1
            host = value
        elif name == b"content-length":
            lengths += 1
        elif name == b"transfer-encoding":
            codings += 1
    if lengths + codings > 1:
        return DOUBTFUL_FRAMING
    if hosts != 1 or host is None or not _is_host(host):
        return DOUBTFUL_HOST
    return None if scope["method"] in METHODS else UNKNOWN_METHOD


def fault(error: Exception) -> Refusal:
    """The answer to our own fault: nothing of what happened, only whether to come again."""
    if isinstance(error, PASSING_FAULTS):
        retry = (b"retry-after", str(RETRY_AFTER_SECONDS).encode())
        return 503, (*BASE_HEADERS, retry), b"Something is out of order for the moment. Please try again.\n"
    return 500, BASE_HEADERS, b"Something Broken\n"


@lru_cache(maxsize=256)
def _is_host(host: bytes) -> bool:
    return len(host) <= HOST_LENGTH_MAX and _HOST.fullmatch(host) is not None
