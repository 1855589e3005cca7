"""Setup > Audit log: who changed the configuration, when, from what to what."""

from litestar import get
from litestar.di import NamedDependency as Given
from litestar.params import FromQuery
from litestar.response import Template

from leadback.access.operator_model import Permission
from leadback.audit.queries import list_entries
from leadback.console.session import AnyRequest, Seen, Sessions, page

ENTRIES_MAX = 100


@get("/setup/audit-log")
async def audit_log_page(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], before: FromQuery[int | None] = None
) -> Template:
    """The newest changes first, a hundred a page."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    async with sessions.database.snapshot(seen.network_id) as connection:
        entries = await list_entries(connection, seen.network_id, entries_max=ENTRIES_MAX + 1, before_id=before)
    older = entries[ENTRIES_MAX - 1]["audit_entry_id"] if len(entries) > ENTRIES_MAX else None
    return page(request, seen, "audit_log.html", entries=entries[:ENTRIES_MAX], older=older)
