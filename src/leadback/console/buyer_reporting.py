"""Reports > Master Reports > Buyer Reporting: which buyers report, how soon, and which have fallen silent."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec
from litestar import get
from litestar.di import NamedDependency as Given
from litestar.response import Stream, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import Permission
from leadback.console.lead_status_toolbar import exports_of, presets_of, told_zone
from leadback.console.report_file import document_file, parse_form, table_file
from leadback.console.report_period import Period
from leadback.console.report_question import ON, Pairs, Parameters, read_period
from leadback.console.saved_views import views_of
from leadback.console.session import AnyRequest, Seen, Sessions, page
from leadback.console.templating import NOTHING, address, number, percent
from leadback.console.usual_lag import Lags
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.kit.tabular import Form, one_batch
from leadback.reports.buyer_reporting import buyer_reporting, buyer_reporting_document
from leadback.reports.buyer_reporting_model import (
    BuyerReporting,
    BuyerReportingQuery,
    BuyerReportingReport,
    ReportingNumbers,
)
from leadback.reports.buyer_reporting_table import buyer_reporting_table

BUYERS_PATH: Final = "/reports/buyer-reporting"
DETAIL_PATH: Final = "/reports/lead-detail"

COLUMNS: Final[list[dict[str, Any]]] = [
    {"name": "buyer", "label": "Buyer"},
    {"name": "state", "label": "State", "primary": True},
    {"name": "sales", "label": "Sales", "kind": "number", "primary": True},
    {"name": "updated", "label": "Updated", "kind": "share", "primary": True, "hint": "By the buyer itself"},
    {
        "name": "mature",
        "label": "Mature",
        "kind": "share",
        "hint": "Of sales older than the buyer's usual lag",
    },
    {"name": "median", "label": "Half within", "kind": "number", "group": "First status", "line": True},
    {"name": "p90", "label": "90% within", "kind": "number", "group": "First status"},
    {"name": "lag", "label": "Usual lag", "kind": "number", "group": "Usually, last 90 days", "line": True},
    {"name": "interval", "label": "Updates every", "kind": "number", "group": "Usually, last 90 days"},
    {
        "name": "risk",
        "label": "At risk",
        "kind": "number",
        "group": "Usually, last 90 days",
        "hint": "Older than the usual lag and never updated",
    },
    {"name": "failed", "label": "Failed calls", "kind": "number", "line": True, "primary": True},
    {"name": "mostly", "label": "Mostly"},
    {"name": "last_update", "label": "Last update"},
    {"name": "last_call", "label": "Last call"},
]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the page is asked."""

    period: Period
    contracts: bool
    refusals: list[str]

    def pairs(self) -> Pairs:
        """As an address has it."""
        return [*self.period.pairs, *([("contracts", ON)] * self.contracts)]

    def query(self, buyer_ids: frozenset[int] | None) -> BuyerReportingQuery:
        """As the report is asked, for somebody who may see these buyers."""
        return BuyerReportingQuery(sold_from=self.period.first, sold_to=self.period.last, buyer_ids=buyer_ids)


@get(BUYERS_PATH)
async def buyer_reporting_page(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], lags: Given[Lags]
) -> Template:
    """Silent buyers first, then by most sales; contracts below their buyer where asked for."""
    seen.viewer.require(Permission.VIEW)
    if not seen.network.lead_statuses:
        return page(request, seen, "lead_status_off.html")
    moment = now()
    shown: dict[str, Any] = {}
    async with sessions.database.snapshot(seen.network_id) as connection:
        asked = await _asked(connection, request, seen, lags, moment)
        views = await views_of(connection, seen, BUYERS_PATH, asked.pairs())
        if not asked.refusals:
            try:
                report = await buyer_reporting(connection, seen.network, asked.query(seen.viewer.buyer_ids), now=moment)
                shown = _shown(report, asked, seen)
            except Refused as error:
                asked.refusals.append(str(error))
    query = asked.pairs()
    context: dict[str, Any] = {
        "path": BUYERS_PATH,
        "query": query,
        "period": asked.period,
        "zone": told_zone(seen.network),
        "presets": presets_of(BUYERS_PATH, query, asked.period.preset),
        "contracts": asked.contracts,
        "contracts_href": address(BUYERS_PATH, query, {"contracts": None if asked.contracts else ON}),
        "exports": exports_of(BUYERS_PATH, query),
        "refusals": asked.refusals,
    }
    status_code = 422 if asked.refusals else 200
    return page(request, seen, "buyer_reporting.html", status_code=status_code, **(context | views | shown))


