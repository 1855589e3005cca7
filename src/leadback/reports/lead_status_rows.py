"""The Lead Status report from its cells: rows, columns, totals and their order, on values alone."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import msgspec

from leadback.catalog.model import Catalog, Field, Status, Summary
from leadback.reports.filter import Names
from leadback.reports.lead_status_cells import KEY_OF, FieldCell, Key, StatusCell
from leadback.reports.model import (
    DATES,
    SALE_SIDE,
    Dimension,
    Filter,
    LeadStatusNumbers,
    LeadStatusQuery,
    LeadStatusReport,
    LeadStatusRow,
    Reached,
    Returns,
    StatusCount,
)

STEP: Final = Decimal("0.0001")
NOTHING: Final = Decimal("0.0000")


class Tally:
    """The sums of one row, or of all."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(
            ("leads", "sales", "updated", *Returns.__struct_fields__, *Reached.__struct_fields__), 0
        )
        self.money = dict.fromkeys(("gross", "revenue", "payout"), NOTHING)
        self.sales_at: dict[tuple[int, int], int] = {}
        self.fields: dict[int, FieldCell] = {}

    def add(self, cell: StatusCell) -> None:
        """Count the sales of one cell."""
        for name in self.counts:
            self.counts[name] += getattr(cell, name)
        for name in self.money:
            self.money[name] += getattr(cell, name)
        place = (cell.status_id, cell.sub_status_id)
        self.sales_at[place] = self.sales_at.get(place, 0) + cell.sales

    def add_values(self, cell: FieldCell) -> None:
        """Take in the values of one field."""
        known = self.fields.get(cell.field_id)
        if known is not None:
            cell = cell._replace(
                value_count=known.value_count + cell.value_count,
                value_sum=known.value_sum + cell.value_sum,
                smallest=_pick(min, known.smallest, cell.smallest),
                largest=_pick(max, known.largest, cell.largest),
            )
        self.fields[cell.field_id] = cell


class Columns(msgspec.Struct, frozen=True):
    """The columns that differ from report to report."""

    leads: bool
    statuses: tuple[Status, ...]
    fields: tuple[Field, ...]


def shape_report(
    query: LeadStatusQuery,
    wanted: Filter,
    cells: Iterable[StatusCell],
    field_cells: Iterable[FieldCell],
    catalog: Catalog,
    names: Names,
) -> LeadStatusReport:
    """Rows by most sales, then name, dates first and in their order; the totals are the sums of the rows' cells."""
    rows: dict[Key, Tally] = {}
    totals = Tally()
    for cell in cells:
        rows.setdefault(cell.key, Tally()).add(cell)
        totals.add(cell)
    for values in field_cells:
        rows[values.key].add_values(values)
        totals.add_values(values)
    columns = choose_columns(query.by, wanted, totals, catalog)
    shaped = [
        LeadStatusRow(name_row(query.by, key, names), numbers_of(tally, columns, catalog))
        for key, tally in rows.items()
    ]
    return LeadStatusReport(
        sold_from=query.sold_from,
        sold_to=query.sold_to,
        by=query.by,
        rows=tuple(sorted(shaped, key=_order(query.by))),
        totals=numbers_of(totals, columns, catalog),
    )


def key_of(by: Sequence[Dimension]) -> tuple[str, ...]:
    """What tells the rows of a report apart: the columns of its dimensions, each once."""
    return tuple(dict.fromkeys(name for dimension in by for name in KEY_OF[dimension]))


def choose_columns(by: Sequence[Dimension], wanted: Filter, totals: Tally, catalog: Catalog) -> Columns:
    """Active statuses and summarised fields always; inactive ones where they have sales or values in the report."""
    used = {status_id for status_id, _ in totals.sales_at}
    statuses = [status for status in catalog.statuses.values() if status.active or status.status_id in used]
    fields = summarised(catalog)
    return Columns(
        leads=not wanted.dimensions.union(by).intersection(SALE_SIDE),
        statuses=tuple(sorted(statuses, key=lambda status: (status.position, status.status_id))),
        fields=tuple(field for field in fields if field.active or field.field_id in totals.fields),
    )


def summarised(catalog: Catalog) -> list[Field]:
    """The fields with a summary, in their order."""
    fields = [field for field in catalog.fields.values() if field.summary is not Summary.NONE]
    return sorted(fields, key=lambda field: (field.position, field.field_id))


