"""The network that is measured: its parties by the product's own actions, its sales by one statement a table."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
import psycopg
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.actions import create_key
from leadback.catalog.apply import apply_plan, plan_vocabulary
from leadback.catalog.vocabulary import read_vocabulary
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.embedded import EmbeddedDatabase, embedded_database
from leadback.kit.schema import migrate
from leadback.leads.zone import rebuild_rollups
from leadback.networks.actions import create_network
from leadback.networks.model import COMMAND_LINE
from leadback.parties.actions import (
    create_affiliate,
    create_buyer,
    create_campaign,
    create_contract,
    create_vertical,
    set_buyer,
)
from leadback.parties.settings import BuyerSettings

VOCABULARY: Final = Path(__file__).with_name("vocabulary.toml")
TIME_ZONE: Final = "America/New_York"
BUYERS: Final = 8
CONTRACTS: Final = 2 * BUYERS
AFFILIATES: Final = 20
CAMPAIGNS: Final = 400
DAYS: Final = 30

# Lead 10000000 + n is sold to contract 1 + n % CONTRACTS, and so to buyer 1 + n % BUYERS. Day and campaign go by
# strides that share no factor with their numbers: every campaign sells on every day.
FILL: Final = (
    """
    INSERT INTO lead (network_id, lead_key, lead_id, campaign_id, sub_id_1, created_at, payout)
    SELECT %(network_id)s, 10000000 + number, 10000000 + number, 1 + number * 7919 %% %(campaigns)s,
        'sub ' || number %% 100, now() - number * 104729 %% %(days)s * interval '1 day', 10
    FROM generate_series(CAST(0 AS bigint), %(sales)s - 1) AS number
    """,
    """
    INSERT INTO sale (network_id, sale_ref, lead_key, buyer_id, buyer_contract_id, campaign_id, sub_id_1, sold_at,
        sold_on, sold_price, revenue, payout_share, first_of_lead)
    SELECT network_id, 'S' || lead_key, lead_key, 1 + CAST(lead_key AS integer) %% %(buyers)s,
        1 + CAST(lead_key AS integer) %% %(contracts)s, campaign_id, sub_id_1, created_at,
        CAST(created_at AT TIME ZONE %(time_zone)s AS date), 25, 25, 10, true
    FROM lead WHERE network_id = %(network_id)s
    """,
)


class World(msgspec.Struct, frozen=True):
    """Two databases of one server, alike to the bit: the product works on one, pgbench on the other."""

    app_url: str
    yardstick_url: str
    superuser_url: str
    data_dir: Path
    network_id: int
    sales: int
    keys: tuple[str, ...]
    """One for each buyer, from buyer 1."""


class Made(msgspec.Struct, frozen=True):
    """What a data directory that is kept knows of itself."""

    network_id: int
    sales: int
    keys: tuple[str, ...]


@contextmanager
def prepared(data_dir: Path, sales: int) -> Iterator[World]:
    """The world in a data directory, made where it is new; its server runs for as long as the context is open."""
    record = data_dir / "bench.json"
    with embedded_database(data_dir) as server:
        if not record.exists():
            migrate(server.migration_url)
            made = asyncio.run(_make(server.app_url, sales))
            _fill(server, made)
            asyncio.run(_count(server.app_url, made.network_id))
            _copy(server)
            record.write_bytes(msgspec.json.encode(made))
        made = msgspec.json.decode(record.read_bytes(), type=Made)
        yield World(
            app_url=server.app_url,
            yardstick_url=_named(server.app_url, "yardstick"),
            superuser_url=server.superuser_url,
            data_dir=server.data_dir,
            network_id=made.network_id,
            sales=made.sales,
            keys=made.keys,
        )


async def _make(url: str, sales: int) -> Made:
    """A network with its vocabulary and parties, whose buyers' keys no rate holds back."""
    database = Database(url)
    network_id = await create_network(database, name="Bench", time_zone=TIME_ZONE, currency="USD", now=now())
    async with database.transaction(network_id) as connection:
        vocabulary = read_vocabulary(VOCABULARY.read_bytes())
        plan = await plan_vocabulary(connection, network_id, vocabulary, deactivate_missing=False)
        await apply_plan(connection, network_id, plan, actor=COMMAND_LINE, now=now())
        await _add_sellers(connection, network_id)
        keys = await _add_buyers(connection, network_id)
    await database.close()
    return Made(network_id=network_id, sales=sales, keys=tuple(keys))


async def _add_sellers(connection: AsyncConnection, network_id: int) -> None:
    for number in range(1, AFFILIATES + 1):
        await create_affiliate(connection, network_id, name=f"Affiliate {number}", actor=COMMAND_LINE, now=now())
    for number in range(1, CAMPAIGNS + 1):
        await create_campaign(
            connection,
            network_id,
            name=f"Campaign {number}",
            affiliate_id=1 + number % AFFILIATES,
            actor=COMMAND_LINE,
            now=now(),
        )


async def _add_buyers(connection: AsyncConnection, network_id: int) -> list[str]:
    vertical_id = await create_vertical(connection, network_id, name="Loans", actor=COMMAND_LINE, now=now())
    keys = []
    for number in range(1, BUYERS + 1):
        buyer_id = await create_buyer(connection, network_id, name=f"Buyer {number}", actor=COMMAND_LINE, now=now())
        no_limit = BuyerSettings(rate_per_key=0)
        await set_buyer(connection, network_id, buyer_id, no_limit, actor=COMMAND_LINE, now=now())
        _, key = await create_key(connection, network_id, buyer_id=buyer_id, actor=COMMAND_LINE, now=now())
        keys.append(key)
    for number in range(CONTRACTS):
        await create_contract(
            connection,
            network_id,
            name=f"Contract {1 + number}",
            buyer_id=1 + number % BUYERS,
            vertical_id=vertical_id,
            actor=COMMAND_LINE,
            now=now(),
        )
    return keys


def _fill(server: EmbeddedDatabase, made: Made) -> None:
    values = {
        "network_id": made.network_id,
        "sales": made.sales,
        "campaigns": CAMPAIGNS,
        "days": DAYS,
        "buyers": BUYERS,
        "contracts": CONTRACTS,
        "time_zone": TIME_ZONE,
    }
    with psycopg.connect(server.superuser_url) as connection:
        # What these rows refer to is known to be there; asking for each of them would take most of the time.
        connection.execute("SET session_replication_role = replica")
        for statement in FILL:
            connection.execute(statement, values)


async def _count(url: str, network_id: int) -> None:
    database = Database(url)
    async with database.transaction(network_id) as connection:
        await rebuild_rollups(connection, network_id)
    await database.close()


def _copy(server: EmbeddedDatabase) -> None:
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        # Not the tables that are still empty: counted so, their first rows would be looked for by reading all of them.
        connection.execute("VACUUM ANALYZE lead, sale, lead_status_rollup")
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE yardstick TEMPLATE leadback STRATEGY file_copy OWNER leadback_owner")
        connection.execute("GRANT CONNECT ON DATABASE yardstick TO leadback_app")


def _named(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)
