"""Setup > Own ratios: the columns of the Lead Status report that a network defines itself."""

from typing import Any, Final

from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Template

from leadback.access.operator_model import Permission
from leadback.access.operators import actor_of
from leadback.catalog.model import Catalog
from leadback.catalog.own_ratio_model import OwnRatio, ShownAs, Term
from leadback.catalog.own_ratio_queries import read_own_ratios
from leadback.catalog.own_ratio_rules import (
    GROUPS,
    KINDS,
    LABELS,
    OWN_RATIOS_MAX,
    in_words,
    is_reported,
    item_name,
    offered,
    told,
)
from leadback.catalog.own_ratios import Written, create_own_ratio, ratio_there, remove_own_ratio, set_own_ratio
from leadback.catalog.queries import read_catalog
from leadback.catalog.rules import id_of
from leadback.console.entered import Entered
from leadback.console.session import AnyRequest, Seen, Sessions, go, page
from leadback.console.sign_in import Form, text_of
from leadback.kit.clock import now
from leadback.kit.errors import Refused

RATIOS_PATH: Final = "/setup/ratios"
ONE: Final = f"{RATIOS_PATH}/{{own_ratio_id:int}}"
HEADINGS: Final = {"status": "Sales at a status", "sub_status": "Sales at a sub status", "field": "Sum of a field"}
FIRST: Final = {"numerator": "", "denominator": "sales", "shown_as": str(ShownAs.PERCENT)}
"""What the form of a new ratio starts with."""

Groups = list[tuple[str, list[tuple[str, str]]]]


@get(RATIOS_PATH)
async def ratios_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template:
    """Every ratio with how it is computed."""
    return await _list(request, sessions, seen)


@get(f"{RATIOS_PATH}/add")
async def new_ratio_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template:
    """The form for another."""
    return await _form(request, sessions, seen, None)


@post(f"{RATIOS_PATH}/add")
async def add_ratio(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], data: Form
) -> Template | Redirect:
    """A new ratio, the last column."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    written = _written(data)
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            await create_own_ratio(connection, seen.network_id, written, actor=actor_of(seen.viewer), now=now())
    except Refused as error:
        return await _form(request, sessions, seen, None, typed=data, error=str(error))
    return go(RATIOS_PATH, f"{written.label} is a column of the Lead Status report now.")


@get(ONE)
async def ratio_page(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], own_ratio_id: FromPath[int]
) -> Template:
    """One ratio, to change."""
    return await _form(request, sessions, seen, own_ratio_id)


@post(ONE)
async def change_ratio(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], own_ratio_id: FromPath[int], data: Form
) -> Template | Redirect:
    """Another label, other numbers or another way to show it."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            await set_own_ratio(
                connection, seen.network_id, own_ratio_id, _written(data), actor=actor_of(seen.viewer), now=now()
            )
    except Refused as error:
        return await _form(request, sessions, seen, own_ratio_id, typed=data, error=str(error))
    return go(RATIOS_PATH, "Saved.")


@get(f"{ONE}/remove")
async def ask_remove(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], own_ratio_id: FromPath[int]
) -> Template:
    """The question, where no script asked it."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    async with sessions.database.snapshot(seen.network_id) as connection:
        ratio = ratio_there(own_ratio_id, await read_own_ratios(connection, seen.network_id))
    return page(
        request,
        seen,
        "confirm.html",
        question=f"Remove the ratio {ratio.label}?",
        text="The Lead Status report loses this column, for everybody. The numbers it is made of stay.",
        action=f"{RATIOS_PATH}/{own_ratio_id}/remove",
        confirm_label="Remove",
        back=RATIOS_PATH,
    )


@post(f"{ONE}/remove")
async def remove_ratio(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], own_ratio_id: FromPath[int]
) -> Template | Redirect:
    """Forget a ratio."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            removed = await remove_own_ratio(
                connection, seen.network_id, own_ratio_id, actor=actor_of(seen.viewer), now=now()
            )
    except Refused as error:
        return await _list(request, sessions, seen, error=str(error))
    return go(RATIOS_PATH, f"The ratio {removed.label} is removed.")


async def _list(request: AnyRequest, sessions: Sessions, seen: Seen, *, error: str = "") -> Template:
    seen.viewer.require(Permission.CHANGE_SETUP)
    async with sessions.database.snapshot(seen.network_id) as connection:
        catalog = await read_catalog(connection, seen.network_id)
        ratios = (await read_own_ratios(connection, seen.network_id)).values()
    return page(
        request,
        seen,
        "own_ratios.html",
        status_code=422 if error else 200,
        rows=[_row(ratio, catalog) for ratio in ratios],
        ratios_max=OWN_RATIOS_MAX,
        place=RATIOS_PATH,
        error=error,
    )


def _row(ratio: OwnRatio, catalog: Catalog) -> dict[str, Any]:
    terms = (ratio.numerator, ratio.denominator)
    return {
        "ratio": ratio,
        "words": in_words(ratio, catalog),
        "is_reported": all(is_reported(term, catalog) for term in terms),
    }


async def _form(
    request: AnyRequest,
    sessions: Sessions,
    seen: Seen,
    own_ratio_id: int | None,
    *,
    typed: Entered | None = None,
    error: str = "",
) -> Template:
    seen.viewer.require(Permission.CHANGE_SETUP)
    async with sessions.database.snapshot(seen.network_id) as connection:
        catalog = await read_catalog(connection, seen.network_id)
        ratios = await read_own_ratios(connection, seen.network_id)
    ratio = None if own_ratio_id is None else ratio_there(own_ratio_id, ratios)
    form = dict(typed) if typed is not None else FIRST if ratio is None else _shown(ratio)
    return page(
        request,
        seen,
        "own_ratio.html",
        status_code=422 if error else 200,
        ratio=ratio,
        form=form,
        numbers=_numbers(catalog),
        place=RATIOS_PATH,
        error=error,
    )


def _shown(ratio: OwnRatio) -> dict[str, str]:
    return {
        "label": ratio.label,
        "numerator": told(ratio.numerator),
        "denominator": told(ratio.denominator),
        "shown_as": str(ratio.shown_as),
    }


def _written(data: dict[str, Any]) -> Written:
    return Written(
        label=text_of(data, "label"),
        numerator=text_of(data, "numerator"),
        denominator=text_of(data, "denominator"),
        shown_as=text_of(data, "shown_as"),
    )


def _numbers(catalog: Catalog) -> Groups:
    """Every number there is, under headings, as a list to choose from."""
    groups: Groups = [
        (heading, [(str(number), LABELS[number]) for number in numbers]) for heading, numbers in GROUPS.items()
    ]
    for number in KINDS:
        items = offered(number, catalog)
        entries = [
            (told(Term(number, id_of(item))), item_name(item, catalog) + ("" if item.active else " (inactive)"))
            for item in items
        ]
        if entries:
            groups.append((HEADINGS[number], entries))
    return groups
