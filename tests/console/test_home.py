"""Home: its numbers and findings lead to what is behind them, and are of the buyers one may see."""

import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from ipaddress import ip_address
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import insert, update

from leadback.access.model import PresentedKey
from leadback.access.operator_model import Role
from leadback.access.operator_store import insert_operator
from leadback.kit import tokens
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.model import BuyerCaller, Channel, Origin, UpdateRequest
from leadback.leads.tables import failed_update
from leadback.leads.update import Updates
from leadback.networks.actions import set_network
from leadback.networks.settings import NetworkSettings
from leadback.parties.tables import buyer, buyer_contract
from tests.console.browsing import browsing, signed_in
from tests.support.changes import who
from tests.support.seed import Seeded, seed_network, seed_sale

pytestmark = pytest.mark.anyio

MANAGERS = {10: 70, 11: 71, 0: 72}
"""By buyer: its account manager; one has no buyers."""


@pytest.fixture
async def seeded(database: Database, network_id: int) -> Seeded:
    seeded = await seed_network(database, network_id)
    async with database.transaction(network_id) as connection:
        for buyer_id, operator_id in MANAGERS.items():
            values = {"operator_id": operator_id, "name": f"Manager {buyer_id}", "role": str(Role.ACCOUNT_MANAGER)}
            await insert_operator(connection, network_id, values | {"email": f"manager{buyer_id}@example.com"})
            await connection.execute(
                update(buyer)
                .where(buyer.c.network_id == network_id, buyer.c.buyer_id == buyer_id)
                .values(account_manager_id=operator_id)
            )
    return seeded


@pytest.fixture
async def updates(database: Database) -> AsyncIterator[Updates]:
    made = Updates(database)
    yield made
    await made.close()


async def report(updates: Updates, seeded: Seeded, lead_id: str, status: str) -> None:
    """What buyer 10 says of a lead, accepted."""
    origin = Origin(
        channel=Channel.GET,
        operation="UpdateLead",
        address=ip_address("192.0.2.7"),
        request_id="request",
        received_at=now(),
    )
    caller = BuyerCaller(PresentedKey(seeded.network_id, tokens.digest(seeded.key)))
    request = UpdateRequest(caller=caller, origin=origin, lead_id=lead_id, buyer_contract_id=0, status=status)
    assert (await updates.submit(request)).answer.success


async def fail(database: Database, network_id: int, buyer_id: int, calls: int, sent: str) -> None:
    """Calls of a buyer that failed for the status they sent."""
    row = {
        "network_id": network_id,
        "received_at": now(),
        "buyer_id": buyer_id,
        "lead_id": "A1",
        "operation": "UpdateLead",
        "channel": "get",
        "request_id": "request",
        "reason": "Invalid Lead Status",
        "detail": "",
        "parameters": {"status": sent},
    }
    async with database.transaction(network_id) as connection:
        await connection.execute(insert(failed_update), [row] * calls)


async def look(database: Database, network_id: int, path: str, buyer_id: int | None = None) -> str:
    """A page as an owner sees it, or the account manager of a buyer."""
    role = Role.OWNER if buyer_id is None else Role.ACCOUNT_MANAGER
    operator_id = None if buyer_id is None else MANAGERS[buyer_id]
    async with signed_in(database, network_id, role, operator_id=operator_id) as client:
        answer = await client.get(path)
    assert answer.status_code == 200
    return answer.text


def tile(page: str, label: str) -> tuple[str, str]:
    """A tile's number and where it leads."""
    found = re.search(
        rf'tile-label">{re.escape(label)}</span>\s*<span class="tile-value"><a href="([^"]+)">([^<]+)<', page
    )
    assert found is not None, label
    return found[2], html.unescape(found[1])


def findings(page: str) -> dict[str, list[str]]:
    """By title, the addresses a finding leads to."""
    items = page.split('<li class="finding')[1:]
    titles = [html.unescape(re.search("<b>(.+?)</b>", item)[1]) for item in items]  # type: ignore[index] # each has one
    return {
        title: [html.unescape(link) for link in re.findall(r'<a href="([^"]+)"', item.split("</li>")[0])]
        for title, item in zip(titles, items, strict=True)
    }


def asked(link: str) -> tuple[str, list[tuple[str, str]]]:
    """A link's path and all it asks for but the days."""
    parts = urlsplit(link)
    return parts.path, [pair for pair in parse_qsl(parts.query) if pair[0] not in ("from", "to")]


