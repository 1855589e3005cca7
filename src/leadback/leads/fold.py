"""Folding: moving what updates appended into the rollups, so that reports have little to add up."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.leads import rollup_store

FOLD_ROWS_MAX: Final = 10_000


async def fold(connection: AsyncConnection, network_id: int, *, rows_max: int = FOLD_ROWS_MAX) -> int:
    """Fold at most so many deltas of sales and as many of fields; how many were folded, 0 where another does it now.

    Needs no peace: what is appended meanwhile stays for the next time, and a report sees each number either as a
    delta or in its cell, because both changes become visible with the commit.
    """
    if not await rollup_store.try_lock_fold(connection, network_id):
        return 0
    folded = 0
    for rollup in (rollup_store.SALES, rollup_store.FIELDS):
        folded += await rollup_store.fold_deltas(connection, network_id, rollup, rows_max)
    return folded
