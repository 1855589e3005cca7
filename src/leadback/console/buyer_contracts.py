"""A buyer's card > Contracts: under what a buyer buys, what can be returned, and for how long."""

from collections.abc import Mapping
from typing import Any

from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Stream, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import Permission
from leadback.access.operators import actor_of
from leadback.console.buyer_card import card_page, open_card, require_change
from leadback.console.buyers import BUYERS_PATH
from leadback.console.entered import Entered, is_on, number_of
from leadback.console.listed import among, list_answer
from leadback.console.listing import Column, Listing, id_column, linked, read_asked, state_filter
from leadback.console.session import AnyRequest, Seen, Sessions, go
from leadback.console.sign_in import Form, text_of
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.kit.tabular import Kind
from leadback.leads.contracts import open_contract, standing_lead_id
from leadback.parties.actions import rename_party, set_contract, set_party_active
from leadback.parties.model import BuyerContract
from leadback.parties.queries import list_contracts, list_verticals
from leadback.parties.rules import PartyKind
from leadback.parties.settings import ContractSettings

CONTRACTS_PATH = f"{BUYERS_PATH}/{{buyer_id:int}}/contracts"


@get(CONTRACTS_PATH)
async def contracts_page(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], buyer_id: FromPath[int]
) -> Template | Stream:
    """Every contract, and the form for another."""
    return await _contracts(request, sessions, seen, buyer_id)


@post(CONTRACTS_PATH)
async def add_contract(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], buyer_id: FromPath[int], data: Form
) -> Template | Stream | Redirect:
    """A new contract, with a test lead for the buyer's developers."""
    require_change(seen, buyer_id)
    told: dict[str, Any] = {"actor": actor_of(seen.viewer), "now": now()}
    try:
        settings = _entered_settings(data)
        async with sessions.database.transaction(seen.network_id) as connection:
            contract_id = await open_contract(
                connection,
                seen.network_id,
                name=text_of(data, "name"),
                buyer_id=buyer_id,
                vertical_id=number_of(data, "vertical_id", "Vertical") or 0,
                buyer_contract_id=number_of(data, "buyer_contract_id", "Id"),
                **told,
            )
            await set_contract(connection, seen.network_id, contract_id, settings, **told)
    except Refused as error:
        return await _contracts(request, sessions, seen, buyer_id, error=str(error), entered=data)
    said = f"The contract {contract_id} is made; its test lead is {standing_lead_id(contract_id)}."
    return go(f"{BUYERS_PATH}/{buyer_id}/contracts", said)


@get(f"{CONTRACTS_PATH}/{{buyer_contract_id:int}}")
async def contract_page(
    request: AnyRequest,
    sessions: Given[Sessions],
    seen: Given[Seen],
    buyer_id: FromPath[int],
    buyer_contract_id: FromPath[int],
) -> Template:
    """One contract, to change."""
    return await _contract(request, sessions, seen, buyer_id, buyer_contract_id)


@post(f"{CONTRACTS_PATH}/{{buyer_contract_id:int}}")
async def change_contract(
    request: AnyRequest,
    sessions: Given[Sessions],
    seen: Given[Seen],
    buyer_id: FromPath[int],
    buyer_contract_id: FromPath[int],
    data: Form,
) -> Template | Redirect:
    """Save it, all of it or nothing; buyer and vertical never change."""
    require_change(seen, buyer_id)
    told: dict[str, Any] = {"actor": actor_of(seen.viewer), "now": now()}
    kind = PartyKind.BUYER_CONTRACT
    try:
        settings = _entered_settings(data)
        async with sessions.database.transaction(seen.network_id) as connection:
            contract = await _find(connection, seen, buyer_id, buyer_contract_id)
            contract_id, active = contract.buyer_contract_id, is_on(data, "active")
            await set_contract(connection, seen.network_id, contract_id, settings, **told)
            await rename_party(connection, seen.network_id, kind, contract_id, text_of(data, "name"), **told)
            await set_party_active(connection, seen.network_id, kind, contract_id, active=active, **told)
    except Refused as error:
        return await _contract(request, sessions, seen, buyer_id, buyer_contract_id, error=str(error), entered=data)
    return go(f"{BUYERS_PATH}/{buyer_id}/contracts", "Saved.")


