"""Reports > Failed updates: calls of buyers that changed nothing, by buyer and reason, and one by one."""

from typing import Any, Final

import msgspec
from litestar import get
from litestar.di import NamedDependency as Given
from litestar.response import Template

from leadback.access.operator_model import Permission
from leadback.console.entered import LONG_DIGITS_MAX, number_of, query_of
from leadback.console.failed_chosen import DAYS, FAILED_PATH, chosen_of
from leadback.console.session import AnyRequest, Seen, Sessions, local_text, page
from leadback.kit.clock import now
from leadback.leads.model import Message, Reason
from leadback.parties.model import Buyer
from leadback.parties.queries import list_buyers
from leadback.reports.failed_updates import FailedGroup, ListedFailed, group_failed, page_failed

PAGE_ROWS: Final = 50
STATES: Final = {"": "open", "resolved": "settled by a run", "all": "all"}
SAYS_NOTHING: Final = (("return_reason_id", "0"), ("buyer_contract_id", "0"))
RESOLVED: Final = {"": False, "resolved": True, "all": None}

ALIAS_WORDS: Final = {
    str(Message.INVALID_LEAD_STATUS): "status",
    str(Message.INVALID_LEAD_SUB_STATUS): "sub_status",
    str(Message.INVALID_LEAD_FIELD): "field",
}
"""The reasons that an alias can take away, and what its word stands for."""


@get(FAILED_PATH)
async def groups_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template:
    """How many failed, of whom and why, with what was sent most often."""
    seen.viewer.require(Permission.VIEW)
    chosen = chosen_of(query_of(request), seen.viewer)
    async with sessions.database.snapshot(seen.network_id) as connection:
        buyers = await visible_buyers(connection, seen)
        groups = await group_failed(connection, seen.network_id, chosen.selection(seen.viewer, now()), now())
    return page(
        request,
        seen,
        "failed_updates.html",
        chosen=chosen,
        buyers=buyers,
        days=DAYS,
        rows=[_group_row(item, seen) for item in groups],
        calls=sum(item.calls for item in groups),
        rerunnable=sum(item.rerunnable for item in groups),
    )


@get(f"{FAILED_PATH}/calls")
async def calls_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template:
    """Each call with what was sent and what was wrong, the newest first; those of a buyer and reason where chosen."""
    seen.viewer.require(Permission.VIEW)
    query = query_of(request)
    chosen = chosen_of(query, seen.viewer)
    state = query.get("state", "")
    state = state if state in STATES else ""
    async with sessions.database.snapshot(seen.network_id) as connection:
        buyers = await visible_buyers(connection, seen)
        at = now()
        selection = chosen.selection(seen.viewer, at, resolved=RESOLVED[state])
        groups = await group_failed(connection, seen.network_id, selection, at)
        found = await page_failed(
            connection,
            seen.network_id,
            selection,
            at,
            rows_max=PAGE_ROWS,
            before_id=number_of(query, "before", "Before", digits_max=LONG_DIGITS_MAX),
        )
    return page(
        request,
        seen,
        "failed_calls.html",
        chosen=chosen,
        buyer=next((item.name for item in buyers if item.buyer_id == chosen.buyer_id), ""),
        state=state,
        states=STATES,
        query=[*chosen.query, *([("state", state)] if state else [])],
        words=_words(groups, chosen.reason, chosen.buyer_id),
        calls=sum(item.calls for item in groups),
        rerunnable=sum(item.rerunnable for item in groups),
        rows=[_call_row(item, seen) for item in found.rows],
        next_before_id=found.next_before_id,
    )


@get(f"{FAILED_PATH}/waiting")
async def waiting_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template:
    """Calls that came before their sale: how many still wait, and those whose sale is there now."""
    seen.viewer.require(Permission.VIEW)
    chosen = chosen_of(query_of(request), seen.viewer)
    arrived = msgspec.structs.replace(chosen, waiting=True)
    async with sessions.database.snapshot(seen.network_id) as connection:
        at = now()
        groups = await group_failed(connection, seen.network_id, chosen.selection(seen.viewer, at), at)
        ready = await group_failed(connection, seen.network_id, arrived.selection(seen.viewer, at), at)
        found = await page_failed(
            connection, seen.network_id, arrived.selection(seen.viewer, at), at, rows_max=PAGE_ROWS
        )
    return page(
        request,
        seen,
        "failed_waiting.html",
        arrived=arrived,
        waiting=[item for item in groups if item.waiting],
        waiting_calls=sum(item.waiting for item in groups),
        ready_calls=sum(item.calls for item in ready),
        rows=[_call_row(item, seen) for item in found.rows],
        is_all=found.next_before_id is None,
        runs_by_itself=seen.network.rerun_waiting_updates,
    )


async def visible_buyers(connection: Any, seen: Seen) -> list[Buyer]:
    """The buyers that whoever looks may see, by name."""
    buyers = await list_buyers(connection, seen.network_id, seen.viewer.buyer_ids)
    return sorted(buyers, key=lambda item: item.name.lower())


def _group_row(item: FailedGroup, seen: Seen) -> dict[str, Any]:
    return {
        "item": item,
        "last": local_text(seen, item.last_at),
        "words": _words((item,), item.reason, item.buyer_id),
        "query": [("buyer", str(item.buyer_id)), ("reason", item.reason)],
    }


def _words(groups: tuple[FailedGroup, ...], reason: str, buyer_id: int | None) -> list[dict[str, Any]]:
    """What was sent most often, each with the start of an alias where one would help."""
    if not reason or buyer_id is None:
        return []
    kind = ALIAS_WORDS.get(reason)
    return [
        {"text": sent.text, "calls": sent.calls, "alias": {} if kind is None else alias_start(kind, sent.text)}
        for item in groups
        for sent in item.sent
    ]


def alias_start(kind: str, text: str) -> dict[str, str]:
    """A buyer's words as the form for an alias takes them."""
    if kind != "sub_status":
        return {kind: text}
    status, slash, sub_status = text.partition(" / ")
    return {"status": status, "sub_status": sub_status} if slash else {"sub_status": text}


def _call_row(item: ListedFailed, seen: Seen) -> dict[str, Any]:
    state = "open" if item.resolved_at is None else f"settled by run {item.run_id}"
    if item.resolved_at is None and item.waiting_until is not None and item.waiting_until > now():
        state = f"waits until {local_text(seen, item.waiting_until)}"
    return {
        "item": item,
        "received": local_text(seen, item.received_at),
        "sent": [
            pair for pair in item.parameters.items() if pair[1] and pair[0] != "lead_id" and pair not in SAYS_NOTHING
        ],
        "state": state,
        "is_repeat": item.reason == Reason.REPEATED_CALL,
    }
