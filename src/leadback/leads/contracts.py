"""Opening a buyer contract, with the standing test sale on which its buyer's developers try their calls."""

from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.leads import ingest_store
from leadback.networks.model import Actor
from leadback.parties.actions import create_contract

STANDING_LEAD_PREFIX: Final = "TEST"


def standing_lead_id(buyer_contract_id: int) -> str:
    """The test lead of a contract."""
    return f"{STANDING_LEAD_PREFIX}{buyer_contract_id}"


async def open_contract(
    connection: AsyncConnection,
    network_id: int,
    *,
    name: str,
    buyer_id: int,
    vertical_id: int,
    buyer_contract_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> int:
    """A new contract and the sale of its test lead, `TEST` and its id; the contract's id, made where none is given.

    A lead that has this id already is left alone.
    """
    contract_id = await create_contract(
        connection,
        network_id,
        name=name,
        buyer_id=buyer_id,
        vertical_id=vertical_id,
        buyer_contract_id=buyer_contract_id,
        actor=actor,
        now=now,
    )
    await ingest_store.insert_standing_sale(
        connection,
        network_id,
        lead_id=standing_lead_id(contract_id),
        buyer_id=buyer_id,
        buyer_contract_id=contract_id,
        now=now,
    )
    return contract_id
