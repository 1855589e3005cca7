"""Looking for what somebody should look at: each search is one statement, over sales or ledger rows of some days.

Searches are given the buyers whoever asks may see (None: all). What they find depends on the numbers alone, and is
worth a look, not a verdict.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.queries import read_catalog
from leadback.leads.model import Flag
from leadback.networks.model import Network
from leadback.parties.queries import list_buyers, list_campaigns, list_contracts
from leadback.reports.findings_model import BestPaid, LateReturns, LateRevenue, LedgerMark, SpoiledSubId, TestLead
from leadback.reports.lead_status import lead_status
from leadback.reports.model import Condition, Dimension, LeadStatusQuery, LeadStatusRow
from leadback.reports.rules import is_spoiled, share

BEST_PAID_SALES_MIN: Final = 100
BEST_PAID_AFFILIATES_MIN: Final = 3
BEST_PAID_TIMES: Final = Decimal("1.2")
SUB_ID_SALES_MIN: Final = 30
SUB_IDS_MAX: Final = 3
WEEKS_WITHOUT_REVENUE_MIN: Final = 2
LATE_RETURNS_MIN: Final = 10
LAST_DAYS: Final = 2
"""Before the last day on which a sale can be given back."""
TESTS_MAX: Final = 3
MARKS_MAX: Final = 20
RESTORED: Final = "revenue restored"

Buyers = frozenset[int] | None

_SEEN: Final = "(CAST(:buyer_ids AS integer[]) IS NULL OR sale.buyer_id = ANY (CAST(:buyer_ids AS integer[])))"

_SUB_IDS: Final = text(f"""
    SELECT campaign_id, sub_id_1 AS sub_id, count(*) AS sales, count(*) FILTER (WHERE stage_reached > 0) AS contacted
    FROM sale
    WHERE network_id = :network_id AND sold_on BETWEEN :first AND :last AND NOT is_test AND {_SEEN}
    GROUP BY campaign_id, sub_id_1
""")
_MARKS: Final = text(f"""
    SELECT marked.mark, sale.buyer_id, CAST(entry.received_at AT TIME ZONE :time_zone AS date) AS day,
        entry.status_id_before, entry.status_before, entry.status_id_after, entry.status_after,
        count(DISTINCT sale.sale_id) AS sales, min(sale.sold_on) AS sold_from, max(sale.sold_on) AS sold_to,
        (array_agg(lead.lead_id ORDER BY entry.received_at))[1] AS lead_id
    FROM lead_update AS entry
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN CAST(:left_terminal AS text) = ANY (entry.flags) THEN :left_terminal
            WHEN CAST(:duplicate AS text) = ANY (entry.flags) THEN :duplicate
            WHEN entry.kind = 'return decision' AND entry.return_state_after = 'rejected' AND entry.revenue_delta > 0
                THEN :restored
        END AS mark
    ) AS marked
    JOIN sale ON sale.network_id = :network_id AND sale.sale_id = entry.sale_id
    JOIN lead ON lead.network_id = :network_id AND lead.lead_key = sale.lead_key
    WHERE entry.network_id = :network_id AND entry.received_at >= :since AND marked.mark IS NOT NULL
        AND NOT sale.is_test AND {_SEEN}
        AND (marked.mark <> :left_terminal OR sale.status_id IS NOT DISTINCT FROM entry.status_id_after)
    GROUP BY 1, 2, 3, 4, 5, 6, 7
    ORDER BY sales DESC, day DESC, lead_id
    LIMIT :rows_max
""")
_LATE_RETURNS: Final = text(f"""
    SELECT sale.buyer_contract_id, sale.return_reason_id, count(*) AS returns,
        count(*) FILTER (
            WHERE sale.stage_reached > 0 AND CAST(sale.returned_at AT TIME ZONE :time_zone AS date) - sale.sold_on
                >= contract.max_return_age_days - :last_days
        ) AS late
    FROM sale
    JOIN buyer_contract AS contract
        ON contract.network_id = :network_id AND contract.buyer_contract_id = sale.buyer_contract_id
    WHERE sale.network_id = :network_id AND sale.return_state IS NOT NULL AND sale.return_reason_id IS NOT NULL
        AND sale.returned_at >= :since AND NOT sale.is_test AND {_SEEN}
    GROUP BY sale.buyer_contract_id, sale.return_reason_id
""")
_TESTS: Final = text(f"""
    SELECT lead.lead_id, sale.buyer_id, sale.updated_at, sale.update_count AS updates
    FROM sale
    JOIN lead ON lead.network_id = :network_id AND lead.lead_key = sale.lead_key
    WHERE sale.network_id = :network_id AND sale.sold_on BETWEEN :first AND :last AND sale.is_test
        AND sale.update_count > 0 AND {_SEEN}
    ORDER BY sale.updated_at DESC
    LIMIT :rows_max
