"""Setup > Audit log: who changed the configuration, when, from what to what."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from litestar import get
from litestar.di import NamedDependency as Given
from litestar.response import Stream, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import Permission
from leadback.access.operator_queries import list_operators
from leadback.audit.queries import EntriesQuery, count_entries, list_entries, list_known
from leadback.catalog.queries import read_catalog
from leadback.console.audit_words import LABELS, Names, catalog_names, told_changes, told_subject
from leadback.console.listed import Found, list_answer
from leadback.console.listing import ANY_TIME, Asked, Column, Filter, Listing, read_asked
from leadback.console.session import AnyRequest, Seen, Sessions
from leadback.kit.list_queries import Wanted
from leadback.kit.tabular import Kind
from leadback.parties.queries import TABLES, list_names

AUDIT_PATH = "/setup/audit-log"


@get(AUDIT_PATH)
async def audit_log_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template | Stream:
    """Every change, the newest first."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    async with sessions.database.snapshot(seen.network_id) as connection:
        names = await _names(connection, seen.network_id)
        listing = _listing(await list_known(connection, seen.network_id), names, seen)
        asked = read_asked(request, listing, seen)
        query = _query(asked, seen)
        count = await count_entries(connection, seen.network_id, query)
        read = partial(_read, connection, seen.network_id, query, asked.wanted)
        return await list_answer(request, seen, "audit_log.html", listing, asked, Found(count=count, read=read))


def _listing(known: Mapping[str, Sequence[str]], names: Names, seen: Seen) -> Listing:
    def choices(column: str) -> list[tuple[str, str]]:
        return [("", "all"), *((word, LABELS.get(word, word.replace("_", " "))) for word in known[column])]

    return Listing(
        path=AUDIT_PATH,
        title="Changes",
        columns=(
            Column(name="when", label="When", value=lambda entry: entry["changed_at"], kind=Kind.MOMENT),
            Column(name="who", label="Who", value=lambda entry: entry["actor"], primary=True),
            Column(name="what", label="What", value=lambda entry: entry["action"], primary=True),
            Column(name="which", label="Which", value=lambda entry: told_subject(entry, names), primary=True),
            Column(
                name="change",
                label="Change",
                value=lambda entry: "; ".join(str(told) for told in told_changes(entry, names, seen)),
                shown=lambda entry: told_changes(entry, names, seen),
                sorts=False,
                primary=True,
            ),
        ),
        sort="-when",
        search="Who, what, or a value",
        filters=(
            Filter(name="who", label="Who", choices=choices("actor")),
            Filter(name="what", label="What", choices=choices("action")),
            Filter(name="which", label="Which", choices=choices("subject")),
        ),
        days=ANY_TIME,
        days_of="changed",
    )


async def _names(connection: AsyncConnection, network_id: int) -> Names:
    found = catalog_names(await read_catalog(connection, network_id))
    for kind in TABLES:
        found[str(kind)] = await list_names(connection, network_id, kind)
    found["operator"] = {item.operator_id: item.name for item in await list_operators(connection, network_id)}
    return Names(by_kind=found)


def _query(asked: Asked, seen: Seen) -> EntriesQuery:
    period = asked.period
    return EntriesQuery(
        actor=asked.filters["who"],
        action=asked.filters["what"],
        subject=asked.filters["which"],
        changed_from=None if period is None else _beginning(period.first, seen),
        changed_before=None if period is None else _beginning(period.last, seen, days_later=1),
        words=asked.words,
    )


def _beginning(day: date, seen: Seen, *, days_later: int = 0) -> datetime | None:
    """Of one of the network's days; None for the day after the last there is."""
    if date.max - day < timedelta(days=days_later):
        return None
    return datetime.combine(day + timedelta(days=days_later), time(), seen.network.zone)


async def _read(
    connection: AsyncConnection, network_id: int, query: EntriesQuery, wanted: Wanted, offset: int, limit: int
) -> Sequence[dict[str, Any]]:
    return await list_entries(connection, network_id, query, wanted.part(offset, limit))
