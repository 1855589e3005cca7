"""Reports: which there are, and what each is for."""

from typing import Final

from litestar import get
from litestar.di import NamedDependency as Given
from litestar.response import Template

from leadback.access.operator_model import Permission
from leadback.console.session import AnyRequest, Seen, page

REPORTS: Final = (
    ("Lead Status", "/reports/lead-status", "What became of the sales of a period, by campaign or whatever you like."),
    ("Lead Detail by Buyer", "/reports/lead-detail", "Sales one by one, and the list behind each number."),
    ("Returns", "/reports/returns", "What came back, why, and what is owed for it."),
    ("Revenue adjustments", "/reports/revenue-adjustments", "What buyers pay differently from the price sold at."),
    ("Buyer Reporting", "/reports/buyer-reporting", "Which buyers report, how soon, and which have fallen silent."),
    ("Failed updates", "/reports/failed-updates", "Calls of buyers that were refused, and why."),
)


@get("/reports")
async def reports_page(request: AnyRequest, seen: Given[Seen]) -> Template:
    """The list of reports; those that need lead statuses only while these are switched on."""
    seen.viewer.require(Permission.VIEW)
    return page(request, seen, "reports.html", reports=REPORTS)
