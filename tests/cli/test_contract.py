"""`leadback contract …` and `leadback vertical …`."""

from tests.support.program import Program


def test_it_refuses_names_that_are_not_there(program: Program) -> None:
    create = ("contract", "create", "--name", "Gold", "--buyer", "Best Buyer", "--vertical", "Payday")
    assert "There is no buyer 'Best Buyer'" in program.run(*create, exit_code=2).stderr
    program.run("buyer", "create", "--name", "Best Buyer")
    assert "There is no vertical 'Payday'" in program.run(*create, exit_code=2).stderr
    done = program.run("contract", "set", "--contract", "Gold", "--returnable", "off", exit_code=2)
    assert done.stderr == "leadback: There is no contract 'Gold'. There is none yet.\n"


def test_it_makes_and_sets_a_contract(program: Program) -> None:
    program.run("vertical", "create", "--name", "Payday")
    program.run("buyer", "create", "--name", "Best Buyer")
    create = ("contract", "create", "--name", "Gold", "--buyer", "Best Buyer", "--vertical", "Payday")
    assert program.json(*create, "--buyer-contract-id", "217") == {"buyer_contract_id": 217, "name": "Gold"}
    change = ("contract", "set", "--contract", "Gold", "--buyer", "Best Buyer", "--max-return-age-days")
    assert "0 to 3650 days" in program.run(*change, "4000", exit_code=2).stderr
    program.run(
        *change, "10", "--returnable", "off", "--priced-on-outcome", "on", "--name", "Silver", "--active", "off"
    )
    assert program.json("list", "contracts") == [
        {
            "buyer_contract_id": 217,
            "name": "Silver",
            "buyer_id": 1,
            "buyer": "Best Buyer",
            "vertical_id": 1,
            "vertical": "Payday",
            "active": False,
            "returnable": False,
            "max_return_age_days": 10,
            "priced_on_outcome": True,
            "returns_owed": 0,
        }
    ]
