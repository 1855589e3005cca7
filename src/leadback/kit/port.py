"""Claiming a TCP port for one `serve` and its web workers, so that two of them never share it unnoticed."""

import errno
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from leadback.kit.errors import Refused

# Web workers of a killed `serve` need up to a second to notice.
FREE_SECONDS_MAX: Final = 3.0
LOOK_SECONDS: Final = 0.05

EVERY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to knock when a worker listens there


@contextmanager
def claimed_port(host: str, port: int) -> Iterator[str]:
    """Hold the port for this process and its children; the numeric address the host stands for.

    Every web worker listens on a socket of its own with SO_REUSEPORT, which by itself would let a second `serve` in.
    So a socket that never listens is bound without that option, which fails while anybody else is there, and is given
    it afterwards: from then on our workers get in and no other claim does. Raises `Refused` when the port is taken.
    """
    family, address = _resolved(host, port)
    deadline = time.monotonic() + FREE_SECONDS_MAX
    while True:
        claim = socket.socket(family, socket.SOCK_STREAM)
        try:
            _claim(claim, address)
            break
        except OSError as error:
            claim.close()
            if error.errno != errno.EADDRINUSE:
                raise Refused(f"Port {port} on {host} cannot be used: {error.strerror}.") from error
            if time.monotonic() > deadline:
                raise Refused(
                    f"Port {port} on {host} is in use. Stop what listens there, or choose another port"
                    " (--port, LEADBACK_PORT)."
                ) from error
        time.sleep(LOOK_SECONDS)
    with claim:
        yield address[0]


def url_of(host: str, port: int) -> str:
    """The address at which others find what listens there."""
    # Who listens everywhere is best known by name.
    name = socket.gethostname() if host in EVERY_ADDRESS else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _claim(claim: socket.socket, address: tuple[str, int]) -> None:
    # SO_REUSEADDR for the bind alone: connections that are still closing do not count, but a later claim must fail.
    claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    claim.bind(address)
    claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    if sys.platform == "linux":
        claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    else:
        # Elsewhere the workers share one socket, which a bound one would be in the way of.
        claim.close()


def _resolved(host: str, port: int) -> tuple[int, tuple[str, int]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise Refused(f"There is no address for the host {host!r}: {error.strerror}.") from error
    family, _, _, _, address = found[0]
    return family, (str(address[0]), port)
