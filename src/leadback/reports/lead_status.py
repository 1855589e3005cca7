"""The Lead Status report: what became of the sales of a period, by campaign or whatever is asked for."""

from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.model import Summary
from leadback.catalog.queries import read_catalog
from leadback.kit.errors import Refused
from leadback.networks.model import Network
from leadback.reports.filter import read_names, resolve
from leadback.reports.lead_status_cells import FieldCell, Scope, prepare, read_cells, read_field_cells
from leadback.reports.lead_status_rows import Cells, key_of, shape_report, summarised
from leadback.reports.model import LeadStatusQuery, LeadStatusReport

REPORT_DAYS_MAX: Final = 3700
DIMENSIONS_MAX: Final = 2
REPORT_CELLS_MAX: Final = 250_000

SWITCHED_OFF: Final = (
    "Lead Statuses is switched off for this network. Switch it on: leadback network set --lead-statuses on"
)


async def lead_status(
    connection: AsyncConnection, network: Network, query: LeadStatusQuery, *, cells_max: int = REPORT_CELLS_MAX
) -> LeadStatusReport:
    """The report now, of a connection from `Database.snapshot`: it takes several statements, which must see one moment.

    Raises `Refused` where the report is switched off, the query names what there is not, or it would be too long.
    """
    if not network.lead_statuses:
        raise Refused(SWITCHED_OFF)
    _check(query)
    catalog = await read_catalog(connection, network.network_id)
    key = key_of(query.by)
    named = {name.removesuffix("_id") for name in key} | {condition.dimension for condition in query.conditions}
    names = await read_names(connection, network.network_id, catalog, named)
    wanted = resolve(query.conditions, names)
    scope = Scope(
        network_id=network.network_id,
        sold_from=query.sold_from,
        sold_to=query.sold_to,
        week_start=network.week_start,
        key=key,
        wanted=wanted,
        updated_only=query.show_changes,
        with_sub_status_only=query.show_sub_status,
    )
    await prepare(connection)
    rows, statuses = await read_cells(connection, scope, cells_max=cells_max)
    if len(rows) + len(statuses) > cells_max:
        raise Refused(
            f"The report would hold more than {cells_max} numbers of sales by row and status."
            " Ask for fewer days, filter, or divide it by one dimension."
        )
    values: list[FieldCell] = []
    for extremes in (False, True):
        chosen = [f.field_id for f in summarised(catalog) if (f.summary in (Summary.MIN, Summary.MAX)) is extremes]
        values += await read_field_cells(connection, scope, chosen, extremes=extremes)
    return shape_report(query, wanted, Cells(rows, statuses, values), catalog, names)


def _check(query: LeadStatusQuery) -> None:
    if not 1 <= len(query.by) <= DIMENSIONS_MAX or len(set(query.by)) != len(query.by):
        raise Refused("A report is divided by one dimension or by two different ones.")
    check_days(query.sold_from, query.sold_to)


def check_days(sold_from: date, sold_to: date) -> None:
    """Raise `Refused` unless the days are in their order and not too many."""
    if sold_from > sold_to:
        raise Refused(f"The first day, {sold_from}, is after the last, {sold_to}.")
    if (sold_to - sold_from).days >= REPORT_DAYS_MAX:
        raise Refused(f"A report is of at most {REPORT_DAYS_MAX} days; ask for several.")
