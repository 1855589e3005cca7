"""Setup > Own ratios, and their columns in the Lead Status report: the page, and number by number what it computes."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from leadback.access.operator_model import Role
from leadback.catalog.actions import rename_item, set_field, set_item_active
from leadback.catalog.model import Summary
from leadback.catalog.own_ratio_queries import read_own_ratios
from leadback.catalog.own_ratio_rules import OWN_RATIOS_MAX
from leadback.catalog.rules import CatalogKind
from leadback.catalog.settings import FieldSettings
from leadback.console.templating import NOTHING, number, percent
from leadback.kit.database import Database
from tests.console.browsing import browsing, signed_in
from tests.console.report_table import columns_of, lines_of, messages_of, read_page, text_of
from tests.console.test_lead_status_page import FIRST, LAST, asked, manager_of, page_of
from tests.support.changes import who
from tests.support.program import Program
from tests.support.slow_report import slow_report
from tests.support.world import happen, make_world

pytestmark = pytest.mark.anyio

PATH = "/setup/ratios"
GOOD = {"label": "Won of updated", "numerator": "status:3", "denominator": "updated", "shown_as": "percent"}


def _status(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda row: row["statuses"].get(name, {"sales": 0})["sales"]


def _sub_status(status: str, name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda row: row["statuses"][status]["sub_statuses"].get(name, 0)


def _field(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda row: row["fields"].get(name, {}).get("sum") or 0


def _counted(part: str, name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda row: row[part][name] if part else row[name]


SLOW: dict[str, Callable[[dict[str, Any]], Any]] = {
    **{name: _counted("", name) for name in ("sales", "leads", "updated", "updated_by_buyer")},
    **{name: _counted("", name) for name in ("gross", "adjustments", "revenue", "payout", "margin")},
    **{name: _counted("reached", name) for name in ("contacted", "qualified", "converted", "funded")},
    **{name: _counted("returns", name) for name in ("submitted", "credited", "replaced", "rejected")},
    "status:3": _status("Won"),
    "status:5": _status("Dead"),
    "status:6": _status("Old"),
    "status:7": _status("Gone"),
    "sub_status:1": _sub_status("Won", "pet"),
    "sub_status:4": _sub_status("Dead", "duplicate"),
    "field:1": _field("loan_amount"),
    "field:6": _field("retired"),
}
"""Each number as the slow report's document has it."""


def slow_ratio(row: dict[str, Any], given: dict[str, str]) -> str:
    """What a cell must read."""
    part, base = SLOW[given["numerator"]](row), SLOW[given["denominator"]](row)
    if part is None or base is None or Decimal(base) == 0:
        return NOTHING
    value = Decimal(part) / Decimal(base)
    return percent(value) if given["shown_as"] == "percent" else number(value, 2)


async def add(client: httpx.AsyncClient, **given: str) -> dict[str, str]:
    form = GOOD | given
    answer = await client.post(f"{PATH}/add", data=form)
    assert (answer.status_code, answer.headers.get("location")) == (303, PATH), messages_of(read_page(answer))
    return form


async def labels_of(database: Database, network_id: int) -> list[str]:
    async with database.snapshot(network_id) as connection:
        return [ratio.label for ratio in (await read_own_ratios(connection, network_id)).values()]


async def test_nobody_is_sent_to_sign_in(database: Database, network_id: int) -> None:
    async with browsing(database) as client:
        for path in (PATH, f"{PATH}/add", f"{PATH}/1", f"{PATH}/1/remove"):
            for answer in (await client.get(path), await client.post(path, data=GOOD)):
                if answer.status_code != 405:
                    assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("role", [Role.REPORTING_ONLY, Role.ACCOUNT_MANAGER])
