"""The demonstration: from nothing to a served network, and what it prints works and shows what it says."""

import csv
import html
import io
import json
import re
import shlex
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import unquote_plus, urlsplit

import httpx
import pytest

from tests.support.program import Program, running

# It is made once, and all look at the same.
pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("demo")]

Commands = Mapping[str, list[list[str]]]


@pytest.fixture(scope="module")
def stories(program: Program) -> Commands:
    """By title, the arguments of each command that shows it; asking for them makes the network."""
    told: dict[str, list[list[str]]] = {}
    title = ""
    for line in program.run("demo", "--list-stories").stdout.splitlines():
        if numbered := re.fullmatch(r"[0-9]+\. (.*)", line):
            title = numbered[1]
            told[title] = []
        elif " leadback " in line:
            words = shlex.split(line)
            told[title].append(words[words.index("leadback") + 1 :])
    return told


@pytest.fixture(scope="module")
def days(stories: Commands) -> list[str]:
    """The options that name the whole time."""
    arguments = stories["Returns in every state"][0]
    place = arguments.index("--from")
    return arguments[place : place + 4]


def report(program: Program, arguments: list[str]) -> dict[str, dict[str, Any]]:
    """The rows of a Lead Status report as its command prints them, by what they stand for, and its totals."""
    document = program.json(*arguments)
    by = document["by"][0]
    return {row[by]: row for row in document["rows"]} | {"": document["totals"]}


def sign_in_as_printed(errors: str) -> None:
    """With the address, the name and the password that are printed one comes home, and home names every story."""
    printed = re.search(r"^ +(http://\S+)/\n +(demo@example\.com)\n +(\S+)$", errors, re.MULTILINE)
    assert printed is not None
    address, email, password = printed.groups()
    with httpx.Client(base_url=address, headers={"sec-fetch-site": "same-origin"}, timeout=30) as browser:
        answer = browser.post("/sign-in", data={"email": email, "password": password, "next": "/home"})
        assert answer.headers["location"] == "/home"
        home, found = browser.get("/home"), browser.get("/home/findings").text
    assert "Returns waiting" in home.text and "Funded" in home.text
    assert all(f'href="/returns?state={state}"' in found for state in ("submitted", "credited", "replaced", "rejected"))
    items = found.split('<li class="finding')[1:]
    for title, path, query in FINDINGS:
        (item,) = (one for one in items if title in one)
        links = [urlsplit(html.unescape(one)) for one in re.findall(r'href="([^"]+)"', item)]
        assert any(one.path == path and query in unquote_plus(one.query) for one in links), title


def affiliate_paid_best(program: Program, commands: list[list[str]], printed: list[str]) -> None:
    assert "ClickHarbor" in printed[0]
    rows = report(program, commands[0])
    rows.pop("")
    revenue = {name: Decimal(row["revenue"]) / row["leads"] for name, row in rows.items()}
    funded = {name: row["reached"]["funded"] / row["sales"] for name, row in rows.items()}
    assert max(revenue, key=lambda name: revenue[name]) == "ClickHarbor"
    assert min(funded, key=lambda name: funded[name]) == "ClickHarbor"


def sub_id_spoiling(program: Program, commands: list[list[str]], printed: list[str]) -> None:
    assert "tt7" in printed[0]
    rows = report(program, commands[0])
    rows.pop("")
    reached = {name: row["reached"]["contacted"] / row["sales"] for name, row in rows.items()}
    assert reached.pop("tt7") < 0.2
    assert min(reached.values()) > 0.4


def revenue_late(program: Program, commands: list[list[str]], printed: list[str]) -> None:
    rows = report(program, commands[0])
    totals = rows.pop("")
    assert Decimal(totals["gross"]) == 0 < Decimal(totals["revenue"])
    weeks = sorted(rows)
    assert all(Decimal(rows[week]["revenue"]) == 0 > Decimal(rows[week]["margin"]) for week in weeks[-2:])
    assert all(Decimal(rows[week]["revenue"]) > 0 for week in weeks[1:8])


