"""The console as its users meet it: from the first visit to a report that holds what a buyer sent."""

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import skip_or_fail
from tests.console.gallery import CHROMIUM, browser
from tests.console.watching import watching
from tests.support.program import Program

UPDATE_LEAD = "/buyers/api/1/leads.asmx/UpdateLead"
PASSWORD = "correct horse battery staple"
REPORT = "/reports/lead-status"
FAILED = "/reports/failed-updates"

# One browser for all of them, and a server beside it.
pytestmark = [pytest.mark.xdist_group("chromium"), pytest.mark.timeout(300)]


class Office(msgspec.Struct):
    """The network's program and server, the owner's window, and the key of the one buyer."""

    program: Program
    address: str
    page: Page
    folder: Path
    key: str = ""

    def open(self, path: str) -> Page:
        """Go to a page by its address."""
        self.page.goto(path)
        return self.page

    def press(self, name: str) -> None:
        """A button of the page."""
        self.page.get_by_role("main").get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        """A link of the page."""
        self.page.get_by_role("main").get_by_role("link", name=name, exact=True).click()

    def go(self, tab: str, within: str = "") -> None:
        """Through the navigation: a tab, and a page within it."""
        self.page.get_by_role("navigation", name="Main").get_by_role("link", name=tab).click()
        if within:
            self.page.get_by_role("navigation", name=tab).get_by_role("link", name=within, exact=True).click()

    def told(self, text: str) -> None:
        """What the page says after a change."""
        expect(self.page.get_by_text(text).first).to_be_visible()

    def cell(self, campaign: str, column: str) -> Locator:
        """A number of the Lead Status report."""
        row = self.page.get_by_role("row").filter(has=self.page.get_by_role("rowheader", name=campaign))
        return row.locator(f"td[data-label='{column}']")

    def update(self, lead_id: str, **given: str) -> str:
        """What the buyer's system sends, and what it is answered."""
        empty = {"buyer_contract_id": "0", "status": "", "sub_status": "", "amount": "", "add_to_existing": ""}
        empty |= {"field_name": "", "field_value": "", "return_reason_id": "0", "lead_id": lead_id}
        answer = httpx.get(
            self.address + UPDATE_LEAD, params=empty | given, headers={"X-Api-Key": self.key}, timeout=30
        )
        assert answer.status_code == 200
        return answer.text


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        skip_or_fail(f"Chromium is not on this machine ({CHROMIUM}; Debian: chromium)")
    with browser() as opened:
        yield opened


def test_from_the_first_visit_to_a_report(program: Program, chromium: Browser, tmp_path: Path) -> None:
    """One test, because each step needs the one before."""
    made = program.run("init", "--network", "Acme", "--time-zone", "America/New_York", "--currency", "USD")
    with program.serving("--web-workers", "1") as address, watching(chromium, address) as watched:
        office = Office(program, address, watched.window(), tmp_path)
        the_first_visit_makes_the_owner(office, made.stdout + made.stderr)
        lead_statuses_go_off_and_on(office)
        the_setup_gets_its_words(office)
        a_buyer_gets_a_contract_and_a_key(office)
        sales_are_imported(office)
        an_update_is_in_the_report(office)
        statuses_are_put_in_order(office)
        it_is_behind_every_number(office)
        an_inactive_status_is_refused(office)
        an_alias_brings_it_in(office)


