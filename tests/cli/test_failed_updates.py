"""`leadback failed-updates …` and `leadback undo`: from a refused word on the wire to the report, and back."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from leadback.buyer_api.application import BuyerApi
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.settings import Settings
from leadback.leads.update import Updates
from tests.buyer_api.wire import ask, parameters
from tests.support.lived import checked
from tests.support.program import Program
from tests.support.recompute import check_ledger, check_numbers
from tests.support.seed import Seeded, read_failed, seed_network, seed_sale

pytestmark = pytest.mark.anyio

SINCE = (now() - timedelta(days=3)).date().isoformat()
REPORT = ("report", "lead-status", "--from", SINCE, "--by", "buyer")


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    return await seed_network(database, network_id)


@pytest.fixture
async def api(database: Database, seeded: Seeded) -> AsyncIterator[BuyerApi]:
    updates = Updates(database)
    yield BuyerApi(updates, Settings())
    await updates.close()
    await check_ledger(database, seeded.network_id)
    await check_numbers(database, seeded.network_id)
    assert (await checked(database, seeded.network_id)).differences == ()


async def says(api: BuyerApi, seeded: Seeded, lead_id: str, **changes: str | None) -> str:
    """Whether a call over the wire succeeded, and its message."""
    reply = await ask(api, parameters(lead_id=lead_id, api_key=seeded.key, **changes))
    return reply.text


def test_there_is_none_at_first(program: Program) -> None:
    assert program.run("failed-updates").stdout == "There is none.\n"
    assert program.run("failed-updates", "list").stdout == "There is none.\n"
    assert program.json("failed-updates") == []
    done = program.run("failed-updates", "rerun", "--apply")
    assert (done.stdout, done.stderr) == (
        "There is none to run again.\n",
        "Nothing was done: 0 applied, 0 skipped, 0 failed.\n",
    )
    assert program.run("list", "runs").stdout == "There is none yet.\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("failed-updates", "--buyer", "Nobody"), "There is no buyer 'Nobody'"),
        (("failed-updates", "--reason", "nothing"), "There is no failed update at all"),
        (("failed-updates", "list", "--since", "soon"), "--since 'soon' is not a moment"),
        (("failed-updates", "list", "--limit", "0"), "A page has 1 to 1000 failed updates, not 0"),
        (("failed-updates", "--buyer", "Acme", "list"), "Options stand behind the command"),
        (("failed-updates", "apply", "7"), "There is no failed update with the id 7"),
        (("undo", "7"), "There is no run 7; `leadback list runs` shows every one"),
        (("undo", "7", "--apply"), "There is no run 7"),
    ],
)
def test_it_refuses(program: Program, arguments: tuple[str, ...], says: str) -> None:
    done = program.run(*arguments, exit_code=2)
    assert says in done.stderr
    assert done.stdout == ""


@pytest.fixture
async def failed(database: Database, seeded: Seeded, api: BuyerApi) -> None:
    """Five sales; three calls wrote "funded", one "lost", and one a return reason that does not exist."""
    for number in range(5):
        await seed_sale(database, seeded.network_id, f"LEAD{number}")
    for number in range(3):
        reply = await says(api, seeded, f"LEAD{number}", status="funded", amount="40", add_to_existing="false")
        assert "Invalid Lead Status" in reply
    await says(api, seeded, "LEAD3", status="lost")
    await says(api, seeded, "LEAD4", status="Funded", return_reason_id="9")


@pytest.mark.usefixtures("failed")
async def test_they_are_counted_and_listed_page_by_page(program: Program) -> None:
    first, second = program.json("failed-updates")
    assert (first["buyer"], first["reason"], first["calls"]) == ("Buyer 10", "Invalid Lead Status", 4)
    assert first["sent"] == [{"text": "funded", "calls": 3}, {"text": "lost", "calls": 1}]
    assert (first["waiting"], first["rerunnable"]) == (0, 4)
    assert second["sent"] == [{"text": "9", "calls": 1}]
    shown = program.run("failed-updates")
    assert "'funded' 3, 'lost' 1" in shown.stdout
    assert "leadback alias add --buyer 'Buyer 10' --status funded --as-status NAME" in shown.stderr
    page = program.json("failed-updates", "list", "--reason", "Invalid Lead Status", "--limit", "3")
    assert [row["lead_id"] for row in page["rows"]] == ["LEAD3", "LEAD2", "LEAD1"]
    assert page["rows"][0]["parameters"]["status"] == "lost"
    assert page["rows"][0]["detail"] == "No active status is called 'lost'."
    rest = program.json("failed-updates", "list", "--limit", "3", "--before", str(page["next_before_id"]))
    assert ([row["lead_id"] for row in rest["rows"]], rest["next_before_id"]) == (["LEAD0"], None)


@pytest.mark.usefixtures("failed")
async def test_a_word_is_understood_and_what_failed_for_it_counts(
    seeded: Seeded, api: BuyerApi, program: Program
) -> None:
    program.run("alias", "add", "--buyer", "Buyer 10", "--status", "FUNDED", "--as-status", "Funded")
    assert "<success>true</success>" in await says(api, seeded, "LEAD4", status="funded")
    before = program.json(*REPORT)
    assert before["totals"]["statuses"]["Funded"]["sales"] == 1
    dry = program.run("failed-updates", "rerun", "--reason", "Invalid Lead Status")
    assert "status none → Funded; revenue 25.0000 → 40.0000" in dry.stdout
    assert dry.stderr == "Nothing was done yet. With --apply: 3 applied, 0 skipped, 1 failed.\n"
    assert program.json(*REPORT) == before
    done = program.json("failed-updates", "rerun", "--buyer", "Buyer 10", "--apply")
    assert done["counts"] == {"apply": 3, "fail": 2, "skip": 0}
    assert done["effects"][0]["changes"] == {"status": [None, "Funded"], "revenue": ["25.0000", "40.0000"]}
    counted = program.json(*REPORT)["totals"]
    assert counted["statuses"]["Funded"]["sales"] == 4
    assert (counted["revenue"], counted["updated"]) == ("170.0000", 4)
    (run,) = program.json("list", "runs")
    assert (run["kind"], run["actor"], run["sales"]) == ("rerun", "command line", 3)
    resolved = program.json("failed-updates", "list", "--state", "resolved")["rows"]
    assert {row["run_id"] for row in resolved} == {run["run_id"]}

    run_id = str(run["run_id"])
    dry = program.run("undo", run_id)
    assert "status Funded → none; revenue 40.0000 → 25.0000" in dry.stdout
    assert dry.stderr == f"Nothing was done yet. With --apply run {run_id} is taken back.\n"
    undone = program.json("undo", run_id, "--apply")
    assert [sale["changes"]["status"] for sale in undone["sales"]] == [["Funded", None]] * 3
    assert program.json(*REPORT) == before
    assert f"Run {run_id} was undone by run" in program.run("undo", run_id, "--apply", exit_code=2).stderr
    assert len(program.json("failed-updates", "list")["rows"]) == 5


async def test_calls_on_test_leads_are_shown_when_asked_for(
    database: Database, seeded: Seeded, api: BuyerApi, program: Program
) -> None:
    await seed_sale(database, seeded.network_id, "T1", is_test=True)
    assert "Invalid Lead Status" in await says(api, seeded, "T1", status="funded")
    assert program.json("failed-updates") == []
    assert program.json("failed-updates", "list")["rows"] == []
    assert program.json("failed-updates", "rerun")["effects"] == []
    (group,) = program.json("failed-updates", "--tests")
    (row,) = program.json("failed-updates", "list", "--tests")["rows"]
    assert (group["calls"], row["lead_id"]) == (1, "T1")
    assert len(program.json("failed-updates", "rerun", "--tests")["effects"]) == 1
    assert len(program.json("failed-updates", "rerun", "--id", str(row["failed_update_id"]))["effects"]) == 1


async def test_an_undo_is_refused_after_a_later_change(
    database: Database, seeded: Seeded, api: BuyerApi, program: Program
) -> None:
    sale_id = await seed_sale(database, seeded.network_id, "LEAD1")
    await says(api, seeded, "LEAD1", status="lost")
    program.run("alias", "add", "--buyer", "Buyer 10", "--status", "lost", "--as-status", "Dead")
    run_id = str(program.json("failed-updates", "rerun", "--apply")["run_id"])
    await says(api, seeded, "LEAD1", status="Contacted")
    words = f"1 of its sales were changed since: LEAD1 (sale {sale_id})"
    assert words in program.run("undo", run_id).stderr
    assert words in program.run("undo", run_id, "--apply", exit_code=2).stderr


async def test_amounts_are_added_only_when_asked_for_or_one_by_one(
    database: Database, seeded: Seeded, api: BuyerApi, program: Program
) -> None:
    for lead_id in ("LEAD1", "LEAD2"):
        await seed_sale(database, seeded.network_id, lead_id)
        await says(api, seeded, lead_id, status="funded", amount="5", add_to_existing="true")
    program.run("alias", "add", "--buyer", "Buyer 10", "--status", "funded", "--as-status", "Funded")
    first, second = (str(row["failed_update_id"]) for row in await read_failed(database, seeded.network_id))
    dry = program.run("failed-updates", "rerun", "--id", first)
    assert "status none → Funded; left out: adds 5.0000 (--with-amounts)" in dry.stdout
    asked = program.json("failed-updates", "rerun", "--id", first, "--with-amounts")
    assert asked["effects"][0]["changes"]["revenue"] == ["25.0000", "30.0000"]
    one = program.json("failed-updates", "apply", second)
    assert one["effects"][0]["changes"]["revenue"] == ["25.0000", "30.0000"]
    assert "It was settled by run" in program.run("failed-updates", "apply", second, exit_code=2).stderr


async def test_what_could_not_be_read_or_waits_is_shown_so(
    database: Database, seeded: Seeded, api: BuyerApi, program: Program
) -> None:
    await says(api, seeded, "LATER", status="Funded")
    await says(api, seeded, "LATER", status=None)
    rows: list[dict[str, Any]] = program.json("failed-updates", "list")["rows"]
    assert [row["reason"] for row in rows] == ["Missing parameter: status.", "Invalid Lead ID"]
    assert [row["rerunnable"] for row in rows] == [False, True]
    assert "waits until 20" in program.run("failed-updates", "list").stdout
    groups = {item["reason"]: item for item in program.json("failed-updates")}
    assert groups["Invalid Lead ID"]["waiting"] == 1
    assert program.json("failed-updates", "rerun", "--waiting")["effects"] == []
