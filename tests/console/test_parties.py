"""Affiliates, campaigns, offers and verticals: their lists and cards, with what became of their sales."""

import re
from typing import Any

import pytest

from leadback.access.operator_model import Role
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.networks.actions import set_network
from leadback.networks.settings import NetworkSettings
from leadback.parties.queries import find_party
from leadback.parties.rules import PartyKind
from tests.console.browsing import browsing, signed_in
from tests.console.test_failed_updates import manager_of
from tests.support.changes import OPERATOR
from tests.support.seed import Seeded, seed_network, seed_sale

pytestmark = pytest.mark.anyio

KINDS = {
    "/affiliates": (PartyKind.AFFILIATE, 1, {}),
    "/campaigns": (PartyKind.CAMPAIGN, 5, {"affiliate_id": "1", "offer_id": "1"}),
    "/offers": (PartyKind.OFFER, 1, {}),
    "/verticals": (PartyKind.VERTICAL, 1, {}),
}


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    return await seed_network(database, network_id)


async def read(database: Database, network_id: int, kind: PartyKind, party_id: int) -> Any:
    async with database.transaction(network_id) as connection:
        return await find_party(connection, network_id, kind, party_id)


@pytest.mark.parametrize("path", KINDS)
async def test_nobody_sees_a_page(database: Database, network_id: int, path: str) -> None:
    async with browsing(database) as client:
        for page in (path, f"{path}/1", f"{path}/1/delete"):
            assert (await client.get(page)).headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("path", KINDS)
@pytest.mark.parametrize("role", [Role.ACCOUNT_MANAGER, Role.REPORTING_ONLY])
async def test_whoever_may_not_set_up_looks_and_changes_nothing(
    database: Database, seeded: Seeded, path: str, role: Role
) -> None:
    kind, party_id, more = KINDS[path]
    before = await read(database, seeded.network_id, kind, party_id)
    async with signed_in(database, seeded.network_id, role) as client:
        text = (await client.get(path)).text
        assert before.name in text and "Make the" not in text
        assert "Save" not in (await client.get(f"{path}/{party_id}")).text
        assert (await client.get(f"{path}/{party_id}/delete")).status_code == 403
        for page in (path, f"{path}/{party_id}", f"{path}/{party_id}/delete"):
            answer = await client.post(page, data={"name": "Eve", "party_id": "77"} | more)
            assert answer.status_code == 403
    assert await read(database, seeded.network_id, kind, party_id) == before
    assert await read(database, seeded.network_id, kind, 77) is None


@pytest.mark.parametrize("path", KINDS)
async def test_one_is_made_changed_and_deleted(database: Database, seeded: Seeded, path: str) -> None:
    kind, _, more = KINDS[path]
    async with signed_in(database, seeded.network_id) as client:
        answer = await client.post(path, data={"name": "New one", "party_id": "77"} | more)
        assert answer.headers["location"] == f"{path}/77"
        assert "New one" in (await client.get(path)).text
        assert (await client.post(f"{path}/77", data={"name": "Another"})).headers["location"] == f"{path}/77"
        changed = await read(database, seeded.network_id, kind, 77)
        assert (changed.name, changed.active) == ("Another", False)
        assert "Another" not in (await client.get(path)).text
        assert "Another" in (await client.get(f"{path}?state=inactive&q=ano")).text
        assert (await client.post(f"{path}/77/delete")).headers["location"] == path
    assert await read(database, seeded.network_id, kind, 77) is None


@pytest.mark.parametrize("path", KINDS)
async def test_what_cannot_be_is_refused_and_what_was_typed_is_kept(
    database: Database, seeded: Seeded, path: str
) -> None:
    kind, party_id, more = KINDS[path]
    before = await read(database, seeded.network_id, kind, party_id)
    async with signed_in(database, seeded.network_id) as client:
        taken = await client.post(path, data={"name": "Kept", "party_id": str(party_id)} | more)
        assert taken.status_code == 422
        assert "is taken by" in taken.text and 'value="Kept"' in taken.text
        assert (await client.post(path, data={"name": "", **more})).status_code == 422
        assert (await client.post(path, data={"name": "Kept", "party_id": "x", **more})).status_code == 422
        assert (await client.post(f"{path}/{party_id}", data={"name": "", "active": "on"})).status_code == 422
        assert (await client.get(f"{path}/999")).status_code == 404
        await seed_sale(database, seeded.network_id, "L1")
        used = await client.post(f"{path}/{party_id}/delete")
        assert used.status_code == 422 and "is in use" in used.text
    assert await read(database, seeded.network_id, kind, party_id) == before


async def test_a_campaign_needs_an_affiliate(database: Database, seeded: Seeded) -> None:
    async with signed_in(database, seeded.network_id) as client:
        answer = await client.post("/campaigns", data={"name": "Nobody's", "affiliate_id": ""})
        assert answer.status_code == 422 and "choose one" in answer.text
        assert (await client.post("/campaigns", data={"name": "X", "affiliate_id": "999"})).status_code == 422


@pytest.mark.parametrize("path", KINDS)
async def test_lists_and_cards_show_what_became_of_the_sales(database: Database, seeded: Seeded, path: str) -> None:
    for lead_id, status_id in (("L1", 2), ("L2", 2), ("L3", None)):
        await seed_sale(database, seeded.network_id, lead_id, status_id=status_id)
    await seed_sale(database, seeded.network_id, "TEST1", is_test=True)
    _, party_id, _ = KINDS[path]
    async with signed_in(database, seeded.network_id) as client:
        listed = (await client.get(f"{path}?sort=-sales")).text
        assert "2<small>66.7%</small>" in listed
        text = (await client.get(f"{path}/{party_id}")).text
    assert "66.7%" in text and "33.3%" in text
    assert re.search(r'<td[^>]* quiet">0<small></small></td>', listed), "a status that nothing has is quiet"
    assert "Contacted" in listed and "Contacted" not in text, "a card names the statuses that its sales have"
    assert re.search(r'"days": \["[A-Z][a-z]{2} [0-9]{1,2}", ', text), "days are said as people say them"
    dimension = path.strip("/").removesuffix("s")
    assert "/reports/lead-status?from=" in text and f"filter={dimension}_id%3D{party_id}" in text


async def test_an_account_manager_sees_what_became_of_its_own_buyers_sales(database: Database, seeded: Seeded) -> None:
    await seed_sale(database, seeded.network_id, "L1", status_id=2)
    await seed_sale(database, seeded.network_id, "L2", status_id=2, buyer_id=11, buyer_contract_id=300)
    async with manager_of(database, seeded.network_id, 11) as client:
        assert "100.0%" in (await client.get("/campaigns/5")).text
        assert "1<small>100.0%</small>" in (await client.get("/campaigns")).text
    async with signed_in(database, seeded.network_id, Role.ACCOUNT_MANAGER) as client:
        assert "No sale in the last 30 days" in (await client.get("/campaigns/5")).text


async def test_without_lead_statuses_there_is_no_breakdown(database: Database, seeded: Seeded) -> None:
    await seed_sale(database, seeded.network_id, "L1", status_id=2)
    async with database.transaction(seeded.network_id) as connection:
        settings = NetworkSettings(lead_statuses=False)
        await set_network(connection, seeded.network_id, settings, actor=OPERATOR, now=now())
    async with signed_in(database, seeded.network_id) as client:
        text = (await client.get("/campaigns/5")).text
        assert "Search" in text and "Lead Status report" not in text and "No sale" not in text
        assert "Northbeam" in (await client.get("/campaigns")).text
        assert (await client.get("/buyers/10")).status_code == 200
