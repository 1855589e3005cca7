"""Whether a key may be used."""

from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from leadback.access.model import ApiKey
from leadback.kit.errors import Refused

SHOWN_SECRET_LENGTH: Final = 4

STATUS_WRITE: Final = "status:write"
REVENUE_WRITE: Final = "revenue:write"
RETURN_WRITE: Final = "return:write"
REASONS_READ: Final = "reasons:read"
SCOPES: Final = {
    STATUS_WRITE: "Report statuses, sub-statuses and fields",
    REVENUE_WRITE: "Report amounts",
    RETURN_WRITE: "Return leads",
    REASONS_READ: "Ask for the return reasons",
}
"""What a key can be allowed, and what that is called."""
WRITE_SCOPES: Final = frozenset({STATUS_WRITE, REVENUE_WRITE, RETURN_WRITE})


def is_good(key: ApiKey, now: datetime) -> bool:
    """Whether a key is neither revoked nor expired."""
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


def key_allows(key: ApiKey, address: IPv4Address | IPv6Address | None, now: datetime) -> bool:
    """Whether a key is good and may be used from an address (None: no network connection)."""
    if not is_good(key, now):
        return False
    if not key.allowed_networks:
        return True
    return address is not None and any(address in network for network in key.allowed_networks)


def check_expiry(expires_at: datetime | None, now: datetime) -> None:
    """Raise `Refused` where a new key would never have been good."""
    if expires_at is not None and expires_at <= now:
        raise Refused(f"The key would have expired at {expires_at.isoformat()}; give a moment to come.")


def check_scopes(scopes: tuple[str, ...]) -> None:
    """Raise `Refused` unless there is every scope, and each is given once."""
    for scope in scopes:
        if scope not in SCOPES:
            raise Refused(f"There is no scope {scope!r}. There are: {', '.join(SCOPES)}.")
    if len(set(scopes)) != len(scopes):
        raise Refused("A scope is given twice.")


def shown_part(key: str) -> str:
    """What of a key is kept readable: its network and the first characters of its secret."""
    start = key.rindex("_") + 1
    return key[: start + SHOWN_SECRET_LENGTH]
