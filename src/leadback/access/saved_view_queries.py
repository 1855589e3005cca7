"""Reading saved views."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.saved_view_model import SavedView
from leadback.access.tables import operator, saved_view


async def list_views(
    connection: AsyncConnection, network_id: int, operator_id: int, page: str | None = None
) -> list[SavedView]:
    """An operator's own views and those that others share, by name; of one page, or of all."""
    statement = (
        select(*(saved_view.c[name] for name in _OWN), operator.c.name.label("operator"))
        .join(
            operator,
            (operator.c.network_id == saved_view.c.network_id) & (operator.c.operator_id == saved_view.c.operator_id),
        )
        .where(saved_view.c.network_id == network_id, (saved_view.c.operator_id == operator_id) | saved_view.c.shared)
        .order_by(func.lower(saved_view.c.name), saved_view.c.saved_view_id)
    )
    if page is not None:
        statement = statement.where(saved_view.c.page == page)
    return [SavedView(**row._mapping) for row in await connection.execute(statement)]


async def count_views(connection: AsyncConnection, network_id: int, operator_id: int) -> int:
    """How many an operator has saved."""
    own = (saved_view.c.network_id == network_id) & (saved_view.c.operator_id == operator_id)
    return int((await connection.execute(select(func.count()).select_from(saved_view).where(own))).scalar_one())


_OWN = [name for name in SavedView.__struct_fields__ if name != "operator"]
