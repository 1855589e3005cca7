"""The headline of the Lead Status page: a few numbers against the days before, and the statuses by sold day."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.model import STAGES, Catalog
from leadback.console.lead_status_rows import Cells
from leadback.console.report_period import told_days
from leadback.console.report_question import Question
from leadback.console.templating import change, number, percent
from leadback.networks.model import Network
from leadback.reports.lead_status import lead_status
from leadback.reports.lead_status_ratios import SHARES, Ratio, ratio
from leadback.reports.model import Dimension, LeadStatusNumbers, LeadStatusQuery, LeadStatusReport

DAYS_AS_DAYS_MAX: Final = 92
DAYS_AS_WEEKS_MAX: Final = 730
FUNDED: Final = STAGES.index("funded")


class Headline(msgspec.Struct, frozen=True, kw_only=True):
    """What the headline is made of."""

    daily: LeadStatusReport
    """The report by sold day; by week or month where the days are many."""
    before: LeadStatusReport | None = None
    """What the equal period before had shown when it was as old; None where it is not compared."""


def by_time(query: LeadStatusQuery) -> LeadStatusQuery:
    """The same question by sold day, week or month, whichever can be looked at."""
    days = (query.sold_to - query.sold_from).days + 1
    grain = Dimension.DAY if days <= DAYS_AS_DAYS_MAX else Dimension.WEEK
    grain = grain if days <= DAYS_AS_WEEKS_MAX else Dimension.MONTH
    return msgspec.structs.replace(query, by=(grain,), with_fields=False, with_index=False)


async def report_before(
    connection: AsyncConnection, network: Network, query: LeadStatusQuery, now: datetime
) -> LeadStatusReport:
    """The equal period before as it had shown when it was as old as this one is now."""
    days = (query.sold_to - query.sold_from).days + 1
    # In the network's time: clocks that change move no day.
    moment = network.local(query.as_of or now) - timedelta(days=days)
    earlier = msgspec.structs.replace(
        by_time(query),
        sold_from=query.sold_from - timedelta(days=days),
        sold_to=query.sold_to - timedelta(days=days),
        as_of=moment,
    )
    return await lead_status(connection, network, earlier)


def tiles_of(headline: Headline, question: Question, catalog: Catalog) -> list[dict[str, Any]]:
    """Sales, coverage, funded (or converted, where no status means funded) and returns."""
    daily, before = headline.daily, headline.before
    cells = Cells(question, (), ())
    funded = any(status.active and status.stage == FUNDED for status in catalog.statuses.values())
    stage, label = ("funded", "Funded") if funded else ("conversion", "Converted")
    cell = "reached:funded" if funded else "reached:converted"
    sold = [Decimal(row.numbers.sales) for row in daily.rows]
    growth = None
    if before is not None:
        growth = ratio(daily.totals.sales - before.totals.sales, before.totals.sales)
    compared = "" if before is None else f"vs. {_told_before(before, daily)} at equal age"
    waiting = daily.totals.returns.submitted
    return [
        {
            "label": "Sales",
            "value": number(daily.totals.sales),
            "href": cells.list_href({}),
            "change": change(growth * 100) if growth is not None else "",
            "meaning": "",
            "note": compared,
            "values": sold,
        },
        _tile("coverage", "Coverage", headline, "updated by the buyer", _link(cells, "updated_by_buyer"), good=1),
        _tile(stage, label, headline, "of sales", _link(cells, cell), good=1),
        _tile("returned", "Returns", headline, f"of sales · {number(waiting)} waiting", "", good=-1),
    ]


def chart_of(
    report: LeadStatusReport, catalog: Catalog, network: Network, at: datetime, lag: timedelta
) -> dict[str, Any]:
    """The sales by status of each sold day, and the days on which some are younger than buyers usually take."""
    grain = report.by[0]
    days = list(_days(report))
    labels = [_label(day, grain, with_year=report.sold_from.year != report.sold_to.year) for day in days]
    found = {str(row.key[grain]): row.numbers for row in report.rows}
    rows = [found.get(day.isoformat()[: len("2018-01") if grain is Dimension.MONTH else None]) for day in days]
    mature = network.day_of(at - lag)
    colours = {status.name: status.colour for status in catalog.statuses.values()}
    statuses: list[dict[str, Any]] = [
        {
            "name": status,
            "colour": colours.get(status),
            "counts": [0 if row is None else row.statuses[status].sales for row in rows],
        }
        for status, count in report.totals.statuses.items()
        if count.sales
    ]
    none = [0 if row is None else row.no_status for row in rows]
    return {
        "days": labels,
        "statuses": [*statuses, {"name": "No status", "colour": None, "counts": none}],
        "immature": [label for label, day in zip(labels, days, strict=True) if _last_day(day, grain) >= mature],
    }


def _told_before(before: LeadStatusReport, present: LeadStatusReport) -> str:
    told = told_days(before.sold_from, before.sold_to)
    # The year goes without saying where it is the same.
    return told.removesuffix(f", {present.sold_to.year}") if before.sold_from.year == present.sold_to.year else told


def _tile(name: str, label: str, headline: Headline, note: str, href: str, *, good: int) -> dict[str, Any]:
    share: Callable[[LeadStatusNumbers], Ratio] = SHARES[name]
    here = share(headline.daily.totals)
    there = None if headline.before is None else share(headline.before.totals)
    points = None if here is None or there is None else (here - there) * 100
    meaning = ""
    if points is not None and round(points, 1):
        meaning = "positive" if points * good > 0 else "negative"
    return {
        "label": label,
        "value": percent(here),
        "href": href,
        "change": "" if points is None else change(points, unit="pt"),
        "meaning": meaning,
        "note": note,
        "values": [share(row.numbers) for row in headline.daily.rows],
    }


def _link(cells: Cells, column: str) -> str:
    about = cells.list_href({})
    return f"{about}&cell={column}" if about else ""


def _days(report: LeadStatusReport) -> Iterable[date]:
    grain = report.by[0]
    if grain is not Dimension.DAY:
        first_of = "-01" if grain is Dimension.MONTH else ""
        yield from sorted(date.fromisoformat(f"{row.key[grain]}{first_of}") for row in report.rows)
        return
    day = report.sold_from
    while day <= report.sold_to:
        yield day
        day += timedelta(days=1)


def _last_day(day: date, grain: Dimension) -> date:
    if grain is Dimension.DAY:
        return day
    return day + timedelta(days=6 if grain is Dimension.WEEK else 30)


def _label(day: date, grain: Dimension, *, with_year: bool) -> str:
    if grain is Dimension.MONTH:
        return f"{day:%b %Y}"
    return f"{day:%b} {day.day}" + (f", {day.year}" if with_year else "")
