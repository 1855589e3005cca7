"""Undoing a run: every sale it changed stands again as it stood before, or nothing is changed at all."""

import secrets
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.database import share_configuration
from leadback.kit.errors import Refused
from leadback.leads import run_store, store
from leadback.leads.changes import Changes
from leadback.leads.configuration import Configuration, read_configuration
from leadback.leads.model import Change, Channel, FieldChange, Origin, Sale
from leadback.leads.run import finish_run, moved_sales, refusing_when_busy
from leadback.leads.run_model import RunSale, Undo
from leadback.leads.run_queries import find_run, list_run_sales, list_taken_back
from leadback.networks.model import Actor

SALES_NAMED_MAX: Final = 20
RUN_ID_MAX: Final = 2**63 - 1

# What a ledger row has no columns for; an undo says it in `sale_changes`.
_UNWRITTEN: Final = (
    "revenue_set",
    "status_happened_at",
    "returned_at",
    "update_count",
    "updated_at",
    "buyer_updated_first_at",
    "buyer_updated_at",
)


async def preview_undo(
    connection: AsyncConnection,
    network_id: int,
    run_id: int,
    *,
    now: datetime,
    buyer_ids: frozenset[int] | None = None,
) -> Undo:
    """What undoing would do to each sale, and which were changed since; `Refused` where there is nothing to undo.

    With `buyer_ids` a run that changed a sale of another buyer is not there.
    """
    configuration = await read_configuration(connection, network_id)
    return await _plan(connection, configuration, run_id, now, buyer_ids, lock=False)


async def undo_run(
    connection: AsyncConnection,
    network_id: int,
    run_id: int,
    *,
    actor: Actor,
    now: datetime,
    channel: Channel = Channel.CLI,
    buyer_ids: frozenset[int] | None = None,
) -> Undo:
    """Restore every sale the run changed, as a run of its own; the failed updates it settled are open again.

    `Refused`, with nothing changed, where a sale was changed since: what came after may rest upon the run. With
    `buyer_ids` a run that changed a sale of another buyer is not there.
    """
    with refusing_when_busy():
        await share_configuration(connection, network_id)
        configuration = await read_configuration(connection, network_id)
        plan = await _plan(connection, configuration, run_id, now, buyer_ids, lock=True)
        if plan.moved:
            raise Refused(f"Run {run_id} cannot be undone: {told_moved(plan.moved)}. Nothing was changed.")
        description = f"undo of run {run_id}"
        undo_id = await run_store.insert_run(
            connection, network_id, kind="undo", description=description, undoes_run_id=run_id, actor=actor, now=now
        )
        changes = Changes(configuration)
        changes.take([change.before for change in plan.changes])
        origin = Origin(
            channel=channel,
            operation="undo",
            address=None,
            request_id=secrets.token_hex(16),
            received_at=now,
        )
        for change in plan.changes:
            changes.accept(
                change, origin=origin, actor=actor, sale_changes=_unwritten(change.before, change.after), run_id=undo_id
            )
        await changes.write(connection)
        reopened = await run_store.reopen_failed(connection, network_id, run_id)
        before = {change.before.sale_id: change.before for change in plan.changes}
        await finish_run(
            connection,
            network_id,
            undo_id,
            moved_sales(before, changes.sales),
            action="undo run",
            told={"undoes_run_id": run_id, "reopened": reopened},
            actor=actor,
            now=now,
        )
    return msgspec.structs.replace(plan, run_id=undo_id)


def told_moved(moved: tuple[Sale, ...]) -> str:
    """The sales in the way of an undo, the first so many by their leads."""
    leads = ", ".join(f"{sale.lead_id} (sale {sale.sale_id})" for sale in moved[:SALES_NAMED_MAX])
    more = f" and {len(moved) - SALES_NAMED_MAX} more" if len(moved) > SALES_NAMED_MAX else ""
    return f"{len(moved)} of its sales were changed since: {leads}{more}"


async def _plan(
    connection: AsyncConnection,
    configuration: Configuration,
    run_id: int,
    now: datetime,
    buyer_ids: frozenset[int] | None,
    *,
    lock: bool,
) -> Undo:
    network_id = configuration.network.network_id
    if run_id > RUN_ID_MAX:
        raise Refused(f"There is no run {run_id}.")
    touched = {item.sale_id: item for item in await list_run_sales(connection, network_id, run_id)}
    read = store.lock_sales_by_id if lock else store.read_sales_by_id
    sales = await read(connection, network_id, touched)
    # A new statement, after the locks: an undo that had them before us is seen.
    run = await find_run(connection, network_id, run_id, buyer_ids=buyer_ids)
    if run is None:
        raise Refused(f"There is no run {run_id}; `leadback list runs` shows every one.")
    if run.undoes_run_id is not None:
        raise Refused(f"Run {run_id} is an undo itself: run the failed updates again instead.")
    if run.undone_by_run_id is not None:
        raise Refused(f"Run {run_id} was undone by run {run.undone_by_run_id} already.")
    taken_back = await list_taken_back(connection, network_id, run_id)
    return Undo(
        run=run,
        changes=tuple(_restored(sale, touched[sale.sale_id], configuration, now) for sale in sales),
        moved=tuple(sale for sale in sales if _version(sale, taken_back) != touched[sale.sale_id].version_after),
    )


def _version(sale: Sale, taken_back: dict[tuple[int, int], int]) -> int:
    """The version as which a sale stands: runs that were undone since have left nothing behind."""
    version = sale.version
    while (earlier := taken_back.get((sale.sale_id, version))) is not None:
        version = earlier
    return version


def _restored(sale: Sale, touched: RunSale, configuration: Configuration, now: datetime) -> Change:
    before = touched.before
    names = configuration.catalog.fields
    field_changes = [
        FieldChange(field_id, names[field_id].name, sale.field_values.get(field_id), before.field_values.get(field_id))
        for field_id in sorted(sale.field_values.keys() | before.field_values.keys())
        if sale.field_values.get(field_id) != before.field_values.get(field_id)
    ]
    return Change(
        before=sale,
        after=msgspec.structs.replace(sale, **msgspec.structs.asdict(before), version=sale.version + 1),
        kind="undo",
        counts_as_update=False,
        happened_at=now,
        flags=(),
        field_changes=tuple(field_changes),
    )


def _unwritten(before: Sale, after: Sale) -> dict[str, list[Any]]:
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in _UNWRITTEN}
    return {name: [_json(value) for value in pair] for name, pair in pairs.items() if pair[0] != pair[1]}


def _json(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
