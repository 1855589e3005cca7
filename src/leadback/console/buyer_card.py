"""A buyer's card: how it reports, and its settings."""

from typing import Any, Final

from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Template
from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import Permission
from leadback.access.operator_queries import list_operators
from leadback.access.operators import actor_of
from leadback.access.queries import list_keys
from leadback.access.rules import is_good
from leadback.console.buyers import BUYERS_PATH, HEALTH_DAYS, read_health
from leadback.console.entered import Entered, date_of, is_on, networks_of, number_of
from leadback.console.session import AnyRequest, Seen, Sessions, go, page
from leadback.console.sign_in import Form, text_of
from leadback.kit.clock import now
from leadback.kit.errors import NotThere, Refused
from leadback.parties.actions import delete_party, rename_party, set_buyer, set_party_active
from leadback.parties.model import Buyer
from leadback.parties.queries import list_buyers, list_contracts
from leadback.parties.rules import PartyKind
from leadback.parties.settings import BuyerSettings

GUARDS: Final = {
    "guard": "guard: suppress what is most likely a repeat",
    "strict": "strict: suppress every equal call",
    "off": "off: apply every call",
}


@get(f"{BUYERS_PATH}/{{buyer_id:int}}")
async def card(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], buyer_id: FromPath[int]) -> Template:
    """Whether its calls arrive and succeed, how soon it reports, and what it is."""
    async with sessions.database.snapshot(seen.network_id) as connection:
        buyer = await open_card(connection, seen, buyer_id)
        health = (await read_health(connection, seen, frozenset([buyer_id]))).get(buyer_id)
        contracts = await list_contracts(connection, seen.network_id, frozenset([buyer_id]))
        keys = [key for key in await list_keys(connection, seen.network_id, buyer_id) if is_good(key, now())]
        managers = {item.operator_id: item.name for item in await list_operators(connection, seen.network_id)}
    failed = {} if health is None else health.failed_calls
    return card_page(
        request,
        seen,
        buyer,
        "buyer.html",
        health=health,
        failed=failed,
        failed_calls=sum(failed.values()),
        contracts=contracts,
        contract_numbers={} if health is None else {item.buyer_contract_id: item.numbers for item in health.contracts},
        keys=len(keys),
        manager=managers.get(buyer.account_manager_id or 0),
        days=HEALTH_DAYS,
    )


@get(f"{BUYERS_PATH}/{{buyer_id:int}}/settings")
async def settings_page(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], buyer_id: FromPath[int]
) -> Template:
    """Everything that can be set of it."""
    return await _settings(request, sessions, seen, buyer_id)


@post(f"{BUYERS_PATH}/{{buyer_id:int}}/settings")
async def change_buyer(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], buyer_id: FromPath[int], data: Form
) -> Template | Redirect:
    """Save its settings, all of them or none."""
    require_change(seen, buyer_id)
    told: dict[str, Any] = {"actor": actor_of(seen.viewer), "now": now()}
    try:
        settings = _entered_settings(data, seen)
        async with sessions.database.transaction(seen.network_id) as connection:
            await set_buyer(connection, seen.network_id, buyer_id, settings, **told)
            kind, active = PartyKind.BUYER, is_on(data, "active")
            await rename_party(connection, seen.network_id, kind, buyer_id, text_of(data, "name"), **told)
            await set_party_active(connection, seen.network_id, kind, buyer_id, active=active, **told)
    except Refused as error:
        return await _settings(request, sessions, seen, buyer_id, error=str(error), entered=data)
    return go(f"{BUYERS_PATH}/{buyer_id}", "Saved.")