async def test_who_may_not_change_the_setup_sees_and_changes_nothing(
    database: Database, network_id: int, role: Role
) -> None:
    await make_world(database, network_id, leads=5)
    async with signed_in(database, network_id) as client:
        await add(client)
    async with signed_in(database, network_id, role) as client:
        for path in (PATH, f"{PATH}/add", f"{PATH}/1", f"{PATH}/1/remove"):
            assert (await client.get(path)).status_code == 403, path
        for path in (f"{PATH}/add", f"{PATH}/1", f"{PATH}/1/remove"):
            assert (await client.post(path, data=GOOD | {"label": "Mine"})).status_code == 403, path
        assert not (await page_of(client, asked())).xpath(f"//a[@href='{PATH}']")
    assert await labels_of(database, network_id) == ["Won of updated"]


async def test_an_empty_list_says_what_to_do_and_setup_and_the_report_lead_there(
    database: Database, network_id: int
) -> None:
    await make_world(database, network_id, leads=5)
    async with signed_in(database, network_id, Role.ADMIN) as client:
        page = await page_of(client, PATH)
        assert "No own ratio yet" in text_of(page)
        assert page.xpath("//*[@class='empty-actions']/a/@href") == [f"{PATH}/add"]
        assert (await page_of(client, "/setup")).xpath(f"//main//a[@href='{PATH}']")
        chooser = (await page_of(client, asked())).xpath("//form[.//input[@name='column']]")[0]
        assert chooser.xpath(".//a/@href")[0] == PATH


async def test_a_ratio_is_added_changed_and_removed(database: Database, network_id: int) -> None:
    await make_world(database, network_id, leads=20)
    async with signed_in(database, network_id) as client:
        form = await page_of(client, f"{PATH}/add")
        groups = form.xpath("//select[@id='numerator']/optgroup/@label")
        assert groups[:4] == ["Sales", "Ever reached", "Returns", "Money"]
        assert groups[4:] == ["Sales at a status", "Sales at a sub status", "Sum of a field"]
        offered = form.xpath("//select[@id='numerator']/optgroup[7]/option/@value")
        assert offered == ["field:1", "field:6", "field:7"]
        assert form.xpath("//select[@id='denominator']//option[@selected]/@value") == ["sales"]
        await add(client)
        listed = text_of(await page_of(client, PATH))
        assert "Won of updated Won ÷ Updated, %" in listed
        assert "Won of updated is a column of the Lead Status report now." in listed
        shown = await page_of(client, f"{PATH}/1")
        assert shown.xpath("//input[@name='label']/@value") == ["Won of updated"]
        chosen = shown.xpath("//option[@selected]/@value")
        assert (chosen, shown.xpath("//input[@checked]/@value")) == (["status:3", "updated"], ["percent"])
        changed = {"label": "Revenue each", "numerator": "revenue", "denominator": "leads", "shown_as": "amount"}
        assert (await client.post(f"{PATH}/1", data=changed)).headers["location"] == PATH
        assert "Revenue each Revenue ÷ Leads (first sales), 2 decimals" in text_of(await page_of(client, PATH))
        question = await page_of(client, f"{PATH}/1/remove")
        assert "Remove the ratio Revenue each?" in text_of(question)
        assert question.xpath("//main//form/@action") == [f"{PATH}/1/remove"]
        assert await labels_of(database, network_id) == ["Revenue each"]
        assert (await client.post(f"{PATH}/1/remove")).status_code == 303
        assert "The ratio Revenue each is removed." in text_of(await page_of(client, PATH))
        log = text_of(await page_of(client, "/setup/audit-log"))
        for path in (f"{PATH}/1", f"{PATH}/1/remove"):
            assert (await client.get(path)).status_code == 404
    assert all(f"{verb} own ratio" in log for verb in ("create", "set", "remove"))
    assert await labels_of(database, network_id) == []