def name_row(by: Sequence[Dimension], key: Key, names: Names) -> dict[str, int | str | None]:
    """Ids with their names, dates as they are written: a day and a week's first day 2018-01-31, a month 2018-01."""
    named: dict[str, int | str | None] = {}
    for name, value in zip(key_of(by), key, strict=True):
        dimension = name.removesuffix("_id")
        if dimension in names:
            named[name] = value
            named[dimension] = None if value is None else names[dimension][value]
        elif isinstance(value, date):
            named[name] = value.isoformat()[: len("2018-01") if name == "month" else None]
        else:
            named[name] = value
    return named


def numbers_of(tally: Tally, columns: Columns, catalog: Catalog) -> LeadStatusNumbers:
    """A row's numbers in the report's columns."""
    counts, money = tally.counts, tally.money
    statuses = {status.name: _status_count(tally, status, catalog) for status in columns.statuses}
    no_status = tally.sales_at.get((0, 0), 0)
    assert sum(count.sales for count in statuses.values()) + no_status == counts["sales"], "every sale in one column"
    return LeadStatusNumbers(
        leads=counts["leads"] if columns.leads else None,
        sales=counts["sales"],
        updated=counts["updated"],
        statuses=statuses,
        no_status=no_status,
        fields={field.name: _summary(field.summary, tally.fields.get(field.field_id)) for field in columns.fields},
        gross=money["gross"],
        adjustments=money["revenue"] - money["gross"],
        revenue=money["revenue"],
        payout=money["payout"],
        margin=money["revenue"] - money["payout"],
        returns=Returns(*(counts[name] for name in Returns.__struct_fields__)),
        reached=Reached(*(counts[name] for name in Reached.__struct_fields__)),
    )


def as_document(report: LeadStatusReport) -> dict[str, Any]:
    """The report as JSON has it: money as text with 4 decimals, a row's key beside its numbers."""
    return {
        "from": report.sold_from.isoformat(),
        "to": report.sold_to.isoformat(),
        "by": [str(dimension) for dimension in report.by],
        "rows": [row.key | msgspec.to_builtins(row.numbers) for row in report.rows],
        "totals": msgspec.to_builtins(report.totals),
    }


def _status_count(tally: Tally, status: Status, catalog: Catalog) -> StatusCount:
    at = {sub_id: sales for (status_id, sub_id), sales in tally.sales_at.items() if status_id == status.status_id}
    without = at.pop(0, 0)
    in_order = sorted(at, key=lambda sub_id: (catalog.sub_statuses[sub_id].position, sub_id))
    divided = {catalog.sub_statuses[sub_id].name: at[sub_id] for sub_id in in_order}
    if without:
        divided[""] = without
    return StatusCount(sum(divided.values()), divided)


def _summary(summary: Summary, cell: FieldCell | None) -> dict[str, Decimal | int | None]:
    match summary:
        case Summary.AVERAGE if cell is None:
            return {"average": None, "count": 0}
        case Summary.AVERAGE:
            assert cell is not None
            return {
                "average": (cell.value_sum / cell.value_count).quantize(STEP, ROUND_HALF_UP),
                "count": cell.value_count,
            }
        case Summary.SUM:
            return {"sum": None if cell is None else cell.value_sum}
        case Summary.MIN:
            return {"min": None if cell is None else cell.smallest}
        case Summary.MAX:
            return {"max": None if cell is None else cell.largest}
        case Summary.NONE:
            raise AssertionError("a field without a summary is no column")


def _order(by: Sequence[Dimension]) -> Any:
    dates = [dimension for dimension in by if dimension in DATES]
    others = [dimension for dimension in by if dimension not in DATES]

    def place(row: LeadStatusRow) -> tuple[Any, ...]:
        known = {name: "" if value is None else value for name, value in row.key.items()}
        ids = [value for value in known.values() if isinstance(value, int)]
        return [known[name] for name in dates], -row.numbers.sales, [known[name] for name in others], ids

    return place


def _pick(choose: Any, one: Decimal | None, other: Decimal | None) -> Decimal | None:
    values = [value for value in (one, other) if value is not None]
    return choose(values) if values else None
