"""Reports > Failed updates > Runs: batches of changes that were made at once, and taking one back."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Stream, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import Permission
from leadback.access.operators import actor_of
from leadback.catalog.queries import read_catalog
from leadback.console.listed import Found, list_answer
from leadback.console.listing import Asked, Column, Filter, Listing, read_asked
from leadback.console.reruns import ROWS_SHOWN_MAX, RUNS_PATH
from leadback.console.session import AnyRequest, Seen, Sessions, go, local_text, page
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.kit.tabular import Kind
from leadback.leads.differences import differences, words_of
from leadback.leads.model import Channel
from leadback.leads.run_model import Run, Undo
from leadback.leads.run_queries import STANDING, UNDONE, count_runs, find_run, list_runs
from leadback.leads.undo import RUN_ID_MAX, preview_undo, told_moved, undo_run

KINDS: Final = {"rerun": "Failed updates run again", "undo": "Undo"}


def state_of(run: Run) -> str | None:
    """What became of it, if it does not simply stand."""
    if run.undoes_run_id is not None:
        return f"undoes run {run.undoes_run_id}"
    return None if run.undone_by_run_id is None else f"undone by run {run.undone_by_run_id}"


LISTING: Final = Listing(
    path=RUNS_PATH,
    title="Runs",
    columns=(
        Column(
            name="run",
            label="Run",
            value=lambda run: run.run_id,
            kind=Kind.COUNT,
            shown=lambda run: {"text": run.run_id, "href": f"{RUNS_PATH}/{run.run_id}"},
        ),
        Column(name="made", label="Made", value=lambda run: run.made_at, kind=Kind.MOMENT, primary=True),
        Column(name="by", label="By", value=lambda run: run.actor),
        Column(
            name="what",
            label="What",
            value=lambda run: f"{KINDS.get(run.kind, run.kind)}: {run.description}",
            primary=True,
        ),
        Column(name="sales", label="Sales changed", value=lambda run: run.sales, kind=Kind.COUNT, primary=True),
        Column(name="state", label="State", value=state_of, sorts=False, primary=True),
    ),
    sort="-run",
    search="Who, what or number",
    filters=(
        Filter(name="kind", label="Kind", choices=[("", "all"), *KINDS.items()]),
        Filter(name="state", label="State", choices=(("", "all"), (STANDING, "not undone"), (UNDONE, "undone"))),
    ),
)


@get(RUNS_PATH)
async def runs_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template | Stream:
    """The newest runs first."""
    seen.viewer.require(Permission.VIEW)
    asked = read_asked(request, LISTING, seen)
    meant: dict[str, Any] = {**asked.filters, "buyer_ids": seen.viewer.buyer_ids}
    async with sessions.database.snapshot(seen.network_id) as connection:
        count = await count_runs(connection, seen.network_id, words=asked.words, **meant)
        found = Found(count=count, read=partial(_read, connection, seen, asked, meant))
        return await list_answer(request, seen, "runs.html", LISTING, asked, found)


async def _read(
    connection: AsyncConnection, seen: Seen, asked: Asked, meant: dict[str, Any], offset: int, limit: int
) -> Sequence[Run]:
    return await list_runs(connection, seen.network_id, wanted=asked.wanted.part(offset, limit), **meant)


@get(f"{RUNS_PATH}/{{run_id:int}}")
async def run_page(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], run_id: FromPath[int]
) -> Template:
    """One run, and what taking it back would do to each sale."""
    return await _run_page(request, sessions, seen, run_id)


@post(f"{RUNS_PATH}/{{run_id:int}}/undo")
async def undo(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], run_id: FromPath[int]
) -> Template | Redirect:
    """Take it back, all of it or nothing."""
    seen.viewer.require(Permission.CHANGE_LEADS)
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            done = await undo_run(
                connection,
                seen.network_id,
                run_id,
                actor=actor_of(seen.viewer),
                now=now(),
                channel=Channel.CONSOLE,
                buyer_ids=seen.viewer.buyer_ids,
            )
    except Refused as error:
        return await _run_page(request, sessions, seen, run_id, error=str(error))
    return go(f"{RUNS_PATH}/{done.run_id}", f"Run {run_id} is undone by run {done.run_id}.")


async def _run_page(request: AnyRequest, sessions: Sessions, seen: Seen, run_id: int, *, error: str = "") -> Template:
    seen.viewer.require(Permission.VIEW)
    undoing: Undo | None = None
    async with sessions.database.snapshot(seen.network_id) as connection:
        run = None
        if run_id <= RUN_ID_MAX:
            run = await find_run(connection, seen.network_id, run_id, buyer_ids=seen.viewer.buyer_ids)
        if run is None:
            raise Refused(f"There is no run {run_id}.")
        if run.undoes_run_id is None and run.undone_by_run_id is None:
            undoing = await preview_undo(
                connection, seen.network_id, run_id, now=now(), buyer_ids=seen.viewer.buyer_ids
            )
        catalog = await read_catalog(connection, seen.network_id)
    context: dict[str, Any] = {"row": _run_row(run, seen), "error": error, "undoing": undoing}
    if undoing is not None:
        moved = {sale.sale_id for sale in undoing.moved}
        context |= {
            "in_the_way": told_moved(undoing.moved) if undoing.moved else "",
            "sales": [
                {
                    "lead_id": change.before.lead_id,
                    "what": words_of(differences(change, catalog)) or "no change",
                    "moved": change.before.sale_id in moved,
                }
                for change in undoing.changes[:ROWS_SHOWN_MAX]
            ],
            "sales_all": len(undoing.changes),
        }
    return page(request, seen, "run.html", status_code=422 if error else 200, **context)


def _run_row(run: Run, seen: Seen) -> dict[str, Any]:
    return {
        "run": run,
        "made": local_text(seen, run.made_at),
        "kind": KINDS.get(run.kind, run.kind),
        "state": state_of(run) or "",
    }