@get(f"{BUYERS_PATH}/export")
async def export_buyer_reporting(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], lags: Given[Lags]
) -> Stream:
    """The report as a file."""
    seen.viewer.require(Permission.VIEW)
    form = parse_form(request.query_params.get("format", ""))
    moment = now()
    async with sessions.database.snapshot(seen.network_id) as connection:
        asked = await _asked(connection, request, seen, lags, moment)
        if asked.refusals:
            raise Refused(" ".join(asked.refusals))
        report = await buyer_reporting(connection, seen.network, asked.query(seen.viewer.buyer_ids), now=moment)
    days = asked.period.first, asked.period.last
    if form is Form.JSON:
        return document_file(msgspec.json.encode(buyer_reporting_document(report)), "buyer-reporting", days)
    table, rows = buyer_reporting_table(report, seen.network, contracts=asked.contracts)
    return await table_file(form, table, one_batch(rows), "buyer-reporting", days)


def told_duration(seconds: int | None) -> str:
    """Days, hours or minutes, whichever says it best: 2.5 d, 3.0 h, 12 min."""
    if seconds is None:
        return NOTHING
    if seconds >= 86_400:
        return f"{Decimal(seconds) / 86_400:.1f} d"
    return f"{Decimal(seconds) / 3_600:.1f} h" if seconds >= 3_600 else f"{seconds // 60} min"


async def _asked(connection: AsyncConnection, request: AnyRequest, seen: Seen, lags: Lags, at: datetime) -> Asked:
    parameters = Parameters(request.query_params.multi_items())
    lag = await lags.of(connection, seen.network, seen.viewer, at)
    period = read_period(parameters, seen.network, at, lag)
    return Asked(period=period, contracts=parameters.one("contracts") == ON, refusals=parameters.refusals)


def _shown(report: BuyerReportingReport, asked: Asked, seen: Seen) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    for row in report.rows:
        about = [("from", report.sold_from.isoformat()), ("to", report.sold_to.isoformat())]
        href = address(DETAIL_PATH, about, {"row": f"buyer_id={row.buyer_id}"})
        name = {"text": row.buyer, "href": f"/buyers/{row.buyer_id}"}
        rows.append({"cells": {"buyer": name} | _numbers(row.numbers, href, seen) | _of_buyer(row, seen)})
        for contract in row.contracts if asked.contracts else ():
            listed = address(DETAIL_PATH, about, {"row": f"buyer_contract_id={contract.buyer_contract_id}"})
            own = {"buyer": {"text": contract.buyer_contract}} | _numbers(contract.numbers, listed, seen)
            rows.append({"cells": own, "level": 1})
    totals = report.totals
    failed = sum(totals.failed_calls.values())
    total = {
        "buyer": {"text": f"{totals.buyers} buyers"},
        "state": f"{totals.silent_buyers} silent" if totals.silent_buyers else "",
        "risk": number(totals.sales_at_risk),
        "failed": number(failed),
        "mostly": next(iter(totals.failed_calls), "") if failed else "",
    }
    return {"columns": COLUMNS, "rows": rows, "total": {"cells": _numbers(totals.numbers, "", seen) | total}}


def _numbers(numbers: ReportingNumbers, href: str, seen: Seen) -> dict[str, Any]:
    updated = f"{href}&cell=updated_by_buyer" if href else ""
    return {
        "sales": {"text": number(numbers.sales), "href": href if numbers.sales else ""},
        "updated": {
            "text": number(numbers.updated_by_buyer),
            "share": percent(numbers.coverage),
            "href": updated if numbers.updated_by_buyer else "",
        },
        "mature": {"text": number(numbers.mature_updated_by_buyer), "share": percent(numbers.mature_coverage)},
        "median": told_duration(numbers.first_status_seconds_median),
        "p90": told_duration(numbers.first_status_seconds_p90),
        "last_update": _moment(numbers.last_update, seen),
    }


def _of_buyer(row: BuyerReporting, seen: Seen) -> dict[str, Any]:
    lag = told_duration(row.usual_lag_seconds)
    calls = sum(row.failed_calls.values())
    state = "off" if not row.lead_statuses else "silent" if row.silent else "reports" if row.numbers.sales else ""
    return {
        "state": {"text": state, "negative": row.silent, "quiet": not row.silent},
        "lag": lag if row.usual_lag_known else {"text": lag, "note": "assumed", "quiet": True},
        "interval": NOTHING if row.usual_interval_days is None else f"{row.usual_interval_days} d",
        "risk": {"text": number(row.sales_at_risk), "quiet": not row.sales_at_risk},
        "failed": {"text": number(calls), "quiet": not calls},
        "mostly": next(iter(row.failed_calls), ""),
        "last_call": _moment(row.last_call, seen),
    }


def _moment(moment: datetime | None, seen: Seen) -> str:
    return NOTHING if moment is None else f"{seen.network.local(moment):%Y-%m-%d %H:%M}"
