"""`leadback lead show`: the story of one lead, told from the ledger."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from leadback.cli.lead_story import tell
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.changes import Changes
from leadback.leads.configuration import read_configuration
from leadback.leads.model import Change
from leadback.leads.returns import reject_returns, submit_return
from leadback.leads.store import lock_sales_by_id
from leadback.networks.model import Actor
from leadback.networks.queries import read_network
from leadback.reports.lead_history import read_lead_history
from tests.leads.test_returns import buyer_says
from tests.support.changes import who
from tests.support.importing import import_rows, read_sales
from tests.support.program import Program
from tests.support.seed import Seeded, read_ledger, seed_network, seed_sale
from tests.support.values import origin

pytestmark = pytest.mark.anyio

SOLD = (now() - timedelta(days=2)).replace(microsecond=0)


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    return await seed_network(database, network_id)


def test_a_lead_that_is_not_there_is_refused(program: Program) -> None:
    assert "There is no lead 'A1'." in program.run("lead", "show", "A1", exit_code=2).stderr


@pytest.mark.usefixtures("seeded")
async def test_another_networks_lead_is_not_there(database: Database, network_id: int, server_program: Program) -> None:
    await seed_sale(database, network_id, "A1")
    made = server_program.run("init", "--network", f"Other {network_id}", "--time-zone", "UTC", "--currency", "USD")
    assert made.returncode == 0
    other = Program(server_program.environment | {"LEADBACK_NETWORK": f"Other {network_id}"})
    assert "There is no lead" in other.run("lead", "show", "A1", exit_code=2).stderr


async def live(database: Database, network_id: int, seeded: Seeded) -> int:
    """A story: reported, returned with its revenue, refused with its revenue back, and returned by an operator."""
    sale_id = await seed_sale(database, network_id, "c8097F17", sub_id_1="fb1", sold_at=SOLD, returnable=True)
    said = {"status": "Funded", "sub_status": "Partial", "fields": (("loan_amount", "1500"), ("note", "[b]x"))}
    await buyer_says(database, seeded, "C8097f17", amount=Decimal("10.5"), add_to_existing=True, **said)
    await buyer_says(
        database,
        seeded,
        "c8097F17",
        return_reason_id=1,
        amount=Decimal(0),
        add_to_existing=False,
        happened_at="2026-03-01",
    )
    await buyer_says(database, seeded, "c8097F17")
    async with database.transaction(network_id) as connection:
        await reject_returns(
            connection, network_id, [sale_id], note="Reached by [phone]", restore_revenue=True, **who()
        )
        await submit_return(connection, network_id, sale_id, return_reason_id=2, **who())
    return sale_id


async def append(
    database: Database, network_id: int, sale_id: int, *, run_id: int | None = None, **changes: Any
) -> None:
    """One more ledger row of the buyer's with flags, a run, or whatever another part of the program writes."""
    async with database.transaction(network_id) as connection:
        pending = Changes(await read_configuration(connection, network_id))
        pending.take(await lock_sales_by_id(connection, network_id, [sale_id]))
        before = pending.sales[sale_id]
        moment = now()
        values: dict[str, Any] = {
            "after": msgspec.structs.replace(before, version=before.version + 1),
            "kind": "update",
            "counts_as_update": True,
            "happened_at": moment,
            "flags": (),
            "field_changes": (),
        }
        sale_changes = changes.pop("sale_changes", None)
        pending.accept(
            Change(before=before, **(values | changes)),
            origin=origin(received_at=moment),
            actor=Actor(kind="buyer", actor_id=10, name="Buyer 10"),
            sale_changes=sale_changes,
            run_id=run_id,
        )
        await pending.write(connection)


def told(said: str) -> list[str]:
    """The lines, their moments and request ids left out."""
    lines = [re.sub(r"20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9:]{5,8}", "AT", line) for line in said.splitlines()]
    return [line for line in lines if not line.strip().startswith("request")]


async def test_it_tells_the_story_step_by_step(
    database: Database, network_id: int, seeded: Seeded, program: Program
) -> None:
    sale_id = await live(database, network_id, seeded)
    said = program.run("lead", "show", "C8097f17").stdout
    assert (
        told(said)
        == f"""\
Lead c8097F17
  campaign    Search · Northbeam · Cash Now
  created     AT
  payout      10.00 USD
  sub ids     fb1 · – · – · – · –

Sale {sale_id} to Buyer 10, Contract 217
  kind        exclusive
  status      Funded / Partial
  revenue     35.50 USD, +10.50 on its price
  loan_amount 1500.0000
  note        [b]x
  return      submitted (Duplicate), given back AT
  updates     3, the last AT

   1  AT  sold for 25.00
   2  AT  Buyer 10 · update by get: UpdateLead
      status      – → Funded
      sub-status  – → Partial
      revenue     25.00 → 35.50  (+10.50)
      loan_amount – → 1500.0000
      note        – → [b]x
   3  AT  Buyer 10 · update by get: UpdateLead
      revenue     35.50 → 0.00  (-35.50)
      return      – → submitted  (Invalid phone)
                  ⚑ amount with return
      happened    AT
   4  AT  Buyer 10 · call that named nothing by get: UpdateLead
                  nothing changed
   5  AT  Ada · return decision by cli: reject return
      revenue     0.00 → 35.50  (+35.50)
      return      submitted → rejected  (Invalid phone)
      said        “Reached by [phone]”
   6  AT  Ada · correction by cli: submit return
      return      rejected → submitted  (Duplicate)

Times are those of America/New_York.""".splitlines()
    )
    sold = SOLD.astimezone(ZoneInfo("America/New_York")).strftime("%Y-%m-%d %H:%M:%S")
    assert f"   1  {sold}  sold for 25.00" in said
    assert "      request     request from 192.0.2.7\n" in said


