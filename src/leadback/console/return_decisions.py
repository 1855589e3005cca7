"""Deciding on returns: one beside its history, or several at once; each decision is a row of the ledger."""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, Final

from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.response import Redirect, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import Permission
from leadback.access.operators import actor_of
from leadback.console.leads import lead_path
from leadback.console.origin import origin_of
from leadback.console.returns import QUEUE_PATH
from leadback.console.sale_story import story_of
from leadback.console.session import AnyRequest, Seen, Sessions, go, page
from leadback.console.sign_in import Form, text_of
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.leads.locking import SALES_AT_ONCE_MAX
from leadback.leads.model import ReturnState
from leadback.leads.queries import sales_of_buyers
from leadback.leads.returns import ReturnResult, credit_returns, reject_returns, replace_returns
from leadback.reports.lead_history import SaleHistory, read_lead_history
from leadback.reports.returns import list_returns
from leadback.reports.returns_model import ReturnedSale, ReturnsQuery

DECIDE_PATH: Final = "/returns/decide"
SALE_ID_DIGITS_MAX: Final = 18


class Decision(StrEnum):
    """What can become of a submitted return."""

    CREDIT = "credit"
    REPLACE = "replace"
    REJECT = "reject"


@get(DECIDE_PATH)
async def decide_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template:
    """The chosen returns and what can become of them; a single one with its history."""
    return await _page(request, sessions, seen, _sale_ids(request.query_params.getall("sale", [])))


@post(DECIDE_PATH)
async def decide(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], data: Form) -> Template | Redirect:
    """Credit, replace or reject every chosen return; what is refused is left as it was and said."""
    seen.viewer.require(Permission.DECIDE_RETURNS)
    given = data.get("sale", [])
    sale_ids = _sale_ids(given if isinstance(given, list) else [given])
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            own = await sales_of_buyers(connection, seen.network_id, sale_ids, seen.viewer.buyer_ids)
            results = await _act(connection, request, sessions, seen, [one for one in sale_ids if one in own], data)
    except Refused as error:
        return await _page(request, sessions, seen, sale_ids, error=str(error), entered=data)
    missing = [sale_id for sale_id in sale_ids if sale_id not in own]
    results += [ReturnResult(sale_id=sale_id, refusal=f"There is no sale {sale_id}.") for sale_id in missing]
    refused = [result for result in results if result.refusal]
    told = _told(results)
    if not refused:
        return go(QUEUE_PATH, told)
    remaining = [result.sale_id for result in refused]
    return await _page(request, sessions, seen, remaining, error=told, refused=refused, entered=data)


async def _act(
    connection: AsyncConnection,
    request: AnyRequest,
    sessions: Sessions,
    seen: Seen,
    sale_ids: Sequence[int],
    data: dict[str, Any],
) -> list[ReturnResult]:
    decision = text_of(data, "decision")
    if decision not in list(Decision):
        raise Refused("Choose what becomes of the return: credit, replace or reject.")
    moment = now()
    who: dict[str, Any] = {
        "note": text_of(data, "note"),
        "actor": actor_of(seen.viewer),
        "now": moment,
        "origin": origin_of(request, sessions, f"{decision} return", moment),
    }
    match Decision(decision):
        case Decision.CREDIT:
            zero = text_of(data, "zero_revenue") == "on"
            return await credit_returns(connection, seen.network_id, sale_ids, zero_revenue=zero, **who)
        case Decision.REPLACE:
            return await replace_returns(connection, seen.network_id, sale_ids, **who)
        case Decision.REJECT:
            restore = text_of(data, "restore_revenue") == "on"
            return await reject_returns(connection, seen.network_id, sale_ids, restore_revenue=restore, **who)


async def _page(
    request: AnyRequest, sessions: Sessions, seen: Seen, sale_ids: Sequence[int], **more: object
) -> Template:
    seen.viewer.require(Permission.DECIDE_RETURNS)
    if not sale_ids:
        raise Refused("Choose at least one return in the queue.")
    query = ReturnsQuery(sale_ids=frozenset(sale_ids), buyer_ids=seen.viewer.buyer_ids, tests=True)
    today = seen.network.day_of(now())
    async with sessions.database.snapshot(seen.network_id) as connection:
        found = await list_returns(connection, seen.network, query, today=today, limit=SALES_AT_ONCE_MAX)
        sale = await _history(connection, seen, found.returns)
    if not found.returns and "error" not in more:
        raise Refused("None of these sales is returned.")
    context: dict[str, object] = {
        "returns": found.returns,
        "submitted": [row for row in found.returns if row.state == ReturnState.SUBMITTED],
        "sale": sale,
        "story": [] if sale is None else story_of(sale, seen),
        "today": today,
        "lead_path": lead_path,
        "entered": {},
    }
    status_code = 422 if "error" in more else 200
    return page(request, seen, "return_decision.html", status_code=status_code, **context | more)


async def _history(connection: AsyncConnection, seen: Seen, returns: Sequence[ReturnedSale]) -> SaleHistory | None:
    """Of the only return there is."""
    if len(returns) != 1:
        return None
    (row,) = returns
    lead = await read_lead_history(connection, seen.network_id, row.lead_id, buyer_ids=seen.viewer.buyer_ids)
    return next(sale for sale in lead.sales if sale.sale_id == row.sale_id)


def _sale_ids(texts: Iterable[object]) -> list[int]:
    """Once each, in their order."""
    ids = []
    for text in texts:
        if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= SALE_ID_DIGITS_MAX):
            raise Refused(f"{str(text)[:40]!r} is no sale; it is a number.")
        ids.append(int(text))
    unique = list(dict.fromkeys(ids))
    if len(unique) > SALES_AT_ONCE_MAX:
        raise Refused(f"These are {len(unique)} sales; choose at most {SALES_AT_ONCE_MAX} at once.")
    return unique


def _told(results: Sequence[ReturnResult]) -> str:
    counts = Counter(result.state or "refused" for result in results)
    return ", ".join(f"{count} {word}" for word, count in counts.items()) + "."
