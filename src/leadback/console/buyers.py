"""Buyers: everyone who buys leads, with how they report, and somebody new."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import msgspec
from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.response import Redirect, Stream, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import ForbiddenError, Permission
from leadback.access.operator_queries import list_operators
from leadback.access.operators import actor_of
from leadback.console.entered import number_of
from leadback.console.listed import among, list_answer
from leadback.console.listing import Column, Filter, Listing, id_column, linked, read_asked
from leadback.console.session import AnyRequest, Seen, Sessions, go
from leadback.console.sign_in import Form, text_of
from leadback.console.templating import percent
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.kit.tabular import Kind
from leadback.parties.actions import create_buyer
from leadback.parties.model import Buyer
from leadback.parties.queries import list_buyers
from leadback.reports.buyer_reporting import buyer_reporting
from leadback.reports.buyer_reporting_model import BuyerReporting, BuyerReportingQuery

BUYERS_PATH: Final = "/buyers"
HEALTH_DAYS: Final = 30

Health = Mapping[int, BuyerReporting]


class ListedBuyer(msgspec.Struct, frozen=True):
    """A buyer with who cares for it, and how it reports."""

    buyer: Buyer
    manager: str | None
    health: BuyerReporting | None

    @property
    def state(self) -> str:
        """Active, inactive, or active and silent."""
        if self.health is not None and self.health.silent:
            return "silent"
        return "active" if self.buyer.active else "inactive"

    @property
    def sales(self) -> int:
        """Of the last days."""
        return 0 if self.health is None else self.health.numbers.sales

    @property
    def failed(self) -> int:
        """Its calls that failed in the last days."""
        return 0 if self.health is None else sum(self.health.failed_calls.values())


COLUMNS: Final = (
    linked("buyer", "Buyer", lambda item: item.buyer.name, lambda item: f"{BUYERS_PATH}/{item.buyer.buyer_id}"),
    id_column(lambda item: item.buyer.buyer_id),
    Column(
        name="state",
        label="State",
        value=lambda item: item.state,
        shown=lambda item: {"text": item.state, "quiet": item.state == "active", "negative": item.state == "silent"},
        primary=True,
    ),
    Column(name="manager", label="Account manager", value=lambda item: item.manager),
    Column(name="sales", label="Sales", value=lambda item: item.sales, kind=Kind.COUNT, primary=True),
    Column(
        name="coverage",
        label="Coverage",
        value=lambda item: None if item.health is None else item.health.numbers.coverage,
        kind=Kind.NUMBER,
        shown=lambda item: percent(None if item.health is None else item.health.numbers.coverage),
        hint="Updated by the buyer ÷ sales",
        primary=True,
    ),
    Column(
        name="last_call",
        label="Last call",
        value=lambda item: None if item.health is None else item.health.last_call,
        kind=Kind.MOMENT,
    ),
    Column(
        name="failed",
        label="Failed updates",
        value=lambda item: item.failed,
        kind=Kind.COUNT,
        shown=lambda item: {
            "text": f"{item.failed:,}",
            "href": f"/reports/failed-updates?buyer={item.buyer.buyer_id}&days={HEALTH_DAYS}" if item.failed else "",
            "negative": bool(item.failed),
        },
        primary=True,
    ),
)


@get(BUYERS_PATH)
async def buyers_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template | Stream:
    """Everyone, with their sales, coverage, last call and failed updates of the last 30 days."""
    return await _buyers(request, sessions, seen)


@post(BUYERS_PATH)
async def add_buyer(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], data: Form
) -> Template | Stream | Redirect:
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


def _listing(managers: Mapping[int, str]) -> Listing:
    choices = [(str(manager_id), name) for manager_id, name in managers.items()]
    return Listing(
        path=BUYERS_PATH,
        title="Buyers",
        columns=COLUMNS,
        sort="-sales",
        search="Name or id",
        text=lambda item: f"{item.buyer.name} {item.buyer.buyer_id}",
        filters=(
            Filter(
                name="state",
                label="State",
                choices=(("", "active"), ("silent", "silent"), ("inactive", "inactive"), ("all", "all")),
                holds=lambda item, state: state == "all" or state == item.state or (not state and item.buyer.active),
            ),
            Filter(
                name="manager",
                label="Account manager",
                choices=[("", "anybody"), ("none", "nobody"), *choices],
                holds=lambda item, chosen: not chosen or str(item.buyer.account_manager_id or "none") == chosen,
            ),
        ),
    )


async def _buyers(
    request: AnyRequest,
    sessions: Sessions,
    seen: Seen,
    *,
    error: str = "",
    entered: Mapping[str, Any] | None = None,
) -> Template | Stream:
    seen.viewer.require(Permission.VIEW)
    async with sessions.database.snapshot(seen.network_id) as connection:
        buyers = await list_buyers(connection, seen.network_id, seen.viewer.buyer_ids)
        managers = {item.operator_id: item.name for item in await list_operators(connection, seen.network_id)}
        chosen = {item.account_manager_id for item in buyers}
        listing = _listing({number: name for number, name in managers.items() if number in chosen})
        asked = read_asked(request, listing, seen)
        health = await read_health(connection, seen, seen.viewer.buyer_ids)
    items = [
        ListedBuyer(item, managers.get(item.account_manager_id or 0), health.get(item.buyer_id))
        for item in sorted(buyers, key=lambda item: item.name.casefold())
    ]
    return await list_answer(
        request,
        seen,
        "buyers.html",
        listing,
        asked,
        among(listing, asked, items),
        error=error,
        may_add=seen.viewer.may(Permission.MANAGE_BUYERS) and seen.viewer.buyer_ids is None,
        entered=entered or {},
    )
