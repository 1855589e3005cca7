"""`leadback network …`."""

from tests.support.program import Program


def test_it_refuses_nothing_to_set_and_what_cannot_be(program: Program) -> None:
    before = program.json("network", "show")
    assert "Nothing to set was given" in program.run("network", "set", exit_code=2).stderr
    assert "not one of MDY, DMY" in program.run("network", "set", "--date-format", "ISO", exit_code=2).stderr
    # One transaction: the settings before the zone that is not known are not kept.
    done = program.run("network", "set", "--lead-statuses", "off", "--time-zone", "Mars/Olympus", exit_code=2)
    assert "'Mars/Olympus' is not known" in done.stderr
    assert program.json("network", "show") == before


def test_it_sets_what_is_given(program: Program) -> None:
    before = program.json("network", "show")
    assert (before["lead_statuses"], before["time_zone"]) == (True, "America/New_York")
    program.run("network", "set", "--lead-statuses", "off", "--time-zone", "Europe/London", "--week-start", "7")
    assert program.json("network", "show") == before | {
        "lead_statuses": False,
        "time_zone": "Europe/London",
        "week_start": 7,
    }
    assert "Europe/London" in program.run("network", "show").stdout
