"""What the sales of a Lead Status report would have converted as usual for their contracts: the base of its *index*."""

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.reports.filter import within
from leadback.reports.lead_status_cells import ConversionCell, read_conversion_cells
from leadback.reports.lead_status_scope import Key, Scope
from leadback.reports.model import Filter


async def read_usual_conversions(
    connection: AsyncConnection, scope: Scope, *, buyer_ids: frozenset[int] | None
) -> dict[Key, Fraction]:
    """By row: its sales of each contract times what of all the contract's sales of these days converted.

    Of the same days, as they stood at the same moment and with Show Changes or Show Sub Status alike, so that what is
    compared is equally old; but of all traffic, whatever the filters. Exact, and so the usual of everything is what
    everything converted.
    """
    cells = await read_conversion_cells(connection, scope)
    everything = within(Filter(), buyer_ids)
    of_all = cells
    if scope.wanted != everything:
        of_all = await read_conversion_cells(connection, msgspec.structs.replace(scope, key=(), wanted=everything))
    rates = _rates(of_all)
    usual: dict[Key, Fraction] = defaultdict(Fraction)
    for cell in cells:
        usual[cell.key] += cell.sales * rates.get(cell.buyer_contract_id, Fraction(0))
    return usual


def _rates(cells: Iterable[ConversionCell]) -> dict[int, Fraction]:
    sales: dict[int, int] = defaultdict(int)
    converted: dict[int, int] = defaultdict(int)
    for cell in cells:
        sales[cell.buyer_contract_id] += cell.sales
        converted[cell.buyer_contract_id] += cell.converted
    return {contract: Fraction(converted[contract], count) for contract, count in sales.items() if count}
