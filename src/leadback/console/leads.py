"""Leads: found by lead id, buyer lead id or sub id; without words, those sold last."""

from typing import Final
from urllib.parse import quote

from litestar import get
from litestar.di import NamedDependency as Given
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from leadback.access.operator_model import Permission
from leadback.console.session import AnyRequest, Seen, Sessions, go, page
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.reports.lead_search import SEARCH_DAYS, LeadSearch, search_leads

WITHIN: Final[dict[str, tuple[int | None, str]]] = {
    "": (SEARCH_DAYS, f"the last {SEARCH_DAYS} days"),
    "year": (366, "the last year"),
    "all": (None, "any time"),
}
"""How far back buyers' lead ids and sub ids are looked for."""


def lead_path(lead_id: str) -> str:
    """The address of a lead's card."""
    return f"/leads/{quote(lead_id, safe='')}"


@get("/leads")
async def leads_page(
    request: AnyRequest,
    sessions: Given[Sessions],
    seen: Given[Seen],
    q: FromQuery[str] = "",
    within: FromQuery[str] = "",
    after: FromQuery[str | None] = None,
) -> Template | Redirect:
    """The sales of what was found, newest first; where the words name one lead, its card."""
    seen.viewer.require(Permission.VIEW)
    if within not in WITHIN:
        raise Refused(f"Leads are looked for within {', '.join(repr(name) for name in WITHIN)}, not {within!r}.")
    words = " ".join(q.split())
    search = LeadSearch(words=words, days=WITHIN[within][0], buyer_ids=seen.viewer.buyer_ids)
    async with sessions.database.snapshot(seen.network_id) as connection:
        found = await search_leads(connection, seen.network_id, search, now=now(), after=after)
    if found.only_lead_id is not None:
        return go(lead_path(found.only_lead_id))
    return page(
        request, seen, "leads.html", words=words, within=within, periods=WITHIN, found=found, lead_path=lead_path
    )
