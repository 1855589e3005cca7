"""`leadback import sales`: the command, its files, its exit codes."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from tests.support.program import Program

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
    done = subprocess.run(
        [sys.executable, "-m", "leadback", *command],
        env=program.environment | {"TERM": "xterm"},
        stderr=theirs,
        stdout=subprocess.DEVNULL,
        check=False,
        timeout=120,
    )
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert done.returncode == 0, shown
    assert "sales.csv" in shown and "1 imported" in shown
