"""`leadback init` and `leadback migrate`."""

import json
from pathlib import Path

from sqlalchemy import make_url

from tests.support.program import Program, fresh_program


def test_it_refuses_what_makes_no_network(server_program: Program) -> None:
    def refusal(name: str, time_zone: str, currency: str) -> str:
        arguments = ("--network", name, "--time-zone", time_zone, "--currency", currency)
        done = server_program.run("init", *arguments, exit_code=2)
        assert done.stdout == ""
        return done.stderr

    assert "'Mars/Olympus' is not known; give one such as America/New_York" in refusal("Acme", "Mars/Olympus", "USD")
    assert "three capital letters" in refusal("Acme", "UTC", "dollar")
    assert "the network's name is empty" in refusal("", "UTC", "USD").lower()


def test_a_typing_error_leaves_no_database_behind() -> None:
    with fresh_program() as program:
        program.run("init", "--network", "Acme", "--time-zone", "UTC", "--currency", "usd", exit_code=2)
        assert not Path(program.environment["LEADBACK_DATA_DIR"]).exists()
        assert "Make one: leadback init" in program.run("list", "buyers", exit_code=2).stderr


def test_it_makes_a_database_and_a_network_once() -> None:
    with fresh_program() as program:
        arguments = ("init", "--time-zone", "America/New_York", "--currency", "USD", "--network", "Acme Leads")
        made = json.loads(program.run_apart(*arguments, "--format", "json").stdout)
        assert made.pop("owner_link").startswith("http://127.0.0.1:8400/welcome/1/")
        assert made == {"network_id": 1, "name": "Acme Leads", "time_zone": "America/New_York", "currency": "USD"}
        again = program.run_apart(*arguments, exit_code=2)
        assert again.stderr == "leadback: There is a network 'Acme Leads' already, with the id 1.\n"
        assert program.json("list", "buyers") == []
        assert "The schema is current (" in program.run("migrate").stderr


def test_another_network_is_made_beside_the_first(server_program: Program, program: Program) -> None:
    name = f"beside {program.environment['LEADBACK_NETWORK']}"
    made = server_program.json("init", "--network", name, "--time-zone", "UTC", "--currency", "EUR")
    assert "set LEADBACK_NETWORK to one of: " in server_program.run("list", "buyers", exit_code=2).stderr
    beside = Program(program.environment | {"LEADBACK_NETWORK": name})
    assert beside.json("network", "show")["network_id"] == made["network_id"]


def test_without_the_owner_the_schema_is_only_checked(server_program: Program, database_url: str) -> None:
    assert "The schema is current (" in server_program.run("migrate").stderr
    bare = Program(server_program.environment | {"LEADBACK_MIGRATION_DATABASE_URL": ""})
    assert "LEADBACK_MIGRATION_DATABASE_URL is needed" in bare.run("migrate").stderr
    elsewhere = make_url(database_url).set(database="nowhere").render_as_string(hide_password=False)
    lost = Program(bare.environment | {"LEADBACK_DATABASE_URL": elsewhere})
    assert "The database cannot be reached" in lost.run("migrate", exit_code=2).stderr
