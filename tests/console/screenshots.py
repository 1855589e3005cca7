"""Pictures of every page over the demonstration's network: `python -m tests.console.screenshots DIRECTORY`."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page

from tests.console.gallery import browser
from tests.support.program import running

WIDTHS: Final = (1280, 390)
HEIGHT: Final = 860
MAKING_MS_MAX: Final = 60_000
# By the picture's name; those that are looked at most come first, and come in dark too.
DARK: Final = ("home", "lead-status", "lead", "returns", "buyers")
PAGES: Final = {
    "home": "/home",
    "lead-status": "/reports/lead-status",
    "lead-status-by-day": "/reports/lead-status?by=day",
    "lead-detail": "/reports/lead-detail",
    "leads": "/leads",
    "returns": "/returns",
    "returns-disagreeing": "/returns/disagreements",
    "returns-report": "/reports/returns",
    "revenue-adjustments": "/reports/revenue-adjustments",
    "buyer-reporting": "/reports/buyer-reporting",
    "failed-updates": "/reports/failed-updates",
    "failed-updates-calls": "/reports/failed-updates/calls",
    "failed-updates-waiting": "/reports/failed-updates/waiting",
    "failed-updates-run-again": "/reports/failed-updates/rerun",
    "failed-updates-runs": "/reports/failed-updates/runs",
    "reports": "/reports",
    "saved-views": "/reports/saved",
    "buyers": "/buyers",
    "buyer": "/buyers/1",
    "buyer-contracts": "/buyers/1/contracts",
    "buyer-keys": "/buyers/1/keys",
    "buyer-aliases": "/buyers/1/aliases",
    "buyer-posting-document": "/buyers/1/posting-document",
    "buyer-settings": "/buyers/1/settings",
    "affiliates": "/affiliates",
    "affiliate": "/affiliates/1",
    "campaigns": "/campaigns",
    "campaign": "/campaigns/1",
    "offers": "/offers",
    "verticals": "/verticals",
    "setup": "/setup",
    "settings": "/setup/settings",
    "statuses": "/setup/lead-statuses",
    "sub-statuses": "/setup/lead-statuses/sub-status",
    "fields": "/setup/lead-statuses/field",
    "status": "/setup/lead-statuses/status/1",
    "new-field": "/setup/lead-statuses/field/add",
    "catalog-import": "/setup/lead-statuses/import",
    "return-reasons": "/setup/return-reasons",
    "own-ratios": "/setup/ratios",
    "users": "/setup/users",
    "audit-log": "/setup/audit-log",
    "account": "/account",
}


@contextmanager
def demonstration() -> Iterator[tuple[str, str, str]]:
    """The address of a served demonstration, and its visitor's e-mail and password."""
    directory = Path(tempfile.mkdtemp(prefix="leadback-screenshots-"))
    try:
        with running("demo", environment={"LEADBACK_DATA_DIR": str(directory / "data")}) as program:
            program.wait_until_ready()
            found = re.search(r"^\s+(\S+@\S+)\n\s+(\S+)$", program.errors, re.MULTILINE)
            assert found is not None, program.errors
            yield program.url, found[1], found[2]
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def take(opened: Browser, address: str, email: str, password: str, directory: Path) -> None:
    """Every page wide and narrow, and the most looked at in dark."""
    window = opened.new_context(base_url=address, reduced_motion="reduce")
    page = window.new_page()
    page.set_default_timeout(MAKING_MS_MAX)
    page.goto("/sign-in")
    _shoot(page, "sign-in", directory)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/home")
    page.goto("/reports/lead-detail?filter=updated%3Dyes")
    lead = page.locator("tbody th a").first.get_attribute("href")
    assert lead is not None
    for name, path in {**PAGES, "lead": lead.partition("#")[0]}.items():
        page.goto(path)
        _shoot(page, name, directory)
    window.close()


def _shoot(page: Page, name: str, directory: Path) -> None:
    for theme in ("light", "dark") if name in DARK else ("light",):
        for width in WIDTHS:
            _look(page, width, theme)
            page.screenshot(path=directory / f"{name}-{width}{'-dark' if theme == 'dark' else ''}.png")


def _look(page: Page, width: int, theme: Any) -> None:
    page.set_viewport_size({"width": width, "height": HEIGHT})
    page.emulate_media(color_scheme=theme)
    # What pages fetch and draw after themselves is part of the picture.
    page.wait_for_load_state("networkidle")
    if page.locator(".chart").count():
        page.locator(".chart canvas").first.wait_for()


def main(directory: Path) -> None:
    """Take them all anew."""
    directory.mkdir(parents=True, exist_ok=True)
    with demonstration() as (address, email, password), browser() as opened:
        take(opened, address, email, password, directory)
    # Few colours are enough, and a third of the size.
    if (quantize := shutil.which("pngquant")) is not None:
        pictures = [str(path) for path in sorted(directory.glob("*.png"))]
        subprocess.run([quantize, "--ext", ".png", "--force", "--strip", "--", *pictures], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