async def test_what_was_typed_stays_beside_what_is_wrong_with_it(database: Database, network_id: int) -> None:
    await make_world(database, network_id, leads=5)
    async with signed_in(database, network_id) as client:
        await add(client)
        for given, says in (
            ({"label": "WON of updated"}, "There is an own ratio 'Won of updated' already"),
            ({"label": "X", "numerator": "field:3"}, "has the summary average. There are: field:1"),
            ({"label": "X", "denominator": ""}, "The denominator is not chosen. There are: sales, leads"),
            ({"label": "X", "shown_as": ""}, "one of: percent, amount"),
        ):
            answer = await client.post(f"{PATH}/add", data=GOOD | given)
            page = read_page(answer)
            assert answer.status_code == 422 and says in messages_of(page), given
            assert page.xpath("//input[@name='label']/@value") == [given["label"]]
        answer = await client.post(f"{PATH}/1", data=GOOD | {"numerator": "updated"})
        assert answer.status_code == 422 and "always 1" in messages_of(read_page(answer))
        assert (await client.post(f"{PATH}/4711", data=GOOD)).status_code == 404
        assert (await client.post(f"{PATH}/4711/remove")).status_code == 422
        for place in range(1, OWN_RATIOS_MAX):
            await add(client, label=f"r{place}")
        assert not (await page_of(client, PATH)).xpath(f"//main//a[@href='{PATH}/add']")
        answer = await client.post(f"{PATH}/add", data=GOOD | {"label": "one more"})
        assert "at most 30 are allowed" in messages_of(read_page(answer))


async def test_the_report_shows_what_a_slow_computation_finds(database: Database, network_id: int) -> None:
    world = await make_world(database, network_id, leads=60)
    await happen(database, world, 150)
    terms, ratios = list(SLOW), {}
    async with signed_in(database, network_id) as client:
        for place, term in enumerate(terms):
            shown_as = ("percent", "amount")[place % 2]
            form = {"numerator": term, "denominator": terms[place - 8], "shown_as": shown_as, "label": f"r{place}"}
            ratios[f"own:{place + 1}"] = await add(client, **form)
    async with signed_in(database, network_id, Role.REPORTING_ONLY) as client:
        for by, narrowed in ((["campaign"], False), (["sub_id", "week"], True), (["buyer"], False)):
            pairs = [("changes", "on"), ("sub", "on")] if narrowed else []
            page = await page_of(client, asked(*pairs, by=by))
            assert set(ratios) <= set(columns_of(page))
            document = slow_report(world, FIRST, LAST, by, show_changes=narrowed, show_sub_status=narrowed)
            for line, row in zip(lines_of(page), [document["totals"], *document["rows"]], strict=True):
                for name, given in ratios.items():
                    assert line.cells[name].text == slow_ratio(row, given), (line.name, given)
        some = await page_of(client, asked(("column", "own:2"), ("column", "sales"), ("sort", "-own:2")))
    assert columns_of(some) == ["sales", "own:2"]
    row_of = {row["campaign_id"]: row for row in slow_report(world, FIRST, LAST, ["campaign"])["rows"]}
    values = [slow_ratio(row, ratios["own:2"]) for row in row_of.values()]
    told = [line.cells["own:2"].text for line in lines_of(some)[1:]]
    assert sorted(told) == sorted(values) and any(value != NOTHING for value in told)
    amounts = [Decimal(value.replace(",", "")) for value in told if value != NOTHING]
    assert amounts == sorted(amounts, reverse=True)


async def test_an_account_managers_ratios_are_of_its_own_buyers(database: Database, network_id: int) -> None:
    world = await make_world(database, network_id, leads=60)
    await happen(database, world, 100)
    async with signed_in(database, network_id) as client:
        given = await add(client)
    operator_id = await manager_of(database, network_id, 10, 12)
    async with signed_in(database, network_id, operator_id=operator_id) as client:
        lines = lines_of(await page_of(client, asked()))
    document = slow_report(world, FIRST, LAST, ["campaign"], filters=(("buyer_id", "10"), ("buyer_id", "12")))
    for line, row in zip(lines, [document["totals"], *document["rows"]], strict=True):
        assert line.cells["own:1"].text == slow_ratio(row, given)


