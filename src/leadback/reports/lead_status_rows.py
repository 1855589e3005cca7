"""The Lead Status report from its cells: rows, columns, totals and their order, on values alone."""

import operator
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any, Final

import msgspec

from leadback.catalog.model import Catalog, Field, Status, SubStatus, Summary
from leadback.reports.filter import Names
from leadback.reports.lead_status_cells import FieldCell, RowCell, StatusCell
from leadback.reports.lead_status_ratios import RatioOf, rounded
from leadback.reports.lead_status_scope import KEY_OF, Key
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
        self.sums = RowCell((), 0, 0, 0, 0, NOTHING, NOTHING, NOTHING, 0, 0, 0, 0, 0, 0, 0, 0)
        self.sales_at: dict[int, dict[int, int]] = {}
        """By status, then sub-status; 0 for none."""
        self._fields: dict[int, FieldCell] = {}

    def add(self, cell: RowCell) -> None:
        """Take in the sums of one row."""
        self.sums = RowCell((), *map(operator.add, self.sums[1:], cell[1:]))

    def add_sales(self, cell: StatusCell) -> None:
        """Take in the sales at one status."""
        there = self.sales_at.setdefault(cell.status_id, {})
        there[cell.sub_status_id] = there.get(cell.sub_status_id, 0) + cell.sales

    def add_values(self, cell: FieldCell) -> None:
        """Take in the values of one field."""
        known = self._fields.get(cell.field_id)
        if known is not None:
            cell = cell._replace(
                value_count=known.value_count + cell.value_count,
                value_sum=known.value_sum + cell.value_sum,
                smallest=_pick(min, known.smallest, cell.smallest),
                largest=_pick(max, known.largest, cell.largest),
            )
        self._fields[cell.field_id] = cell

    @property
    def values(self) -> dict[int, FieldCell]:
        """By field, those that have any."""
        return {field_id: cell for field_id, cell in self._fields.items() if cell.value_count}


class Cells(msgspec.Struct, frozen=True):
    """What was read."""

    rows: list[RowCell]
    statuses: list[StatusCell]
    fields: list[FieldCell]
    usual_conversions: Mapping[Key, Fraction] | None = None
    """By row, where it was asked for."""


class Columns(msgspec.Struct, frozen=True):
    """The columns that differ from report to report."""

    leads: bool
    statuses: tuple[Status, ...]
    sub_statuses: Mapping[int, SubStatus]
    fields: tuple[Field, ...]


def shape_report(
    query: LeadStatusQuery, wanted: Filter, cells: Cells, catalog: Catalog, names: Names
) -> LeadStatusReport:
    """Rows by most sales, then name, dates first and in their order; the totals are the sums of the rows' cells."""
    totals = Tally()
    rows = {cell.key: Tally() for cell in cells.rows}
    for cell in cells.rows:
        rows[cell.key].add(cell)
        totals.add(cell)
    for at_status in cells.statuses:
        rows[at_status.key].add_sales(at_status)
        totals.add_sales(at_status)
    for values in cells.fields:
        # What the deltas take away again may leave a part without sales: it adds up to nothing.
        if values.key in rows:
            rows[values.key].add_values(values)
        totals.add_values(values)
    columns = choose_columns(query.by, wanted, totals, catalog)
    usual = cells.usual_conversions
    shaped = [
        LeadStatusRow(
            name_row(query.by, key, names),
            numbers_of(tally, columns, None if usual is None else usual.get(key, Fraction(0))),
        )
        for key, tally in rows.items()
    ]
    return LeadStatusReport(
        sold_from=query.sold_from,
        sold_to=query.sold_to,
        by=query.by,
        rows=tuple(sorted(shaped, key=lambda row: row_order(query.by, row.key, row.numbers.sales))),
        totals=numbers_of(totals, columns, None if usual is None else sum(usual.values(), Fraction(0))),
        as_of=query.as_of,
    )


def key_of(by: Sequence[Dimension]) -> tuple[str, ...]:
    """What tells the rows of a report apart: the columns of its dimensions, each once."""
    return tuple(dict.fromkeys(name for dimension in by for name in KEY_OF[dimension]))


