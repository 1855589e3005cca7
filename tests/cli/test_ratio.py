"""`leadback ratio …`."""

from pathlib import Path

from tests.support.program import Program


def test_it_adds_lists_and_removes(program: Program, tmp_path: Path) -> None:
    assert program.json("ratio", "list") == []
    assert program.run("ratio", "list").stdout == "There is none yet.\n"
    file = tmp_path / "catalog.toml"
    file.write_text('[[status]]\nname = "Funded"\nid = 7\n')
    program.run("catalog", "apply", str(file))
    wrong = program.run("ratio", "add", "--label", "Paid", "--numerator", "profit", exit_code=2)
    assert "The numerator 'profit' is no number of the report. There are: sales, leads, updated" in wrong.stderr
    wrong = program.run("ratio", "add", "--label", "Paid", "--numerator", "status:8", exit_code=2)
    assert "There are: status:7 (Funded)." in wrong.stderr
    made = program.json("ratio", "add", "--label", "Paid", "--numerator", "status:7", "--denominator", "updated")
    assert made == {
        "own_ratio_id": 1,
        "label": "Paid",
        "numerator": "status:7",
        "denominator": "updated",
        "shown_as": "percent",
    }
    each = ["--label", "Each", "--numerator", "revenue", "--shown-as", "amount"]
    assert program.run("ratio", "add", *each).stderr == "The ratio has the id 2.\n"
    assert "Funded ÷ Updated, %" in program.run("ratio", "list").stdout
    assert [row["computed"] for row in program.json("ratio", "list")] == [
        "Funded ÷ Updated, %",
        "Revenue ÷ Sales, 2 decimals",
    ]
    assert program.run("ratio", "remove", "1").stderr == "The ratio Paid is removed.\n"
    assert "There is no own ratio with the id 1" in program.run("ratio", "remove", "1", exit_code=2).stderr
