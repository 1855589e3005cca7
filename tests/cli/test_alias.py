"""`leadback alias …`."""

from pathlib import Path

from tests.support.program import Program

CATALOG = """
[[status]]
name = "Funded"
sub_statuses = ["Partial"]
[[field]]
name = "loan_amount"
type = "Number"
"""


def test_it_adds_lists_and_removes(program: Program, tmp_path: Path) -> None:
    assert program.json("alias", "list") == []
    program.run("buyer", "create", "--name", "Acme")
    file = tmp_path / "catalog.toml"
    file.write_text(CATALOG)
    program.run("catalog", "apply", str(file))
    wrong = program.run("alias", "add", "--buyer", "Acme", "--status", "paid", exit_code=2)
    assert "An alias of a status needs as_status" in wrong.stderr
    words = ["--buyer", "Acme", "--status", "paid", "--sub-status", "half"]
    made = program.json("alias", "add", *words, "--as-status", "Funded", "--as-sub-status", "Partial")
    assert made == {
        "alias_id": 1,
        "buyer": "Acme",
        "status": "paid",
        "sub_status": "half",
        "as_status": "Funded",
        "as_sub_status": "Partial",
    }
    done = program.run("alias", "add", "--buyer", "Acme", "--field", "ref", "--ignore")
    assert done.stderr == "The alias has the id 2.\n"
    listed = program.run("alias", "list").stdout
    assert 'Acme: status "paid" / "half"' in listed and "Funded / Partial" in listed
    assert [row["means"] for row in program.json("alias", "list", "--buyer", "Acme")] == ["Funded / Partial", "ignored"]
    assert "There is no buyer 'Nobody'" in program.run("alias", "list", "--buyer", "Nobody", exit_code=2).stderr
    assert program.run("alias", "remove", "2").stderr == 'The alias of Acme: field "ref" is removed.\n'
    assert "There is no alias with the id 2" in program.run("alias", "remove", "2", exit_code=2).stderr
    assert "[[alias]]\n" in program.run("catalog", "export").stdout
