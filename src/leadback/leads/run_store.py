"""The statements that write runs, and settle or reopen the failed updates that they apply."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.sql import Rows, insert_statement
from leadback.leads.failed_model import FailedSelection, FailedUpdate
from leadback.leads.failed_queries import failed_of, oldest
from leadback.leads.run_model import RunSale
from leadback.leads.tables import run
from leadback.networks.model import Actor

_RUN_SALES: Final = Rows(
    run_id="bigint", sale_id="bigint", version_before="integer", version_after="integer", before="jsonb"
)
_INSERT_RUN_SALES = insert_statement("run_sale", _RUN_SALES)
_SETTLE = text("""
    UPDATE failed_update SET resolved_at = :now, run_id = :run_id
    WHERE network_id = :network_id AND failed_update_id = ANY (CAST(:ids AS bigint[])) AND resolved_at IS NULL
""")
_REOPEN = text("""
    UPDATE failed_update SET resolved_at = NULL, run_id = NULL
    WHERE network_id = :network_id AND run_id = :run_id
""")


async def lock_oldest(
    connection: AsyncConnection, network_id: int, selection: FailedSelection, now: datetime, *, rows_max: int
) -> list[FailedUpdate]:
    """The oldest failed updates that are meant, in the order they came; nobody else runs them meanwhile."""
    statement = oldest(network_id, selection, now, rows_max).with_for_update()
    return [failed_of(row) for row in await connection.execute(statement)]


async def insert_run(
    connection: AsyncConnection,
    network_id: int,
    *,
    kind: str,
    description: str,
    undoes_run_id: int | None,
    actor: Actor,
    now: datetime,
) -> int:
    """A new run; its id."""
    values: dict[str, Any] = {
        "network_id": network_id,
        "kind": kind,
        "made_at": now,
        "actor_kind": actor.kind,
        "actor_id": actor.actor_id,
        "actor": actor.name,
        "description": description,
        "undoes_run_id": undoes_run_id,
    }
    run_id: int = (await connection.execute(insert(run).values(values).returning(run.c.run_id))).scalar_one()
    return run_id


async def insert_run_sales(connection: AsyncConnection, network_id: int, run_id: int, sales: Sequence[RunSale]) -> None:
    """Keep how the sales of a run stood before it."""
    rows = [
        (
            run_id,
            item.sale_id,
            item.version_before,
            item.version_after,
            msgspec.json.encode(item.before).decode(),
        )
        for item in sales
    ]
    await connection.execute(_INSERT_RUN_SALES, _RUN_SALES.parameters(rows, network_id=network_id))


async def settle_failed(
    connection: AsyncConnection, network_id: int, ids: Collection[int], *, run_id: int, now: datetime
) -> int:
    """Failed updates that a run applied are settled; how many were open."""
    values = {"network_id": network_id, "ids": sorted(ids), "run_id": run_id, "now": now}
    return (await connection.execute(_SETTLE, values)).rowcount


async def reopen_failed(connection: AsyncConnection, network_id: int, run_id: int) -> int:
    """Failed updates that a run settled are open again; how many."""
    return (await connection.execute(_REOPEN, {"network_id": network_id, "run_id": run_id})).rowcount
