"""What a check reads: sales and ledger as streams, and the differences that PostgreSQL finds by itself."""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any, Final

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.leads.check_model import Difference, LedgerRow, StandingSale
from leadback.leads.ledger import LEDGER_ROWS
from leadback.leads.tables import ROLLUP_KEY

ROWS_AT_ONCE: Final = 1_000

_SALES: Final = text(f"""
    SELECT {", ".join(StandingSale._fields)} FROM sale WHERE network_id = :network_id ORDER BY sale_id
""")
_LEDGER: Final = text(f"""
    SELECT {LEDGER_ROWS.columns} FROM lead_update WHERE network_id = :network_id ORDER BY sale_id, version, received_at
""")
# Whole tables are compared. Where PostgreSQL takes a young one for nearly empty it would go through the other once for
# each of its rows; and compiling costs more than it saves.
_COMPARE_WHOLE_TABLES: Final = text("SELECT set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true)")
_LEAD_IDS: Final = text("""
    SELECT sale.sale_id, lead.lead_id FROM sale JOIN lead USING (network_id, lead_key)
    WHERE sale.network_id = :network_id AND sale.sale_id = ANY (CAST(:sale_ids AS bigint[]))
""")
_CELLS: Final = """
    SELECT {key} FROM {name}_rollup WHERE network_id = :network_id
    UNION SELECT {key} FROM {name}_delta WHERE network_id = :network_id
"""

# What a sale has from its lead, its contract and its network.
_COPIES: Final = """
    SELECT entry.what, sale.sale_id, '' AS place, entry.expected, entry.found
    FROM sale
    JOIN network ON network.network_id = :network_id
    LEFT JOIN lead ON lead.network_id = :network_id AND lead.lead_key = sale.lead_key
    LEFT JOIN buyer_contract ON buyer_contract.network_id = :network_id
        AND buyer_contract.buyer_contract_id = sale.buyer_contract_id
    CROSS JOIN LATERAL (VALUES
        ('campaign_id', CAST(lead.campaign_id AS text), CAST(sale.campaign_id AS text)),
        ('sub_id_1', lead.sub_id_1, sale.sub_id_1),
        ('is_test', CAST(lead.is_test AS text), CAST(sale.is_test AS text)),
        ('buyer_id', CAST(buyer_contract.buyer_id AS text), CAST(sale.buyer_id AS text)),
        ('sold_on', CAST(CAST(sale.sold_at AT TIME ZONE network.time_zone AS date) AS text), CAST(sale.sold_on AS text))
    ) AS entry (what, expected, found)
    WHERE sale.network_id = :network_id AND entry.expected IS DISTINCT FROM entry.found
"""

# Which sale is its lead's first, and what each gets of the payout, in whole ten-thousandths as `payout_shares` reckons.
_SHARES: Final = """
    WITH placed AS (
        SELECT sale.sale_id, sale.lead_key, sale.sold_price, sale.payout_share, sale.first_of_lead,
            lead.payout * 10000 AS units,
            row_number() OVER (PARTITION BY sale.lead_key ORDER BY sale.sold_at, sale.sale_id) = 1 AS first,
            count(*) OVER (PARTITION BY sale.lead_key) AS sales,
            sum(sale.sold_price) OVER (PARTITION BY sale.lead_key) AS price
        FROM sale JOIN lead ON lead.network_id = :network_id AND lead.lead_key = sale.lead_key
        WHERE sale.network_id = :network_id
    ), rounded AS (
        SELECT *, CASE WHEN price > 0 THEN div(units * sold_price, price) ELSE div(units, sales) END AS share
        FROM placed
    ), shared AS (
        SELECT *, CASE WHEN first THEN units - sum(share) OVER (PARTITION BY lead_key) ELSE 0 END AS remainder
        FROM rounded
    )
    SELECT entry.what, sale_id, '' AS place, entry.expected, entry.found
    FROM shared CROSS JOIN LATERAL (VALUES
        ('first_of_lead', CAST(first AS text), CAST(first_of_lead AS text)),
        ('payout_share', CAST(CAST((share + remainder) * 0.0001 AS numeric(18, 4)) AS text), CAST(payout_share AS text))
    ) AS entry (what, expected, found)
    WHERE entry.expected <> entry.found
"""
_LEADS_UNSOLD: Final = """
    SELECT 'lead' AS what, CAST(NULL AS bigint) AS sale_id, 'lead ' || lead_id AS place,
        'one sale or more' AS expected, 'none' AS found
    FROM lead
    WHERE network_id = :network_id
        AND NOT EXISTS (SELECT FROM sale WHERE sale.network_id = :network_id AND sale.lead_key = lead.lead_key)
"""