""")
_DAYS_SOLD: Final = text(f"""
    SELECT day
    FROM unnest(CAST(:days AS date[])) AS day
    WHERE EXISTS (
        SELECT FROM sale WHERE network_id = :network_id AND sold_on = day AND NOT is_test AND {_SEEN}
    )
    ORDER BY day DESC
""")


def only(buyer_ids: Buyers) -> tuple[Condition, ...]:
    """The buyers whoever asks may see, as a report's conditions."""
    return tuple(Condition("buyer", str(number), by_id=True) for number in sorted(buyer_ids or ()))


async def find_best_paid(
    connection: AsyncConnection, network: Network, buyer_ids: Buyers, first: date, last: date
) -> list[BestPaid]:
    """By vertical, of the sales of some days; at least three affiliates with a hundred sales each are compared."""
    by = (Dimension.VERTICAL, Dimension.AFFILIATE)
    query = LeadStatusQuery(sold_from=first, sold_to=last, by=by, conditions=only(buyer_ids))
    rows: dict[Any, list[LeadStatusRow]] = defaultdict(list)
    for row in (await lead_status(connection, network, query)).rows:
        if row.numbers.sales >= BEST_PAID_SALES_MIN and row.numbers.leads:
            rows[row.key["vertical_id"]].append(row)
    return [found for of_vertical in rows.values() if (found := _best_paid(of_vertical)) is not None]


async def find_spoiled_sub_ids(
    connection: AsyncConnection, network_id: int, buyer_ids: Buyers, first: date, last: date
) -> list[SpoiledSubId]:
    """The worst of the sub ids 1 that stand out within their campaign, of the sales of some days."""
    values = {"network_id": network_id, "buyer_ids": _ids(buyer_ids), "first": first, "last": last}
    campaigns: dict[int, list[Any]] = defaultdict(list)
    for row in await connection.execute(_SUB_IDS, values):
        campaigns[row.campaign_id].append(row)
    names = {item.campaign_id: item.name for item in await list_campaigns(connection, network_id)}
    found = []
    for campaign_id, rows in campaigns.items():
        sales, contacted = sum(row.sales for row in rows), sum(row.contacted for row in rows)
        for row in rows:
            own, others = share(row.contacted, row.sales), share(contacted - row.contacted, sales - row.sales)
            if row.sales < SUB_ID_SALES_MIN or not row.sub_id or own is None or others is None:
                continue
            if is_spoiled(own, others, row.sales):
                found.append(
                    SpoiledSubId(
                        campaign_id=campaign_id,
                        campaign=names[campaign_id],
                        sub_id=row.sub_id,
                        sales=row.sales,
                        share=own,
                        others_share=others,
                    )
                )
    return sorted(found, key=lambda item: (item.share - item.others_share) * item.sales)[:SUB_IDS_MAX]


async def find_late_revenue(
    connection: AsyncConnection, network: Network, buyer_ids: Buyers, first: date, last: date
) -> list[LateRevenue]:
    """Contracts priced on outcome whose newest weeks have brought nothing, while those before have."""
    contracts = {
        item.buyer_contract_id: item.name
        for item in await list_contracts(connection, network.network_id)
        if item.priced_on_outcome and (buyer_ids is None or item.buyer_id in buyer_ids)
    }
    found = []
    for contract_id, name in contracts.items():
        condition = Condition("buyer_contract", str(contract_id), by_id=True)
        query = LeadStatusQuery(sold_from=first, sold_to=last, by=(Dimension.WEEK,), conditions=(condition,))
        rows = sorted((await lead_status(connection, network, query)).rows, key=lambda row: str(row.key["week"]))
        unpaid = []
        for row in reversed(rows):
            if row.numbers.revenue != 0:
                break
            unpaid.append(row.numbers.margin)
        earlier = sum((row.numbers.revenue for row in rows[: len(rows) - len(unpaid)]), Decimal(0))
        if len(unpaid) >= WEEKS_WITHOUT_REVENUE_MIN and earlier > 0 > sum(unpaid):
            found.append(
                LateRevenue(
                    buyer_contract_id=contract_id,
                    buyer_contract=name,
                    weeks=len(unpaid),
                    margin=sum(unpaid, Decimal(0)),
                    earlier_revenue=earlier,
                )
            )
    return found


