"""`leadback check`: what it prints, and the exit code by which a script knows."""

import re

import psycopg
import pytest

from leadback.kit.database import Database
from tests.support.lived import live
from tests.support.program import Program
from tests.support.server import Addresses

pytestmark = pytest.mark.anyio


def test_it_refuses_a_network_that_is_not_there(program: Program) -> None:
    done = Program(program.environment | {"LEADBACK_NETWORK": "nobody"}).run("check", exit_code=2)
    assert (done.stdout, "There is no network 'nobody'" in done.stderr) == ("", True)


async def test_it_says_in_one_line_what_it_checked(database: Database, network_id: int, program: Program) -> None:
    await live(database, network_id)
    done = program.run("check")
    line = r"Checked 8 sales, 15 ledger rows and \d+ report cells in \d+\.\d s: no difference\.\n"
    assert re.fullmatch(line, done.stdout)
    assert done.stderr == ""
    said = program.json("check")
    assert said | {"seconds": 0, "rollup_cells": 0} == {
        "sales": 8,
        "ledger_rows": 15,
        "rollup_cells": 0,
        "difference_count": 0,
        "differences": [],
        "seconds": 0,
    }


async def test_it_lists_what_differs_and_exits_with_one(
    database: Database, network_id: int, program: Program, addresses: Addresses
) -> None:
    lived = await live(database, network_id)
    with psycopg.connect(addresses.superuser, autocommit=True) as connection:
        connection.execute(
            "UPDATE sale SET update_count = 5, return_state = NULL WHERE network_id = %s AND sale_id = %s",
            (network_id, lived.sale_ids["R5"]),
        )
    lines = program.run("check", "--differences-max", "2", exit_code=1).stdout.splitlines()
    sale = f"lead A4, sale {lived.sale_ids['R5']}"
    assert lines[:3] == [
        f"{sale}: return_state should be replaced, is nothing",
        f"{sale}: update_count should be 0, is 5",
        "… and 10 more; --differences-max lists more of them.",
    ]
    assert re.fullmatch(r"Checked 8 sales, .*: 12 differences\.", lines[3])
    said = program.run("check", "--format", "json", exit_code=1).stdout
    assert f'"sale_id": {lived.sale_ids["R5"]}' in said
    assert program.run("check", "--differences-max", "0", exit_code=2).stdout == ""
