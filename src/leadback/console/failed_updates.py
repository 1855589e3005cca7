"""Reports > Failed updates: calls of buyers that changed nothing, by buyer and reason, and one by one."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final
from urllib.parse import quote

import msgspec
from litestar import get
from litestar.di import NamedDependency as Given
from litestar.response import Stream, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import Permission
from leadback.console.entered import query_of
from leadback.console.failed_chosen import DAYS, FAILED_PATH, chosen_of
from leadback.console.listed import Found, among, list_answer
from leadback.console.listing import Asked, Column, Filter, Listing, linked, read_asked
from leadback.console.session import AnyRequest, Seen, Sessions
from leadback.kit.clock import now
from leadback.kit.tabular import Kind
from leadback.leads.failed_model import FailedSelection
from leadback.leads.model import Message, Reason
from leadback.parties.model import Buyer
from leadback.parties.queries import list_buyers
from leadback.reports.failed_updates import FailedGroup, ListedFailed, count_failed, group_failed, list_failed

CALLS_PATH: Final = f"{FAILED_PATH}/calls"
WAITING_PATH: Final = f"{FAILED_PATH}/waiting"
STATES: Final = {"": "open", "resolved": "settled by a run", "all": "all"}
SAYS_NOTHING: Final = (("return_reason_id", "0"), ("buyer_contract_id", "0"))
RESOLVED: Final = {"": False, "resolved": True, "all": None}

ALIAS_WORDS: Final = {
    str(Message.INVALID_LEAD_STATUS): "status",
    str(Message.INVALID_LEAD_SUB_STATUS): "sub_status",
    str(Message.INVALID_LEAD_FIELD): "field",
}
"""The reasons that an alias can take away, and what its word stands for."""

GROUP_COLUMNS: Final = (
    linked("buyer", "Buyer", lambda group: group.buyer, lambda group: f"/buyers/{group.buyer_id}"),
    Column(name="why", label="Why", value=lambda group: group.reason, primary=True),
    Column(name="calls", label="Calls", value=lambda group: group.calls, kind=Kind.COUNT, primary=True),
    Column(name="last", label="Last", value=lambda group: group.last_at, kind=Kind.MOMENT),
    Column(
        name="sent",
        label="Sent most often",
        value=lambda group: ", ".join(f"{sent.text} ({sent.calls})" for sent in group.sent),
        sorts=False,
        primary=True,
    ),
    Column(name="waiting", label="Wait for their sale", value=lambda group: group.waiting, kind=Kind.COUNT),
    Column(
        name="rerunnable", label="Can be run again", value=lambda group: group.rerunnable, kind=Kind.COUNT, primary=True
    ),
)


def sent_of(item: ListedFailed) -> list[tuple[str, str]]:
    """The parameters of a call that say something."""
    return [pair for pair in item.parameters.items() if pair[1] and pair[0] != "lead_id" and pair not in SAYS_NOTHING]


def state_of(item: ListedFailed) -> str:
    """Whether it is open, waits, or was settled by a run."""
    if item.resolved_at is not None:
        return f"settled by run {item.run_id}"
    return "waits for its sale" if item.waiting_until is not None and item.waiting_until > now() else "open"


CALL_COLUMNS: Final = (
    Column(name="received", label="Received", value=lambda call: call.received_at, kind=Kind.MOMENT),
    Column(name="buyer", label="Buyer", value=lambda call: call.buyer, primary=True),
    linked("lead", "Lead", lambda call: call.lead_id, lambda call: f"/leads?q={quote(call.lead_id)}"),
    Column(name="why", label="Why", value=lambda call: call.reason, primary=True),
    Column(name="detail", label="What was wrong", value=lambda call: call.detail, sorts=False, primary=True),
    Column(
        name="sent",
        label="What was sent",
        value=lambda call: ", ".join(f"{name} {text}" for name, text in sent_of(call)),
        sorts=False,
    ),
    Column(name="by", label="By", value=lambda call: call.channel),
    Column(name="address", label="From", value=lambda call: call.address, sorts=False),
    Column(name="operation", label="Operation", value=lambda call: call.operation, sorts=False, usual=False),
    Column(name="request_id", label="Request id", value=lambda call: call.request_id, sorts=False, usual=False),
    Column(name="state", label="State", value=state_of, sorts=False, primary=True),
)


@get(FAILED_PATH)
async def groups_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template | Stream:
    """How many failed, of whom and why, with what was sent most often."""
    seen.viewer.require(Permission.VIEW)
    chosen = chosen_of(query_of(request), seen.viewer)
    async with sessions.database.snapshot(seen.network_id) as connection:
        listing = Listing(
            path=FAILED_PATH,
            title="Failed updates",
            columns=GROUP_COLUMNS,
            sort="-calls",
            search="Buyer or reason",
            text=lambda group: f"{group.buyer} {group.reason}",
            filters=_filters(await visible_buyers(connection, seen)),
        )
        asked = read_asked(request, listing, seen)
        groups = await group_failed(connection, seen.network_id, chosen.selection(seen.viewer, now()), now())
    return await list_answer(
        request,
        seen,
        "failed_updates.html",
        listing,
        asked,
        among(listing, asked, groups),
        chosen=chosen,
        words_of=_words,
        calls=sum(item.calls for item in groups),
        rerunnable=sum(item.rerunnable for item in groups),
    )


@get(CALLS_PATH)
async def calls_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template | Stream:
    """Each call with what was sent and what was wrong, the newest first; those of a buyer and reason where chosen."""
    seen.viewer.require(Permission.VIEW)
    chosen = chosen_of(query_of(request), seen.viewer)
    async with sessions.database.snapshot(seen.network_id) as connection:
        buyers = await visible_buyers(connection, seen)
        states = Filter(name="state", label="State", choices=[*STATES.items()])
        listing = _calls_listing(CALLS_PATH, [*_filters(buyers), Filter(name="reason", label="Why"), states])
        asked = read_asked(request, listing, seen)
        at = now()
        selection = chosen.selection(seen.viewer, at, resolved=RESOLVED[asked.filters["state"]])
        groups = await group_failed(connection, seen.network_id, selection, at)
        found = await _found(connection, seen, asked, selection)
        return await list_answer(
            request,
            seen,
            "failed_calls.html",
            listing,
            asked,
            found,
            chosen=chosen,
            buyer=next((item.name for item in buyers if item.buyer_id == chosen.buyer_id), ""),
            words=_words(groups, chosen.reason, chosen.buyer_id),
            calls=sum(item.calls for item in groups),
            # What is run again is what is chosen, not what is searched among it.
            rerunnable=0 if asked.words else sum(item.rerunnable for item in groups),
            **_of_calls(),
        )


@get(WAITING_PATH)
async def waiting_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template | Stream:
    """Calls that came before their sale: how many still wait, and those whose sale is there now."""
    seen.viewer.require(Permission.VIEW)
    chosen = chosen_of(query_of(request), seen.viewer)
    arrived = msgspec.structs.replace(chosen, waiting=True)
    async with sessions.database.snapshot(seen.network_id) as connection:
        listing = _calls_listing(WAITING_PATH, _filters(await visible_buyers(connection, seen)))
        asked = read_asked(request, listing, seen)
        at = now()
        groups = await group_failed(connection, seen.network_id, chosen.selection(seen.viewer, at), at)
        selection = arrived.selection(seen.viewer, at)
        found = await _found(connection, seen, asked, selection)
        return await list_answer(
            request,
            seen,
            "failed_waiting.html",
            listing,
            asked,
            found,
            arrived=arrived,
            waiting=[item for item in groups if item.waiting],
            waiting_calls=sum(item.waiting for item in groups),
            ready_calls=await count_failed(connection, seen.network_id, selection, at),
            runs_by_itself=seen.network.rerun_waiting_updates,
            **_of_calls(),
        )


async def _found(connection: AsyncConnection, seen: Seen, asked: Asked, selection: FailedSelection) -> Found:
    count = await count_failed(connection, seen.network_id, selection, now(), asked.words)
    return Found(count=count, read=partial(_read, connection, seen, asked, selection))


async def _read(
    connection: AsyncConnection, seen: Seen, asked: Asked, selection: FailedSelection, offset: int, limit: int
) -> Sequence[ListedFailed]:
    return await list_failed(connection, seen.network_id, selection, now(), asked.wanted.part(offset, limit))


def _calls_listing(path: str, filters: Sequence[Filter]) -> Listing:
    return Listing(
        path=path,
        title="Calls",
        columns=CALL_COLUMNS,
        sort="-received",
        search="Lead id or what was sent",
        filters=filters,
    )


def _filters(buyers: Sequence[Buyer]) -> list[Filter]:
    """By what `chosen_of` reads."""
    return [
        Filter(
            name="buyer",
            label="Buyer",
            choices=[("", "all"), *((str(item.buyer_id), item.name) for item in buyers)],
        ),
        Filter(name="days", label="Received in", choices=[*DAYS.items()]),
        Filter(name="tests", label="Test leads", choices=(("", "left out"), ("on", "too"))),
    ]


def _of_calls() -> dict[str, Any]:
    """What the rows of calls need beside themselves."""
    return {"sent_of": sent_of, "repeated": str(Reason.REPEATED_CALL)}


async def visible_buyers(connection: Any, seen: Seen) -> list[Buyer]:
    """The buyers that whoever looks may see, by name."""
    buyers = await list_buyers(connection, seen.network_id, seen.viewer.buyer_ids)
    return sorted(buyers, key=lambda item: item.name.lower())


def _words(groups: Iterable[FailedGroup], reason: str, buyer_id: int | None) -> list[dict[str, Any]]:
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
