"""What came in today: updates and failed updates, beside what had come by this time yesterday."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.networks.model import Network

_SEEN: Final = "(CAST(:buyer_ids AS integer[]) IS NULL OR {column} = ANY (CAST(:buyer_ids AS integer[])))"

_COUNTED: Final = """
    count(*) FILTER (WHERE received_at >= :today) AS today, count(*) FILTER (WHERE received_at < :today) AS yesterday
"""
_IN_TIME: Final = """
    received_at >= :yesterday AND (received_at >= :today OR received_at < :same_time)
"""
_UPDATES: Final = text(f"""
    SELECT {_COUNTED}
    FROM lead_update AS entry
    JOIN sale ON sale.network_id = :network_id AND sale.sale_id = entry.sale_id
    WHERE entry.network_id = :network_id AND {_IN_TIME} AND entry.kind IN ('update', 'correction')
        AND entry.counts_as_update AND NOT sale.is_test AND {_SEEN.format(column="sale.buyer_id")}
""")
_FAILED: Final = text(f"""
    SELECT {_COUNTED}
    FROM failed_update AS failed
    WHERE failed.network_id = :network_id AND {_IN_TIME} AND {_SEEN.format(column="failed.buyer_id")}
        AND NOT EXISTS (
            SELECT FROM sale
            WHERE sale.network_id = :network_id AND sale.sale_id = failed.sale_id AND sale.is_test
        )
""")


class Today(msgspec.Struct, frozen=True, kw_only=True):
    """Calls since midnight in the network's time, and those of yesterday up to this time of day."""

    updates: int
    updates_yesterday: int
    failed: int
    failed_yesterday: int


async def count_today(
    connection: AsyncConnection, network: Network, buyer_ids: frozenset[int] | None, now: datetime
) -> Today:
    """Of the buyers whoever asks may see; None: of all. Test leads apart."""
    day = network.day_of(now)
    today = datetime.combine(day, time(), network.zone)
    yesterday = datetime.combine(day - timedelta(days=1), time(), network.zone)
    values: Mapping[str, Any] = {
        "network_id": network.network_id,
        "buyer_ids": None if buyer_ids is None else sorted(buyer_ids),
        "today": today,
        "yesterday": yesterday,
        "same_time": now - timedelta(days=1),
    }
    updates = (await connection.execute(_UPDATES, values)).one()
    failed = (await connection.execute(_FAILED, values)).one()
    return Today(
        updates=updates.today,
        updates_yesterday=updates.yesterday,
        failed=failed.today,
        failed_yesterday=failed.yesterday,
    )
