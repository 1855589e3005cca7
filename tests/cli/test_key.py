"""`leadback key …`."""

from leadback.kit.tokens import key_network
from tests.support.program import Program


def test_it_refuses_a_buyer_that_is_not_there_and_a_key_that_is_none(program: Program) -> None:
    assert "There is no buyer 'Nobody'" in program.run("key", "create", "--buyer", "Nobody", exit_code=2).stderr
    assert "no key with the id 7" in program.run("key", "revoke", "--key-id", "7", exit_code=2).stderr
    assert "--key-id or its --shown-as" in program.run("key", "revoke", exit_code=2).stderr


def test_the_key_is_printed_alone_and_once(program: Program) -> None:
    program.run("buyer", "create", "--name", "Best Buyer")
    done = program.run("key", "create", "--buyer", "Best Buyer")
    key = done.stdout.removesuffix("\n")
    assert str(key_network(key)) == program.environment["LEADBACK_NETWORK"]
    assert key not in done.stderr
    assert "cannot be shown again" in done.stderr
    (listed,) = program.json("key", "list")
    assert key not in str(listed)
    assert key.startswith(listed["shown_as"])
    assert (listed["api_key_id"], listed["buyer"], listed["state"]) == (1, "Best Buyer", "live")


def test_a_new_key_overlaps_the_old_one_until_that_is_revoked(program: Program) -> None:
    program.run("buyer", "create", "--name", "Best Buyer")
    create = ("key", "create", "--buyer", "Best Buyer")
    first = program.json(*create)
    program.json(*create, "--allow-network", "192.0.2.0/24", "--expires-at", "2999-01-31T18:00")
    program.run("key", "revoke", "--shown-as", first["key"])
    one, two = program.json("key", "list", "--buyer", "Best Buyer")
    assert (one["state"], two["state"]) == ("revoked", "live")
    assert (two["allowed_networks"], two["expires_at"]) == (["192.0.2.0/24"], "2999-01-31T23:00:00Z")
    assert "give a moment to come" in program.run(*create, "--expires-at", "2020-01-31", exit_code=2).stderr


def test_a_key_may_do_what_it_is_made_for(program: Program) -> None:
    program.run("buyer", "create", "--name", "Best Buyer")
    create = ("key", "create", "--buyer", "Best Buyer")
    assert "There are: status:write, revenue:write" in program.run(*create, "--scope", "all", exit_code=2).stderr
    program.run(*create, "--scope", "status:write", "--scope", "reasons:read")
    program.run(*create)
    one, two = program.json("key", "list")
    assert (one["scopes"], two["scopes"]) == (["status:write", "reasons:read"], [])
    assert (one["last_used_at"], one["last_used_from"]) == (None, None)
    printed = Program(program.environment | {"COLUMNS": "200"}).run("key", "list").stdout
    assert "status:write, reasons:read" in printed and "everything" in printed and printed.count("never") == 2
