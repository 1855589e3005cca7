"""The statements of returns beside the sales' own: who owes replacements, and which returns an operator decided."""

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.sql import Rows

_IDS: Final = Rows(sale_ids="bigint")
# Through the index that gives the order asked for, as everything an import looks up.
_FIND_REPLACED = text("""
    SELECT found.replaces_sale_id
    FROM unnest(CAST(:sale_ids AS bigint[])) AS row(sale_id)
    CROSS JOIN LATERAL (
        SELECT replaces_sale_id FROM sale WHERE network_id = :network_id AND replaces_sale_id = row.sale_id
        ORDER BY replaces_sale_id OFFSET 0
    ) AS found
""")
_FIND_DECIDED = text("""
    SELECT DISTINCT sale_id FROM lead_update
    WHERE network_id = :network_id AND sale_id = ANY(CAST(:sale_ids AS bigint[])) AND kind = 'return decision'
""")

# The one column of a contract that sales count: nobody sets it, and no decision on an update reads it.
_OWED: Final = Rows(buyer_contract_id="integer", change="integer")
_LOCK_CONTRACTS = text("""
    SELECT buyer_contract_id FROM buyer_contract
    WHERE network_id = :network_id AND buyer_contract_id = ANY (CAST(:contract_ids AS integer[]))
    ORDER BY buyer_contract_id
    FOR NO KEY UPDATE
""")
_CHANGE_RETURNS_OWED = text(f"""
    UPDATE buyer_contract SET returns_owed = returns_owed + row.change
    FROM {_OWED.source}
    WHERE buyer_contract.network_id = :network_id AND buyer_contract.buyer_contract_id = row.buyer_contract_id
""")


async def find_replaced(connection: AsyncConnection, network_id: int, sale_ids: Collection[int]) -> set[int]:
    """Those of these sales that another sale replaces; certain for as long as they are locked."""
    values = _IDS.parameters(zip(sale_ids, strict=True), network_id=network_id)
    return set((await connection.execute(_FIND_REPLACED, values)).scalars())


async def find_decided(connection: AsyncConnection, network_id: int, sale_ids: Collection[int]) -> set[int]:
    """Those of these sales upon whose return an operator decided."""
    values = _IDS.parameters(zip(sale_ids, strict=True), network_id=network_id)
    return set((await connection.execute(_FIND_DECIDED, values)).scalars())


async def change_returns_owed(connection: AsyncConnection, network_id: int, changes: Mapping[int, int]) -> None:
    """Raise or lower how many replacements contracts are owed; nothing where nothing changes.

    Contracts are locked in their order and after the sales, as everybody does who counts them.
    """
    rows = [(contract_id, change) for contract_id, change in sorted(changes.items()) if change]
    if not rows:
        return
    contract_ids = [contract_id for contract_id, _ in rows]
    await connection.execute(_LOCK_CONTRACTS, {"network_id": network_id, "contract_ids": contract_ids})
    await connection.execute(_CHANGE_RETURNS_OWED, _OWED.parameters(rows, network_id=network_id))
