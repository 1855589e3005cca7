"""A network that requires a second factor of owners and admins shows them nothing before they have one."""

import re

import httpx
import pyotp
import pytest

from leadback.access.operator_model import Role
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.networks.actions import set_network
from leadback.networks.model import COMMAND_LINE
from leadback.networks.queries import read_network
from leadback.networks.settings import NetworkSettings
from tests.console.browsing import signed_in

pytestmark = pytest.mark.anyio

SECOND_FACTOR = "/account/second-factor"


async def require(database: Database, network_id: int) -> None:
    settings = NetworkSettings(second_factor_required=True)
    async with database.transaction(network_id) as connection:
        await set_network(connection, network_id, settings, actor=COMMAND_LINE, now=now())


async def set_up(client: httpx.AsyncClient) -> httpx.Response:
    found = re.search(r'name="secret" value="([A-Z2-7]+)"', (await client.get(SECOND_FACTOR)).text)
    assert found is not None
    return await client.post(SECOND_FACTOR, data={"secret": found[1], "code": pyotp.TOTP(found[1]).now()})


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN])
async def test_who_can_let_others_in_sees_nothing_without_one(database: Database, network_id: int, role: Role) -> None:
    await require(database, network_id)
    async with signed_in(database, network_id, role) as client:
        for path in ("/", "/home", "/account", "/setup/users", "/reports/lead-status", "/reports/lead-status/export"):
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["location"]) == (303, SECOND_FACTOR), path
        changed = await client.post("/setup/users", data={"name": "Eve", "email": "eve@x.com", "role": "owner"})
        assert (changed.status_code, changed.headers["location"]) == (303, SECOND_FACTOR)
        assert "need a second factor" in (await client.get(SECOND_FACTOR)).text
        assert (await set_up(client)).status_code == 200
        users = await client.get("/setup/users")
        assert users.status_code == 200 and "eve@x.com" not in users.text


@pytest.mark.parametrize("role", [Role.ACCOUNT_MANAGER, Role.REPORTING_ONLY])
async def test_the_other_roles_go_on_without(database: Database, network_id: int, role: Role) -> None:
    await require(database, network_id)
    async with signed_in(database, network_id, role) as client:
        assert (await client.get("/home")).status_code == 200


async def test_who_needs_one_cannot_switch_it_off_but_can_leave(database: Database, network_id: int) -> None:
    await require(database, network_id)
    async with signed_in(database, network_id) as client:
        await set_up(client)
        kept = await client.post(f"{SECOND_FACTOR}/off", data={"password": "whatever it may be"})
        assert kept.status_code == 422 and "need a second factor" in kept.text
    async with signed_in(database, network_id) as client:
        assert (await client.post("/sign-out")).headers["location"] == "/sign-in"


async def test_it_is_switched_on_among_the_settings(database: Database, network_id: int) -> None:
    async with database.snapshot(network_id) as connection:
        network = await read_network(connection, network_id)
    async with signed_in(database, network_id) as client:
        form = {
            "name": network.name,
            "lead_statuses": "on",
            "terminal_statuses": "flag",
            "failed_update_days": "90",
            "return_approval": "manual",
            "date_format": "MDY",
            "week_start": "1",
            "host_name": "",
            "second_factor_required": "on",
        }
        assert (await client.post("/setup/settings", data=form)).headers["location"] == "/setup/settings"
        assert (await client.get("/home")).headers["location"] == SECOND_FACTOR
