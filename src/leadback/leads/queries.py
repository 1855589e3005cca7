"""Reading leads, sales and the ledger."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.leads.model import Flag, ReturnStep

_RETURN_STEPS = text("""
    SELECT sale_id, version, received_at, kind, actor, return_state_before AS state_before,
        return_state_after AS state_after, return_reason_after AS return_reason, revenue_before, revenue_after,
        CAST(:flag AS text) = ANY (flags) AS amount_with_return, note
    FROM lead_update
    WHERE network_id = :network_id AND sale_id = ANY (CAST(:sale_ids AS bigint[]))
        AND (return_state_before IS DISTINCT FROM return_state_after
            OR return_reason_id_before IS DISTINCT FROM return_reason_id_after
            OR CAST(:flag AS text) = ANY (flags))
    ORDER BY sale_id, version
""")


async def transaction_status(connection: AsyncConnection, transaction_id: str) -> str | None:
    """`committed`, `aborted` or `in progress`; None where the server no longer, or not yet, knows the transaction."""
    found: str | None = (
        await connection.execute(
            text("SELECT pg_xact_status(CAST(CAST(:xid AS text) AS xid8))"), {"xid": transaction_id}
        )
    ).scalar_one()
    return found


async def ledger_has(connection: AsyncConnection, network_id: int, sale_id: int, version: int, row_hash: bytes) -> bool:
    """Whether exactly this row stands in the ledger."""
    statement = text(
        "SELECT EXISTS (SELECT FROM lead_update WHERE network_id = :network_id AND sale_id = :sale_id"
        " AND version = :version AND hash = :hash)"
    )
    values: dict[str, Any] = {"network_id": network_id, "sale_id": sale_id, "version": version, "hash": row_hash}
    return bool((await connection.execute(statement, values)).scalar_one())


async def read_return_steps(
    connection: AsyncConnection, network_id: int, sale_ids: Collection[int]
) -> dict[int, list[ReturnStep]]:
    """By sale the rows that have to do with its returns, oldest first; a sale without any is not there."""
    values = {"network_id": network_id, "sale_ids": sorted(sale_ids), "flag": str(Flag.AMOUNT_WITH_RETURN)}
    steps: dict[int, list[ReturnStep]] = {}
    for row in await connection.execute(_RETURN_STEPS, values):
        steps.setdefault(row.sale_id, []).append(ReturnStep(**row._mapping))
    return steps


async def sales_of_buyers(
    connection: AsyncConnection, network_id: int, sale_ids: Collection[int], buyer_ids: Collection[int] | None
) -> set[int]:
    """Which of these sales there are, sold to one of these buyers; None: to anybody. A sale's buyer never changes."""
    statement = text("""
        SELECT sale_id FROM sale
        WHERE network_id = :network_id AND sale_id = ANY (CAST(:sale_ids AS bigint[]))
            AND (CAST(:buyer_ids AS integer[]) IS NULL OR buyer_id = ANY (CAST(:buyer_ids AS integer[])))
    """)
    scope = None if buyer_ids is None else sorted(buyer_ids)
    values = {"network_id": network_id, "sale_ids": sorted(sale_ids), "buyer_ids": scope}
    return set((await connection.execute(statement, values)).scalars())


async def find_lead_sales(
    connection: AsyncConnection, network_id: int, lead_id: str, buyer_contract_ids: Collection[int] | None = None
) -> Sequence[Row[Any]]:
    """Id, contract, moment and return state of a lead's sales, oldest first; of some contracts where they are given."""
    statement = text("""
        SELECT sale_id, buyer_contract_id, sold_at, return_state FROM sale
        WHERE network_id = :network_id AND lead_key = :lead_key
            AND (CAST(:contract_ids AS integer[]) IS NULL OR buyer_contract_id = ANY (CAST(:contract_ids AS integer[])))
        ORDER BY sold_at, sale_id
    """)
    contract_ids = None if buyer_contract_ids is None else sorted(buyer_contract_ids)
    values = {"network_id": network_id, "lead_key": lead_id.upper(), "contract_ids": contract_ids}
    return (await connection.execute(statement, values)).all()


async def last_lead_sold_once(connection: AsyncConnection, network_id: int, buyer_id: int) -> str:
    """The lead a buyer bought last of those that nobody else bought: one a call may name without its contract."""
    statement = text("""
        SELECT lead.lead_id FROM sale JOIN lead USING (network_id, lead_key)
        WHERE sale.network_id = :network_id AND sale.buyer_id = :buyer_id AND NOT sale.is_test
        AND sale.sale_type = 'exclusive'
        ORDER BY sale.sold_at DESC LIMIT 1
    """)
    found: str = (await connection.execute(statement, {"network_id": network_id, "buyer_id": buyer_id})).scalar_one()
    return found
