"""Revenue adjustments: what buyers and operators added to the revenue of sales or took from it, by buyer and day.

What counts are the ledger's rows of the kinds *update*, *correction* and *return decision* that changed revenue, but
not those of a run that was undone, nor those that undo it: together they are nothing. An *import* that corrects a price
moves both, and adjusts nothing. The ledger keeps what revenue was and became; whether a call added an amount or
overwrote the revenue it does not say, so rows are told apart by where they led: up or down.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.errors import Refused
from leadback.kit.paging import place_of, token_of
from leadback.leads.model import Flag
from leadback.networks.model import Network
from leadback.parties.queries import list_buyers, list_contracts
from leadback.reports.lead_status import check_days
from leadback.reports.revenue_adjustments_model import (
    PRICE_TIMES_MAX,
    Adjusted,
    AdjustedPage,
    AdjustedSale,
    Adjusting,
    AdjustmentNumbers,
    AdjustmentsQuery,
    AdjustmentsReport,
    AdjustmentsRow,
)

PAGE_ROWS_MAX: Final = 1_000
REPORT_ROWS_MAX: Final = 5_000
KEYS: Final = ("day", "buyer_id")

_ADJUSTMENTS: Final = """
    SELECT entry.sale_id, entry.version, entry.received_at, entry.kind, entry.actor, entry.channel, entry.note,
        entry.revenue_before, entry.revenue_delta, entry.revenue_after, entry.flags,
        sold.buyer_id, sold.buyer_contract_id, sold.lead_key, sold.sold_price,
        CAST(entry.received_at AT TIME ZONE :zone AS date) AS day
    FROM lead_update AS entry
    JOIN sale AS sold ON sold.network_id = :network_id AND sold.sale_id = entry.sale_id
    WHERE entry.network_id = :network_id
        AND entry.received_at >= CAST(CAST(:received_from AS date) AS timestamp) AT TIME ZONE :zone
        AND entry.received_at < CAST(CAST(:received_to AS date) + 1 AS timestamp) AT TIME ZONE :zone
        AND entry.revenue_delta <> 0
        AND entry.kind IN ('update', 'correction', 'return decision')
        AND NOT sold.is_test
        AND NOT EXISTS (
            SELECT FROM run WHERE run.network_id = :network_id AND run.undoes_run_id = entry.run_id
        )
        AND (CAST(:buyer_ids AS integer[]) IS NULL OR sold.buyer_id = ANY (CAST(:buyer_ids AS integer[])))
        AND (CAST(:buyer_id AS integer) IS NULL OR sold.buyer_id = :buyer_id)
