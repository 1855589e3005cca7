"""Reading runs and the sales they changed."""

from typing import Any, Final

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.leads.run_model import Run, RunSale, SaleState

RUNS_LISTED_MAX: Final = 200

_RUNS: Final = """
    SELECT run.run_id, run.kind, run.made_at, run.actor, run.description, run.undoes_run_id,
        undo.run_id AS undone_by_run_id,
        (
            SELECT count(*) FROM run_sale
            WHERE run_sale.network_id = :network_id AND run_sale.run_id = run.run_id
        ) AS sales
    FROM run
    LEFT JOIN run AS undo ON undo.network_id = :network_id AND undo.undoes_run_id = run.run_id
    WHERE run.network_id = :network_id
"""
# All of whose sales are of these buyers, or whatever run where there are none to see.
_OF_BUYERS: Final = """
    AND (
        CAST(:buyer_ids AS integer[]) IS NULL
        OR NOT EXISTS (
            SELECT FROM run_sale JOIN sale USING (network_id, sale_id)
            WHERE run_sale.network_id = :network_id AND run_sale.run_id = run.run_id
                AND sale.buyer_id <> ALL (CAST(:buyer_ids AS integer[]))
        )
    )
"""
_NEWEST = text(f"{_RUNS} {_OF_BUYERS} ORDER BY run.run_id DESC LIMIT :runs_max")
_ONE = text(f"{_RUNS} {_OF_BUYERS} AND run.run_id = :run_id")
_SALES = text("""
    SELECT sale_id, version_before, version_after, before FROM run_sale
    WHERE network_id = :network_id AND run_id = :run_id
    ORDER BY sale_id
""")

_TAKEN_BACK = text("""
    SELECT undone.sale_id, undoing.version_after, undone.version_before
    FROM run
    JOIN run_sale AS undoing ON undoing.network_id = :network_id AND undoing.run_id = run.run_id
    JOIN run_sale AS undone ON undone.network_id = :network_id AND undone.run_id = run.undoes_run_id
        AND undone.sale_id = undoing.sale_id
    WHERE run.network_id = :network_id AND run.run_id > :run_id AND run.undoes_run_id IS NOT NULL
""")


async def list_runs(
    connection: AsyncConnection,
    network_id: int,
    *,
    runs_max: int = RUNS_LISTED_MAX,
    buyer_ids: frozenset[int] | None = None,
) -> list[Run]:
    """The newest runs first; with `buyer_ids` those that changed sales of these buyers alone."""
    values = {"network_id": network_id, "runs_max": runs_max, "buyer_ids": _array(buyer_ids)}
    return [_run(row) for row in await connection.execute(_NEWEST, values)]


async def find_run(
    connection: AsyncConnection, network_id: int, run_id: int, *, buyer_ids: frozenset[int] | None = None
) -> Run | None:
    """The run of this id, if there is one; with `buyer_ids` one that changed sales of these buyers alone."""
    values = {"network_id": network_id, "run_id": run_id, "buyer_ids": _array(buyer_ids)}
    row = (await connection.execute(_ONE, values)).one_or_none()
    return None if row is None else _run(row)


async def list_run_sales(connection: AsyncConnection, network_id: int, run_id: int) -> list[RunSale]:
    """Every sale a run changed, in the order of their ids."""
    rows = await connection.execute(_SALES, {"network_id": network_id, "run_id": run_id})
    return [
        RunSale(
            sale_id=row.sale_id,
            version_before=row.version_before,
            version_after=row.version_after,
            # JSON has texts for keys.
            before=msgspec.convert(row.before, SaleState, str_keys=True),
        )
        for row in rows
    ]


async def list_taken_back(connection: AsyncConnection, network_id: int, run_id: int) -> dict[tuple[int, int], int]:
    """Of the undos after a run, by sale and the version they left it at: the version as which it stands again."""
    rows = await connection.execute(_TAKEN_BACK, {"network_id": network_id, "run_id": run_id})
    return {(row.sale_id, row.version_after): row.version_before for row in rows}


def _array(buyer_ids: frozenset[int] | None) -> list[int] | None:
    return None if buyer_ids is None else sorted(buyer_ids)


def _run(row: Row[Any]) -> Run:
    return Run(**row._mapping)
