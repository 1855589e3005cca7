"""Changing a network's settings."""

from typing import Any

import pytest

from leadback.kit.clock import now
from leadback.kit.database import Database, share_configuration
from leadback.networks.actions import create_network, set_network, set_time_zone
from leadback.networks.queries import read_network
from leadback.networks.settings import NetworkSettings
from tests.support.changes import changing, refused, who

pytestmark = pytest.mark.anyio


async def change(database: Database, network_id: int, **settings: Any) -> None:
    async with database.transaction(network_id) as connection:
        await set_network(connection, network_id, NetworkSettings(**settings), **who())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"week_start": 0}, r"week_start 0 is not 1 \(Monday\) to 7"),
        ({"week_start": 8}, "week_start 8"),
        ({"date_format": "YMD"}, "'YMD' is not one of MDY, DMY"),
        ({"terminal_statuses": "refuse"}, "not one of flag, keep"),
        ({"return_approval": "never"}, "not one of manual, automatic_credit"),
        ({"failed_update_days": 0}, "not 1 to 3650"),
        ({"host_name": "https://acme.example"}, "The host name"),
        ({"host_name": "acme.example:8400"}, "The host name"),
        ({"host_name": "-acme.example"}, "The host name"),
        ({"host_name": "a" * 64 + ".example"}, "The host name"),
        ({"name": ""}, "name is empty"),
        ({"name": "A\tB"}, "control character"),
    ],
)
async def test_it_refuses_what_is_out_of_range(
    database: Database, network_id: int, settings: dict[str, Any], words: str
) -> None:
    async with refused(database, network_id, words):
        await change(database, network_id, **settings)


async def test_it_changes_what_is_given_and_nothing_else(database: Database, network_id: int) -> None:
    async with database.transaction(network_id) as connection:
        before = await read_network(connection, network_id)
    async with changing(database, network_id, "set network") as added:
        await change(database, network_id, lead_statuses=False, week_start=7, date_format="MDY")
    assert added[0]["before"] == {"lead_statuses": True, "week_start": 1}
    assert added[0]["after"] == {"lead_statuses": False, "week_start": 7}
    async with database.transaction(network_id) as connection:
        after = await read_network(connection, network_id)
    assert (after.lead_statuses, after.week_start, after.name) == (False, 7, before.name)


async def test_a_change_that_changes_nothing_writes_nothing(database: Database, network_id: int) -> None:
    async with changing(database, network_id):
        await change(database, network_id, lead_statuses=True, week_start=1)
        async with database.transaction(network_id) as connection:
            await set_time_zone(connection, network_id, "America/New_York", **who())


async def test_a_name_and_a_host_name_belong_to_one_network(database: Database, network_id: int) -> None:
    taken = f"beside {network_id}"
    other = await create_network(database, name=taken, time_zone="UTC", currency="USD", now=now())
    host_name = f"leads-{network_id}.example.com"
    await change(database, other, host_name=host_name)
    async with refused(database, network_id, f"There is a network '{taken}' already"):
        await change(database, network_id, name=taken)
    async with refused(database, network_id, "Another network has this host name"):
        await change(database, network_id, host_name=host_name)
    await change(database, other, host_name=None)
    async with changing(database, network_id, "set network"):
        await change(database, network_id, host_name=host_name)


async def test_the_zone_is_changed_alone(database: Database, network_id: int) -> None:
    async with (
        refused(database, network_id, "'Mars/Olympus' is not known"),
        database.transaction(network_id) as connection,
    ):
        await set_time_zone(connection, network_id, "Mars/Olympus", **who())
    async with changing(database, network_id, "set time zone") as added, database.transaction(network_id) as connection:
        await set_time_zone(connection, network_id, "Europe/London", **who())
    assert added[0]["before"] == {"time_zone": "America/New_York"}
    assert added[0]["after"] == {"time_zone": "Europe/London"}


async def test_a_change_waits_for_updates_and_gives_up_in_words(database: Database, network_id: int) -> None:
    async with database.transaction(network_id) as update:
        await share_configuration(update, network_id)
        async with refused(database, network_id, "under way; try again"):
            await change(database, network_id, lead_statuses=False)
