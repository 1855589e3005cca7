"""The frame and the components of every page: sound HTML, nothing that the policy blocks, files that are there."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from leadback.console.routes import PLACE
from tests.console.gallery import PAGES, Viewer, context, environment, render
from tests.console.markup import absent, blocked, faults, icons

ASSETS = Path(__file__).parents[2] / "assets"
VENDOR = PLACE / "static" / "vendor"
TEMPLATES = sorted((PLACE / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_sound_html(path: str) -> None:
    assert faults(render(path)) == []


def test_a_broken_page_is_noticed() -> None:
    broken = """<div style="color: red" onclick="x()"><label for="nobody">x</label><b></div>
        <script>alert(1)</script><a href="https://elsewhere.example">y</a>
        <svg><use href="/static/none.svg#x"></use></svg>"""
    assert len(faults(broken)) >= 7


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_holds_nothing_that_the_policy_blocks(template: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert blocked(text) == []
    assert absent(text.replace("#{{ name }}", "")) == []


def test_every_icon_that_a_template_names_exists() -> None:
    named = {
        name
        for template in TEMPLATES
        for name in re.findall(r'(?:icon\(|symbol=)"([\w-]+)"', template.read_text(encoding="utf-8"))
    }
    assert named and named <= icons()


def test_style_sheets_load_nothing_that_is_not_there() -> None:
    for sheet in (PLACE / "static").glob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert absent(text) == []
        assert "url(http" not in text and "url(//" not in text


def test_vendored_files_are_those_of_the_lock() -> None:
    vendored = json.loads((VENDOR / "vendored.json").read_text(encoding="utf-8"))
    locked = json.loads((ASSETS / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert {file.name for file in VENDOR.iterdir()} == {*vendored, "vendored.json", "LICENSES"}
    for name, said in vendored.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == said["sha256"], f"{name}: run make assets"
        package = locked[f"node_modules/{said['package']}"]
        assert (package["version"], package["integrity"]) == (said["version"], said["integrity"]), "run make assets"


def test_the_sprite_holds_the_listed_icons() -> None:
    assert icons() == set((ASSETS / "icons.txt").read_text(encoding="utf-8").split())


def test_somebody_who_is_not_signed_in_sees_no_tabs_and_no_search() -> None:
    page = render("/sign-in")
    assert 'id="navigation"' not in page
    assert 'role="search"' not in page
    assert "Sign out" not in page


def test_the_tab_and_the_page_of_the_section_are_marked() -> None:
    page = render("/reports/lead-status")
    assert '<a href="/reports" aria-current="true">Reports</a>' in page
    assert '<a href="/reports/lead-status" aria-current="page">Lead Status</a>' in page
    assert page.count('aria-current="page"') == 1


def test_returns_that_wait_are_counted_at_their_tab() -> None:
    assert re.search(r'href="/returns".*?61.*?waiting', render("/leads"))
    quiet = environment().get_template(PAGES["/leads"]).render(context("/leads") | {"returns_waiting": 0})
    assert "waiting" not in quiet


def test_pages_of_lead_statuses_are_hidden_where_the_network_uses_none() -> None:
    off = environment().get_template(PAGES["/reports/lead-status"])
    page = off.render(context("/reports/lead-status") | {"lead_statuses_on": False})
    assert '<a href="/reports/lead-status"' not in page
    assert '<a href="/reports/lead-detail"' in page


def test_what_somebody_typed_stays_text() -> None:
    evil = '"><script>alert(1)</script>'
    given = context("/reports/lead-status")
    given |= {"viewer": Viewer(name=evil), "query": [("q", evil)], "flash": [("info", evil)], "days": [evil] * 23}
    page = environment().get_template(PAGES["/reports/lead-status"]).render(given)
    assert "<script>alert" not in page
    assert blocked(page) == []


@pytest.mark.parametrize("code", [403, 404, 405, 418, 422, 500])
def test_an_error_says_what_to_do(code: int) -> None:
    page = environment().get_template("error.html").render(context("/missing") | {"code": code})
    assert faults(page) == []
    assert f">{code}<" in page


def test_an_act_can_be_confirmed_without_a_script() -> None:
    page = render("/setup/lead-statuses/deactivate")
    assert '<form method="post" action="/setup/lead-statuses/deactivate"' in page
    assert '<input type="hidden" name="version" value="4">' in page


@pytest.mark.parametrize("sheet", sorted((PLACE / "static").glob("*.css")), ids=lambda sheet: sheet.name)
def test_a_style_sheet_closes_what_it_opens(sheet: Path) -> None:
    """A browser says nothing where a brace is missing: what follows holds on some screens alone."""
    rules = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert rules.count("{") == rules.count("}")
