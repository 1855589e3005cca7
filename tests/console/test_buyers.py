"""Buyers: the list, and each page of a buyer's card with what can be changed there."""

import re
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

import httpx
import pytest

from leadback.access.actions import note_key_uses
from leadback.access.model import ApiKey
from leadback.access.operator_model import Role
from leadback.access.queries import list_keys
from leadback.catalog.queries import read_catalog
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.tokens import digest
from leadback.parties.model import Buyer, BuyerContract
from leadback.parties.queries import list_buyers, list_contracts
from tests.console.browsing import browsing, signed_in
from tests.console.test_failed_updates import manager_of
from tests.support.seed import Seeded, seed_network, seed_sale

pytestmark = pytest.mark.anyio

CARD = "/buyers/10"
PAGES = ("/buyers", CARD, *(f"{CARD}/{name}" for name in ("contracts", "keys", "aliases", "settings", "delete")))
SETTINGS = {
    "name": "Acme",
    "active": "on",
    "lead_statuses": "on",
    "accept_keyless": "on",
    "keyless_networks": "192.0.2.0/24\n198.51.100.7",
    "keyless_until": "2030-01-31",
    "rate_per_key": "7",
    "retry_guard": "strict",
}
CONTRACT = {"name": "New", "vertical_id": "1", "returnable": "on", "max_return_age_days": "10"}
ALIAS = {"status": "gone", "meaning": "3"}
CHANGES = {
    "/buyers": {"name": "Eve"},
    f"{CARD}/settings": SETTINGS,
    f"{CARD}/delete": {},
    f"{CARD}/contracts": CONTRACT,
    f"{CARD}/contracts/217": CONTRACT,
    f"{CARD}/keys": {},
    f"{CARD}/keys/10/rotate": {"overlap_days": "7"},
    f"{CARD}/keys/10/revoke": {},
    f"{CARD}/aliases": ALIAS,
    f"{CARD}/aliases/1/remove": {},
}


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    return await seed_network(database, network_id)


async def buyer_of(database: Database, network_id: int) -> Buyer:
    async with database.transaction(network_id) as connection:
        return (await list_buyers(connection, network_id, frozenset([10])))[0]


async def contracts_of(database: Database, network_id: int) -> dict[int, BuyerContract]:
    async with database.transaction(network_id) as connection:
        found = await list_contracts(connection, network_id, frozenset([10]))
    return {item.buyer_contract_id: item for item in found}


async def keys_of(database: Database, network_id: int) -> list[ApiKey]:
    async with database.transaction(network_id) as connection:
        return await list_keys(connection, network_id, 10)


async def state_of(database: Database, network_id: int) -> tuple[object, ...]:
    """All that these pages can change of buyer 10."""
    async with database.transaction(network_id) as connection:
        aliases = (await read_catalog(connection, network_id)).aliases
        count = len(await list_buyers(connection, network_id))
    parts = [await read(database, network_id) for read in (buyer_of, contracts_of, keys_of)]
    return (*parts, aliases, count)


