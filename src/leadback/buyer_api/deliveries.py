"""What becomes of answers on their way: lost, sent, or seen to have arrived; the guard against repeats is told."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from leadback.kit.http import ClientAddresses, Receive, Scope
from leadback.leads.model import AnswerState, Receipt

DELIVERED_SECONDS_MAX: Final = 60.0
"""After so long it makes no difference any more whether an answer arrived."""
CONNECTIONS_KNOWN_MAX: Final = 10_000

PROXY_HEADERS: Final = (b"forwarded", b"via", b"x-forwarded-for")

Peer = tuple[str, int]


class ClientWatch:
    """Whether the client of a request is still there; costs nothing until it begins.

    The server (Granian 2.8) takes an answer for a client that is gone without an error: `send` neither raises nor
    waits. `receive` alone tells, by `http.disconnect` as soon as the client closes its side (a half-closed connection
    gets no answer either), and by the same event once the answer is out. It takes its time to say so, even of what
    happened long ago, so it is asked while the call is being decided.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Watch from now on; whoever reads the body must have read it."""
        self._task = asyncio.create_task(self._wait())

    def is_gone(self) -> bool:
        """Whether the client went away before its answer; asked before that is sent."""
        task = self._task
        return task is not None and task.done() and not task.cancelled() and task.exception() is None

    def end(self) -> None:
        """Watch no more."""
        if self._task is not None:
            self._task.cancel()

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


class Deliveries:
    """The last answer on each direct connection that the guard asks about, until the next request there.

    A client sends its next request on a connection when it has read the answer to the one before, and closes it when
    it gave up. A proxy's connection carries the requests of many: nothing is concluded from it. A peer is taken for the
    same connection by its port, which a client's system gives out again only when all others had their turn.
    """

    def __init__(
        self,
        tell: Callable[[Receipt, AnswerState], None],
        addresses: ClientAddresses,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell
        self._addresses = addresses
        self._clock = clock
        self._last: dict[Peer, tuple[Receipt, float]] = {}

    def request_came(self, scope: Scope) -> None:
        """A request: what was answered before it on its connection has arrived."""
        if self._last and (last := self._last.pop(scope["client"], None)) is not None:
            self._tell(last[0], AnswerState.DELIVERED)

    def lost(self, receipt: Receipt) -> None:
        """The client was gone before its answer could be sent."""
        self._tell(receipt, AnswerState.LOST)

    def sent(self, scope: Scope, receipt: Receipt) -> None:
        """The answer was handed to the connection."""
        self._tell(receipt, AnswerState.SENT)
        peer = scope.get("client")
        if peer is None or not self._is_direct(scope):
            return
        now = self._clock()
        self._forget(now)
        self._last[peer] = receipt, now

    def _is_direct(self, scope: Scope) -> bool:
        named = any(name in PROXY_HEADERS for name, _ in scope["headers"])
        return not named and not self._addresses.is_proxy(scope["client"])

    def _forget(self, now: float) -> None:
        """Drop the oldest where they are of no use, or too many."""
        while self._last:
            peer = next(iter(self._last))
            if now - self._last[peer][1] <= DELIVERED_SECONDS_MAX and len(self._last) < CONNECTIONS_KNOWN_MAX:
                return
            del self._last[peer]
