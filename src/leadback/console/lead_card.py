"""The lead card: a lead, its sales with their histories, and the form that corrects each."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import msgspec
from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import Permission
from leadback.access.operators import actor_of
from leadback.catalog.model import Catalog, Field
from leadback.catalog.queries import read_catalog
from leadback.console.leads import lead_path
from leadback.console.origin import origin_of
from leadback.console.sale_story import ShownStep, story_of
from leadback.console.session import AnyRequest, Seen, Sessions, go, page
from leadback.console.sign_in import Form, text_of
from leadback.kit.clock import now
from leadback.kit.errors import NotThere, Refused
from leadback.leads.correct import Correction, correct, read_amount
from leadback.leads.failed_model import FailedSelection
from leadback.leads.model import ReturnState
from leadback.leads.return_rules import STANDING_RETURNS
from leadback.parties.queries import list_contracts
from leadback.reports.failed_updates import FailedPage, page_failed
from leadback.reports.lead_history import LeadHistory, SaleHistory, read_lead_history

FAILED_SHOWN_MAX: Final = 50
FIELD_PREFIX: Final = "field_"
OVERWRITE: Final = "overwrite"


class ShownField(msgspec.Struct, frozen=True):
    """A field of the form, with what stands in it."""

    field: Field
    value: str


class ShownSale(msgspec.Struct, frozen=True, kw_only=True):
    """A sale, its story, and what its form offers."""

    sale: SaleHistory
    story: list[ShownStep]
    colour: str
    statuses: list[tuple[str, str]]
    """Value and label: a status, or one of its sub-statuses."""
    fields: list[ShownField]
    reasons: list[tuple[str, str]]
    no_return: str | None
    """Why it cannot be returned."""
    entered: Mapping[str, Any]
    error: str | None


class Refusal(msgspec.Struct, frozen=True):
    """A correction that was refused: of which sale, why, and what was typed."""

    sale_id: int
    error: str
    entered: Mapping[str, Any]


@get("/leads/{lead_id:str}")
async def lead_page(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], lead_id: FromPath[str]
) -> Template:
    """One lead with everything that is known of it."""
    return await _card(request, sessions, seen, lead_id)


@post("/leads/{lead_id:str}/sales/{sale_id:int}")
async def correct_sale(
    request: AnyRequest,
    sessions: Given[Sessions],
    seen: Given[Seen],
    lead_id: FromPath[str],
    sale_id: FromPath[int],
    data: Form,
) -> Template | Redirect:
    """Correct one sale as it was shown; where it has moved on since, it is shown anew and nothing is saved."""
    seen.viewer.require(Permission.CHANGE_LEADS)
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            done = await correct(
                connection,
                seen.network_id,
                sale_id,
                _correction(data, await read_catalog(connection, seen.network_id)),
                actor=actor_of(seen.viewer),
                origin=origin_of(request, sessions, "correct sale", now()),
                buyer_ids=seen.viewer.buyer_ids,
            )
    except Refused as error:
        return await _card(request, sessions, seen, lead_id, Refusal(sale_id, str(error), data))
    flagged = f" Marked: {', '.join(done.flags)}." if done.flags else ""
    return go(f"{lead_path(lead_id)}#sale-{sale_id}", f"Saved as version {done.sale.version}.{flagged}")


async def _card(
    request: AnyRequest, sessions: Sessions, seen: Seen, lead_id: str, refusal: Refusal | None = None
) -> Template:
    seen.viewer.require(Permission.VIEW)
    network_id = seen.network_id
    async with sessions.database.snapshot(network_id) as connection:
        try:
            lead = await read_lead_history(connection, network_id, lead_id, buyer_ids=seen.viewer.buyer_ids)
        except Refused as error:
            raise NotThere(str(error)) from error
        failed = await _read_failed(connection, seen, lead_id)
        sales = await _shown(connection, seen, lead, refusal)
    status_code = 200 if refusal is None else 422
    return page(
        request,
        seen,
        "lead.html",
        status_code=status_code,
        lead=lead,
        sales=sales,
        failed=failed,
        lead_path=lead_path,
        # A sale that is not among those shown (another's, or none) was refused in words only.
        elsewhere=refusal.error if refusal and all(one.error is None for one in sales) else None,
    )


async def _read_failed(connection: AsyncConnection, seen: Seen, lead_id: str) -> FailedPage:
    selection = FailedSelection(lead_id=lead_id, buyer_ids=seen.viewer.buyer_ids, resolved=None, tests=True)
    return await page_failed(connection, seen.network_id, selection, now(), rows_max=FAILED_SHOWN_MAX)


async def _shown(
    connection: AsyncConnection, seen: Seen, lead: LeadHistory, refusal: Refusal | None
) -> list[ShownSale]:
    catalog = await read_catalog(connection, seen.network_id)
    verticals = {item.buyer_contract_id: item.vertical_id for item in await list_contracts(connection, seen.network_id)}
    colours = {status.name: status.colour for status in catalog.statuses.values()}
    today = seen.network.day_of(now())
    reasons = sorted(catalog.return_reasons.values(), key=lambda item: item.position)
    shown = []
    for sale in lead.sales:
        refused = refusal if refusal is not None and refusal.sale_id == sale.sale_id else None
        vertical_id = verticals[sale.buyer_contract_id]
        shown.append(
            ShownSale(
                sale=sale,
                story=story_of(sale, seen),
                colour=colours.get(sale.status or "", ""),
                statuses=_statuses(catalog, vertical_id),
                fields=_fields(catalog, sale, vertical_id),
                reasons=[(str(item.return_reason_id), item.name) for item in reasons if item.active],
                no_return=_no_return(sale, today),
                entered={} if refused is None else refused.entered,
                error=None if refused is None else refused.error,
            )
        )
    return shown


def _statuses(catalog: Catalog, vertical_id: int) -> list[tuple[str, str]]:
    """Those offered in the sale's vertical, in their order, each followed by its sub-statuses."""
    choices = []
    sub_statuses = sorted(catalog.sub_statuses.values(), key=lambda item: item.position)
    for status in sorted(catalog.statuses.values(), key=lambda item: item.position):
        if not status.active or (status.vertical_ids and vertical_id not in status.vertical_ids):
            continue
        choices.append((str(status.status_id), status.name))
        choices += [
            (f"{status.status_id}/{sub_status.sub_status_id}", f"{status.name} · {sub_status.name}")
            for sub_status in sub_statuses
            if sub_status.active and sub_status.status_id == status.status_id
        ]
    return choices


