"""The frame and the components in a browser: accessible, under the policy, with scripts and without."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.conftest import skip_or_fail
from tests.console.gallery import CHROMIUM, ORIGIN, PAGES, browser, serve

AXE = Path(__file__).parents[2] / "assets" / "node_modules" / "axe-core" / "axe.min.js"
AXE_RUN = """async (within) => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await axe.run(within, { runOnly: tags, resultTypes: ["violations"] });
    const place = (node) => `${node.target.join(" ")}: ${node.failureSummary}`;
    return violations.map(({ id, impact, nodes }) => ({ id, impact, at: nodes.map(place) }));
}"""
WIDTHS = (1280, 390)
HEIGHT = 860

# One browser for all of them: each would cost a second and memory.
pytestmark = pytest.mark.xdist_group("chromium")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        skip_or_fail(f"Chromium is not on this machine ({CHROMIUM}; Debian: chromium)")
    with browser() as opened:
        yield opened


class Windows:
    """Opens pages of the gallery, and remembers what the browser complained about."""

    def __init__(self, chromium: Browser) -> None:
        self._chromium = chromium
        self._opened: list[BrowserContext] = []
        self.complaints: list[str] = []

    def open(self, path: str, width: int = 1280, theme: Any = "light", *, scripts: bool = True) -> Page:
        """One page in a window of its own."""
        window = self._chromium.new_context(
            color_scheme=theme,
            viewport={"width": width, "height": HEIGHT},
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        self._opened.append(window)
        page = window.new_page()
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        serve(page)
        page.goto(ORIGIN + path)
        return page

    def close(self) -> None:
        """Close them all."""
        for window in self._opened:
            window.close()


@pytest.fixture
def windows(chromium: Browser) -> Iterator[Windows]:
    opened = Windows(chromium)
    yield opened
    opened.close()
    assert opened.complaints == []


def violations(windows: Windows, page: Page, within: str = "html") -> list[str]:
    """What axe finds, in words. It tries out styles of its own, and what the policy says to that is not the page's."""
    before = list(windows.complaints)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(AXE_RUN, within)
    windows.complaints[:] = before
    return [f"{rule['id']} ({rule['impact']}): {place}" for rule in found for place in rule["at"]]


@pytest.fixture
def axe() -> None:
    if not AXE.exists():
        skip_or_fail("axe-core is not installed: it comes with make test where there is npm")


@pytest.mark.usefixtures("axe")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_accessible(windows: Windows, path: str, theme: str) -> None:
    page = windows.open(path, theme=theme)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        assert violations(windows, page) == []


@pytest.mark.usefixtures("axe")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_what_opens_is_accessible(windows: Windows, width: int, theme: str) -> None:
    page = windows.open("/reports/lead-status", width, theme)
    for menu in page.locator("details.menu > summary").all():
        menu.click()
        assert violations(windows, page, "details[open]") == []
        page.keyboard.press("Escape")
    page.goto(ORIGIN + "/setup/lead-statuses")
    page.get_by_role("link", name="Deactivate").click()
    assert violations(windows, page, "dialog[open]") == []


@pytest.mark.usefixtures("axe")
def test_axe_would_find_something(windows: Windows) -> None:
    page = windows.open("/leads")
    page.evaluate("document.querySelector('[data-search]').removeAttribute('aria-label')")
    page.evaluate("document.querySelector('[data-search]').removeAttribute('placeholder')")
    assert any(found.startswith("label (critical)") for found in violations(windows, page))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_never_scrolls_sideways(windows: Windows, path: str) -> None:
    page = windows.open(path)
    for width in (1280, 1000, 920, 640, 390, 320):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_every_target_is_large_enough_for_a_finger(windows: Windows, width: int) -> None:
    page = windows.open("/setup/lead-statuses", width)
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, summary, nav a, .btn, .page-link, .choice, .pick label")]
            .filter((target) => target.checkVisibility())
            .map((target) => [target.outerHTML.slice(0, 90), target.getBoundingClientRect()])
            .filter(([, box]) => box.width < 24 || box.height < 24)
            .map(([html, box]) => `${html} ${box.width}x${box.height}`)"""
    )
    assert small == []


def test_the_policy_holds_an_inline_script_back(chromium: Browser) -> None:
    opened = Windows(chromium)
    page = opened.open("/leads")
    page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "document.title = 'taken over'";
        document.body.append(script);
    }""")
    assert page.title() == "Leads · Leadback"
    assert any("Content Security Policy" in complaint for complaint in opened.complaints)
    opened.close()


def test_the_chart_is_drawn_from_the_numbers_beside_it(windows: Windows) -> None:
    page = windows.open("/reports/lead-status")
    expect(page.locator(".chart canvas")).to_be_visible()
    series = page.evaluate("""() => echarts.getInstanceByDom(document.querySelector(".chart")).getOption().series
        .map(({ name, data }) => [name, data.map((entry) => entry.value ?? entry)])""")
    rows = page.locator(".chart-table tbody tr")
    shown = [[int(text) for text in row.locator("td").all_text_contents()] for row in rows.all()]
    assert [counts for _, counts in series] == [list(column) for column in zip(*shown, strict=True)]
    assert [name for name, _ in series] == page.locator(".chart-table thead th.number").all_text_contents()


