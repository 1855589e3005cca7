"""Whose lead it is: every buyer, lead, contract, operation and channel, and what each may learn.

2 buyers × 6 leads × 6 contracts × 4 operations × 3 channels = 864 calls. There is no erasure of leads yet: an erased
one is taken out of the database by its owner, with its sale.
"""

from collections import Counter
from itertools import product

import msgspec
import psycopg
import pytest
from sqlalchemy import text

from leadback.kit.database import Database
from leadback.leads.model import Channel
from tests.buyer_api.buyer import Buyer
from tests.buyer_api.calls import SOAP, said
from tests.buyer_api.golden_files import change
from tests.buyer_api.wire import Reply

pytestmark = pytest.mark.anyio

BUYERS = ("one", "other")
LEADS = ("own", "foreign", "multi-sale", "unsold", "unknown", "erased")
CONTRACTS = ("own", "foreign", "0", "unknown", "inactive", "missing")
OPERATIONS = ("UpdateLead", "Return", "GetReturnReasons", "UpdateLeadStatus")
CHANNELS = ("get", "body", "soap")

OWN = {"one": 217, "other": 300}
INACTIVE = {"one": 218, "other": 301}
"""The contracts of each buyer; the second bought the lead that was sold several times, and is inactive since then."""
UNKNOWN_CONTRACT = 999
NOT_TO_BE_TOLD_APART = ("foreign", "unsold", "unknown", "erased")

UPDATED, RETURNED, REASONS = "Lead updated", "Lead returned", "the reasons"
NO_LEAD, NO_CONTRACT, WHICH_CONTRACT = "Invalid Lead ID", "Invalid Buyer Contract", "Buyer Contract Required"
NOT_READ = "a binding error"
NO_SOAP = "a fault"


class Cell(msgspec.Struct, frozen=True):
    """One call of the matrix."""

    buyer: str
    lead: str
    contract: str
    operation: str
    channel: str


Seen = tuple[int, bytes, tuple[tuple[str, str], ...]]

CELLS = [Cell(*names) for names in product(BUYERS, LEADS, CONTRACTS, OPERATIONS, CHANNELS)]


def expected(cell: Cell) -> str:
    """What the rules say of a call, whatever the program does."""
    if cell.operation == "UpdateLeadStatus" and cell.channel == "soap":
        return NO_SOAP
    if cell.operation == "GetReturnReasons":
        return REASONS
    if cell.contract == "missing" and cell.operation != "UpdateLeadStatus" and cell.channel != "soap":
        return NOT_READ
    if cell.lead in NOT_TO_BE_TOLD_APART:
        return NO_LEAD
    bought = {"own"} if cell.lead == "own" else {"own", "inactive"}
    if cell.contract in ("0", "missing"):
        if len(bought) > 1:
            return WHICH_CONTRACT
    elif cell.contract not in bought:
        return NO_CONTRACT
    return RETURNED if cell.operation == "Return" else UPDATED


def lead_of(cell: Cell) -> str:
    """The lead's id: each buyer has one of its own, which is foreign to the other."""
    if cell.lead in ("own", "foreign"):
        return f"OF-{cell.buyer if cell.lead == 'own' else other_of(cell.buyer)}".upper()
    return cell.lead.upper()


def other_of(buyer: str) -> str:
    return "other" if buyer == "one" else "one"


def contract_of(cell: Cell) -> str | None:
    """What is sent as the contract."""
    numbers = {
        "own": OWN[cell.buyer],
        "foreign": OWN[other_of(cell.buyer)],
        "0": 0,
        "unknown": UNKNOWN_CONTRACT,
        "inactive": INACTIVE[cell.buyer],
    }
    return None if cell.contract == "missing" else str(numbers[cell.contract])


