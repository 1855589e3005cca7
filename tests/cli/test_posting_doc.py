"""`leadback posting-doc`."""

from pathlib import Path

import pytest

from tests.support.program import Program

HTML = "<!doctype html>"
MARKDOWN = "# Reporting leads to "


@pytest.fixture
def buyer(program: Program) -> str:
    """The name of a buyer that can be sold to."""
    program.run("vertical", "create", "--name", "Payday")
    program.run("buyer", "create", "--name", "Best Buyer", "--buyer-id", "70")
    program.run("contract", "create", "--name", "Gold", "--buyer", "Best Buyer", "--vertical", "Payday")
    return "Best Buyer"


def test_it_refuses_a_buyer_that_is_not_there(program: Program, buyer: str) -> None:
    for name in ("Nobody", "71", "best buyer"):
        assert f"There is no buyer '{name}'" in program.run("posting-doc", "--buyer", name, exit_code=2).stderr


def test_it_refuses_a_buyer_to_which_nothing_can_be_sold(program: Program) -> None:
    program.run("buyer", "create", "--name", "New Buyer")
    assert "has no contract yet" in program.run("posting-doc", "--buyer", "New Buyer", exit_code=2).stderr


@pytest.mark.parametrize(
    "url", ["leads.example.com", "ftp://leads.example.com", "https://", "https://a b", "https://é"]
)
def test_it_refuses_what_is_no_address(program: Program, buyer: str, url: str) -> None:
    told = program.run("posting-doc", "--buyer", buyer, "--url", url, exit_code=2).stderr
    assert f"{url!r} is not an address such as https://leads.example.com" in told


def test_a_buyer_is_meant_by_its_name_or_its_id(program: Program, buyer: str) -> None:
    by_name = program.run("posting-doc", "--buyer", buyer).stdout
    assert by_name.startswith(MARKDOWN)
    assert program.run("posting-doc", "--buyer", "70").stdout == by_name
    # A name that looks like the id of another is still a name.
    program.run("buyer", "create", "--name", "70")
    assert "has no contract yet" in program.run("posting-doc", "--buyer", "70", exit_code=2).stderr


def test_the_address_is_the_one_given_else_the_one_configured_else_the_one_served(program: Program, buyer: str) -> None:
    document = ("posting-doc", "--buyer", buyer)
    own = program.run(*document)
    assert "`http://127.0.0.1:8400/buyers/api/1/leads.asmx/UpdateLead`" in own.stdout
    assert "only this machine reaches http://127.0.0.1:8400" in own.stderr
    configured = Program(program.environment | {"LEADBACK_PUBLIC_URL": "https://leads.example.com/"})
    done = configured.run(*document)
    assert "`https://leads.example.com/buyers/api/1/leads.asmx?WSDL`" in done.stdout
    assert done.stderr == ""
    given = configured.run(*document, "--url", "https://other.example.com:8443/leadback").stdout
    assert "`https://other.example.com:8443/leadback/buyers/api/1/leads.asmx/UpdateLead`" in given
    assert "leads.example.com" not in given
    assert "can be read on their way" in program.run(*document, "--url", "http://leads.example.com").stderr


def test_a_file_is_what_it_is_called(program: Program, buyer: str, tmp_path: Path) -> None:
    document = ("posting-doc", "--buyer", buyer, "--output")
    for name, start in (("a.md", MARKDOWN), ("a.html", HTML), ("a.HTM", HTML), ("a", MARKDOWN)):
        done = program.run(*document, str(tmp_path / name))
        assert done.stdout == ""
        assert f"The document is in {tmp_path / name}." in done.stderr
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)
    program.run(*document, str(tmp_path / "a.md"), "--format", "html")
    assert (tmp_path / "a.md").read_text(encoding="utf-8").startswith(HTML)
    assert "cannot be written" in program.run(*document, str(tmp_path / "no" / "a.md"), exit_code=2).stderr


def test_it_never_holds_a_key(program: Program, buyer: str) -> None:
    key = program.json("key", "create", "--buyer", buyer)["key"]
    for form in ("markdown", "html"):
        told = program.run("posting-doc", "--buyer", buyer, "--format", form).stdout
        assert "YOUR-API-KEY" in told
        assert "lbk_" not in told
        assert key not in told