def the_first_visit_makes_the_owner(office: Office, printed: str) -> None:
    page = office.open("/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    link = re.search(r"https?://\S+/welcome/\S+", printed)
    assert link is not None, printed
    page.goto(urlsplit(link[0]).path)
    page.get_by_label("Your name").fill("Maria Keller")
    page.get_by_label("E-mail").fill("maria@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    office.press("Begin")
    office.told("Welcome, Maria Keller.")
    expect(page).to_have_url(re.compile("/home$"))
    # The link was for once.
    assert httpx.post(office.address + urlsplit(link[0]).path, data={"name": "Eve"}).status_code != 200


def lead_statuses_go_off_and_on(office: Office) -> None:
    page = office.page
    setup = page.get_by_role("navigation", name="Setup")
    reports = page.get_by_role("navigation", name="Reports")
    office.go("Setup", "Settings")
    page.get_by_role("checkbox", name="Lead Statuses").uncheck()
    office.press("Save")
    office.told("Saved.")
    expect(setup.get_by_role("link", name="Lead Statuses", exact=True)).to_have_count(0)
    office.go("Reports")
    expect(reports.get_by_role("link", name="Returns", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Lead Status", exact=True)).to_have_count(0)
    office.go("Setup", "Settings")
    page.get_by_role("checkbox", name="Lead Statuses").check()
    office.press("Save")
    office.told("Saved.")
    expect(setup.get_by_role("link", name="Lead Statuses", exact=True)).to_be_visible()
    office.go("Reports", "Lead Status")
    expect(page.get_by_role("heading", name="Lead Status", exact=True)).to_be_visible()


def the_setup_gets_its_words(office: Office) -> None:
    page = office.page
    for name, meaning, stage in (("Contacted", "neutral", "contacted"), ("Funded", "positive", "funded")):
        office.go("Setup", "Lead Statuses")
        office.follow("Add")
        page.get_by_label("Name", exact=True).fill(name)
        page.get_by_label("Meaning").select_option(meaning)
        page.get_by_label("Stage").select_option(label=stage)
        office.press("Add")
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
    page.goto("/setup/lead-statuses/sub-status")
    office.follow("Add under Contacted")
    page.get_by_label("Name", exact=True).fill("By phone")
    office.press("Add")
    expect(page.get_by_role("link", name="By phone", exact=True)).to_be_visible()
    page.goto("/setup/lead-statuses/field")
    office.follow("Add")
    page.get_by_label("Label").fill("Loan amount")
    page.get_by_label("Field name").fill("loan_amount")
    page.get_by_label("Data type").select_option("Number")
    page.get_by_label("Summary").select_option("sum")
    office.press("Add")
    expect(page.get_by_role("link", name="Loan amount", exact=True)).to_be_visible()


def a_buyer_gets_a_contract_and_a_key(office: Office) -> None:
    page = office.page
    office.go("Verticals")
    page.get_by_label("Name", exact=True).fill("Payday")
    office.press("Make the vertical")
    office.go("Buyers")
    page.get_by_label("Name", exact=True).fill("Big Lender")
    office.press("Make the buyer")
    page.get_by_label("Name", exact=True).fill("Gold")
    page.get_by_role("region", name="New contract").get_by_label("Vertical").select_option("Payday")
    office.press("Make the contract")
    expect(page.get_by_role("link", name="Gold", exact=True)).to_be_visible()
    page.get_by_role("link", name=re.compile("keys", re.IGNORECASE)).first.click()
    office.press("Make a key")
    office.key = page.locator(".shown-once code").inner_text()
    assert office.key.startswith("lbk")
    # It is shown once.
    page.goto(page.url)
    expect(page.get_by_text(office.key)).to_have_count(0)


def sales_are_imported(office: Office) -> None:
    sold_at = datetime.now(UTC) - timedelta(days=2)
    file = office.folder / "sales.csv"
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow("lead_id sold_at sold_price buyer buyer_contract vertical affiliate campaign".split())
        for lead_id, campaign in (("A1", "Search"), ("A2", "Search"), ("B1", "Mail")):
            row = [lead_id, f"{sold_at:%Y-%m-%dT%H:%M:%S}", "25", "Big Lender", "Gold", "Payday", "Northbeam", campaign]
            writer.writerow(row)
    office.program.run("import", "sales", str(file), "--create-missing")


def an_update_is_in_the_report(office: Office) -> None:
    said = {"status": "Contacted", "sub_status": "By phone", "field_name": "loan_amount", "field_value": "1250"}
    assert "Lead updated" in office.update("A1", **said)
    office.open("/home")
    office.go("Reports", "Lead Status")
    expect(office.cell("Search", "Sales")).to_have_text("2")
    expect(office.cell("Search", "Contacted")).to_contain_text("1")
    expect(office.cell("Mail", "Contacted").get_by_role("link")).to_have_count(0)
    expect(office.cell("Search", "Σ Loan amount")).to_contain_text("1,250")


def statuses_are_put_in_order(office: Office) -> None:
    page = office.page
    # By the mouse: from its handle to the upper half of another row.
    office.go("Setup", "Lead Statuses")
    rows = page.locator("[data-reorder] tr")
    expect(rows).to_contain_text(["Contacted", "Funded"])
    handle = rows.filter(has_text="Funded").locator("[data-drag-handle]")
    handle.drag_to(rows.filter(has_text="Contacted"), target_position={"x": 60, "y": 4})
    expect(rows).to_contain_text(["Funded", "Contacted"])
    the_report_has_statuses(office, "Funded", "Contacted")
    # By the keyboard alone.
    office.go("Setup", "Lead Statuses")
    page.get_by_role("button", name="Move Funded down").focus()
    page.keyboard.press("Enter")
    expect(rows).to_contain_text(["Contacted", "Funded"])
    the_report_has_statuses(office, "Contacted", "Funded")


def the_report_has_statuses(office: Office, *names: str) -> None:
    """Its columns, as it was asked for anew."""
    page = office.open(REPORT)
    found = page.get_by_role("columnheader").filter(has_text=re.compile("^(Contacted|Funded)$")).all_inner_texts()
    assert tuple(found) == names


def it_is_behind_every_number(office: Office) -> None:
    page = office.page
    changes = page.get_by_role("switch", name="Show Changes")
    changes.click()
    # Only sales that were updated are counted now: one of Search, none of Mail.
    expect(changes).to_have_attribute("aria-checked", "true")
    expect(office.cell("Search", "Sales")).to_have_text("1")
    expect(page.get_by_role("rowheader", name="Mail")).to_have_count(0)
    office.cell("Search", "Contacted").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Lead Detail by Buyer")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody").get_by_role("link", name="A1").click()
    expect(page.get_by_role("heading", name="Lead A1")).to_be_visible()
    story = page.locator(".story .step").first
    for text in ("Contacted", "By phone", "1250"):
        expect(story).to_contain_text(re.compile(re.escape(text).replace("1250", "1,?250")))


def an_inactive_status_is_refused(office: Office) -> None:
    page = office.page
    office.go("Setup", "Lead Statuses")
    office.follow("Funded")
    office.press("Deactivate")
    assert "Invalid Lead Status" in office.update("A2", status="Funded")
    office.go("Reports", "Failed updates")
    row = page.get_by_role("row").filter(has_text="Big Lender")
    expect(row).to_contain_text("“Funded”")
    row.get_by_role("link", name="Invalid Lead Status").click()
    expect(page.locator("tbody tr")).to_contain_text(["A2"])


def an_alias_brings_it_in(office: Office) -> None:
    assert "Invalid Lead Status" in office.update("B1", status="called")
    page = office.open(FAILED)
    page.locator("td a[href$='status=called']", has_text="Make an alias …").click()
    page.get_by_label("Stands for", exact=True).select_option(label="Contacted")
    office.press("Show what it does")
    effect = page.get_by_role("table", name="What becomes of each call")
    expect(effect).to_contain_text("B1")
    # So far nothing was done.
    assert office.program.json("alias", "list") == []
    office.press("Make the alias and run 1 again")
    expect(page.get_by_role("heading", name=re.compile("Run 1"))).to_be_visible()
    assert "Lead updated" in office.update("A2", status="called")
    office.go("Reports", "Lead Status")
    expect(office.cell("Mail", "Contacted")).to_contain_text("1")
    expect(office.cell("Search", "Contacted")).to_contain_text("2")
