"""Every sale as it stood at a past moment: the sale as it stands, with what its ledger says has changed since put back.

Going backwards makes the present the case in which nothing is put back, and reads only what the ledger received after
the moment: the months before are not touched.

- How a sale stood is the "before" of its first row received afterwards. First is by version: what was applied on top of
  a row that came later had not been applied either, whatever its own receipt says.
- What an import corrected since stands in `sale_changes`, with the lead's own columns in the row of one of its sales.
- Every sale is looked up by itself, through the index that gives the order asked for: see `prepare`.
- Shares of the payout, and which sale is its lead's first, stand in no ledger: they follow from the lead's payout and
  the prices and moments of its sales, and are reckoned again where one of these was another, or a sale came later.
  The reckoning is that of `leads.ingest_shares`.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    FromClause,
    Integer,
    SmallInteger,
    Text,
    bindparam,
    column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from leadback.kit.columns import Money
from leadback.reports.lead_status_scope import Scope
from leadback.reports.model import SUB_IDS

STATE: Final = ("status_id", "sub_status_id", "stage_reached", "revenue", "return_state", "return_reason_id", "updated")
"""What the ledger keeps before and after of, in every row."""

ORIGINS: Final = {"campaign_id": "integer", "is_test": "boolean"} | dict.fromkeys(SUB_IDS, "text")
"""What a sale has of its lead."""

# A call is received before it gets its version, by a few seconds where it had to wait for the sale.
RECEIPT_BEFORE_VERSION_MAX: Final = "1 day"

# Keeps the ledger's partitions of months to come from being looked into for every sale; a day, for clocks differ.
_NOT_TO_COME: Final = "entry.received_at < now() + INTERVAL '1 day'"


def _sold_columns() -> str:
    columns = {name: f"CASE WHEN later.version IS NULL THEN sold.{name} ELSE later.{name}_before END" for name in STATE}
    for name, kind in ORIGINS.items():
        # What nobody asks for PostgreSQL does not look up.
        of_lead = f"(SELECT {name} FROM lead WHERE network_id = :network_id AND lead_key = sold.lead_key)"
        now = of_lead if name in SUB_IDS[1:] else f"sold.{name}"
        columns[name] = f"coalesce(CAST(lead_before.columns ->> '{name}' AS {kind}), {now})"
    return ",\n        ".join(f"{expression} AS {name}" for name, expression in columns.items())


_MOMENT_BEFORE: Final = "CAST(sale_before.columns ->> 'sold_at' AS timestamptz)"
_PRICE_BEFORE: Final = "CAST(sale_before.columns ->> 'sold_price' AS numeric(18, 4))"

# A sale may have had none before: then the change says so, and what stands now does not count.
_MARKS: Final = ", ".join(
    f"CASE WHEN sale_before.columns ? '{name}' THEN sale_before.columns ->> '{name}' ELSE sold.{name} END AS {name}"
    for name in ("sale_ref", "buyer_lead_id")
)

_SALES_AS_OF: Final = f"""
WITH correction AS MATERIALIZED (
    SELECT sale.lead_key, entry.sale_id, entry.version, entry.received_at, entry.sale_changes
    FROM lead_update AS entry
    CROSS JOIN LATERAL (
        SELECT lead_key FROM sale WHERE network_id = :network_id AND sale_id = entry.sale_id ORDER BY sale_id OFFSET 0
    ) AS sale
    WHERE entry.network_id = :network_id AND entry.received_at > :as_of AND {_NOT_TO_COME}
        AND entry.kind = 'import' AND entry.sale_changes <> '{{}}'
),
sale_before AS (
    SELECT sale_id, jsonb_object_agg(name, value) AS columns
    FROM (
        SELECT DISTINCT ON (sale_id, name) sale_id, name, change -> 0 AS value
        FROM correction CROSS JOIN LATERAL jsonb_each(sale_changes) AS changed (name, change)
        WHERE name IN ('sold_at', 'sold_price', 'sale_type', 'sale_ref', 'buyer_lead_id')
        ORDER BY sale_id, name, version
    ) AS first
    GROUP BY sale_id
),
lead_before AS (
    SELECT lead_key, jsonb_object_agg(name, value) AS columns
    FROM (
        SELECT DISTINCT ON (lead_key, name) lead_key, name, change -> 0 AS value
        FROM correction CROSS JOIN LATERAL jsonb_each(sale_changes) AS changed (name, change)
        WHERE name IN ('payout', {", ".join(f"'{name}'" for name in ORIGINS)})
        ORDER BY lead_key, name, received_at, version
    ) AS first
    GROUP BY lead_key
),
moved AS (
    SELECT DISTINCT sale_id FROM correction WHERE sale_changes ? 'sold_at'
),
sold AS (
    SELECT sale.* FROM sale
    WHERE sale.network_id = :network_id AND sale.sold_on BETWEEN :first_day AND :last_day
        AND sale.sale_id NOT IN (SELECT sale_id FROM moved)
    UNION ALL
    SELECT sale.* FROM moved
    CROSS JOIN LATERAL (
        SELECT * FROM sale WHERE network_id = :network_id AND sale_id = moved.sale_id ORDER BY sale_id OFFSET 0
    ) AS sale
),
unsettled AS (
    SELECT DISTINCT sold.lead_key FROM sold
    LEFT JOIN LATERAL (
        SELECT true AS was FROM sale
        WHERE network_id = :network_id AND lead_key = sold.lead_key AND sold_at > :as_of
        ORDER BY buyer_contract_id LIMIT 1
    ) AS sold_again ON true
    WHERE sold_again.was OR sold.lead_key IN (SELECT lead_key FROM correction)
),
shared AS (
    SELECT of_lead.*, sum(price) OVER same_lead AS prices,
        row_number() OVER (same_lead ORDER BY sold_at, sale_id) = 1 AS is_first, count(*) OVER same_lead AS sales
    FROM (
        SELECT sale.sale_id, sale.lead_key,
            coalesce({_MOMENT_BEFORE}, sale.sold_at) AS sold_at,
            coalesce({_PRICE_BEFORE}, sale.sold_price) AS price,
            coalesce(CAST(lead_before.columns ->> 'payout' AS numeric(18, 4)), lead.payout) AS payout
        FROM unsettled
        CROSS JOIN LATERAL (
            SELECT * FROM sale WHERE network_id = :network_id AND lead_key = unsettled.lead_key
            ORDER BY buyer_contract_id OFFSET 0
        ) AS sale
        CROSS JOIN LATERAL (
            SELECT payout FROM lead WHERE network_id = :network_id AND lead_key = unsettled.lead_key OFFSET 0
        ) AS lead
        LEFT JOIN sale_before ON sale_before.sale_id = sale.sale_id
        LEFT JOIN lead_before ON lead_before.lead_key = unsettled.lead_key
    ) AS of_lead
    WHERE sold_at <= :as_of
    WINDOW same_lead AS (PARTITION BY lead_key)
),
part AS (
    -- In whole ten-thousandths: `div` rounds down exactly, where a quotient could not be written to its end.
    SELECT sale_id, lead_key, is_first, payout,
        CAST(CASE WHEN prices > 0 THEN div(payout * 10000 * price, prices) ELSE div(payout * 10000, sales) END / 10000
            AS numeric(18, 4)) AS share
    FROM shared
),
share AS (
    SELECT sale_id, is_first,
        share + CASE WHEN is_first THEN payout - sum(share) OVER (PARTITION BY lead_key) ELSE 0 END AS payout_share
    FROM part
)
SELECT
    sold.network_id, sold.sale_id, sold.lead_key, sold.buyer_contract_id, {_MARKS}, {_sold_columns()},
    coalesce(sale_before.columns ->> 'sale_type', sold.sale_type) AS sale_type,
    coalesce({_PRICE_BEFORE}, sold.sold_price) AS sold_price,
    CASE WHEN {_MOMENT_BEFORE} IS NULL THEN sold.sold_on ELSE CAST({_MOMENT_BEFORE} AT TIME ZONE :time_zone AS date) END
        AS sold_on,
    CASE WHEN share.sale_id IS NULL THEN sold.first_of_lead ELSE share.is_first END AS first_of_lead,
    CASE WHEN share.sale_id IS NULL THEN sold.payout_share ELSE share.payout_share END AS payout_share,
    CASE WHEN later.version IS NULL THEN sold.field_values ELSE jsonb_strip_nulls(sold.field_values || coalesce(
        (
            SELECT jsonb_object_agg(field_id, value)
            FROM (
                SELECT DISTINCT ON (field_id) change ->> 'field_id' AS field_id, change -> 'before' AS value
                FROM lead_update AS entry
                CROSS JOIN LATERAL jsonb_array_elements(entry.field_changes) WITH ORDINALITY AS item (change, place)
                WHERE entry.network_id = :network_id AND entry.sale_id = sold.sale_id
                    AND entry.version >= later.version
                    AND entry.received_at > :as_of - INTERVAL '{RECEIPT_BEFORE_VERSION_MAX}' AND {_NOT_TO_COME}
                ORDER BY field_id, entry.version, place
            ) AS first
        ), '{{}}')) END AS field_values
