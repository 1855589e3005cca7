"""The numbers of the Lead Status report as PostgreSQL adds them up: from the rollups, the sales, or the ledger.

All three sources have the same columns (the rollups' key and measures), so that everything after them is one path. The
rollups cost as much as there are campaigns, days and statuses; only what they do not hold (sub ids, smallest and
largest values) is read from the sales in range, by index, and what was at a past moment from these and their ledger.
"""

from collections.abc import Collection
from decimal import Decimal
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Numeric,
    Select,
    Subquery,
    cast,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.leads.model import Updated
from leadback.leads.tables import (
    ROLLUP_KEY,
    field_delta,
    field_rollup,
    lead,
    lead_status_delta,
    lead_status_rollup,
    sale,
)
from leadback.reports.lead_status_as_of import sales_as_of
from leadback.reports.lead_status_scope import Key, Scope, conditions, joined_with_parties, mark_column
from leadback.reports.model import SALE_MARKS, SUB_IDS, Reached, Returns

COUNTED_BY: Final = ("status_id", "sub_status_id", "updated", "stage_reached", "return_state")
CONVERTED: Final = 1 + Reached.__struct_fields__.index("converted")
"""The stage from which on a sale has converted."""
SALES_PLACE: Final = 1
"""Where `_measures` has the sales."""


class RowCell(NamedTuple):
    """The sums of one row."""

    key: Key
    leads: int
    sales: int
    updated: int
    updated_by_buyer: int
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


class ConversionCell(NamedTuple):
    """The sales of one row and contract, or of a part of them, and how many of them ever converted."""

    key: Key
    buyer_contract_id: int
    sales: int
    converted: int


class FieldCell(NamedTuple):
    """The values of one field in one row, or in a part of it; smallest and largest None where not asked for."""

    key: Key
    field_id: int
    value_count: int
    value_sum: Decimal
    smallest: Decimal | None
    largest: Decimal | None


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


async def read_conversion_cells(connection: AsyncConnection, scope: Scope) -> list[ConversionCell]:
    """The sales of every row by contract, in one part or two each."""
    sources = [_sales(scope)] if scope.needs_sales else [lead_status_rollup, lead_status_delta]
    halves = []
    for source in sources:
        joined, columns = joined_with_parties(source, scope)
        groups = [*(columns[name] for name in scope.key), source.c.buyer_contract_id]
        counts = _count(source.c.sales), _count(source.c.sales, source.c.stage_reached >= CONVERTED)
        halves.append(
            select(*groups, *counts)
            .select_from(joined)
            .where(*conditions(source, scope, columns))
            .group_by(*dict.fromkeys(groups))
        )
    width = len(scope.key)
    return [ConversionCell(tuple(row[:width]), *row[width:]) for row in await connection.execute(union_all(*halves))]


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
        joined, columns = joined_with_parties(source, scope)
        groups = [*(columns[name] for name in scope.key), source.c.field_id]
        value = source.c.value_sum
        ends = [func.min(value), func.max(value)] if extremes else [cast(null(), Numeric), cast(null(), Numeric)]
        halves.append(
            select(*groups, _count(source.c.value_count), func.sum(value), *ends)
            .select_from(joined)
            .where(source.c.field_id.in_(sorted(field_ids)), *conditions(source, scope, columns))
            .group_by(*groups)
        )
    width = len(scope.key)
    return [FieldCell(tuple(row[:width]), *row[width:]) for row in await connection.execute(union_all(*halves))]


def _sums(source: FromClause, scope: Scope) -> Select[Any]:
    joined, columns = joined_with_parties(source, scope)
    groups = [columns[name].label(name) for name in scope.key]
    groups += [source.c[name].label(name) for name in COUNTED_BY]
    sums = [func.sum(source.c[name]).label(name) for name in ("leads", "sales", "gross", "revenue", "payout")]
    return select(*groups, *sums).select_from(joined).where(*conditions(source, scope, columns)).group_by(*groups)


def _sales(scope: Scope) -> Subquery:
    held = _held(scope)
    measures = [
        cast(held.c.first_of_lead, Integer).label("leads"),
        literal(1, Integer).label("sales"),
        held.c.sold_price.label("gross"),
        held.c.revenue,
        held.c.payout_share.label("payout"),
    ]
    return _sales_of(measures, held, held, scope).subquery("sold")


def _sales_values(scope: Scope, field_ids: Collection[int]) -> Subquery:
    held = _held(scope)
    entry = func.jsonb_each_text(held.c.field_values).table_valued("key", "value", name="entry")
    measures = [
        cast(entry.c.key, Integer).label("field_id"),
        literal(1, Integer).label("value_count"),
        cast(entry.c.value, Numeric).label("value_sum"),
    ]
    statement = _sales_of(measures, held, held.join(entry, true()), scope)
    # Before any value becomes a number: other fields hold text.
    return statement.where(entry.c.key.in_([str(field_id) for field_id in sorted(field_ids)])).subquery("sold")


def _held(scope: Scope) -> FromClause:
    """The sales themselves, as they stand or as they stood."""
    return sale if scope.as_of is None else sales_as_of(scope)


def _sales_of(measures: list[Any], held: FromClause, source: FromClause, scope: Scope) -> Select[Any]:
    key = {
        "status_id": func.coalesce(held.c.status_id, 0),
        "sub_status_id": func.coalesce(held.c.sub_status_id, 0),
        "return_state": func.coalesce(held.c.return_state, ""),
    }
    columns: list[ColumnElement[Any]] = [held.c.network_id, held.c.sub_id_1]
    columns += [key[name].label(name) if name in key else held.c[name] for name in ROLLUP_KEY]
    others = [] if scope.wanted.dimensions.isdisjoint(SUB_IDS[1:]) else SUB_IDS[1:]
    if others and scope.as_of is None:
        source = source.join(lead, (lead.c.network_id == held.c.network_id) & (lead.c.lead_key == held.c.lead_key))
        columns += [lead.c[name] for name in others]
    else:
        columns += [held.c[name] for name in others]
    columns += [held.c.return_reason_id, *(mark_column(name, held).label(name) for name in SALE_MARKS)]
    return select(*columns, *measures).select_from(source).where(held.c.is_test.is_(False))


def _measures(cell: FromClause) -> list[ColumnElement[Any]]:
    """In the order of `RowCell`."""
    sales = cell.c.sales
    return [
        _count(cell.c.leads),
        _count(sales),
        _count(sales, cell.c.updated != 0),
        _count(sales, cell.c.updated == Updated.BY_BUYER),
        *(func.sum(cell.c[name]) for name in ("gross", "revenue", "payout")),
        *(_count(sales, cell.c.return_state == state) for state in Returns.__struct_fields__),
        *(_count(sales, cell.c.stage_reached >= stage) for stage in range(1, 1 + len(Reached.__struct_fields__))),
    ]


def _count(column: ColumnElement[Any], condition: ColumnElement[bool] | None = None) -> ColumnElement[Any]:
    total = func.sum(column)
    counted: ColumnElement[Any] = total if condition is None else total.filter(condition)
    return cast(func.coalesce(counted, 0), BigInteger)
