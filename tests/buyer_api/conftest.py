"""The buyer API over the real write path."""

from collections.abc import AsyncIterator

import pytest

from leadback.buyer_api.application import BuyerApi
from leadback.kit.database import Database
from leadback.kit.settings import Settings
from leadback.leads.update import Updates
from tests.support.seed import Seeded, seed_network


@pytest.fixture
async def updates(database: Database) -> AsyncIterator[Updates]:
    """The write path, nobody held back."""
    opened = Updates(database)
    yield opened
    await opened.close()


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    """A network with buyers 10 and 11 and a catalog, and no sales."""
    return await seed_network(database, network_id)


@pytest.fixture
def api(updates: Updates) -> BuyerApi:
    """The buyer API in front of it."""
    return BuyerApi(updates, Settings())
