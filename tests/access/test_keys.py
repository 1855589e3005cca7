"""Handing out and revoking keys."""

from datetime import timedelta
from ipaddress import ip_network

import pytest

from leadback.access.actions import KeyTerms, create_key, revoke_key
from leadback.access.model import ApiKey
from leadback.access.queries import list_keys
from leadback.kit import tokens
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.parties.actions import create_buyer
from tests.support.changes import changing, refused, who

pytestmark = pytest.mark.anyio


@pytest.fixture
async def buyer_id(database: Database, network_id: int) -> int:
    async with database.transaction(network_id) as connection:
        return await create_buyer(connection, network_id, name="Best Buyer", **who())


async def hand_out(
    database: Database, network_id: int, buyer_id: int, terms: KeyTerms | None = None
) -> tuple[int, str]:
    async with database.transaction(network_id) as connection:
        return await create_key(connection, network_id, buyer_id=buyer_id, terms=terms, **who())


async def keys(database: Database, network_id: int) -> list[ApiKey]:
    async with database.transaction(network_id) as connection:
        return await list_keys(connection, network_id)


async def revoke(database: Database, network_id: int, api_key_id: int) -> None:
    async with database.transaction(network_id) as connection:
        await revoke_key(connection, network_id, api_key_id, **who())


async def test_it_refuses_an_unknown_buyer_and_terms_that_make_no_sense(
    database: Database, network_id: int, buyer_id: int
) -> None:
    async with refused(database, network_id, "no buyer with the id 99"):
        await hand_out(database, network_id, 99)
    async with refused(database, network_id, "give a moment to come"):
        await hand_out(database, network_id, buyer_id, KeyTerms(expires_at=now() - timedelta(minutes=1)))
    async with refused(database, network_id, "scope is given twice"):
        await hand_out(database, network_id, buyer_id, KeyTerms(scopes=("status:write", "status:write")))
    assert await keys(database, network_id) == []


async def test_only_a_digest_and_the_first_characters_are_kept(
    database: Database, network_id: int, buyer_id: int
) -> None:
    async with changing(database, network_id, "create api key") as added:
        api_key_id, key = await hand_out(database, network_id, buyer_id)
    assert tokens.key_network(key) == network_id
    (stored,) = await keys(database, network_id)
    assert (stored.api_key_id, stored.buyer_id, stored.digest) == (api_key_id, buyer_id, tokens.digest(key))
    assert stored.shown_as == key[: len(f"lbk_{network_id}_") + 4]
    assert key not in str(added) and str(stored.digest) not in str(added)
    assert added[0]["after"]["shown_as"] == stored.shown_as


async def test_a_buyer_may_have_several_keys_with_terms_of_their_own(
    database: Database, network_id: int, buyer_id: int
) -> None:
    terms = KeyTerms(allowed_networks=(ip_network("192.0.2.0/24"),), expires_at=now() + timedelta(days=1))
    first, _ = await hand_out(database, network_id, buyer_id)
    second, _ = await hand_out(database, network_id, buyer_id, terms)
    assert (first, second) == (1, 2)
    stored = (await keys(database, network_id))[1]
    assert (stored.allowed_networks, stored.expires_at) == (terms.allowed_networks, terms.expires_at)


async def test_a_revoked_key_stays_revoked(database: Database, network_id: int, buyer_id: int) -> None:
    api_key_id, _ = await hand_out(database, network_id, buyer_id)
    async with refused(database, network_id, "no key with the id 99"):
        await revoke(database, network_id, 99)
    async with changing(database, network_id, "revoke api key"):
        await revoke(database, network_id, api_key_id)
        revoked_at = (await keys(database, network_id))[0].revoked_at
        await revoke(database, network_id, api_key_id)
    assert revoked_at is not None
    assert (await keys(database, network_id))[0].revoked_at == revoked_at
