"""What every run does: one transaction, one number, how its sales stood before, one entry of the audit."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.audit.actions import record
from leadback.audit.model import Entry
from leadback.kit.database import sqlstate
from leadback.kit.errors import Refused
from leadback.leads import run_store
from leadback.leads.model import Sale
from leadback.leads.run_model import RunSale, SaleState
from leadback.networks.model import Actor

RUN_CALLS_MAX: Final = 10_000
"""Applied at once: one transaction, in which buyers' updates of these sales wait for it."""

# A lock not got in time; a deadlock; a statement that waited, or worked, for too long.
_BUSY: Final = frozenset(["55P03", "40P01", "57014"])


@contextmanager
def refusing_when_busy() -> Iterator[None]:
    """Inside, a lock that is not to be had refuses the whole run."""
    try:
        yield
    except DBAPIError as error:
        if sqlstate(error) in _BUSY:
            raise Refused(
                "Some of these sales are being updated at this moment; nothing was changed. Try again."
            ) from error
        raise


def state_of(sale: Sale) -> SaleState:
    """All of a sale that a run can change."""
    return SaleState(**{name: getattr(sale, name) for name in SaleState.__struct_fields__})


def moved_sales(before: dict[int, Sale], after: dict[int, Sale]) -> list[RunSale]:
    """The sales that have another version than before, each with how it stood."""
    return [
        RunSale(
            sale_id=sale_id,
            version_before=sale.version,
            version_after=after[sale_id].version,
            before=state_of(sale),
        )
        for sale_id, sale in sorted(before.items())
        if after[sale_id].version != sale.version
    ]


async def finish_run(
    connection: AsyncConnection,
    network_id: int,
    run_id: int,
    sales: list[RunSale],
    *,
    action: str,
    told: dict[str, Any],
    actor: Actor,
    now: datetime,
) -> None:
    """Keep what undoing the run needs, and audit it. No configuration changed, so no process reads it again."""
    await run_store.insert_run_sales(connection, network_id, run_id, sales)
    entry = Entry(action=action, subject="run", subject_id=run_id, before=None, after=told | {"sales": len(sales)})
    await record(connection, network_id, entry, actor=(actor.kind, actor.actor_id, actor.name), changed_at=now)
