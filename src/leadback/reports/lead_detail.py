"""Lead Detail by Buyer: the sales of a period one by one, and the list behind every cell."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from decimal import Decimal
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.model import Catalog, DataType
from leadback.catalog.queries import read_catalog
from leadback.kit.errors import Refused
from leadback.kit.paging import place_of, token_of
from leadback.kit.tabular import Row, Table
from leadback.networks.model import Network
from leadback.reports.cell import column_clauses
from leadback.reports.filter import CATALOG, LISTS, Names, read_names, resolve, within
from leadback.reports.lead_detail_rows import cells_of, columns_of, in_order, shape_row
from leadback.reports.lead_detail_sales import Found, Placed, rows_statement, totals_statement
from leadback.reports.lead_status import check_days
from leadback.reports.lead_status_scope import prepare
from leadback.reports.model import LeadDetailPage, LeadDetailQuery, LeadDetailRow, LeadDetailTotals

PAGE_ROWS_MAX: Final = 10_000
BATCH_ROWS: Final = 1_000
"""Read at once where all rows are wanted."""


class LeadDetail:
    """One list, ready to be read: by pages, or through to its end, and summed up."""

    def __init__(
        self, connection: AsyncConnection, network: Network, query: LeadDetailQuery, catalog: Catalog, names: Names
    ) -> None:
        self._connection = connection
        self._network = network
        self._query = query
        self._names = names
        self._fields = in_order(catalog)
        self._found = Found(
            network_id=network.network_id,
            time_zone=network.time_zone,
            week_start=network.week_start,
            sold_from=query.sold_from,
            sold_to=query.sold_to,
            filters=(within(resolve(query.conditions, names), query.buyer_ids), resolve(query.cell.row, names)),
            clauses=tuple(column_clauses(query.cell, catalog)),
        )

    async def page(self, limit: int, after: str | None = None) -> LeadDetailPage:
        """At most `limit` rows after those of the page that gave this token; every page costs the same.

        Raises `Refused` where the token is of another list, or the limit is none.
        """
        if not 1 <= limit <= PAGE_ROWS_MAX:
            raise Refused(f"A page has 1 to {PAGE_ROWS_MAX} rows, not {limit}.")
        begin = None if after is None else self._place_of(after)
        statement = rows_statement(self._found, self._query.order, after=begin, limit=limit + 1)
        found = (await self._connection.execute(statement)).all()
        rows = [self._shape(row) for row in found[:limit]]
        return LeadDetailPage(rows, self._token(found[limit - 1]) if len(found) > limit else None)

    async def totals(self) -> LeadDetailTotals:
        """The count and the sums over the whole list."""
        numbers = [field for field in self._fields if field.data_type is DataType.NUMBER]
        statement = totals_statement(self._found, [field.field_id for field in numbers])
        sales, sold_price, revenue, payout_share, *values = (await self._connection.execute(statement)).one()
        sums: list[Decimal | None] = values
        return LeadDetailTotals(
            sales=sales,
            sold_price=sold_price,
            revenue=revenue,
            payout_share=payout_share,
            fields={field.name: value for field, value in zip(numbers, sums, strict=True)},
        )

    def table(self, totals: LeadDetailTotals | None = None, *, after: str | None = None) -> Table:
        """The list's columns, for an export, and what JSON says beside the rows."""
        about: dict[str, Any] = {"from": self._query.sold_from, "to": self._query.sold_to, "after": after}
        if totals is not None:
            about["totals"] = totals
        return Table("Lead Detail", columns_of(self._fields), about)

    def cells(self, rows: Iterable[LeadDetailRow]) -> list[Row]:
        """Rows in the columns of the table."""
        return [cells_of(row, self._fields) for row in rows]

    async def batches(self) -> AsyncGenerator[Sequence[Row]]:
        """Every row in the columns of the table, with never more than a batch in memory."""
        async with aclosing(self._all()) as found:
            async for rows in found:
                yield self.cells(map(self._shape, rows))

    async def _all(self) -> AsyncGenerator[Sequence[Any]]:
        statement = rows_statement(self._found, self._query.order).execution_options(yield_per=BATCH_ROWS)
        result = await self._connection.stream(statement)
        try:
            # Without the size, asyncio's results fetch all that is left.
            async for rows in result.partitions(BATCH_ROWS):
                yield rows
        finally:
            await result.close()

    def _shape(self, row: Any) -> LeadDetailRow:
        return shape_row(row, self._names, self._fields, self._network.zone)

    def _token(self, row: Any) -> str:
        return token_of((row.place, str(row.sale_id)), of=self._list())

    def _place_of(self, token: str) -> Placed:
        value, sale_id = place_of(token, of=self._list())
        return Placed(value, int(sale_id))

    def _list(self) -> tuple[int, LeadDetailQuery]:
        return self._network.network_id, self._query


async def open_lead_detail(connection: AsyncConnection, network: Network, query: LeadDetailQuery) -> LeadDetail:
    """The list as of the connection's moment, which must come from `Database.snapshot` where parts are to agree.

    Raises `Refused` where the query names what there is not.
    """
    check_days(query.sold_from, query.sold_to)
    catalog = await read_catalog(connection, network.network_id)
    names = await read_names(connection, network.network_id, catalog, [*LISTS, *CATALOG], query.buyer_ids)
    await prepare(connection)
    return LeadDetail(connection, network, query, catalog, names)
