"""Reading runs and the sales they changed."""

from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Row, column, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.list_queries import Wanted, holding, in_any_case, in_order
from leadback.leads.run_model import Run, RunSale, SaleState
from leadback.leads.tables import run

RUNS_LISTED_MAX: Final = 200
STANDING, UNDONE = "standing", "undone"

_OWN: Final = ("run_id", "kind", "made_at", "actor", "description", "undoes_run_id")
_MORE: Final = (column("undone_by_run_id", BigInteger), column("sales", BigInteger))
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
_LISTED = text(f"{_RUNS} {_OF_BUYERS}").columns(*(run.c[name] for name in _OWN), *_MORE).subquery("listed")
SORTS: Final = {
    "run": _LISTED.c.run_id,
    "made": _LISTED.c.made_at,
    "by": in_any_case(_LISTED.c.actor),
    "what": in_any_case(_LISTED.c.description),
    "sales": _LISTED.c.sales,
}
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
    wanted: Wanted | None = None,
    kind: str = "",
    state: str = "",
    buyer_ids: frozenset[int] | None = None,
) -> list[Run]:
    """The newest runs first, where nothing else is wanted; with `buyer_ids` those that changed their sales alone.

    `state`: `STANDING` or `UNDONE`; empty: either.
    """
    wanted = wanted or Wanted(descending=True, limit=RUNS_LISTED_MAX)
    statement = (
        select(_LISTED)
        .where(*_conditions(kind, state, wanted.words))
        .order_by(*in_order(wanted, SORTS, "run", _LISTED.c.run_id))
        .offset(wanted.offset)
        .limit(wanted.limit)
    )
    values = {"network_id": network_id, "buyer_ids": _array(buyer_ids)}
    return [_run(row) for row in await connection.execute(statement, values)]


async def count_runs(
    connection: AsyncConnection,
    network_id: int,
    *,
    words: str = "",
    kind: str = "",
    state: str = "",
    buyer_ids: frozenset[int] | None = None,
) -> int:
    """How many runs there are like that."""
    statement = select(func.count()).select_from(_LISTED).where(*_conditions(kind, state, words))
    values = {"network_id": network_id, "buyer_ids": _array(buyer_ids)}
    return int((await connection.execute(statement, values)).scalar_one())


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


def _conditions(kind: str, state: str, words: str) -> list[ColumnElement[bool]]:
    conditions = holding(words, _LISTED.c.actor, _LISTED.c.description, _LISTED.c.run_id)
    if kind:
        conditions.append(_LISTED.c.kind == kind)
    if state:
        undone = _LISTED.c.undone_by_run_id
        conditions.append(undone.is_not(None) if state == UNDONE else undone.is_(None))
    return conditions


def _array(buyer_ids: frozenset[int] | None) -> list[int] | None:
    return None if buyer_ids is None else sorted(buyer_ids)


def _run(row: Row[Any]) -> Run:
    return Run(**row._mapping)
