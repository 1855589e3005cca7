"""How buyers report, as PostgreSQL counts it: over sales of some days, their ledger, and failed calls.

Only what the buyer itself did counts. A call that was run again counts when it was first made; what a run did that was
undone does not. A statement goes once over the sales or failed calls of its days, or over the ledger since the first of
them: looking up each sale's ledger rows, or each row's sale, takes three times as long already where there are few.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.sql import Rows

# Of a day, for a sale may be corrected to a later moment than its updates.
RECEIVED_BEFORE_SOLD_MAX: Final = timedelta(days=1)

Group = tuple[int, int] | tuple[int] | tuple[()]
"""A buyer and contract, a buyer, or everything together."""

_MOMENT: Final = "CASE WHEN entry.run_id IS NULL THEN entry.received_at ELSE entry.happened_at END"
_BY_BUYER: Final = """
    entry.network_id = :network_id AND entry.actor_kind = 'buyer' AND entry.kind = 'update' AND NOT EXISTS (
        SELECT FROM run AS undoing
        WHERE undoing.network_id = :network_id AND undoing.undoes_run_id = entry.run_id
    )
"""
_GROUPS: Final = """
    GROUP BY GROUPING SETS ((buyer_id, buyer_contract_id), (buyer_id), ())
"""
_GROUPED: Final = "buyer_id, buyer_contract_id, grouping(buyer_id, buyer_contract_id) AS together"

SOLD_ON: Final = "sale.sold_on BETWEEN :first_day AND :last_day"
SOLD_SINCE: Final = "sale.sold_at >= :since"
"""Which sales: those of a range of days, or those since a moment."""

_LAGS: Final = Rows(buyer_id="integer", lag_seconds="bigint")


def _count_sales(which: str) -> TextClause:
    mature = "sale.sold_at <= CAST(:now AS timestamptz) - make_interval(secs => row.lag_seconds)"
    return text(f"""
        SELECT {_GROUPED}, count(*) AS sales, count(*) FILTER (WHERE by_buyer) AS updated,
            count(*) FILTER (WHERE mature) AS mature, count(*) FILTER (WHERE mature AND by_buyer) AS mature_updated,
            max(buyer_updated_at) AS last_update
        FROM (
            SELECT sale.buyer_id, sale.buyer_contract_id, sale.updated = 1 AS by_buyer, {mature} AS mature,
                sale.buyer_updated_at
            FROM {_LAGS.source}
            JOIN sale ON sale.network_id = :network_id AND sale.buyer_id = row.buyer_id
            WHERE {which} AND NOT sale.is_test
        ) AS counted
        {_GROUPS}
    """)


def _time_first_statuses(which: str) -> TextClause:
    return text(f"""
        SELECT {_GROUPED}, percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY seconds) AS percentiles
        FROM (
            SELECT sale.buyer_id, sale.buyer_contract_id,
                greatest(CAST(floor(extract(epoch FROM entered.moment - sale.sold_at)) AS bigint), 0) AS seconds
            FROM (
                SELECT entry.sale_id, min({_MOMENT}) AS moment FROM lead_update AS entry
                WHERE entry.received_at >= :received_from AND {_BY_BUYER}
                    AND entry.received_at < now() + INTERVAL '1 day' AND entry.status_id_after IS NOT NULL
                    AND entry.status_id_after IS DISTINCT FROM entry.status_id_before
                GROUP BY entry.sale_id
            ) AS entered
            JOIN sale ON sale.network_id = :network_id AND sale.sale_id = entered.sale_id
            WHERE {which} AND NOT sale.is_test AND sale.updated = 1
                AND sale.buyer_id = ANY(CAST(:buyer_ids AS integer[]))
        ) AS first_status
        {_GROUPS}
    """)


_COUNT_SALES: Final = {which: _count_sales(which) for which in (SOLD_ON, SOLD_SINCE)}
_TIME_FIRST_STATUSES: Final = {which: _time_first_statuses(which) for which in (SOLD_ON, SOLD_SINCE)}

_DAYS_OF_UPDATES: Final = text(f"""
    SELECT sale.buyer_id, CAST({_MOMENT} AT TIME ZONE :time_zone AS date) AS day,
        max({_MOMENT}) FILTER (WHERE entry.counts_as_update) AS last_update,
        max(entry.received_at) FILTER (WHERE entry.run_id IS NULL) AS last_call
    FROM lead_update AS entry
    JOIN sale ON sale.network_id = :network_id AND sale.sale_id = entry.sale_id
    WHERE entry.received_at >= :since AND {_BY_BUYER} AND NOT sale.is_test
        AND sale.buyer_id = ANY(CAST(:buyer_ids AS integer[]))
    GROUP BY sale.buyer_id, day