def shown_key(answer: httpx.Response) -> str:
    """The key that a page shows, this once."""
    found = re.search(r"<code>(lbk_[0-9A-Za-z_]+)</code>", answer.text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("path", PAGES)
async def test_nobody_sees_a_page(database: Database, network_id: int, path: str) -> None:
    async with browsing(database) as client:
        assert (await client.get(path)).headers["location"].startswith("/sign-in")
        assert (await client.post(path)).headers.get("location", "/sign-in").startswith("/sign-in")


@pytest.mark.parametrize("path", CHANGES)
async def test_whoever_only_reports_changes_nothing(database: Database, seeded: Seeded, path: str) -> None:
    before = await state_of(database, seeded.network_id)
    async with signed_in(database, seeded.network_id, Role.REPORTING_ONLY) as client:
        assert (await client.get(CARD)).status_code == 200
        assert (await client.get(f"{CARD}/keys")).status_code == 403
        assert (await client.post(path, data=CHANGES[path])).status_code == 403
    assert await state_of(database, seeded.network_id) == before


@pytest.mark.parametrize("path", CHANGES)
async def test_a_foreign_buyer_is_not_there(database: Database, seeded: Seeded, path: str) -> None:
    async with manager_of(database, seeded.network_id, 11) as client:
        before = await state_of(database, seeded.network_id)
        listed = (await client.get("/buyers")).text
        assert "Buyer 11" in listed and "Buyer 10" not in listed
        for page in PAGES[1:]:
            assert (await client.get(page)).status_code == 403
        assert (await client.post(path, data=CHANGES[path])).status_code == 403
    assert await state_of(database, seeded.network_id) == before


@pytest.mark.parametrize("path", ["contracts/217", "keys/10/rotate", "keys/10/revoke"])
async def test_what_is_anothers_cannot_be_reached_by_ones_own_card(
    database: Database, seeded: Seeded, path: str
) -> None:
    async with manager_of(database, seeded.network_id, 11) as client:
        before = await state_of(database, seeded.network_id)
        answer = await client.post(f"/buyers/11/{path}", data=CHANGES[f"{CARD}/{path}"])
    assert answer.status_code == 422
    assert await state_of(database, seeded.network_id) == before


async def test_the_list_is_searched_sorted_and_says_what_is_missing(database: Database, seeded: Seeded) -> None:
    await seed_sale(database, seeded.network_id, "L1")
    async with signed_in(database, seeded.network_id) as client:
        text = (await client.get("/buyers?sort=-buyer")).text
        assert text.index("Buyer 11") < text.index("Buyer 10")
        found = (await client.get("/buyers?q=buyer+11")).text
        assert "/buyers/11" in found and "/buyers/10" not in found
        assert "None of the buyers is like that" in (await client.get("/buyers?state=inactive")).text


async def test_the_card_says_how_a_buyer_reports(database: Database, seeded: Seeded) -> None:
    await seed_sale(database, seeded.network_id, "L1")
    async with signed_in(database, seeded.network_id) as client:
        text = (await client.get(CARD)).text
        assert "Contract 217" in text and "0.0%" in text
        await client.post(f"{CARD}/keys/10/revoke")
        assert "so it cannot report" in (await client.get(CARD)).text
        assert (await client.get("/buyers/99")).status_code == 404


async def test_a_buyer_is_made(database: Database, seeded: Seeded) -> None:
    async with signed_in(database, seeded.network_id) as client:
        answer = await client.post("/buyers", data={"name": "Acme", "buyer_id": "77"})
        assert answer.headers["location"] == "/buyers/77/contracts"
        again = await client.post("/buyers", data={"name": "Acme"})
    assert again.status_code == 422
    assert "There is a buyer" in again.text and 'value="Acme"' in again.text


async def test_settings_are_saved_as_a_whole(database: Database, seeded: Seeded) -> None:
    async with signed_in(database, seeded.network_id) as client:
        assert (await client.post(f"{CARD}/settings", data=SETTINGS)).headers["location"] == CARD
        saved = await buyer_of(database, seeded.network_id)
        assert (saved.name, saved.rate_per_key, saved.retry_guard) == ("Acme", 7, "strict")
        assert saved.keyless_networks == (ip_network("192.0.2.0/24"), ip_network("198.51.100.7/32"))
        page = (await client.get(f"{CARD}/settings")).text
        assert "192.0.2.0/24\n198.51.100.7" in page and 'value="2030-01-31"' in page
        off = {"name": "Acme", "retry_guard": "guard"}
        await client.post(f"{CARD}/settings", data=off)
    saved = await buyer_of(database, seeded.network_id)
    assert (saved.active, saved.lead_statuses, saved.accept_keyless, saved.rate_per_key) == (False, False, False, None)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"keyless_networks": ""}, "Updates without a key are accepted only from networks"),
        ({"keyless_networks": "nowhere"}, "is not a network"),
        ({"keyless_until": "soon"}, "is not a date"),
        ({"rate_per_key": "many"}, "is not a whole number"),
        ({"retry_guard": "maybe"}, "is not one of guard, off, strict"),
        ({"name": "Buyer 11"}, "There is a buyer"),
        ({"account_manager_id": "999"}, "There is no operator 999"),
    ],
)
async def test_settings_that_do_not_go_together_are_refused_and_kept(
    database: Database, seeded: Seeded, changes: dict[str, str], told: str
) -> None:
    before = await state_of(database, seeded.network_id)
    form = SETTINGS | changes
    async with signed_in(database, seeded.network_id) as client:
        answer = await client.post(f"{CARD}/settings", data=form)
    assert answer.status_code == 422
    assert told in answer.text.replace("&#39;", "'")
    assert f'value="{form["name"]}"' in answer.text
    assert await state_of(database, seeded.network_id) == before


