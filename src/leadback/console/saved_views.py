"""Reports > Saved: questions under a name, one's own and those that are shared."""

from typing import Any, Final
from urllib.parse import urlencode

from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import Permission
from leadback.access.saved_view_model import SavedView
from leadback.access.saved_view_queries import list_views
from leadback.access.saved_views import remove_view, save_view
from leadback.console.report_question import ON, Pairs
from leadback.console.session import AnyRequest, Seen, Sessions, go, page
from leadback.console.sign_in import Form, text_of
from leadback.kit.errors import Refused

SAVED_PATH: Final = "/reports/saved"
PAGES: Final = {
    "/reports/lead-status": "Lead Status",
    "/reports/lead-detail": "Lead Detail by Buyer",
    "/reports/buyer-reporting": "Buyer Reporting",
}
"""The pages whose question can be saved."""


@get(SAVED_PATH)
async def saved_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template:
    """Every view one finds, by name."""
    return await _saved(request, sessions, seen)


@post(SAVED_PATH)
async def save(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], data: Form) -> Template | Redirect:
    """Save a page's question, and go back to it."""
    path, query, name = text_of(data, "page"), text_of(data, "query"), text_of(data, "name").strip()
    shared = text_of(data, "shared") == ON
    try:
        if path not in PAGES:
            raise Refused(f"No views are saved of {path!r}. They are of: {', '.join(PAGES.values())}.")
        async with sessions.database.transaction(seen.network_id) as connection:
            await save_view(connection, seen.viewer, page=path, name=name, query=query, shared=shared)
    except Refused as error:
        typed = {"page": path, "query": query, "name": name, "shared": shared}
        return await _saved(request, sessions, seen, error=str(error), typed=typed if path in PAGES else None)
    return go(f"{path}?{query}" if query else path, f"The view “{name}” was saved.")


@post(SAVED_PATH + "/{saved_view_id:int}/remove")
async def remove(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], saved_view_id: FromPath[int]
) -> Template | Redirect:
    """Take a view away; the report it asks for stays what it is."""
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            await remove_view(connection, seen.viewer, saved_view_id)
    except Refused as error:
        return await _saved(request, sessions, seen, error=str(error))
    return go(SAVED_PATH, "The view was taken away.")


async def views_of(connection: AsyncConnection, seen: Seen, path: str, query: Pairs) -> dict[str, Any]:
    """What a page's menu of views shows, and what it saves."""
    views = await list_views(connection, seen.network_id, seen.viewer.operator_id, path)
    asked = urlencode(query)
    menu = [(_label(view, seen), view.href, view.query == asked) for view in views]
    return {"views_menu": menu, "views_query": asked}


async def _saved(request: AnyRequest, sessions: Sessions, seen: Seen, **more: object) -> Template:
    seen.viewer.require(Permission.VIEW)
    async with sessions.database.transaction(seen.network_id) as connection:
        views = await list_views(connection, seen.network_id, seen.viewer.operator_id)
    status_code = 422 if "error" in more else 200
    own = seen.viewer.operator_id
    may_remove = seen.viewer.may(Permission.CHANGE_SETUP)
    rows = [
        {"view": view, "page": PAGES.get(view.page, view.page), "removable": view.operator_id == own or may_remove}
        for view in views
    ]
    return page(request, seen, "saved_views.html", status_code=status_code, rows=rows, **more)


def _label(view: SavedView, seen: Seen) -> str:
    return view.name if view.operator_id == seen.viewer.operator_id else f"{view.name} ({view.operator})"
