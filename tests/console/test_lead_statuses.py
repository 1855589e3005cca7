"""Setup > Lead Statuses and Setup > Return reasons: lists, order, adding, changing, renaming, deleting, the file."""

import html
import re
from typing import Any

import httpx
import pytest

from leadback.access.operator_model import Role
from leadback.catalog.model import Catalog
from leadback.catalog.queries import read_catalog
from leadback.kit.database import Database
from tests.console.browsing import browsing, signed_in
from tests.support.seed import Seeded, seed_network, seed_sale

pytestmark = pytest.mark.anyio

STATUSES = "/setup/lead-statuses"
REASONS = "/setup/return-reasons"
LISTS = (STATUSES, f"{STATUSES}/sub-status", f"{STATUSES}/field", REASONS)
FORMS = (f"{STATUSES}/status/add", f"{STATUSES}/status/1", f"{STATUSES}/field/1", f"{REASONS}/1")
PAGES = (*LISTS, *FORMS, f"{STATUSES}/import", f"{STATUSES}/export", f"{STATUSES}/status/1/delete")
CHANGES = (
    f"{STATUSES}/status/order",
    f"{STATUSES}/status/add",
    f"{STATUSES}/status/1",
    f"{STATUSES}/status/1/name",
    f"{STATUSES}/status/1/active",
    f"{STATUSES}/status/1/delete",
    f"{STATUSES}/import/apply",
    f"{REASONS}/order",
    f"{REASONS}/1/name",
)
NEW_STATUS = {"name": "Sold Paid in Full", "meaning": "positive", "stage": "4", "colour": "#2f9e6e", "terminal": "on"}


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    return await seed_network(database, network_id)


async def catalog_of(database: Database, network_id: int) -> Catalog:
    async with database.snapshot(network_id) as connection:
        return await read_catalog(connection, network_id)


async def add(client: httpx.AsyncClient, place: str, **form: Any) -> httpx.Response:
    return await client.post(f"{place}/add", data=form)


@pytest.mark.parametrize("path", PAGES)
async def test_nobody_sees_a_page(database: Database, network_id: int, path: str) -> None:
    async with browsing(database, cookies={"leadback": f"{network_id}.nothing"}) as client:
        assert (await client.get(path)).headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("role", [Role.ACCOUNT_MANAGER, Role.REPORTING_ONLY])
async def test_who_may_not_change_the_setup_sees_and_changes_nothing(
    database: Database, network_id: int, seeded: Seeded, role: Role
) -> None:
    before = await catalog_of(database, network_id)
    async with signed_in(database, network_id, role) as client:
        for path in PAGES:
            assert (await client.get(path)).status_code == 403, path
        for path in CHANGES:
            form = {"name": "Mine", "order": "1", "meaning": "neutral", "stage": "0", "content": "", "lines": ""}
            assert (await client.post(path, data=form)).status_code == 403, path
        upload = {"file": ("x.toml", b'[[return_reason]]\nname = "Mine"\n')}
        assert (await client.post(f"{STATUSES}/import", files=upload)).status_code == 403
        assert 'href="/setup"' not in (await client.get("/account")).text
    assert await catalog_of(database, network_id) == before


@pytest.mark.parametrize("path", LISTS)
async def test_an_empty_list_says_what_to_do(database: Database, network_id: int, path: str) -> None:
    async with signed_in(database, network_id) as client:
        answer = await client.get(path)
    assert answer.status_code == 200
    assert "/add" in answer.text and "yet" in answer.text


async def test_a_status_is_added_with_all_that_it_has(database: Database, network_id: int, seeded: Seeded) -> None:
    async with signed_in(database, network_id, Role.ADMIN) as client:
        form = NEW_STATUS | {"vertical_ids": ["1", "99"], "item_id": "70"}
        assert (await client.post(f"{STATUSES}/status/add", data=form)).headers["location"] == STATUSES
        listed = (await client.get(STATUSES)).text
        log = (await client.get("/setup/audit-log")).text
    found = (await catalog_of(database, network_id)).statuses[70]
    assert (found.name, found.meaning, found.stage, found.terminal) == ("Sold Paid in Full", "positive", 4, True)
    assert (found.colour, found.vertical_ids) == ("#2f9e6e", frozenset({1, 99}))
    assert "Sold Paid in Full" in listed and "is there" in listed
    assert "create status" in log and "Ada" in log


