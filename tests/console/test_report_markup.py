"""The markup of the reports' pages: what the page's policy admits, and what a screen reader needs."""

import re
from collections import Counter
from urllib.parse import urlencode

import pytest

from leadback.kit.database import Database
from tests.console.browsing import signed_in
from tests.console.report_table import read_page, text_of
from tests.console.test_lead_status_page import DAYS
from tests.support.world import happen, make_world

pytestmark = pytest.mark.anyio

PAGES = (
    "/reports",
    "/reports/saved",
    f"/reports/lead-status?{urlencode([*DAYS, ('sub', 'on'), ('filter', 'buyer_id=10')])}",
    f"/reports/lead-status?{urlencode([*DAYS, ('as_of', '2026-03-20T12:00')])}",
    f"/reports/lead-status?{urlencode([*DAYS, ('entered', 'happened'), ('sub', 'on')])}",
    f"/reports/lead-detail?{urlencode([*DAYS, ('cell', 'reached:funded')])}",
    f"/reports/buyer-reporting?{urlencode([*DAYS, ('contracts', 'on')])}",
)
INLINE = re.compile(r"\sstyle=|\son[a-z]+=|<style|<script(?![^>]*(src=|application/json))")


@pytest.mark.parametrize("address", PAGES)
async def test_a_page_holds_what_its_policy_admits_and_names_every_control(
    database: Database, network_id: int, address: str
) -> None:
    world = await make_world(database, network_id, leads=40)
    await happen(database, world, 60)
    async with signed_in(database, network_id) as client:
        answer = await client.get(address)
    assert answer.status_code == 200
    assert not INLINE.search(answer.text)
    page = read_page(answer)
    assert len(page.xpath("//h1")) == 1
    ids = Counter(page.xpath("//@id"))
    assert [found for found, count in ids.items() if count > 1] == []
    named = set(page.xpath("//label/@for"))
    for control in page.xpath("//main//input[not(@type='hidden')] | //main//select"):
        inside = control.getparent().tag == "label"
        assert inside or control.get("aria-label") or control.get("id") in named, control.attrib
    for link in page.xpath("//main//a"):
        assert link.get("href") and (text_of(link) or link.get("aria-label")), link.attrib
    for table in page.xpath("//table"):
        assert table.xpath("./caption") or table.xpath("ancestor::*[@aria-label]")
