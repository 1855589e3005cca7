"""What ASGI leaves to the application: a body within limits, a whole answer at once, the client's address."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from enum import Enum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final

from leadback.kit.settings import parse_network

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]
Headers = tuple[Header, ...]
IPAddress = IPv4Address | IPv6Address

ADDRESS_LENGTH_MAX: Final = 60
ADDRESSES_CACHED_MAX: Final = 4096

PLAIN_TEXT: Final[Header] = (b"content-type", b"text/plain; charset=utf-8")
NO_SNIFFING: Final[Header] = (b"x-content-type-options", b"nosniff")
CLOSE: Final[Header] = (b"connection", b"close")


class BodyFault(Enum):
    """Why there is no body to work with."""

    TOO_LARGE = "more bytes than allowed"
    TOO_SLOW = "not complete in time"
    CUT_SHORT = "the client was gone before its end"


async def read_body(receive: Receive, *, bytes_max: int, seconds_max: float) -> bytes | BodyFault:
    """The whole body, counted while it arrives whatever `Content-Length` says.

    A server tells of a body cut short by `http.disconnect` alone. Taking that for the end would apply `amount=10` of
    an `amount=10000`.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(seconds_max):
            while True:
                event = await receive()
                if event["type"] != "http.request":
                    return BodyFault.CUT_SHORT
                body += event.get("body", b"")
                if len(body) > bytes_max:
                    return BodyFault.TOO_LARGE
                if not event.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        return BodyFault.TOO_SLOW


async def send_answer(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """A whole answer with its length."""
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


def request_id_of(scope: Scope) -> str:
    """The id the guard gave the request; empty where no guard stands before the application."""
    request_id: str = scope.get("state", {}).get("request_id", "")
    return request_id


class ClientAddresses:
    """Finds the address a request came from, past the proxies that are trusted to tell it."""

    def __init__(self, trusted_proxies: Iterable[str]) -> None:
        self._trusted = tuple(parse_network(text) for text in trusted_proxies)

    def address_of(self, peer: tuple[str, int] | None, forwarded: Sequence[bytes]) -> IPAddress | None:
        """The peer, or behind trusted proxies the right-most hop of `X-Forwarded-For` that is not one of them.

        What stands left of that hop is the client's own word and is never read. None where the address is not known:
        a peer without one, or a hop that cannot be read; a proxy's own address would then be a false one.
        """
        address = None if peer is None else parse_address(peer[0])
        if address is None or not forwarded or not self._is_trusted(address):
            return address
        # Several headers are one list in the order of their arrival.
        for hop in reversed(b",".join(forwarded).decode("latin-1").split(",")):
            address = _hop_address(hop.strip(" \t"))
            if address is None or not self._is_trusted(address):
                return address
        return address

    def is_proxy(self, peer: tuple[str, int]) -> bool:
        """Whether a connection is a trusted proxy's, and so not the client's own."""
        address = parse_address(peer[0])
        return address is not None and self._is_trusted(address)

    def _is_trusted(self, address: IPAddress) -> bool:
        return any(address in network for network in self._trusted)


@lru_cache(maxsize=ADDRESSES_CACHED_MAX)
def parse_address(text: str) -> IPAddress | None:
    """An address of either family, without zone; one of IPv4 written as IPv6 is the IPv4 one."""
    if len(text) > ADDRESS_LENGTH_MAX:
        return None
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _hop_address(hop: str) -> IPAddress | None:
    if len(hop) > ADDRESS_LENGTH_MAX:
        return None
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    return parse_address(hop)
