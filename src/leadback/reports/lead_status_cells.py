"""The numbers of the Lead Status report as PostgreSQL adds them up, from the rollups or from the sales themselves.

Both sources are brought into the same relation of cells (the rollups' key and measures), so that everything after it
is one path. The rollups cost as much as there are campaigns, days and statuses; only what they do not hold (sub ids,
smallest and largest values) is read from the sales in range, by index.
"""

from collections.abc import Callable, Collection
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    FromClause,
    Integer,
    Numeric,
    Select,
    Subquery,
    cast,
    extract,
    func,
    literal,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.leads.tables import (
    ROLLUP_KEY,
    field_delta,
    field_rollup,
    lead,
    lead_status_delta,
    lead_status_rollup,
    sale,
)
from leadback.parties.tables import buyer_contract, campaign
from leadback.reports.filter import clauses
from leadback.reports.model import SUB_IDS, Dimension, Filter

MEASURES: Final = ("leads", "sales", "gross", "revenue", "payout")
CAMPAIGNS_SIDE: Final = ("affiliate_id", "offer_id")
CONTRACTS_SIDE: Final = ("buyer_id", "vertical_id")

KEY_OF: Final[dict[Dimension, tuple[str, ...]]] = {
    Dimension.CAMPAIGN: ("campaign_id",),
    Dimension.AFFILIATE: ("affiliate_id",),
    Dimension.SUB_ID: ("sub_id", "affiliate_id"),
    Dimension.OFFER: ("offer_id",),
    Dimension.VERTICAL: ("vertical_id",),
    Dimension.BUYER: ("buyer_id",),
    Dimension.BUYER_CONTRACT: ("buyer_contract_id",),
    Dimension.SALE_TYPE: ("sale_type",),
    Dimension.DAY: ("day",),
    Dimension.WEEK: ("week",),
    Dimension.MONTH: ("month",),
}
"""What tells two rows apart."""

