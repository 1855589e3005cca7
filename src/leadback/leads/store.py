"""The statements of the write path: each takes a whole batch, each writes one table of one network."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.database import CONFIGURATION_LOCK
from leadback.kit.round_trip import Records, Reply, RoundTrip, Statement, nothing
from leadback.kit.sql import Rows, insert_statement
from leadback.leads.ledger import LEDGER_ROWS
from leadback.leads.model import Answer, Sale
from leadback.leads.rollup import Deltas

SALE_COLUMNS: Final = ", ".join(
    f"sale.{name}" if name != "lead_id" else "lead.lead_id" for name in Sale.__struct_fields__
)

BATCH_STATEMENT_MS_MAX: Final = 5_000

# One round trip: bind to the network, hold its configuration still, and learn the number to ask for should the
# connection be lost at COMMIT. Plans are made for any network: made for this one, PostgreSQL believes that a network
# younger than its statistics has no sales, and reads all of them, for seconds, where it should look a few up; nor is a
# table that was small when the plan was made read through. Who is restricted is read here, because it must hold for the
# very next call; the columns are made in their order, so by then the network is bound. The lock time comes last: it is
# for sales, not for the configuration.
_BEGIN_BATCH = Statement(f"""
    SELECT set_config('app.network_id', CAST(:network_id AS text), true),
        set_config('statement_timeout', '{BATCH_STATEMENT_MS_MAX}', true),
        set_config('plan_cache_mode', 'force_generic_plan', true),
        set_config('random_page_cost', '1.1', true),
        set_config('enable_seqscan', 'off', true),
        pg_advisory_xact_lock_shared({CONFIGURATION_LOCK}, CAST(:network_id AS integer)),
        CAST(pg_current_xact_id() AS text) AS transaction_id,
        (
            SELECT jsonb_object_agg(restricted_caller.caller, restricted_caller.restricted_until)
            FROM restricted_caller WHERE restricted_caller.network_id = CAST(:network_id AS integer)
        ) AS restricted,
        set_config('lock_timeout', CAST(:sale_lock_ms AS text), true)
""")

_WANTED = Rows(lead_key="text", buyer_id="integer")
_WANTED_SALES = f"""
    FROM {_WANTED.source}
    JOIN sale ON sale.network_id = :network_id AND sale.lead_key = row.lead_key AND sale.buyer_id = row.buyer_id
"""
_LOCK_SALES = f"""
    SELECT {SALE_COLUMNS} {_WANTED_SALES}
    JOIN lead ON lead.network_id = :network_id AND lead.lead_key = sale.lead_key
    ORDER BY sale.sale_id
    FOR UPDATE OF sale
"""
_READ_SALES = text(_LOCK_SALES.replace("FOR UPDATE OF sale", ""))
_LOCK_OR_WAIT = Statement(_LOCK_SALES)
_LOCK_OR_SKIP = Statement(f"{_LOCK_SALES} SKIP LOCKED")
_LOCK_SALES_BY_ID = text(f"""
    SELECT {SALE_COLUMNS} FROM sale
    JOIN lead ON lead.network_id = :network_id AND lead.lead_key = sale.lead_key
    WHERE sale.network_id = :network_id AND sale.sale_id = ANY(CAST(:sale_ids AS bigint[]))
    ORDER BY sale.sale_id
    FOR UPDATE OF sale
