"""The statements that keep the rollups: folding deltas into them, and building them anew from the sales."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Row, Table, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.database import FOLD_LOCK
from leadback.kit.sql import Rows, insert_statement
from leadback.leads.tables import ROLLUP_KEY, field_delta, field_rollup, lead_status_delta, lead_status_rollup

_TYPES: Final = {date: "date", int: "bigint", str: "text", Decimal: "numeric"}

_LOCK_FOLD = text("SELECT pg_advisory_xact_lock(:lock, :network_id)")
_TRY_LOCK_FOLD = text("SELECT pg_try_advisory_xact_lock(:lock, :network_id)")
_STATEMENT_MS = text("SELECT set_config('statement_timeout', CAST(:ms AS text), true)")

_SET_DAYS_SOLD = text("""
    UPDATE sale SET sold_on = CAST(sold_at AT TIME ZONE :time_zone AS date)
    WHERE network_id = :network_id AND sold_on <> CAST(sold_at AT TIME ZONE :time_zone AS date)
""")

_SALE_KEY: Final = """
    sold_on, campaign_id, buyer_contract_id, sale_type, coalesce(status_id, 0), coalesce(sub_status_id, 0),
    updated, stage_reached, coalesce(return_state, '')
"""
_FILL_ROLLUP = text(f"""
    INSERT INTO lead_status_rollup (network_id, {", ".join(ROLLUP_KEY)}, leads, sales, gross, revenue, payout)
    SELECT network_id, {_SALE_KEY},
        count(*) FILTER (WHERE first_of_lead), count(*), sum(sold_price), sum(revenue), sum(payout_share)
    FROM sale
    WHERE network_id = :network_id AND NOT is_test
    GROUP BY network_id, {_SALE_KEY}
""")
_FILL_FIELD_ROLLUP = text(f"""
    INSERT INTO field_rollup (network_id, {", ".join(ROLLUP_KEY)}, field_id, value_count, value_sum)
    SELECT network_id, {_SALE_KEY}, CAST(entry.key AS integer), count(*), sum(CAST(entry.value AS numeric))
    FROM sale CROSS JOIN LATERAL jsonb_each_text(field_values) AS entry (key, value)
    WHERE network_id = :network_id AND NOT is_test AND entry.key = ANY(CAST(:field_ids AS text[]))
    GROUP BY network_id, {_SALE_KEY}, entry.key
""")


class Rollup:
    """One rollup and its deltas, with the statements that fold one into the other; each writes one table.

    `take` removes deltas and gives back their sums by cell; `add` adds sums to cells; `clear` removes cells that hold
    nothing any more. Taking and adding are two statements of one transaction: under Citus a statement writes once.
    """

    def __init__(self, rollup: Table, delta: Table) -> None:
        self.tables = (rollup.name, delta.name)
        key = [column for column in rollup.c if column.primary_key and column.name != "network_id"]
        measures = [column for column in rollup.c if not column.primary_key]
        self.key = Rows(**{column.name: _TYPES[column.type.python_type] for column in key})
        self.rows = Rows(**{column.name: _TYPES[column.type.python_type] for column in [*key, *measures]})
        names = [column.name for column in measures]
        sums = ", ".join(
            f"CAST(sum({column.name}) AS {_TYPES[column.type.python_type]}) AS {column.name}" for column in measures
        )
        self.take = text(f"""
            WITH taken AS (
                DELETE FROM {delta.name}
                WHERE network_id = :network_id AND delta_id IN (
                    SELECT delta_id FROM {delta.name} WHERE network_id = :network_id ORDER BY delta_id LIMIT :rows_max
                )
                RETURNING {self.rows.columns}
            )
            SELECT {self.key.columns}, {sums}, count(*) AS taken FROM taken GROUP BY {self.key.columns}
        """)
        self.add = text(f"""
            {insert_statement(rollup.name, self.rows)}
            ON CONFLICT (network_id, {self.key.columns}) DO UPDATE
            SET {", ".join(f"{name} = {rollup.name}.{name} + excluded.{name}" for name in names)}
        """)
        same = " AND ".join(f"{rollup.name}.{name} = row.{name}" for name in self.key.names)
        empty = " AND ".join(f"{rollup.name}.{name} = 0" for name in names)
        self.clear = text(f"""
            DELETE FROM {rollup.name} USING {self.key.source}
            WHERE {rollup.name}.network_id = :network_id AND {same} AND {empty}
        """)


SALES: Final = Rollup(lead_status_rollup, lead_status_delta)
FIELDS: Final = Rollup(field_rollup, field_delta)


async def try_lock_fold(connection: AsyncConnection, network_id: int) -> bool:
    """Whether nobody else folds or rebuilds this network's rollups until this transaction ends."""
    parameters = {"lock": FOLD_LOCK, "network_id": network_id}
    return bool((await connection.execute(_TRY_LOCK_FOLD, parameters)).scalar_one())


async def lock_fold(connection: AsyncConnection, network_id: int) -> None:
    """Wait until nobody else folds or rebuilds this network's rollups, and let none begin."""
    await connection.execute(_LOCK_FOLD, {"lock": FOLD_LOCK, "network_id": network_id})


async def fold_deltas(connection: AsyncConnection, network_id: int, rollup: Rollup, rows_max: int) -> int:
    """Move at most so many of the oldest deltas into their cells; how many were moved."""
    taken = (await connection.execute(rollup.take, {"network_id": network_id, "rows_max": rows_max})).all()
    sums = [tuple(row)[:-1] for row in taken if any(_measures(rollup, row))]
    if sums:
        await connection.execute(rollup.add, rollup.rows.parameters(sums, network_id=network_id))
        keys = [row[: len(rollup.key.names)] for row in sums]
        await connection.execute(rollup.clear, rollup.key.parameters(keys, network_id=network_id))
    return sum(row.taken for row in taken)


async def empty_rollups(connection: AsyncConnection, network_id: int) -> None:
    """Remove every cell and every delta."""
    for table in (*SALES.tables, *FIELDS.tables):
        await connection.execute(_delete_all(table), {"network_id": network_id})


async def fill_rollups(connection: AsyncConnection, network_id: int, number_field_ids: Collection[int]) -> None:
    """Count every sale into empty rollups."""
    await connection.execute(_FILL_ROLLUP, {"network_id": network_id})
    field_ids = [str(field_id) for field_id in sorted(number_field_ids)]
    await connection.execute(_FILL_FIELD_ROLLUP, {"network_id": network_id, "field_ids": field_ids})


async def set_days_sold(connection: AsyncConnection, network_id: int, time_zone: str) -> int:
    """Give every sale the day it was sold on in this zone; how many had another."""
    done = await connection.execute(_SET_DAYS_SOLD, {"network_id": network_id, "time_zone": time_zone})
    return done.rowcount


async def set_statement_time(connection: AsyncConnection, ms: int) -> None:
    """How long each further statement of this transaction may take."""
    await connection.execute(_STATEMENT_MS, {"ms": ms})


def _measures(rollup: Rollup, row: Row[Any]) -> tuple[Any, ...]:
    return tuple(row)[len(rollup.key.names) : -1]


def _delete_all(table: str) -> TextClause:
    return text(f"DELETE FROM {table} WHERE network_id = :network_id")