def night_twice(program: Program, commands: list[list[str]], printed: list[str]) -> None:
    times = [row["sold_at"] for row in json.loads(printed[0])["rows"]]
    hours = [text[len("2026-11-01T") :][:2] + text[-6:] for text in times]
    summer, winter = "01-04:00", "01-05:00"
    assert hours.count(summer) >= 10 <= hours.count(winter)
    assert hours.index(winter) > len(hours) - 1 - hours[::-1].index(summer)


def lead_for_tests(program: Program, commands: list[list[str]], printed: list[str]) -> None:
    lead = program.json(*commands[0])
    assert re.search(r"\btest\b", printed[0])
    assert "Funded" in printed[0]
    assert lead["is_test"] is True


def old_list(program: Program, commands: list[list[str]], printed: list[str]) -> None:
    totals = report(program, commands[0])[""]
    assert totals["reached"]["funded"] - totals["statuses"]["Funded"]["sales"] == 40
    assert "Funded → In Progress" in printed[1]
    assert "left a terminal status" in printed[1]


def addition_twice(program: Program, commands: list[list[str]], printed: list[str]) -> None:
    assert printed[0].count("possible duplicate") == 2
    assert printed[0].count("(+10.00)") == 2


def returns_all(program: Program, commands: list[list[str]], printed: list[str]) -> None:
    assert all(report(program, commands[0])[""]["returns"].values())
    assert all(f"Returns: {state}" in printed[0] for state in ("submitted", "credited", "replaced", "rejected"))


def returns_late(program: Program, commands: list[list[str]], printed: list[str]) -> None:
    assert "(Invalid phone)" in printed[0]
    assert "Contacted" in printed[0]
    assert "Statewide Cover: Return Window Expired, 15 calls" in printed[1]


def replacements_owed(program: Program, commands: list[list[str]], printed: list[str]) -> None:
    assert "Lakeland Nursing" in printed[0]
    (contract,) = program.json(*commands[0])
    assert (contract["replaced"], contract["delivered"], contract["returns_owed"]) == (6, 2, 4)
    assert "replaced by sale" in printed[1]


def return_rejected(program: Program, commands: list[list[str]], printed: list[str]) -> None:
    assert "submitted → rejected  (Invalid phone)" in printed[0]
    assert re.search(r"revenue     0\.00 → [0-9.]+  \(\+", printed[0])


def buyer_silent(program: Program, commands: list[list[str]], printed: list[str]) -> None:
    assert "Helio Homes" in printed[0]
    silent = [row for row in program.json(*commands[0])["rows"] if row["silent"]]
    assert [row["buyer"] for row in silent] == ["Helio Homes"]


def calls_misspelled(program: Program, commands: list[list[str]], printed: list[str]) -> None:
    assert "Ridgeline Finance: Invalid Lead Status, 300 calls" in printed[0]
    assert "'funded' 300" in printed[0]
    assert [group["calls"] for group in program.json(*commands[0])] == [300]


FINDINGS = (
    ("Helio Homes has fallen silent", "/reports/buyer-reporting", "from="),
    ("300 calls of Ridgeline Finance failed", "/reports/failed-updates", "reason=Invalid Lead Status"),
    ("Clearwater Lending undid 40 leads that were Funded", "/leads/B50C7E1943D8A26F", ""),
    ("Clearwater Lending undid 40 leads that were Funded", "/reports/lead-detail", "reached=funded"),
    ("Clearwater Lending may have added an amount twice", "/leads/C94F20A8E6B3175D", ""),
    ("Statewide Auto gives good leads back on the last days", "/reports/lead-detail", "reached=contacted"),
    ("Lakeland Nursing is owed 4 replacements", "/returns", "state=replaced"),
    ("Sub id tt7 spoils Bluefin Auto Insurance Social", "/reports/lead-status", "by=sub_id"),
    ("ClickHarbor is paid best in Payday", "/reports/lead-status", "by=affiliate"),
    ("its revenue restored", "/leads/7A31C05D9E42B186", ""),
    ("Homestead Refinance pays weeks later", "/reports/lead-status", "by=week"),
    ("updated a test lead", "/leads/0D6B82F5A1C7394E", ""),
    ("The clocks went back", "/reports/lead-detail", "sort=sold_at"),
)
"""What home names, and where it leads: every story but the returns in every state, which are counted above it."""

