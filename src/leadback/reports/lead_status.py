"""The Lead Status report: what became of the sales of a period, by campaign or whatever is asked for."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.model import Catalog, Summary
from leadback.catalog.queries import read_catalog
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.networks.model import Network
from leadback.reports.filter import read_names, resolve, within
from leadback.reports.lead_status_cells import FieldCell, read_cells, read_field_cells
from leadback.reports.lead_status_index import read_usual_conversions
from leadback.reports.lead_status_rows import Cells, key_of, shape_report, summarised
from leadback.reports.lead_status_scope import Scope, prepare
from leadback.reports.model import Dimension, LeadStatusQuery, LeadStatusReport

REPORT_DAYS_MAX: Final = 3700
DIMENSIONS_MAX: Final = 2
REPORT_CELLS_MAX: Final = 250_000

SWITCHED_OFF: Final = (
    "Lead Statuses is switched off for this network. Switch it on: leadback network set --lead-statuses on"
)


async def lead_status(
    connection: AsyncConnection, network: Network, query: LeadStatusQuery, *, cells_max: int = REPORT_CELLS_MAX
) -> LeadStatusReport:
    """The report, of a connection from `Database.snapshot`: it takes several statements, which must see one moment.

    Now, or *as of* a past moment: with the sales sold by then, each as it stood; names and the zone are today's.
    Raises `Refused` where the report is switched off, the query names what there is not, or it would be too long.
    """
    if not network.lead_statuses:
        raise Refused(SWITCHED_OFF)
    check_asked(query.by, query.sold_from, query.sold_to)
    if query.as_of is not None and query.as_of > now():
        raise Refused("As of a moment that is still to come nothing is known yet; give a past one.")
    catalog = await read_catalog(connection, network.network_id)
    key = key_of(query.by)
    named = {name.removesuffix("_id") for name in key} | {condition.dimension for condition in query.conditions}
    names = await read_names(connection, network.network_id, catalog, named, query.buyer_ids)
    wanted = within(resolve(query.conditions, names), query.buyer_ids)
    scope = Scope(
        network_id=network.network_id,
        time_zone=network.time_zone,
        week_start=network.week_start,
        first_day=query.sold_from,
        last_day=query.sold_to,
        key=key,
        wanted=wanted,
        updated_only=query.show_changes,
        with_sub_status_only=query.show_sub_status,
        as_of=query.as_of,
    )
    await prepare(connection, by_index=query.as_of is not None)
    rows, statuses = await read_cells(connection, scope, cells_max=cells_max)
    check_cells(len(rows) + len(statuses), cells_max)
    values = await _read_values(connection, scope, catalog) if query.with_fields else []
    usual = None
    if query.with_index:
        usual = await read_usual_conversions(connection, scope, buyer_ids=query.buyer_ids)
    return shape_report(query, wanted, Cells(rows, statuses, values, usual), catalog, names)


async def _read_values(connection: AsyncConnection, scope: Scope, catalog: Catalog) -> list[FieldCell]:
    ends = [field.field_id for field in summarised(catalog) if field.summary in (Summary.MIN, Summary.MAX)]
    sums = [field.field_id for field in summarised(catalog) if field.field_id not in ends]
    if scope.needs_sales:
        return await read_field_cells(connection, scope, ends + sums, extremes=True)
    values = await read_field_cells(connection, scope, sums, extremes=False)
    return values + await read_field_cells(connection, scope, ends, extremes=True)


def check_asked(by: Sequence[Dimension], first: date, last: date) -> None:
    """Raise `Refused` unless there is such a report: rows of one or two dimensions, over a range of days."""
    if not 1 <= len(by) <= DIMENSIONS_MAX or len(set(by)) != len(by):
        raise Refused("A report is divided by one dimension or by two different ones.")
    check_days(first, last)


def check_days(first: date, last: date) -> None:
    """Raise `Refused` unless the days are in order and not too many."""
    if first > last:
        raise Refused(f"The first day, {first}, is after the last, {last}.")
    if (last - first).days >= REPORT_DAYS_MAX:
        raise Refused(f"A report is of at most {REPORT_DAYS_MAX} days; ask for several.")


def check_cells(cells: int, cells_max: int) -> None:
    """Raise `Refused` where a report was read only in part because it is too long."""
    if cells > cells_max:
        raise Refused(
            f"The report would hold more than {cells_max} numbers of sales by row and status."
            " Ask for fewer days, filter, or divide it by one dimension."
        )