@pytest.mark.parametrize("path", ["/home", "/home/findings"])
async def test_nobody_sees_it(database: Database, network_id: int, path: str) -> None:
    async with browsing(database) as client:
        assert (await client.get(path)).headers["location"].startswith("/sign-in")


async def test_an_empty_network_is_told_what_to_do(database: Database, network_id: int) -> None:
    home = await look(database, network_id, "/home")
    assert "Nothing was sold in these 30 days" in home
    assert tile(home, "Updates today")[0] == "0"
    assert "Nothing stands out" in await look(database, network_id, "/home/findings")


async def test_who_has_no_buyers_sees_no_number(database: Database, network_id: int, seeded: Seeded) -> None:
    await seed_sale(database, network_id, "A1", status_id=2)
    await fail(database, network_id, 10, 12, "funded")
    home = await look(database, network_id, "/home", 0)
    assert "You have no buyers yet" in home and "tile" not in home.split("<main")[1]
    assert not findings(await look(database, network_id, "/home/findings", 0))


async def test_its_numbers_are_of_the_buyers_one_may_see(
    database: Database, network_id: int, seeded: Seeded, updates: Updates
) -> None:
    await seed_sale(database, network_id, "A1", sold_price=Decimal(40))
    await seed_sale(database, network_id, "A2", return_state="submitted", return_reason_id=1, returned_at=now())
    await seed_sale(database, network_id, "T1", is_test=True)
    other = {"buyer_id": 11, "buyer_contract_id": 300}
    await seed_sale(database, network_id, "B1", status_id=3, **other)
    for lead_id in ("A1", "A1", "T1"):
        await report(updates, seeded, lead_id, "Funded" if lead_id == "A1" else "Contacted")
    await fail(database, network_id, 10, 3, "x")
    await fail(database, network_id, 11, 1, "x")
    for buyer_id, numbers, adjusted, statuses in (
        (None, ("2", "4", "1"), "−15.00", {"Funded", "Dead"}),
        (10, ("2", "3", "1"), "−15.00", {"Funded"}),
        (11, ("0", "1", "0"), "0.00", {"Dead"}),
    ):
        home = await look(database, network_id, "/home", buyer_id)
        found = [tile(home, label)[0] for label in ("Updates today", "Failed updates today", "Returns waiting")]
        assert tuple(found) == numbers, buyer_id
        assert tile(home, "Revenue adjustments")[0] == adjusted, buyer_id
        breakdown = home.split('aria-label="Status breakdown"')[1].split("</section>")[0]
        assert {name for name in ("Funded", "Dead", "Contacted") if name in breakdown} == statuses, buyer_id


async def test_each_number_leads_to_its_list(database: Database, network_id: int, seeded: Seeded) -> None:
    await seed_sale(database, network_id, "A1", status_id=2)
    await seed_sale(database, network_id, "A2")
    home = html.unescape(await look(database, network_id, "/home"))
    assert asked(tile(home, "Returns waiting")[1]) == ("/returns", [("state", "submitted")])
    assert asked(tile(home, "Failed updates today")[1])[0] == "/reports/failed-updates"
    links = [asked(link) for link in re.findall(r'href="(/reports/lead-detail[^"]+)"', home)]
    assert ("/reports/lead-detail", [("filter", "status_id=2")]) in links
    assert ("/reports/lead-detail", [("filter", "status_id=none")]) in links


