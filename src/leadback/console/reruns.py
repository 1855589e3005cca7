"""Reports > Failed updates > Run again: first what it would do, then one run; with an alias made for it as well."""

import re
from collections import Counter
from typing import Any, Final

from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import ForbiddenError, Permission
from leadback.access.operators import actor_of
from leadback.catalog.alias_actions import create_alias, draft_alias
from leadback.catalog.model import Catalog
from leadback.catalog.queries import read_catalog
from leadback.console.alias_form import (
    WORDS,
    field_choices,
    listed_of,
    meaning_in,
    meaning_name,
    status_choices,
)
from leadback.console.entered import Entered, query_of
from leadback.console.failed_chosen import FAILED_PATH, Chosen, chosen_of
from leadback.console.session import AnyRequest, Seen, Sessions, go, local_text, page
from leadback.console.sign_in import Form, text_of
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.leads.differences import differences, words_of
from leadback.leads.failed_model import Effect, FailedSelection, Rerun, RerunOptions, Verdict
from leadback.leads.rerun import apply_failed, preview_rerun, rerun
from leadback.leads.run import RUN_CALLS_MAX
from leadback.parties.model import Buyer
from leadback.parties.queries import list_buyers

ROWS_SHOWN_MAX: Final = 200
RERUN_PATH: Final = f"{FAILED_PATH}/rerun"
ALIAS_PATH: Final = f"{FAILED_PATH}/alias"
RUNS_PATH: Final = f"{FAILED_PATH}/runs"


@get(RERUN_PATH)
async def rerun_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template:
    """What running the chosen calls again would do to each sale; nothing is done."""
    seen.viewer.require(Permission.CHANGE_LEADS)
    return await _rerun_page(request, sessions, seen, chosen_of(query_of(request), seen.viewer))


@post(RERUN_PATH)
async def run_again(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], data: Form
) -> Template | Redirect:
    """Run them again, as one run that can be undone."""
    seen.viewer.require(Permission.CHANGE_LEADS)
    chosen = chosen_of(data, seen.viewer)
    try:
        done = await _run(sessions, seen, chosen)
    except ForbiddenError:
        raise
    except Refused as error:
        return await _rerun_page(request, sessions, seen, chosen, error=str(error))
    return _off(done)


@get(ALIAS_PATH)
async def alias_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template:
    """The form for an alias and, once it says what is meant, what the calls that failed for it would do then."""
    return await _alias_page(request, sessions, seen, query_of(request))


@post(ALIAS_PATH)
async def make_alias(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], data: Form
) -> Template | Redirect:
    """Make the alias and, where asked for, run the calls again that failed for want of it.

    Two transactions: no buyer's update waits for the run to end, and an alias is good even where the run is refused.
    """
    seen.viewer.require(Permission.MANAGE_BUYERS)
    runs_too = text_of(data, "step") == "rerun"
    if runs_too:
        seen.viewer.require(Permission.CHANGE_LEADS)
    chosen = chosen_of(data, seen.viewer)
    is_made = False
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            buyer = await _buyer(connection, seen, chosen)
            listed = listed_of(data, buyer.name, await read_catalog(connection, seen.network_id))
            await create_alias(connection, seen.network_id, listed, actor=actor_of(seen.viewer), now=now())
        is_made = True
        if not runs_too:
            return go(f"/buyers/{buyer.buyer_id}/aliases", "The alias is made.")
        return _off(await _run(sessions, seen, chosen), "The alias is made. ")
    except ForbiddenError:
        raise
    except Refused as error:
        if is_made:
            return await _rerun_page(request, sessions, seen, chosen, error=f"The alias is made. {error}")
        return await _alias_page(request, sessions, seen, data, error=str(error))


@get(f"{FAILED_PATH}/{{failed_update_id:int}}/apply")
async def apply_page(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], failed_update_id: FromPath[int]
) -> Template:
    """What applying one call would do, its amount included, whatever was reported since; nothing is done."""
    return await _apply_page(request, sessions, seen, failed_update_id)


@post(f"{FAILED_PATH}/{{failed_update_id:int}}/apply")
async def apply_anyway(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], failed_update_id: FromPath[int]
) -> Template | Redirect:
    """Apply one call anyway, as a run of its own: a repeat that was none, say."""
    seen.viewer.require(Permission.CHANGE_LEADS)
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            done = await apply_failed(
                connection,
                seen.network_id,
                failed_update_id,
                actor=actor_of(seen.viewer),
                now=now(),
                buyer_ids=seen.viewer.buyer_ids,
            )
    except Refused as error:
        return await _apply_page(request, sessions, seen, failed_update_id, error=str(error))
    return _off(done)


async def _run(sessions: Sessions, seen: Seen, chosen: Chosen) -> Rerun:
    async with sessions.database.transaction(seen.network_id) as connection:
        at = now()
        selection = chosen.selection(seen.viewer, at)
        return await rerun(connection, seen.network_id, selection, chosen.options, actor=actor_of(seen.viewer), now=at)


def _off(done: Rerun, before: str = "") -> Redirect:
    """To the run that was made, or back where there was nothing to do."""
    told = ", ".join(f"{done.count(verdict):,} {word}" for verdict, word in VERDICTS.items())
    if done.run_id is None:
        return go(FAILED_PATH, f"{before}Nothing was run again: {told}.")
    return go(f"{RUNS_PATH}/{done.run_id}", f"{before}Run {done.run_id}: {told}.")