async def test_what_was_typed_stays_beside_what_is_wrong_with_it(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    async with signed_in(database, network_id) as client:
        taken = await client.post(f"{STATUSES}/status/add", data=NEW_STATUS | {"name": "Funded"})
        strange = await client.post(f"{STATUSES}/status/add", data=NEW_STATUS | {"stage": "x"})
        none = await client.post(f"{STATUSES}/sub-status/add", data={"name": "Lost"})
        assert (await add(client, f"{STATUSES}/sub-status", name="Lost", status_id="²")).status_code == 422
    assert taken.status_code == 422 and "already" in taken.text and 'value="Funded"' in taken.text
    assert 'value="#2f9e6e"' in taken.text and re.search(r'id="terminal"[^>]*checked', taken.text)
    assert strange.status_code == 422 and "not a whole number" in strange.text
    assert none.status_code == 422 and "Choose the status" in none.text


async def test_a_field_that_cannot_be_summed_up_is_refused_as_in_cake(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    form = {"name": "test_name", "label": "Test", "data_type": "String", "summary": "sum"}
    async with signed_in(database, network_id) as client:
        wrong = await client.post(f"{STATUSES}/field/add", data=form)
        assert wrong.status_code == 422 and "You cannot SUM a String data type" in wrong.text
        form |= {"data_type": "Number", "length_max": "20", "list_values": "left over"}
        await client.post(f"{STATUSES}/field/add", data=form)
        choice = {"name": "plan", "label": "Plan", "data_type": "List", "list_values": "Gold\r\n\r\n Silver \r\n"}
        await client.post(f"{STATUSES}/field/add", data=choice | {"vertical_ids": "1", "buyer_ids": ["10", "11"]})
    fields = {field.name: field for field in (await catalog_of(database, network_id)).fields.values()}
    assert (fields["test_name"].summary, fields["test_name"].length_max) == ("sum", None)
    assert fields["plan"].list_values == ("Gold", "Silver")
    assert (fields["plan"].vertical_ids, fields["plan"].buyer_ids) == (frozenset({1}), frozenset({10, 11}))


async def test_settings_are_changed(database: Database, network_id: int, seeded: Seeded) -> None:
    async with signed_in(database, network_id) as client:
        form = {"meaning": "negative", "stage": "1", "no_colour": "on", "colour": "#000000"}
        assert (await client.post(f"{STATUSES}/status/2", data=form)).headers["location"] == STATUSES
        missing = await client.get(f"{STATUSES}/status/4711")
        assert (await client.post(f"{REASONS}/1", data={})).status_code == 422
    found = (await catalog_of(database, network_id)).statuses[2]
    assert (found.meaning, found.stage, found.colour, found.terminal) == ("negative", 1, "", False)
    assert missing.status_code == 422 and "There is no status with the id 4711" in missing.text


async def test_a_renamed_status_is_accepted_by_its_old_name_for_a_while(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    async with signed_in(database, network_id) as client:
        await client.post(f"{STATUSES}/status/2/name", data={"name": "Paid", "grace_days": "30"})
        listed = (await client.get(STATUSES)).text
        taken = await client.post(f"{STATUSES}/status/1/name", data={"name": "Paid", "grace_days": ""})
        await client.post(f"{STATUSES}/field/1/name", data={"name": "loan", "grace_days": ""})
        await client.post(f"{REASONS}/1/name", data={"name": "Bad phone"})
    catalog = await catalog_of(database, network_id)
    assert (catalog.statuses[2].name, catalog.statuses[2].former_name) == ("Paid", "Funded")
    assert "Funded accepted until" in listed
    assert taken.status_code == 422 and "already" in taken.text
    assert (catalog.fields[1].name, catalog.fields[1].former_name) == ("loan", None)
    assert catalog.return_reasons[1].name == "Bad phone"


async def test_rows_move_by_their_buttons_and_a_wrong_order_changes_nothing(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    before = list((await catalog_of(database, network_id)).statuses)
    async with signed_in(database, network_id) as client:
        listed = (await client.get(STATUSES)).text
        (down,) = re.findall(rf'value="([0-9,]+)" aria-label="Move {name_of(listed)} down"', listed)
        assert [int(one) for one in down.split(",")] == [before[1], before[0], *before[2:]]
        assert (await client.post(f"{STATUSES}/status/order", data={"order": down})).status_code == 303
        for wrong in ("1", "", "1,1", "a,b", "²"):
            answer = await client.post(f"{STATUSES}/status/order", data={"order": wrong})
            assert answer.status_code == 422 and "was not changed" in answer.text
        subs = {"order": "2,1,3", "status_id": "2"}
        assert (await client.post(f"{STATUSES}/sub-status/order", data=subs)).status_code == 303
        assert (await client.post(f"{REASONS}/order", data={"order": "3,2,1"})).status_code == 303
    catalog = await catalog_of(database, network_id)
    assert list(catalog.statuses) == [before[1], before[0], *before[2:]]
    assert [one for one, item in catalog.sub_statuses.items() if item.status_id == 2] == [2, 1, 3]
    assert list(catalog.return_reasons) == [3, 2, 1]


def name_of(listed: str) -> str:
    """The first row's."""
    found = re.search(r'aria-label="Move (.+?) up"', listed)
    assert found is not None
    return found[1]


async def test_what_is_used_is_counted_and_deactivated_but_not_deleted(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    sale = {"status_id": 2, "sub_status_id": 1, "return_state": "submitted", "return_reason_id": 1}
    await seed_sale(database, network_id, "A1", **sale, field_values={"1": "1000.0000"})
    await seed_sale(database, network_id, "A2", **sale)
    await seed_sale(database, network_id, "T1", **sale, is_test=True)
    items = ((STATUSES, "status/2", 2), (LISTS[1], "sub-status/1", 2), (LISTS[2], "field/1", 1), (REASONS, "1", 2))
    async with signed_in(database, network_id) as client:
        for list_path, item, count in items:
            place = f"{REASONS}/{item}" if list_path == REASONS else f"{STATUSES}/{item}"
            row = (await client.get(list_path)).text.split(f'href="{place}"')[1].split("</tr>")[0]
            found = re.search(rf'href="(/reports/lead-detail[^"]*)">{count}<', row)
            assert found is not None, place
            behind = (await client.get(html.unescape(found[1]))).text
            assert f"{count} sales" in " ".join(behind.split()) and "T1" not in behind, "exactly those sales"
            asked = await client.get(f"{place}/delete")
            assert asked.status_code == 422 and "in use; deactivate it instead" in asked.text
            assert (await client.post(f"{place}/delete")).status_code == 422
            assert (await client.post(f"{place}/active", data={})).status_code == 303
    catalog = await catalog_of(database, network_id)
    assert not catalog.statuses[2].active and not catalog.sub_statuses[1].active
    assert not catalog.fields[1].active and not catalog.return_reasons[1].active
    async with signed_in(database, network_id) as client:
        await client.post(f"{STATUSES}/status/2/active", data={"active": "on"})
    assert (await catalog_of(database, network_id)).statuses[2].active


async def test_what_was_never_used_is_deleted_after_asking(database: Database, network_id: int, seeded: Seeded) -> None:
    async with signed_in(database, network_id) as client:
        asked = await client.get(f"{STATUSES}/status/2/delete")
        assert "Its sub-statuses go with it." in asked.text
        assert 2 in (await catalog_of(database, network_id)).statuses, "looking deletes nothing"
        assert (await client.post(f"{STATUSES}/status/2/delete")).headers["location"] == STATUSES
        assert (await client.post(f"{REASONS}/2/delete")).headers["location"] == REASONS
    catalog = await catalog_of(database, network_id)
    assert 2 not in catalog.statuses and 2 not in catalog.return_reasons
    assert all(item.status_id != 2 for item in catalog.sub_statuses.values())


async def test_the_file_that_is_exported_changes_nothing_when_imported(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    async with signed_in(database, network_id) as client:
        # In the seeds this field is of a buyer that is not there.
        own = {"label": "Theirs", "data_type": "String", "summary": "none", "buyer_ids": "10"}
        assert (await client.post(f"{STATUSES}/field/7", data=own)).status_code == 303
        exported = await client.get(f"{STATUSES}/export")
        assert 'filename="lead-statuses.toml"' in exported.headers["content-disposition"]
        tried = await client.post(f"{STATUSES}/import", files={"file": ("x.toml", exported.content)})
    assert tried.status_code == 200 and "Nothing: the network has all of it already." in tried.text


async def test_an_import_is_shown_before_it_is_applied(database: Database, network_id: int, seeded: Seeded) -> None:
    text = '[[status]]\nname = "Paid <b>"\nwas = "Funded"\nmeaning = "positive"\n[[return_reason]]\nname = "Renter"\n'
    before = await catalog_of(database, network_id)
    async with signed_in(database, network_id) as client:
        tried = (await client.post(f"{STATUSES}/import", files={"file": ("x.toml", text.encode())})).text
        assert "Paid &lt;b&gt;" in tried and "<b>&#34;" not in tried
        assert await catalog_of(database, network_id) == before
        form = hidden(tried)
        changed = await client.post(f"{STATUSES}/import/apply", data=form | {"lines": form["lines"] + "\nmore"})
        assert changed.status_code == 422 and "nothing was applied" in changed.text
        assert await catalog_of(database, network_id) == before
        assert (await client.post(f"{STATUSES}/import/apply", data=form)).headers["location"] == STATUSES
        for broken in ("%", "ä", "A"):
            answer = await client.post(f"{STATUSES}/import/apply", data=form | {"content": broken})
            assert answer.status_code == 422 and "choose it again" in answer.text
    catalog = await catalog_of(database, network_id)
    assert catalog.statuses[2].name == "Paid <b>"
    assert "Renter" in {item.name for item in catalog.return_reasons.values()}


def hidden(page: str) -> dict[str, str]:
    """What the form to apply sends, line ends as browsers make them."""
    content = re.search(r'name="content" value="([^"]+)"', page)
    lines = re.search(r'<textarea name="lines" hidden>\n(.*?)</textarea>', page, re.DOTALL)
    assert content is not None and lines is not None
    told = lines[1].replace("&lt;", "<").replace("&gt;", ">").replace("&#34;", '"').replace("&#39;", "'")
    return {"content": content[1], "lines": told.replace("\n", "\r\n")}


@pytest.mark.parametrize("content", [b"not = [toml", b'[[colour]]\nname = "x"\n', b"\xff", b"x" * 1_000_001, b""])
async def test_a_file_that_cannot_be_meant_is_refused(
    database: Database, network_id: int, seeded: Seeded, content: bytes
) -> None:
    async with signed_in(database, network_id) as client:
        name = "x.toml" if content else ""
        answer = await client.post(f"{STATUSES}/import", files={"file": (name, content)})
        nothing = await client.post(f"{STATUSES}/import", data={"a": "b"}, files={"other": ("x", b"x")})
    assert (answer.status_code, nothing.status_code) == (422, 422)
    assert 'role="alert"' in answer.text and "Choose a file." in nothing.text


async def test_switched_off_the_sub_tab_is_hidden(database: Database, network_id: int, seeded: Seeded) -> None:
    async with signed_in(database, network_id) as client:
        assert f'href="{STATUSES}"' in (await client.get("/setup")).text
        await client.post("/setup/settings", data=SETTINGS)
        assert f'href="{STATUSES}"' not in (await client.get("/setup")).text
        assert "switched off" in (await client.get(STATUSES)).text


SETTINGS = {
    "name": "Network without",
    "date_format": "MDY",
    "terminal_statuses": "flag",
    "return_approval": "manual",
    "host_name": "",
    "week_start": "1",
    "failed_update_days": "90",
}
"""What the settings' form sends with every box empty."""


@pytest.mark.parametrize("path", PAGES[:-1])
async def test_pages_hold_no_inline_script_or_style(
    database: Database, network_id: int, seeded: Seeded, path: str
) -> None:
    if path.endswith("/export"):
        return
    async with signed_in(database, network_id) as client:
        answer = await client.get(path)
    assert answer.status_code == 200
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", answer.text)
