"""Writing what a portion's rows were decided to mean: one statement for each table, then the reports' differences."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.model import Catalog
from leadback.kit.round_trip import round_trip
from leadback.leads import ingest_store, return_store, store
from leadback.leads.ingest_model import ImportedSale
from leadback.leads.ingest_rules import NEW_SALE_ID, Decisions, LeadWork, SaleWork
from leadback.leads.ledger import ledger_row
from leadback.leads.model import Origin, Sale
from leadback.leads.return_rules import owes_replacement
from leadback.leads.rollup import Deltas
from leadback.networks.model import Actor


async def write_portion(connection: AsyncConnection, decisions: Decisions, *, origin: Origin, actor: Actor) -> int:
    """Write leads, sales, ledger rows and report differences; how many failed updates had waited for the new sales."""
    network = decisions.configuration.network
    network_id, catalog = network.network_id, decisions.configuration.catalog
    await _write_leads(connection, network_id, decisions.leads.values())
    touched = [
        (work, lead.lead.sub_ids[0])
        for lead in decisions.leads.values()
        for work in lead.sales
        if work.imported is not work.stored or lead.lead is not lead.stored
    ]
    new = sorted((item for item in touched if item[0].stored is None), key=lambda item: item[0].sale.sale_id)
    changed = [item for item in touched if item[0].stored is not None]
    placed = await _write_sales(connection, network_id, new, changed, network.time_zone)
    ledger: list[tuple[Any, ...]] = []
    stood: list[tuple[int, Sale]] = []
    deltas = Deltas()
    for work, _ in touched:
        sale_id, sold_on = placed[work.sale.sale_id]
        after = msgspec.structs.replace(work.sale, sale_id=sale_id, sold_on=sold_on)
        if work.entries:
            rows = _ledger_rows(work, sale_id, origin, actor, catalog)
            after = msgspec.structs.replace(after, ledger_hash=rows[-1][-1])
            stood.append((1 if work.stored is None else work.stored.sale.version, after))
            ledger += rows
        deltas.move(None if work.stored is None else work.stored.sale, after, catalog.fields)
    async with round_trip(connection) as trip:
        if ledger:
            store.update_sales(trip, network_id, stood)
            store.insert_ledger(trip, network_id, ledger)
        store.insert_deltas(trip, network_id, deltas)
    await return_store.change_returns_owed(connection, network_id, _owed_changes(decisions))
    arrived = {(work.sale.lead_key, work.sale.buyer_id) for work, _ in new}
    if not arrived:
        return 0
    return await ingest_store.count_waiting(connection, network_id, arrived, decisions.received_at)


def _owed_changes(decisions: Decisions) -> Counter[int]:
    """By contract: how many more replacements it is owed than before, for sales replaced, delivered or corrected."""
    changes: Counter[int] = Counter()
    for work in decisions.works:
        contract_id = work.sale.buyer_contract_id
        changes[contract_id] += owes_replacement(work.sale, decisions.replaced)
        if work.stored is not None:
            changes[contract_id] -= owes_replacement(work.stored.sale, decisions.replaced_before)
    return changes


async def _write_leads(connection: AsyncConnection, network_id: int, leads: Iterable[LeadWork]) -> None:
    new = []
    changed = []
    for work in leads:
        if work.stored is None:
            new.append(work.lead)
        elif work.lead is not work.stored:
            changed.append(work.lead)
    if new:
        await ingest_store.insert_leads(connection, network_id, new)
    if changed:
        await ingest_store.update_leads(connection, network_id, changed)


async def _write_sales(
    connection: AsyncConnection,
    network_id: int,
    new: list[tuple[SaleWork, str]],
    changed: list[tuple[SaleWork, str]],
    time_zone: str,
) -> dict[int, tuple[int, date]]:
    """By the sale's id while it was decided: its id for good and the network's day it was sold on."""
    placed: dict[int, tuple[int, date]] = {}
    rewritten = [(work.imported, sub_id_1) for work, sub_id_1 in changed]
    if new:
        # A sale that replaces another of this portion learns its id only now: it is named in a second step.
        rows = [(_without_new_original(work.imported), sub_id_1) for work, sub_id_1 in new]
        made = await ingest_store.insert_sales(connection, network_id, rows, time_zone)
        placed = {work.sale.sale_id: known for (work, _), known in zip(new, made, strict=True)}
        rewritten += [
            (_with_ids(work.imported, placed), sub_id_1)
            for work, sub_id_1 in new
            if (work.imported.replaces_sale_id or 0) >= NEW_SALE_ID
        ]
    if rewritten:
        days = await ingest_store.update_sales(connection, network_id, rewritten, time_zone)
        placed |= {work.sale.sale_id: (work.sale.sale_id, days[work.sale.sale_id]) for work, _ in changed}
    return placed


def _without_new_original(imported: ImportedSale) -> ImportedSale:
    if (imported.replaces_sale_id or 0) < NEW_SALE_ID:
        return imported
    return msgspec.structs.replace(imported, replaces_sale_id=None)


def _with_ids(imported: ImportedSale, placed: dict[int, tuple[int, date]]) -> ImportedSale:
    assert imported.replaces_sale_id is not None
    return msgspec.structs.replace(
        imported,
        sale=msgspec.structs.replace(imported.sale, sale_id=placed[imported.sale.sale_id][0]),
        replaces_sale_id=placed[imported.replaces_sale_id][0],
    )


def _ledger_rows(work: SaleWork, sale_id: int, origin: Origin, actor: Actor, catalog: Catalog) -> list[tuple[Any, ...]]:
    """The sale's new ledger rows, each chained to the one before."""
    rows: list[tuple[Any, ...]] = []
    last_hash = b"" if work.stored is None else work.stored.sale.ledger_hash
    for change, sale_changes in work.entries:
        chained = msgspec.structs.replace(
            change,
            before=msgspec.structs.replace(change.before, sale_id=sale_id, ledger_hash=last_hash),
            after=msgspec.structs.replace(change.after, sale_id=sale_id),
        )
        row = ledger_row(chained, origin=origin, actor=actor, catalog=catalog, sale_changes=sale_changes)
        last_hash = row[-1]
        rows.append(row)
    return rows
