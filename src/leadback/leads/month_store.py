"""The months of the ledger, which is partitioned by the month of receipt."""

from datetime import date
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_ADD_MONTHS: Final = text("SELECT leadback_add_ledger_months(CAST(:first_day AS date), CAST(:last_day AS date))")
_HAS_MONTH: Final = text(
    "SELECT to_regclass('public.lead_update_' || to_char(CAST(:day AS date), 'YYYY_MM')) IS NOT NULL"
)


async def insert_months(connection: AsyncConnection, first_day: date, last_day: date) -> int:
    """Make the partitions that are missing, through the function that may; how many were made."""
    days: dict[str, Any] = {"first_day": first_day, "last_day": last_day}
    added: int = (await connection.execute(_ADD_MONTHS, days)).scalar_one()
    return added


async def has_month(connection: AsyncConnection, day: date) -> bool:
    """Whether the ledger can take rows received on this day."""
    return bool((await connection.execute(_HAS_MONTH, {"day": day})).scalar_one())
