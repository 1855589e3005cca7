"""Making, renaming, deactivating and deleting verticals, offers, affiliates, campaigns, buyers and contracts."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from leadback.access.actions import create_key
from leadback.catalog.actions import create_field
from leadback.catalog.model import DataType
from leadback.catalog.settings import FieldSettings
from leadback.kit.database import Database
from leadback.leads.contracts import open_contract
from leadback.parties.actions import (
    create_affiliate,
    create_buyer,
    create_campaign,
    create_contract,
    create_offer,
    create_vertical,
    delete_party,
    rename_party,
    set_party_active,
)
from leadback.parties.queries import Party, find_by_name, find_party
from leadback.parties.rules import ID_MAX, PartyKind
from tests.support.changes import changing, refused, who

pytestmark = pytest.mark.anyio

PLAIN: dict[PartyKind, Callable[..., Awaitable[int]]] = {
    PartyKind.VERTICAL: create_vertical,
    PartyKind.OFFER: create_offer,
    PartyKind.AFFILIATE: create_affiliate,
    PartyKind.BUYER: create_buyer,
}


async def make(database: Database, network_id: int, kind: PartyKind, name: str, **more: Any) -> int:
    async with database.transaction(network_id) as connection:
        if kind is PartyKind.CAMPAIGN:
            return await create_campaign(connection, network_id, name=name, **more, **who())
        if kind is PartyKind.BUYER_CONTRACT:
            return await create_contract(connection, network_id, name=name, **more, **who())
        return await PLAIN[kind](connection, network_id, name=name, **more, **who())


async def found(database: Database, network_id: int, kind: PartyKind, party_id: int) -> Party | None:
    async with database.transaction(network_id) as connection:
        return await find_party(connection, network_id, kind, party_id)


async def rename(database: Database, network_id: int, kind: PartyKind, party_id: int, name: str) -> None:
    async with database.transaction(network_id) as connection:
        await rename_party(connection, network_id, kind, party_id, name, **who())


async def remove(database: Database, network_id: int, kind: PartyKind, party_id: int) -> None:
    async with database.transaction(network_id) as connection:
        await delete_party(connection, network_id, kind, party_id, **who())


@pytest.mark.parametrize("kind", PLAIN)
async def test_ids_are_made_in_a_row_or_given(database: Database, network_id: int, kind: PartyKind) -> None:
    id_column = kind.id_column
    async with changing(database, network_id, *[f"create {kind.spoken}"] * 3) as added:
        assert await make(database, network_id, kind, "First") == 1
        assert await make(database, network_id, kind, "Given", **{id_column: 217}) == 217
        assert await make(database, network_id, kind, "NaN") == 218
    assert (added[1]["before"], added[1]["after"]["name"], added[1]["subject_id"]) == (None, "Given", 217)
    async with refused(database, network_id, f"The {kind.spoken} id 217 is taken by 'Given'"):
        await make(database, network_id, kind, "Clash", **{id_column: 217})
    for wrong in (0, -1, ID_MAX + 1):
        async with refused(database, network_id, f"is not 1 to {ID_MAX}"):
            await make(database, network_id, kind, "Wrong", **{id_column: wrong})
    await make(database, network_id, kind, "Last", **{id_column: ID_MAX})
    async with refused(database, network_id, "give a free id"):
        await make(database, network_id, kind, "None left")


@pytest.mark.parametrize("kind", PLAIN)
async def test_a_name_can_be_shown_and_is_given_once(database: Database, network_id: int, kind: PartyKind) -> None:
    await make(database, network_id, kind, "Gold")
    for name, words in (("Gold", "already, with the id 1"), ("", "is empty"), ("Gold ", "blank"), ("G\0ld", "control")):
        async with refused(database, network_id, words):
            await make(database, network_id, kind, name)
    async with changing(database, network_id, f"create {kind.spoken}"):
        assert await make(database, network_id, kind, "gold") == 2
    async with refused(database, network_id, "There is a .* 'Gold' already, with the id 1"):
        await rename(database, network_id, kind, 2, "Gold")


@pytest.mark.parametrize("kind", PLAIN)
async def test_it_is_renamed_deactivated_and_deleted(database: Database, network_id: int, kind: PartyKind) -> None:
    party_id = await make(database, network_id, kind, "Gold")
    spoken = kind.spoken
    async with changing(
        database, network_id, f"rename {spoken}", f"deactivate {spoken}", f"activate {spoken}", f"delete {spoken}"
    ) as added:
        for _ in range(2):
            await rename(database, network_id, kind, party_id, "Silver")
        for active in (False, False, True):
            async with database.transaction(network_id) as connection:
                await set_party_active(connection, network_id, kind, party_id, active=active, **who())
        await remove(database, network_id, kind, party_id)
    assert (added[0]["before"], added[0]["after"]) == ({"name": "Gold"}, {"name": "Silver"})
    assert (added[3]["before"]["name"], added[3]["after"]) == ("Silver", None)
    assert await found(database, network_id, kind, party_id) is None
    async with refused(database, network_id, f"There is no {spoken} with the id {party_id}"):
        await rename(database, network_id, kind, party_id, "Copper")


async def test_a_campaign_is_of_an_affiliate_whose_names_differ(database: Database, network_id: int) -> None:
    for name in ("Northbeam", "Orchard"):
        await make(database, network_id, PartyKind.AFFILIATE, name)
    async with refused(database, network_id, "no affiliate with the id 9"):
        await make(database, network_id, PartyKind.CAMPAIGN, "Search", affiliate_id=9)
    async with refused(database, network_id, "no offer with the id 9"):
        await make(database, network_id, PartyKind.CAMPAIGN, "Search", affiliate_id=1, offer_id=9)
    async with changing(database, network_id, "create campaign", "create campaign"):
        await make(database, network_id, PartyKind.CAMPAIGN, "Search", affiliate_id=1)
        await make(database, network_id, PartyKind.CAMPAIGN, "Search", affiliate_id=2)
    async with refused(database, network_id, "There is a campaign 'Search' already, with the id 1"):
        await make(database, network_id, PartyKind.CAMPAIGN, "Search", affiliate_id=1)
    async with refused(database, network_id, "'Northbeam' is in use; deactivate it instead"):
        await remove(database, network_id, PartyKind.AFFILIATE, 1)
    async with database.transaction(network_id) as connection:
        campaign = await find_by_name(connection, network_id, PartyKind.CAMPAIGN, "Search", affiliate_id=2)
    assert campaign is not None and campaign.name == "Search"


async def test_a_contract_is_of_a_buyer_and_a_vertical(database: Database, network_id: int) -> None:
    buyer_id = await make(database, network_id, PartyKind.BUYER, "Best Buyer")
    vertical_id = await make(database, network_id, PartyKind.VERTICAL, "Payday")
    kind = PartyKind.BUYER_CONTRACT
    async with refused(database, network_id, "no buyer with the id 9"):
        await make(database, network_id, kind, "Gold", buyer_id=9, vertical_id=vertical_id)
    async with refused(database, network_id, "no vertical with the id 9"):
        await make(database, network_id, kind, "Gold", buyer_id=buyer_id, vertical_id=9)
    parties = {"buyer_id": buyer_id, "vertical_id": vertical_id}
    async with changing(database, network_id, "create buyer contract"):
        assert await make(database, network_id, kind, "Gold", **parties, buyer_contract_id=217) == 217
    async with refused(database, network_id, "There is a buyer contract 'Gold' already, with the id 217"):
        await make(database, network_id, kind, "Gold", **parties)
    async with changing(database, network_id, "delete buyer contract"):
        await remove(database, network_id, kind, 217)


async def test_what_anything_refers_to_is_not_deleted(database: Database, network_id: int) -> None:
    buyer_id = await make(database, network_id, PartyKind.BUYER, "Best Buyer")
    scoped = await make(database, network_id, PartyKind.BUYER, "Scoped")
    keyed = await make(database, network_id, PartyKind.BUYER, "Keyed")
    vertical_id = await make(database, network_id, PartyKind.VERTICAL, "Payday")
    scope = await make(database, network_id, PartyKind.VERTICAL, "Solar")
    settings = FieldSettings(data_type=DataType.STRING, vertical_ids=frozenset([scope]), buyer_ids=frozenset([scoped]))
    async with database.transaction(network_id) as connection:
        await create_key(connection, network_id, buyer_id=keyed, **who())
        await create_field(connection, network_id, "note", settings, **who())
        contract_id = await open_contract(
            connection, network_id, name="Gold", buyer_id=buyer_id, vertical_id=vertical_id, **who()
        )
    for kind, party_id in (
        (PartyKind.BUYER, buyer_id),
        (PartyKind.BUYER, scoped),
        (PartyKind.BUYER, keyed),
        (PartyKind.VERTICAL, vertical_id),
        (PartyKind.VERTICAL, scope),
        (PartyKind.BUYER_CONTRACT, contract_id),
    ):
        async with refused(database, network_id, "is in use; deactivate it instead"):
            await remove(database, network_id, kind, party_id)