# A sale that is to be replaced is owed for until another one replaces it; a test never is.
_RETURNS_OWED: Final = """
    SELECT 'buyer_contract.returns_owed' AS what, CAST(NULL AS bigint) AS sale_id,
        'buyer_contract_id ' || buyer_contract.buyer_contract_id AS place,
        CAST(coalesce(owed.sales, 0) AS text) AS expected, CAST(buyer_contract.returns_owed AS text) AS found
    FROM buyer_contract
    LEFT JOIN (
        SELECT buyer_contract_id, count(*) AS sales
        FROM sale
        WHERE network_id = :network_id AND return_state = 'replaced' AND NOT is_test AND NOT EXISTS (
            SELECT FROM sale AS other WHERE other.network_id = :network_id AND other.replaces_sale_id = sale.sale_id
        )
        GROUP BY buyer_contract_id
    ) AS owed ON owed.buyer_contract_id = buyer_contract.buyer_contract_id
    WHERE buyer_contract.network_id = :network_id AND buyer_contract.returns_owed <> coalesce(owed.sales, 0)
"""

# Answers kept for repeats must be answers to something that was done.
_ANSWERS: Final = """
    SELECT 'recent_answer.version' AS what, sale_id, '' AS place, 'the version of a ledger row' AS expected,
        CAST(version AS text) AS found
    FROM recent_answer
    WHERE network_id = :network_id AND NOT EXISTS (
        SELECT FROM lead_update
        WHERE lead_update.network_id = :network_id AND lead_update.sale_id = recent_answer.sale_id
            AND lead_update.version = recent_answer.version
    )
    UNION ALL
    SELECT 'idempotency_key', NULL, caller || ', ' || operation || ', lead ' || coalesce(answer ->> 'lead_id', ''),
        'the key of a ledger row', key
    FROM idempotency_key
    WHERE network_id = :network_id AND answer ->> 'success' = 'true' AND NOT EXISTS (
        SELECT FROM lead_update
        JOIN sale ON sale.network_id = :network_id AND sale.sale_id = lead_update.sale_id
        WHERE lead_update.network_id = :network_id AND lead_update.idempotency_key = idempotency_key.key
            AND lead_update.operation = idempotency_key.operation
            AND sale.lead_key = upper(idempotency_key.answer ->> 'lead_id')
    )
"""
_CONFIGURATION: Final = """
    SELECT 'network_version.version' AS what, CAST(NULL AS bigint) AS sale_id, '' AS place, '1 or more' AS expected,
        CAST(version AS text) AS found
    FROM network LEFT JOIN network_version USING (network_id)
    WHERE network_id = :network_id AND coalesce(version, 0) < 1
"""

_SALE_KEY: Final = {
    "status_id": "coalesce(status_id, 0)",
    "sub_status_id": "coalesce(sub_status_id, 0)",
    "return_state": "coalesce(return_state, '')",
}
_KEY: Final = ", ".join(ROLLUP_KEY)
_COUNTED: Final = f"""
    SELECT {", ".join(_SALE_KEY.get(name, name) for name in ROLLUP_KEY)}, {{columns}}
    FROM sale {{joined}}
    WHERE sale.network_id = :network_id AND NOT is_test
"""


def _cells(rollup: str, key: str, measures: Sequence[str], counted: str) -> str:
    """The cells of a rollup and its deltas whose sums are not those of the sales, missing and surplus ones included."""
    listed = ", ".join(measures)
    sums = ", ".join(
        f"sum({name}) FILTER (WHERE counted) AS {name}_expected, sum({name}) FILTER (WHERE NOT counted) AS {name}_found"
        for name in measures
    )
    entries = ", ".join(
        f"('{rollup}_rollup.{name}', coalesce({name}_expected, 0), coalesce({name}_found, 0))" for name in measures
    )
    place = ", ".join(f"'{name} ' || nullif(CAST({name} AS text), '')" for name in key.split(", "))
    return f"""
        SELECT entry.what, CAST(NULL AS bigint) AS sale_id, concat_ws(', ', {place}) AS place,
            CAST(entry.expected AS text) AS expected, CAST(entry.found AS text) AS found
        FROM (
            SELECT {key}, {sums}
            FROM (
                SELECT false AS counted, {key}, {listed} FROM {rollup}_rollup WHERE network_id = :network_id
                UNION ALL
                SELECT false, {key}, {listed} FROM {rollup}_delta WHERE network_id = :network_id
                UNION ALL
                SELECT true, of_sales.* FROM ({counted}) AS of_sales
            ) AS measured
            GROUP BY {key}
        ) AS cell
        CROSS JOIN LATERAL (VALUES {entries}) AS entry (what, expected, found)
        WHERE entry.expected <> entry.found
    """


