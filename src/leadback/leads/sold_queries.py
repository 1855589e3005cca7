"""Looking up what was sold: the last day, leads by their ids, sales by the references others know them by."""

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def last_day_sold(connection: AsyncConnection, network_id: int) -> date:
    """The day of the newest sale, test sales apart."""
    statement = text("SELECT max(sold_on) FROM sale WHERE network_id = :network_id AND NOT is_test")
    found: date = (await connection.execute(statement, {"network_id": network_id})).scalar_one()
    return found


async def are_leads(connection: AsyncConnection, network_id: int, lead_ids: Collection[str]) -> bool:
    """Whether there are leads with all of these ids."""
    keys = {lead_id.upper() for lead_id in lead_ids}
    statement = text("""
        SELECT count(*) FROM lead
        WHERE network_id = :network_id AND lead_key = ANY (CAST(:keys AS text[]))
    """)
    values: dict[str, Any] = {"network_id": network_id, "keys": list(keys)}
    return bool((await connection.execute(statement, values)).scalar_one() == len(keys))


async def sale_ids_by_reference(
    connection: AsyncConnection, network_id: int, references: Collection[str]
) -> dict[str, int]:
    """Our id of every sale that is known by one of these references of its network's."""
    statement = text("""
        SELECT sale_ref, sale_id FROM sale
        WHERE network_id = :network_id AND sale_ref = ANY (CAST(:references AS text[]))
    """)
    values: dict[str, Any] = {"network_id": network_id, "references": list(references)}
    return {row.sale_ref: row.sale_id for row in await connection.execute(statement, values)}
