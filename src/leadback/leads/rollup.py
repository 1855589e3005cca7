"""What one sale adds to the reports' numbers, so that a change is the difference of two of them."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from leadback.catalog.model import DataType, Field
from leadback.leads.model import Sale

ZERO = Decimal(0)


class Cell(NamedTuple):
    """The key a sale is counted under; 0 and "" stand for none. The order is `tables.ROLLUP_KEY`'s."""

    sold_on: date
    campaign_id: int
    buyer_contract_id: int
    sale_type: str
    status_id: int
    sub_status_id: int
    updated: int
    stage_reached: int
    return_state: str


class Measures(NamedTuple):
    """What is summed in a cell."""

    leads: int
    sales: int
    gross: Decimal
    revenue: Decimal
    payout: Decimal


class FieldMeasures(NamedTuple):
    """What is summed of one Number field in a cell."""

    value_count: int
    value_sum: Decimal


class Deltas:
    """Differences to the rollups, netted: what adds up to nothing is not written."""

    def __init__(self) -> None:
        self._cells: dict[Cell, Measures] = {}
        self._fields: dict[tuple[Cell, int], FieldMeasures] = {}

    def move(self, before: Sale | None, after: Sale | None, fields: dict[int, Field]) -> None:
        """Take a sale out of the cell it was in and put it into the one it is in; None: it was, or is, in none."""
        if before is not None:
            self._add(before, fields, -1)
        if after is not None:
            self._add(after, fields, 1)

    def cells(self) -> list[tuple[Cell, Measures]]:
        """The cells that change, in the order of their keys."""
        return [(cell, measures) for cell, measures in sorted(self._cells.items()) if any(measures)]

    def field_cells(self) -> list[tuple[Cell, int, FieldMeasures]]:
        """The cells of fields that change, in the order of their keys."""
        return [(cell, field_id, sums) for (cell, field_id), sums in sorted(self._fields.items()) if any(sums)]

    def _add(self, sale: Sale, fields: dict[int, Field], sign: int) -> None:
        if sale.is_test:
            return
        cell = cell_of(sale)
        old = self._cells.get(cell, Measures(0, 0, ZERO, ZERO, ZERO))
        self._cells[cell] = Measures(
            old.leads + sign * sale.first_of_lead,
            old.sales + sign,
            old.gross + sign * sale.sold_price,
            old.revenue + sign * sale.revenue,
            old.payout + sign * sale.payout_share,
        )
        for field_id, value in number_values(sale, fields):
            count, total = self._fields.get((cell, field_id), FieldMeasures(0, ZERO))
            self._fields[cell, field_id] = FieldMeasures(count + sign, total + sign * value)


def cell_of(sale: Sale) -> Cell:
    """Where a sale is counted. Test sales, which are counted nowhere, must not be asked for."""
    assert sale.campaign_id is not None, "only a test sale has no campaign"
    return Cell(
        sale.sold_on,
        sale.campaign_id,
        sale.buyer_contract_id,
        sale.sale_type,
        sale.status_id or 0,
        sale.sub_status_id or 0,
        sale.updated,
        sale.stage_reached,
        sale.return_state or "",
    )


def number_values(sale: Sale, fields: dict[int, Field]) -> Iterable[tuple[int, Decimal]]:
    """A sale's values of Number fields: all of them, so that a summary chosen later has its history."""
    for field_id, value in sale.field_values.items():
        if fields[field_id].data_type is DataType.NUMBER:
            yield field_id, Decimal(value)
