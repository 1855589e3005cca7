"""Setup and Lead Gen Settings: every setting is shown, saved, audited, and refused where it cannot be."""

import re

import msgspec
import pytest

from leadback.access.operator_model import Role
from leadback.kit.database import Database
from leadback.networks.model import Network
from leadback.networks.queries import read_network
from leadback.networks.settings import NetworkSettings
from tests.console.browsing import browsing, signed_in

pytestmark = pytest.mark.anyio

FORM = {
    "lead_statuses": "on",
    "terminal_statuses": "keep",
    "rerun_waiting_updates": "on",
    "failed_update_days": "30",
    "return_approval": "automatic_credit",
    "credit_sets_revenue_to_zero": "on",
    "return_to_affiliate": "on",
    "date_format": "DMY",
    "week_start": "7",
    "second_factor_required": "",
    "host_name": "",
}


async def network_of(database: Database, network_id: int) -> Network:
    async with database.snapshot(network_id) as connection:
        return await read_network(connection, network_id)


@pytest.mark.parametrize("path", ["/setup", "/setup/settings"])
async def test_nobody_sees_a_page(database: Database, network_id: int, path: str) -> None:
    async with browsing(database) as client:
        assert (await client.get(path)).headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("role", [Role.ACCOUNT_MANAGER, Role.REPORTING_ONLY])
async def test_who_may_not_change_the_setup_sees_and_changes_nothing(
    database: Database, network_id: int, role: Role
) -> None:
    before = await network_of(database, network_id)
    async with signed_in(database, network_id, role) as client:
        assert (await client.get("/setup")).status_code == 403
        assert (await client.get("/setup/settings")).status_code == 403
        assert (await client.post("/setup/settings", data=FORM | {"name": before.name})).status_code == 403
    assert await network_of(database, network_id) == before


async def test_every_setting_is_shown_and_saved(database: Database, network_id: int) -> None:
    before = await network_of(database, network_id)
    async with signed_in(database, network_id, Role.ADMIN) as client:
        shown = (await client.get("/setup/settings")).text
        for setting in NetworkSettings.__struct_fields__:
            assert f'name="{setting}"' in shown, setting
        assert f"leadback network set --time-zone {before.time_zone}" in shown
        answer = await client.post("/setup/settings", data=FORM | {"name": before.name})
        assert (answer.status_code, answer.headers["location"]) == (303, "/setup/settings")
        assert "set network" in (await client.get("/setup/audit-log")).text
    assert await network_of(database, network_id) == msgspec.structs.replace(
        before,
        terminal_statuses="keep",
        rerun_waiting_updates=True,
        failed_update_days=30,
        return_approval="automatic_credit",
        credit_sets_revenue_to_zero=True,
        return_to_affiliate=True,
        date_format="DMY",
        week_start=7,
    )


async def test_the_box_that_is_not_ticked_switches_lead_statuses_off(database: Database, network_id: int) -> None:
    name = (await network_of(database, network_id)).name
    async with signed_in(database, network_id) as client:
        await client.post("/setup/settings", data=FORM | {"name": name, "lead_statuses": ""})
        page = (await client.get("/setup/settings")).text
    assert not (await network_of(database, network_id)).lead_statuses
    assert "/setup/lead-statuses" not in page


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"failed_update_days": "0"}, "is not 1 to 3650"),
        ({"failed_update_days": "many"}, "not a whole number"),
        ({"week_start": "8"}, "is not 1"),
        ({"date_format": "YMD"}, "is not one of MDY, DMY"),
        ({"host_name": "a b"}, "host name"),
        ({"name": ""}, "name"),
        ({"return_approval": ""}, "is not one of"),
    ],
)
async def test_what_cannot_be_is_refused_and_what_was_typed_stays(
    database: Database, network_id: int, wrong: dict[str, str], words: str
) -> None:
    before = await network_of(database, network_id)
    async with signed_in(database, network_id) as client:
        answer = await client.post("/setup/settings", data=FORM | {"name": before.name} | wrong)
    assert answer.status_code == 422 and words in answer.text
    assert "Keep the terminal status" in answer.text and 'value="keep" checked' in answer.text
    assert await network_of(database, network_id) == before


@pytest.mark.parametrize(
    ("role", "labels"),
    [
        (Role.OWNER, ["Settings", "Lead Statuses", "Return reasons", "Own ratios", "Users and roles", "Audit log"]),
        (Role.REPORTING_ONLY, []),
    ],
)
async def test_the_tab_and_every_page_under_it_is_there_for_those_who_may_see_it(
    database: Database, network_id: int, role: Role, labels: list[str]
) -> None:
    async with signed_in(database, network_id, role) as client:
        assert ('href="/setup"' in (await client.get("/home")).text) is bool(labels)
        shown = (await client.get("/setup")).text
        tabs = re.findall(r'<li><a href="(/setup/[^"]+)"[^>]*>([^<]+)</a></li>', shown)
        assert [label for _, label in tabs] == labels
        for path, label in tabs:
            assert (await client.get(path)).status_code == 200, label
