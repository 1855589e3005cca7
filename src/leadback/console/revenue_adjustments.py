"""Reports > Revenue adjustments: by buyer and day, and the rows of the ledger behind every number."""

from typing import Final

from litestar import get
from litestar.di import NamedDependency as Given
from litestar.params import FromQuery
from litestar.response import Template

from leadback.access.operator_model import Permission
from leadback.console.days import id_of, query_of, read_days
from leadback.console.leads import lead_path
from leadback.console.session import AnyRequest, Seen, Sessions, page
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.parties.queries import list_buyers
from leadback.reports.revenue_adjustments import list_adjusted, revenue_adjustments
from leadback.reports.revenue_adjustments_model import Adjusting, AdjustmentsQuery

REPORT_PATH: Final = "/reports/revenue-adjustments"
SALES_PATH: Final = "/reports/revenue-adjustments/sales"
REPORT_DAYS: Final = 30

BY: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "": (("day", "buyer_id"), "buyer and day"),
    "buyer": (("buyer_id",), "buyer"),
    "day": (("day",), "day"),
}
COLUMNS: Final = (
    ("any", Adjusting.ANY, "Net"),
    ("raised", Adjusting.RAISED, "Raised"),
    ("lowered", Adjusting.LOWERED, "Lowered"),
    ("with_return", Adjusting.WITH_RETURN, "With a return"),
    ("lowered_without_return", Adjusting.LOWERED_WITHOUT_RETURN, "Lowered without return"),
    ("over_price", Adjusting.OVER_PRICE, "Over five times the price"),
)


@get(REPORT_PATH)
async def adjustments_page(
    request: AnyRequest,
    sessions: Given[Sessions],
    seen: Given[Seen],
    by: FromQuery[str] = "",
) -> Template:
    """What was added to revenue and taken from it on some days."""
    seen.viewer.require(Permission.VIEW)
    if by not in BY:
        raise Refused(f"Rows are by {', '.join(filter(None, BY))}, not by {by!r}.")
    today = seen.network.day_of(now())
    days = read_days(request, today, usual=REPORT_DAYS)
    asked = AdjustmentsQuery(
        received_from=days.first,
        received_to=days.last,
        buyer_ids=seen.viewer.buyer_ids,
        buyer_id=id_of(request, "buyer_id"),
    )
    async with sessions.database.snapshot(seen.network_id) as connection:
        report = await revenue_adjustments(connection, seen.network, asked, by=BY[by][0])
        buyers = await list_buyers(connection, seen.network_id)
    query = query_of(request, "by", "buyer_id", "from", "to")
    return page(
        request,
        seen,
        "revenue_adjustments.html",
        report=report,
        columns=COLUMNS,
        by=by,
        ways=BY,
        days=days,
        presets=days.presets(REPORT_PATH, query, today),
        query=query,
        buyers=sorted(
            ((item.buyer_id, item.name) for item in buyers if seen.viewer.sees_buyer(item.buyer_id)),
            key=lambda item: item[1].lower(),
        ),
        buyer_id=asked.buyer_id,
    )


@get(SALES_PATH)
async def adjusted_sales_page(
    request: AnyRequest,
    sessions: Given[Sessions],
    seen: Given[Seen],
    which: FromQuery[str] = Adjusting.ANY,
    after: FromQuery[str | None] = None,
) -> Template:
    """The rows of the ledger behind one number, the latest first."""
    seen.viewer.require(Permission.VIEW)
    if which not in list(Adjusting):
        raise Refused(f"There are no adjustments {which!r}. There are: {', '.join(Adjusting)}.")
    days = read_days(request, seen.network.day_of(now()), usual=REPORT_DAYS)
    asked = AdjustmentsQuery(
        received_from=days.first,
        received_to=days.last,
        buyer_ids=seen.viewer.buyer_ids,
        buyer_id=id_of(request, "buyer_id"),
        adjusting=Adjusting(which),
    )
    async with sessions.database.snapshot(seen.network_id) as connection:
        found = await list_adjusted(connection, seen.network, asked, after=after)
    query = query_of(request, "which", "buyer_id", "from", "to")
    return page(
        request,
        seen,
        "adjusted_sales.html",
        found=found,
        which=which,
        days=days,
        query=query,
        lead_path=lead_path,
    )
