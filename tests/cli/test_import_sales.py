"""`leadback import sales`: the command, its files, its exit codes."""

import contextlib
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from leadback.kit.database import Database
from leadback.leads.update import Updates
from tests.leads.test_update import call, caller_with
from tests.support.program import Program

pytestmark = pytest.mark.anyio

HEADER = "lead,sold_at,sold_price,payout,vertical,buyer,buyer_contract,buyer_contract_id,affiliate,campaign"
ROWS = [
    "A1,2026-03-10,25,10,Payday,Acme,Payday A,217,Northbeam,Search",
    "A2,2026-03-10T13:00,30,10,Payday,Acme,Payday A,217,Northbeam,Search",
    "A3,2026-03-10,much,10,Payday,Acme,Payday A,217,Northbeam,Search",
]


def write(path: Path, *rows: str) -> str:
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return str(path)


def test_it_cannot_import_what_is_not_there(program: Program, tmp_path: Path) -> None:
    done = program.run("import", "sales", str(tmp_path / "no.csv"), exit_code=2)
    assert re.fullmatch(r"leadback: .*no\.csv cannot be read: No such file or directory\.\n", done.stderr)
    assert done.stdout == ""


def test_it_refuses_a_file_without_the_columns_it_needs(program: Program, tmp_path: Path) -> None:
    done = program.run("import", "sales", write(tmp_path / "sales.csv", *ROWS), exit_code=2)
    assert "The file lacks lead_id. Its columns are lead, sold_at, sold_price" in done.stderr
    assert "--map THEIRS=OURS" in done.stderr


def test_it_refuses_options_that_are_no_pairs(program: Program, tmp_path: Path) -> None:
    path = write(tmp_path / "sales.csv", *ROWS)
    for option, value, said in (
        ("--map", "lead", "--map 'lead' is not of the form THEIRS=OURS"),
        ("--set", "=1", "--set '=1' is not of the form OURS=VALUE"),
    ):
        assert said in program.run("import", "sales", path, option, value, exit_code=2).stderr
    twice = program.run("import", "sales", path, "--map", "lead=lead_id", "--map", "lead=sale_ref", exit_code=2)
    assert "--map names 'lead' twice" in twice.stderr


def test_it_imports_what_can_be_and_keeps_the_rest_beside_the_file(program: Program, tmp_path: Path) -> None:
    path = write(tmp_path / "sales.csv", *ROWS)
    arguments = ["import", "sales", path, "--map", "lead=lead_id", "--set", "sub_id_1=fb"]
    unknown = program.run(*arguments, exit_code=1)
    assert "3 rows: 0 imported, 0 skipped (in already), 0 corrected, 3 rejected." in unknown.stderr
    done = program.run(*arguments, "--create-missing", exit_code=1)
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "3 rows: 2 imported, 0 skipped (in already), 0 corrected, 1 rejected.",
        "Created: verticals 1, affiliates 1, campaigns 1, buyers 1, buyer contracts 1.",
        f"The rejected rows and their reasons are in {tmp_path / 'sales.rejected.csv'}.",
    ]
    assert (tmp_path / "sales.rejected.csv").read_text().splitlines() == [
        f"{HEADER},line,reason",
        f"{ROWS[2]},4,sold_price: 'much' is not an amount such as 1234.50",
    ]
    (contract,) = program.json("list", "contracts")
    assert (contract["buyer_contract_id"], contract["name"]) == (217, "Payday A")
    again = program.json("import", "sales", write(tmp_path / "sales.csv", *ROWS[:2]), *arguments[3:])
    assert again == {
        "rows": 2,
        "imported": 0,
        "skipped": 2,
        "corrected": 0,
        "rejected": 0,
        "created": {},
        "waiting_updates": 0,
        "rejected_file": None,
        "run_id": None,
    }
    assert not (tmp_path / "sales.rejected.csv").exists()


def test_a_correction_must_be_asked_for(program: Program, tmp_path: Path) -> None:
    path = write(tmp_path / "sales.csv", ROWS[0])
    arguments = ["import", "sales", path, "--map", "lead=lead_id"]
    program.run(*arguments, "--create-missing")
    write(tmp_path / "sales.csv", ROWS[0].replace(",25,", ",26,"))
    assert "1 rejected" in program.run(*arguments, exit_code=1).stderr
    assert "--correct takes the row's" in (tmp_path / "sales.rejected.csv").read_text()
    assert "1 corrected" in program.run(*arguments, "--correct").stderr


def test_a_terminal_sees_how_far_it_is(program: Program, tmp_path: Path) -> None:
    path = write(tmp_path / "sales.csv", ROWS[0])
    ours, theirs = pty.openpty()
    command = ["import", "sales", path, "--map", "lead=lead_id", "--create-missing"]
    done = subprocess.Popen(
        [sys.executable, "-m", "leadback", *command],
        env=program.process_environment | {"TERM": "xterm"},
        stderr=theirs,
        stdout=subprocess.DEVNULL,
    )
    os.close(theirs)
    shown = ""
    # Linux ends a terminal that nobody writes to any more with an error.
    with contextlib.suppress(OSError):
        while part := os.read(ours, 65536):
            shown += part.decode(errors="replace")
    os.close(ours)
    assert done.wait(120) == 0, shown
    assert "sales.csv" in shown and "1 imported" in shown


async def test_it_says_how_to_run_updates_that_had_waited(database: Database, program: Program, tmp_path: Path) -> None:
    path = write(tmp_path / "sales.csv", *ROWS[:1])
    program.run("import", "sales", path, "--map", "lead=lead_id", "--create-missing")
    program.run("catalog", "apply", str(catalog_file(tmp_path)))
    key = program.json("key", "create", "--buyer", "Acme")["key"]
    updates = Updates(database)
    for lead_id in ("B1", "B2"):
        await updates.submit(call(caller_with(key), lead_id, status="Funded"))
    await updates.close()
    arrived = write(tmp_path / "sales.csv", ROWS[0].replace("A1", "B1"))
    said = program.run("import", "sales", arrived, "--map", "lead=lead_id").stderr.splitlines()
    assert said[1:] == [
        "1 failed updates had waited for these sales and can be run again.",
        "What that would do: leadback failed-updates rerun --waiting",
        "To do it: leadback failed-updates rerun --waiting --apply",
    ]
    program.run("network", "set", "--rerun-waiting-updates", "on")
    arrived = write(tmp_path / "sales.csv", ROWS[0].replace("A1", "B2"))
    said = program.run("import", "sales", arrived, "--map", "lead=lead_id").stderr.splitlines()
    (run,) = program.json("list", "runs")
    assert said[1:] == [
        "2 failed updates had waited for their sales: 2 applied, 0 not.",
        f"That was run {run['run_id']}; to take it back: leadback undo {run['run_id']} --apply",
    ]


def catalog_file(folder: Path) -> Path:
    path = folder / "catalog.toml"
    path.write_text("[[status]]\nname = 'Funded'\n")
    return path