async def _rerun_page(
    request: AnyRequest, sessions: Sessions, seen: Seen, chosen: Chosen, *, error: str = ""
) -> Template:
    async with sessions.database.snapshot(seen.network_id) as connection:
        at = now()
        selection = chosen.selection(seen.viewer, at)
        done = await preview_rerun(connection, seen.network_id, selection, chosen.options, now=at)
        catalog = await read_catalog(connection, seen.network_id)
        buyer = None if chosen.buyer_id is None else await _buyer(connection, seen, chosen)
    context = {"chosen": chosen, "buyer": buyer, "error": error} | shown(done, catalog, seen)
    return page(request, seen, "failed_rerun.html", status_code=422 if error else 200, **context)


async def _alias_page(
    request: AnyRequest, sessions: Sessions, seen: Seen, entered: Entered, *, error: str = ""
) -> Template:
    seen.viewer.require(Permission.MANAGE_BUYERS)
    chosen = chosen_of(entered, seen.viewer)
    context: dict[str, Any] = {}
    async with sessions.database.snapshot(seen.network_id) as connection:
        buyer = await _buyer(connection, seen, chosen)
        catalog = await read_catalog(connection, seen.network_id)
        if meaning_in(entered) and not error:
            try:
                alias = await draft_alias(connection, seen.network_id, listed_of(entered, buyer.name, catalog))
            except Refused as refusal:
                error = str(refusal)
            else:
                at = now()
                selection = chosen.selection(seen.viewer, at)
                options = chosen.options
                done = await preview_rerun(connection, seen.network_id, selection, options, now=at, alias=alias)
                context = shown(done, catalog, seen)
    words = {name: str(entered.get(name) or "") for name in WORDS}
    context |= {
        "chosen": chosen,
        "buyer": buyer,
        "words": words,
        "meaning": meaning_in(entered),
        "meaning_name": meaning_name(entered),
        "choices": field_choices(catalog) if words["field"] else status_choices(catalog),
        "error": error,
    }
    return page(request, seen, "failed_alias.html", status_code=422 if error else 200, **context)


async def _apply_page(
    request: AnyRequest, sessions: Sessions, seen: Seen, failed_update_id: int, *, error: str = ""
) -> Template:
    seen.viewer.require(Permission.CHANGE_LEADS)
    selection = FailedSelection(ids=frozenset([failed_update_id]), resolved=None, buyer_ids=seen.viewer.buyer_ids)
    options = RerunOptions(with_amounts=True, anyway=True)
    async with sessions.database.snapshot(seen.network_id) as connection:
        done = await preview_rerun(connection, seen.network_id, selection, options, now=now())
        catalog = await read_catalog(connection, seen.network_id)
    if not done.effects:
        raise Refused(f"There is no failed update with the id {failed_update_id}.")
    context = {"failed": done.effects[0].failed, "error": error} | shown(done, catalog, seen)
    return page(request, seen, "failed_apply.html", status_code=422 if error else 200, **context)


async def _buyer(connection: AsyncConnection, seen: Seen, chosen: Chosen) -> Buyer:
    buyers = await list_buyers(connection, seen.network_id, seen.viewer.buyer_ids)
    for buyer in buyers:
        if buyer.buyer_id == chosen.buyer_id:
            return buyer
    raise Refused(f"There is no buyer with the id {chosen.buyer_id}.")


VERDICTS: Final = {Verdict.APPLY: "applied", Verdict.SKIP: "left alone", Verdict.FAIL: "still failing"}
VERDICT_KINDS: Final = {Verdict.APPLY: "positive", Verdict.SKIP: "quiet", Verdict.FAIL: "negative"}


def shown(done: Rerun, catalog: Catalog, seen: Seen) -> dict[str, Any]:
    """What running calls again does, as `failed_effects.html` shows it; the first `ROWS_SHOWN_MAX` of its calls."""
    why = Counter((effect.verdict, _why(effect)) for effect in done.effects if effect.verdict is not Verdict.APPLY)
    return {
        "counts": [(word, VERDICT_KINDS[verdict], done.count(verdict)) for verdict, word in VERDICTS.items()],
        "to_apply": done.count(Verdict.APPLY),
        "amounts_left_out": sum(effect.amount_left_out is not None for effect in done.effects),
        "why": [(VERDICTS[verdict], text, calls) for (verdict, text), calls in why.most_common(8)],
        "effects": [_effect_row(effect, catalog, seen) for effect in done.effects[:ROWS_SHOWN_MAX]],
        "effects_all": len(done.effects),
        "is_all": done.is_all,
        "calls_max": RUN_CALLS_MAX,
    }


def _why(effect: Effect) -> str:
    """Why a call does nothing, without what differs from one call to the next."""
    if effect.same_as_id is not None:
        return "A later call says the same."
    return re.sub(r" on \d{4}-\d\d-\d\d \d\d:\d\d", "", effect.text)


def _effect_row(effect: Effect, catalog: Catalog, seen: Seen) -> dict[str, Any]:
    what = effect.text
    if effect.change is not None:
        what = words_of(differences(effect.change, catalog)) or "no change"
        if effect.change.flags:
            what += f" ({', '.join(effect.change.flags)})"
    return {
        "failed": effect.failed,
        "received": local_text(seen, effect.failed.received_at),
        "verdict": VERDICTS[effect.verdict],
        "kind": VERDICT_KINDS[effect.verdict],
        "what": what,
        "left_out": effect.amount_left_out,
    }
