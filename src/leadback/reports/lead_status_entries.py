"""What became of sales in a range of days, as PostgreSQL counts it over the ledger's rows of these days.

What counts:

- *update*, *correction* and *return decision*. An *import* makes no sale updated: what it says of a sale held before.
- Not the rows of a run that was undone, and not those that undo it: together they are nothing.
- A sale *entered* a status with a row that left it at another status than before. A row that came out of order, or
  upon a terminal status that is kept, left it where it was.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    Subquery,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    select,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.columns import Total
from leadback.leads.rules import HAPPENED_AHEAD_MAX
from leadback.leads.tables import lead, lead_update, run, sale
from leadback.reports.lead_status_scope import Key, Scope, conditions, joined_with_parties, mark_column
from leadback.reports.lead_status_updates_model import Moment
from leadback.reports.model import SALE_MARKS, SUB_IDS, Returns

KINDS: Final = ("update", "correction", "return decision")
UPDATED_ON: Final = "updated_on"

OF_SALE: Final = (
    *("campaign_id", "buyer_contract_id", "sub_id_1", "sale_type", "updated"),
    *("stage_reached", "return_state", "return_reason_id"),
)

# Wider than any zone is from UTC, and than a clock change moves midnight: PostgreSQL's own days decide.
ZONES_MAX: Final = timedelta(days=1)


class UpdatesCell(NamedTuple):
    """What happened to the sales of one row; the key None for all rows together."""

    key: Key | None
    updated: int
    updates: int
    sales: int
    adjustments: Decimal
    submitted: int
    credited: int
    replaced: int
    rejected: int


class EnteredCell(NamedTuple):
    """The sales of one row that entered one status, or one sub-status of it: 0 for without one, None for any."""

    key: Key | None
    status_id: int
    sub_status_id: int | None
    sales: int
    entries: int


async def read_entries(
    connection: AsyncConnection, scope: Scope, moment: Moment, *, cells_max: int
) -> tuple[list[UpdatesCell], list[EnteredCell]]:
    """Rows with their totals, and both by status and sub-status; each list at most one longer than `cells_max`."""
    entry = _counted(scope, moment)
    keys = [entry.c[name] for name in scope.key]
    width = len(keys)
    sales = func.count(entry.c.sale_id.distinct())
    measures = [
        sales.filter(entry.c.counts_as_update),
        func.count().filter(entry.c.counts_as_update),
        sales.filter(entry.c.entered),
        cast(func.coalesce(func.sum(entry.c.revenue_delta), 0), Total),
        *(sales.filter(entry.c.return_state_entered == state) for state in Returns.__struct_fields__),
    ]
    rows = await connection.execute(_grouped(keys, [], measures).limit(cells_max + 1))
    updates = [UpdatesCell(_key(row, width), *row[width + 1 :]) for row in rows]
    entries = func.count().filter(entry.c.entered)
    by_status = _grouped(keys, [entry.c.status_id_after], [null(), sales.filter(entry.c.entered), entries])
    by_sub_status = _grouped(keys, [entry.c.status_id_after, entry.c.sub_status_id_after], [sales, func.count()])
    entered = []
    for statement, condition in ((by_status, entry.c.entered), (by_sub_status, entry.c.sub_status_entered)):
        rows = await connection.execute(statement.where(condition).limit(cells_max + 1))
        entered += [EnteredCell(_key(row, width), *row[width + 1 :]) for row in rows]
    return updates, entered


def _grouped(
    keys: Sequence[ColumnElement[Any]], more: Sequence[ColumnElement[Any]], measures: list[Any]
) -> Select[Any]:
    """By key and, whatever the key, for all: totals count a sale once that stands in several rows."""
    together = func.grouping(*keys).label("together")
    return select(*keys, together, *more, *measures).group_by(
        func.grouping_sets(tuple_(*keys, *more), tuple_(*more)) if more else func.rollup(tuple_(*keys))
    )


def _key(row: Any, width: int) -> Key | None:
    return None if row[width] else tuple(row[:width])


def _counted(scope: Scope, moment: Moment) -> Subquery:
    """The rows that count, with the columns of the key."""
    source = _entries(scope, moment)
    joined, columns = joined_with_parties(source, scope)
    keys = [columns[name].label(name) for name in scope.key]
    own = [source.c[name] for name in ("sale_id", "counts_as_update", "revenue_delta", "entered")]
    own += [source.c[name] for name in ("status_id_after", "sub_status_id_after", "sub_status_entered")]
    return (
        select(*keys, *own, source.c.return_state_entered)
        .select_from(joined)
        .where(*conditions(source, scope, columns))
        .subquery("counted")
    )


def _entries(scope: Scope, moment: Moment) -> Subquery:
    """The ledger's rows of the days, each beside its sale as it is now."""
    row = lead_update.c
    happened = moment is Moment.HAPPENED
    first = datetime.combine(scope.first_day, time.min, UTC) - ZONES_MAX
    last = datetime.combine(scope.last_day, time.max, UTC) + ZONES_MAX
    when = [row.received_at >= (first - HAPPENED_AHEAD_MAX if happened else first)]
    # What happened in the range may be received at any time after it.
    when += [row.happened_at.between(first, last)] if happened else [row.received_at <= last]
    local = func.timezone(literal(scope.time_zone), row.happened_at if happened else row.received_at)
    changed = row.status_id_after.is_distinct_from(row.status_id_before)
    entered = row.status_id_after.is_not(None) & changed
    divided = row.sub_status_id_after.is_not(None) & row.sub_status_id_after.is_distinct_from(row.sub_status_id_before)
    returned = row.return_state_after.is_distinct_from(row.return_state_before)
    undone = exists().where(run.c.network_id == scope.network_id, run.c.undoes_run_id == row.run_id)
    others = [] if scope.wanted.dimensions.isdisjoint(SUB_IDS[1:]) else SUB_IDS[1:]
    own = (sale.c.network_id == scope.network_id) & (sale.c.sale_id == row.sale_id)
    sold = select(sale).where(own).order_by(sale.c.sale_id).offset(0).lateral("sold")
    columns = [sold.c[name] for name in OF_SALE]
    columns += [mark_column(name, sold).label(name) for name in SALE_MARKS if name != "sale_id"]
    source = lead_update.join(sold, true())
    if others:
        of_lead = (lead.c.network_id == scope.network_id) & (lead.c.lead_key == sold.c.lead_key)
        found = select(*(lead.c[name] for name in others)).where(of_lead).offset(0).lateral("origin")
        columns += found.c
        source = source.join(found, true())
    return (
        select(
            row.network_id,
            row.sale_id,
            row.counts_as_update,
            row.revenue_delta,
            cast(local, Date).label(UPDATED_ON),
            row.status_id_after,
            func.coalesce(row.sub_status_id_after, 0).label("sub_status_id_after"),
            entered.label("entered"),
            (entered | divided).label("sub_status_entered"),
            case((returned, row.return_state_after)).label("return_state_entered"),
            func.coalesce(sold.c.status_id, 0).label("status_id"),
            func.coalesce(sold.c.sub_status_id, 0).label("sub_status_id"),
            *columns,
        )
        .select_from(source)
        .where(row.network_id == scope.network_id, *when, row.kind.in_(KINDS), ~undone, sold.c.is_test.is_(False))
        .subquery("entry")
    )
