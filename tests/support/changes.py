"""What changes of configuration leave behind: audit entries and a raised version."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest

from leadback.audit.queries import list_entries
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.errors import Refused
from leadback.networks.model import Actor
from leadback.networks.queries import read_version

OPERATOR: Final = Actor(kind="operator", actor_id=7, name="Ada")


def who() -> dict[str, Any]:
    """The actor and the time of a change."""
    return {"actor": OPERATOR, "now": now()}


async def entries(database: Database, network_id: int) -> list[dict[str, Any]]:
    """Every audit entry, oldest first."""
    async with database.transaction(network_id) as connection:
        return (await list_entries(connection, network_id))[::-1]


async def version(database: Database, network_id: int) -> int:
    """The configuration's version."""
    async with database.transaction(network_id) as connection:
        return await read_version(connection, network_id)


@asynccontextmanager
async def changing(database: Database, network_id: int, *actions: str) -> AsyncIterator[list[dict[str, Any]]]:
    """Inside, exactly these changes are made: each audited with its actor, each raising the version.

    What it yields holds their entries afterwards.
    """
    before, number = await entries(database, network_id), await version(database, network_id)
    added: list[dict[str, Any]] = []
    yield added
    added += (await entries(database, network_id))[len(before) :]
    assert [entry["action"] for entry in added] == list(actions)
    assert all((entry["actor_kind"], entry["actor_id"], entry["actor"]) == ("operator", 7, "Ada") for entry in added)
    assert await version(database, network_id) == number + len(actions)


@asynccontextmanager
async def refused(database: Database, network_id: int, match: str) -> AsyncIterator[None]:
    """Inside, something is refused with these words, and nothing is changed."""
    before, number = await entries(database, network_id), await version(database, network_id)
    with pytest.raises(Refused, match=match):
        yield
    assert await entries(database, network_id) == before
    assert await version(database, network_id) == number
