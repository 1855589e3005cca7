"""Sales locked for an operator's change, under the network's configuration as it is until the transaction ends."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.database import share_configuration, sqlstate
from leadback.kit.errors import Refused
from leadback.leads import store
from leadback.leads.changes import Changes
from leadback.leads.configuration import read_configuration

SALES_AT_ONCE_MAX: Final = 1000
SALE_ID_MAX: Final = 2**63 - 1
LOCK_NOT_AVAILABLE: Final = "55P03"


async def lock_for_changes(connection: AsyncConnection, network_id: int, sale_ids: Sequence[int]) -> Changes:
    """The sales as they stand, those there are; `Refused` where they are too many, or held by others for too long."""
    if len(sale_ids) > SALES_AT_ONCE_MAX:
        raise Refused(f"These are {len(sale_ids)} sales; give at most {SALES_AT_ONCE_MAX} at once.")
    try:
        await share_configuration(connection, network_id)
        changes = Changes(await read_configuration(connection, network_id))
        possible = [sale_id for sale_id in sale_ids if 0 < sale_id <= SALE_ID_MAX]
        changes.take(await store.lock_sales_by_id(connection, network_id, possible))
    except OperationalError as error:
        if sqlstate(error) == LOCK_NOT_AVAILABLE:
            raise Refused("An import or another change holds one of these sales; try again in a moment.") from error
        raise
    return changes