def choose_columns(by: Sequence[Dimension], wanted: Filter, totals: Tally, catalog: Catalog) -> Columns:
    """Active statuses and summarised fields always; inactive ones where they have sales or values in the report."""
    statuses = [item for item in catalog.statuses.values() if item.active or item.status_id in totals.sales_at]
    return Columns(
        leads=not wanted.dimensions.union(by).intersection(SALE_SIDE),
        statuses=tuple(sorted(statuses, key=lambda status: (status.position, status.status_id))),
        sub_statuses=catalog.sub_statuses,
        fields=tuple(field for field in summarised(catalog) if field.active or field.field_id in totals.values),
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


def numbers_of(tally: Tally, columns: Columns, usual_converted: Fraction | None) -> LeadStatusNumbers:
    """A row's numbers in the report's columns."""
    sums, values = tally.sums, tally.values
    statuses = {
        status.name: _status_count(tally.sales_at.get(status.status_id, {}), columns) for status in columns.statuses
    }
    no_status = tally.sales_at.get(0, {}).get(0, 0)
    assert sum(count.sales for count in statuses.values()) + no_status == sums.sales, "every sale in one column"
    return LeadStatusNumbers(
        leads=sums.leads if columns.leads else None,
        sales=sums.sales,
        updated=sums.updated,
        updated_by_buyer=sums.updated_by_buyer,
        statuses=statuses,
        no_status=no_status,
        fields={field.name: _summary(field.summary, values.get(field.field_id)) for field in columns.fields},
        gross=sums.gross,
        adjustments=sums.revenue - sums.gross,
        revenue=sums.revenue,
        payout=sums.payout,
        margin=sums.revenue - sums.payout,
        returns=Returns(sums.submitted, sums.credited, sums.replaced, sums.rejected),
        reached=Reached(sums.contacted, sums.qualified, sums.converted, sums.funded),
        usual_converted=(
            None if usual_converted is None else Decimal(usual_converted.numerator) / usual_converted.denominator
        ),
    )


def row_order(by: Sequence[Dimension], key: Mapping[str, int | str | None], size: int) -> tuple[Any, ...]:
    """Where a row stands: dates first and in their order, then by size, then by name."""
    known = {name: "" if value is None else value for name, value in key.items()}
    dates = [known[dimension] for dimension in by if dimension in DATES]
    names = [known[dimension] for dimension in by if dimension not in DATES]
    return dates, -size, names, [value for value in known.values() if isinstance(value, int)]


def as_document(report: LeadStatusReport, ratios: Mapping[str, RatioOf] | None = None) -> dict[str, Any]:
    """The report as JSON has it: money and ratios as text with 4 decimals, a row's key beside its numbers."""

    def told(numbers: LeadStatusNumbers) -> dict[str, Any]:
        document: dict[str, Any] = msgspec.to_builtins(numbers)
        if ratios is not None:
            found = {name.removeprefix("ratio:"): rounded(ratio_of(numbers)) for name, ratio_of in ratios.items()}
            document["ratios"] = msgspec.to_builtins(found)
        return document

    return {
        "from": report.sold_from.isoformat(),
        "to": report.sold_to.isoformat(),
        **({} if report.as_of is None else {"as_of": report.as_of.isoformat()}),
        "by": [str(dimension) for dimension in report.by],
        "rows": [row.key | told(row.numbers) for row in report.rows],
        "totals": told(report.totals),
    }


def _status_count(sales_at: Mapping[int, int], columns: Columns) -> StatusCount:
    known = [columns.sub_statuses[sub_id] for sub_id in sales_at if sub_id]
    known.sort(key=lambda item: (item.position, item.sub_status_id))
    divided = {item.name: sales_at[item.sub_status_id] for item in known}
    if 0 in sales_at:
        divided[""] = sales_at[0]
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


def _pick(choose: Any, one: Decimal | None, other: Decimal | None) -> Decimal | None:
    values = [value for value in (one, other) if value is not None]
    return choose(values) if values else None
