"""The returns queue, what returns leave to be done, and the report of all returns."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from litestar import get
from litestar.di import NamedDependency as Given
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import Permission
from leadback.catalog.queries import read_catalog
from leadback.console.days import Days, Query, id_of, query_of, read_days
from leadback.console.leads import lead_path
from leadback.console.session import AnyRequest, Seen, Sessions, page
from leadback.kit.clock import now
from leadback.leads.model import ReturnState
from leadback.parties.queries import list_buyers
from leadback.reports.returns import list_returns
from leadback.reports.returns_model import ReturnsPage, ReturnsQuery
from leadback.reports.returns_owed import find_disagreements, list_owed

QUEUE_PATH: Final = "/returns"
REPORT_PATH: Final = "/reports/returns"
DISAGREEMENTS_PATH: Final = "/returns/disagreements"
REPORT_DAYS: Final = 30
DISAGREEMENT_DAYS: Final = 90
FILTERS: Final = ("state", "buyer_id", "return_reason_id", "from", "to")

Choices = list[tuple[int, str]]


class Choosing(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of returns can be narrowed to, and to what it is."""

    buyers: Choices
    reasons: Choices
    buyer_id: int | None
    return_reason_id: int | None


@get(QUEUE_PATH)
async def queue_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template:
    """Returns in one state, those given back first before the others; without a state those that wait."""
    seen.viewer.require(Permission.VIEW)
    state = request.query_params.get("state") or ReturnState.SUBMITTED
    async with sessions.database.snapshot(seen.network_id) as connection:
        choosing = await _choosing(connection, request, seen)
        found = await _list(connection, request, seen, choosing, (state,))
        owed = []
        if state == ReturnState.REPLACED:
            owed = await list_owed(connection, seen.network_id, buyer_ids=seen.viewer.buyer_ids)
    return _list_page(request, seen, "returns.html", QUEUE_PATH, choosing, found, state=state, owed=owed)


@get(REPORT_PATH)
async def report_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template:
    """Returns of every state that were given back on some days."""
    seen.viewer.require(Permission.VIEW)
    days = read_days(request, seen.network.day_of(now()), usual=REPORT_DAYS)
    states = tuple(request.query_params.getall("state", []))
    async with sessions.database.snapshot(seen.network_id) as connection:
        choosing = await _choosing(connection, request, seen)
        found = await _list(connection, request, seen, choosing, states, days)
    return _list_page(request, seen, "returns_report.html", REPORT_PATH, choosing, found, states=states, days=days)


@get(DISAGREEMENTS_PATH)
async def disagreements_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template:
    """Sales that are credited and keep revenue, and those that lost it without being returned."""
    seen.viewer.require(Permission.VIEW)
    today = seen.network.day_of(now())
    days = read_days(request, today, usual=DISAGREEMENT_DAYS)
    async with sessions.database.snapshot(seen.network_id) as connection:
        found = await find_disagreements(
            connection, seen.network, sold_from=days.first, sold_to=days.last, buyer_ids=seen.viewer.buyer_ids
        )
    presets = days.presets(DISAGREEMENTS_PATH, [], today)
    return page(request, seen, "disagreements.html", found=found, days=days, presets=presets, lead_path=lead_path)


async def _choosing(connection: AsyncConnection, request: AnyRequest, seen: Seen) -> Choosing:
    buyers = [
        buyer for buyer in await list_buyers(connection, seen.network_id) if seen.viewer.sees_buyer(buyer.buyer_id)
    ]
    reasons = (await read_catalog(connection, seen.network_id)).return_reasons.values()
    return Choosing(
        buyers=sorted(
            ((item.buyer_id, item.name) for item in buyers if seen.viewer.sees_buyer(item.buyer_id)),
            key=lambda item: item[1].lower(),
        ),
        reasons=[(item.return_reason_id, item.name) for item in sorted(reasons, key=lambda item: item.position)],
        buyer_id=id_of(request, "buyer_id"),
        return_reason_id=id_of(request, "return_reason_id"),
    )


async def _list(
    connection: AsyncConnection,
    request: AnyRequest,
    seen: Seen,
    choosing: Choosing,
    states: tuple[str, ...],
    days: Days | None = None,
) -> ReturnsPage:
    query = ReturnsQuery(
        states=states,
        buyer_ids=seen.viewer.buyer_ids,
        buyer_id=choosing.buyer_id,
        return_reason_id=choosing.return_reason_id,
        returned_from=None if days is None else days.first,
        returned_to=None if days is None else days.last,
    )
    today = seen.network.day_of(now())
    after = request.query_params.get("after")
    return await list_returns(connection, seen.network, query, today=today, after=after)


def _list_page(
    request: AnyRequest,
    seen: Seen,
    template: str,
    path: str,
    choosing: Choosing,
    found: ReturnsPage,
    days: Days | None = None,
    **more: Any,
) -> Template:
    query: Query = query_of(request, *FILTERS)
    today = seen.network.day_of(now())
    return page(
        request,
        seen,
        template,
        path_here=path,
        query=query,
        choosing=choosing,
        found=found,
        presets=[] if days is None else days.presets(path, query, today),
        days=days,
        all_states=_states(),
        today=today,
        lead_path=lead_path,
        **more,
    )


def _states() -> Sequence[str]:
    return [str(state) for state in ReturnState]
