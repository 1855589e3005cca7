"""Whether a key may be used."""

from datetime import datetime
from ipaddress import IPv4Address, IPv6Address

from leadback.access.model import ApiKey
from leadback.kit.errors import Refused


def key_allows(key: ApiKey, address: IPv4Address | IPv6Address | None, now: datetime) -> bool:
    """Whether a key is neither revoked nor expired and may be used from an address (None: no network connection)."""
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
        return False
    if not key.allowed_networks:
        return True
    return address is not None and any(address in network for network in key.allowed_networks)


def check_expiry(expires_at: datetime | None, now: datetime) -> None:
    """Raise `Refused` where a new key would never have been good."""
    if expires_at is not None and expires_at <= now:
        raise Refused(f"The key would have expired at {expires_at.isoformat()}; give a moment to come.")
