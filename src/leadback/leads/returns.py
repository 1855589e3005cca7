"""An operator's work on returns: submit one for a buyer, and credit, replace or reject those that are submitted."""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.model import ReturnReason
from leadback.kit.errors import Refused
from leadback.leads.changes import Changes
from leadback.leads.locking import lock_for_changes
from leadback.leads.model import Change, Channel, Origin, Sale
from leadback.leads.queries import read_return_steps
from leadback.leads.return_rules import (
    clean_note,
    clean_reason,
    decide_credit,
    decide_rejection,
    decide_replacement,
    decide_submission,
)
from leadback.networks.model import Actor

Decide = Callable[[Sale], Change | str]


class ReturnResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one sale: its return's new state and its revenue, or why nothing of it was changed."""

    sale_id: int
    state: str | None = None
    revenue: Decimal | None = None
    refusal: str | None = None


async def submit_return(
    connection: AsyncConnection,
    network_id: int,
    sale_id: int,
    *,
    return_reason_id: int,
    note: str | None = None,
    actor: Actor,
    now: datetime,
    origin: Origin | None = None,
) -> ReturnResult:
    """Return a sale in its buyer's place, under the same checks; a correction, which makes the sale updated.

    As for the decisions, `origin` says where it was asked and is the command line by default; a sale that is refused
    is left as it was. Raises `Refused` where the reason is none that is active, or the note cannot be kept.
    """
    line = clean_note(note)
    changes = await lock_for_changes(connection, network_id, [sale_id])
    configuration = changes.configuration
    _check_reason(configuration.catalog.return_reasons, return_reason_id)
    record = _Record(origin or _at_command_line("submit return", now), actor, line)
    (result,) = await _write(
        connection,
        changes,
        [sale_id],
        lambda sale: decide_submission(sale, return_reason_id, configuration, now),
        record,
    )
    return result


async def credit_returns(
    connection: AsyncConnection,
    network_id: int,
    sale_ids: Sequence[int],
    *,
    zero_revenue: bool | None = None,
    note: str | None = None,
    actor: Actor,
    now: datetime,
    origin: Origin | None = None,
) -> list[ReturnResult]:
    """Credit submitted returns, each by itself; `zero_revenue` sets revenue to zero too, None as the network has it."""
    record = _Record(origin or _at_command_line("credit return", now), actor, clean_note(note))
    changes = await lock_for_changes(connection, network_id, sale_ids)
    zero = changes.configuration.network.credit_sets_revenue_to_zero if zero_revenue is None else zero_revenue
    return await _write(connection, changes, sale_ids, lambda sale: decide_credit(sale, now, zero_revenue=zero), record)


async def replace_returns(
    connection: AsyncConnection,
    network_id: int,
    sale_ids: Sequence[int],
    *,
    note: str | None = None,
    actor: Actor,
    now: datetime,
    origin: Origin | None = None,
) -> list[ReturnResult]:
    """Promise another lead for each submitted return: revenue stays, and the contract is owed one more."""
    record = _Record(origin or _at_command_line("replace return", now), actor, clean_note(note))
    changes = await lock_for_changes(connection, network_id, sale_ids)
    return await _write(connection, changes, sale_ids, lambda sale: decide_replacement(sale, now), record)


async def reject_returns(
    connection: AsyncConnection,
    network_id: int,
    sale_ids: Sequence[int],
    *,
    note: str,
    restore_revenue: bool = False,
    actor: Actor,
    now: datetime,
    origin: Origin | None = None,
) -> list[ReturnResult]:
    """Reject submitted returns, saying why; `restore_revenue` takes back amounts that came with them.

    A sale whose revenue has moved on since is refused then: it can be rejected without.
    """
    record = _Record(origin or _at_command_line("reject return", now), actor, clean_reason(note))
    changes = await lock_for_changes(connection, network_id, sale_ids)
    steps = await read_return_steps(connection, network_id, changes.sales) if restore_revenue else {}

    def decide(sale: Sale) -> Change | str:
        return decide_rejection(sale, now, steps=steps.get(sale.sale_id, ()), restore_revenue=restore_revenue)

    return await _write(connection, changes, sale_ids, decide, record)


class _Record(msgspec.Struct, frozen=True):
    """What every ledger row of one act has in common."""

    origin: Origin
    actor: Actor
    note: str | None


def _at_command_line(operation: str, now: datetime) -> Origin:
    return Origin(
        channel=Channel.CLI,
        operation=operation,
        address=None,
        request_id=secrets.token_hex(16),
        received_at=now,
    )


async def _write(
    connection: AsyncConnection, changes: Changes, sale_ids: Sequence[int], decide: Decide, record: _Record
) -> list[ReturnResult]:
    """Decide on each sale, and write all that was accepted; a result for each, once, in the order asked."""
    results = []
    for sale_id in dict.fromkeys(sale_ids):
        sale = changes.sales.get(sale_id)
        change = f"There is no sale {sale_id}." if sale is None else decide(sale)
        if isinstance(change, str):
            results.append(ReturnResult(sale_id=sale_id, refusal=change))
            continue
        after = changes.accept(change, origin=record.origin, actor=record.actor, note=record.note)
        results.append(ReturnResult(sale_id=sale_id, state=after.return_state, revenue=after.revenue))
    await changes.write(connection)
    return results


def _check_reason(reasons: dict[int, ReturnReason], return_reason_id: int) -> None:
    reason = reasons.get(return_reason_id)
    if reason is None or not reason.active:
        known = [f"{item.return_reason_id} ({item.name})" for item in reasons.values() if item.active]
        there_are = f"There are: {', '.join(known)}" if known else "There is none yet"
        raise Refused(f"There is no active return reason {return_reason_id}. {there_are}.")