async def test_an_account_manager_changes_its_own_buyer_but_not_whose_it_is(database: Database, seeded: Seeded) -> None:
    async with manager_of(database, seeded.network_id, 10) as client:
        manager_id = (await buyer_of(database, seeded.network_id)).account_manager_id
        await client.post(f"{CARD}/settings", data=SETTINGS | {"account_manager_id": ""})
        assert (await client.post("/buyers", data={"name": "Mine"})).status_code == 403
        assert (await client.post(f"{CARD}/delete")).status_code == 403
    saved = await buyer_of(database, seeded.network_id)
    assert (saved.name, saved.account_manager_id) == ("Acme", manager_id)


async def test_a_buyer_in_use_is_not_deleted_and_one_made_by_mistake_is(database: Database, seeded: Seeded) -> None:
    async with signed_in(database, seeded.network_id) as client:
        answer = await client.post(f"{CARD}/delete")
        assert answer.status_code == 422 and "is in use" in answer.text
        await client.post("/buyers", data={"name": "Mistake", "buyer_id": "77"})
        assert (await client.post("/buyers/77/delete")).headers["location"] == "/buyers"
        assert "Mistake" not in (await client.get("/buyers")).text


async def test_a_contract_is_made_with_its_test_lead_and_changed(database: Database, seeded: Seeded) -> None:
    async with signed_in(database, seeded.network_id) as client:
        form = CONTRACT | {"buyer_contract_id": "500"}
        answer = await client.post(f"{CARD}/contracts", data=form)
        assert "TEST500" in (await client.get(answer.headers["location"])).text
        made = (await contracts_of(database, seeded.network_id))[500]
        assert (made.name, made.max_return_age_days, made.priced_on_outcome) == ("New", 10, False)
        changed = {"name": "Other", "max_return_age_days": "0", "priced_on_outcome": "on"}
        assert (await client.post(f"{CARD}/contracts/500", data=changed)).status_code == 303
    saved = (await contracts_of(database, seeded.network_id))[500]
    assert (saved.name, saved.active, saved.returnable, saved.max_return_age_days) == ("Other", False, False, 0)
    assert saved.priced_on_outcome


@pytest.mark.parametrize(
    ("path", "changes", "told"),
    [
        ("contracts", {"vertical_id": "999"}, "There is no vertical"),
        ("contracts", {"name": "Contract 217"}, "There is a buyer contract"),
        ("contracts", {"max_return_age_days": "9999"}, "is not 0 to 3650 days"),
        ("contracts/217", {"max_return_age_days": ""}, "give a number of days"),
        ("contracts/217", {"name": ""}, "name"),
        ("contracts/999", {}, "no contract with the id 999"),
    ],
)
async def test_a_contract_that_cannot_be_is_refused(
    database: Database, seeded: Seeded, path: str, changes: dict[str, str], told: str
) -> None:
    before = await state_of(database, seeded.network_id)
    async with signed_in(database, seeded.network_id) as client:
        answer = await client.post(f"{CARD}/{path}", data=CONTRACT | changes)
    assert answer.status_code == 422
    assert told in answer.text
    assert await state_of(database, seeded.network_id) == before


async def test_a_key_is_made_and_shown_once(database: Database, seeded: Seeded) -> None:
    async with signed_in(database, seeded.network_id) as client:
        form = {"allowed_networks": "192.0.2.0/24", "expires_at": "2040-01-31T18:00"}
        key = shown_key(await client.post(f"{CARD}/keys", data=form))
        page = (await client.get(f"{CARD}/keys")).text
    assert key not in page and "192.0.2.0/24" in page and "2040-01-31 18:00" in page
    made = (await keys_of(database, seeded.network_id))[-1]
    assert made.digest == digest(key)
    assert made.allowed_networks == (ip_network("192.0.2.0/24"),)


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"allowed_networks": "x"}, "is not a network"),
        ({"expires_at": "x"}, "is not a moment"),
        ({"scope": "status:read"}, "There are: status:write, revenue:write, return:write, reasons:read."),
        ({"expires_at": "2020-01-31T18:00"}, "give a moment to come"),
        ({"expires_at": "2030-03-10T02:30"}, "the clocks went forward"),
    ],
)
async def test_a_key_that_could_not_be_used_is_refused(
    database: Database, seeded: Seeded, form: dict[str, str], told: str
) -> None:
    async with signed_in(database, seeded.network_id) as client:
        answer = await client.post(f"{CARD}/keys", data=form)
    assert answer.status_code == 422
    assert told in answer.text and "lbk_" not in answer.text
    assert len(await keys_of(database, seeded.network_id)) == 1


