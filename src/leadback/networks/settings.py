"""What of a network can be set."""

import msgspec
from msgspec import UNSET, UnsetType


class NetworkSettings(msgspec.Struct, frozen=True, kw_only=True):
    """New values for some settings; `time_zone` is a use case of its own, and the currency never changes."""

    name: str | UnsetType = UNSET
    host_name: str | UnsetType | None = UNSET
    week_start: int | UnsetType = UNSET
    date_format: str | UnsetType = UNSET
    lead_statuses: bool | UnsetType = UNSET
    terminal_statuses: str | UnsetType = UNSET
    return_approval: str | UnsetType = UNSET
    credit_sets_revenue_to_zero: bool | UnsetType = UNSET
    return_to_affiliate: bool | UnsetType = UNSET
    rerun_waiting_updates: bool | UnsetType = UNSET
    failed_update_days: int | UnsetType = UNSET
    second_factor_required: bool | UnsetType = UNSET
