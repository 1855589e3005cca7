"""Reports > Saved: questions under a name, one's own and those that are shared."""

from typing import Any, Final
from urllib.parse import urlencode

from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Stream, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import Permission
from leadback.access.saved_view_model import SavedView
from leadback.access.saved_view_queries import list_views
from leadback.access.saved_views import remove_view, save_view
from leadback.console.listed import among, list_answer
from leadback.console.listing import Column, Filter, Listing, linked, read_asked
from leadback.console.report_question import ON, Pairs
from leadback.console.session import AnyRequest, Seen, Sessions, go
from leadback.console.sign_in import Form, text_of
from leadback.kit.errors import Refused

SAVED_PATH: Final = "/reports/saved"
PAGES: Final = {
    "/reports/lead-status": "Lead Status",
    "/reports/lead-detail": "Lead Detail by Buyer",
    "/reports/buyer-reporting": "Buyer Reporting",
}
"""The pages whose question can be saved."""
FOR: Final = {True: "everybody", False: "oneself"}

LISTING: Final = Listing(
    path=SAVED_PATH,
    title="Saved views",
    columns=(
        linked("name", "Name", lambda view: view.name, lambda view: view.href),
        Column(name="report", label="Report", value=lambda view: PAGES.get(view.page, view.page), primary=True),
        Column(name="operator", label="Saved by", value=lambda view: view.operator, primary=True),
        Column(name="for", label="For", value=lambda view: FOR[view.shared], primary=True),
    ),
    sort="name",
    search="Name",
    text=lambda view: view.name,
    filters=(
        Filter(
            name="report",
            label="Report",
            choices=[("", "all"), *((path.rpartition("/")[2], label) for path, label in PAGES.items())],
            holds=lambda view, report: not report or view.page.rpartition("/")[2] == report,
        ),
        Filter(
            name="for",
            label="For",
            choices=[("", "all"), *((word, word) for word in FOR.values())],
            holds=lambda view, word: not word or FOR[view.shared] == word,
        ),
    ),
)


@get(SAVED_PATH)
async def saved_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template | Stream:
    """Every view one finds, by name."""
    return await _saved(request, sessions, seen)


@post(SAVED_PATH)
async def save(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], data: Form
) -> Template | Stream | Redirect:
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
) -> Template | Stream | Redirect:
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


async def _saved(
    request: AnyRequest, sessions: Sessions, seen: Seen, *, error: str = "", **more: object
) -> Template | Stream:
    seen.viewer.require(Permission.VIEW)
    asked = read_asked(request, LISTING, seen)
    async with sessions.database.transaction(seen.network_id) as connection:
        views = await list_views(connection, seen.network_id, seen.viewer.operator_id)
    more |= {"own": seen.viewer.operator_id, "may_remove": seen.viewer.may(Permission.CHANGE_SETUP)}
    found = among(LISTING, asked, views)
    return await list_answer(request, seen, "saved_views.html", LISTING, asked, found, error=error, **more)


def _label(view: SavedView, seen: Seen) -> str:
    return view.name if view.operator_id == seen.viewer.operator_id else f"{view.name} ({view.operator})"
