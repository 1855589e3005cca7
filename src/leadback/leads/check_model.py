"""What a check reads and what it finds, as values."""

from datetime import datetime
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from typing import Any, NamedTuple

import msgspec


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One number or text that is not what ledger and sales say it must be; None stands for nothing."""

    what: str
    """The column, or `table.column` beyond sale and ledger row."""
    expected: str | None
    found: str | None
    lead_id: str | None = None
    sale_id: int | None = None
    version: int | None = None
    """Of the ledger row."""
    place: str = ""
    """Where it is no sale's: a rollup's cell, a contract."""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What was compared, and what differed: all of it counted, the first of it listed."""

    sales: int
    ledger_rows: int
    rollup_cells: int
    difference_count: int
    differences: tuple[Difference, ...]


class StandingSale(NamedTuple):
    """A sale as it stands, by the columns that its ledger accounts for."""

    sale_id: int
    buyer_id: int
    sale_ref: str | None
    buyer_lead_id: str | None
    sold_at: datetime
    sold_price: Decimal
    sale_type: str
    returnable: bool | None
    revenue: Decimal
    status_id: int | None
    sub_status_id: int | None
    status_happened_at: datetime | None
    stage_reached: int
    field_values: dict[str, str]
    return_state: str | None
    return_reason_id: int | None
    returned_at: datetime | None
    updated: int
    update_count: int
    updated_at: datetime | None
    buyer_updated_first_at: datetime | None
    buyer_updated_at: datetime | None
    version: int
    ledger_hash: bytes


class LedgerRow(NamedTuple):
    """A ledger row as PostgreSQL gives it back, in the order of `ledger.LEDGER_ROWS`."""

    sale_id: int
    version: int
    received_at: datetime
    happened_at: datetime
    kind: str
    counts_as_update: bool
    actor_kind: str
    actor_id: int | None
    actor: str
    channel: str
    address: IPv4Address | IPv6Address | None
    request_id: str
    operation: str
    idempotency_key: str | None
    flags: list[str]
    status_id_before: int | None
    status_before: str | None
    status_id_after: int | None
    status_after: str | None
    sub_status_id_before: int | None
    sub_status_before: str | None
    sub_status_id_after: int | None
    sub_status_after: str | None
    stage_reached_before: int
    stage_reached_after: int
    revenue_before: Decimal
    revenue_delta: Decimal
    revenue_after: Decimal
    field_changes: list[dict[str, Any]]
    return_state_before: str | None
    return_state_after: str | None
    return_reason_id_before: int | None
    return_reason_id_after: int | None
    return_reason_after: str | None
    updated_before: int
    updated_after: int
    sale_changes: dict[str, list[Any]]
    note: str | None
    run_id: int | None
    previous_hash: bytes
    hash: bytes