async def test_a_key_is_made_for_what_it_may_do_and_says_when_it_was_used(database: Database, seeded: Seeded) -> None:
    async with signed_in(database, seeded.network_id) as client:
        assert ">never<" in (await client.get(f"{CARD}/keys")).text
        form = {"scope": ["status:write", "revenue:write"]}
        shown_key(await client.post(f"{CARD}/keys", data=form))
        made = (await keys_of(database, seeded.network_id))[-1]
        shown_key(await client.post(f"{CARD}/keys/{made.api_key_id}/rotate", data={"overlap_days": "1"}))
        at = datetime(2026, 3, 8, 12, 30, tzinfo=UTC)
        async with database.transaction(seeded.network_id) as connection:
            await note_key_uses(connection, seeded.network_id, {made.api_key_id: (at, ip_address("2001:db8::7"))})
        page = (await client.get(f"{CARD}/keys")).text
    assert page.count(">status:write, revenue:write <small") == 2 and ">everything <small" in page
    assert re.search(r"2026-03-08 08:30<br><small[^>]*>from 2001:db8::7<", page)
    assert [key.scopes for key in await keys_of(database, seeded.network_id)] == [(), made.scopes, made.scopes]


async def test_a_key_is_replaced_while_the_old_one_is_good_a_little_longer(database: Database, seeded: Seeded) -> None:
    async with signed_in(database, seeded.network_id) as client:
        key = shown_key(await client.post(f"{CARD}/keys/10/rotate", data={"overlap_days": "7"}))
        old, new = await keys_of(database, seeded.network_id)
        assert old.expires_at is not None
        assert abs(old.expires_at - now() - timedelta(days=7)) < timedelta(minutes=1)
        assert (new.digest, new.expires_at) == (digest(key), None)
        # Once more, for longer, does not make the old one good for longer.
        await client.post(f"{CARD}/keys/10/rotate", data={"overlap_days": "30"})
        assert (await keys_of(database, seeded.network_id))[0].expires_at == old.expires_at
        assert (await client.post(f"{CARD}/keys/10/rotate", data={"overlap_days": "0"})).status_code == 422
        await client.post(f"{CARD}/keys/10/revoke")
        answer = await client.post(f"{CARD}/keys/10/rotate", data={"overlap_days": "1"})
    assert answer.status_code == 422 and "is good no more" in answer.text


async def test_a_key_is_revoked(database: Database, seeded: Seeded) -> None:
    async with signed_in(database, seeded.network_id) as client:
        assert "Revoke" in (await client.get(f"{CARD}/keys/10/revoke")).text
        assert (await client.post(f"{CARD}/keys/10/revoke")).headers["location"] == f"{CARD}/keys"
    assert (await keys_of(database, seeded.network_id))[0].revoked_at is not None


async def test_aliases_are_made_and_removed(database: Database, seeded: Seeded) -> None:
    async with signed_in(database, seeded.network_id) as client:
        for form in (
            ALIAS,
            {"status": "won", "sub_status": "part", "meaning": "2/2"},
            {"field": "x", "field_meaning": "ignore"},
        ):
            assert (await client.post(f"{CARD}/aliases", data=form)).status_code == 303
        page = (await client.get(f"{CARD}/aliases")).text
        assert "Dead" in page and "Funded / Partial" in page and "ignored" in page
        again = await client.post(f"{CARD}/aliases", data=ALIAS)
        assert again.status_code == 422 and "has an alias of these words already" in again.text
        assert (await client.post("/buyers/11/aliases/1/remove")).status_code == 422
        assert (await client.post(f"{CARD}/aliases/1/remove")).status_code == 303
    async with database.transaction(seeded.network_id) as connection:
        assert set((await read_catalog(connection, seeded.network_id)).aliases) == {2, 3}
