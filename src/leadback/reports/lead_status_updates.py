"""The Lead Status report by date updated: which statuses sales entered in a range of days, whenever they were sold."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.model import Catalog, Status
from leadback.catalog.queries import read_catalog
from leadback.kit.errors import Refused
from leadback.networks.model import Network
from leadback.reports.filter import read_names, resolve, within
from leadback.reports.lead_status import REPORT_CELLS_MAX, SWITCHED_OFF, check_asked, check_cells
from leadback.reports.lead_status_entries import UPDATED_ON, EnteredCell, UpdatesCell, read_entries
from leadback.reports.lead_status_rows import NOTHING, key_of, name_row, row_order
from leadback.reports.lead_status_scope import Key, Scope, prepare
from leadback.reports.lead_status_updates_model import (
    EnteredCount,
    LeadStatusUpdatesNumbers,
    LeadStatusUpdatesQuery,
    LeadStatusUpdatesReport,
    LeadStatusUpdatesRow,
)
from leadback.reports.model import Returns

NO_UPDATES: Final = UpdatesCell(None, 0, 0, 0, NOTHING, 0, 0, 0, 0)


async def lead_status_updates(
    connection: AsyncConnection, network: Network, query: LeadStatusUpdatesQuery, *, cells_max: int = REPORT_CELLS_MAX
) -> LeadStatusUpdatesReport:
    """The report, of a connection from `Database.snapshot`; it costs as much as the ledger received in these days.

    Rows with an update, a correction or a decision on a return in range. Raises `Refused` as `lead_status` does.
    """
    if not network.lead_statuses:
        raise Refused(SWITCHED_OFF)
    check_asked(query.by, query.updated_from, query.updated_to)
    catalog = await read_catalog(connection, network.network_id)
    key = key_of(query.by)
    named = {name.removesuffix("_id") for name in key} | {condition.dimension for condition in query.conditions}
    names = await read_names(connection, network.network_id, catalog, named, query.buyer_ids)
    scope = Scope(
        network_id=network.network_id,
        time_zone=network.time_zone,
        week_start=network.week_start,
        first_day=query.updated_from,
        last_day=query.updated_to,
        day_column=UPDATED_ON,
        key=key,
        wanted=within(resolve(query.conditions, names), query.buyer_ids),
        updated_only=query.show_changes,
        with_sub_status_only=query.show_sub_status,
    )
    await prepare(connection, by_index=True)
    updates, entered = await read_entries(connection, scope, query.moment, cells_max=cells_max)
    check_cells(max(len(updates), len(entered)), cells_max)
    at_key: dict[Key | None, list[EnteredCell]] = {cell.key: [] for cell in (NO_UPDATES, *updates)}
    for cell in entered:
        at_key[cell.key].append(cell)
    statuses = _columns(catalog, at_key[None])
    numbers = {cell.key: _numbers(cell, at_key[cell.key], statuses, catalog) for cell in (NO_UPDATES, *updates)}
    totals = numbers.pop(None)
    rows = [LeadStatusUpdatesRow(name_row(query.by, found, names), numbers[found]) for found in numbers if found]
    return LeadStatusUpdatesReport(
        updated_from=query.updated_from,
        updated_to=query.updated_to,
        moment=query.moment,
        by=query.by,
        rows=tuple(sorted(rows, key=lambda row: row_order(query.by, row.key, row.numbers.updated))),
        totals=totals,
    )


def updates_document(report: LeadStatusUpdatesReport) -> dict[str, Any]:
    """The report as JSON has it: money as text with 4 decimals, a row's key beside its numbers."""
    return {
        "from": report.updated_from.isoformat(),
        "to": report.updated_to.isoformat(),
        "by_date_updated": str(report.moment),
        "by": [str(dimension) for dimension in report.by],
        "rows": [row.key | msgspec.to_builtins(row.numbers) for row in report.rows],
        "totals": msgspec.to_builtins(report.totals),
    }


def _columns(catalog: Catalog, entered: Iterable[EnteredCell]) -> list[Status]:
    """Active statuses always, inactive ones that were entered."""
    found = {cell.status_id for cell in entered}
    statuses = [item for item in catalog.statuses.values() if item.active or item.status_id in found]
    return sorted(statuses, key=lambda status: (status.position, status.status_id))


def _numbers(
    cell: UpdatesCell, entered: Iterable[EnteredCell], statuses: list[Status], catalog: Catalog
) -> LeadStatusUpdatesNumbers:
    by_status: dict[int, list[EnteredCell]] = {status.status_id: [] for status in statuses}
    for found in entered:
        by_status[found.status_id].append(found)
    return LeadStatusUpdatesNumbers(
        updated=cell.updated,
        updates=cell.updates,
        sales=cell.sales,
        statuses={status.name: _entered(by_status[status.status_id], catalog) for status in statuses},
        returns=Returns(cell.submitted, cell.credited, cell.replaced, cell.rejected),
        adjustments=cell.adjustments,
    )


def _entered(cells: list[EnteredCell], catalog: Catalog) -> EnteredCount:
    sales = repeats = without = 0
    divided = []
    for cell in cells:
        if cell.sub_status_id is None:
            sales, repeats = cell.sales, cell.entries - cell.sales
        elif cell.sub_status_id == 0:
            without = cell.sales
        else:
            divided.append((catalog.sub_statuses[cell.sub_status_id], cell.sales))
    divided.sort(key=lambda pair: (pair[0].position, pair[0].sub_status_id))
    sub_statuses = {item.name: count for item, count in divided}
    return EnteredCount(sales, repeats, sub_statuses | ({"": without} if without else {}))
