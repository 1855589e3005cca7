"""A small network with something on every page of the console, of one's own buyer and of a foreign one."""

from datetime import timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import insert, update

from leadback.access.tables import api_key
from leadback.catalog.alias_actions import create_alias
from leadback.catalog.own_ratios import Written, create_own_ratio
from leadback.catalog.vocabulary import ListedAlias
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.failed_model import FailedSelection, RerunOptions
from leadback.leads.rerun import rerun
from leadback.leads.update import Updates
from leadback.parties.tables import buyer, buyer_contract
from tests.leads.test_rerun import Buyer
from tests.leads.test_update import call, caller_with
from tests.support.changes import who
from tests.support.seed import Seeded, seed_network, seed_sale

OWN: Final = "Clearwater Own"
FOREIGN: Final = "Zyxwort Foreign"
FOREIGN_CONTRACT: Final = "Zyxwort Gold"
FOREIGN_LEAD: Final = "ZYXWORT77"
FOREIGN_SIGNS: Final = ("zyxwort", "zyx key")
"""What stands only on pages that tell something of the foreign buyer."""


class Lively(msgspec.Struct, frozen=True):
    """The network, and by number a return that waits, a call that failed and a run of either buyer."""

    seeded: Seeded
    own_returned_id: int
    foreign_returned_id: int
    own_failed_id: int
    foreign_failed_id: int
    own_run_id: int
    foreign_run_id: int


async def make_lively(database: Database, network_id: int) -> Lively:
    """Buyer 10 and buyer 11, both with sales, updates, failed updates, returns and a run."""
    seeded = await seed_network(database, network_id)
    await _name(database, network_id)
    async with database.transaction(network_id) as connection:
        written = Written(label="Funded of updated", numerator="status:2", denominator="updated", shown_as="percent")
        await create_own_ratio(connection, network_id, written, **who())
    foreign: dict[str, Any] = {"buyer_id": 11, "buyer_contract_id": 300, "campaign_id": 7}
    await seed_sale(database, network_id, "OWN1", sub_id_1="fb1")
    await seed_sale(database, network_id, FOREIGN_LEAD, sub_id_1="fb1", **foreign)
    own_ids, foreign_ids = {}, {}
    for number in range(2, 12):
        sold_at = now() - timedelta(days=number)
        own_ids[number] = await seed_sale(database, network_id, f"OWN{number}", sold_at=sold_at, sub_id_1="fb1")
        foreign_ids[number] = await seed_sale(database, network_id, f"ZYXWORT{number}", sold_at=sold_at, **foreign)
    await _report(database, seeded, seeded.key, "OWN")
    await _report(database, seeded, seeded.other_key, "ZYXWORT")
    own_run_id = await _run(database, seeded, seeded.key, "OWN", OWN)
    foreign_run_id = await _run(database, seeded, seeded.other_key, "ZYXWORT", FOREIGN)
    failed_ids = []
    for key, lead_id in ((seeded.key, "OWN1"), (seeded.other_key, FOREIGN_LEAD)):
        teller = Buyer(database, msgspec.structs.replace(seeded, key=key))
        failed_ids.append(await teller.fails(lead_id, status=f"funded {lead_id.lower()}", buyer_contract_id=0))
        await teller.updates.close()
    return Lively(
        seeded,
        own_returned_id=own_ids[3],
        foreign_returned_id=foreign_ids[3],
        own_failed_id=failed_ids[0],
        foreign_failed_id=failed_ids[1],
        own_run_id=own_run_id,
        foreign_run_id=foreign_run_id,
    )


async def _name(database: Database, network_id: int) -> None:
    async with database.transaction(network_id) as connection:
        for buyer_id, name in ((10, OWN), (11, FOREIGN)):
            chosen = (buyer.c.network_id == network_id) & (buyer.c.buyer_id == buyer_id)
            await connection.execute(update(buyer).where(chosen).values(name=name))
        # A field of the seed's catalog is for this buyer alone.
        await connection.execute(insert(buyer).values(network_id=network_id, buyer_id=99, name="Third"))
        chosen = (buyer_contract.c.network_id == network_id) & (buyer_contract.c.buyer_contract_id == 300)
        await connection.execute(update(buyer_contract).where(chosen).values(name=FOREIGN_CONTRACT))
        chosen = (api_key.c.network_id == network_id) & (api_key.c.buyer_id == 11)
        await connection.execute(update(api_key).where(chosen).values(shown_as="zyx key"))


async def _report(database: Database, seeded: Seeded, key: str, prefix: str) -> None:
    caller, updates = caller_with(key), Updates(database)
    said: list[tuple[str, dict[str, Any]]] = [
        ("2", {"status": "Contacted", "sub_status": "By phone"}),
        ("2", {"status": "Funded", "fields": (("loan_amount", "250.75"),)}),
        ("3", {"return_reason_id": 1}),
        ("4", {"return_reason_id": 2}),
    ]
    for number, given in said:
        outcome = await updates.submit(call(caller, f"{prefix}{number}", buyer_contract_id=0, **given))
        assert outcome.answer.success, outcome
    await updates.close()


async def _run(database: Database, seeded: Seeded, key: str, prefix: str, name: str) -> int:
    """A word that was not understood, and is now: its call was run again."""
    teller = Buyer(database, msgspec.structs.replace(seeded, key=key))
    await teller.fails(f"{prefix}5", status="paid out", buyer_contract_id=0)
    await teller.updates.close()
    async with database.transaction(seeded.network_id) as connection:
        listed = ListedAlias(buyer=name, status="paid out", as_status="Funded")
        await create_alias(connection, seeded.network_id, listed, **who())
        buyer_id = 10 if name == OWN else 11
        done = await rerun(connection, seeded.network_id, FailedSelection(buyer_id=buyer_id), RerunOptions(), **who())
    assert done.run_id is not None
    return done.run_id
