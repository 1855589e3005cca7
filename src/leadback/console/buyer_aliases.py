"""A buyer's card > Aliases: its own words for statuses, sub-statuses and fields."""

from typing import Final

import msgspec
from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Stream, Template

from leadback.access.operators import actor_of
from leadback.catalog.alias_actions import create_alias, remove_alias
from leadback.catalog.alias_rules import meaning_of, words_of
from leadback.catalog.model import Alias
from leadback.catalog.queries import read_catalog
from leadback.catalog.rules import CatalogKind, items_of
from leadback.console.alias_form import field_choices, listed_of, status_choices
from leadback.console.buyer_card import open_card, require_change
from leadback.console.buyers import BUYERS_PATH
from leadback.console.entered import Entered
from leadback.console.listed import among, list_answer
from leadback.console.listing import Column, Listing, read_asked, state_filter
from leadback.console.session import AnyRequest, Seen, Sessions, go, page
from leadback.console.sign_in import Form
from leadback.kit.clock import now
from leadback.kit.errors import Refused

ALIASES_PATH: Final = f"{BUYERS_PATH}/{{buyer_id:int}}/aliases"


@get(ALIASES_PATH)
async def aliases_page(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], buyer_id: FromPath[int]
) -> Template | Stream:
    """Every alias, and the forms for another."""
    return await _aliases(request, sessions, seen, buyer_id)


@post(ALIASES_PATH)
async def add_alias(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], buyer_id: FromPath[int], data: Form
) -> Template | Stream | Redirect:
    """Understand one more word, from the buyer's very next update on."""
    require_change(seen, buyer_id)
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            buyer = await open_card(connection, seen, buyer_id)
            listed = listed_of(data, buyer.name, await read_catalog(connection, seen.network_id))
            await create_alias(connection, seen.network_id, listed, actor=actor_of(seen.viewer), now=now())
    except Refused as error:
        return await _aliases(request, sessions, seen, buyer_id, error=str(error), entered=data)
    said = "The alias is made. Calls that failed for want of it can be run again from the failed updates."
    return go(f"{BUYERS_PATH}/{buyer_id}/aliases", said)


@get(f"{ALIASES_PATH}/{{alias_id:int}}/remove")
async def ask_remove(
    request: AnyRequest, seen: Given[Seen], buyer_id: FromPath[int], alias_id: FromPath[int]
) -> Template:
    """The question, where no script asked it."""
    require_change(seen, buyer_id)
    path = f"{BUYERS_PATH}/{buyer_id}/aliases"
    return page(
        request,
        seen,
        "confirm.html",
        question="Remove this alias?",
        text="The very next call with its words fails. What it brought in stays, under our names.",
        action=f"{path}/{alias_id}/remove",
        confirm_label="Remove",
        back=path,
    )


@post(f"{ALIASES_PATH}/{{alias_id:int}}/remove")
async def remove(
    request: AnyRequest,
    sessions: Given[Sessions],
    seen: Given[Seen],
    buyer_id: FromPath[int],
    alias_id: FromPath[int],
) -> Template | Stream | Redirect:
    """Forget an alias."""
    require_change(seen, buyer_id)
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            await remove_alias(
                connection, seen.network_id, alias_id, actor=actor_of(seen.viewer), now=now(), buyer_id=buyer_id
            )
    except Refused as error:
        return await _aliases(request, sessions, seen, buyer_id, error=str(error))
    return go(f"{BUYERS_PATH}/{buyer_id}/aliases", "The alias is removed.")


class ListedAlias(msgspec.Struct, frozen=True):
    """An alias in words."""

    alias: Alias
    words: str
    means: str


def _listing(base: str) -> Listing:
    return Listing(
        path=f"{base}/aliases",
        title="Aliases",
        columns=(
            Column(name="words", label="Its word", value=lambda item: item.words),
            Column(name="means", label="Stands for", value=lambda item: item.means, primary=True),
            Column(
                name="state",
                label="State",
                value=lambda item: "active" if item.alias.active else "inactive",
                primary=True,
            ),
        ),
        sort="words",
        search="Its word, or ours",
        text=lambda item: f"{item.words} {item.means}",
        filters=(state_filter(lambda item: item.alias.active, usual="all"),),
    )


async def _aliases(
    request: AnyRequest,
    sessions: Sessions,
    seen: Seen,
    buyer_id: int,
    *,
    error: str = "",
    entered: Entered | None = None,
) -> Template | Stream:
    async with sessions.database.snapshot(seen.network_id) as connection:
        buyer = await open_card(connection, seen, buyer_id)
        catalog = await read_catalog(connection, seen.network_id)
    items = {kind: items_of(catalog, kind) for kind in CatalogKind}
    aliases = [
        ListedAlias(
            item,
            words_of(item, {buyer_id: buyer.name}).removeprefix(f"{buyer.name}: "),
            meaning_of(item, items),
        )
        for item in catalog.aliases.values()
        if item.buyer_id == buyer_id
    ]
    base = f"{BUYERS_PATH}/{buyer_id}"
    listing = _listing(base)
    asked = read_asked(request, listing, seen)
    return await list_answer(
        request,
        seen,
        "buyer_aliases.html",
        listing,
        asked,
        among(listing, asked, aliases),
        error=error,
        buyer=buyer,
        base=base,
        statuses=status_choices(catalog),
        fields=field_choices(catalog),
        entered=entered or {},
    )