Key = tuple[Any, ...]


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Which sales are counted and how they are divided."""

    network_id: int
    sold_from: date
    sold_to: date
    week_start: int
    key: tuple[str, ...]
    wanted: Filter
    updated_only: bool
    with_sub_status_only: bool

    @property
    def needs_sales(self) -> bool:
        """Whether the rollups, which hold no sub ids, cannot answer."""
        return "sub_id" in self.key or any(name in self.wanted.texts for name in SUB_IDS)


class StatusCell(NamedTuple):
    """The sales of one row that stand at one status and sub-status; 0 for none."""

    key: Key
    status_id: int
    sub_status_id: int
    leads: int
    sales: int
    updated: int
    gross: Decimal
    revenue: Decimal
    payout: Decimal
    submitted: int
    credited: int
    replaced: int
    rejected: int
    contacted: int
    qualified: int
    converted: int
    funded: int


class FieldCell(NamedTuple):
    """The values of one field in one row; smallest and largest None where they were not asked for."""

    key: Key
    field_id: int
    value_count: int
    value_sum: Decimal
    smallest: Decimal | None
    largest: Decimal | None


async def read_status_cells(connection: AsyncConnection, scope: Scope, *, cells_max: int) -> list[StatusCell]:
    """The cells that hold sales; at most one more than `cells_max`."""
    cells = _sales(scope) if scope.needs_sales else _rollup(scope, lead_status_rollup, lead_status_delta, MEASURES)
    source, column_of = _joined(cells, scope)
    keys = [column_of(name) for name in scope.key]
    groups = [*keys, cells.c.status_id, cells.c.sub_status_id]
    statement = (
        select(*groups, *_measures(cells))
        .select_from(source)
        .where(*_conditions(cells, scope, column_of))
        .group_by(*groups)
        .having(func.sum(cells.c.sales) != 0)
        .limit(cells_max + 1)
    )
    width = len(keys)
    return [StatusCell(tuple(row[:width]), *row[width:]) for row in await connection.execute(statement)]


async def read_field_cells(
    connection: AsyncConnection, scope: Scope, field_ids: Collection[int], *, extremes: bool
) -> list[FieldCell]:
    """The values of these Number fields; `extremes` reads them from the sales, for smallest and largest as well."""
    if not field_ids:
        return []
    if extremes or scope.needs_sales:
        cells = _sales_values(scope, field_ids)
    else:
        cells = _rollup(scope, field_rollup, field_delta, ("field_id", "value_count", "value_sum"))
    source, column_of = _joined(cells, scope)
    keys = [column_of(name) for name in scope.key]
    values: list[ColumnElement[Any]] = [_count(cells.c.value_count), func.sum(cells.c.value_sum)]
    values += [func.min(cells.c.value_sum), func.max(cells.c.value_sum)] if extremes else [literal(None), literal(None)]
    statement = (
        select(*keys, cells.c.field_id, *values)
        .select_from(source)
        .where(cells.c.field_id.in_(sorted(field_ids)), *_conditions(cells, scope, column_of))
        .group_by(*keys, cells.c.field_id)
        .having(func.sum(cells.c.value_count) != 0)
    )
    width = len(keys)
    return [FieldCell(tuple(row[:width]), *row[width:]) for row in await connection.execute(statement)]


def _rollup(scope: Scope, rollup: Any, delta: Any, measures: tuple[str, ...]) -> Subquery:
    # One statement for both: a fold between two would be counted twice or not at all.
    halves = [
        select(*(table.c[name] for name in (*ROLLUP_KEY, *measures))).where(
            table.c.network_id == scope.network_id, table.c.sold_on.between(scope.sold_from, scope.sold_to)
        )
        for table in (rollup, delta)
    ]
    return union_all(*halves).subquery("cell")


def _sales(scope: Scope) -> Subquery:
    measures = [
        cast(sale.c.first_of_lead, Integer).label("leads"),
        literal(1, Integer).label("sales"),
        sale.c.sold_price.label("gross"),
        sale.c.revenue,
        sale.c.payout_share.label("payout"),
    ]
    return _sales_in_range(scope, measures, sale).subquery("cell")


def _sales_values(scope: Scope, field_ids: Collection[int]) -> Subquery:
    entry = func.jsonb_each_text(sale.c.field_values).table_valued("key", "value", name="entry")
    measures = [
        cast(entry.c.key, Integer).label("field_id"),
        literal(1, Integer).label("value_count"),
        cast(entry.c.value, Numeric).label("value_sum"),
    ]
    statement = _sales_in_range(scope, measures, sale.join(entry, true()))
    # Before any value becomes a number: other fields hold text.
    return statement.where(entry.c.key.in_([str(field_id) for field_id in sorted(field_ids)])).subquery("cell")


def _sales_in_range(scope: Scope, measures: list[Any], source: FromClause) -> Select[Any]:
    key = {
        "status_id": func.coalesce(sale.c.status_id, 0),
        "sub_status_id": func.coalesce(sale.c.sub_status_id, 0),
        "return_state": func.coalesce(sale.c.return_state, ""),
    }
    columns = [key[name].label(name) if name in key else sale.c[name] for name in ROLLUP_KEY]
    columns.append(sale.c.sub_id_1)
    others = [name for name in SUB_IDS[1:] if name in scope.wanted.texts]
    if others:
        same = (lead.c.network_id == sale.c.network_id) & (lead.c.lead_key == sale.c.lead_key)
        source = source.join(lead, same)
        columns += [lead.c[name] for name in others]
    return (
        select(*columns, *measures)
        .select_from(source)
        .where(
            sale.c.network_id == scope.network_id,
            sale.c.sold_on.between(scope.sold_from, scope.sold_to),
            sale.c.is_test.is_(False),
        )
    )


def _joined(cells: Subquery, scope: Scope) -> tuple[FromClause, Callable[[str], ColumnElement[Any]]]:
    """The cells beside what their campaign and contract belong to, and where each dimension's column stands."""
    asked = {*scope.key, *(f"{dimension}_id" for dimension in scope.wanted.ids)}
    source: FromClause = cells
    if asked.intersection(CAMPAIGNS_SIDE):
        same = (campaign.c.network_id == scope.network_id) & (campaign.c.campaign_id == cells.c.campaign_id)
        source = source.join(campaign, same)
    if asked.intersection(CONTRACTS_SIDE):
        same = (buyer_contract.c.network_id == scope.network_id) & (
            buyer_contract.c.buyer_contract_id == cells.c.buyer_contract_id
        )
        source = source.join(buyer_contract, same)

    def column_of(name: str) -> ColumnElement[Any]:
        if name in CAMPAIGNS_SIDE:
            return campaign.c[name]
        if name in CONTRACTS_SIDE:
            return buyer_contract.c[name]
        if name == "sub_id":
            return cells.c.sub_id_1
        return _date(cells, scope, name) if name in ("day", "week", "month") else cells.c[name]

    return source, column_of


def _date(cells: Subquery, scope: Scope, name: str) -> ColumnElement[Any]:
    """The first day of the day, week or month a sale was sold in: arithmetic of dates, which no zone can shift."""
    sold_on = cells.c.sold_on
    if name == "week":
        return cast(sold_on - cast((extract("isodow", sold_on) - scope.week_start + 7) % 7, Integer), Date)
    if name == "month":
        return cast(sold_on - cast(extract("day", sold_on) - 1, Integer), Date)
    return sold_on


def _conditions(
    cells: Subquery, scope: Scope, column_of: Callable[[str], ColumnElement[Any]]
) -> list[ColumnElement[bool]]:
    found = clauses(scope.wanted, lambda name: column_of(f"{name}_id" if name in scope.wanted.ids else name))
    if scope.updated_only:
        found.append(cells.c.updated != 0)
    if scope.with_sub_status_only:
        found.append(cells.c.sub_status_id != 0)
    return found


def _measures(cells: Subquery) -> list[ColumnElement[Any]]:
    """In the order of `StatusCell`."""
    sales = cells.c.sales
    return [
        _count(cells.c.leads),
        _count(sales),
        _count(sales, cells.c.updated != 0),
        *(func.sum(cells.c[name]) for name in ("gross", "revenue", "payout")),
        *(_count(sales, cells.c.return_state == state) for state in ("submitted", "credited", "replaced", "rejected")),
        *(_count(sales, cells.c.stage_reached >= stage) for stage in range(1, 5)),
    ]


def _count(column: ColumnElement[Any], condition: ColumnElement[bool] | None = None) -> ColumnElement[Any]:
    total = func.sum(column)
    counted: ColumnElement[Any] = total if condition is None else total.filter(condition)
    return cast(func.coalesce(counted, 0), BigInteger)
