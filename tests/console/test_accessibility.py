"""Every page of the console with data in it, in light and in dark: nothing keeps anybody from using it."""

from asyncio import to_thread
from collections.abc import Sequence
from mimetypes import guess_type
from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec
import pytest
from playwright.sync_api import Route

from leadback.console.routes import PLACE
from leadback.console.secured import HEADERS
from leadback.kit.database import Database
from tests.conftest import skip_or_fail
from tests.console.browsing import signed_in
from tests.console.gallery import CHROMIUM, ORIGIN, browser
from tests.console.network_seen import make_lively
from tests.console.test_roles import asked
from tests.console.test_shell_in_browser import AXE
from tests.console.watching import Watched

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

AXE_RUN: Final = """async (tags) => {
    const runOnly = { type: "tag", values: tags };
    const { violations } = await axe.run("html", { runOnly, resultTypes: ["violations"] });
    const place = (node) => `${node.target.join(" ")}: ${node.failureSummary}`;
    return violations.filter(({ impact }) => ["serious", "critical"].includes(impact))
        .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${place(node)}`));
}"""
TAGS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
LOOKS: Final[Sequence[tuple[int, Literal["light", "dark"]]]] = (
    (1280, "light"),
    (1280, "dark"),
    (390, "light"),
)
HEIGHT: Final = 860
SHARES: Final = 2
"""Of the pages; each is a test of its own, so that they go to several workers."""
Pages = dict[str, str]


@pytest.fixture
def axe() -> str:
    if not CHROMIUM.exists():
        skip_or_fail(f"Chromium is not on this machine ({CHROMIUM}; Debian: chromium)")
    if not AXE.exists():
        skip_or_fail("axe-core is not installed: it comes with make test where there is npm")
    return AXE.read_text(encoding="utf-8")


@pytest.mark.parametrize("share", range(SHARES))
async def test_no_page_keeps_anybody_out(database: Database, network_id: int, axe: str, share: int) -> None:
    pages, parts = await _pages(database, network_id)
    assert len(pages) > 60
    found = await to_thread(_look, pages, list(pages)[share::SHARES], parts, axe)
    assert found == [], "\n".join(found)


async def _pages(database: Database, network_id: int) -> tuple[Pages, Pages]:
    """Whole pages and what they fetch after themselves, as the owner gets them."""
    made = await make_lively(database, network_id)
    pages: Pages = {}
    parts: Pages = {}
    async with signed_in(database, network_id) as client:
        for address in [address.format(**msgspec.structs.asdict(made)) for address, _ in asked()]:
            headers = {"hx-request": "true"} if address == "/home/findings" else {}
            answer = await client.get(address, headers=headers)
            if answer.headers.get("content-type", "").startswith("text/html"):
                (pages if "<html" in answer.text else parts)[address] = answer.text
    return pages, parts


def _look(pages: Pages, addresses: Sequence[str], parts: Pages, axe: str) -> list[str]:
    """What axe finds on each of these pages however it is looked at, and what the browser complains about."""
    found = []
    # Addresses of parts carry a question that depends on the day; each part has one path.
    by_path = {urlsplit(address).path: text for address, text in parts.items()}

    def answer(route: Route) -> None:
        asked_for = urlsplit(route.request.url)
        whole = asked_for.path + (f"?{asked_for.query}" if asked_for.query else "")
        headers = {name.decode(): value.decode() for name, value in HEADERS}
        file = PLACE / asked_for.path.removeprefix("/")
        if (text := pages.get(whole, by_path.get(asked_for.path))) is not None:
            route.fulfill(body=text, content_type="text/html; charset=utf-8", headers=headers)
        elif asked_for.path.startswith("/static/") and file.is_file():
            route.fulfill(body=file.read_bytes(), content_type=guess_type(file.name)[0], headers=headers)
        else:
            route.fulfill(status=404, body="Nothing is here.", content_type="text/plain", headers=headers)

    with browser() as chromium:
        watched = Watched(chromium, ORIGIN)
        window = watched.window()
        window.route("**/*", answer)
        for address in addresses:
            window.set_viewport_size({"width": 1280, "height": HEIGHT})
            window.goto(address)
            window.wait_for_load_state("networkidle")
            found += [f"{address}: {said}" for said in watched.complaints]
            window.evaluate(axe)
            for width, theme in LOOKS:
                window.set_viewport_size({"width": width, "height": HEIGHT})
                window.emulate_media(color_scheme=theme)
                found += [f"{address}: {width} {theme}: {said}" for said in window.evaluate(AXE_RUN, TAGS)]
            # It tries out styles of its own, and what the policy says to that is not the page's.
            watched.complaints.clear()
        watched.close()
    return found
