"""Home: what happened today, what became of the last 30 days, and what somebody should look at."""

from datetime import datetime, timedelta
from typing import Any, Final

from litestar import get
from litestar.di import NamedDependency as Given
from litestar.response import Redirect, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import Permission
from leadback.catalog.queries import read_catalog
from leadback.console import findings
from leadback.console.findings import Days, Told
from leadback.console.party_breakdown import chart_of
from leadback.console.report_period import told_days
from leadback.console.session import AnyRequest, Seen, Sessions, go, page
from leadback.kit.clock import now
from leadback.leads.failed_model import FailedSelection
from leadback.reports.buyer_reporting import find_silent
from leadback.reports.failed_updates import group_failed
from leadback.reports.findings import (
    find_best_paid,
    find_late_returns,
    find_late_revenue,
    find_ledger_marks,
    find_spoiled_sub_ids,
    find_test_leads,
    keep_days_sold,
    only,
)
from leadback.reports.lead_status import lead_status
from leadback.reports.model import Dimension, LeadStatusQuery
from leadback.reports.returns import count_by_state
from leadback.reports.returns_model import ReturnsQuery
from leadback.reports.returns_owed import find_disagreements, list_owed
from leadback.reports.rules import share
from leadback.reports.today import count_today

SOLD_DAYS: Final = 30
FINDING_DAYS: Final = 90
LEDGER_DAYS: Final = 30

KINDS: Final = ("negative", "warning", "neutral")


@get("/")
async def first_page(seen: Given[Seen]) -> Redirect:
    """Home, for whoever is signed in; others are sent to where they can."""
    return go("/home")


@get("/home")
async def home_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template:
    """Today and the last 30 days: read from what is counted already, however large the network."""
    seen.viewer.require(Permission.VIEW)
    at = now()
    days = _last_days(seen, SOLD_DAYS, at)
    context: dict[str, Any] = {
        "days": days,
        "told_days": told_days(days.first, days.last),
        "no_buyers": seen.viewer.buyer_ids == frozenset(),
    }
    if not context["no_buyers"]:
        async with sessions.database.snapshot(seen.network_id) as connection:
            context["today"] = await count_today(connection, seen.network, seen.viewer.buyer_ids, at)
            if seen.network.lead_statuses:
                context |= await _breakdown(connection, seen, days)
    return page(request, seen, "home.html", **context)


@get("/home/findings")
async def findings_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template:
    """What somebody should look at: looked for among sales and ledger rows, so home fetches it after itself."""
    seen.viewer.require(Permission.VIEW)
    at = now()
    days = _last_days(seen, SOLD_DAYS, at)
    context: dict[str, Any] = {"days": days, "told": [], "returns": [], "disagreeing": 0, "silent": []}
    if seen.viewer.buyer_ids != frozenset():
        async with sessions.database.snapshot(seen.network_id) as connection:
            context |= await _look(connection, seen, days, at)
    template = "home_findings.html" if "hx-request" in request.headers else "findings.html"
    return page(request, seen, template, **context)


async def _breakdown(connection: AsyncConnection, seen: Seen, days: Days) -> dict[str, Any]:
    query = LeadStatusQuery(
        sold_from=days.first, sold_to=days.last, by=(Dimension.DAY,), conditions=only(seen.viewer.buyer_ids)
    )
    report = await lead_status(connection, seen.network, query)
    catalog = await read_catalog(connection, seen.network_id)
    statuses = [status for status in catalog.statuses.values() if status.name in report.totals.statuses]
    totals = report.totals
    rows = [
        {
            "name": status.name,
            "colour": status.colour,
            "sales": totals.statuses[status.name].sales,
            "share": share(totals.statuses[status.name].sales, totals.sales),
            "href": days.report("lead-detail", f"status_id={status.status_id}"),
        }
        for status in statuses
        if totals.statuses[status.name].sales
    ]
    if totals.no_status:
        rows.append(
            {
                "name": "",
                "colour": "",
                "sales": totals.no_status,
                "share": share(totals.no_status, totals.sales),
                "href": days.report("lead-detail", "status_id=none"),
            }
        )
    return {"totals": totals, "rows": rows, "chart": chart_of(report, catalog)}


async def _look(connection: AsyncConnection, seen: Seen, days: Days, at: datetime) -> dict[str, Any]:
    network, buyer_ids = seen.network, seen.viewer.buyer_ids
    network_id, currency = network.network_id, network.currency
    longer = _last_days(seen, FINDING_DAYS, at)
    since, recently = at - timedelta(days=FINDING_DAYS), at - timedelta(days=LEDGER_DAYS)
    first, last = longer.first, longer.last
    catalog = await read_catalog(connection, network_id)
    told: list[Told] = []
    wanted = FailedSelection(resolved=False, since=since, buyer_ids=buyer_ids)
    told += findings.told_failed(await group_failed(connection, network_id, wanted, at), catalog)
    told += findings.told_marks(await find_ledger_marks(connection, network, buyer_ids, recently))
    told += findings.told_late_returns(await find_late_returns(connection, network, buyer_ids, since), longer)
    told += findings.told_owed(await list_owed(connection, network_id, buyer_ids=buyer_ids))
    told += findings.told_sub_ids(await find_spoiled_sub_ids(connection, network_id, buyer_ids, first, last), longer)
    tests = await find_test_leads(connection, network_id, buyer_ids, first, last)
    nights = await keep_days_sold(connection, network_id, buyer_ids, findings.clocks_set_back(last, network.zone))
    disagreeing = await find_disagreements(
        connection, network, sold_from=days.first, sold_to=days.last, limit=1, buyer_ids=buyer_ids
    )
    counts = await count_by_state(connection, network, ReturnsQuery(buyer_ids=buyer_ids, sold_from=first, sold_to=last))
    silent = []
    if network.lead_statuses:
        best_paid = await find_best_paid(connection, network, buyer_ids, first, last)
        told += findings.told_best_paid(best_paid, longer, currency)
        late = await find_late_revenue(connection, network, buyer_ids, first, last)
        told += findings.told_late_revenue(late, longer, currency)
        silent = await find_silent(connection, network, buyer_ids, now=at)
        told = findings.told_silent(silent, longer, network) + told
    told += findings.told_tests(tests, network) + findings.told_clocks(nights)
    return {
        "told": sorted(told, key=lambda one: KINDS.index(one.kind)),
        "silent": silent,
        "at_risk": sum(one.sales_at_risk for one in silent),
        "disagreeing": disagreeing.count,
        "returns": findings.returns_links(counts),
        "longer": longer,
    }


def _last_days(seen: Seen, days: int, at: datetime) -> Days:
    today = seen.network.day_of(at)
    return Days(today - timedelta(days=days - 1), today)
