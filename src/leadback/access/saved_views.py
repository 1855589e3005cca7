"""Saving a report's question under a name, for oneself or for everybody, and taking it away again."""

from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access import saved_view_store as store
from leadback.access.operator_model import Permission, Viewer
from leadback.access.saved_view_queries import count_views
from leadback.kit.errors import Refused
from leadback.kit.names import check_name

VIEWS_MAX: Final = 200
QUERY_LENGTH_MAX: Final = 4_000


async def save_view(
    connection: AsyncConnection, viewer: Viewer, *, page: str, name: str, query: str, shared: bool
) -> None:
    """Save a page's question; under the name of one's own view of that page it takes its place."""
    viewer.require(Permission.VIEW)
    check_name("name of the view", name)
    if len(query) > QUERY_LENGTH_MAX:
        raise Refused(f"The question has {len(query)} characters; at most {QUERY_LENGTH_MAX} can be saved.")
    if await count_views(connection, viewer.network_id, viewer.operator_id) >= VIEWS_MAX:
        raise Refused(f"You have {VIEWS_MAX} saved views; take one away first.")
    try:
        await store.upsert_view(
            connection, viewer.network_id, viewer.operator_id, page=page, name=name, query=query, shared=shared
        )
    except IntegrityError as error:
        raise Refused("Somebody else saved a view at this moment; try again.") from error


async def remove_view(connection: AsyncConnection, viewer: Viewer, saved_view_id: int) -> None:
    """Take one's own view away; who may change the setup may take away what others share."""
    viewer.require(Permission.VIEW)
    done = await store.delete_view(
        connection,
        viewer.network_id,
        saved_view_id,
        operator_id=viewer.operator_id,
        also_shared=viewer.may(Permission.CHANGE_SETUP),
    )
    if not done:
        raise Refused(f"You have no saved view with the id {saved_view_id}.")
