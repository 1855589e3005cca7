"""`leadback lead correct`, run as its users run it."""

from decimal import Decimal

import pytest

from leadback.kit.database import Database
from tests.leads.test_returns import buyer_says
from tests.support.program import Program
from tests.support.recompute import check_ledger
from tests.support.seed import Seeded, read_ledger, read_sale, seed_network, seed_sale

pytestmark = pytest.mark.anyio


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    return await seed_network(database, network_id)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Give the sales by --sale ID, or one by --lead LEAD_ID."),
        (("--sale", "999999999", "--add", "5"), "There is no sale 999999999."),
        (("--lead", "A1"), "Nothing would change"),
        (("--lead", "A1", "--add", "5", "--overwrite", "5"), "Give --add or --overwrite, not both"),
        (("--lead", "A1", "--add", "5e1"), "Amount: '5e1' is not an amount such as 1234.50."),
        (("--lead", "A1", "--field", "grade"), "--field is NAME=VALUE, not 'grade'."),
        (("--lead", "A1", "--field", "grade=C"), "Invalid Field Value: grade = 'C'"),
        (("--lead", "A1", "--add", "5", "--version", "2"), "has changed since you looked at it (version 1, not 2)"),
    ],
)
@pytest.mark.usefixtures("seeded")
async def test_it_refuses_and_changes_nothing(
    database: Database, network_id: int, program: Program, arguments: tuple[str, ...], says: str
) -> None:
    sale_id = await seed_sale(database, network_id, "A1")
    said = program.run("lead", "correct", *arguments, exit_code=2)
    assert said.stdout == ""
    assert says in said.stderr
    assert (await read_sale(database, network_id, sale_id)).version == 1


async def test_a_credit_that_left_revenue_is_put_right(
    database: Database, network_id: int, seeded: Seeded, program: Program
) -> None:
    sale_id = await seed_sale(database, network_id, "A1")
    await buyer_says(database, seeded, "A1", return_reason_id=1)
    program.run("returns", "credit", "--lead", "a1", "--zero-revenue", "off")
    assert program.json("returns", "disagreements")["count"] == 1
    done = program.run("lead", "correct", "--lead", "a1", "--overwrite", "0", "--note", "Credited")
    assert done.stdout == f"sale {sale_id}: version 4, revenue 0.00\n"
    assert program.json("returns", "disagreements")["count"] == 0
    row = (await read_ledger(database, network_id, sale_id))[-1]
    assert (row["kind"], row["actor"], row["channel"], row["note"]) == ("correction", "command line", "cli", "Credited")
    arguments = ("--status", "Funded", "--sub-status", "Partial", "--add", "-2.5", "--field", "grade=A")
    told = program.json("lead", "correct", "--sale", str(sale_id), "--version", "4", *arguments)
    assert told == {"sale_id": sale_id, "version": 5, "revenue": "-2.5000", "flags": []}
    sale = await read_sale(database, network_id, sale_id)
    assert (sale.status_id, sale.sub_status_id, sale.revenue) == (2, 2, Decimal("-2.5"))
    assert await check_ledger(database, network_id) == 4
