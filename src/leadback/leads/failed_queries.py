"""Reading failed updates: which are meant, and what was reported on their sales since."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Row, Select, exists, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.leads.failed_model import FailedSelection, FailedUpdate, KeptCall, Said
from leadback.leads.model import Channel
from leadback.leads.tables import failed_update, sale

COLUMNS: Final = [failed_update.c[name] for name in FailedUpdate.__struct_fields__]

_SAID = text("""
    SELECT sale_id, kind, actor_kind, actor_id, received_at, happened_at, run_id, flags,
        status_id_before, status_id_after, sub_status_id_before, sub_status_id_after, revenue_before, revenue_after,
        return_state_before, return_state_after, jsonb_path_query_array(field_changes, '$[*].field_id') AS field_ids
    FROM lead_update
    WHERE network_id = :network_id AND sale_id = ANY (CAST(:sale_ids AS bigint[])) AND received_at > :since
        AND kind IN ('update', 'correction')
        AND NOT EXISTS (
            SELECT FROM run WHERE run.network_id = :network_id AND run.undoes_run_id = lead_update.run_id
        )
    ORDER BY sale_id, version
""")


def selected(network_id: int, selection: FailedSelection, now: datetime) -> list[ColumnElement[bool]]:
    """What a failed update must be, as conditions."""
    column = failed_update.c
    wanted: list[ColumnElement[bool]] = [column.network_id == network_id]
    if selection.buyer_id is not None:
        wanted.append(column.buyer_id == selection.buyer_id)
    if selection.buyer_ids is not None:
        wanted.append(column.buyer_id.in_(sorted(selection.buyer_ids)))
    if selection.reason is not None:
        wanted.append(column.reason == selection.reason)
    if selection.since is not None:
        wanted.append(column.received_at >= selection.since)
    if selection.ids is not None:
        wanted.append(column.failed_update_id.in_(sorted(selection.ids)))
    if selection.resolved is not None:
        wanted.append(column.resolved_at.is_not(None) if selection.resolved else column.resolved_at.is_(None))
    if not selection.tests and selection.ids is None:
        of_test = exists().where(
            sale.c.network_id == network_id, sale.c.sale_id == column.sale_id, sale.c.is_test.is_(True)
        )
        wanted.append(~of_test)
    if selection.waiting:
        arrived = exists().where(
            sale.c.network_id == network_id,
            sale.c.lead_key == column.lead_key,
            sale.c.buyer_id == column.buyer_id,
        )
        wanted += [column.waiting_until > now, arrived]
    return wanted


def oldest(network_id: int, selection: FailedSelection, now: datetime, rows_max: int) -> Select[Any]:
    """The oldest failed updates that are meant, in the order they came."""
    return (
        select(*COLUMNS)
        .where(*selected(network_id, selection, now))
        .order_by(failed_update.c.received_at, failed_update.c.failed_update_id)
        .limit(rows_max)
    )


async def list_oldest(
    connection: AsyncConnection, network_id: int, selection: FailedSelection, now: datetime, *, rows_max: int
) -> list[FailedUpdate]:
    """The oldest failed updates that are meant, in the order they came."""
    return [failed_of(row) for row in await connection.execute(oldest(network_id, selection, now, rows_max))]


async def list_newest(
    connection: AsyncConnection,
    network_id: int,
    selection: FailedSelection,
    now: datetime,
    *,
    rows_max: int,
    before_id: int | None = None,
) -> list[FailedUpdate]:
    """The newest failed updates that are meant; `before_id`, the last of a page, turns it."""
    statement = select(*COLUMNS).where(*selected(network_id, selection, now))
    if before_id is not None:
        statement = statement.where(failed_update.c.failed_update_id < before_id)
    rows = await connection.execute(statement.order_by(failed_update.c.failed_update_id.desc()).limit(rows_max))
    return [failed_of(row) for row in rows]


async def list_said(
    connection: AsyncConnection, network_id: int, sale_ids: Collection[int], since: datetime
) -> dict[int, list[Said]]:
    """By sale what buyers and operators reported after a moment, but for what was undone; oldest first."""
    values = {"network_id": network_id, "sale_ids": sorted(sale_ids), "since": since}
    said: dict[int, list[Said]] = {}
    for row in await connection.execute(_SAID, values):
        known = dict(row._mapping) | {"flags": frozenset(row.flags), "field_ids": frozenset(row.field_ids)}
        said.setdefault(row.sale_id, []).append(Said(**known))
    return said


def failed_of(row: Row[Any]) -> FailedUpdate:
    """A failed update from a row with `COLUMNS`."""
    values = dict(row._mapping)
    values["channel"] = Channel(values["channel"])
    if values["call"] is not None:
        values["call"] = msgspec.convert(values["call"], KeptCall)
    return FailedUpdate(**values)
