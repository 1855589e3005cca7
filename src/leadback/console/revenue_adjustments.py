"""Reports > Revenue adjustments: by buyer and day, and the rows of the ledger behind every number."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from litestar import get
from litestar.di import NamedDependency as Given
from litestar.params import FromQuery
from litestar.response import Stream, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import Permission
from leadback.console.entered import number_of, query_of
from leadback.console.lead_status_toolbar import presets_of
from leadback.console.leads import lead_path
from leadback.console.listed import Found, list_answer
from leadback.console.listing import Column, Filter, Listing, read_asked
from leadback.console.report_period import USUAL
from leadback.console.report_question import Parameters, read_period
from leadback.console.session import AnyRequest, Seen, Sessions, page
from leadback.console.templating import money
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.kit.list_queries import Wanted
from leadback.kit.tabular import Kind
from leadback.parties.model import Buyer
from leadback.parties.queries import list_buyers
from leadback.reports.revenue_adjustments import count_adjusted, list_adjusted, revenue_adjustments
from leadback.reports.revenue_adjustments_model import AdjustedSale, Adjusting, AdjustmentsQuery

REPORT_PATH: Final = "/reports/revenue-adjustments"
SALES_PATH: Final = "/reports/revenue-adjustments/sales"

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


SALE_COLUMNS: Final = (
    Column(
        name="lead",
        label="Lead",
        value=lambda row: row.lead_id,
        shown=lambda row: {
            "text": row.lead_id,
            "href": f"{lead_path(row.lead_id)}#sale-{row.sale_id}-version-{row.version}",
        },
    ),
    Column(name="received", label="Received", value=lambda row: row.received_at, kind=Kind.MOMENT, primary=True),
    Column(
        name="who",
        label="Who",
        value=lambda row: row.actor,
        shown=lambda row: {"text": row.actor, "note": f"{row.kind} by {row.channel}"},
        primary=True,
    ),
    Column(name="buyer", label="Buyer", value=lambda row: row.buyer, sorts=False, usual=False),
    Column(name="contract", label="Contract", value=lambda row: row.buyer_contract, sorts=False),
    Column(name="price", label="Price", value=lambda row: row.sold_price, kind=Kind.MONEY),
    Column(name="before", label="Before", value=lambda row: row.revenue_before, kind=Kind.MONEY),
    Column(
        name="change",
        label="Change",
        value=lambda row: row.revenue_delta,
        kind=Kind.MONEY,
        shown=lambda row: money(row.revenue_delta, signed=True),
        primary=True,
    ),
    Column(name="after", label="After", value=lambda row: row.revenue_after, kind=Kind.MONEY, primary=True),
    Column(name="flags", label="Marked", value=lambda row: ", ".join(row.flags), sorts=False),
    Column(name="note", label="Note", value=lambda row: row.note, sorts=False, usual=False),
)
WHICH: Final = [("", "all"), *((str(adjusting), str(adjusting)) for adjusting in Adjusting)]


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
    parameters = Parameters(request.query_params.multi_items())
    period = read_period(parameters, seen.network, now(), timedelta(0))
    if parameters.refusals:
        raise Refused(" ".join(parameters.refusals))
    buyer_id = number_of(query_of(request), "buyer_id", "Buyer")
    asked = AdjustmentsQuery(
        received_from=period.first, received_to=period.last, buyer_ids=seen.viewer.buyer_ids, buyer_id=buyer_id
    )
    async with sessions.database.snapshot(seen.network_id) as connection:
        report = await revenue_adjustments(connection, seen.network, asked, by=BY[by][0])
        buyers = await list_buyers(connection, seen.network_id, seen.viewer.buyer_ids)
    query = [("by", by)] * bool(by) + [("buyer_id", str(buyer_id))] * (buyer_id is not None) + period.pairs
    return page(
        request,
        seen,
        "revenue_adjustments.html",
        report=report,
        columns=COLUMNS,
        by=by,
        ways=BY,
        days=period,
        presets=presets_of(REPORT_PATH, query, period.preset),
        query=query,
        buyers=sorted(((item.buyer_id, item.name) for item in buyers), key=lambda item: item[1].lower()),
        buyer_id=buyer_id,
    )


@get(SALES_PATH)
async def adjusted_sales_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template | Stream:
    """The rows of the ledger behind one number, the latest first."""
    seen.viewer.require(Permission.VIEW)
    async with sessions.database.snapshot(seen.network_id) as connection:
        buyers = await list_buyers(connection, seen.network_id, seen.viewer.buyer_ids)
        listing = _sales_listing(sorted(buyers, key=lambda item: item.name.casefold()))
        asked = read_asked(request, listing, seen)
        assert asked.period is not None
        query = AdjustmentsQuery(
            received_from=asked.period.first,
            received_to=asked.period.last,
            buyer_ids=seen.viewer.buyer_ids,
            buyer_id=int(asked.filters["buyer_id"]) if asked.filters["buyer_id"] else None,
            adjusting=Adjusting(asked.filters["which"] or Adjusting.ANY),
            words=asked.words,
        )
        count = await count_adjusted(connection, seen.network, query)
        found = Found(count=count, read=partial(_read_adjusted, connection, seen, query, asked.wanted))
        return await list_answer(
            request, seen, "adjusted_sales.html", listing, asked, found, days=asked.period, which=query.adjusting
        )


def _sales_listing(buyers: Sequence[Buyer]) -> Listing:
    return Listing(
        path=SALES_PATH,
        title="Revenue adjustments",
        columns=SALE_COLUMNS,
        sort="-received",
        search="Lead id, who or note",
        filters=(
            Filter(name="which", label="Which", choices=WHICH),
            Filter(
                name="buyer_id",
                label="Buyer",
                choices=[("", "all"), *((str(item.buyer_id), item.name) for item in buyers)],
            ),
        ),
        days=USUAL,
        days_of="received",
    )


async def _read_adjusted(
    connection: AsyncConnection, seen: Seen, query: AdjustmentsQuery, wanted: Wanted, offset: int, limit: int
) -> Sequence[AdjustedSale]:
    return await list_adjusted(connection, seen.network, query, wanted.part(offset, limit))