def channel_of(cell: Cell, number: int) -> Channel:
    """The wire form: forms and JSON take turns, and so do the versions of SOAP."""
    forms = {"get": [Channel.GET], "body": [Channel.FORM, Channel.JSON], "soap": list(SOAP)}[cell.channel]
    return forms[number // len(CHANNELS) % len(forms)]


def outcome_of(reply: Reply) -> str:
    """What a call came to, in the words of `expected`."""
    if reply.status == 500:
        is_soap = b"Envelope" in reply.body
        return NO_SOAP if is_soap else NOT_READ
    assert reply.status == 200, reply
    told = said(reply)
    if told.reasons is not None:
        return REASONS
    assert told.message is not None
    assert told.success is (told.message in (UPDATED, RETURNED))
    return told.message


async def sell(buyer: Buyer) -> dict[tuple[str, str, str], int]:
    """Every sale that stays, by its lead, whose it is and by which contract; and of two leads one that does not."""
    await change(
        buyer.database,
        buyer.network_id,
        "INSERT INTO buyer_contract (network_id, buyer_contract_id, buyer_id, vertical_id, name)"
        " VALUES (current_setting('app.network_id')::int, 301, 11, 1, 'Contract 301')",
    )
    sales: dict[tuple[str, str, str], int] = {}
    for number, owner in enumerate(BUYERS):
        own = {"buyer_id": 10 + number, "buyer_contract_id": OWN[owner]}
        sales[f"OF-{owner}".upper(), owner, "own"] = await buyer.sold(f"OF-{owner}".upper(), **own)
        sales["MULTI-SALE", owner, "own"] = await buyer.sold("MULTI-SALE", **own, first_of_lead=number == 0)
        inactive = own | {"buyer_contract_id": INACTIVE[owner]}
        sales["MULTI-SALE", owner, "inactive"] = await buyer.sold("MULTI-SALE", **inactive, first_of_lead=False)
    for lead_id in ("UNSOLD", "ERASED"):
        await buyer.sold(lead_id)
    await change(
        buyer.database,
        buyer.network_id,
        "UPDATE buyer_contract SET active = false WHERE buyer_contract_id IN (218, 301)",
    )
    return sales


def take_out(owner_url: str, network_id: int) -> None:
    """Unsold: the sale never was; erased: neither the sale nor the lead is there any more."""
    with psycopg.connect(owner_url) as owner:
        # The owner too sees only the network it names.
        owner.execute("SELECT set_config('app.network_id', %s, true)", [str(network_id)])
        sales = owner.execute(
            "DELETE FROM sale WHERE network_id = %s AND lead_key IN ('UNSOLD', 'ERASED')", [network_id]
        )
        leads = owner.execute("DELETE FROM lead WHERE network_id = %s AND lead_key = 'ERASED'", [network_id])
        assert (sales.rowcount, leads.rowcount) == (2, 1)


async def ask(buyer: Buyer, cell: Cell, number: int) -> Reply:
    """One call of the matrix, which never repeats another one."""
    changes: dict[str, str | None] = {"lead_id": lead_of(cell), "buyer_contract_id": contract_of(cell)}
    if cell.operation in ("UpdateLead", "UpdateLeadStatus"):
        changes["status"] = "Contacted"
    header = (b"idempotency-key", f"call {number}".encode())
    return await buyer.call(channel_of(cell, number), cell.operation, header, **changes)


def assert_nothing_told_apart(replies: dict[Cell, Reply], buyer: str, operation: str, channel: str) -> None:
    """Byte for byte: leads that are none of one's own, and contracts that did not buy the lead that is."""
    leads: set[tuple[Channel, Seen]] = set()
    contracts: set[tuple[Channel, Seen]] = set()
    for number, cell in enumerate(CELLS):
        if (cell.buyer, cell.operation, cell.channel) != (buyer, operation, channel):
            continue
        if cell.lead in NOT_TO_BE_TOLD_APART and expected(cell) != NOT_READ:
            leads.add((channel_of(cell, number), seen(replies[cell])))
        elif cell.lead == "own" and cell.contract in ("foreign", "unknown", "inactive"):
            contracts.add((channel_of(cell, number), seen(replies[cell])))
    for answers in (leads, contracts):
        assert len(answers) == len({form for form, _ in answers}) > 0, (buyer, operation, channel)


def seen(reply: Reply) -> Seen:
    """All that a caller sees of an answer."""
    return reply.status, reply.body, tuple(sorted(reply.headers.items()))


def effects_on(lead_id: str, owner: str, which: str) -> int:
    """How many of the calls are applied to a sale."""
    return sum(
        (lead_of(cell), cell.buyer) == (lead_id, owner) and (lead_id != "MULTI-SALE" or cell.contract == which)
        for cell in CELLS
        if expected(cell) in (UPDATED, RETURNED)
    )


def test_there_are_864_calls() -> None:
    assert len(CELLS) == len(set(CELLS)) == 864
    assert Counter(map(expected, CELLS)) == {
        REASONS: 216,
        NO_SOAP: 72,
        NOT_READ: 48,
        UPDATED: 46,
        RETURNED: 26,
        WHICH_CONTRACT: 24,
        NO_CONTRACT: 80,
        NO_LEAD: 352,
    }


async def test_only_ones_own_lead_with_its_own_contract_succeeds_and_nobody_learns_of_others(
    buyer: Buyer, other: Buyer, migration_database_url: str
) -> None:
    sales = await sell(buyer)
    take_out(migration_database_url, buyer.network_id)
    callers = {"one": buyer, "other": other}
    replies = {cell: await ask(callers[cell.buyer], cell, number) for number, cell in enumerate(CELLS)}
    assert [(cell, outcome) for cell in CELLS if (outcome := outcome_of(replies[cell])) != expected(cell)] == []
    for same in product(BUYERS, OPERATIONS, CHANNELS):
        assert_nothing_told_apart(replies, *same)
    for (lead_id, owner, which), sale_id in sales.items():
        assert len(await buyer.ledger(sale_id)) == effects_on(lead_id, owner, which), (lead_id, owner, which)


async def test_somebody_elses_sale_is_told_by_the_index_alone(database: Database, buyer: Buyer) -> None:
    """Reading its row to see whose it is would take longer than finding none: the time would tell them apart."""
    await buyer.sold()
    async with database.transaction(buyer.network_id) as connection:
        # Over so few rows the planner may take any index; only this one has the order that it cannot sort for then.
        for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
            await connection.execute(text(f"SET LOCAL enable_{way} = off"))
        lock = (
            "SELECT sale_id FROM sale WHERE network_id = :network_id AND lead_key = 'C8097F17' AND buyer_id = 11"
            " ORDER BY buyer_contract_id"
        )
        plan = await connection.execute(
            text(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {lock} FOR UPDATE"), {"network_id": buyer.network_id}
        )
        lines = [line for (line,) in plan]
    assert any("ix_sale_lead" in line for line in lines), lines
    assert any("Index Cond" in line and "buyer_id" in line for line in lines), lines
    assert not any("Rows Removed" in line for line in lines), lines