FROM sold
LEFT JOIN sale_before ON sale_before.sale_id = sold.sale_id
LEFT JOIN lead_before ON lead_before.lead_key = sold.lead_key
LEFT JOIN share ON share.sale_id = sold.sale_id
LEFT JOIN LATERAL (
    SELECT entry.version, {", ".join(f"entry.{name}_before" for name in STATE)}
    FROM lead_update AS entry
    WHERE entry.network_id = :network_id AND entry.sale_id = sold.sale_id AND entry.received_at > :as_of
        AND {_NOT_TO_COME} AND sold.version > 1
    ORDER BY entry.version
    LIMIT 1
) AS later ON true
WHERE coalesce({_MOMENT_BEFORE}, sold.sold_at) <= :as_of
"""


def sales_as_of(scope: Scope) -> FromClause:
    """Every sale of the scope's days sold by its `as_of`, test sales included, with a sale's columns as they were."""
    statement = text(_SALES_AS_OF).bindparams(
        bindparam("network_id", scope.network_id, Integer),
        bindparam("as_of", scope.as_of, DateTime(timezone=True)),
        bindparam("first_day", scope.first_day, Date),
        bindparam("last_day", scope.last_day, Date),
        bindparam("time_zone", scope.time_zone, Text),
    )
    return statement.columns(
        column("network_id", Integer),
        column("sale_id", BigInteger),
        column("lead_key", Text),
        column("buyer_contract_id", Integer),
        column("sale_ref", Text),
        column("buyer_lead_id", Text),
        column("status_id", Integer),
        column("sub_status_id", Integer),
        column("stage_reached", SmallInteger),
        column("revenue", Money),
        column("return_state", Text),
        column("return_reason_id", Integer),
        column("updated", SmallInteger),
        column("campaign_id", Integer),
        column("is_test", Boolean),
        *(column(name, Text) for name in SUB_IDS),
        column("sale_type", Text),
        column("sold_price", Money),
        column("sold_on", Date),
        column("first_of_lead", Boolean),
        column("payout_share", Money),
        column("field_values", JSONB),
    ).subquery("sale_as_of")
