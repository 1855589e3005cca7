"""`leadback returns …`, run as its users run it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from leadback.kit.clock import now
from leadback.kit.database import Database
from tests.leads.test_returns import buyer_says, owed
from tests.support.importing import import_rows
from tests.support.program import Program
from tests.support.recompute import check_ledger, check_numbers
from tests.support.seed import Seeded, read_ledger, read_sale, seed_network, seed_sale

pytestmark = pytest.mark.anyio


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    return await seed_network(database, network_id)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("credit",), "Give the sales by --sale ID, or one by --lead LEAD_ID."),
        (("credit", "--sale", "1", "--lead", "A1"), "Give the sales by --sale ID, or one by --lead LEAD_ID."),
        (("credit", "--sale", "1", "--contract", "Contract 217"), "--contract and --buyer go with --lead"),
        (("credit", "--lead", "A1"), "There is no sale of a lead 'A1'."),
        (
            ("credit", "--lead", "A1", "--contract", "Gold"),
            "There is no sale of a lead 'A1' to this contract",
        ),
        (("credit", "--lead", "A1", "--buyer", "Nobody"), "There is no buyer 'Nobody'. There are: Buyer 10, Buyer 11"),
        (("credit", "--sale", "1", "--note", "x" * 1001), "The note has 1001 characters; at most 1000 are allowed."),
        (("reject", "--sale", "1", "--note", " "), "Say why in the note"),
        (
            ("submit", "--sale", "1", "--reason", "Bored"),
            "There is no return reason 'Bored'. There are: Invalid",
        ),
        (("submit", "--sale", "1", "--reason", "Retired"), "There is no active return reason 3. There are: 1 (Invalid"),
        (("list", "--state", "gone"), "There is no return state 'gone'. There are: submitted, credited, replaced"),
        (("list", "--limit", "0"), "A page has 1 to 1000 rows, not 0."),
        (("list", "--after", "x"), "The page token 'x' is not of this list"),
        (("list", "--sold-from", "1/2/2026"), "--sold-from '1/2/2026' is not a date such as 2026-12-31"),
        (("list", "--contract", "Gold"), "There is no contract 'Gold'."),
        (("disagreements", "--from", "2026-02-02", "--to", "2026-02-01"), "The first day, 2026-02-02, is after"),
    ],
)
@pytest.mark.usefixtures("seeded")
async def test_it_refuses_and_says_what_is_allowed(program: Program, arguments: tuple[str, ...], says: str) -> None:
    said = program.run("returns", *arguments, exit_code=2)
    assert said.stdout == ""
    assert says in said.stderr


@pytest.mark.usefixtures("seeded")
async def test_an_empty_queue_is_empty(program: Program) -> None:
    said = program.run("returns", "list").stdout
    assert said == "0 submitted, 0 credited, 0 replaced, 0 rejected\n"
    assert program.run("returns", "owed").stdout == "No return has been replaced yet.\n"
    assert program.json("returns", "list")["returns"] == []


async def test_a_queue_is_worked_through(database: Database, network_id: int, seeded: Seeded, program: Program) -> None:
    """Given back, looked at, decided one way or another, each step seen in the report and in the list."""
    ids = [await seed_sale(database, network_id, f"A{number}") for number in range(5)]
    for number in range(3):
        await buyer_says(database, seeded, f"A{number}", return_reason_id=1, amount=Decimal(0), add_to_existing=False)
    submitted = program.run("returns", "submit", "--lead", "a3", "--reason", "Duplicate", "--note", "They called")
    assert submitted.stderr == "1 submitted.\n"
    listed = program.json("returns", "list", "--state", "submitted")
    assert listed["counts"] == {"submitted": 4, "credited": 0, "replaced": 0, "rejected": 0}
    assert [(row["sale_id"], row["amount_with_return"], row["revenue_before"]) for row in listed["returns"]] == [
        (ids[0], True, "25.0000"),
        (ids[1], True, "25.0000"),
        (ids[2], True, "25.0000"),
        (ids[3], False, "25.0000"),
    ]
    first, *_, last = program.run("returns", "list").stdout.split("\n\n")[1:]
    assert first.startswith(f"submitted  sale {ids[0]} · lead A0 · Buyer 10, Contract 217\n")
    assert "Invalid phone, given back 20" in first and "for 25.00, to be returned until 20" in first
    assert "revenue 25.00 → 0.00 USD, came with the return\n" in first
    assert "the buyer gives back 0.0% of its sales, 4 pending" in first
    assert "revenue 25.00 USD\n" in last and "“They called” command line, 20" in last

    credited = program.json("returns", "credit", "--sale", str(ids[0]), "--note", "Fair")
    assert credited == [{"sale_id": ids[0], "state": "credited", "revenue": "0.0000", "refusal": None}]
    replaced = program.run("returns", "replace", "--lead", "A1", "--contract", "Contract 217", "--buyer", "Buyer 10")
    assert replaced.stdout == f"sale {ids[1]}: replaced, revenue 0.00\n"
    some = program.run(
        *("returns", "reject", "--sale", str(ids[2]), "--sale", str(ids[4]), "--sale", str(ids[0])),
        *("--note", "Reached", "--restore-revenue"),
        exit_code=1,
    )
    assert some.stderr == "1 rejected, 2 refused.\n"
    assert some.stdout.splitlines() == [
        f"sale {ids[2]}: rejected, revenue 25.00",
        f"sale {ids[4]}: refused. It is not returned, and cannot be rejected.",
        f"sale {ids[0]}: refused. Its return is credited; only a submitted one can be rejected.",
    ]
    zeroed = program.json("returns", "credit", "--sale", str(ids[3]), "--zero-revenue", "on")
    assert (zeroed[0]["state"], zeroed[0]["revenue"]) == ("credited", "0.0000")

    report = program.json("report", "lead-status")
    assert report["totals"]["returns"] == {"submitted": 0, "credited": 2, "replaced": 1, "rejected": 1}
    assert Decimal(report["totals"]["revenue"]) == 50
    (row,) = program.json("returns", "list", "--state", "rejected")["returns"]
    assert [note["note"] for note in row["notes"]] == ["Reached"]
    assert row["buyer_returns"] == {
        "sales": 5,
        "submitted": 0,
        "credited": 2,
        "replaced": 1,
        "return_rate": "0.6000",
    }
    assert program.json("returns", "owed") == [
        {
            "buyer_contract_id": 217,
            "buyer_contract": "Contract 217",
            "buyer_id": 10,
            "buyer": "Buyer 10",
            "returns_owed": 1,
            "replaced": 1,
            "delivered": 0,
        }
    ]
    await check_numbers(database, network_id)
    assert await check_ledger(database, network_id) == 8
    notes = [row["note"] for row in await read_ledger(database, network_id, ids[3])]
    assert notes == ["They called", None]


@pytest.mark.usefixtures("seeded")
async def test_a_replacement_that_came_is_no_longer_owed(database: Database, network_id: int, program: Program) -> None:
    await import_rows(database, network_id, {"sale_ref": "R1", "return_reason_id": "1"})
    program.run("returns", "replace", "--lead", "A1")
    assert await owed(database, network_id) == 1
    await import_rows(database, network_id, {"lead_id": "B1", "sold_price": "", "replaces_sale_ref": "R1"})
    (row,) = program.json("returns", "owed")
    assert (row["returns_owed"], row["replaced"], row["delivered"]) == (0, 1, 1)
    assert "Contract 217" in program.run("returns", "owed").stdout


@pytest.mark.usefixtures("seeded")
async def test_a_lead_sold_more_than_once_needs_its_sale(database: Database, network_id: int, program: Program) -> None:
    sold = now() - timedelta(days=1)
    first = await seed_sale(database, network_id, "A1", sold_at=sold, return_state="rejected", return_reason_id=1)
    second = await seed_sale(
        database, network_id, "A1", sold_at=sold + timedelta(hours=1), buyer_contract_id=218, first_of_lead=False
    )
    said = program.run("returns", "submit", "--lead", "A1", "--reason", "Duplicate", exit_code=2).stderr
    assert f"--sale {first} (Contract 217, " in said and ", rejected);" in said
    assert f"--sale {second} (Contract 218, " in said and said.endswith(", not returned)\n")
    program.run("returns", "submit", "--lead", "A1", "--contract", "Contract 218", "--reason", "Duplicate")
    assert (await read_sale(database, network_id, second)).return_state == "submitted"
    assert (await read_sale(database, network_id, first)).return_state == "rejected"


async def test_sales_whose_return_and_revenue_disagree_are_found(
    database: Database, network_id: int, seeded: Seeded, program: Program
) -> None:
    kept = await seed_sale(database, network_id, "A1")
    gone = await seed_sale(database, network_id, "A2")
    await seed_sale(database, network_id, "A3", revenue=Decimal(0), sold_price=Decimal(0))
    await buyer_says(database, seeded, "A1", return_reason_id=1)
    await buyer_says(database, seeded, "A2", amount=Decimal(0), add_to_existing=False)
    said = program.run("returns", "credit", "--lead", "A1").stderr
    assert "1 credited with revenue above zero; `leadback returns disagreements` lists such sales." in said
    found = program.json("returns", "disagreements")
    assert [(row["sale_id"], row["disagreement"], row["revenue"]) for row in found["sales"]] == [
        (kept, "credited, revenue above zero", "25.0000"),
        (gone, "revenue gone, not returned", "0.0000"),
    ]
    assert found["count"] == 2
    assert " · revenue gone, not returned\n" in program.run("returns", "disagreements").stdout
    assert program.json("returns", "disagreements", "--from", "2020-01-01", "--to", "2020-12-31")["count"] == 0
