"""Failed updates: how many of which kind, what buyers sent most often, and each one with all that is known of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.errors import Refused
from leadback.kit.list_queries import Wanted, holding, in_any_case, in_order
from leadback.leads.failed_model import FailedSelection, FailedUpdate
from leadback.leads.failed_queries import COLUMNS, failed_of, list_newest, selected
from leadback.leads.model import Message
from leadback.leads.tables import failed_update
from leadback.parties.queries import list_buyers
from leadback.parties.tables import buyer

SENT_SHOWN_MAX: Final = 3
SENT_LENGTH_MAX: Final = 100
PAGE_ROWS_MAX: Final = 1_000
SORTS: Final = {
    "received": failed_update.c.failed_update_id,
    "buyer": in_any_case(buyer.c.name),
    "lead": in_any_case(failed_update.c.lead_id),
    "why": in_any_case(failed_update.c.reason),
    "by": in_any_case(failed_update.c.channel),
}


class SentText(msgspec.Struct, frozen=True):
    """What calls sent where they failed, and how many did."""

    text: str
    calls: int


class FailedGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The failed updates of one buyer for one reason."""

    buyer_id: int
    buyer: str
    reason: str
    calls: int
    first_at: datetime
    last_at: datetime
    waiting: int
    """For their sale, still."""
    rerunnable: int
    """Kept whole and applied by no run; whether they would succeed, running them again tells."""
    sent: tuple[SentText, ...]
    """Most often, at most `SENT_SHOWN_MAX`."""


class ListedFailed(msgspec.Struct, frozen=True, kw_only=True):
    """One failed update."""

    failed_update_id: int
    received_at: datetime
    buyer_id: int
    buyer: str
    lead_id: str
    sale_id: int | None
    reason: str
    detail: str
    parameters: dict[str, str]
    operation: str
    channel: str
    address: str | None
    request_id: str
    waiting_until: datetime | None
    rerunnable: bool
    resolved_at: datetime | None
    run_id: int | None


class FailedPage(msgspec.Struct, frozen=True, kw_only=True):
    """Failed updates, the newest first."""

    rows: tuple[ListedFailed, ...]
    next_before_id: int | None
    """What to ask for the next page with; None: this was the last."""


async def group_failed(
    connection: AsyncConnection, network_id: int, selection: FailedSelection, now: datetime
) -> tuple[FailedGroup, ...]:
    """By buyer and reason, the most first, of a connection from `Database.snapshot`."""
    column = failed_update.c
    wanted = selected(network_id, selection, now)
    open_ones = column.resolved_at.is_(None)
    rows = await connection.execute(
        select(
            column.buyer_id,
            column.reason,
            func.count().label("calls"),
            func.min(column.received_at).label("first_at"),
            func.max(column.received_at).label("last_at"),
            func.count().filter(open_ones, column.waiting_until > now).label("waiting"),
            func.count().filter(open_ones, column.call.is_not(None)).label("rerunnable"),
        )
        .where(*wanted)
        .group_by(column.buyer_id, column.reason)
        .order_by(func.count().desc(), column.buyer_id, column.reason)
    )
    sent = await _read_sent(connection, network_id, wanted)
    names = await _buyer_names(connection, network_id)
    return tuple(
        FailedGroup(**row._mapping, buyer=names[row.buyer_id], sent=tuple(sent.get((row.buyer_id, row.reason), ())))
        for row in rows
    )


async def page_failed(
    connection: AsyncConnection,
    network_id: int,
    selection: FailedSelection,
    now: datetime,
    *,
    rows_max: int,
    before_id: int | None = None,
) -> FailedPage:
    """One page, which no call that arrives meanwhile moves; `Refused` where more is asked than `PAGE_ROWS_MAX`."""
    if not 1 <= rows_max <= PAGE_ROWS_MAX:
        raise Refused(f"A page has 1 to {PAGE_ROWS_MAX} failed updates, not {rows_max}.")
    found = await list_newest(connection, network_id, selection, now, rows_max=rows_max + 1, before_id=before_id)
    names = await _buyer_names(connection, network_id)
    rows = tuple(_listed(item, names) for item in found[:rows_max])
    return FailedPage(rows=rows, next_before_id=rows[-1].failed_update_id if len(found) > rows_max else None)


