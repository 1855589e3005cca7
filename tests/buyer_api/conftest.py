"""The buyer API over the real write path."""

from collections.abc import AsyncIterator

import pytest

from leadback.buyer_api.application import BuyerApi
from leadback.kit.database import Database
from leadback.kit.settings import Settings
from leadback.kit.tokens import make_key
from leadback.leads.update import Updates
from tests.buyer_api.buyer import Buyer
from tests.buyer_api.golden_files import change
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


@pytest.fixture
def buyer(database: Database, api: BuyerApi, seeded: Seeded) -> Buyer:
    """Buyer 10, who has contracts 217 and 218."""
    return Buyer(database, api, seeded.network_id, seeded.key)


@pytest.fixture
def other(database: Database, api: BuyerApi, seeded: Seeded) -> Buyer:
    """Buyer 11, who has contract 300 and accepts keyless calls from 192.0.2.0/24."""
    return Buyer(database, api, seeded.network_id, seeded.other_key)


@pytest.fixture
def stranger(database: Database, api: BuyerApi, seeded: Seeded) -> Buyer:
    """Somebody with a key of the right form that is nobody's."""
    return Buyer(database, api, seeded.network_id, make_key(seeded.network_id))


@pytest.fixture
async def keyless(database: Database, api: BuyerApi, seeded: Seeded) -> AsyncIterator[Buyer]:
    """Somebody without a key in buyer 11's network, at the host name that calls name."""
    network_id = seeded.network_id
    await change(database, network_id, "UPDATE network SET host_name = 'leads.example.com'")
    yield Buyer(database, api, network_id, "")
    # The next test's network takes it.
    await change(database, network_id, "UPDATE network SET host_name = NULL")
