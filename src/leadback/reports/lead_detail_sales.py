"""The sales of Lead Detail as PostgreSQL finds, sorts and sums them."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Integer,
    Numeric,
    Select,
    Table,
    Text,
    cast,
    func,
    literal,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP

from leadback.catalog.tables import status, sub_status
from leadback.kit.columns import ExactText
from leadback.leads.tables import lead, sale
from leadback.parties.tables import affiliate, buyer, buyer_contract, campaign
from leadback.reports.filter import clauses
from leadback.reports.lead_status_scope import dimension_column, mark_column
from leadback.reports.model import SALE_MARKS, SUB_IDS, Filter, Order, Sort

CLOCK_CHANGE_MAX: Final = timedelta(hours=3)
"""Where clocks go back over midnight, that midnight comes twice: a day may begin earlier than its midnight says."""

Moment: Final = TIMESTAMP(timezone=True)

SORTED_BY: Final[dict[Sort, tuple[ColumnElement[Any], Any]]] = {
    Sort.SOLD_AT: (sale.c.sold_at, Moment),
    Sort.LEAD_ID: (sale.c.lead_key, ExactText),
    Sort.BUYER: (buyer.c.name, ExactText),
    Sort.BUYER_CONTRACT: (buyer_contract.c.name, ExactText),
    Sort.CAMPAIGN: (campaign.c.name, ExactText),
    Sort.AFFILIATE: (affiliate.c.name, ExactText),
    Sort.STATUS: (func.coalesce(status.c.name, ""), ExactText),
    Sort.SUB_STATUS: (func.coalesce(sub_status.c.name, ""), ExactText),
    Sort.RETURN_STATE: (func.coalesce(sale.c.return_state, ""), ExactText),
    Sort.SOLD_PRICE: (sale.c.sold_price, Numeric),
    Sort.REVENUE: (sale.c.revenue, Numeric),
    Sort.PAYOUT_SHARE: (sale.c.payout_share, Numeric),
    Sort.UPDATED_AT: (func.coalesce(sale.c.updated_at, cast("-infinity", Moment)), Moment),
    Sort.UPDATE_COUNT: (sale.c.update_count, Integer),
}
"""By what, and as which type a place is given back. None of them is ever null, so that places can be compared."""


MONEY: Final = ("sold_price", "revenue", "payout_share")
ROW_COLUMNS: Final[tuple[ColumnElement[Any], ...]] = (
    lead.c.lead_id,
    sale.c.sold_at,
    sale.c.buyer_id,
    sale.c.buyer_contract_id,
    sale.c.campaign_id,
    campaign.c.affiliate_id,
    campaign.c.offer_id,
    buyer_contract.c.vertical_id,
    *(lead.c[name] for name in SUB_IDS),
    sale.c.sale_type,
    sale.c.status_id,
    sale.c.sub_status_id,
    *(sale.c[name] for name in MONEY),
    sale.c.return_state,
    sale.c.return_reason_id,
    sale.c.updated_at,
    sale.c.update_count,
    sale.c.sale_id,
    sale.c.sale_ref,
    sale.c.buyer_lead_id,
    sale.c.field_values,
)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Which sales are meant."""

    network_id: int
    time_zone: str
    week_start: int
    sold_from: date
    sold_to: date
    filters: tuple[Filter, ...]
    """Every one must hold."""
    clauses: tuple[ColumnElement[bool], ...]


class Placed(msgspec.Struct, frozen=True):
    """A row's place in a sorted list: the value it is sorted by, and its sale."""

    value: str
    sale_id: int