def _fields(catalog: Catalog, sale: SaleHistory, vertical_id: int) -> list[ShownField]:
    return [
        ShownField(field, sale.fields.get(field.name, ""))
        for field in sorted(catalog.fields.values(), key=lambda item: item.position)
        if field.active
        and (not field.vertical_ids or vertical_id in field.vertical_ids)
        and (not field.buyer_ids or sale.buyer_id in field.buyer_ids)
    ]


def _no_return(sale: SaleHistory, today: date) -> str | None:
    if sale.return_state in STANDING_RETURNS:
        return f"Its return is {sale.return_state}."
    if not sale.returnable:
        return "The sale cannot be returned."
    if today > sale.last_return_day:
        again = " again" if sale.return_state == ReturnState.REJECTED else ""
        return f"It could be returned{again} until {sale.last_return_day}."
    return None


def _correction(data: dict[str, Any], catalog: Catalog) -> Correction:
    """What the form says; `Refused` where something in it cannot be read."""
    status_id, _, sub_status_id = text_of(data, "status").partition("/")
    status = catalog.statuses.get(_number(status_id) if status_id else 0)
    sub_status = catalog.sub_statuses.get(_number(sub_status_id) if sub_status_id else 0)
    if (status_id and status is None) or (sub_status_id and sub_status is None):
        raise Refused("There is no such status any more; choose another.")
    fields = []
    for name in data:
        if name.startswith(FIELD_PREFIX):
            field = catalog.fields.get(_number(name.removeprefix(FIELD_PREFIX)))
            if field is None:
                raise Refused("There is no such field any more.")
            fields.append((field.name, text_of(data, name).strip()))
    reason = text_of(data, "return_reason_id")
    return Correction(
        version=_number(text_of(data, "version")),
        status="" if status is None else status.name,
        sub_status="" if sub_status is None else sub_status.name,
        amount=read_amount(text_of(data, "amount")),
        add_to_existing=text_of(data, "how") != OVERWRITE,
        fields=tuple(fields),
        return_reason_id=_number(reason) if reason else 0,
        happened_at=text_of(data, "happened_at").strip(),
        note=text_of(data, "note"),
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Refused(f"The form is not as this page made it: {text[:40]!r} is no number. Reload the page.")
    return int(text)
