"""Affiliates, Campaigns, Offers and Verticals: a list and a card of each, with what became of their sales."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Stream, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import Permission
from leadback.access.operators import actor_of
from leadback.catalog.queries import read_catalog
from leadback.console.entered import Entered, is_on, number_of
from leadback.console.listed import among, list_answer
from leadback.console.listing import Column, Filter, Listing, id_column, linked, read_asked, state_filter
from leadback.console.party_breakdown import (
    BREAKDOWN_DAYS,
    NO_STATUS,
    chart_of,
    numbers_by_id,
    read_breakdown,
    report_link,
    shares_of,
    status_rows,
)
from leadback.console.session import AnyRequest, Seen, Sessions, go, page
from leadback.console.sign_in import Form, text_of
from leadback.kit.clock import now
from leadback.kit.errors import NotThere, Refused
from leadback.kit.tabular import Kind as Tabular
from leadback.parties.actions import (
    create_affiliate,
    create_campaign,
    create_offer,
    create_vertical,
    delete_party,
    rename_party,
    set_party_active,
)
from leadback.parties.model import Affiliate, Campaign, Offer, Vertical
from leadback.parties.queries import (
    find_party,
    list_affiliates,
    list_campaigns,
    list_offers,
    list_verticals,
)
from leadback.parties.rules import PartyKind
from leadback.reports.model import Condition, Dimension, LeadStatusNumbers

ListedParty = Affiliate | Campaign | Offer | Vertical


class Kind(msgspec.Struct, frozen=True):
    """One of the four kinds of pages."""

    kind: PartyKind
    path: str
    label: str
    dimension: Dimension
    what: str
    """What such a party is, where there is none yet."""


KINDS: Final = {
    kind.path: kind
    for kind in (
        Kind(PartyKind.AFFILIATE, "/affiliates", "Affiliates", Dimension.AFFILIATE, "An affiliate sends traffic."),
        Kind(
            PartyKind.CAMPAIGN,
            "/campaigns",
            "Campaigns",
            Dimension.CAMPAIGN,
            "A campaign is one affiliate's traffic for one offer.",
        ),
        Kind(PartyKind.OFFER, "/offers", "Offers", Dimension.OFFER, "An offer is what affiliates promote."),
        Kind(
            PartyKind.VERTICAL,
            "/verticals",
            "Verticals",
            Dimension.VERTICAL,
            "A vertical is a trade, such as loans.",
        ),
    )
}
LISTS: Final = [*KINDS]
CARDS: Final = [f"{path}/{{party_id:int}}" for path in KINDS]
DELETIONS: Final = [f"{path}/delete" for path in CARDS]


@get(LISTS)
async def list_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template | Stream:
    """Every one, with the status breakdown of the last 30 days."""
    return await _list(request, sessions, seen)


@post(LISTS)
async def add(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], data: Form
) -> Template | Stream | Redirect:
    """One more."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    kind = _kind(request)
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            party_id = await _create(connection, seen, kind.kind, data)
    except Refused as error:
        return await _list(request, sessions, seen, error=str(error), entered=data)
    return go(f"{kind.path}/{party_id}", f"The {kind.kind.spoken} is made, with the id {party_id}.")


@get(CARDS)
async def card(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], party_id: FromPath[int]) -> Template:
    """One, with what became of its sales day by day, and the form to change it."""
    return await _card(request, sessions, seen, party_id)


@post(CARDS)
async def change(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], party_id: FromPath[int], data: Form
) -> Template | Redirect:
    """Another name, or in use no more."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    kind = _kind(request)
    told: dict[str, Any] = {"actor": actor_of(seen.viewer), "now": now()}
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            name, active = text_of(data, "name"), is_on(data, "active")
            await rename_party(connection, seen.network_id, kind.kind, party_id, name, **told)
            await set_party_active(connection, seen.network_id, kind.kind, party_id, active=active, **told)
    except Refused as error:
        return await _card(request, sessions, seen, party_id, error=str(error), entered=data)
    return go(f"{kind.path}/{party_id}", "Saved.")


@get(DELETIONS)
async def ask_delete(request: AnyRequest, seen: Given[Seen], party_id: FromPath[int]) -> Template:
    """The question, where no script asked it."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    kind = _kind(request)
    return page(
        request,
        seen,
        "confirm.html",
        question=f"Delete the {kind.kind.spoken} {party_id}?",
        text="Only what nothing refers to can be deleted; anything else is deactivated.",
        action=f"{kind.path}/{party_id}/delete",
        confirm_label="Delete",
        back=f"{kind.path}/{party_id}",
    )


