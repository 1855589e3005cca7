"""What became of the last 30 days' sales of affiliates, campaigns, offers or verticals, from the Lead Status report."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.model import Catalog
from leadback.console.session import Seen
from leadback.console.templating import heat, number, percent
from leadback.kit.clock import now
from leadback.reports.lead_status import lead_status
from leadback.reports.model import Condition, Dimension, LeadStatusNumbers, LeadStatusQuery, LeadStatusReport
from leadback.reports.rules import LAG_WHEN_UNKNOWN, share

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
    """Each status that sales have, with their count and share, in the order of the catalog; those without one last."""
    known = {status.name: status for status in catalog.statuses.values()}
    counts = [(name, count.sales) for name, count in numbers.statuses.items() if count.sales]
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
    if numbers.no_status:
        none = {"name": NO_STATUS, "colour": "", "meaning": "neutral", "sales": numbers.no_status, "heat": 0}
        rows.append(none | {"share": percent(share(numbers.no_status, numbers.sales))})
    return rows


def chart_of(report: LeadStatusReport, catalog: Catalog) -> dict[str, Any]:
    """A report by day as `status_chart` takes it, with the statuses that its sales have."""
    colours = {status.name: status.colour for status in catalog.statuses.values()}
    sold = {str(row.key["day"]): row.numbers for row in report.rows}
    length = (report.sold_to - report.sold_from).days + 1
    days = [report.sold_from + timedelta(days=place) for place in range(length)]
    found = [sold.get(str(day)) for day in days]
    statuses = [
        {
            "name": name,
            "colour": colours.get(name, ""),
            "counts": [0 if numbers is None else numbers.statuses[name].sales for numbers in found],
        }
        for name, count in report.totals.statuses.items()
        if count.sales
    ]
    if report.totals.no_status:
        none = [0 if numbers is None else numbers.no_status for numbers in found]
        statuses.append({"name": NO_STATUS, "colour": "", "counts": none})
    labels = [f"{day:%b} {day.day}" for day in days]
    return {"days": labels, "statuses": statuses, "immature": labels[-LAG_WHEN_UNKNOWN.days :]}


def shares_of(numbers: LeadStatusNumbers | None, names: list[str]) -> dict[str, Any]:
    """A row's cells of a list: sales, updated, and each status with its share of the sales."""
    sales = 0 if numbers is None else numbers.sales
    counts = {"updated": 0 if numbers is None else numbers.updated}
    for name in names:
        counts[f"status:{name}"] = 0 if numbers is None else _sales_of(numbers, name)
    cells = {
        name: _count_cell(count) | {"share": percent(share(count, sales)) if count else ""}
        for name, count in counts.items()
    }
    return {"sales": _count_cell(sales)} | cells


def _sales_of(numbers: LeadStatusNumbers, name: str) -> int:
    return numbers.no_status if name == NO_STATUS else numbers.statuses[name].sales


def _count_cell(count: int) -> dict[str, Any]:
    return {"text": number(count), "quiet": not count}
