"""`leadback demo` where a demonstration network stands already that it cannot tell stories of."""

from leadback.cli.demonstration.make import NETWORK, UNFINISHED
from tests.support.program import Program


def test_one_that_cannot_be_told_is_left_alone(server_program: Program) -> None:
    """An older version's has no stories; an interrupted one is not served as if it were whole."""
    options = ("--time-zone", "America/New_York", "--currency", "USD")
    server_program.run("init", "--network", UNFINISHED, *options)
    assert "interrupted" in server_program.run("demo", "--list-stories", exit_code=2).stderr
    named = Program(server_program.environment | {"LEADBACK_NETWORK": UNFINISHED})
    named.run("network", "set", "--name", NETWORK)
    assert "older version" in server_program.run("demo", "--list-stories", exit_code=2).stderr
