"""The numbers of the Lead Status report as PostgreSQL adds them up, from the rollups or from the sales themselves.

Both sources have the same columns (the rollups' key and measures), so that everything after them is one path. The
rollups cost as much as there are campaigns, days and statuses; only what they do not hold (sub ids, smallest and
largest values) is read from the sales in range, by index.
"""

from collections.abc import Collection
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
    null,
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
from leadback.reports.model import SALE_MARKS, SUB_IDS, Dimension, Filter, Reached, Returns

CAMPAIGNS_SIDE: Final = ("affiliate_id", "offer_id")
CONTRACTS_SIDE: Final = ("buyer_id", "vertical_id")

COUNTED_BY: Final = ("status_id", "sub_status_id", "updated", "stage_reached", "return_state")
SALES_PLACE: Final = 1
"""Where `_measures` has the sales."""
SALES_ONLY: Final = (*SUB_IDS, "return_reason", *SALE_MARKS)
"""The dimensions that no rollup has."""
WORK_MEM: Final = "64MB"

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
        """Whether the rollups, which hold no sub ids and know no single sale, cannot answer."""
        return "sub_id" in self.key or not self.wanted.dimensions.isdisjoint(SALES_ONLY)


class RowCell(NamedTuple):
    """The sums of one row."""

    key: Key
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


class StatusCell(NamedTuple):
    """The sales of one row that stand at one status and sub-status; 0 for none."""

    key: Key
    status_id: int
    sub_status_id: int
    sales: int


class FieldCell(NamedTuple):
    """The values of one field in one row, or in a part of it; smallest and largest None where not asked for."""

    key: Key
    field_id: int
    value_count: int
    value_sum: Decimal
    smallest: Decimal | None
    largest: Decimal | None


async def prepare(connection: AsyncConnection) -> None:
    """Let the transaction's statements add up in memory, and without the compiling that costs more than it saves."""
    settings = func.set_config("work_mem", WORK_MEM, True), func.set_config("jit", "off", True)
    await connection.execute(select(*settings))


async def read_cells(
    connection: AsyncConnection, scope: Scope, *, cells_max: int
) -> tuple[list[RowCell], list[StatusCell]]:
    """The rows that have sales, and their sales by status; together at most one more than `cells_max`.

    The sums by all that is counted are made first, once for the rollup and once for the deltas; what is left is small.
    """
    sources = [_sales(scope)] if scope.needs_sales else [lead_status_rollup, lead_status_delta]
    # One statement for both: a fold between two would be counted twice or not at all.
    cell = union_all(*(_sums(source, scope) for source in sources)).cte("cell")
    keys = [cell.c[name] for name in scope.key]
    statuses = [cell.c.status_id, cell.c.sub_status_id]
    measures = _measures(cell)
    rows = select(*keys, *(cast(null(), Integer) for _ in statuses), *measures)
    by_status = select(
        *keys,
        *statuses,
        *(_count(cell.c.sales) if place == SALES_PLACE else cast(null(), BigInteger) for place in range(len(measures))),
    )
    has_sales = func.sum(cell.c.sales) != 0
    statement = union_all(
        rows.group_by(*keys).having(has_sales), by_status.group_by(*keys, *statuses).having(has_sales)
    ).limit(cells_max + 1)
    row_cells, status_cells = [], []
    width = len(keys)
    for row in await connection.execute(statement):
        if row[width] is None:
            row_cells.append(RowCell(tuple(row[:width]), *row[width + 2 :]))
        else:
            status_cells.append(
                StatusCell(tuple(row[:width]), row[width], row[width + 1], row[width + 2 + SALES_PLACE])
            )
    return row_cells, status_cells


async def read_field_cells(
    connection: AsyncConnection, scope: Scope, field_ids: Collection[int], *, extremes: bool
) -> list[FieldCell]:
    """The values of these Number fields, in one part or two for each row; smallest and largest take the sales' own."""
    if not field_ids:
        return []
    from_sales = extremes or scope.needs_sales
    sources = [_sales_values(scope, field_ids)] if from_sales else [field_rollup, field_delta]
    halves = []
    for source in sources:
        joined, columns = _joined(source, scope)
        groups = [*(columns[name] for name in scope.key), source.c.field_id]
        value = source.c.value_sum
        ends = [func.min(value), func.max(value)] if extremes else [cast(null(), Numeric), cast(null(), Numeric)]
        halves.append(
            select(*groups, _count(source.c.value_count), func.sum(value), *ends)
            .select_from(joined)
            .where(source.c.field_id.in_(sorted(field_ids)), *_conditions(source, scope, columns))
            .group_by(*groups)
        )
    width = len(scope.key)
    return [FieldCell(tuple(row[:width]), *row[width:]) for row in await connection.execute(union_all(*halves))]


def _sums(source: FromClause, scope: Scope) -> Select[Any]:
    joined, columns = _joined(source, scope)
    groups = [columns[name].label(name) for name in scope.key]
    groups += [source.c[name].label(name) for name in COUNTED_BY]
    sums = [func.sum(source.c[name]).label(name) for name in ("leads", "sales", "gross", "revenue", "payout")]
    return select(*groups, *sums).select_from(joined).where(*_conditions(source, scope, columns)).group_by(*groups)


