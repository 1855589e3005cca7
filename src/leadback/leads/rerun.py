"""Running failed updates again, with the catalog as it is now: first to look at, then as one run that can be undone."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.alias_rules import with_alias
from leadback.catalog.model import Alias
from leadback.kit.database import share_configuration
from leadback.kit.errors import Refused
from leadback.kit.round_trip import round_trip
from leadback.leads import ingest_store, run_store, store
from leadback.leads.batch import lead_keys
from leadback.leads.changes import Changes
from leadback.leads.configuration import Configuration, read_configuration
from leadback.leads.failed_model import (
    Effect,
    FailedSelection,
    FailedUpdate,
    Rerun,
    RerunOptions,
    Verdict,
)
from leadback.leads.failed_queries import list_oldest, list_said
from leadback.leads.failed_rules import Again, origin_of, request_of
from leadback.leads.model import Sale
from leadback.leads.run import RUN_CALLS_MAX, finish_run, moved_sales, refusing_when_busy
from leadback.networks.model import SYSTEM, Actor
from leadback.networks.queries import read_network

ReadSales = Callable[[AsyncConnection, int, set[tuple[str, int]]], Awaitable[list[Sale]]]


async def preview_rerun(
    connection: AsyncConnection,
    network_id: int,
    selection: FailedSelection,
    options: RerunOptions,
    *,
    now: datetime,
    calls_max: int = RUN_CALLS_MAX,
    alias: Alias | None = None,
) -> Rerun:
    """What running these again would do to each sale as it stands; nothing is locked or written.

    With an `alias` that is not made yet: what it would do if it were.
    """
    configuration = await read_configuration(connection, network_id)
    if alias is not None:
        configuration = msgspec.structs.replace(configuration, catalog=with_alias(configuration.catalog, alias))
    failed = await list_oldest(connection, network_id, selection, now, rows_max=calls_max + 1)
    chosen = failed[:calls_max]
    sales = await _sales_of(connection, network_id, chosen, store.read_sales)
    effects = await _decide(connection, configuration, chosen, sales, options, now)
    return Rerun(effects=effects, is_all=len(failed) <= calls_max)


async def rerun(
    connection: AsyncConnection,
    network_id: int,
    selection: FailedSelection,
    options: RerunOptions,
    *,
    actor: Actor,
    now: datetime,
    calls_max: int = RUN_CALLS_MAX,
) -> Rerun:
    """Apply those that can be, as one run in this transaction; where none can be, no run is made.

    At most `calls_max`, the oldest: all of them or, where the transaction fails, none. `Refused` where sales are held
    by others for too long.
    """
    with refusing_when_busy():
        await share_configuration(connection, network_id)
        configuration = await read_configuration(connection, network_id)
        failed = await run_store.lock_oldest(connection, network_id, selection, now, rows_max=calls_max + 1)
        chosen = failed[:calls_max]
        sales = await _sales_of(connection, network_id, chosen, _lock_sales)
        effects = await _decide(connection, configuration, chosen, sales, options, now)
        done = Rerun(effects=effects, is_all=len(failed) <= calls_max)
        if not done.count(Verdict.APPLY):
            return done
        description = _describe(selection, options, configuration)
        run_id = await run_store.insert_run(
            connection, network_id, kind="rerun", description=description, undoes_run_id=None, actor=actor, now=now
        )
        changes = _accept(configuration, effects, sales, run_id, now)
        await changes.write(connection)
        settled = done.settled_ids
        await run_store.settle_failed(connection, network_id, settled, run_id=run_id, now=now)
        left_out = [effect.amount_left_out for effect in effects if effect.change and effect.amount_left_out]
        await finish_run(
            connection,
            network_id,
            run_id,
            moved_sales({sale.sale_id: sale for sale in sales}, changes.sales),
            action="rerun failed updates",
            told={
                "description": description,
                "applied": done.count(Verdict.APPLY),
                "settled": len(settled),
                "amounts_left_out": len(left_out),
            },
            actor=actor,
            now=now,
        )
    return msgspec.structs.replace(done, run_id=run_id)


async def apply_failed(
    connection: AsyncConnection,
    network_id: int,
    failed_update_id: int,
    *,
    actor: Actor,
    now: datetime,
    buyer_ids: frozenset[int] | None = None,
) -> Rerun:
    """Apply one failed update with its amount, whatever was reported since; `Refused` where it cannot be.

    One of another buyer than `buyer_ids` is not there.
    """
    done = await rerun(
        connection,
        network_id,
        FailedSelection(ids=frozenset([failed_update_id]), resolved=None, buyer_ids=buyer_ids),
        RerunOptions(with_amounts=True, anyway=True),
        actor=actor,
        now=now,
    )
    if not done.effects:
        raise Refused(f"There is no failed update with the id {failed_update_id}.")
    (effect,) = done.effects
    if effect.verdict is not Verdict.APPLY:
        raise Refused(f"The failed update {failed_update_id} cannot be applied. {effect.text}")
    return done


async def rerun_waiting(connection: AsyncConnection, network_id: int, *, now: datetime) -> Rerun | None:
    """Apply updates whose sale has arrived, never what they add; None where the network leaves it to an operator."""
    if not (await read_network(connection, network_id)).rerun_waiting_updates:
        return None
    selection = FailedSelection(waiting=True)
    return await rerun(connection, network_id, selection, RerunOptions(), actor=SYSTEM, now=now)


async def _sales_of(
    connection: AsyncConnection, network_id: int, failed: list[FailedUpdate], read: ReadSales
) -> list[Sale]:
    wanted = {
        (lead_key, item.buyer_id)
        for item in failed
        if item.call is not None
        for lead_key in lead_keys(request_of(item, network_id))
    }
    if not wanted:
        return []
    await ingest_store.look_up_by_index(connection)
    return await read(connection, network_id, wanted)


async def _lock_sales(connection: AsyncConnection, network_id: int, wanted: set[tuple[str, int]]) -> list[Sale]:
    async with round_trip(connection) as trip:
        locked = store.lock_sales(trip, network_id, wanted)
    return locked.value


async def _decide(
    connection: AsyncConnection,
    configuration: Configuration,
    failed: list[FailedUpdate],
    sales: list[Sale],
    options: RerunOptions,
    now: datetime,
) -> tuple[Effect, ...]:
    said = {}
    if sales and not options.anyway:
        since = min(item.received_at for item in failed)
        network_id = configuration.network.network_id
        said = await list_said(connection, network_id, [sale.sale_id for sale in sales], since)
    return Again(configuration, sales, said, options, now).decide(failed)


def _accept(
    configuration: Configuration, effects: tuple[Effect, ...], sales: list[Sale], run_id: int, now: datetime
) -> Changes:
    """The accepted calls, each chained to the row before."""
    changes = Changes(configuration)
    changes.take(sales)
    for effect in effects:
        if effect.change is None:
            continue
        buyer = configuration.buyers[effect.failed.buyer_id]
        note = None
        if effect.amount_left_out is not None:
            note = f"Run again without its amount: {effect.amount_left_out} was not added."
        changes.accept(
            msgspec.structs.replace(effect.change, before=changes.sales[effect.change.before.sale_id]),
            origin=origin_of(effect.failed, now),
            actor=Actor(kind="buyer", actor_id=buyer.buyer_id, name=buyer.name),
            note=note,
            run_id=run_id,
        )
    return changes


def _describe(selection: FailedSelection, options: RerunOptions, configuration: Configuration) -> str:
    parts = []
    if selection.buyer_id is not None:
        parts.append(f"buyer {configuration.buyers[selection.buyer_id].name}")
    elif selection.buyer_ids is not None:
        names = [configuration.buyers[buyer_id].name for buyer_id in sorted(selection.buyer_ids)]
        parts.append(f"buyers {', '.join(names[:20])}{' …' if len(names) > 20 else ''}")
    if selection.reason is not None:
        parts.append(selection.reason)
    if selection.since is not None:
        parts.append(f"since {configuration.network.local(selection.since):%Y-%m-%d %H:%M}")
    if selection.ids is not None:
        parts.append(f"ids {', '.join(map(str, sorted(selection.ids)[:20]))}{' …' if len(selection.ids) > 20 else ''}")
    if selection.waiting:
        parts.append("waiting for their sale")
    if options.with_amounts:
        parts.append("with amounts")
    return ", ".join(parts) or "all"