async def list_failed(
    connection: AsyncConnection, network_id: int, selection: FailedSelection, now: datetime, wanted: Wanted
) -> list[ListedFailed]:
    """A part of the failed updates that are meant, in the order that is wanted, of a connection from a snapshot."""
    statement = (
        select(*COLUMNS)
        .join(buyer, (buyer.c.network_id == network_id) & (buyer.c.buyer_id == failed_update.c.buyer_id))
        .where(*selected(network_id, selection, now), *_saying(wanted.words))
        .order_by(*in_order(wanted, SORTS, "received", failed_update.c.failed_update_id))
        .offset(wanted.offset)
        .limit(wanted.limit)
    )
    names = await _buyer_names(connection, network_id)
    return [_listed(failed_of(row), names) for row in await connection.execute(statement)]


async def count_failed(
    connection: AsyncConnection, network_id: int, selection: FailedSelection, now: datetime, words: str = ""
) -> int:
    """How many failed updates are meant, of those that hold some words."""
    wanted = (*selected(network_id, selection, now), *_saying(words))
    return int((await connection.execute(select(func.count()).select_from(failed_update).where(*wanted))).scalar_one())


async def check_reason(connection: AsyncConnection, network_id: int, reason: str) -> None:
    """Raise `Refused` where no failed update has this reason; it says which there are."""
    statement = select(failed_update.c.reason).where(failed_update.c.network_id == network_id).distinct()
    known = sorted((await connection.execute(statement)).scalars())
    if reason not in known:
        there_are = f"There are: {', '.join(known)}." if known else "There is no failed update at all."
        raise Refused(f"No failed update has the reason {reason!r}. {there_are}")


async def _read_sent(
    connection: AsyncConnection, network_id: int, wanted: list[ColumnElement[bool]]
) -> Mapping[tuple[int, str], list[SentText]]:
    column = failed_update.c
    assert wanted[0].compare(column.network_id == network_id)
    text = func.left(_sent(), SENT_LENGTH_MAX)
    counted = (
        select(
            column.buyer_id,
            column.reason,
            text.label("text"),
            func.count().label("calls"),
            func.row_number()
            .over(partition_by=(column.buyer_id, column.reason), order_by=(func.count().desc(), text))
            .label("place"),
        )
        .where(*wanted, text.is_not(None))
        .group_by(column.buyer_id, column.reason, text)
        .subquery()
    )
    rows = await connection.execute(select(counted).where(counted.c.place <= SENT_SHOWN_MAX).order_by(counted.c.place))
    sent: dict[tuple[int, str], list[SentText]] = {}
    for row in rows:
        sent.setdefault((row.buyer_id, row.reason), []).append(SentText(row.text, row.calls))
    return sent


def _saying(words: str) -> list[ColumnElement[bool]]:
    column = failed_update.c
    return holding(words, column.lead_id, column.reason, column.detail, column.parameters, func.host(column.address))


def _sent() -> ColumnElement[str | None]:
    """The part of what was sent that a message is about; null for a message that is about none."""
    parameters, call = failed_update.c.parameters, failed_update.c.call
    field_name = func.coalesce(parameters["field_name"].astext, call[("fields", "0", "0")].astext)
    field_value = func.coalesce(parameters["field_value"].astext, call[("fields", "0", "1")].astext)
    by_message: dict[str, ColumnElement[str | None]] = {
        Message.INVALID_LEAD_STATUS: parameters["status"].astext,
        Message.INVALID_LEAD_SUB_STATUS: func.concat_ws(
            " / ", parameters["status"].astext, parameters["sub_status"].astext
        ),
        Message.INVALID_LEAD_FIELD: field_name,
        Message.INVALID_FIELD_VALUE: func.concat_ws(" = ", field_name, field_value),
        Message.INVALID_BUYER_CONTRACT: parameters["buyer_contract_id"].astext,
        Message.INVALID_RETURN_REASON: parameters["return_reason_id"].astext,
        Message.INVALID_AMOUNT: parameters["amount"].astext,
        Message.INVALID_HAPPENED_AT: parameters["happened_at"].astext,
    }
    by_reason = {str(message): part for message, part in by_message.items()}
    return case(by_reason, value=failed_update.c.reason, else_=None)


def _listed(item: FailedUpdate, buyer_names: Mapping[int, str]) -> ListedFailed:
    same = {name: getattr(item, name) for name in ListedFailed.__struct_fields__ if hasattr(item, name)}
    return ListedFailed(
        **same
        | {
            "buyer": buyer_names[item.buyer_id],
            "channel": str(item.channel),
            "address": None if item.address is None else str(item.address),
            "rerunnable": item.call is not None and item.resolved_at is None,
        }
    )


async def _buyer_names(connection: AsyncConnection, network_id: int) -> dict[int, str]:
    return {buyer.buyer_id: buyer.name for buyer in await list_buyers(connection, network_id)}
