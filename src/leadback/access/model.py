"""API keys and the callers they stand for, as values."""

from datetime import datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import msgspec

IPNetwork = IPv4Network | IPv6Network
KeyUse = tuple[datetime, IPv4Address | IPv6Address | None]
"""When a key was used, and from where."""


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A buyer's key as stored: its digest, never the key itself."""

    api_key_id: int
    buyer_id: int
    digest: bytes
    shown_as: str
    """The first characters of the key, for people to tell keys apart."""
    scopes: tuple[str, ...]
    """What the key may do; empty: everything a buyer may."""
    allowed_networks: tuple[IPNetwork, ...]
    """Where it may be used from; empty: anywhere."""
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    """Half a minute behind."""
    last_used_address: IPv4Address | IPv6Address | None


class PresentedKey(msgspec.Struct, frozen=True):
    """A well-formed key as a caller presented it: its network and digest."""

    network_id: int
    digest: bytes
