"""`leadback catalog …`."""

from pathlib import Path

import pytest

from tests.support.program import Program

CATALOG = """
[[status]]
name = "Funded"
stage = "funded"
meaning = "positive"
verticals = ["Payday"]
sub_statuses = ["Full Payment"]
[[field]]
label = "Loan amount"
name = "loan_amount"
type = "Number"
summary = "sum"
[[return_reason]]
name = "Invalid phone"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "catalog.toml"
    path.write_text(CATALOG)
    return path


def test_it_refuses_a_file_with_the_place_and_applies_nothing(program: Program, file: Path, tmp_path: Path) -> None:
    assert "cannot be read" in program.run("catalog", "apply", str(tmp_path / "none.toml"), exit_code=2).stderr
    file.write_text(CATALOG + "[[return_reason]]\nname = 'Dead\\n'\n[[status]]\nname = 'Bad '\n")
    done = program.run("catalog", "apply", str(file), exit_code=2)
    assert (done.stdout, done.stderr.startswith("leadback: [[status]] 2: The status's name")) == ("", True)
    assert program.json("list", "statuses") == []


def test_it_prints_the_changes_and_a_dry_run_only_prints(program: Program, file: Path) -> None:
    lines = [
        "+ vertical Payday",
        "+ status Funded",
        "+ sub-status Funded / Full Payment",
        "+ field loan_amount",
        "+ return reason Invalid phone",
    ]
    assert program.run("catalog", "apply", str(file), "--dry-run").stdout.splitlines() == lines
    assert program.json("list", "verticals") == []
    assert program.json("catalog", "apply", str(file)) == {"changes": lines, "notes": [], "applied": True}
    again = program.run("catalog", "apply", str(file), "--deactivate-missing")
    assert (again.stdout, again.stderr) == ("", "Nothing to change.\n")
    assert program.json("catalog", "apply", str(file)) == {"changes": [], "notes": [], "applied": False}


def test_what_it_exports_it_reads_back(program: Program, file: Path, tmp_path: Path) -> None:
    program.run("catalog", "apply", str(file))
    text = program.run("catalog", "export").stdout
    assert '{ name = "Full Payment", id = 1, active = true }' in text
    exported = tmp_path / "exported.toml"
    program.run("catalog", "export", "--output", str(exported))
    assert exported.read_text() == text
    assert program.run("catalog", "apply", str(exported)).stderr == "Nothing to change.\n"
    assert "cannot be written" in program.run("catalog", "export", "--output", str(tmp_path), exit_code=2).stderr


def test_what_the_file_lacks_is_deactivated_when_asked_to(program: Program, file: Path) -> None:
    program.run("catalog", "apply", str(file))
    file.write_text("[[status]]\nname = 'Funded'\nsub_statuses = ['Full Payment']\n")
    assert program.run("catalog", "apply", str(file), "--deactivate-missing").stdout.splitlines() == [
        "- field loan_amount: deactivated",
        "- return reason Invalid phone: deactivated",
    ]
    file.write_text(CATALOG)
    done = program.run("catalog", "apply", str(file))
    assert "Note: field loan_amount is inactive; active = true would activate it" in done.stderr
