"""Leads: found by lead id, buyer lead id or sub id; without words, those sold last."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from urllib.parse import quote

from litestar import get
from litestar.di import NamedDependency as Given
from litestar.params import FromQuery
from litestar.response import Redirect, Stream, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import Permission
from leadback.console.listed import Found, list_answer
from leadback.console.listing import Asked, Column, Filter, Listing, read_asked
from leadback.console.session import AnyRequest, Seen, Sessions, go
from leadback.kit.clock import now
from leadback.kit.tabular import Kind
from leadback.parties.model import Buyer
from leadback.parties.queries import list_buyers
from leadback.reports.lead_search import SEARCH_DAYS, FoundSale, LeadSearch, search_leads

LEADS_PATH: Final = "/leads"
WITHIN: Final[dict[str, tuple[int | None, str]]] = {
    "": (SEARCH_DAYS, f"the last {SEARCH_DAYS} days"),
    "year": (366, "the last year"),
    "all": (None, "any time"),
}
"""How far back buyers' lead ids and sub ids are looked for."""

COLUMNS: Final = (
    Column(name="lead", label="Lead", value=lambda sale: sale.lead_id, sorts=False),
    # The order in which sales can be read as they are found, however many there are. Lead Detail sorts by the rest.
    Column(name="sold", label="Sold", value=lambda sale: sale.sold_at, kind=Kind.MOMENT, primary=True),
    Column(name="buyer", label="Buyer", value=lambda sale: sale.buyer, sorts=False, primary=True),
    Column(name="contract", label="Contract", value=lambda sale: sale.buyer_contract, sorts=False),
    Column(
        name="status",
        label="Status",
        value=lambda sale: None if sale.status is None else sale.status.name,
        sorts=False,
        primary=True,
    ),
    Column(name="sub_status", label="Sub-status", value=lambda sale: sale.sub_status, sorts=False, usual=False),
    Column(
        name="revenue", label="Revenue", value=lambda sale: sale.revenue, kind=Kind.MONEY, sorts=False, primary=True
    ),
    Column(name="return", label="Return", value=lambda sale: sale.return_state, sorts=False),
    Column(name="campaign", label="Campaign", value=lambda sale: sale.campaign, sorts=False),
    Column(name="sub_id", label="Sub id", value=lambda sale: sale.sub_id_1, sorts=False),
    Column(name="buyer_lead_id", label="Buyer lead id", value=lambda sale: sale.buyer_lead_id, sorts=False),
)


def lead_path(lead_id: str) -> str:
    """The address of a lead's card."""
    return f"{LEADS_PATH}/{quote(lead_id, safe='')}"


class Search:
    """What is looked for, read page after page."""

    def __init__(self, connection: AsyncConnection, seen: Seen, asked: Asked, after: str | None) -> None:
        buyer_id = asked.filters["buyer"]
        self._connection = connection
        self._network_id = seen.network_id
        self._query = LeadSearch(
            words=asked.words,
            days=WITHIN[asked.filters["within"]][0],
            oldest_first=asked.sort == "sold",
            # One that may be seen: the filter has no others.
            buyer_ids=frozenset([int(buyer_id)]) if buyer_id else seen.viewer.buyer_ids,
        )
        self._at: datetime = now()
        self.after = after
        self.only_lead_id: str | None = None

    async def read(self, offset: int, limit: int) -> Sequence[FoundSale]:
        """The sales of the next page."""
        if offset and self.after is None:
            return ()
        found = await search_leads(
            self._connection, self._network_id, self._query, now=self._at, limit=limit, after=self.after
        )
        self.after, self.only_lead_id = found.after, found.only_lead_id
        return found.sales


@get(LEADS_PATH)
async def leads_page(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], after: FromQuery[str | None] = None
) -> Template | Stream | Redirect:
    """The sales of what was found, newest first; where the words name one lead, its card."""
    seen.viewer.require(Permission.VIEW)
    async with sessions.database.snapshot(seen.network_id) as connection:
        listing = _listing(await list_buyers(connection, seen.network_id, seen.viewer.buyer_ids))
        asked = read_asked(request, listing, seen)
        search = Search(connection, seen, asked, after)
        found = Found(count=None, read=search.read, after=lambda: search.after)
        answer = await list_answer(
            request, seen, "leads.html", listing, asked, found, words=asked.words, lead_path=lead_path
        )
    if search.only_lead_id is not None and asked.form is None and not asked.refusals:
        return go(lead_path(search.only_lead_id))
    return answer


def _listing(buyers: Sequence[Buyer]) -> Listing:
    names = sorted(((str(item.buyer_id), item.name) for item in buyers), key=lambda item: item[1].casefold())
    return Listing(
        path=LEADS_PATH,
        title="Leads",
        columns=COLUMNS,
        sort="-sold",
        search="Lead id, buyer lead id, sub id",
        filters=(
            Filter(name="within", label="Sold in", choices=[(name, label) for name, (_, label) in WITHIN.items()]),
            Filter(name="buyer", label="Buyer", choices=[("", "all"), *names]),
        ),
    )
