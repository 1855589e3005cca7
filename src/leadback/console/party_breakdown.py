"""What became of the last 30 days' sales of affiliates, campaigns, offers or verticals, from the Lead Status report."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.model import Catalog
from leadback.console.session import Seen
from leadback.console.templating import NOTHING, heat, percent
from leadback.kit.clock import now
from leadback.reports.lead_status import lead_status
from leadback.reports.model import Condition, Dimension, LeadStatusNumbers, LeadStatusQuery, LeadStatusReport
from leadback.reports.rules import share

BREAKDOWN_DAYS: Final = 30
NO_STATUS: Final = "No status"


def last_days(seen: Seen) -> tuple[date, date]:
    """The first and the last day, in the network's time."""
    today = seen.network.day_of(now())
    return today - timedelta(days=BREAKDOWN_DAYS - 1), today


def report_link(seen: Seen, dimension: Dimension, party_id: int) -> str:
    """The Lead Status report of these days, of one party alone."""
    first, last = last_days(seen)
    query = {"from": first.isoformat(), "to": last.isoformat(), "filter": f"{dimension}_id={party_id}"}
    return f"/reports/lead-status?{urlencode(query)}"


async def read_breakdown(
    connection: AsyncConnection, seen: Seen, by: Dimension, *conditions: Condition
) -> LeadStatusReport | None:
    """The report of a connection from `Database.snapshot`, of the sales that whoever looks may see.

    None where Lead Statuses is switched off, or it may see no buyer's sales at all.
    """
    buyer_ids = seen.viewer.buyer_ids
    if not seen.network.lead_statuses or buyer_ids == frozenset():
        return None
    first, last = last_days(seen)
    scope = [Condition("buyer", str(buyer_id), by_id=True) for buyer_id in sorted(buyer_ids or ())]
    query = LeadStatusQuery(sold_from=first, sold_to=last, by=(by,), conditions=(*conditions, *scope))
    return await lead_status(connection, seen.network, query)


def numbers_by_id(report: LeadStatusReport | None, dimension: Dimension) -> Mapping[int, LeadStatusNumbers]:
    """The numbers of each row, by the id of what it stands for; nothing where there is no report."""
    found: dict[int, LeadStatusNumbers] = {}
    for row in () if report is None else report.rows:
        party_id = row.key[f"{dimension}_id"]
        if isinstance(party_id, int):
            found[party_id] = row.numbers
    return found


def status_rows(numbers: LeadStatusNumbers, catalog: Catalog) -> list[dict[str, Any]]:
    """Each status with its sales and their share, in the order of the catalog; those without one last."""
    known = {status.name: status for status in catalog.statuses.values()}
    counts = [(name, count.sales) for name, count in numbers.statuses.items()]
    largest = max((sales for _, sales in counts), default=0)
    rows = [
        {
            "name": name,
            "colour": known[name].colour if name in known else "",
            "meaning": known[name].meaning if name in known else "neutral",
            "sales": sales,
            "share": percent(share(sales, numbers.sales)),
            "heat": heat(sales, largest),
        }
        for name, sales in counts
    ]
    none = {"name": NO_STATUS, "colour": "", "meaning": "neutral", "sales": numbers.no_status, "heat": 0}
    return [*rows, none | {"share": percent(share(numbers.no_status, numbers.sales))}]


def chart_of(report: LeadStatusReport, catalog: Catalog) -> dict[str, Any]:
    """A report by day as `status_chart` takes it."""
    colours = {status.name: status.colour for status in catalog.statuses.values()}
    sold = {str(row.key["day"]): row.numbers for row in report.rows}
    length = (report.sold_to - report.sold_from).days + 1
    days = [str(report.sold_from + timedelta(days=number)) for number in range(length)]
    statuses = [
        {
            "name": name,
            "colour": colours.get(name, ""),
            "counts": [sold[day].statuses[name].sales if day in sold else 0 for day in days],
        }
        for name in report.totals.statuses
    ]
    none = [sold[day].no_status if day in sold else 0 for day in days]
    return {"days": days, "statuses": [*statuses, {"name": NO_STATUS, "colour": "", "counts": none}]}


def shares_of(numbers: LeadStatusNumbers | None, names: list[str]) -> dict[str, Any]:
    """A row's cells of a list: sales, updated, and each status with its share of the sales."""
    if numbers is None:
        return {"sales": 0, "updated": {"text": 0, "share": NOTHING}} | {
            f"status:{name}": {"text": 0, "share": NOTHING} for name in names
        }
    cells: dict[str, Any] = {
        "sales": f"{numbers.sales:,}",
        "updated": {"text": f"{numbers.updated:,}", "share": percent(share(numbers.updated, numbers.sales), 0)},
    }
    for name in names:
        sales = numbers.no_status if name == NO_STATUS else numbers.statuses[name].sales
        cells[f"status:{name}"] = {"text": f"{sales:,}", "share": percent(share(sales, numbers.sales), 0)}
    return cells
