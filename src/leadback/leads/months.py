"""Keeping the ledger's months ahead of the calendar, so that no update finds none to go into."""

from datetime import date, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.leads import month_store

MONTHS_AHEAD: Final = 6
MONTH_DAYS_MAX: Final = 31


async def add_months(connection: AsyncConnection, first_day: date, last_day: date) -> int:
    """Make the months from one day to another (UTC) that are missing; how many were made."""
    return await month_store.insert_months(connection, first_day, last_day)


async def add_months_ahead(connection: AsyncConnection, today: date) -> int:
    """Make this month and at least `MONTHS_AHEAD` more; how many were made."""
    return await add_months(connection, today, today + timedelta(days=MONTHS_AHEAD * MONTH_DAYS_MAX))


async def are_months_ahead(connection: AsyncConnection, today: date) -> bool:
    """Whether the ledger has this month and the next."""
    next_month = (today.replace(day=1) + timedelta(days=MONTH_DAYS_MAX)).replace(day=1)
    return await month_store.has_month(connection, today) and await month_store.has_month(connection, next_month)
