"""Making networks, changing their settings, and what every change of configuration does first and last."""

from datetime import datetime
from zoneinfo import available_timezones

import msgspec
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.audit.actions import record
from leadback.audit.model import Entry
from leadback.audit.rules import changed, created
from leadback.kit.database import Database, enter_network, lock_configuration, sqlstate
from leadback.kit.errors import Refused
from leadback.kit.partial import with_settings
from leadback.networks import store
from leadback.networks.model import COMMAND_LINE, Actor, Network
from leadback.networks.queries import database_time_zones, directory, read_network
from leadback.networks.rules import NETWORK_ID_MAX, check_new_network, check_settings, check_time_zone
from leadback.networks.settings import NetworkSettings

LOCK_NOT_AVAILABLE = "55P03"
UNIQUE_VIOLATION = "23505"


async def begin_change(connection: AsyncConnection, network_id: int) -> None:
    """The first statement of every change of configuration: no update is in flight from here to the end.

    Raises `Refused` where another change or an import holds the network for too long.
    """
    try:
        await lock_configuration(connection, network_id)
    except OperationalError as error:
        if sqlstate(error) == LOCK_NOT_AVAILABLE:
            raise Refused(
                "Another change or an import of this network is under way; try again when it is done."
            ) from error
        raise


async def record_change(
    connection: AsyncConnection, network_id: int, entry: Entry | None, *, actor: Actor, now: datetime
) -> None:
    """The last step of every change of configuration: audit it, and tell every process to read again.

    None stands for a change that changed nothing: nothing is written.
    """
    if entry is None:
        return
    await record(connection, network_id, entry, actor=(actor.kind, actor.actor_id, actor.name), changed_at=now)
    await store.raise_version(connection, network_id)


async def create_network(
    database: Database, *, name: str, time_zone: str, currency: str, actor: Actor = COMMAND_LINE, now: datetime
) -> int:
    """A new network with the default settings; its id. Opens its own transaction: there is no network to enter yet."""
    check_new_network(name, currency)
    check_time_zone(time_zone, python_time_zones())
    async with database.outside_networks() as connection:
        await _check_zone_of_database(connection, time_zone)
        _check_name_free(name, await directory(connection))
        network_id = await store.next_network_id(connection)
        if network_id > NETWORK_ID_MAX:
            raise Refused(f"There can be no more than {NETWORK_ID_MAX} networks.")
        # The row is under row-level security before it exists.
        await enter_network(connection, network_id)
        values = {"name": name, "time_zone": time_zone, "currency": currency}
        try:
            await store.insert_network(connection, network_id, values)
        except IntegrityError as error:
            raise _taken(error, name) from error
        entry = created("create network", "network", network_id, values)
        await record(connection, network_id, entry, actor=(actor.kind, actor.actor_id, actor.name), changed_at=now)
    return network_id


async def set_network(
    connection: AsyncConnection, network_id: int, settings: NetworkSettings, *, actor: Actor, now: datetime
) -> None:
    """Change the settings that are given."""
    await begin_change(connection, network_id)
    before = await read_network(connection, network_id)
    after = with_settings(before, settings)
    check_settings(after)
    await _save(connection, before, after, action="set network", actor=actor, now=now)


async def set_time_zone(
    connection: AsyncConnection, network_id: int, time_zone: str, *, actor: Actor, now: datetime
) -> None:
    """Change the column alone; what was sold on which day is for `leads` to work out again in the same transaction."""
    await begin_change(connection, network_id)
    check_time_zone(time_zone, python_time_zones())
    await _check_zone_of_database(connection, time_zone)
    before = await read_network(connection, network_id)
    after = msgspec.structs.replace(before, time_zone=time_zone)
    await _save(connection, before, after, action="set time zone", actor=actor, now=now)


def python_time_zones() -> frozenset[str]:
    """The zones this program can reckon with."""
    return frozenset(available_timezones())


async def _save(
    connection: AsyncConnection, before: Network, after: Network, *, action: str, actor: Actor, now: datetime
) -> None:
    entry = changed(action, "network", before.network_id, before, after)
    if entry is None:
        return
    assert entry.after is not None
    values = {name: getattr(after, name) for name in entry.after}
    try:
        await store.update_network(connection, before.network_id, values)
    except IntegrityError as error:
        raise _taken(error, after.name) from error
    await record_change(connection, before.network_id, entry, actor=actor, now=now)


async def _check_zone_of_database(connection: AsyncConnection, time_zone: str) -> None:
    # PostgreSQL computes the day of each sale: it must know the zone as well.
    check_time_zone(time_zone, await database_time_zones(connection))


def _check_name_free(name: str, networks: dict[int, tuple[str, str | None]]) -> None:
    for network_id, (taken, _) in networks.items():
        if taken == name:
            raise Refused(f"There is a network {name!r} already, with the id {network_id}.")


def _taken(error: IntegrityError, name: str) -> Refused:
    if sqlstate(error) != UNIQUE_VIOLATION:
        raise error
    if "host_name" in str(error.orig):
        return Refused("Another network has this host name.")
    return Refused(f"There is a network {name!r} already.")
