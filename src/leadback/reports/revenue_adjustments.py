"""Revenue adjustments: what buyers and operators added to the revenue of sales or took from it, by buyer and day.

What counts are the ledger's rows of the kinds *update*, *correction* and *return decision* that changed revenue, but
not those of a run that was undone, nor those that undo it: together they are nothing. An *import* that corrects a price
moves both, and adjusts nothing. The ledger keeps what revenue was and became; whether a call added an amount or
overwrote the revenue it does not say, so rows are told apart by where they led: up or down.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.errors import Refused
from leadback.kit.list_queries import Wanted, holding, in_any_case, in_order
from leadback.leads.model import Flag
from leadback.leads.tables import lead, lead_update, sale
from leadback.networks.model import Network
from leadback.parties.queries import list_buyers, list_contracts
from leadback.reports.lead_status import check_days
from leadback.reports.revenue_adjustments_model import (
    PRICE_TIMES_MAX,
    Adjusted,
    AdjustedSale,
    Adjusting,
    AdjustmentNumbers,
    AdjustmentsQuery,
    AdjustmentsReport,
    AdjustmentsRow,
)

REPORT_ROWS_MAX: Final = 5_000
KEYS: Final = ("day", "buyer_id")

_OF_LEDGER: Final = (
    *("sale_id", "version", "received_at", "kind", "actor", "channel", "note"),
    *("revenue_before", "revenue_delta", "revenue_after", "flags"),
)
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
_ADJUSTMENT: Final = (
    text(f"""
        SELECT lead.lead_id, adjusted.*
        FROM ({_ADJUSTMENTS}) AS adjusted
        JOIN lead ON lead.network_id = :network_id AND lead.lead_key = adjusted.lead_key
    """)
    .columns(
        *(lead_update.c[name] for name in _OF_LEDGER),
        *(sale.c[name] for name in ("buyer_id", "buyer_contract_id", "sold_price")),
        lead.c.lead_id,
    )
    .subquery("adjustment")
)
SORTS: Final = {
    "lead": in_any_case(_ADJUSTMENT.c.lead_id),
    "received": _ADJUSTMENT.c.received_at,
    "who": in_any_case(_ADJUSTMENT.c.actor),
    "price": _ADJUSTMENT.c.sold_price,
    "before": _ADJUSTMENT.c.revenue_before,
    "change": _ADJUSTMENT.c.revenue_delta,
    "after": _ADJUSTMENT.c.revenue_after,
}
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
    connection: AsyncConnection, network: Network, query: AdjustmentsQuery, wanted: Wanted | None = None
) -> tuple[AdjustedSale, ...]:
    """The rows of the ledger behind a number, the latest first where nothing else is wanted, of a snapshot.

    Raises `Refused` where the days are wrong.
    """
    check_days(query.received_from, query.received_to)
    wanted = wanted or Wanted(descending=True)
    statement = (
        select(_ADJUSTMENT)
        .where(*_which(query))
        .order_by(*in_order(wanted, SORTS, "received", _ADJUSTMENT.c.sale_id, _ADJUSTMENT.c.version))
        .offset(wanted.offset)
        .limit(wanted.limit)
    )
    found = (await connection.execute(statement, _values(network, query) | _FLAGS)).all()
    buyers = {item.buyer_id: item.name for item in await list_buyers(connection, network.network_id)}
    contracts = {item.buyer_contract_id: item.name for item in await list_contracts(connection, network.network_id)}
    own = [name for name in AdjustedSale.__struct_fields__ if name not in ("buyer", "buyer_contract", "flags")]
    return tuple(
        AdjustedSale(
            **{name: row._mapping[name] for name in own},
            buyer=buyers[row.buyer_id],
            buyer_contract=contracts[row.buyer_contract_id],
            flags=tuple(row.flags),
        )
        for row in found
    )


async def count_adjusted(connection: AsyncConnection, network: Network, query: AdjustmentsQuery) -> int:
    """How many rows of the ledger there are behind a number; raises `Refused` where the days are wrong."""
    check_days(query.received_from, query.received_to)
    statement = select(func.count()).select_from(_ADJUSTMENT).where(*_which(query))
    return int((await connection.execute(statement, _values(network, query) | _FLAGS)).scalar_one())


def _which(query: AdjustmentsQuery) -> list[ColumnElement[bool]]:
    column = _ADJUSTMENT.c
    kind = text(_WHICH[query.adjusting])
    return [kind, *holding(query.words, column.lead_id, column.actor, column.note)]  # type: ignore[list-item] # a text is a condition


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
