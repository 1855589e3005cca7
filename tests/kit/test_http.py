"""The client's address past proxies, and bodies within limits."""

import asyncio
from typing import Any

import pytest

from leadback.kit.errors import Refused
from leadback.kit.http import BodyFault, ClientAddresses, read_body

pytestmark = pytest.mark.anyio

PROXIES = ("10.0.0.0/8", "2001:db8::/32")


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("198.51.100.1", [], "198.51.100.1"),
        ("198.51.100.1", [b"192.0.2.1"], "198.51.100.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [b"192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", [b"203.0.113.9, 192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", [b"203.0.113.9", b"192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", [b"192.0.2.1, 10.9.9.9"], "192.0.2.1"),
        ("10.0.0.1", [b"192.0.2.1", b"10.9.9.9, 10.8.8.8"], "192.0.2.1"),
        ("10.0.0.1", [b"10.7.7.7, 10.8.8.8"], "10.7.7.7"),
        ("10.0.0.1", [b" 192.0.2.1:4711 "], "192.0.2.1"),
        ("10.0.0.1", [b"[2001:470::1]:4711"], "2001:470::1"),
        ("10.0.0.1", [b"[2001:470::1]"], "2001:470::1"),
        ("10.0.0.1", [b"2001:470::1"], "2001:470::1"),
        ("2001:db8::1", [b"2001:470::1, 2001:db8::2"], "2001:470::1"),
        ("::ffff:10.0.0.1", [b"::ffff:192.0.2.1"], "192.0.2.1"),
        ("::ffff:198.51.100.1", [], "198.51.100.1"),
        ("fe80::1%eth0", [], "fe80::1"),
    ],
)
def test_the_address_is_the_right_most_hop_nobody_of_ours_put_there(
    peer: str, forwarded: list[bytes], address: str
) -> None:
    assert str(ClientAddresses(PROXIES).address_of((peer, 1), forwarded)) == address


@pytest.mark.parametrize(
    "hop",
    [b"garbage", b"", b",", b"192.0.2.1,", b"192.0.2.999", b"192.0.2.01", b"1.2.3.4.5", b"unknown", b"_x", b"\xff",
     b"::" + b"1" * 500, b"192.0.2.1, garbage, 10.0.0.2"],
)  # fmt: skip
def test_a_hop_that_cannot_be_read_is_nobodys_address(hop: bytes) -> None:
    assert ClientAddresses(PROXIES).address_of(("10.0.0.1", 1), [hop]) is None


def test_a_peer_without_address_has_none() -> None:
    assert ClientAddresses(PROXIES).address_of(None, [b"192.0.2.1"]) is None
    assert ClientAddresses(()).address_of(("unix socket", 0), []) is None


def test_nobody_is_trusted_unless_named() -> None:
    assert str(ClientAddresses(()).address_of(("127.0.0.1", 1), [b"192.0.2.1"])) == "127.0.0.1"


@pytest.mark.parametrize("network", ["10.0.0.1/8", "all", "", "10.0.0.0/33"])
def test_a_proxy_that_is_no_network_is_refused(network: str) -> None:
    with pytest.raises(Refused, match="LEADBACK_TRUSTED_PROXIES"):
        ClientAddresses([network])


async def body_of(*events: dict[str, Any], bytes_max: int = 10) -> bytes | BodyFault:
    waiting = list(events)

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    return await read_body(receive, bytes_max=bytes_max, seconds_max=0.01)


async def test_a_body_ends_where_the_server_says_so_and_nowhere_else() -> None:
    piece = {"type": "http.request", "body": b"12345", "more_body": True}
    end = {"type": "http.request"}
    assert await body_of(end) == b""
    assert await body_of(piece, piece, end) == b"1234512345"
    assert await body_of(piece, {"type": "http.disconnect"}) is BodyFault.CUT_SHORT
    assert await body_of({"type": "http.disconnect"}) is BodyFault.CUT_SHORT
    assert await body_of(piece, piece, piece, end) is BodyFault.TOO_LARGE
    assert await body_of(piece) is BodyFault.TOO_SLOW
