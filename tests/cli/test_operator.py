"""`leadback operator …`: letting people in, and the links they need."""

import json

from tests.support.program import Program


def test_it_refuses_a_role_and_an_address_that_are_none(program: Program) -> None:
    refused = program.run("operator", "add", "--name", "Ada", "--email", "ada", "--role", "owner", exit_code=2)
    assert "no e-mail address" in refused.stderr
    program.run("operator", "add", "--name", "Ada", "--email", "a@b.c", "--role", "boss", exit_code=2)
    assert json.loads(program.run("operator", "list", "--format", "json").stdout) == []


def test_a_link_is_for_the_first_owner_until_there_is_somebody(program: Program) -> None:
    assert "/welcome/" in program.run("operator", "link").stdout
    added = program.run(
        "operator",
        "add",
        "--name",
        "Ada",
        "--email",
        "Ada@example.com",
        "--role",
        "account-manager",
        "--format",
        "json",
    )
    assert "/password/" in json.loads(added.stdout)["link"]
    assert "say whose link" in program.run("operator", "link", exit_code=2).stderr
    assert "no user" in program.run("operator", "link", "--email", "eve@example.com", exit_code=2).stderr
    assert "/password/" in program.run("operator", "link", "--email", "ada@example.com").stdout
    (one,) = json.loads(program.run("operator", "list", "--format", "json").stdout)
    assert (one["email"], one["role"], one["state"]) == ("ada@example.com", "account manager", "invited")
    assert "invited" in program.run("operator", "list").stdout
