"""Secrets handed to people: made by the operating system's generator, shown once, stored as digests."""

import hashlib
import re
import secrets
import string
import zlib
from typing import Final

ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
SECRET_LENGTH: Final = 32
CHECKSUM_LENGTH: Final = 6
KEY_LENGTH_MAX: Final = 50
SHOWN_LENGTH: Final = 8

# But for the part by which people tell keys apart: of it no more than four characters are secret.
_ANY_KEY = re.compile(r"lbk_(?![1-9][0-9]{0,6}_[0-9A-Za-z]{4}(?![0-9A-Za-z_]))[0-9A-Za-z_]+")
_KEY = re.compile(r"lbk_([1-9][0-9]{0,6})_([0-9A-Za-z]{32})([0-9A-Za-z]{6})")


def make_key(network_id: int) -> str:
    """A new API key, `lbk_<network>_<32 base62><6 checksum>`: 190 random bits, at most 50 characters."""
    body = f"lbk_{network_id}_" + "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH))
    key = body + checksum(body)
    assert len(key) <= KEY_LENGTH_MAX
    return key


def key_network(key: str) -> int | None:
    """The network a key belongs to, or None where its form or checksum is wrong: no database is asked then."""
    match = _KEY.fullmatch(key)
    if match is None or checksum(key[:-CHECKSUM_LENGTH]) != match.group(3):
        return None
    return int(match.group(1))


def digest(key: str) -> bytes:
    """What is stored of a key."""
    return hashlib.sha256(key.encode()).digest()


def without_keys(text: str) -> str:
    """A text that will be kept: a key sent in a wrong place is still a key."""
    return _ANY_KEY.sub("lbk_…", text) if "lbk_" in text else text


def checksum(body: str) -> str:
    """CRC-32 in six base62 digits: typing errors and leaked keys are told without the database."""
    number = zlib.crc32(body.encode())
    digits = []
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))
