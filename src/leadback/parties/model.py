"""Everyone a lead comes from or goes to, as values."""

from datetime import date
from ipaddress import IPv4Network, IPv6Network

import msgspec


class Vertical(msgspec.Struct, frozen=True, kw_only=True):
    """A trade: payday loans, solar, insurance."""

    vertical_id: int
    name: str
    active: bool


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What an affiliate promotes."""

    offer_id: int
    name: str
    active: bool


class Affiliate(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever sends traffic."""

    affiliate_id: int
    name: str
    active: bool


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """One affiliate's traffic for one offer."""

    campaign_id: int
    affiliate_id: int
    offer_id: int | None
    name: str
    active: bool


class Buyer(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever buys leads and reports what became of them."""

    buyer_id: int
    name: str
    active: bool
    account_manager_id: int | None
    lead_statuses: bool
    accept_keyless: bool
    keyless_until: date | None
    """The last day, in the network's zone, on which calls without a key are accepted; None: no end."""
    keyless_networks: tuple[IPv4Network | IPv6Network, ...]
    """Where calls without a key are accepted from; empty: nowhere."""
    rate_per_key: int | None
    """Updates a second for each of its keys; None: the process's setting; 0: no limit."""
    retry_guard: str


class BuyerContract(msgspec.Struct, frozen=True, kw_only=True):
    """One agreement under which a buyer buys leads of one vertical."""

    buyer_contract_id: int
    buyer_id: int
    vertical_id: int
    name: str
    active: bool
    returnable: bool
    max_return_age_days: int
    priced_on_outcome: bool
    returns_owed: int
