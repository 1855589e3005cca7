"""Writing saved views."""

from sqlalchemy import delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.tables import saved_view


async def upsert_view(
    connection: AsyncConnection, network_id: int, operator_id: int, *, page: str, name: str, query: str, shared: bool
) -> None:
    """A new view, or another question under the name of one's own."""
    number = func.coalesce(func.max(saved_view.c.saved_view_id), 0) + 1
    columns = ("network_id", "saved_view_id", "operator_id", "page", "name", "query", "shared")
    values = (literal(value) for value in (operator_id, page, name, query, shared))
    source = select(literal(network_id), number, *values).where(saved_view.c.network_id == network_id)
    statement = insert(saved_view).from_select(columns, source)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["network_id", "operator_id", "page", "name"], set_={"query": query, "shared": shared}
        )
    )


async def delete_view(
    connection: AsyncConnection, network_id: int, saved_view_id: int, *, operator_id: int, also_shared: bool
) -> bool:
    """Take an operator's own view away, or one that is shared; False where there is none."""
    may = saved_view.c.operator_id == operator_id
    done = await connection.execute(
        delete(saved_view).where(
            saved_view.c.network_id == network_id,
            saved_view.c.saved_view_id == saved_view_id,
            may | saved_view.c.shared if also_shared else may,
        )
    )
    return bool(done.rowcount)
