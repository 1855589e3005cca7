"""Whether a key may be used, decided on values."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from leadback.access.model import ApiKey
from leadback.access.rules import key_allows

NOW = datetime(2026, 3, 20, 15, 0, tzinfo=UTC)
ADDRESS = ip_address("192.0.2.7")
SECOND = timedelta(seconds=1)


def key(**changes: Any) -> ApiKey:
    values: dict[str, Any] = {
        "api_key_id": 1,
        "buyer_id": 10,
        "digest": b"digest",
        "shown_as": "lbk_1_aaaa",
        "scopes": (),
        "allowed_networks": (),
        "created_at": NOW,
        "expires_at": None,
        "revoked_at": None,
        "last_used_at": None,
        "last_used_address": None,
    }
    return ApiKey(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({"revoked_at": NOW}, ADDRESS),
        ({"revoked_at": NOW - SECOND, "expires_at": NOW + SECOND}, ADDRESS),
        ({"expires_at": NOW}, ADDRESS),
        ({"allowed_networks": (ip_network("198.51.100.0/24"),)}, ADDRESS),
        ({"allowed_networks": (ip_network("2001:db8::/32"),)}, ADDRESS),
        ({"allowed_networks": (ip_network("192.0.2.0/24"),)}, None),
    ],
)
def test_it_refuses_a_revoked_an_expired_and_a_misplaced_key(changes: dict[str, Any], address: Any) -> None:
    assert not key_allows(key(**changes), address, NOW)


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({}, ADDRESS),
        ({}, None),
        ({"expires_at": NOW + SECOND}, ADDRESS),
        ({"allowed_networks": (ip_network("2001:db8::/32"), ip_network("192.0.2.7/32"))}, ADDRESS),
    ],
)
def test_it_accepts_a_live_key_from_where_it_is_allowed(changes: dict[str, Any], address: Any) -> None:
    assert key_allows(key(**changes), address, NOW)