async def test_json_has_every_step_with_before_and_after(
    database: Database, network_id: int, seeded: Seeded, program: Program
) -> None:
    sale_id = await live(database, network_id, seeded)
    lead = program.json("lead", "show", "c8097f17")
    assert (lead["lead_id"], lead["campaign"], lead["payout"], lead["sub_ids"][0]) == (
        "c8097F17",
        "Search",
        "10.0000",
        "fb1",
    )
    (sale,) = lead["sales"]
    assert (sale["sale_id"], sale["buyer"], sale["buyer_contract"], sale["status"], sale["fields"]) == (
        sale_id,
        "Buyer 10",
        "Contract 217",
        "Funded",
        {"loan_amount": "1500.0000", "note": "[b]x"},
    )
    assert (sale["return_state"], sale["return_reason"], sale["steps_left_out"]) == ("submitted", "Duplicate", 0)
    ledger = await read_ledger(database, network_id, sale_id)
    assert [step["version"] for step in sale["steps"]] == [row["version"] for row in ledger] == [2, 3, 4, 5, 6]
    same = ("kind", "actor", "channel", "operation", "request_id", "counts_as_update", "note", "flags", "status_after")
    for step, row in zip(sale["steps"], ledger, strict=True):
        assert [step[name] for name in same] == [row[name] for name in same]
        assert Decimal(step["revenue_before"]) + Decimal(step["revenue_delta"]) == row["revenue_after"]
        assert datetime.fromisoformat(step["received_at"]) == row["received_at"]
        assert step["address"] == (None if row["address"] is None else str(row["address"]))
    rejected = sale["steps"][3]
    assert (rejected["return_state_before"], rejected["return_reason_before"]) == ("submitted", "Invalid phone")


async def test_both_rows_of_a_possible_duplicate_say_so(
    database: Database, network_id: int, seeded: Seeded, program: Program
) -> None:
    sale_id = await seed_sale(database, network_id, "A1")
    await append(database, network_id, sale_id)
    await append(database, network_id, sale_id)
    await append(database, network_id, sale_id, flags=("possible duplicate", "out of order"))
    await append(database, network_id, sale_id)
    steps = program.json("lead", "show", "A1")["sales"][0]["steps"]
    assert [(step["version"], step["possible_duplicate_of"]) for step in steps] == [
        (2, None),
        (3, 4),
        (4, 3),
        (5, None),
    ]
    said = program.run("lead", "show", "A1").stdout
    assert said.count("⚑ possible duplicate: 3 and 4 say the same") == 2
    assert said.count("⚑ out of order") == 1


async def test_a_run_and_what_an_undo_restores_are_told(
    database: Database, network_id: int, seeded: Seeded, program: Program
) -> None:
    sale_id = await seed_sale(database, network_id, "A1")
    await append(database, network_id, sale_id, run_id=7)
    undo = {
        "kind": "undo",
        "counts_as_update": False,
        "sale_changes": {"update_count": [1, 0], "revenue_set": [True, None]},
    }
    await append(database, network_id, sale_id, run_id=8, **undo)
    said = told(program.run("lead", "show", "A1").stdout)
    assert "      run         7" in said and "      run         8" in said
    assert "      update_count 1 → 0" in said and "      revenue_set true → –" in said


@pytest.mark.usefixtures("seeded")
async def test_what_a_file_brought_cannot_command_the_terminal(
    database: Database, network_id: int, program: Program
) -> None:
    original = {"sale_ref": "R1", "return_reason_id": "1", "return_state": "replaced", "zip\x9b2J": "02\x9b31m\n134"}
    assert (await import_rows(database, network_id, original)).reasons == {}
    replacement = {"lead_id": "B1", "sold_price": "", "replaces_sale_ref": "R1"}
    await import_rows(database, network_id, replacement)
    first, second = [sale["sale_id"] for sale in await read_sales(database, network_id)]
    said = program.run("lead", "show", "A1").stdout
    assert "\x9b" not in said and "  zip�2J      02�31m�134\n" in said
    assert f"  replaced by sale {second} of lead B1\n" in said
    assert "   2  " in said and "sales.csv · import by file: import sales" in said
    assert f"  replaces    sale {first} of lead A1\n" in program.run("lead", "show", "B1").stdout


@pytest.mark.usefixtures("seeded")
async def test_of_a_very_long_history_the_latest_steps_are_told(database: Database, network_id: int) -> None:
    sale_id = await seed_sale(database, network_id, "A1")
    for _ in range(4):
        await append(database, network_id, sale_id)
    async with database.snapshot(network_id) as connection:
        history = await read_lead_history(connection, network_id, "a1", steps_max=3)
        network = await read_network(connection, network_id)
    (sale,) = history.sales
    assert ([step.version for step in sale.steps], sale.steps_left_out) == ([3, 4, 5], 1)
    assert "   … 1 older steps are not shown" in [line.plain for line in tell(history, network)]
