"""What one transaction does to sales it has locked: each change applied in memory, all of them written at once."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.round_trip import RoundTrip, round_trip
from leadback.leads import return_store, store
from leadback.leads.configuration import Configuration
from leadback.leads.ledger import ledger_row
from leadback.leads.model import Change, Origin, ReturnState, Sale
from leadback.leads.return_rules import owes_replacement
from leadback.leads.rollup import Deltas
from leadback.networks.model import Actor


class Changes:
    """Sales as they stand after what was accepted so far, and everything that has to be written for it.

    Whoever uses it holds the network's configuration (`share_configuration`, or a batch's begin) and has locked the
    sales it hands over.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.network_id = configuration.network.network_id
        self.sales: dict[int, Sale] = {}
        """By id, as they stand now; a sale of another version than this is refused by `write`."""
        self._locked: dict[int, Sale] = {}
        self._ledger: list[tuple[Any, ...]] = []

    def __bool__(self) -> bool:
        return bool(self._ledger)

    def take(self, locked: Iterable[Sale]) -> None:
        """Sales as they were read under their lock."""
        for sale in locked:
            self._locked[sale.sale_id] = sale
            self.sales[sale.sale_id] = sale

    def is_locked(self, sale_id: int) -> bool:
        """Whether the sale was handed over."""
        return sale_id in self._locked

    def accept(
        self,
        change: Change,
        *,
        origin: Origin,
        actor: Actor,
        idempotency_key: str | None = None,
        sale_changes: dict[str, list[Any]] | None = None,
        note: str | None = None,
        run_id: int | None = None,
    ) -> Sale:
        """Let a change of a sale as it stands now take force; the sale afterwards, with its row's hash."""
        assert change.before is self.sales[change.before.sale_id]
        row = ledger_row(
            change,
            origin=origin,
            actor=actor,
            catalog=self.configuration.catalog,
            idempotency_key=idempotency_key,
            sale_changes=sale_changes,
            note=note,
            run_id=run_id,
        )
        self._ledger.append(row)
        after = msgspec.structs.replace(change.after, ledger_hash=row[-1])
        self.sales[after.sale_id] = after
        return after

    async def write(self, connection: AsyncConnection) -> None:
        """One statement a table: the sales' final states, ledger, report differences, announcements."""
        async with round_trip(connection) as trip:
            self.add_to(trip)
        await self._write_returns_owed(connection)

    def add_to(self, trip: RoundTrip) -> None:
        """What `write` does for a buyer's changes, beside what else is written."""
        if not self._ledger:
            return
        deltas = Deltas()
        changed = []
        for sale_id, before in self._locked.items():
            after = self.sales[sale_id]
            if after.version != before.version:
                changed.append((before.version, after))
                deltas.move(before, after, self.configuration.catalog.fields)
        store.update_sales(trip, self.network_id, changed)
        store.insert_ledger(trip, self.network_id, self._ledger)
        store.insert_deltas(trip, self.network_id, deltas)
        announced = [("sale.updated", row[0], f'{{"version": {row[1]}}}') for row in self._ledger]
        store.insert_outbox(trip, self.network_id, announced)

    async def _write_returns_owed(self, connection: AsyncConnection) -> None:
        """Contracts are owed more or less for sales that are to be replaced now, or no longer; no buyer does that."""
        pairs = ((before, self.sales[sale_id]) for sale_id, before in self._locked.items())
        moved = [
            pair
            for pair in pairs
            if pair[0].return_state != pair[1].return_state
            and ReturnState.REPLACED in (pair[0].return_state, pair[1].return_state)
        ]
        if not moved:
            return
        replaced = await return_store.find_replaced(connection, self.network_id, [sale.sale_id for sale, _ in moved])
        owed: Counter[int] = Counter()
        for before, after in moved:
            owed[after.buyer_contract_id] += owes_replacement(after, replaced) - owes_replacement(before, replaced)
        await return_store.change_returns_owed(connection, self.network_id, owed)
