"""Reports > Lead Status with more than five hundred campaigns and more than forty columns, in a browser."""

from asyncio import to_thread
from collections.abc import Mapping
from mimetypes import guess_type
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from leadback.console.routes import PLACE
from leadback.console.secured import HEADERS
from leadback.kit.database import Database
from tests.conftest import skip_or_fail
from tests.console.browsing import signed_in
from tests.console.gallery import CHROMIUM, ORIGIN, browser
from tests.console.test_lead_status_page import EVERY_COLUMN
from tests.console.watching import watching
from tests.support.importing import import_rows
from tests.support.program import Program
from tests.support.seed import seed_network

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

CAMPAIGNS: Final = 520
ROWS_A_PAGE: Final = 200
STATUSES: Final = [f"Status {number}" for number in range(22)]
REPORT: Final = "/reports/lead-status"
# The chart has a table of its own.
TABLE: Final = "[hx-include='#shown-columns'] table"
ASKED: Final = [
    ("from", "2026-03-01"),
    ("to", "2026-03-31"),
    *(("column", name) for name in EVERY_COLUMN),
    *(("column", f"status:{name}") for name in STATUSES),
]
# What moves without anybody's doing, since the page was opened; scrolling alone moves nothing.
WATCH_SHIFTS: Final = """() => {
    window.shifts = [];
    const seen = (list) => list.getEntries().map(({ value, startTime }) => [value, startTime]);
    new PerformanceObserver((list) => shifts.push(...seen(list))).observe({ type: "layout-shift", buffered: true });
}"""
SHIFT_MAX: Final = 0.05
"""In sum, of a window's height and width; what is seen to move begins at 0.1."""
# Where the head's top and left corner and a row's name are within the frame, once the table was scrolled and drawn.
SCROLL: Final = """async ([left, top]) => {
    const scrolled = document.querySelector("[hx-include='#shown-columns'] .table-scroll");
    scrolled.scrollTo(left, top);
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    if (scrolled.scrollLeft !== left || scrolled.scrollTop !== top) throw new Error("It does not scroll so far.");
    const frame = scrolled.getBoundingClientRect();
    const head = scrolled.querySelector("thead").getBoundingClientRect();
    const total = scrolled.querySelector("tr.total th").getBoundingClientRect();
    const name = scrolled.querySelector("tbody th").getBoundingClientRect();
    return [head.top - frame.top, total.top - frame.top, total.left - frame.left, name.left - frame.left, name.width];
}"""


async def make_many_campaigns(database: Database, network_id: int, program: Program, folder: Path) -> int:
    """A sale or two of each of them, at one of many statuses; how many sales there are."""
    await seed_network(database, network_id)
    catalog = folder / "catalog.toml"
    catalog.write_text("\n".join(f'[[status]]\nname = "{name}"' for name in STATUSES))
    program.run("catalog", "apply", str(catalog))
    rows = [
        {
            "lead_id": f"lead{number}-{again}",
            "campaign": f"Campaign {number:03} of a name that is rather long",
            "sold_at": f"2026-03-{1 + number % 28:02}T12:00:00",
            "status": STATUSES[number % len(STATUSES)] if again or number % 5 else "",
        }
        for number in range(CAMPAIGNS)
        for again in range(1 + number % 2)
    ]
    done = await import_rows(database, network_id, *rows, create_missing=True)
    assert not done.reasons
    return len(rows)


async def answers_of(database: Database, network_id: int) -> dict[str, str]:
    """What the console answers: each page by its number, and what the first fetches after itself."""
    asked = {str(number): f"{REPORT}?{urlencode([*ASKED, ('page', str(number))])}" for number in (1, 2, 3)}
    asked["headline"] = f"{REPORT}/headline?{urlencode([*ASKED, ('compare', 'on')])}"
    found = {}
    async with signed_in(database, network_id) as client:
        for name, address in asked.items():
            answer = await client.get(address)
            assert answer.status_code == 200, answer.text
            found[name] = answer.text
    return found


async def test_hundreds_of_rows_of_dozens_of_columns_stay_in_order(
    database: Database, network_id: int, database_url: str, migration_database_url: str, tmp_path: Path
) -> None:
    if not CHROMIUM.exists():
        skip_or_fail(f"Chromium is not on this machine ({CHROMIUM}; Debian: chromium)")
    addresses = {"LEADBACK_DATABASE_URL": database_url, "LEADBACK_MIGRATION_DATABASE_URL": migration_database_url}
    program = Program(addresses | {"LEADBACK_NETWORK": str(network_id)})
    sales = await make_many_campaigns(database, network_id, program, tmp_path)
    await to_thread(look, await answers_of(database, network_id), sales)


def look(answers: Mapping[str, str], sales: int) -> None:
    """Through the table in both directions, and through its pages."""
    with browser() as chromium, watching(chromium, ORIGIN) as watched:
        page = watched.window()
        page.route("**/*", lambda route: fulfil(route, answers))
        page.goto(REPORT)
        page.wait_for_load_state("networkidle")
        assert page.locator(f"{TABLE} thead tr:nth-child(2) > *").count() > 40
        assert page.locator(f"{TABLE} tbody tr").count() == ROWS_A_PAGE
        head_and_names_stay_in_sight(page)
        seen = names_on(page)
        for rows in (ROWS_A_PAGE, CAMPAIGNS - 2 * ROWS_A_PAGE):
            page.get_by_role("navigation", name="Pages").get_by_role("link", name="Next page").click()
            expect(page.locator(f"{TABLE} tbody tr")).to_have_count(rows)
            # The totals are of everything, whichever part is shown.
            expect(page.locator(f"{TABLE} tr.total td[data-label='Sales']")).to_have_text(f"{sales}")
            seen |= names_on(page)
        assert len(seen) == CAMPAIGNS


def fulfil(route: Route, answers: Mapping[str, str]) -> None:
    """Answer from memory and the static files, with the headers that the console sends."""
    asked = urlsplit(route.request.url)
    headers = {name.decode(): value.decode() for name, value in HEADERS}
    file = PLACE / asked.path.removeprefix("/")
    if asked.path.startswith("/static/") and file.is_file():
        route.fulfill(body=file.read_bytes(), content_type=guess_type(file.name)[0], headers=headers)
        return
    number = parse_qs(asked.query).get("page", ["1"])[0]
    body = answers["headline" if asked.path.endswith("/headline") else number]
    route.fulfill(body=body, content_type="text/html; charset=utf-8", headers=headers)


def names_on(page: Page) -> set[str]:
    """What the rows are called."""
    return set(page.locator(f"{TABLE} tbody th").all_inner_texts())


def head_and_names_stay_in_sight(page: Page) -> None:
    """Wherever the table is scrolled to, its head is at the top and the names at the left; nothing moves by itself."""
    page.evaluate(WATCH_SHIFTS)
    # Columns may still find their width while a long page arrives.
    loaded = page.evaluate("performance.now()")
    places = {str(page.evaluate(SCROLL, place)) for place in ([0, 0], [0, 2_000], [1_500, 2_000], [900, 0], [400, 800])}
    assert len(places) == 1, places
    shifts = page.evaluate("shifts")
    assert sum(value for value, _ in shifts) < SHIFT_MAX, shifts
    assert [value for value, at in shifts if at > loaded] == []
