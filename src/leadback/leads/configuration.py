"""All that decides about a call of one network, as it stood at one version, read once and kept until the next."""

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.model import ApiKey
from leadback.access.queries import list_keys
from leadback.catalog.model import Catalog
from leadback.catalog.queries import read_catalog
from leadback.networks.model import Network
from leadback.networks.queries import read_network, read_version
from leadback.parties.model import Buyer, BuyerContract
from leadback.parties.queries import list_buyers, list_contracts


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """A network's settings, keys, buyers, contracts and catalog at one version."""

    version: int
    network: Network
    keys: dict[bytes, ApiKey]
    """By digest."""
    buyers: dict[int, Buyer]
    contracts: dict[int, BuyerContract]
    catalog: Catalog


async def read_configuration(connection: AsyncConnection, network_id: int) -> Configuration:
    """The configuration now; the version is read first, so that a change in between is read again next time."""
    version = await read_version(connection, network_id)
    return Configuration(
        version=version,
        network=await read_network(connection, network_id),
        keys={key.digest: key for key in await list_keys(connection, network_id)},
        buyers={buyer.buyer_id: buyer for buyer in await list_buyers(connection, network_id)},
        contracts={contract.buyer_contract_id: contract for contract in await list_contracts(connection, network_id)},
        catalog=await read_catalog(connection, network_id),
    )
