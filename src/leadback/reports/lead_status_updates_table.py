"""The Lead Status report by date updated as a table of an export: totals first, one column for each number."""

from collections.abc import Sequence
from typing import Any

from leadback.kit.tabular import Column, Kind, Row, Table
from leadback.reports.cell import status_column, sub_status_column
from leadback.reports.lead_status_table import key_columns
from leadback.reports.lead_status_updates_model import LeadStatusUpdatesNumbers, LeadStatusUpdatesReport

COUNTS = ("updated", "updates", "sales")


def lead_status_updates_table(report: LeadStatusUpdatesReport, *, opened: bool) -> tuple[Table, list[Row]]:
    """The report's columns and rows; `opened`: with the sub-statuses. `row_kind` tells the totals from the rows."""
    keys = key_columns(report.by)
    numbers = _cells(report.totals, report.totals, opened=opened)
    kinds = {"adjustments": Kind.TOTAL}
    columns = [Column("row_kind"), *keys, *(Column(name, kinds.get(name, Kind.COUNT)) for name in numbers)]

    def row(kind: str, key: Sequence[Any], values: LeadStatusUpdatesNumbers) -> Row:
        return [kind, *key, *_cells(values, report.totals, opened=opened).values()]

    rows = [row("total", [None] * len(keys), report.totals)]
    rows += [row("row", [shaped.key[column.name] for column in keys], shaped.numbers) for shaped in report.rows]
    return Table("Lead Status by update", tuple(columns)), rows


def _cells(numbers: LeadStatusUpdatesNumbers, totals: LeadStatusUpdatesNumbers, *, opened: bool) -> dict[str, Any]:
    """By heading; the same headings for every row, which are those of the totals."""
    cells: dict[str, Any] = {name: getattr(numbers, name) for name in COUNTS}
    for status, total in totals.statuses.items():
        entered = numbers.statuses[status]
        cells[status_column(status)] = entered.sales
        cells[f"repeats:{status}"] = entered.repeats
        for sub_status in total.sub_statuses if opened else ():
            cells[sub_status_column(status, sub_status)] = entered.sub_statuses.get(sub_status, 0)
    for state in numbers.returns.__struct_fields__:
        cells[f"returns:{state}"] = getattr(numbers.returns, state)
    return cells | {"adjustments": numbers.adjustments}