CHECKS: dict[str, Callable[[Program, list[list[str]], list[str]], None]] = {
    "The affiliate that is paid best funds least": affiliate_paid_best,
    "One sub id spoils a good campaign": sub_id_spoiling,
    "Revenue that comes weeks later": revenue_late,
    "The night on which one o'clock came twice": night_twice,
    "A test lead": lead_for_tests,
    "A buyer fell silent": buyer_silent,
    "300 calls failed for a small letter": calls_misspelled,
    "An old list undid what was funded": old_list,
    "An addition that came twice": addition_twice,
    "Returns in every state": returns_all,
    "Good leads come back on the last days": returns_late,
    "Replacements are owed": replacements_owed,
    "A return was rejected, and its revenue restored": return_rejected,
}


def test_what_the_demonstration_prints_works(program: Program, stories: Commands, days: list[str]) -> None:
    before = report(program, ["report", "lead-status", *days, "--by", "affiliate"])
    with running("demo", environment=program.environment) as demo:
        demo.wait_until_ready()
        (curl,) = re.findall(r"^ +(curl .*)$", demo.errors, re.MULTILINE)
        _, _, header, address = shlex.split(curl)
        answer = httpx.get(address, headers=dict([header.split(": ")]))
        assert "<message>Lead updated</message>" in answer.text
        sign_in_as_printed(demo.errors)
        after = report(program, ["report", "lead-status", *days, "--by", "affiliate"])
        assert after[""]["leads"] == before[""]["leads"], "it was made again"
        assert demo.stop() == 0


def test_it_checks_out(program: Program, stories: Commands) -> None:
    assert stories
    assert "no difference" in program.run("check").stdout


def test_it_is_as_large_as_it_says(program: Program, stories: Commands, days: list[str]) -> None:
    assert stories
    counts = {
        name: len(program.json("list", name))
        for name in ("verticals", "buyers", "contracts", "affiliates", "campaigns")
    }
    assert counts == {"verticals": 6, "buyers": 16, "contracts": 28, "affiliates": 15, "campaigns": 60}
    totals = report(program, ["report", "lead-status", *days, "--by", "vertical"])[""]
    assert totals["leads"] == pytest.approx(30_000, rel=0.02)
    listed = list(csv.DictReader(io.StringIO(program.run("report", "lead-detail", *days, "--format", "csv").stdout)))
    assert sum(int(row["update_count"]) for row in listed) == pytest.approx(70_000, rel=0.1)
    times = Counter(Counter(row["lead_id"] for row in listed).values())
    assert (times[2] + times[3]) / times.total() == pytest.approx(0.25, abs=0.02)
    assert Decimal("0.2") < Decimal(totals["margin"]) / Decimal(totals["revenue"]) < Decimal("0.5")


def test_its_trades_are_believable(program: Program, days: list[str]) -> None:
    rows = report(program, ["report", "lead-status", *days, "--by", "vertical"])
    ranges = {
        ("Payday", "funded"): (0.04, 0.09),
        ("Solar", "qualified"): (0.12, 0.18),
        ("Solar", "converted"): (0.02, 0.04),
        ("Auto Insurance", "contacted"): (0.45, 0.6),
        ("Auto Insurance", "converted"): (0.03, 0.07),
        ("Education", "converted"): (0.015, 0.04),
    }
    for (vertical, stage), (lowest, highest) in ranges.items():
        row = rows[vertical]
        assert lowest <= row["reached"][stage] / row["sales"] <= highest, (vertical, stage)
    for name, sums in {"Payday": "loan_amount", "Solar": "system_kw", "Auto Insurance": "premium"}.items():
        assert any(rows[name]["fields"][sums].values()), name
    for contract, row in report(program, ["report", "lead-status", *days, "--by", "buyer_contract"]).items():
        assert 0.05 <= sum(row["returns"].values()) / row["sales"] <= 0.15, contract
    for buyer, row in report(program, ["report", "lead-status", *days, "--by", "buyer"]).items():
        assert 0.3 <= row["updated"] / row["sales"] <= 0.96, buyer


def test_every_story_is_shown_by_its_command(program: Program, stories: Commands) -> None:
    assert stories.keys() == CHECKS.keys()
    for title, commands in stories.items():
        printed = [program.run(*command).stdout for command in commands]
        CHECKS[title](program, commands, printed)