def test_days_that_are_too_young_are_fainter(windows: Windows) -> None:
    page = windows.open("/reports/lead-status")
    expect(page.locator(".chart canvas")).to_be_visible()
    opacities = page.evaluate("""() => echarts.getInstanceByDom(document.querySelector(".chart")).getOption().series[0]
        .data.map((entry) => entry.itemStyle?.opacity ?? 1)""")
    assert opacities[:-4] == [1] * 19
    assert all(opacity < 1 for opacity in opacities[-4:])


def test_the_tooltip_needs_no_styles_of_its_own(windows: Windows) -> None:
    page = windows.open("/reports/lead-status")
    page.locator(".chart canvas").hover()
    page.wait_for_function("""() => echarts.getInstanceByDom(document.querySelector(".chart")).getZr().storage
        .getDisplayList().some((drawn) => drawn.style.text?.includes("Unqualified") && drawn.z > 50)""")


def test_dark_is_the_systems_until_somebody_chooses(windows: Windows) -> None:
    page = windows.open("/leads", theme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    toggle = page.get_by_role("button", name="Dark colours")
    expect(toggle).to_have_attribute("aria-pressed", "true")
    toggle.click()
    light = page.evaluate(ground)
    assert light != dark
    page.reload()
    assert page.evaluate(ground) == light
    expect(toggle).to_have_attribute("aria-pressed", "false")
    toggle.click()
    assert page.evaluate(ground) == dark
    # Back with the system, it follows the system.
    page.emulate_media(color_scheme="light")
    assert page.evaluate(ground) == light


def test_the_slash_searches_and_escape_leaves(windows: Windows) -> None:
    page = windows.open("/leads")
    search = page.get_by_role("searchbox")
    page.keyboard.press("/")
    expect(search).to_be_focused()
    page.keyboard.type("a/b")
    expect(search).to_have_value("a/b")
    page.keyboard.press("Escape")
    expect(search).not_to_be_focused()


def test_the_first_tab_leads_to_the_content(windows: Windows) -> None:
    page = windows.open("/leads")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_a_small_screen_opens_the_tabs_by_a_button(windows: Windows) -> None:
    page = windows.open("/leads", 390)
    tabs = page.get_by_role("navigation", name="Main")
    expect(tabs).to_be_hidden()
    burger = page.get_by_role("button", name="Menu")
    burger.click()
    expect(tabs).to_be_visible()
    expect(burger).to_have_attribute("aria-expanded", "true")
    burger.click()
    expect(tabs).to_be_hidden()


def test_tabs_that_do_not_fit_say_so_and_show_the_one_that_is_open(windows: Windows) -> None:
    page = windows.open("/setup/lead-statuses", 390)
    tabs = page.get_by_role("navigation", name="Setup")
    expect(tabs).to_have_attribute("data-right", "")
    expect(tabs).not_to_have_attribute("data-left", "")
    # The form that was refused further down has the focus.
    page.evaluate("scrollTo(0, 0)")
    last = tabs.get_by_role("link").last
    expect(last).not_to_be_in_viewport()
    tabs.evaluate("tabs => tabs.querySelector('[aria-current]').removeAttribute('aria-current')")
    last.evaluate("link => link.setAttribute('aria-current', 'page')")
    page.set_viewport_size({"width": 380, "height": HEIGHT})
    expect(last).to_be_in_viewport(ratio=1)
    expect(tabs).to_have_attribute("data-left", "")


def test_a_form_is_sent_once_and_shows_that_it_is_under_way(windows: Windows) -> None:
    page = windows.open("/setup/lead-statuses")
    sent: list[str] = []

    def answer(route: Route) -> None:
        sent.append(route.request.method)
        route.fulfill(body="<title>Answered</title>", content_type="text/html")

    page.route("**/setup/lead-statuses", answer)
    classes = page.locator("main form.form[method=post]").evaluate(
        "form => { form.noValidate = true; form.requestSubmit(); form.requestSubmit();"
        " return document.documentElement.className; }"
    )
    assert "busy" in classes.split()
    expect(page).to_have_title("Answered")
    assert sent == ["POST"]


def test_what_is_cut_off_is_told_whole(windows: Windows) -> None:
    page = windows.open("/reports/lead-status")
    name = page.locator(".table-frame tbody th").first
    name.evaluate("name => name.append(' of a name that is much too long for any column of it'.repeat(3))")
    name.hover()
    expect(name).to_have_attribute("title", re.compile("much too long"))


def test_whoever_is_not_signed_in_finds_the_form_in_the_middle(windows: Windows) -> None:
    page = windows.open("/sign-in")
    box = page.locator("main").bounding_box()
    assert box is not None
    assert abs(box["x"] + box["width"] / 2 - 1280 / 2) < 1


def test_menus_close_by_escape_and_by_a_press_elsewhere(windows: Windows) -> None:
    page = windows.open("/reports/lead-status")
    menu = page.locator("details.menu", has_text="date sold")
    menu.locator("summary").click()
    expect(page.get_by_role("link", name="Month to date")).to_be_visible()
    page.get_by_label("From").focus()
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(menu.locator("summary")).to_be_focused()
    menu.locator("summary").click()
    page.get_by_role("heading", name="Lead Status").click()
    expect(menu).not_to_have_attribute("open", "")


def test_dates_keep_the_other_filters(windows: Windows) -> None:
    page = windows.open("/reports/lead-status")
    page.locator("summary", has_text="date sold").click()
    page.get_by_label("From").fill("2026-10-05")
    page.get_by_role("button", name="Show these days").click()
    page.wait_for_url("**/reports/lead-status?*from=2026-10-05*")
    assert page.url.endswith("?vertical=Payday&vertical=Solar&from=2026-10-05&to=2026-11-23")


def test_what_destroys_asks_first_with_the_focus_on_cancel(windows: Windows) -> None:
    page = windows.open("/setup/lead-statuses")
    page.get_by_role("link", name="Deactivate").click()
    dialog = page.get_by_role("dialog", name="Deactivate “Funded”?")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    assert page.url == ORIGIN + "/setup/lead-statuses"


def test_rows_open_and_close_in_place(windows: Windows) -> None:
    page = windows.open("/reports/lead-status")
    rows = page.locator(".table-frame tbody tr")
    before = rows.count()
    opener = page.locator("[data-opener]").nth(1)
    opener.focus()
    page.keyboard.press("Enter")
    expect(rows).to_have_count(before + 3)
    expect(rows.nth(2)).to_contain_text("sub 1")
    expect(opener).to_have_attribute("aria-expanded", "true")
    opener.click()
    expect(rows).to_have_count(before)
    expect(opener).to_have_attribute("aria-expanded", "false")


def test_picked_rows_are_counted(windows: Windows) -> None:
    page = windows.open("/setup/lead-statuses")
    bar = page.locator(".bulk-bar")
    expect(bar).to_be_hidden()
    page.get_by_label("Pick return 2").check()
    expect(bar).to_contain_text("1 returns picked")
    page.get_by_label("Pick all rows").check()
    expect(page.get_by_label("Pick return 1")).to_be_checked()
    expect(bar).to_contain_text("2 returns picked")


def test_an_answer_to_htmx_is_told_in_a_corner(windows: Windows) -> None:
    page = windows.open("/setup/lead-statuses")
    page.get_by_role("button", name="Save quietly").click()
    toast = page.locator("[data-toast]")
    expect(toast).to_contain_text("Saved.")
    toast.get_by_role("button", name="Dismiss").click()
    expect(toast).to_have_count(0)


def test_a_wide_table_scrolls_under_its_first_column_and_its_head(windows: Windows) -> None:
    page = windows.open("/reports/lead-status")
    frame = page.locator(".table-frame")
    expect(frame).to_have_attribute("data-right", "")
    name, head = frame.locator("tbody th").first, frame.locator("thead th").last
    left = name.evaluate("name => name.getBoundingClientRect().left")
    frame.locator(".table-scroll").evaluate("scroller => scroller.scrollTo(300, 200)")
    expect(frame).to_have_attribute("data-left", "")
    assert name.evaluate("name => name.getBoundingClientRect().left") == left
    expect(head).to_be_in_viewport()


def test_a_small_screen_gets_cards_and_the_table_on_demand(windows: Windows) -> None:
    page = windows.open("/reports/lead-status", 390)
    payout = page.locator(".table-frame tbody td[data-label=Payout]").first
    sales = page.locator(".table-frame tbody td[data-label=Sales]").first
    expect(sales).to_be_visible()
    expect(payout).to_be_hidden()
    page.get_by_label("Show as a table").check()
    expect(payout).to_be_visible()
    assert page.locator(".table-frame .table-scroll").evaluate(
        "scroller => scroller.scrollWidth > scroller.clientWidth"
    )


def test_everything_is_there_without_scripts(windows: Windows) -> None:
    page = windows.open("/reports/lead-status", 390, scripts=False)
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    expect(page.get_by_role("button", name="Dark colours")).to_be_hidden()
    page.locator("summary", has_text="date sold").click()
    expect(page.get_by_label("From")).to_be_visible()
    page.locator("summary", has_text="The numbers of this chart").click()
    expect(page.get_by_role("rowheader", name="Nov 1", exact=True)).to_be_visible()


def test_without_scripts_an_act_leads_to_its_confirmation(windows: Windows) -> None:
    page = windows.open("/setup/lead-statuses", scripts=False)
    page.get_by_role("link", name="Deactivate").click()
    expect(page.get_by_role("heading", name="Deactivate “Funded”?")).to_be_visible()
    expect(page.get_by_role("button", name="Deactivate")).to_be_visible()
