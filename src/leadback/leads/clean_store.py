"""The statements that remove what has had its time, a bounded portion at a time."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

# What somebody else has locked is left to the next round: cleaning never makes an update wait.
_DELETE_KEYS: Final = text("""
    DELETE FROM idempotency_key
    WHERE network_id = :network_id AND (caller, operation, key) IN (
        SELECT caller, operation, key FROM idempotency_key
        WHERE network_id = :network_id AND expires_at <= :moment
        ORDER BY expires_at LIMIT :rows_max FOR UPDATE SKIP LOCKED
    )
""")
_DELETE_ANSWERS: Final = text("""
    DELETE FROM recent_answer
    WHERE network_id = :network_id AND sale_id IN (
        SELECT sale_id FROM recent_answer
        WHERE network_id = :network_id AND expires_at <= :moment
        ORDER BY expires_at LIMIT :rows_max FOR UPDATE SKIP LOCKED
    )
""")
_DELETE_COUNTS: Final = text("""
    DELETE FROM guess_count
    WHERE network_id = :network_id AND (caller, minute) IN (
        SELECT caller, minute FROM guess_count
        WHERE network_id = :network_id AND minute < :moment
        ORDER BY minute LIMIT :rows_max FOR UPDATE SKIP LOCKED
    )
""")
_DELETE_RESTRICTED: Final = text("""
    DELETE FROM restricted_caller
    WHERE network_id = :network_id AND caller IN (
        SELECT caller FROM restricted_caller
        WHERE network_id = :network_id AND restricted_until <= :moment
        ORDER BY restricted_until LIMIT :rows_max FOR UPDATE SKIP LOCKED
    )
""")
_DELETE_FAILED: Final = text("""
    DELETE FROM failed_update
    WHERE network_id = :network_id AND failed_update_id IN (
        SELECT failed_update_id FROM failed_update
        WHERE network_id = :network_id AND received_at <= :moment
        AND (waiting_until IS NULL OR waiting_until <= now() OR resolved_at IS NOT NULL)
        ORDER BY received_at LIMIT :rows_max FOR UPDATE SKIP LOCKED
    )
""")


async def delete_keys(connection: AsyncConnection, network_id: int, expired: datetime, rows_max: int) -> int:
    """Remove idempotency keys that expired by then; how many."""
    return await _delete(connection, _DELETE_KEYS, network_id, expired, rows_max)


async def delete_answers(connection: AsyncConnection, network_id: int, expired: datetime, rows_max: int) -> int:
    """Remove recent answers that expired by then; how many."""
    return await _delete(connection, _DELETE_ANSWERS, network_id, expired, rows_max)


async def delete_counts(connection: AsyncConnection, network_id: int, minute: datetime, rows_max: int) -> int:
    """Remove counts of calls and guesses in minutes before that one; how many."""
    return await _delete(connection, _DELETE_COUNTS, network_id, minute, rows_max)


async def delete_restricted(connection: AsyncConnection, network_id: int, until: datetime, rows_max: int) -> int:
    """Remove callers that were restricted until then at most; how many."""
    return await _delete(connection, _DELETE_RESTRICTED, network_id, until, rows_max)


async def delete_failed(connection: AsyncConnection, network_id: int, received: datetime, rows_max: int) -> int:
    """Remove failed updates received by then that no longer wait for their sale; how many."""
    return await _delete(connection, _DELETE_FAILED, network_id, received, rows_max)


async def _delete(
    connection: AsyncConnection, statement: TextClause, network_id: int, moment: datetime, rows_max: int
) -> int:
    values: dict[str, Any] = {"network_id": network_id, "moment": moment, "rows_max": rows_max}
    return (await connection.execute(statement, values)).rowcount
