"""What returns leave to be done: replacements that contracts are owed, and sales whose return and revenue disagree."""

from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.errors import Refused
from leadback.kit.list_queries import Wanted
from leadback.networks.model import Network
from leadback.parties.queries import list_buyers, list_contracts
from leadback.reports.returns_model import ContractReturns, DisagreeingSale, Disagreement, Disagreements
from leadback.reports.returns_sales import read_disagreeing, read_owed

DISAGREEING_ROWS_MAX: Final = 200


async def list_owed(
    connection: AsyncConnection, network_id: int, *, buyer_ids: frozenset[int] | None = None
) -> list[ContractReturns]:
    """Every contract that had returns replaced, the most owed first; of a connection from `Database.snapshot`.

    `buyer_ids`: whose contracts there are for whoever asks; None: everybody's.
    """
    buyers = {item.buyer_id: item.name for item in await list_buyers(connection, network_id)}
    contracts = {item.buyer_contract_id: item.name for item in await list_contracts(connection, network_id)}
    return [
        ContractReturns(**row._mapping, buyer=buyers[row.buyer_id], buyer_contract=contracts[row.buyer_contract_id])
        for row in await read_owed(connection, network_id, buyer_ids)
    ]


async def find_disagreements(
    connection: AsyncConnection,
    network: Network,
    *,
    sold_from: date,
    sold_to: date,
    buyer_ids: frozenset[int] | None = None,
    disagreement: str = "",
    limit: int = DISAGREEING_ROWS_MAX,
    wanted: Wanted | None = None,
) -> Disagreements:
    """Sales of a period that were credited and keep revenue, and those that lost it without being returned.

    Of a connection from `Database.snapshot`; `buyer_ids`: whose sales there are for whoever asks; `disagreement`:
    those that disagree so alone; `wanted`: another part of them than the first, or in another order. Raises `Refused`
    where the days are in the wrong order.
    """
    if sold_from > sold_to:
        raise Refused(f"The first day, {sold_from}, is after the last, {sold_to}.")
    network_id = network.network_id
    buyers = {item.buyer_id: item.name for item in await list_buyers(connection, network_id)}
    contracts = {item.buyer_contract_id: item.name for item in await list_contracts(connection, network_id)}
    rows, count = await read_disagreeing(
        connection,
        network_id,
        sold_from,
        sold_to,
        buyer_ids=buyer_ids,
        disagreement=disagreement,
        wanted=wanted or Wanted(limit=limit),
    )
    sales = []
    for row in rows:
        values = dict(row._mapping) | {"disagreement": Disagreement(row.disagreement)}
        sales.append(
            DisagreeingSale(**values, buyer=buyers[row.buyer_id], buyer_contract=contracts[row.buyer_contract_id])
        )
    return Disagreements(sold_from=sold_from, sold_to=sold_to, sales=sales, count=count)
