"""Removing what has had its time: idempotency keys, recent answers, counts of guesses, failed updates."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.leads import clean_store
from leadback.leads.guess_rules import window_start
from leadback.networks.queries import read_network

ROWS_MAX: Final = 1_000


async def clean(connection: AsyncConnection, network_id: int, now: datetime) -> bool:
    """Remove at most `ROWS_MAX` rows of each kind; whether there may be more, for another transaction.

    The ledger is not among them: it is kept for ever.
    """
    network = await read_network(connection, network_id)
    received = now - timedelta(days=network.failed_update_days)
    removed = (
        await clean_store.delete_keys(connection, network_id, now, ROWS_MAX),
        await clean_store.delete_answers(connection, network_id, now, ROWS_MAX),
        await clean_store.delete_counts(connection, network_id, window_start(now), ROWS_MAX),
        await clean_store.delete_restricted(connection, network_id, now, ROWS_MAX),
        await clean_store.delete_failed(connection, network_id, received, ROWS_MAX),
    )
    return ROWS_MAX in removed