def rows_statement(found: Found, order: Order, *, after: Placed | None = None, limit: int | None = None) -> Select[Any]:
    """The sales in their order, beginning after a place: every column of `ROW_COLUMNS`, then the place's value."""
    value, kind = SORTED_BY[order.sort]
    earliest, latest = _moments(found)
    if after is not None:
        here = tuple_(value, sale.c.sale_id)
        there = tuple_(cast(literal(after.value, Text), kind), literal(after.sale_id))
        beyond = here < there if order.descending else here > there
        if order.sort is not Sort.SOLD_AT:
            earliest &= beyond
        elif order.descending:
            # In place of the moment, not beside it: of two bounds PostgreSQL may begin at the one that is farther off
            # and walk through all pages before this one.
            latest = beyond
        else:
            earliest = beyond
    conditions = [*_conditions(found), earliest, latest]
    if limit is None:
        return (
            select(*ROW_COLUMNS, cast(value, Text).label("place"))
            .select_from(_with_all_it_belongs_to(sale))
            .where(*conditions)
            .order_by(*_sorted(order, value, sale.c.sale_id))
        )
    few = (
        select(sale.c.sale_id, value.label("value"))
        .select_from(_with_all_it_belongs_to(sale))
        .where(*conditions)
        .order_by(*_sorted(order, value, sale.c.sale_id))
        .limit(limit)
        .subquery("few")
    )
    # The few are chosen first: a row is joined to what it belongs to only where it is shown.
    shown = few.join(sale, (sale.c.network_id == found.network_id) & (sale.c.sale_id == few.c.sale_id))
    return (
        select(*ROW_COLUMNS, cast(few.c.value, Text).label("place"))
        .select_from(_with_all_it_belongs_to(shown))
        .order_by(*_sorted(order, few.c.value, few.c.sale_id))
    )


def totals_statement(found: Found, field_ids: Sequence[int]) -> Select[Any]:
    """How many sales there are, the sums of their money, and of the values of these Number fields."""
    sums = [func.coalesce(func.sum(sale.c[name]), cast(0, Numeric(24, 4))) for name in MONEY]
    values = [func.sum(cast(sale.c.field_values[str(field_id)].astext, Numeric)) for field_id in field_ids]
    return select(func.count(), *sums, *values).select_from(_with_all_it_belongs_to(sale)).where(*_conditions(found))


def _sorted(order: Order, *keys: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    return [key.desc() if order.descending else key.asc() for key in keys]


def _with_all_it_belongs_to(source: FromClause) -> FromClause:
    """PostgreSQL leaves out again what a statement does not ask for."""
    joined = source
    keys: Mapping[Table, tuple[FromClause, str]] = {
        lead: (sale, "lead_key"),
        campaign: (sale, "campaign_id"),
        affiliate: (campaign, "affiliate_id"),
        buyer: (sale, "buyer_id"),
        buyer_contract: (sale, "buyer_contract_id"),
        status: (sale, "status_id"),
        sub_status: (sale, "sub_status_id"),
    }
    for table, (owner, key) in keys.items():
        same = (table.c.network_id == sale.c.network_id) & (table.c[key] == owner.c[key])
        joined = joined.outerjoin(table, same)
    return joined


def _conditions(found: Found) -> list[ColumnElement[bool]]:
    def column(name: str) -> ColumnElement[Any]:
        if name in SUB_IDS[1:]:
            return lead.c[name]
        return mark_column(name) if name in SALE_MARKS else dimension_column(sale, name, week_start=found.week_start)

    conditions = [
        sale.c.network_id == found.network_id,
        sale.c.is_test.is_(False),
        sale.c.sold_on.between(found.sold_from, found.sold_to),
        *found.clauses,
    ]
    return conditions + [clause for wanted in found.filters for clause in clauses(wanted, column)]


def _moments(found: Found) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """What the days say in the terms of the index that has the sales by time; the days decide."""
    earliest = _midnight(found, found.sold_from) - literal(CLOCK_CHANGE_MAX)
    latest = _midnight(found, found.sold_to, 1) + literal(CLOCK_CHANGE_MAX)
    return sale.c.sold_at >= earliest, sale.c.sold_at < latest


def _midnight(found: Found, day: date, days: int = 0) -> ColumnElement[Any]:
    local = cast(cast(literal(day), Date) + days, TIMESTAMP(timezone=False))
    return func.timezone(found.time_zone, local)