""")
_READ_SALES_BY_ID = text(str(_LOCK_SALES_BY_ID).replace("FOR UPDATE OF sale", ""))
_FIND_SALES = Statement(f"SELECT sale.sale_id, sale.lead_key {_WANTED_SALES}")

_SALE_ROWS = Rows(
    sale_id="bigint",
    version_before="integer",
    version="integer",
    revenue="numeric",
    revenue_set="boolean",
    status_id="integer",
    sub_status_id="integer",
    status_happened_at="timestamptz",
    stage_reached="smallint",
    field_values="jsonb",
    return_state="text",
    return_reason_id="integer",
    returned_at="timestamptz",
    updated="smallint",
    update_count="integer",
    updated_at="timestamptz",
    buyer_updated_first_at="timestamptz",
    buyer_updated_at="timestamptz",
    ledger_hash="bytea",
)
_SALE_SETS = ", ".join(f"{name} = row.{name}" for name in _SALE_ROWS.names if name not in ("sale_id", "version_before"))
_UPDATE_SALES = Statement(f"""
    UPDATE sale SET {_SALE_SETS}
    FROM {_SALE_ROWS.source}
    WHERE sale.network_id = :network_id AND sale.sale_id = row.sale_id AND sale.version = row.version_before
""")

# `flags` arrives joined by commas: an array of arrays would be flattened by unnest.
_INSERT_LEDGER = Statement(
    str(insert_statement("lead_update", LEDGER_ROWS)).replace("row.flags", "string_to_array(row.flags, ',')")
)

_CELL = {
    "sold_on": "date",
    "campaign_id": "integer",
    "buyer_contract_id": "integer",
    "sale_type": "text",
    "status_id": "integer",
    "sub_status_id": "integer",
    "updated": "smallint",
    "stage_reached": "smallint",
    "return_state": "text",
}
_DELTA_ROWS = Rows(**_CELL, leads="bigint", sales="bigint", gross="numeric", revenue="numeric", payout="numeric")
_FIELD_DELTA_ROWS = Rows(**_CELL, field_id="integer", value_count="bigint", value_sum="numeric")
_INSERT_DELTAS = Statement(str(insert_statement("lead_status_delta", _DELTA_ROWS)))
_INSERT_FIELD_DELTAS = Statement(str(insert_statement("field_delta", _FIELD_DELTA_ROWS)))

_KEY_NAMES = Rows(caller="text", operation="text", key="text")
_KEY_LOCKS = Rows(place="integer", lock="bigint")
_TRY_KEYS = Statement(f"SELECT row.place, pg_try_advisory_xact_lock(row.lock) FROM {_KEY_LOCKS.source}")
# OFFSET 0 makes it a look-up for each key. As a join its plan would be, on a new table, to read all keys that are in
# force, and that plan holds until PostgreSQL next counts the table: for a minute, in which they can become many.
_READ_KEYS = Statement(f"""
    SELECT row.caller, row.operation, row.key, stored.fingerprint, stored.answer
    FROM {_KEY_NAMES.source}
    CROSS JOIN LATERAL (
        SELECT * FROM idempotency_key
        WHERE idempotency_key.network_id = :network_id AND idempotency_key.caller = row.caller
            AND idempotency_key.operation = row.operation AND idempotency_key.key = row.key
        OFFSET 0
    ) AS stored
    WHERE stored.expires_at > :now
