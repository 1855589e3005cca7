"""Buyers: everyone who buys leads, with how they report, and somebody new."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.response import Redirect, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import ForbiddenError, Permission
from leadback.access.operator_queries import list_operators
from leadback.access.operators import actor_of
from leadback.console.entered import number_of, query_of
from leadback.console.session import AnyRequest, Seen, Sessions, go, local_text, page
from leadback.console.sign_in import Form, text_of
from leadback.console.templating import percent
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.parties.actions import create_buyer
from leadback.parties.model import Buyer
from leadback.parties.queries import list_buyers
from leadback.reports.buyer_reporting import buyer_reporting
from leadback.reports.buyer_reporting_model import BuyerReporting, BuyerReportingQuery

BUYERS_PATH: Final = "/buyers"
HEALTH_DAYS: Final = 30
STATES: Final = {"": "active", "inactive": "inactive", "all": "all"}
NEVER: Final = datetime.min.replace(tzinfo=UTC)

Health = Mapping[int, BuyerReporting]


@get(BUYERS_PATH)
async def buyers_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template:
    """Everyone, with their sales, coverage, last call and failed updates of the last 30 days."""
    return await _buyers(request, sessions, seen)


@post(BUYERS_PATH)
async def add_buyer(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], data: Form
) -> Template | Redirect:
    """Somebody new, with the default settings."""
    seen.viewer.require(Permission.MANAGE_BUYERS)
    if seen.viewer.buyer_ids is not None:
        raise ForbiddenError("A new buyer is nobody's own yet, so an account manager cannot make one.")
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            buyer_id = await create_buyer(
                connection,
                seen.network_id,
                name=text_of(data, "name"),
                buyer_id=number_of(data, "buyer_id", "Id"),
                actor=actor_of(seen.viewer),
                now=now(),
            )
    except Refused as error:
        return await _buyers(request, sessions, seen, error=str(error), entered=data)
    return go(
        f"{BUYERS_PATH}/{buyer_id}/contracts", "The buyer is made. It needs a contract, and a key to report with."
    )


async def read_health(connection: AsyncConnection, seen: Seen, buyer_ids: frozenset[int] | None) -> Health:
    """How buyers reported in the last 30 days, by buyer; nothing where Lead Statuses is switched off."""
    if not seen.network.lead_statuses:
        return {}
    today = seen.network.day_of(now())
    query = BuyerReportingQuery(sold_from=today - timedelta(days=HEALTH_DAYS - 1), sold_to=today, buyer_ids=buyer_ids)
    report = await buyer_reporting(connection, seen.network, query, now=now())
    return {row.buyer_id: row for row in report.rows}


async def _buyers(
    request: AnyRequest,
    sessions: Sessions,
    seen: Seen,
    *,
    error: str = "",
    entered: Mapping[str, Any] | None = None,
) -> Template:
    seen.viewer.require(Permission.VIEW)
    query = query_of(request)
    state = query.get("state", "")
    state = state if state in STATES else ""
    wanted = query.get("q", "").strip()
    sort = query.get("sort", "-sales")
    async with sessions.database.snapshot(seen.network_id) as connection:
        buyers = await list_buyers(connection, seen.network_id, seen.viewer.buyer_ids)
        health = await read_health(connection, seen, seen.viewer.buyer_ids)
        managers = {item.operator_id: item.name for item in await list_operators(connection, seen.network_id)}
    shown = [
        item
        for item in buyers
        if (state == "all" or item.active is (state == "")) and wanted.lower() in f"{item.name.lower()} {item.buyer_id}"
    ]
    return page(
        request,
        seen,
        "buyers.html",
        status_code=422 if error else 200,
        rows=[_row(item, health.get(item.buyer_id), managers, seen) for item in _sorted(shown, health, sort)],
        buyers_all=len(buyers),
        query=[(name, value) for name, value in (("q", wanted), ("state", state), ("sort", sort)) if value],
        sort=sort,
        state=state,
        states=STATES,
        q=wanted,
        may_add=seen.viewer.may(Permission.MANAGE_BUYERS) and seen.viewer.buyer_ids is None,
        error=error,
        entered=entered or {},
    )


def _sorted(buyers: list[Buyer], health: Health, sort: str) -> list[Buyer]:
    def of(name: str) -> Callable[[Buyer], Any]:
        def key(buyer: Buyer) -> Any:
            row = health.get(buyer.buyer_id)
            if name == "sales":
                return 0 if row is None else row.numbers.sales
            if name == "coverage":
                return -1 if row is None or row.numbers.coverage is None else row.numbers.coverage
            if name == "failed":
                return 0 if row is None else sum(row.failed_calls.values())
            if name == "last_call":
                return NEVER if row is None or row.last_call is None else row.last_call
            return buyer.buyer_id if name == "id" else buyer.name.lower()

        return key

    by_name = sorted(buyers, key=of("buyer"))
    return sorted(by_name, key=of(sort.removeprefix("-")), reverse=sort.startswith("-"))


def _row(buyer: Buyer, health: BuyerReporting | None, managers: Mapping[int, str], seen: Seen) -> dict[str, Any]:
    numbers = None if health is None else health.numbers
    failed = 0 if health is None else sum(health.failed_calls.values())
    state = "active" if buyer.active else "inactive"
    if health is not None and health.silent:
        state = "silent"
    cells = {
        "buyer": buyer.name,
        "id": buyer.buyer_id,
        "state": {"text": state, "quiet": state == "active", "negative": state == "silent"},
        "manager": managers.get(buyer.account_manager_id or 0, "–"),
        "sales": f"{numbers.sales:,}" if numbers else "0",
        "coverage": percent(numbers.coverage if numbers else None),
        "last_call": local_text(seen, None if health is None else health.last_call),
        "failed": {
            "text": f"{failed:,}",
            "href": f"/reports/failed-updates?buyer={buyer.buyer_id}&days=30" if failed else "",
            "negative": bool(failed),
        },
    }
    return {"cells": cells, "href": f"{BUYERS_PATH}/{buyer.buyer_id}", "quiet": not buyer.active}