@post(DELETIONS)
async def delete(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], party_id: FromPath[int]
) -> Template | Redirect:
    """Remove one that nothing refers to."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    kind = _kind(request)
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            await delete_party(connection, seen.network_id, kind.kind, party_id, actor=actor_of(seen.viewer), now=now())
    except Refused as error:
        return await _card(request, sessions, seen, party_id, error=str(error))
    return go(kind.path, "Deleted.")


def _kind(request: AnyRequest) -> Kind:
    first = request.scope["path"].split("/")[1]
    return KINDS[f"/{first}"]


async def _create(connection: AsyncConnection, seen: Seen, kind: PartyKind, data: Entered) -> int:
    told: dict[str, Any] = {"name": text_of(dict(data), "name"), "actor": actor_of(seen.viewer), "now": now()}
    party_id = number_of(data, "party_id", "Id")
    if kind is PartyKind.CAMPAIGN:
        affiliate_id = number_of(data, "affiliate_id", "Affiliate")
        if affiliate_id is None:
            raise Refused("A campaign is of an affiliate; choose one.")
        return await create_campaign(
            connection,
            seen.network_id,
            campaign_id=party_id,
            affiliate_id=affiliate_id,
            offer_id=number_of(data, "offer_id", "Offer"),
            **told,
        )
    if kind is PartyKind.AFFILIATE:
        return await create_affiliate(connection, seen.network_id, affiliate_id=party_id, **told)
    if kind is PartyKind.OFFER:
        return await create_offer(connection, seen.network_id, offer_id=party_id, **told)
    return await create_vertical(connection, seen.network_id, vertical_id=party_id, **told)


async def _parties(connection: AsyncConnection, seen: Seen, kind: PartyKind) -> list[ListedParty]:
    if kind is PartyKind.AFFILIATE:
        return [*await list_affiliates(connection, seen.network_id)]
    if kind is PartyKind.CAMPAIGN:
        return [*await list_campaigns(connection, seen.network_id)]
    if kind is PartyKind.OFFER:
        return [*await list_offers(connection, seen.network_id)]
    return [*await list_verticals(connection, seen.network_id)]


async def _list(
    request: AnyRequest,
    sessions: Sessions,
    seen: Seen,
    *,
    error: str = "",
    entered: Entered | None = None,
) -> Template | Stream:
    seen.viewer.require(Permission.VIEW)
    kind = _kind(request)
    async with sessions.database.snapshot(seen.network_id) as connection:
        parties = await _parties(connection, seen, kind.kind)
        affiliates = await list_affiliates(connection, seen.network_id)
        offers = await list_offers(connection, seen.network_id)
        report = await read_breakdown(connection, seen, kind.dimension)
    names = {item.affiliate_id: item.name for item in affiliates}, {item.offer_id: item.name for item in offers}
    statuses = [] if report is None else [*report.totals.statuses, NO_STATUS]
    listing = _listing(kind, numbers_by_id(report, kind.dimension), statuses, names)
    asked = read_asked(request, listing, seen)
    return await list_answer(
        request,
        seen,
        "parties.html",
        listing,
        asked,
        among(listing, asked, sorted(parties, key=lambda party: party.name.casefold())),
        error=error,
        kind=kind,
        spoken=kind.kind.spoken,
        is_campaign=kind.kind is PartyKind.CAMPAIGN,
        statuses=statuses,
        days=BREAKDOWN_DAYS,
        affiliates=[("", "Choose …"), *((item.affiliate_id, item.name) for item in affiliates if item.active)],
        offers=[("", "none"), *((item.offer_id, item.name) for item in offers if item.active)],
        entered=entered or {},
    )


def _listing(
    kind: Kind,
    numbers: Mapping[int, LeadStatusNumbers],
    statuses: list[str],
    names: tuple[Mapping[int, str], Mapping[int, str]],
) -> Listing:
    columns = [
        linked(
            "name", kind.kind.spoken.capitalize(), lambda item: item.name, lambda item: f"{kind.path}/{_id(kind, item)}"
        ),
        id_column(lambda item: _id(kind, item)),
    ]
    filters = [state_filter(lambda item: item.active)]
    if kind.kind is PartyKind.CAMPAIGN:
        of_affiliate, of_offer = names
        columns += [
            Column(
                name="affiliate", label="Affiliate", value=lambda item: of_affiliate[item.affiliate_id], primary=True
            ),
            Column(name="offer", label="Offer", value=lambda item: of_offer.get(item.offer_id)),
        ]
        filters += [_owner_filter("affiliate", of_affiliate), _owner_filter("offer", of_offer)]
    columns.append(
        Column(name="state", label="State", value=lambda item: "active" if item.active else "inactive", usual=False)
    )
    if statuses:
        columns += _breakdown_columns(kind, numbers, statuses)
    return Listing(
        path=kind.path,
        title=kind.label,
        columns=columns,
        sort="-sales" if statuses else "name",
        search="Name or id",
        text=lambda item: f"{item.name} {_id(kind, item)}",
        filters=filters,
    )


def _breakdown_columns(kind: Kind, numbers: Mapping[int, LeadStatusNumbers], statuses: list[str]) -> list[Column]:
    """Sales, updated and each status, which is sorted by its sales."""

    def of(item: ListedParty) -> LeadStatusNumbers | None:
        return numbers.get(_id(kind, item))

    def column(name: str, label: str, count: Callable[[LeadStatusNumbers], int], **more: Any) -> Column:
        return Column(
            name=name,
            label=label,
            value=lambda item: 0 if (found := of(item)) is None else count(found),
            kind=Tabular.COUNT,
            shown=lambda item: shares_of(of(item), statuses)[name],
            **more,
        )

    def counted(name: str) -> Callable[[LeadStatusNumbers], int]:
        return lambda found: found.no_status if name == NO_STATUS else found.statuses[name].sales

    return [
        column("sales", "Sales", lambda found: found.sales, primary=True),
        column(
            "updated",
            "Updated",
            lambda found: found.updated,
            share=True,
            primary=True,
            hint="With its share of the sales",
        ),
        *(
            column(f"status:{name}", name, counted(name), share=True, line=place == 0)
            for place, name in enumerate(statuses)
        ),
    ]


def _owner_filter(name: str, names: Mapping[int, str]) -> Filter:
    choices = sorted(((str(number), text) for number, text in names.items()), key=lambda item: item[1].casefold())
    return Filter(
        name=name,
        label=name.capitalize(),
        choices=[("", "all"), *choices],
        holds=lambda item, chosen: not chosen or str(getattr(item, f"{name}_id")) == chosen,
    )


def _id(kind: Kind, party: ListedParty) -> int:
    party_id: int = getattr(party, kind.kind.id_column)
    return party_id


async def _card(
    request: AnyRequest,
    sessions: Sessions,
    seen: Seen,
    party_id: int,
    *,
    error: str = "",
    entered: Entered | None = None,
) -> Template:
    seen.viewer.require(Permission.VIEW)
    kind = _kind(request)
    async with sessions.database.snapshot(seen.network_id) as connection:
        party = await find_party(connection, seen.network_id, kind.kind, party_id)
        if party is None:
            raise NotThere(f"There is no {kind.kind.spoken} with the id {party_id}.")
        of_it = Condition(str(kind.dimension), str(party_id), by_id=True)
        report = await read_breakdown(connection, seen, Dimension.DAY, of_it)
        catalog = await read_catalog(connection, seen.network_id)
        campaigns = await list_campaigns(connection, seen.network_id)
        affiliates = {item.affiliate_id: item.name for item in await list_affiliates(connection, seen.network_id)}
        offers = {item.offer_id: item.name for item in await list_offers(connection, seen.network_id)}
    owner = kind.kind.id_column
    context: dict[str, Any] = {"numbers": None}
    if report is not None and report.totals.sales:
        context = {
            "numbers": report.totals,
            "breakdown": status_rows(report.totals, catalog),
            "chart": chart_of(report, catalog),
        }
    if isinstance(party, Campaign):
        context["affiliate"] = (party.affiliate_id, affiliates[party.affiliate_id])
        context["offer"] = None if party.offer_id is None else (party.offer_id, offers[party.offer_id])
    return page(
        request,
        seen,
        "party.html",
        status_code=422 if error else 200,
        kind=kind,
        spoken=kind.kind.spoken,
        party=party,
        party_id=party_id,
        campaigns=[
            (item.campaign_id, item.name, affiliates[item.affiliate_id])
            for item in campaigns
            if kind.kind in (PartyKind.AFFILIATE, PartyKind.OFFER) and getattr(item, owner) == party_id
        ],
        report_link=report_link(seen, kind.dimension, party_id),
        days=BREAKDOWN_DAYS,
        error=error,
        entered={"name": party.name, "active": "on" if party.active else ""} if entered is None else entered,
        **context,
    )
