"""The returns queue, what returns leave to be done, and the report of all returns."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from litestar import get
from litestar.di import NamedDependency as Given
from litestar.response import Stream, Template
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import Permission
from leadback.catalog.queries import read_catalog
from leadback.console.leads import lead_path
from leadback.console.listed import Found, list_answer
from leadback.console.listing import Asked, Column, Filter, Listing, read_asked
from leadback.console.session import AnyRequest, Seen, Sessions
from leadback.console.templating import percent
from leadback.kit.clock import now
from leadback.kit.list_queries import Wanted
from leadback.kit.tabular import Kind
from leadback.leads.model import ReturnState
from leadback.parties.queries import list_buyers
from leadback.reports.returns import count_by_state, list_returns
from leadback.reports.returns_model import Disagreement, ReturnedSale, ReturnsQuery
from leadback.reports.returns_owed import find_disagreements, list_owed

QUEUE_PATH: Final = "/returns"
REPORT_PATH: Final = "/reports/returns"
DISAGREEMENTS_PATH: Final = "/returns/disagreements"

LEAD: Final = Column(
    name="lead",
    label="Lead",
    value=lambda row: row.lead_id,
    shown=lambda row: {"text": row.lead_id, "href": f"{lead_path(row.lead_id)}#sale-{row.sale_id}"},
)
BUYER: Final = Column(name="buyer", label="Buyer", value=lambda row: row.buyer, primary=True)
CONTRACT: Final = Column(name="contract", label="Contract", value=lambda row: row.buyer_contract, sorts=False)
PRICE: Final = Column(name="price", label="Price", value=lambda row: row.sold_price, kind=Kind.MONEY)
REVENUE: Final = Column(name="revenue", label="Revenue", value=lambda row: row.revenue, kind=Kind.MONEY, primary=True)
RETURN_COLUMNS: Final = (
    LEAD,
    Column(name="state", label="State", value=lambda row: row.state, primary=True),
    BUYER,
    CONTRACT,
    Column(name="reason", label="Reason", value=lambda row: row.return_reason, primary=True),
    Column(name="returned", label="Given back", value=lambda row: row.returned_at, kind=Kind.MOMENT, primary=True),
    Column(
        name="decided", label="Decided", value=lambda row: row.decided_at, kind=Kind.MOMENT, sorts=False, usual=False
    ),
    Column(name="sold", label="Sold", value=lambda row: row.sold_on, kind=Kind.DATE),
    Column(
        name="window",
        label="Window until",
        value=lambda row: row.last_return_day,
        kind=Kind.DATE,
        sorts=False,
        hint="The last day on which the contract, as it is now, lets the sale be given back",
    ),
    PRICE,
    Column(
        name="revenue_before",
        label="Revenue before",
        value=lambda row: row.revenue_before,
        kind=Kind.MONEY,
        sorts=False,
        usual=False,
    ),
    REVENUE,
    Column(
        name="rate",
        label="Buyer returns",
        value=lambda row: row.buyer_returns.return_rate,
        kind=Kind.NUMBER,
        shown=lambda row: percent(row.buyer_returns.return_rate),
        sorts=False,
        hint="Credited and replaced, of the buyer's sales of the last 90 days",
    ),
    Column(
        name="notes",
        label="Notes",
        value=lambda row: " / ".join(f"{note.actor}: {note.note}" for note in row.notes),
        sorts=False,
        usual=False,
    ),
)
DISAGREEMENT_COLUMNS: Final = (
    LEAD,
    Column(name="what", label="What disagrees", value=lambda row: row.disagreement, primary=True),
    BUYER,
    CONTRACT,
    Column(name="sold", label="Sold", value=lambda row: row.sold_on, kind=Kind.DATE, primary=True),
    PRICE,
    REVENUE,
    Column(name="return", label="Return", value=lambda row: row.return_state),
)
DISAGREEMENTS: Final = {"credited": Disagreement.CREDITED_WITH_REVENUE, "gone": Disagreement.NO_REVENUE_WITHOUT_RETURN}
"""By its word in addresses."""


@get(QUEUE_PATH)
async def queue_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template | Stream:
    """Returns in one state, those given back first before the others; without a state those that wait."""
    seen.viewer.require(Permission.VIEW)
    async with sessions.database.snapshot(seen.network_id) as connection:
        states = [("", "submitted"), *((str(state), str(state)) for state in ReturnState)]
        listing = Listing(
            path=QUEUE_PATH,
            title="Returns",
            # Its state stands above it, as a tab.
            columns=[replace(each, usual=each.usual and each.name != "state") for each in RETURN_COLUMNS],
            sort="returned",
            search="Lead id",
            filters=[
                Filter(name="state", label="State", choices=states, hidden=True),
                *await _narrowing(connection, seen),
            ],
        )
        asked = read_asked(request, listing, seen)
        state = asked.filters["state"] or str(ReturnState.SUBMITTED)
        owed = []
        if state == ReturnState.REPLACED:
            owed = await list_owed(connection, seen.network_id, buyer_ids=seen.viewer.buyer_ids)
        return await _returns(request, connection, seen, "returns.html", listing, asked, state=state, owed=owed)


@get(REPORT_PATH)
async def report_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template | Stream:
    """Returns of every state that were given back on some days."""
    seen.viewer.require(Permission.VIEW)
    async with sessions.database.snapshot(seen.network_id) as connection:
        states = [("", "all"), *((str(state), str(state)) for state in ReturnState)]
        listing = Listing(
            path=REPORT_PATH,
            title="Returns",
            columns=RETURN_COLUMNS,
            sort="returned",
            search="Lead id",
            filters=[Filter(name="state", label="State", choices=states), *await _narrowing(connection, seen)],
            days="last-30-days",
            days_of="given back",
        )
        asked = read_asked(request, listing, seen)
        state = asked.filters["state"]
        return await _returns(request, connection, seen, "returns_report.html", listing, asked, state=state)


@get(DISAGREEMENTS_PATH)
async def disagreements_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template | Stream:
    """Sales that are credited and keep revenue, and those that lost it without being returned."""
    seen.viewer.require(Permission.VIEW)
    async with sessions.database.snapshot(seen.network_id) as connection:
        listing = Listing(
            path=DISAGREEMENTS_PATH,
            title="Disagreeing sales",
            columns=DISAGREEMENT_COLUMNS,
            sort="sold",
            search="Lead id",
            filters=(
                Filter(name="what", label="What disagrees", choices=[("", "all"), *DISAGREEMENTS.items()]),
                (await _narrowing(connection, seen))[0],
            ),
            days="last-90-days",
            days_of="date sold",
        )
        asked = read_asked(request, listing, seen)
        read = partial(_read_disagreeing, connection, seen, asked)
        count = (await find_disagreements(connection, seen.network, **_disagreeing(asked, seen, 0, 1))).count
        found = Found(count=count, read=read)
        return await list_answer(request, seen, "disagreements.html", listing, asked, found)


async def _narrowing(connection: AsyncConnection, seen: Seen) -> list[Filter]:
    """By buyer, of those that whoever looks may see, and by return reason."""
    buyers = await list_buyers(connection, seen.network_id, seen.viewer.buyer_ids)
    reasons = (await read_catalog(connection, seen.network_id)).return_reasons.values()
    names = sorted(((str(item.buyer_id), item.name) for item in buyers), key=lambda item: item[1].casefold())
    in_order = sorted(reasons, key=lambda item: item.position)
    return [
        Filter(name="buyer_id", label="Buyer", choices=[("", "all"), *names]),
        Filter(
            name="return_reason_id",
            label="Reason",
            choices=[("", "all"), *((str(item.return_reason_id), item.name) for item in in_order)],
        ),
    ]


async def _returns(
    request: AnyRequest,
    connection: AsyncConnection,
    seen: Seen,
    template: str,
    listing: Listing,
    asked: Asked,
    *,
    state: str,
    **context: Any,
) -> Template | Stream:
    period = asked.period
    query = ReturnsQuery(
        states=(state,) if state else (),
        buyer_ids=seen.viewer.buyer_ids,
        buyer_id=_id(asked, "buyer_id"),
        return_reason_id=_id(asked, "return_reason_id"),
        returned_from=None if period is None else period.first,
        returned_to=None if period is None else period.last,
        words=asked.words,
    )
    counts = await count_by_state(connection, seen.network, query)
    count = counts[state] if state else sum(counts.values())
    found = Found(count=count, read=partial(_read_returns, connection, seen, query, asked.wanted))
    today = seen.network.day_of(now())
    context |= {"counts": counts, "state": state, "today": today, "lead_path": lead_path}
    return await list_answer(request, seen, template, listing, asked, found, **context)


async def _read_returns(
    connection: AsyncConnection, seen: Seen, query: ReturnsQuery, wanted: Wanted, offset: int, limit: int
) -> Sequence[ReturnedSale]:
    part, today = wanted.part(offset, limit), seen.network.day_of(now())
    return (await list_returns(connection, seen.network, query, today=today, wanted=part)).returns


async def _read_disagreeing(
    connection: AsyncConnection, seen: Seen, asked: Asked, offset: int, limit: int
) -> Sequence[Any]:
    return (await find_disagreements(connection, seen.network, **_disagreeing(asked, seen, offset, limit))).sales


def _disagreeing(asked: Asked, seen: Seen, offset: int, limit: int) -> dict[str, Any]:
    assert asked.period is not None
    buyer_id = _id(asked, "buyer_id")
    return {
        "sold_from": asked.period.first,
        "sold_to": asked.period.last,
        # One that may be seen: the filter has no others.
        "buyer_ids": seen.viewer.buyer_ids if buyer_id is None else frozenset([buyer_id]),
        "disagreement": DISAGREEMENTS.get(asked.filters["what"], ""),
        "wanted": asked.wanted.part(offset, limit),
    }


def _id(asked: Asked, name: str) -> int | None:
    text = asked.filters[name]
    return int(text) if text else None
