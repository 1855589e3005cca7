"""The statements of the guess limits: counts by caller and minute, and who is restricted until when."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.sql import Rows, insert_statement
from leadback.leads.guess_rules import Counted, Counts

_LOCK_CALLERS: Final = text("""
    SELECT pg_advisory_xact_lock(row.lock) FROM unnest(CAST(:lock AS bigint[])) AS row(lock)
""")
_READ_COUNTS: Final = text("""
    SELECT caller, minute, calls, unknown_leads FROM guess_count
    WHERE network_id = :network_id AND caller = ANY(CAST(:callers AS text[])) AND minute >= :since
""")
_COUNT_ROWS = Rows(caller="text", minute="timestamptz", calls="integer", unknown_leads="integer")
_ADD_COUNTS: Final = text(f"""
    {insert_statement("guess_count", _COUNT_ROWS)}
    ON CONFLICT (network_id, caller, minute) DO UPDATE
    SET calls = guess_count.calls + excluded.calls,
        unknown_leads = guess_count.unknown_leads + excluded.unknown_leads
""")
_RESTRICTED_ROWS = Rows(caller="text", restricted_until="timestamptz")
_RESTRICT: Final = text(f"""
    {insert_statement("restricted_caller", _RESTRICTED_ROWS)}
    ON CONFLICT (network_id, caller) DO UPDATE
    SET restricted_until = greatest(restricted_caller.restricted_until, excluded.restricted_until)
""")


async def lock_callers(connection: AsyncConnection, network_id: int, callers: Iterable[str]) -> None:
    """Let nobody else count these callers' unknown leads until this transaction ends."""
    numbers = sorted(_lock_number(network_id, caller) for caller in callers)
    await connection.execute(_LOCK_CALLERS, {"lock": numbers})


async def read_counts(connection: AsyncConnection, network_id: int, callers: Iterable[str], since: datetime) -> Counts:
    """What these callers did in each minute from one on."""
    values = {"network_id": network_id, "callers": sorted(callers), "since": since}
    rows = await connection.execute(_READ_COUNTS, values)
    counts: Counts = {}
    for row in rows:
        counts.setdefault(row.caller, {})[row.minute] = Counted(row.calls, row.unknown_leads)
    return counts


async def add_counts(connection: AsyncConnection, network_id: int, counts: Counts) -> None:
    """Count more of each; in one order everywhere, so that no two transactions deadlock."""
    rows = [
        (caller, minute, minutes[minute].calls, minutes[minute].unknown_leads)
        for caller, minutes in sorted(counts.items())
        for minute in sorted(minutes)
    ]
    await connection.execute(_ADD_COUNTS, _COUNT_ROWS.parameters(rows, network_id=network_id))


async def restrict(connection: AsyncConnection, network_id: int, callers: Mapping[str, datetime]) -> None:
    """Restrict callers until a moment each, or longer where they are so already."""
    rows = sorted(callers.items())
    await connection.execute(_RESTRICT, _RESTRICTED_ROWS.parameters(rows, network_id=network_id))


def _lock_number(network_id: int, caller: str) -> int:
    body = f"guess\0{network_id}\0{caller}".encode()
    return int.from_bytes(hashlib.blake2b(body, digest_size=8).digest(), signed=True)
