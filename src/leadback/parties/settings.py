"""What of a buyer and of a contract can be set."""

from datetime import date

import msgspec
from msgspec import UNSET, UnsetType

from leadback.access.model import IPNetwork


class BuyerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """New values for some of a buyer's settings."""

    account_manager_id: int | UnsetType | None = UNSET
    lead_statuses: bool | UnsetType = UNSET
    accept_keyless: bool | UnsetType = UNSET
    keyless_until: date | UnsetType | None = UNSET
    keyless_networks: tuple[IPNetwork, ...] | UnsetType = UNSET
    """Replaces the whole list."""
    rate_per_key: int | UnsetType | None = UNSET
    retry_guard: str | UnsetType = UNSET


class ContractSettings(msgspec.Struct, frozen=True, kw_only=True):
    """New values for some of a contract's settings; its buyer and its vertical never change."""

    returnable: bool | UnsetType = UNSET
    max_return_age_days: int | UnsetType = UNSET
    priced_on_outcome: bool | UnsetType = UNSET
