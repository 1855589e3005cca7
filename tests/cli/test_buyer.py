"""`leadback buyer …`."""

from tests.support.program import Program


def test_it_refuses_a_buyer_that_is_not_there_and_one_that_is(program: Program) -> None:
    done = program.run("buyer", "set", "--buyer", "Best", "--rate", "5", exit_code=2)
    assert done.stderr == "leadback: There is no buyer 'Best'. There is none yet.\n"
    create = ("buyer", "create", "--name", "Best Buyer")
    assert program.json(*create, "--buyer-id", "217") == {"buyer_id": 217, "name": "Best Buyer"}
    assert "already, with the id 217" in program.run(*create, exit_code=2).stderr
    assert "Nothing to set was given" in program.run("buyer", "set", "--buyer", "Best Buyer", exit_code=2).stderr


def test_it_sets_everything_or_nothing(program: Program) -> None:
    program.run("buyer", "create", "--name", "Best Buyer")
    (before,) = program.json("list", "buyers")
    # The name is refused last, after the settings were written: they are not kept.
    change = (
        *("buyer", "set", "--buyer", "Best Buyer", "--rate", "0", "--lead-statuses", "off", "--active", "off"),
        *("--accept-keyless", "on", "--keyless-until", "2026-12-31", "--retry-guard", "strict"),
        *("--allow-network", "192.0.2.0/24", "--allow-network", "2001:db8::/32", "--name"),
    )
    assert "begins or ends with a blank" in program.run(*change, "Better ", exit_code=2).stderr
    assert program.json("list", "buyers") == [before]
    program.run(*change, "Better Buyer")
    assert program.json("list", "buyers") == [
        before
        | {
            "name": "Better Buyer",
            "active": False,
            "lead_statuses": False,
            "accept_keyless": True,
            "keyless_until": "2026-12-31",
            "keyless_networks": ["192.0.2.0/24", "2001:db8::/32"],
            "rate_per_key": 0,
            "retry_guard": "strict",
        }
    ]


def test_allowed_networks_are_replaced_as_a_list(program: Program) -> None:
    program.run("buyer", "create", "--name", "Best Buyer")
    change = ("buyer", "set", "--buyer", "Best Buyer", "--allow-network")
    program.run(*change, "192.0.2.0/24", "--accept-keyless", "on", "--rate", "5")
    program.run(*change, "198.51.100.0/24", "--rate", "default")
    (after,) = program.json("list", "buyers")
    assert (after["keyless_networks"], after["rate_per_key"]) == (["198.51.100.0/24"], None)
    assert "at least one allowed network" in program.run(*change, "none", exit_code=2).stderr
