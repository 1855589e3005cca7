"""Where a page of a list ends, as a token for the next: the values of its last row.

So every page costs the same. One found by counting rows would repeat or skip some as soon as others come in between.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import Any, Final

import msgspec

from leadback.kit.errors import Refused

CHECK_BYTES: Final = 8


def token_of(place: tuple[str, ...], *, of: Any) -> str:
    """A token for the place after a row with these values; `of` is the list: what it is filtered and sorted by."""
    payload = msgspec.json.encode(place)
    return urlsafe_b64encode(_check(payload, of) + payload).rstrip(b"=").decode()


def place_of(token: str, *, of: Any) -> tuple[str, ...]:
    """The values a token holds; raises `Refused` where it was not given out for this very list."""
    try:
        content = urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
        check, payload = content[:CHECK_BYTES], content[CHECK_BYTES:]
        if check == _check(payload, of):
            return msgspec.json.decode(payload, type=tuple[str, ...])
    except ValueError:
        pass
    raise Refused(
        f"The page token {token[:80]!r} is not of this list: it holds only for the same dates, filter and sort."
        " Leave it out to begin with the first page."
    )


def _check(payload: bytes, of: Any) -> bytes:
    """Finds tokens that were cut or belong elsewhere. No secret: a forged one shows nothing more."""
    key = blake2b(msgspec.json.encode(of, order="deterministic"), digest_size=32).digest()
    return blake2b(payload, key=key, digest_size=CHECK_BYTES).digest()
