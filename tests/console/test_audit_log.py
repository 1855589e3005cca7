"""Setup > Audit log: who changed what and when, in words, found by each of these."""

import csv
import io
import re
from datetime import timedelta

import pytest

from leadback.access.operator_model import Role
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.networks.queries import read_network
from tests.console.browsing import browsing, signed_in
from tests.console.test_leads import text_of
from tests.support.seed import seed_network

pytestmark = pytest.mark.anyio

LOG = "/setup/audit-log"
STATUS = "/setup/lead-statuses/status/2"


async def test_only_who_sets_up_sees_it(database: Database, network_id: int) -> None:
    async with browsing(database) as client:
        assert (await client.get(LOG)).headers["location"].startswith("/sign-in")
    for role in (Role.ACCOUNT_MANAGER, Role.REPORTING_ONLY):
        async with signed_in(database, network_id, role) as client:
            assert (await client.get(LOG)).status_code == 403
            assert (await client.get(f"{LOG}?format=csv")).status_code == 403


async def test_a_change_is_told_in_words_and_in_the_networks_time(database: Database, network_id: int) -> None:
    await seed_network(database, network_id)
    async with database.snapshot(network_id) as connection:
        network = await read_network(connection, network_id)
    async with signed_in(database, network_id, name="Ada") as client:
        await client.post("/buyers/10/settings", data={"name": "Acme", "active": "on", "retry_guard": "strict"})
        added = await client.post("/setup/users", data={"name": "Bo", "email": "bo@example.com", "role": "admin"})
        assert added.status_code in (200, 201)
        form = {"name": "Contract 9", "vertical_id": "1", "max_return_age_days": "10", "buyer_contract_id": "9"}
        assert (await client.post("/buyers/10/contracts", data=form)).status_code == 303
        text = text_of((await client.get(LOG)).text)
        rows = list(csv.reader(io.StringIO((await client.get(f"{LOG}?format=csv")).text.removeprefix("\ufeff"))))
    assert f"{network.local(now()):%Y-%m-%d %H}" in text and "+00:00" not in text
    assert "buyer Acme" in text and "user Bo" in text and "buyer contract Contract 9" in text
    assert not re.search(r"\b(None|none none|null)\b", text)
    assert rows[0] == ["when", "who", "what", "which", "change"]
    assert rows[1][1:3] == ["Ada", "set buyer contract"]
    assert "returnable: " in rows[1][4]


async def test_changes_are_found_by_who_what_which_words_and_days(database: Database, network_id: int) -> None:
    await seed_network(database, network_id)
    async with signed_in(database, network_id, name="Ada") as client:
        await client.post("/affiliates", data={"name": "Northern Lights"})
    async with signed_in(database, network_id, name="Grace") as client:
        await client.post("/offers", data={"name": "Solar Roof"})

        async def found(**query: str) -> tuple[bool, bool]:
            text = (await client.get(LOG, params=query)).text.partition("<tbody")[2]
            return "Northern Lights" in text, "Solar Roof" in text

        assert await found() == (True, True)
        assert await found(who="Grace") == (False, True)
        assert await found(what="create affiliate") == (True, False)
        assert await found(which="offer") == (False, True)
        assert await found(q="NORTHERN") == (True, False)
        assert await found(period="today") == (True, True)
        past = str((now() - timedelta(days=40)).date())
        assert await found(**{"from": past, "to": past}) == (False, False)
        for wrong in ({"who": "Nobody"}, {"from": "x"}, {"from": "2026-02-02", "to": "2026-02-01"}):
            assert (await client.get(LOG, params=wrong)).status_code == 422
        last_day = {"from": "9999-12-31", "to": "9999-12-31"}
        assert (await client.get(LOG, params=last_day)).status_code == 200


async def test_what_is_secret_is_not_told(database: Database, network_id: int) -> None:
    await seed_network(database, network_id)
    async with signed_in(database, network_id) as client:
        await client.post("/buyers/10/keys", data={})
        text = (await client.get(LOG)).text
    assert "digest" not in text and "argon2" not in text