def _sales(scope: Scope) -> Subquery:
    measures = [
        cast(sale.c.first_of_lead, Integer).label("leads"),
        literal(1, Integer).label("sales"),
        sale.c.sold_price.label("gross"),
        sale.c.revenue,
        sale.c.payout_share.label("payout"),
    ]
    return _sales_of(measures, sale, scope).subquery("sold")


def _sales_values(scope: Scope, field_ids: Collection[int]) -> Subquery:
    entry = func.jsonb_each_text(sale.c.field_values).table_valued("key", "value", name="entry")
    measures = [
        cast(entry.c.key, Integer).label("field_id"),
        literal(1, Integer).label("value_count"),
        cast(entry.c.value, Numeric).label("value_sum"),
    ]
    statement = _sales_of(measures, sale.join(entry, true()), scope)
    # Before any value becomes a number: other fields hold text.
    return statement.where(entry.c.key.in_([str(field_id) for field_id in sorted(field_ids)])).subquery("sold")


def _sales_of(measures: list[Any], source: FromClause, scope: Scope) -> Select[Any]:
    key = {
        "status_id": func.coalesce(sale.c.status_id, 0),
        "sub_status_id": func.coalesce(sale.c.sub_status_id, 0),
        "return_state": func.coalesce(sale.c.return_state, ""),
    }
    columns: list[ColumnElement[Any]] = [sale.c.network_id, sale.c.sub_id_1]
    columns += [key[name].label(name) if name in key else sale.c[name] for name in ROLLUP_KEY]
    if not scope.wanted.dimensions.isdisjoint(SUB_IDS[1:]):
        source = source.join(lead, (lead.c.network_id == sale.c.network_id) & (lead.c.lead_key == sale.c.lead_key))
        columns += [lead.c[name] for name in SUB_IDS[1:]]
    columns += [sale.c.return_reason_id, *(mark_column(name).label(name) for name in SALE_MARKS)]
    return select(*columns, *measures).select_from(source).where(sale.c.is_test.is_(False))


def _joined(source: FromClause, scope: Scope) -> tuple[FromClause, dict[str, ColumnElement[Any]]]:
    """The cells beside what their campaign and contract belong to, and the column of everything asked for."""
    asked = {*scope.key, *(f"{dimension}_id" for dimension in scope.wanted.ids), *scope.wanted.texts}
    joined = source
    if asked.intersection(CAMPAIGNS_SIDE):
        same = (campaign.c.network_id == source.c.network_id) & (campaign.c.campaign_id == source.c.campaign_id)
        joined = joined.join(campaign, same)
    if asked.intersection(CONTRACTS_SIDE):
        same = (buyer_contract.c.network_id == source.c.network_id) & (
            buyer_contract.c.buyer_contract_id == source.c.buyer_contract_id
        )
        joined = joined.join(buyer_contract, same)
    return joined, {name: dimension_column(source, name, week_start=scope.week_start) for name in asked}


def mark_column(name: str) -> ColumnElement[Any]:
    """The sale's column of a mark; leads are compared without case."""
    return sale.c.lead_key if name == "lead_id" else sale.c[name]


def dimension_column(source: FromClause, name: str, *, week_start: int) -> ColumnElement[Any]:
    """The column of a dimension over sales or rollups, joined with what their campaign and contract belong to."""
    # Days, weeks and months by arithmetic of dates, which no zone can shift.
    if name in CAMPAIGNS_SIDE:
        return campaign.c[name]
    if name in CONTRACTS_SIDE:
        return buyer_contract.c[name]
    match name:
        case "sub_id":
            return source.c.sub_id_1
        case "reached":
            return source.c.stage_reached
        case "day":
            return source.c.sold_on
        case "week":
            since = cast((extract("isodow", source.c.sold_on) - week_start + 7) % 7, Integer)
            return cast(source.c.sold_on - since, Date)
        case "month":
            return cast(source.c.sold_on - cast(extract("day", source.c.sold_on) - 1, Integer), Date)
        case _:
            return source.c[name]


def _conditions(source: FromClause, scope: Scope, columns: dict[str, ColumnElement[Any]]) -> list[ColumnElement[bool]]:
    found = [
        source.c.network_id == scope.network_id,
        source.c.sold_on.between(scope.sold_from, scope.sold_to),
        *clauses(scope.wanted, columns.__getitem__),
    ]
    if scope.updated_only:
        found.append(source.c.updated != 0)
    if scope.with_sub_status_only:
        found.append(source.c.sub_status_id != 0)
    return found


def _measures(cell: FromClause) -> list[ColumnElement[Any]]:
    """In the order of `RowCell`."""
    sales = cell.c.sales
    return [
        _count(cell.c.leads),
        _count(sales),
        _count(sales, cell.c.updated != 0),
        *(func.sum(cell.c[name]) for name in ("gross", "revenue", "payout")),
        *(_count(sales, cell.c.return_state == state) for state in Returns.__struct_fields__),
        *(_count(sales, cell.c.stage_reached >= stage) for stage in range(1, 1 + len(Reached.__struct_fields__))),
    ]


def _count(column: ColumnElement[Any], condition: ColumnElement[bool] | None = None) -> ColumnElement[Any]:
    total = func.sum(column)
    counted: ColumnElement[Any] = total if condition is None else total.filter(condition)
    return cast(func.coalesce(counted, 0), BigInteger)
