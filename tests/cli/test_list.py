"""`leadback list …`."""

import pytest

from leadback.catalog.apply import apply_plan, plan_vocabulary
from leadback.catalog.vocabulary import read_vocabulary
from leadback.kit.database import Database
from leadback.leads.contracts import open_contract
from leadback.parties.actions import create_buyer
from tests.support.changes import who
from tests.support.program import Program

CATALOG = """
[[status]]
name = "Funded"
id = 42
stage = "funded"
verticals = ["Payday"]
sub_statuses = ["Full Payment", { name = "Partial", id = 12, active = false }]
[[field]]
name = "grade"
type = "List"
values = ["A", "B"]
buyers = ["Best Buyer"]
[[return_reason]]
name = "Invalid phone"
id = 9
"""


def test_it_needs_a_network_that_exists(program: Program) -> None:
    lost = Program(program.environment | {"LEADBACK_NETWORK": "Nowhere"})
    assert "There is no network 'Nowhere'. There are: " in lost.run("list", "buyers", exit_code=2).stderr


def test_what_is_not_there_yet_is_an_empty_list(program: Program) -> None:
    assert program.json("list", "campaigns") == []
    assert program.run("list", "return-reasons").stdout == "There is none yet.\n"


@pytest.fixture
async def filled(database: Database, network_id: int) -> None:
    """A buyer, a contract and a catalog."""
    async with database.transaction(network_id) as connection:
        buyer_id = await create_buyer(connection, network_id, name="Best Buyer", **who())
        vocabulary = read_vocabulary(CATALOG.encode())
        plan = await plan_vocabulary(connection, network_id, vocabulary, deactivate_missing=False)
        await apply_plan(connection, network_id, plan, **who())
        await open_contract(connection, network_id, name="Gold", buyer_id=buyer_id, vertical_id=1, **who())


@pytest.mark.usefixtures("filled")
def test_every_entry_has_its_name_and_its_id(program: Program) -> None:
    (contract,) = program.json("list", "contracts")
    assert (contract["buyer_contract_id"], contract["name"], contract["buyer"]) == (1, "Gold", "Best Buyer")
    assert program.json("list", "statuses") == [
        {
            "status_id": 42,
            "name": "Funded",
            "active": True,
            "meaning": "neutral",
            "stage": "funded",
            "terminal": False,
            "colour": "",
            "verticals": ["Payday"],
            "sub_statuses": [
                {"sub_status_id": 13, "name": "Full Payment", "active": True},
                {"sub_status_id": 12, "name": "Partial", "active": False},
            ],
        }
    ]
    (field,) = program.json("list", "fields")
    assert (field["field_id"], field["name"], field["data_type"]) == (1, "grade", "List")
    assert (field["list_values"], field["buyers"], field["verticals"]) == (["A", "B"], ["Best Buyer"], [])
    assert program.json("list", "return-reasons") == [{"return_reason_id": 9, "name": "Invalid phone", "active": True}]
    table = program.run("list", "statuses").stdout
    assert "Funded" in table
    assert "42" in table