@get(f"{BUYERS_PATH}/{{buyer_id:int}}/delete")
async def ask_delete(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], buyer_id: FromPath[int]
) -> Template:
    """The question, where no script asked it."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    async with sessions.database.snapshot(seen.network_id) as connection:
        buyer = await open_card(connection, seen, buyer_id)
    path = f"{BUYERS_PATH}/{buyer_id}"
    return page(
        request,
        seen,
        "confirm.html",
        question=f"Delete {buyer.name}?",
        text="Only a buyer that nothing refers to can be deleted; any other is deactivated.",
        action=f"{path}/delete",
        confirm_label="Delete",
        back=f"{path}/settings",
    )


@post(f"{BUYERS_PATH}/{{buyer_id:int}}/delete")
async def delete_buyer(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], buyer_id: FromPath[int]
) -> Template | Redirect:
    """Remove one that nothing refers to."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    require_change(seen, buyer_id)
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            await delete_party(
                connection, seen.network_id, PartyKind.BUYER, buyer_id, actor=actor_of(seen.viewer), now=now()
            )
    except Refused as error:
        return await _settings(request, sessions, seen, buyer_id, error=str(error))
    return go(BUYERS_PATH, "Deleted.")


async def open_card(connection: AsyncConnection, seen: Seen, buyer_id: int) -> Buyer:
    """The buyer, for those who may see it."""
    seen.viewer.require(Permission.VIEW)
    seen.viewer.require_buyer(buyer_id)
    found = await list_buyers(connection, seen.network_id, frozenset([buyer_id]))
    if not found:
        raise NotThere(f"There is no buyer with the id {buyer_id}.")
    return found[0]


def require_change(seen: Seen, buyer_id: int) -> None:
    """Raise `ForbiddenError` unless whoever looks may change this buyer."""
    seen.viewer.require(Permission.MANAGE_BUYERS)
    seen.viewer.require_buyer(buyer_id)


def card_page(
    request: AnyRequest, seen: Seen, buyer: Buyer, template: str, *, error: str = "", **context: object
) -> Template:
    """A page of a buyer's card; with an error above it where what was asked for was refused."""
    context |= {"buyer": buyer, "error": error, "base": f"{BUYERS_PATH}/{buyer.buyer_id}"}
    return page(request, seen, template, status_code=422 if error else 200, **context)


async def _settings(
    request: AnyRequest,
    sessions: Sessions,
    seen: Seen,
    buyer_id: int,
    *,
    error: str = "",
    entered: Entered | None = None,
) -> Template:
    require_change(seen, buyer_id)
    async with sessions.database.snapshot(seen.network_id) as connection:
        buyer = await open_card(connection, seen, buyer_id)
        operators = [item for item in await list_operators(connection, seen.network_id) if item.active]
    shown = {
        "name": buyer.name,
        "active": "on" if buyer.active else "",
        "account_manager_id": buyer.account_manager_id or "",
        "lead_statuses": "on" if buyer.lead_statuses else "",
        "accept_keyless": "on" if buyer.accept_keyless else "",
        "keyless_networks": "\n".join(map(str, buyer.keyless_networks)),
        "keyless_until": buyer.keyless_until or "",
        "rate_per_key": "" if buyer.rate_per_key is None else buyer.rate_per_key,
        "retry_guard": buyer.retry_guard,
    }
    return card_page(
        request,
        seen,
        buyer,
        "buyer_settings.html",
        error=error,
        entered=shown if entered is None else dict.fromkeys(shown, "") | dict(entered),
        managers=[("", "nobody"), *((item.operator_id, f"{item.name} ({item.role})") for item in operators)],
        guards=list(GUARDS.items()),
    )


def _entered_settings(data: Entered, seen: Seen) -> BuyerSettings:
    """What a form sets; whose buyer it is, only those who may set up the network say."""
    may_hand_over = seen.viewer.may(Permission.CHANGE_SETUP)
    return BuyerSettings(
        account_manager_id=number_of(data, "account_manager_id", "Account manager") if may_hand_over else UNSET,
        lead_statuses=is_on(data, "lead_statuses"),
        accept_keyless=is_on(data, "accept_keyless"),
        keyless_until=date_of(data, "keyless_until", "Until"),
        keyless_networks=networks_of(data, "keyless_networks"),
        rate_per_key=number_of(data, "rate_per_key", "Updates a second"),
        retry_guard=str(data.get("retry_guard") or ""),
    )