_ROLLUP: Final = _cells(
    "lead_status",
    _KEY,
    ("leads", "sales", "gross", "revenue", "payout"),
    _COUNTED.format(
        columns="CAST(first_of_lead AS integer), 1, sold_price, revenue, payout_share",
        joined="",
    ),
)
# A text that is no number, which nothing but a hand can have put there, is found by replaying the ledger.
_FIELD_ROLLUP: Final = _cells(
    "field",
    f"{_KEY}, field_id",
    ("value_count", "value_sum"),
    _COUNTED.format(
        columns=r"""field.field_id, 1,
            CASE WHEN entry.value ~ '^-?[0-9]+(\.[0-9]+)?$' THEN CAST(entry.value AS numeric) ELSE 0 END""",
        joined="""
            CROSS JOIN LATERAL jsonb_each_text(field_values) AS entry (key, value)
            JOIN field ON field.network_id = :network_id AND CAST(field.field_id AS text) = entry.key
                AND field.data_type = 'Number'
        """,
    ),
)


def _listing(differences: str) -> TextClause:
    return text(f"""
        SELECT difference.*, count(*) OVER () AS total
        FROM ({differences}) AS difference
        ORDER BY sale_id, what, place
        LIMIT :rows_max
    """)


_LISTINGS: Final = tuple(
    map(
        _listing,
        (_COPIES, _SHARES, _LEADS_UNSOLD, _RETURNS_OWED, _ANSWERS, _CONFIGURATION, _ROLLUP, _FIELD_ROLLUP),
    )
)


async def read_standing_sales(connection: AsyncConnection, network_id: int) -> AsyncIterator[StandingSale]:
    """Every sale in the order of ids, never many of them in memory."""
    async for row in _stream(connection, network_id, _SALES):
        yield StandingSale._make(row)


async def read_ledger(connection: AsyncConnection, network_id: int) -> AsyncIterator[LedgerRow]:
    """Every ledger row in the order of sales and versions, never many of them in memory."""
    async for row in _stream(connection, network_id, _LEDGER):
        yield LedgerRow._make(row)


async def list_differences(
    connection: AsyncConnection, network_id: int, rows_max: int
) -> AsyncIterator[tuple[int, list[Difference]]]:
    """Comparison by comparison how many differences there are, and so many of them at most."""
    await connection.execute(_COMPARE_WHOLE_TABLES)
    for listing in _LISTINGS:
        rows = (await connection.execute(listing, {"network_id": network_id, "rows_max": rows_max})).all()
        if rows:
            yield rows[0].total, [_difference(row) for row in rows]


async def count_cells(connection: AsyncConnection, network_id: int) -> int:
    """How many cells both rollups have, with those that so far have deltas only."""
    total = 0
    for name, key in (("lead_status", _KEY), ("field", f"{_KEY}, field_id")):
        statement = text(f"SELECT count(*) FROM ({_CELLS.format(name=name, key=key)}) AS cell")
        total += (await connection.execute(statement, {"network_id": network_id})).scalar_one()
    return total


async def read_lead_ids(connection: AsyncConnection, network_id: int, sale_ids: Collection[int]) -> dict[int, str]:
    """By sale id the id of the lead that was sold."""
    rows = await connection.execute(_LEAD_IDS, {"network_id": network_id, "sale_ids": list(sale_ids)})
    return {row.sale_id: row.lead_id for row in rows}


async def _stream(connection: AsyncConnection, network_id: int, statement: TextClause) -> AsyncIterator[Row[Any]]:
    options = {"yield_per": ROWS_AT_ONCE}
    async with connection.stream(statement, {"network_id": network_id}, execution_options=options) as rows:
        # Without the size, asyncio's results fetch all that is left.
        async for portion in rows.partitions(ROWS_AT_ONCE):
            for row in portion:
                yield row


def _difference(row: Row[Any]) -> Difference:
    return Difference(what=row.what, sale_id=row.sale_id, place=row.place, expected=row.expected, found=row.found)
