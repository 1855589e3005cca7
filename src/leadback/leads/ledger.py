"""One ledger row: its columns, and the hash that chains it to the row before."""

import hashlib
from datetime import UTC
from decimal import Decimal
from typing import Any

import msgspec

from leadback.catalog.model import Catalog
from leadback.kit.columns import MONEY_MAX
from leadback.kit.sql import Rows
from leadback.leads.model import Change, Origin
from leadback.networks.model import Actor

MONEY_STEP = Decimal("0.0001")

# In this order the values are written, and (but for the two hashes) hashed.
LEDGER_ROWS = Rows(
    sale_id="bigint",
    version="integer",
    received_at="timestamptz",
    happened_at="timestamptz",
    kind="text",
    counts_as_update="boolean",
    actor_kind="text",
    actor_id="integer",
    actor="text",
    channel="text",
    address="inet",
    request_id="text",
    operation="text",
    idempotency_key="text",
    flags="text",
    status_id_before="integer",
    status_before="text",
    status_id_after="integer",
    status_after="text",
    sub_status_id_before="integer",
    sub_status_before="text",
    sub_status_id_after="integer",
    sub_status_after="text",
    stage_reached_before="smallint",
    stage_reached_after="smallint",
    revenue_before="numeric",
    revenue_delta="numeric",
    revenue_after="numeric",
    field_changes="jsonb",
    return_state_before="text",
    return_state_after="text",
    return_reason_id_before="integer",
    return_reason_id_after="integer",
    return_reason_after="text",
    updated_before="smallint",
    updated_after="smallint",
    sale_changes="jsonb",
    note="text",
    run_id="bigint",
    previous_hash="bytea",
    hash="bytea",
)


def ledger_row(
    change: Change,
    *,
    origin: Origin,
    actor: Actor,
    catalog: Catalog,
    idempotency_key: str | None = None,
    sale_changes: dict[str, list[Any]] | None = None,
    note: str | None = None,
    run_id: int | None = None,
) -> tuple[Any, ...]:
    """The row of an accepted call in the order of `LEDGER_ROWS`, `flags` joined by commas, JSON as text.

    Its last value is its hash, which the sale keeps as `ledger_hash`.
    """
    before, after = change.before, change.after
    assert after.version == before.version + 1
    assert abs(after.revenue) <= MONEY_MAX
    reason = catalog.return_reasons.get(after.return_reason_id or 0)
    values = (
        after.sale_id,
        after.version,
        origin.received_at.astimezone(UTC),
        change.happened_at.astimezone(UTC),
        change.kind,
        change.counts_as_update,
        *msgspec.structs.astuple(actor),
        str(origin.channel),
        None if origin.address is None else str(origin.address),
        origin.request_id,
        origin.operation,
        idempotency_key,
        ",".join(change.flags),
        before.status_id,
        _status(catalog, before.status_id),
        after.status_id,
        _status(catalog, after.status_id),
        before.sub_status_id,
        _sub_status(catalog, before.sub_status_id),
        after.sub_status_id,
        _sub_status(catalog, after.sub_status_id),
        before.stage_reached,
        after.stage_reached,
        before.revenue.quantize(MONEY_STEP),
        (after.revenue - before.revenue).quantize(MONEY_STEP),
        after.revenue.quantize(MONEY_STEP),
        msgspec.json.encode(change.field_changes).decode(),
        before.return_state,
        after.return_state,
        before.return_reason_id,
        after.return_reason_id,
        None if reason is None else reason.name,
        before.updated,
        after.updated,
        msgspec.json.encode(sale_changes or {}, order="sorted").decode(),
        note,
        run_id,
        before.ledger_hash,
    )
    return (*values, row_hash(before.ledger_hash, values[:-1]))


def row_hash(previous: bytes, values: tuple[Any, ...]) -> bytes:
    """SHA-256 over the previous row's hash and this row's values; any later edit of either breaks the chain.

    Values come in the form PostgreSQL gives back: money with four decimals, moments in UTC.
    """
    return hashlib.sha256(previous + msgspec.json.encode(values)).digest()


def _status(catalog: Catalog, status_id: int | None) -> str | None:
    return None if status_id is None else catalog.statuses[status_id].name


def _sub_status(catalog: Catalog, sub_status_id: int | None) -> str | None:
    return None if sub_status_id is None else catalog.sub_statuses[sub_status_id].name