"""
_WHICH: Final = {
    Adjusting.ANY: "true",
    Adjusting.RAISED: "revenue_delta > 0",
    Adjusting.LOWERED: "revenue_delta < 0",
    Adjusting.LOWERED_WITHOUT_RETURN: "CAST(:lowered AS text) = ANY (flags)",
    Adjusting.WITH_RETURN: "CAST(:with_return AS text) = ANY (flags)",
    Adjusting.OVER_PRICE: f"sold_price > 0 AND revenue_after > {PRICE_TIMES_MAX} * sold_price",
}
_FLAGS: Final = {"lowered": str(Flag.REVENUE_LOWERED), "with_return": str(Flag.AMOUNT_WITH_RETURN)}
_MEASURES: Final = ", ".join(
    f"count(*) FILTER (WHERE {condition}),"
    f" CAST(coalesce(sum(revenue_delta) FILTER (WHERE {condition}), 0) AS numeric(24, 4))"
    for condition in _WHICH.values()
)


async def revenue_adjustments(
    connection: AsyncConnection, network: Network, query: AdjustmentsQuery, *, by: Sequence[str] = KEYS
) -> AdjustmentsReport:
    """The report by day, by buyer or by both, of a connection from `Database.snapshot`.

    Raises `Refused` where the days are wrong, or the rows too many.
    """
    check_days(query.received_from, query.received_to)
    if not by or set(by) - set(KEYS):
        raise Refused(f"Rows are by {' or '.join(KEYS)} or both, not by {', '.join(by) or 'nothing'}.")
    keys = [name for name in KEYS if name in by]
    columns = ", ".join(keys)
    statement = text(f"""
        SELECT GROUPING({keys[0]}) AS together, {columns}, count(DISTINCT sale_id), {_MEASURES}
        FROM ({_ADJUSTMENTS}) AS adjustment
        GROUP BY ROLLUP (({columns}))
        LIMIT :limit
    """)
    values = _values(network, query) | _FLAGS | {"limit": REPORT_ROWS_MAX + 2}
    found = (await connection.execute(statement, values)).all()
    if len(found) > REPORT_ROWS_MAX + 1:
        raise Refused(f"These are more than {REPORT_ROWS_MAX} rows; choose fewer days, or rows by buyer or day alone.")
    buyers = {item.buyer_id: item.name for item in await list_buyers(connection, network.network_id)}
    rows, totals = [], None
    for row in found:
        numbers = _numbers(row[1 + len(keys) :])
        if row.together:
            totals = numbers
            continue
        key = dict(zip(keys, row[1:], strict=False))
        buyer_id = key.get("buyer_id")
        buyer = None if buyer_id is None else buyers[buyer_id]
        rows.append(AdjustmentsRow(buyer_id=buyer_id, buyer=buyer, day=key.get("day"), numbers=numbers))
    assert totals is not None
    rows.sort(key=lambda row: (row.buyer or "").lower())
    rows.sort(key=lambda row: row.day.toordinal() if row.day else 0, reverse=True)
    return AdjustmentsReport(rows=tuple(rows), totals=totals)


async def list_adjusted(
    connection: AsyncConnection,
    network: Network,
    query: AdjustmentsQuery,
    *,
    limit: int = 100,
    after: str | None = None,
) -> AdjustedPage:
    """The rows of the ledger behind a number, one page of them, of a connection from `Database.snapshot`.

    Raises `Refused` where the days are wrong, the token is of another list, or the limit is out of range.
    """
    check_days(query.received_from, query.received_to)
    if not 1 <= limit <= PAGE_ROWS_MAX:
        raise Refused(f"A page has 1 to {PAGE_ROWS_MAX} rows, not {limit}.")
    received_at, sale_id, version = _place_of(after, network, query)
    statement = text(f"""
        SELECT lead.lead_id, adjustment.*
        FROM ({_ADJUSTMENTS}) AS adjustment
        JOIN lead ON lead.network_id = :network_id AND lead.lead_key = adjustment.lead_key
        WHERE {_WHICH[query.adjusting]}
            AND (CAST(:received_at AS timestamptz) IS NULL OR (received_at, sale_id, version)
                < (CAST(:received_at AS timestamptz), CAST(:sale_id AS bigint), CAST(:version AS integer)))
        ORDER BY received_at DESC, sale_id DESC, version DESC
        LIMIT :limit
    """)
    place = {"received_at": received_at, "sale_id": sale_id, "version": version, "limit": limit + 1}
    found = (await connection.execute(statement, _values(network, query) | _FLAGS | place)).all()
    buyers = {item.buyer_id: item.name for item in await list_buyers(connection, network.network_id)}
    contracts = {item.buyer_contract_id: item.name for item in await list_contracts(connection, network.network_id)}
    own = [name for name in AdjustedSale.__struct_fields__ if name not in ("buyer", "buyer_contract", "flags")]
    sales = tuple(
        AdjustedSale(
            **{name: row._mapping[name] for name in own},
            buyer=buyers[row.buyer_id],
            buyer_contract=contracts[row.buyer_contract_id],
            flags=tuple(row.flags),
        )
        for row in found[:limit]
    )
    return AdjustedPage(sales=sales, after=_token(found[limit - 1], network, query) if len(found) > limit else None)


def _values(network: Network, query: AdjustmentsQuery) -> dict[str, Any]:
    return {
        "network_id": network.network_id,
        "zone": network.time_zone,
        "received_from": query.received_from,
        "received_to": query.received_to,
        "buyer_ids": None if query.buyer_ids is None else sorted(query.buyer_ids),
        "buyer_id": query.buyer_id,
    }


def _numbers(columns: Sequence[Any]) -> AdjustmentNumbers:
    sales, *measures = columns
    pairs = [Adjusted(*measures[place : place + 2]) for place in range(0, len(measures), 2)]
    names = ("any", "raised", "lowered", "lowered_without_return", "with_return", "over_price")
    return AdjustmentNumbers(sales=sales, **dict(zip(names, pairs, strict=True)))


def _token(row: Any, network: Network, query: AdjustmentsQuery) -> str:
    place = (row.received_at.astimezone(UTC).isoformat(), str(row.sale_id), str(row.version))
    return token_of(place, of=(network.network_id, query))


def _place_of(
    after: str | None, network: Network, query: AdjustmentsQuery
) -> tuple[datetime | None, int | None, int | None]:
    if after is None:
        return None, None, None
    received_at, sale_id, version = place_of(after, of=(network.network_id, query))
    return datetime.fromisoformat(received_at), int(sale_id), int(version)
