"""Checking a network: everything that can be worked out again from its ledger and sales must come out the same."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.leads import check_queries, month_store, rollup_store
from leadback.leads.check_model import Checked, Difference, LedgerRow
from leadback.leads.check_rules import Findings, Replay

CHECK_STATEMENT_MS_MAX: Final = 3_600_000


async def check(connection: AsyncConnection, network_id: int, *, today: date, differences_max: int) -> Checked:
    """Compare everything, in a snapshot, while updates go on; lists at most so many differences.

    Memory stays the same however many sales there are. `today` (UTC) is the day whose ledger month must be there.
    """
    await rollup_store.set_statement_time(connection, CHECK_STATEMENT_MS_MAX)
    findings = Findings(differences_max)
    sales, ledger_rows = await _replay(connection, network_id, findings)
    async for count, listed in check_queries.list_differences(connection, network_id, differences_max):
        findings.add_listed(listed, count)
    if not await month_store.has_month(connection, today):
        month = f"lead_update_{today:%Y_%m}"
        findings.add(Difference(what="lead_update", place=month, expected="a partition", found=None))
    return Checked(
        sales=sales,
        ledger_rows=ledger_rows,
        rollup_cells=await check_queries.count_cells(connection, network_id),
        difference_count=findings.count,
        differences=await _with_leads(connection, network_id, findings.kept),
    )


async def _replay(connection: AsyncConnection, network_id: int, findings: Findings) -> tuple[int, int]:
    """Every ledger row beside its sale, both read in the order of sales; how many sales and rows there are."""
    ledger = _Ledger(check_queries.read_ledger(connection, network_id))
    await ledger.advance()
    sales = 0
    async for sale in check_queries.read_standing_sales(connection, network_id):
        sales += 1
        await _pass_orphans(ledger, sale.sale_id, findings)
        replay = Replay(sale, findings)
        while ledger.row is not None and ledger.row.sale_id == sale.sale_id:
            replay.take(ledger.row)
            await ledger.advance()
        replay.end()
    await _pass_orphans(ledger, None, findings)
    return sales, ledger.taken


class _Ledger:
    """The ledger with the row that comes next."""

    def __init__(self, rows: AsyncIterator[LedgerRow]) -> None:
        self.row: LedgerRow | None = None
        self.taken = 0
        self._rows = rows

    async def advance(self) -> None:
        """Leave the row behind."""
        if self.row is not None:
            self.taken += 1
        self.row = await anext(self._rows, None)


async def _pass_orphans(ledger: _Ledger, sale_id: int | None, findings: Findings) -> None:
    """Rows of sales below this one (of all, where there is none) have no sale."""
    while (row := ledger.row) is not None and (sale_id is None or row.sale_id < sale_id):
        findings.compare("sale_id", "a sale", "none", sale_id=row.sale_id, version=row.version)
        await ledger.advance()


async def _with_leads(
    connection: AsyncConnection, network_id: int, differences: list[Difference]
) -> tuple[Difference, ...]:
    """The differences with the ids of their leads, which people know better than those of sales."""
    sale_ids = {difference.sale_id for difference in differences if difference.sale_id is not None}
    lead_ids = await check_queries.read_lead_ids(connection, network_id, sale_ids)
    return tuple(
        msgspec.structs.replace(difference, lead_id=lead_ids.get(difference.sale_id or 0)) for difference in differences
    )