""")

_FAILED_CALLS: Final = text("""
    SELECT failed.buyer_id, failed.reason, max(failed.received_at) AS last_call,
        count(*) FILTER (
            WHERE CAST(failed.received_at AT TIME ZONE :time_zone AS date) BETWEEN :first_day AND :last_day
        ) AS calls
    FROM failed_update AS failed
    LEFT JOIN LATERAL (
        SELECT is_test FROM sale
        WHERE network_id = :network_id AND sale_id = failed.sale_id ORDER BY sale_id OFFSET 0
    ) AS sale ON true
    WHERE failed.network_id = :network_id AND failed.buyer_id = ANY(CAST(:buyer_ids AS integer[]))
        AND sale.is_test IS NOT TRUE
    GROUP BY failed.buyer_id, failed.reason
    ORDER BY calls DESC, failed.reason
""")


class SalesCount(NamedTuple):
    """Sales, and how many of them their buyer has updated: of all, and of those older than its usual lag."""

    sales: int
    updated: int
    mature: int
    mature_updated: int
    last_update: datetime | None


class DayOfUpdates(NamedTuple):
    """What a buyer sent of one day; no update where nothing of it counts as one."""

    buyer_id: int
    day: date
    last_update: datetime | None
    last_call: datetime | None


class FailedCalls(NamedTuple):
    """A buyer's calls that got one message: the last one kept, and how many in range."""

    buyer_id: int
    reason: str
    last_call: datetime
    calls: int


async def count_sales(
    connection: AsyncConnection, network_id: int, which: str, lags: Mapping[int, int], **values: Any
) -> dict[Group, SalesCount]:
    """By group; `lags`: the usual lag, in seconds, of every buyer whose sales count; `values`: `now`, and the days."""
    parameters = _LAGS.parameters(sorted(lags.items()), network_id=network_id, **values)
    rows = await connection.execute(_COUNT_SALES[which], parameters)
    return {_group(row): SalesCount(*row[3:]) for row in rows}


async def time_first_statuses(
    connection: AsyncConnection,
    network_id: int,
    which: str,
    buyer_ids: Collection[int],
    received_from: datetime,
    **days: Any,
) -> dict[Group, tuple[int, int]]:
    """By group: median and 90th percentile, in seconds, of the time to first status; no group without one.

    A percentile is the smallest time within which at least so many of the sales had theirs.
    """
    values = {"network_id": network_id, "buyer_ids": sorted(buyer_ids), "received_from": received_from} | days
    rows = await connection.execute(_TIME_FIRST_STATUSES[which], values)
    return {_group(row): (row.percentiles[0], row.percentiles[1]) for row in rows if row.percentiles}


async def read_days_of_updates(
    connection: AsyncConnection, network_id: int, buyer_ids: Collection[int], since: datetime, time_zone: str
) -> list[DayOfUpdates]:
    """The days, in the network's zone, of which buyers sent something since a moment."""
    values = {"network_id": network_id, "buyer_ids": sorted(buyer_ids), "since": since, "time_zone": time_zone}
    return [DayOfUpdates(*row) for row in await connection.execute(_DAYS_OF_UPDATES, values)]


async def read_failed_calls(
    connection: AsyncConnection, network_id: int, buyer_ids: Collection[int], **days: Any
) -> list[FailedCalls]:
    """By buyer and message, most first; `days`: `first_day`, `last_day` and the `time_zone` they are in."""
    values = {"network_id": network_id, "buyer_ids": sorted(buyer_ids)} | days
    return [FailedCalls(*row) for row in await connection.execute(_FAILED_CALLS, values)]


def _group(row: Any) -> Group:
    if row.together == 0:
        return row.buyer_id, row.buyer_contract_id
    return (row.buyer_id,) if row.together == 1 else ()
