"""An account manager at its browser, with buyers of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from sqlalchemy import update

from leadback.access.operator_model import Role
from leadback.access.operator_store import insert_operator, next_operator_id
from leadback.kit.database import Database
from leadback.parties.tables import buyer
from tests.console.browsing import signed_in


@asynccontextmanager
async def managing(database: Database, network_id: int, *buyer_ids: int) -> AsyncIterator[httpx.AsyncClient]:
    """A browser of a new account manager of these buyers."""
    async with database.transaction(network_id) as connection:
        operator_id = await next_operator_id(connection, network_id)
        email = f"manager{operator_id}@example.com"
        values = {"operator_id": operator_id, "name": "Max", "email": email, "role": str(Role.ACCOUNT_MANAGER)}
        await insert_operator(connection, network_id, values)
        await connection.execute(
            update(buyer)
            .where(buyer.c.network_id == network_id, buyer.c.buyer_id.in_(buyer_ids))
            .values(account_manager_id=operator_id)
        )
    async with signed_in(database, network_id, operator_id=operator_id) as client:
        yield client