""")
_KEY_ROWS = Rows(
    caller="text", operation="text", key="text", fingerprint="bytea", answer="jsonb", expires_at="timestamptz"
)
# A key whose time is over is free again; one that is in force is left alone and not returned.
_INSERT_KEYS = Statement(f"""
    {insert_statement("idempotency_key", _KEY_ROWS)}
    ON CONFLICT (network_id, caller, operation, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, answer = excluded.answer, expires_at = excluded.expires_at
    WHERE idempotency_key.expires_at <= :now
""")

_FAILED_ROWS = Rows(
    received_at="timestamptz",
    buyer_id="integer",
    sale_id="bigint",
    lead_id="text",
    operation="text",
    channel="text",
    address="inet",
    request_id="text",
    reason="text",
    detail="text",
    parameters="jsonb",
    lead_key="text",
    waiting_until="timestamptz",
    call="jsonb",
)
_INSERT_FAILED = Statement(str(insert_statement("failed_update", _FAILED_ROWS)))

_OUTBOX_ROWS = Rows(topic="text", subject_id="bigint", payload="jsonb")
_INSERT_OUTBOX = Statement(str(insert_statement("outbox", _OUTBOX_ROWS)))


class Begun(msgspec.Struct, frozen=True):
    """A batch's transaction."""

    transaction_id: str
    restricted: dict[str, datetime]
    """Callers that guessed too often, and until when; those whose time is over may be among them."""


def begin_batch(trip: RoundTrip, network_id: int, *, sale_lock_ms: int) -> Reply[Begun]:
    """Begin a batch's transaction, which waits at most so long for a sale that somebody else holds."""
    return trip.add(_BEGIN_BATCH, {"network_id": network_id, "sale_lock_ms": sale_lock_ms}, _begun)


def lock_sales(
    trip: RoundTrip, network_id: int, wanted: set[tuple[str, int]], *, skip_locked: bool = False
) -> Reply[list[Sale]]:
    """The sales of these (lead key, buyer id) pairs, locked in the order of their ids so that no two batches deadlock.

    Waits for locks others hold (55P03 when it takes too long), or leaves those sales out.
    """
    statement = _LOCK_OR_SKIP if skip_locked else _LOCK_OR_WAIT
    return trip.add(statement, _WANTED.parameters(sorted(wanted), network_id=network_id), _sales)


async def lock_sales_by_id(connection: AsyncConnection, network_id: int, sale_ids: Iterable[int]) -> list[Sale]:
    """The sales with these ids, locked in their order; those of other networks are not there."""
    values = {"network_id": network_id, "sale_ids": sorted(set(sale_ids))}
    return [sale_of(row) for row in await connection.execute(_LOCK_SALES_BY_ID, values)]


async def read_sales(connection: AsyncConnection, network_id: int, wanted: set[tuple[str, int]]) -> list[Sale]:
    """As `lock_sales`, to look only: nobody is kept waiting, and nothing may be written of it."""
    rows = await connection.execute(_READ_SALES, _WANTED.parameters(sorted(wanted), network_id=network_id))
    return [sale_of(row) for row in rows]


async def read_sales_by_id(connection: AsyncConnection, network_id: int, sale_ids: Iterable[int]) -> list[Sale]:
    """As `lock_sales_by_id`, to look only."""
    values = {"network_id": network_id, "sale_ids": sorted(set(sale_ids))}
    return [sale_of(row) for row in await connection.execute(_READ_SALES_BY_ID, values)]


def find_sales(trip: RoundTrip, network_id: int, wanted: set[tuple[str, int]]) -> Reply[list[tuple[int, str]]]:
    """Id and lead key of every sale of these (lead key, buyer id) pairs, locked or not."""
    parameters = _WANTED.parameters(sorted(wanted), network_id=network_id)
    return trip.add(_FIND_SALES, parameters, lambda records, _: [(sale_id, lead_key) for sale_id, lead_key in records])


def update_sales(trip: RoundTrip, network_id: int, sales: Sequence[tuple[int, Sale]]) -> None:
    """Write each sale's final state over the version it had; a sale that moved meanwhile fails the batch."""
    rows = [
        (
            sale.sale_id,
            version_before,
            sale.version,
            sale.revenue,
            sale.revenue_set,
            sale.status_id,
            sale.sub_status_id,
            sale.status_happened_at,
            sale.stage_reached,
            msgspec.json.encode(sale.field_values).decode(),
            sale.return_state,
            sale.return_reason_id,
            sale.returned_at,
            sale.updated,
            sale.update_count,
            sale.updated_at,
            sale.buyer_updated_first_at,
            sale.buyer_updated_at,
            sale.ledger_hash,
        )
        for version_before, sale in sales
    ]

    def check(_: Records, done: int) -> None:
        if done != len(rows):
            raise RuntimeError(f"{len(rows)} sales were to be written, {done} were: one moved under its lock")

    trip.add(_UPDATE_SALES, _SALE_ROWS.parameters(rows, network_id=network_id), check)


def insert_ledger(trip: RoundTrip, network_id: int, rows: Sequence[tuple[Any, ...]]) -> None:
    """Append rows made by `ledger.ledger_row`."""
    trip.add(_INSERT_LEDGER, LEDGER_ROWS.parameters(rows, network_id=network_id), nothing)


def insert_deltas(trip: RoundTrip, network_id: int, deltas: Deltas) -> None:
    """Append what changes in the reports; nothing where nothing does."""
    if cells := [(*cell, *measures) for cell, measures in deltas.cells()]:
        trip.add(_INSERT_DELTAS, _DELTA_ROWS.parameters(cells, network_id=network_id), nothing)
    if fields := [(*cell, field_id, *sums) for cell, field_id, sums in deltas.field_cells()]:
        trip.add(_INSERT_FIELD_DELTAS, _FIELD_DELTA_ROWS.parameters(fields, network_id=network_id), nothing)


def try_key_locks(trip: RoundTrip, locks: Sequence[tuple[int, int]]) -> Reply[set[int]]:
    """The places whose idempotency key no other transaction is working on; theirs until this one ends."""
    return trip.add(
        _TRY_KEYS, _KEY_LOCKS.parameters(locks), lambda records, _: {place for place, got in records if got}
    )


def read_keys(
    trip: RoundTrip, network_id: int, names: Iterable[tuple[str, str, str]], now: datetime
) -> Reply[dict[tuple[str, str, str], tuple[bytes, Answer]]]:
    """Fingerprint and first answer of the (caller, operation, key)s that are in force."""
    parameters = _KEY_NAMES.parameters(sorted(set(names)), network_id=network_id, now=now)
    return trip.add(_READ_KEYS, parameters, _answers)


def insert_keys(trip: RoundTrip, network_id: int, rows: Sequence[tuple[Any, ...]], now: datetime) -> Reply[int]:
    """Store first answers; how many were stored (fewer than asked: somebody else stored the same key)."""
    parameters = _KEY_ROWS.parameters(sorted(rows), network_id=network_id, now=now)
    return trip.add(_INSERT_KEYS, parameters, lambda _, done: done)


def insert_failed(trip: RoundTrip, network_id: int, rows: Sequence[tuple[Any, ...]]) -> None:
    """Keep calls that were refused."""
    trip.add(_INSERT_FAILED, _FAILED_ROWS.parameters(rows, network_id=network_id), nothing)


def insert_outbox(trip: RoundTrip, network_id: int, rows: Sequence[tuple[Any, ...]]) -> None:
    """Announce changes to whoever works after the commit."""
    trip.add(_INSERT_OUTBOX, _OUTBOX_ROWS.parameters(rows, network_id=network_id), nothing)


def sale_of(row: Row[Any]) -> Sale:
    """A sale from a row with `SALE_COLUMNS`."""
    return _sale(tuple(row))


def _sale(record: tuple[Any, ...]) -> Sale:
    values = dict(zip(Sale.__struct_fields__, record, strict=True))
    if found := values["field_values"]:
        values["field_values"] = {int(field_id): value for field_id, value in found.items()}
    return Sale(**values)


def _sales(records: Records, _count: int) -> list[Sale]:
    return [_sale(record) for record in records]


def _begun(records: Records, _count: int) -> Begun:
    # The last three of what `_BEGIN_BATCH` selects, but for the lock time.
    *_, transaction_id, restricted, _lock_time = records[0]
    return Begun(transaction_id, msgspec.convert(restricted or {}, dict[str, datetime]))


def _answers(records: Records, _count: int) -> dict[tuple[str, str, str], tuple[bytes, Answer]]:
    return {
        (caller, operation, key): (fingerprint, msgspec.convert(answer, Answer))
        for caller, operation, key, fingerprint, answer in records
    }