async def find_ledger_marks(
    connection: AsyncConnection, network: Network, buyer_ids: Buyers, since: datetime
) -> list[LedgerMark]:
    """What was received since a moment and left a terminal status, came twice, or took a credit back."""
    network_id = network.network_id
    values = {
        "network_id": network_id,
        "buyer_ids": _ids(buyer_ids),
        "since": since,
        "time_zone": network.time_zone,
        "left_terminal": str(Flag.LEFT_TERMINAL_STATUS),
        "duplicate": str(Flag.POSSIBLE_DUPLICATE),
        "restored": RESTORED,
        "rows_max": MARKS_MAX,
    }
    statuses = (await read_catalog(connection, network_id)).statuses
    buyers = await _buyer_names(connection, network_id)
    found = []
    for row in await connection.execute(_MARKS, values):
        known = dict(row._mapping)
        before = statuses.get(known.pop("status_id_before") or 0)
        found.append(
            LedgerMark(**known, buyer=buyers[row.buyer_id], stage_before=0 if before is None else before.stage)
        )
    return found


async def find_late_returns(
    connection: AsyncConnection, network: Network, buyer_ids: Buyers, since: datetime
) -> list[LateReturns]:
    """Contracts to which contacted leads come back when the time for it is nearly over, since a moment."""
    network_id = network.network_id
    values = {
        "network_id": network_id,
        "buyer_ids": _ids(buyer_ids),
        "since": since,
        "time_zone": network.time_zone,
        "last_days": LAST_DAYS,
    }
    contracts = {item.buyer_contract_id: item for item in await list_contracts(connection, network_id)}
    reasons = (await read_catalog(connection, network_id)).return_reasons
    found = []
    for row in await connection.execute(_LATE_RETURNS, values):
        contract = contracts[row.buyer_contract_id]
        if row.late >= LATE_RETURNS_MIN:
            found.append(
                LateReturns(
                    **row._mapping,
                    buyer_contract=contract.name,
                    buyer_id=contract.buyer_id,
                    return_reason=reasons[row.return_reason_id].name,
                    days=contract.max_return_age_days,
                )
            )
    return sorted(found, key=lambda item: -item.late)


async def find_test_leads(
    connection: AsyncConnection, network_id: int, buyer_ids: Buyers, first: date, last: date
) -> list[TestLead]:
    """Test leads of some days that were updated, the last updated first."""
    values = {"network_id": network_id, "buyer_ids": _ids(buyer_ids), "first": first, "last": last}
    buyers = await _buyer_names(connection, network_id)
    rows = await connection.execute(_TESTS, values | {"rows_max": TESTS_MAX})
    return [
        TestLead(lead_id=row.lead_id, buyer=buyers[row.buyer_id], updated_at=row.updated_at, updates=row.updates)
        for row in rows
    ]


async def keep_days_sold(
    connection: AsyncConnection, network_id: int, buyer_ids: Buyers, days: list[date]
) -> list[date]:
    """Those of some days on which anything was sold, the last first."""
    values = {"network_id": network_id, "buyer_ids": _ids(buyer_ids), "days": days}
    return list((await connection.execute(_DAYS_SOLD, values)).scalars())


def _best_paid(rows: list[LeadStatusRow]) -> BestPaid | None:
    if len(rows) < BEST_PAID_AFFILIATES_MIN:
        return None
    stage = "funded" if any(row.numbers.reached.funded for row in rows) else "converted"
    best = max(rows, key=_revenue_per_lead)
    others = [row for row in rows if row is not best]
    own = _share(stage, [best])
    if own >= min(_share(stage, [row]) for row in others):
        return None
    others_revenue = sum((row.numbers.revenue for row in others), Decimal(0))
    others_per_lead = others_revenue / sum(row.numbers.leads or 0 for row in others)
    if _revenue_per_lead(best) < others_per_lead * BEST_PAID_TIMES:
        return None
    vertical_id = best.key["vertical_id"]
    assert isinstance(vertical_id, int)
    return BestPaid(
        vertical_id=vertical_id,
        vertical=str(best.key["vertical"]),
        affiliate=str(best.key["affiliate"]),
        stage=stage,
        revenue_per_lead=_revenue_per_lead(best),
        share=own,
        others_revenue_per_lead=others_per_lead,
        others_share=_share(stage, others),
    )


def _revenue_per_lead(row: LeadStatusRow) -> Decimal:
    return row.numbers.revenue / (row.numbers.leads or 1)


def _share(stage: str, rows: Iterable[LeadStatusRow]) -> Decimal:
    rows = list(rows)
    reached = sum(getattr(row.numbers.reached, stage) for row in rows)
    return share(reached, sum(row.numbers.sales for row in rows)) or Decimal(0)


async def _buyer_names(connection: AsyncConnection, network_id: int) -> Mapping[int, str]:
    return {buyer.buyer_id: buyer.name for buyer in await list_buyers(connection, network_id)}


def _ids(buyer_ids: Buyers) -> list[int] | None:
    return None if buyer_ids is None else sorted(buyer_ids)