async def test_a_rename_and_a_deactivation_leave_the_numbers_as_they_are(database: Database, network_id: int) -> None:
    world = await make_world(database, network_id, leads=60)
    await happen(database, world, 100)
    items = ((CatalogKind.STATUS, 3, "Prevailed"), (CatalogKind.SUB_STATUS, 1, "animal"), (CatalogKind.FIELD, 1, "sum"))
    async with signed_in(database, network_id) as client:
        await add(client)
        await add(client, label="Pets", numerator="sub_status:1", denominator="status:3")
        await add(client, label="Loans", numerator="field:1", denominator="funded", shown_as="amount")
        question = asked(*(("column", f"own:{one}") for one in (1, 2, 3)))
        before = lines_of(await page_of(client, question))
        async with database.transaction(network_id) as connection:
            for kind, item_id, name in items:
                await rename_item(connection, network_id, kind, item_id, name, **who())
                await set_item_active(connection, network_id, kind, item_id, active=False, **who())
        assert lines_of(await page_of(client, question)) == before
        listed = text_of(await page_of(client, PATH))
        assert "Prevailed ÷ Updated, %" in listed and "Prevailed / animal ÷ Prevailed, %" in listed
        assert "(inactive)" in text_of(await page_of(client, f"{PATH}/1"))
        refusal = await client.get("/setup/lead-statuses/status/8/delete")
        assert refusal.status_code == 200
        await add(client, label="Never", numerator="status:8")
        for answer in (
            await client.get("/setup/lead-statuses/status/8/delete"),
            await client.post("/setup/lead-statuses/status/8/delete"),
        ):
            assert answer.status_code == 422
            assert "'Never' is part of the own ratio 'Never'; change or remove" in messages_of(read_page(answer))
    assert [line.cells["own:1"].text for line in before if line.cells["own:1"].text not in (NOTHING, "0.0 %")]


async def test_a_sum_that_the_report_no_longer_says_has_no_value_and_the_list_tells(
    database: Database, network_id: int
) -> None:
    await make_world(database, network_id, leads=30)
    async with signed_in(database, network_id) as client:
        await add(client, label="Loans", numerator="field:1", denominator="sales", shown_as="amount")
        async with database.transaction(network_id) as connection:
            await set_field(connection, network_id, 1, FieldSettings(summary=Summary.AVERAGE), **who())
        lines = lines_of(await page_of(client, asked()))
        assert {line.cells["own:1"].text for line in lines} == {NOTHING}
        assert "no value" in text_of(await page_of(client, PATH))


async def test_rows_that_open_in_place_have_them_too(database: Database, network_id: int) -> None:
    await make_world(database, network_id, leads=40)
    async with signed_in(database, network_id) as client:
        await add(client, numerator="revenue", denominator="sales", shown_as="amount")
        page = await page_of(client, asked())
        columns = columns_of(page)
        inside = await client.get(f"{lines_of(page)[1].inside}&{urlencode([('column', name) for name in columns])}")
        assert all(line.cells["own:1"].text != NOTHING for line in lines_of(read_page(inside), columns))


async def test_files_and_the_command_hold_them_by_their_label(
    database: Database, network_id: int, database_url: str
) -> None:
    world = await make_world(database, network_id, leads=40)
    await happen(database, world, 60)
    slow = slow_report(world, FIRST, LAST, ["campaign"])
    async with signed_in(database, network_id) as client:
        await add(client)
        query = [("from", FIRST.isoformat()), ("to", LAST.isoformat()), ("format", "json"), ("column", "own:1")]
        answer = await client.get(f"/reports/lead-status/export?{urlencode(query)}")
    program = Program({"LEADBACK_DATABASE_URL": database_url, "LEADBACK_NETWORK": str(network_id)})
    days = ("--from", FIRST.isoformat(), "--to", LAST.isoformat())
    printed = program.json("report", "lead-status", *days, "--column", "own:Won of updated")
    wanted = [slow_ratio(row, GOOD) for row in (slow["totals"], *slow["rows"])]
    for rows in (answer.json()["rows"], printed["rows"]):
        found = [row["own:Won of updated"] for row in rows]
        assert [NOTHING if value is None else percent(Decimal(value)) for value in found] == wanted
