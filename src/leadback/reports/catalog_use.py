"""How much each entry of the catalog is used: the sales of a range of days that stand at it now."""

from datetime import date
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.rules import CatalogKind

# Statuses from the rollups and from what is not folded into them yet, in one statement: a fold between two would count
# twice.
_STANDING: Final = """
    SELECT {column} AS item_id, CAST(sum(sales) AS bigint) AS sales
    FROM (
        SELECT {column}, sales FROM lead_status_rollup WHERE network_id = :network_id AND sold_on >= :since
        UNION ALL
        SELECT {column}, sales FROM lead_status_delta WHERE network_id = :network_id AND sold_on >= :since
    ) AS cell
    WHERE {column} <> 0
    GROUP BY {column}
"""
_COUNTS: Final = {
    CatalogKind.STATUS: text(_STANDING.format(column="status_id")),
    CatalogKind.SUB_STATUS: text(_STANDING.format(column="sub_status_id")),
    CatalogKind.FIELD: text("""
        SELECT CAST(entry.key AS integer) AS item_id, count(*) AS sales
        FROM sale, jsonb_object_keys(sale.field_values) AS entry (key)
        WHERE sale.network_id = :network_id AND sale.sold_on >= :since AND NOT sale.is_test
        GROUP BY entry.key
    """),
    CatalogKind.RETURN_REASON: text("""
        SELECT return_reason_id AS item_id, count(*) AS sales
        FROM sale
        WHERE network_id = :network_id AND return_state IS NOT NULL AND return_reason_id IS NOT NULL
            AND sold_on >= :since AND NOT is_test
        GROUP BY return_reason_id
    """),
}


async def count_use(connection: AsyncConnection, network_id: int, kind: CatalogKind, *, since: date) -> dict[int, int]:
    """By id: the sales, sold since a day, that have the entry now; test leads apart, entries without sales left out."""
    rows = await connection.execute(_COUNTS[kind], {"network_id": network_id, "since": since})
    return {row.item_id: row.sales for row in rows if row.sales}
