"""The report of revenue adjustments as browsers see it: whose numbers, and where each leads."""

import re
from decimal import Decimal

import pytest

from leadback.access.operator_model import Role
from leadback.kit.database import Database
from leadback.leads.update import Updates
from tests.console.browsing import browsing, signed_in
from tests.console.managing import managing
from tests.console.test_leads import text_of
from tests.leads.test_returns import buyer_says
from tests.leads.test_update import call, caller_with
from tests.support.seed import Seeded, seed_network, seed_sale

pytestmark = pytest.mark.anyio

REPORT = "/reports/revenue-adjustments"


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    """Buyer 10 took 5 from one sale and added 130 to another; buyer 11 took 1."""
    seeded = await seed_network(database, network_id)
    for lead_id in ("LOWER", "RAISE"):
        await seed_sale(database, network_id, lead_id)
    await seed_sale(database, network_id, "THEIRS", buyer_id=11, buyer_contract_id=300)
    await buyer_says(database, seeded, "LOWER", amount=Decimal(-5), add_to_existing=True)
    await buyer_says(database, seeded, "RAISE", amount=Decimal(130), add_to_existing=True)
    updates = Updates(database)
    said = call(caller_with(seeded.other_key), "THEIRS", amount=Decimal(24), add_to_existing=False)
    assert (await updates.submit(said)).answer.success
    await updates.close()
    return seeded


@pytest.mark.parametrize("path", [REPORT, f"{REPORT}/sales"])
async def test_nobody_sees_adjustments(database: Database, network_id: int, path: str) -> None:
    async with browsing(database) as client:
        assert (await client.get(path)).headers["location"].startswith("/sign-in")


@pytest.mark.usefixtures("seeded")
async def test_an_account_manager_sees_those_of_its_own_buyers(database: Database, network_id: int) -> None:
    async with managing(database, network_id, 11) as client:
        for path in (REPORT, f"{REPORT}?by=buyer", f"{REPORT}?by=day"):
            text = text_of((await client.get(path)).text)
            assert "−1.00" in text and "−5.00" not in text and "+130.00" not in text, path
        for path in (f"{REPORT}/sales", f"{REPORT}/sales?buyer_id=10"):
            html = (await client.get(path)).text
            assert "LOWER" not in html and "RAISE" not in html, path
        assert "Buyer 10" not in (await client.get(REPORT)).text
        assert "THEIRS" in (await client.get(f"{REPORT}/sales")).text


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("by", ["", "buyer", "day"])
async def test_every_number_leads_to_exactly_its_rows(database: Database, network_id: int, by: str) -> None:
    async with signed_in(database, network_id, Role.REPORTING_ONLY) as client:
        html = (await client.get(REPORT, params={"by": by})).text
        cells = re.findall(rf'<a href="({REPORT}/sales[^"]*)">([^<]*)</a><small>(\d+)</small>', html)
        assert len(cells) >= 9
        for href, amount, rows in cells:
            listed = (await client.get(href.replace("&amp;", "&"))).text
            changes = re.findall(r'<td[^>]*class="number[^"]*">([+−][\d.,]+)</td>', listed)
            assert len(changes) == int(rows), href
            assert sum(map(_amount, changes)) == _amount(amount), href
    assert "Over five times the price" in html


def _amount(text: str) -> Decimal:
    return Decimal(text.replace("−", "-").replace(",", ""))


@pytest.mark.usefixtures("seeded")
async def test_a_row_leads_to_its_step_on_the_leads_card(database: Database, network_id: int) -> None:
    async with signed_in(database, network_id) as client:
        listed = (
            await client.get(f"{REPORT}/sales", params={"which": "lowered without return", "buyer_id": "10"})
        ).text
        found = re.findall(r'href="(/leads/[^"#]+)#([^"]+)"', listed)
        assert [path for path, _ in found] == ["/leads/LOWER"]
        assert f'id="{found[0][1]}"' in (await client.get(found[0][0])).text


@pytest.mark.parametrize(
    "path",
    [
        f"{REPORT}?by=campaign",
        f"{REPORT}?from=x",
        f"{REPORT}/sales?which=more",
        f"{REPORT}/sales?page=x",
        f"{REPORT}?buyer_id=99999999999",
    ],
)
async def test_what_makes_no_sense_is_said_in_words(database: Database, network_id: int, path: str) -> None:
    async with signed_in(database, network_id) as client:
        assert (await client.get(path)).status_code == 422