async def test_what_stands_out_leads_to_what_is_behind_it_for_those_who_may_see_it(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    """All of it is buyer 10's."""
    for number in range(22):
        await seed_sale(database, network_id, f"S{number}", sold_at=now() - timedelta(days=5))
    late = {
        "stage_reached": 1,
        "return_state": "credited",
        "return_reason_id": 1,
        "sold_at": now() - timedelta(days=40),
        "returned_at": now() - timedelta(days=10),
    }
    for number in range(10):
        await seed_sale(database, network_id, f"L{number}", **late)
    await seed_sale(database, network_id, "N1", return_state="credited", return_reason_id=1, returned_at=now())
    await seed_sale(database, network_id, "T1", is_test=True, update_count=2, updated_at=now())
    await fail(database, network_id, 10, 12, "funded")
    async with database.transaction(network_id) as connection:
        of_contract = buyer_contract.c.network_id == network_id, buyer_contract.c.buyer_contract_id == 217
        await connection.execute(update(buyer_contract).where(*of_contract).values(returns_owed=4))
    for buyer_id in (None, 10):
        page = await look(database, network_id, "/home/findings", buyer_id)
        found = findings(page)
        links = {title: [asked(link) for link in leads] for title, leads in found.items()}
        assert ("/buyers/10", []) in links["Buyer 10 has fallen silent"]
        query = [("buyer", "10"), ("reason", "Invalid Lead Status")]
        assert links["12 calls of Buyer 10 failed"][0] == ("/reports/failed-updates", query)
        assert "the status is 'Funded'" in html.unescape(page)
        returned = ["buyer_contract_id=217", "return_reason_id=1", "reached=contacted"]
        assert links["Contract 217 gives good leads back on the last days"][0] == (
            "/reports/lead-detail",
            [("filter", one) for one in returned],
        )
        owed = links["Contract 217 is owed 4 replacements"]
        assert owed == [owed[0], ("/returns", [("state", "replaced"), ("contract", "217")])]
        assert links["Buyer 10 updated a test lead"][0] == ("/leads/T1", [])
        assert tile(page, "Returns and revenue that disagree")[0] == "1"
        assert tile(page, "Silent buyers")[0] == "1" and "sales at risk" in page
        assert "<b>11</b> credited" in page
    hers = await look(database, network_id, "/home/findings", 11)
    assert not findings(hers) and "Nothing stands out" in hers
    assert tile(hers, "Returns and revenue that disagree")[0] == "0"
    assert "<b>0</b> credited" in hers


async def test_an_old_list_leads_to_the_sales_it_undid(
    database: Database, network_id: int, seeded: Seeded, updates: Updates
) -> None:
    for number in range(5):
        await seed_sale(database, network_id, f"A{number}")
        await report(updates, seeded, f"A{number}", "Dead")
    assert not findings(await look(database, network_id, "/home/findings"))
    for number in range(5):
        await report(updates, seeded, f"A{number}", "Contacted")
    title = "Buyer 10 undid 5 leads that were Dead"
    for buyer_id in (None, 10):
        links = findings(await look(database, network_id, "/home/findings", buyer_id))[title]
        filters = [("filter", "buyer_id=10"), ("filter", "status_id=1")]
        assert asked(links[0]) == ("/reports/lead-detail", filters)
        assert "/leads/A0" in links
    assert not findings(await look(database, network_id, "/home/findings", 11))
    await report(updates, seeded, "A0", "Dead")
    assert "Buyer 10 undid 4" not in await look(database, network_id, "/home/findings"), "too few to tell"


async def test_a_sub_id_that_spoils_its_campaign_is_named(database: Database, network_id: int, seeded: Seeded) -> None:
    for number in range(60):
        await seed_sale(database, network_id, f"G{number}", sub_id_1="good", stage_reached=number % 2)
    for number in range(40):
        await seed_sale(database, network_id, f"B{number}", sub_id_1="bad", stage_reached=int(number == 0))
    found = findings(await look(database, network_id, "/home/findings"))
    query = [("by", "sub_id"), ("filter", "campaign_id=5")]
    assert [asked(link) for link in found["Sub id bad spoils Search"]] == [
        ("/reports/lead-status", query),
        ("/reports/lead-status", query),
    ]
    assert not any("good" in title for title in found)


async def test_home_and_its_findings_go_without_lead_statuses(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    await seed_sale(database, network_id, "A1")
    async with database.transaction(network_id) as connection:
        await set_network(connection, network_id, NetworkSettings(lead_statuses=False), **who())
    home = await look(database, network_id, "/home")
    assert "switched off" in home and '/reports/lead-status"' not in home
    assert "Worth a look" in await look(database, network_id, "/home/findings")


async def test_the_findings_come_as_a_page_or_as_a_part_of_home(
    database: Database, network_id: int, seeded: Seeded
) -> None:
    async with signed_in(database, network_id) as client:
        part = (await client.get("/home/findings", headers={"hx-request": "true"})).text
        whole = (await client.get("/home/findings")).text
    assert "<html" not in part and part.strip().startswith('<div id="findings">')
    assert "<html" in whole and '<div id="findings">' in whole