def _listing(base: str, verticals: Mapping[int, str], *, may_change: bool) -> Listing:
    name = Column(name="contract", label="Contract", value=lambda item: item.name)
    if may_change:
        name = linked(
            "contract", "Contract", lambda item: item.name, lambda item: f"{base}/contracts/{item.buyer_contract_id}"
        )
    return Listing(
        path=f"{base}/contracts",
        title="Contracts",
        columns=(
            name,
            id_column(lambda item: item.buyer_contract_id),
            Column(name="vertical", label="Vertical", value=lambda item: verticals[item.vertical_id], primary=True),
            Column(
                name="returnable", label="Returnable", value=lambda item: item.returnable, kind=Kind.BOOL, primary=True
            ),
            Column(
                name="max_return_age",
                label="Max return age",
                value=lambda item: item.max_return_age_days,
                kind=Kind.COUNT,
                shown=lambda item: f"{item.max_return_age_days} d",
            ),
            Column(
                name="price", label="Price", value=lambda item: "on outcome" if item.priced_on_outcome else "when sold"
            ),
            Column(name="owed", label="Returns owed", value=lambda item: item.returns_owed, kind=Kind.COUNT),
            Column(name="test_lead", label="Test lead", value=lambda item: standing_lead_id(item.buyer_contract_id)),
            Column(
                name="state", label="State", value=lambda item: "active" if item.active else "inactive", primary=True
            ),
        ),
        sort="id",
        search="Name or id",
        text=lambda item: f"{item.name} {item.buyer_contract_id}",
        filters=(state_filter(lambda item: item.active, usual="all"),),
    )


async def _contracts(
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
        contracts = await list_contracts(connection, seen.network_id, frozenset([buyer_id]))
        verticals = await list_verticals(connection, seen.network_id)
    base = f"{BUYERS_PATH}/{buyer_id}"
    names = {item.vertical_id: item.name for item in verticals}
    listing = _listing(base, names, may_change=seen.viewer.may(Permission.MANAGE_BUYERS))
    asked = read_asked(request, listing, seen)
    usual = {"returnable": "on", "max_return_age_days": 30}
    return await list_answer(
        request,
        seen,
        "buyer_contracts.html",
        listing,
        asked,
        among(listing, asked, contracts),
        error=error,
        buyer=buyer,
        base=base,
        verticals=[(item.vertical_id, item.name) for item in verticals if item.active],
        entered=usual if entered is None else entered,
    )


async def _contract(
    request: AnyRequest,
    sessions: Sessions,
    seen: Seen,
    buyer_id: int,
    buyer_contract_id: int,
    *,
    error: str = "",
    entered: Entered | None = None,
) -> Template:
    require_change(seen, buyer_id)
    async with sessions.database.snapshot(seen.network_id) as connection:
        buyer = await open_card(connection, seen, buyer_id)
        contract = await _find(connection, seen, buyer_id, buyer_contract_id)
        verticals = await list_verticals(connection, seen.network_id)
    shown = {
        "name": contract.name,
        "active": "on" if contract.active else "",
        "returnable": "on" if contract.returnable else "",
        "max_return_age_days": contract.max_return_age_days,
        "priced_on_outcome": "on" if contract.priced_on_outcome else "",
    }
    return card_page(
        request,
        seen,
        buyer,
        "buyer_contract.html",
        error=error,
        contract=contract,
        vertical=next(item.name for item in verticals if item.vertical_id == contract.vertical_id),
        test_lead=standing_lead_id(contract.buyer_contract_id),
        entered=shown if entered is None else entered,
    )


async def _find(connection: AsyncConnection, seen: Seen, buyer_id: int, buyer_contract_id: int) -> BuyerContract:
    for contract in await list_contracts(connection, seen.network_id, frozenset([buyer_id])):
        if contract.buyer_contract_id == buyer_contract_id:
            return contract
    raise Refused(f"This buyer has no contract with the id {buyer_contract_id}.")


def _entered_settings(data: Entered) -> ContractSettings:
    age = number_of(data, "max_return_age_days", "Max return age")
    if age is None:
        raise Refused("Max return age: give a number of days, 0 for the day of the sale alone.")
    return ContractSettings(
        returnable=is_on(data, "returnable"),
        max_return_age_days=age,
        priced_on_outcome=is_on(data, "priced_on_outcome"),
    )
