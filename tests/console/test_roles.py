"""Who may see which page: every address against every role, by one table, and nothing of others' buyers."""

import html
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

from leadback.access.operator_model import Role
from leadback.console.routes import HANDLERS
from leadback.kit.database import Database
from tests.console.browsing import browsing, signed_in
from tests.console.managing import managing
from tests.console.network_seen import FOREIGN_SIGNS, OWN, Lively, make_lively

pytestmark = pytest.mark.anyio

OWNER, ADMIN, MANAGER, REPORTER = "owner", "admin", "account manager", "reporting only"
EVERYBODY: Final = frozenset({OWNER, ADMIN, MANAGER, REPORTER})
WHO_CHANGES: Final = frozenset({OWNER, ADMIN, MANAGER})
WHO_SETS_UP: Final = frozenset({OWNER, ADMIN})
ANYBODY: Final = frozenset({*EVERYBODY, "nobody"})
"""Also who is not signed in."""

# By hand, from what each role is there for. Braces: `{own_…}` and `{foreign_…}` stand for what the network holds.
TABLE: Final[dict[str, tuple[str, frozenset[str]]]] = {
    # address of the handler: (an address of the account manager's own, who may see it)
    "/": ("/", EVERYBODY),
    "/home": ("/home", EVERYBODY),
    "/home/findings": ("/home/findings", EVERYBODY),
    "/sign-in": ("/sign-in", ANYBODY),
    "/sign-in/code": ("/sign-in/code", frozenset()),
    "/welcome/{network_id:int}/{token:str}": ("/welcome/1/none", ANYBODY),
    "/password/{network_id:int}/{token:str}": ("/password/1/none", ANYBODY),
    "/livez": ("/livez", ANYBODY),
    "/readyz": ("/readyz", ANYBODY),
    "/account": ("/account", EVERYBODY),
    "/account/second-factor": ("/account/second-factor", EVERYBODY),
    "/setup": ("/setup", WHO_SETS_UP),
    "/setup/settings": ("/setup/settings", WHO_SETS_UP),
    "/setup/users": ("/setup/users", WHO_SETS_UP),
    "/setup/users/{operator_id:int}": ("/setup/users/1", WHO_SETS_UP),
    "/setup/lead-statuses": ("/setup/lead-statuses", WHO_SETS_UP),
    "/setup/lead-statuses/status": ("/setup/lead-statuses/status", WHO_SETS_UP),
    "/setup/lead-statuses/sub-status": ("/setup/lead-statuses/sub-status", WHO_SETS_UP),
    "/setup/lead-statuses/field": ("/setup/lead-statuses/field", WHO_SETS_UP),
    "/setup/return-reasons": ("/setup/return-reasons", WHO_SETS_UP),
    "/setup/lead-statuses/export": ("/setup/lead-statuses/export", WHO_SETS_UP),
    "/setup/lead-statuses/import": ("/setup/lead-statuses/import", WHO_SETS_UP),
    "/setup/lead-statuses/{section:str}/add": ("/setup/lead-statuses/status/add", WHO_SETS_UP),
    "/setup/lead-statuses/{section:str}/{item_id:int}": ("/setup/lead-statuses/status/1", WHO_SETS_UP),
    "/setup/lead-statuses/{section:str}/{item_id:int}/delete": ("/setup/lead-statuses/status/5/delete", WHO_SETS_UP),
    "/setup/return-reasons/add": ("/setup/return-reasons/add", WHO_SETS_UP),
    "/setup/return-reasons/{item_id:int}": ("/setup/return-reasons/1", WHO_SETS_UP),
    "/setup/return-reasons/{item_id:int}/delete": ("/setup/return-reasons/3/delete", WHO_SETS_UP),
    "/setup/ratios": ("/setup/ratios", WHO_SETS_UP),
    "/setup/ratios/add": ("/setup/ratios/add", WHO_SETS_UP),
    "/setup/ratios/{own_ratio_id:int}": ("/setup/ratios/1", WHO_SETS_UP),
    "/setup/ratios/{own_ratio_id:int}/remove": ("/setup/ratios/1/remove", WHO_SETS_UP),
    "/setup/audit-log": ("/setup/audit-log", WHO_SETS_UP),
    "/leads": ("/leads?q=fb1", EVERYBODY),
    "/leads/{lead_id:str}": ("/leads/OWN1", EVERYBODY),
    "/returns": ("/returns", EVERYBODY),
    "/returns/disagreements": ("/returns/disagreements", EVERYBODY),
    "/returns/decide": ("/returns/decide?sale={own_returned_id}", WHO_CHANGES),
    "/reports": ("/reports", EVERYBODY),
    "/reports/returns": ("/reports/returns", EVERYBODY),
    "/reports/revenue-adjustments": ("/reports/revenue-adjustments", EVERYBODY),
    "/reports/revenue-adjustments/sales": ("/reports/revenue-adjustments/sales?buyer=10", EVERYBODY),
    "/reports/lead-status": ("/reports/lead-status?by=buyer&then=buyer_contract", EVERYBODY),
    "/reports/lead-status/headline": ("/reports/lead-status/headline", EVERYBODY),
    "/reports/lead-status/rows": ("/reports/lead-status/rows?by=campaign&by=buyer&row=campaign_id%3D7", EVERYBODY),
    "/reports/lead-status/export": ("/reports/lead-status/export?by=buyer&format=csv", EVERYBODY),
    "/reports/lead-detail": ("/reports/lead-detail", EVERYBODY),
    "/reports/lead-detail/export": ("/reports/lead-detail/export?format=csv", EVERYBODY),
    "/reports/buyer-reporting": ("/reports/buyer-reporting", EVERYBODY),
    "/reports/buyer-reporting/export": ("/reports/buyer-reporting/export?format=csv", EVERYBODY),
    "/reports/saved": ("/reports/saved", EVERYBODY),
    "/reports/failed-updates": ("/reports/failed-updates", EVERYBODY),
    "/reports/failed-updates/calls": ("/reports/failed-updates/calls", EVERYBODY),
    "/reports/failed-updates/waiting": ("/reports/failed-updates/waiting", EVERYBODY),
    "/reports/failed-updates/rerun": ("/reports/failed-updates/rerun", WHO_CHANGES),
    "/reports/failed-updates/alias": ("/reports/failed-updates/alias?buyer=10", WHO_CHANGES),
    "/reports/failed-updates/{failed_update_id:int}/apply": (
        "/reports/failed-updates/{own_failed_id}/apply",
        WHO_CHANGES,
    ),
    "/reports/failed-updates/runs": ("/reports/failed-updates/runs", EVERYBODY),
    "/reports/failed-updates/runs/{run_id:int}": ("/reports/failed-updates/runs/{own_run_id}", EVERYBODY),
    "/buyers": ("/buyers", EVERYBODY),
    "/buyers/{buyer_id:int}": ("/buyers/10", EVERYBODY),
    "/buyers/{buyer_id:int}/contracts": ("/buyers/10/contracts", EVERYBODY),
    "/buyers/{buyer_id:int}/contracts/{buyer_contract_id:int}": ("/buyers/10/contracts/217", WHO_CHANGES),
    "/buyers/{buyer_id:int}/keys": ("/buyers/10/keys", WHO_CHANGES),
    "/buyers/{buyer_id:int}/keys/{api_key_id:int}/revoke": ("/buyers/10/keys/10/revoke", WHO_CHANGES),
    "/buyers/{buyer_id:int}/aliases": ("/buyers/10/aliases", EVERYBODY),
    "/buyers/{buyer_id:int}/aliases/{alias_id:int}/remove": ("/buyers/10/aliases/1/remove", WHO_CHANGES),
    "/buyers/{buyer_id:int}/posting-document": ("/buyers/10/posting-document", EVERYBODY),
    "/buyers/{buyer_id:int}/posting-document/file": ("/buyers/10/posting-document/file", EVERYBODY),
    "/buyers/{buyer_id:int}/settings": ("/buyers/10/settings", WHO_CHANGES),
    "/buyers/{buyer_id:int}/delete": ("/buyers/10/delete", WHO_SETS_UP),
    **{
        f"/{name}{rest}": (f"/{name}{rest.replace('{party_id:int}', '1')}", who)
        for name in ("affiliates", "offers", "verticals")
        for rest, who in (("", EVERYBODY), ("/{party_id:int}", EVERYBODY), ("/{party_id:int}/delete", WHO_SETS_UP))
    },
    "/campaigns": ("/campaigns", EVERYBODY),
    "/campaigns/{party_id:int}": ("/campaigns/7", EVERYBODY),
    "/campaigns/{party_id:int}/delete": ("/campaigns/7/delete", WHO_SETS_UP),
}
BESIDE: Final = ("/readyz", "/buyers/10/posting-document/file")
# What an account manager asks for by number, and is not its own.
FOREIGN: Final = (
    "/leads/ZYXWORT77",
    "/returns/decide?sale={foreign_returned_id}",
    "/reports/failed-updates/{foreign_failed_id}/apply",
    "/reports/failed-updates/runs/{foreign_run_id}",
    "/reports/failed-updates/alias?buyer=11",
    "/reports/failed-updates/calls?buyer=11",
    "/reports/failed-updates?buyer=11",
    "/reports/failed-updates/rerun?buyer=11",
    "/reports/revenue-adjustments/sales?buyer=11",
    "/reports/lead-status?by=buyer&filter=buyer_id%3D11",
    "/reports/lead-detail?filter=buyer_id%3D11",
    "/reports/lead-detail?filter=buyer_contract_id%3D300",
    "/returns?buyer=11",
    "/leads?q=ZYXWORT77",
    "/buyers?q=zyx",
    *(f"/buyers/11{rest}" for rest in ("", "/contracts", "/contracts/300", "/keys", "/keys/11/revoke", "/aliases")),
    *(
        f"/buyers/11{rest}"
        for rest in ("/aliases/2/remove", "/settings", "/posting-document", "/posting-document/file")
    ),
)


class Roles(msgspec.Struct, frozen=True):
    """Browsers by role, of one network with something on every page."""

    browsers: dict[str, httpx.AsyncClient]
    ids: dict[str, Any]

    async def get(self, role: str, address: str) -> httpx.Response:
        """A page as a role gets it."""
        return await self.browsers[role].get(self.of(address))

    def of(self, address: str) -> str:
        """An address of what this network holds."""
        return address.format(**self.ids)


@pytest.fixture
async def roles(database: Database, network_id: int) -> AsyncIterator[Roles]:
    made: Lively = await make_lively(database, network_id)
    async with AsyncExitStack() as stack:
        browsers = {"nobody": await stack.enter_async_context(browsing(database))}
        for role in (Role.OWNER, Role.ADMIN, Role.REPORTING_ONLY):
            browsers[str(role)] = await stack.enter_async_context(signed_in(database, network_id, role))
        browsers[MANAGER] = await stack.enter_async_context(managing(database, network_id, 10))
        yield Roles(browsers, msgspec.structs.asdict(made))


def addresses_of_pages() -> set[str]:
    return {path for handler in HANDLERS if "GET" in handler.http_methods for path in handler.paths}


def asked() -> list[tuple[str, frozenset[str]]]:
    """The addresses of the table; without those that need the server around the console to answer."""
    return [(address, who) for address, who in TABLE.values() if address not in BESIDE]


def test_every_page_is_in_the_table() -> None:
    assert addresses_of_pages() == set(TABLE)


async def test_every_role_sees_its_pages_and_no_other(roles: Roles) -> None:
    wrong = []
    for address, who in asked():
        for role in ("nobody", REPORTER, MANAGER, ADMIN, OWNER):
            answer = await roles.get(role, address)
            if role in who:
                is_right = answer.status_code == (303 if address == "/" else 200)
            elif role == "nobody":
                is_right = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
            else:
                is_right = answer.status_code == 403 or (address == "/sign-in/code" and answer.status_code == 303)
            if not is_right:
                wrong.append(f"{role}: {answer.status_code} {address}")
    assert wrong == [], "\n".join(wrong)


async def test_an_account_manager_sees_nothing_of_a_foreign_buyer(roles: Roles) -> None:
    told = []
    for address in (*(address for address, _ in asked()), *FOREIGN):
        text = (await roles.get(MANAGER, address)).text
        # What was asked for may be said again.
        wanted = roles.of(address).lower()
        told += [f"{sign!r}: {wanted}" for sign in FOREIGN_SIGNS if sign in text.lower() and sign not in wanted]
    assert told == [], "\n".join(told)


async def test_what_is_asked_for_of_a_foreign_buyer_is_as_if_it_were_not_there(roles: Roles) -> None:
    for address in ("/leads/ZYXWORT77", "/buyers/11", "/buyers/11/keys", "/buyers/11/settings", "/buyers/11/contracts"):
        assert (await roles.get(MANAGER, address)).status_code in (403, 404, 422)
        assert (await roles.get(ADMIN, address)).status_code == 200


async def test_the_foreign_buyer_would_be_seen(roles: Roles) -> None:
    """Where an owner reads of it, an account manager would: the pages that list buyers, sales and calls."""
    seen = [address for address, _ in asked() if "zyxwort" in (await roles.get(OWNER, address)).text.lower()]
    lists: tuple[str, ...] = (
        "/buyers",
        "/leads?q=fb1",
        "/returns",
        "/reports/failed-updates",
        "/reports/failed-updates/calls",
    )
    lists += ("/reports/buyer-reporting", "/reports/lead-detail", "/reports/lead-status?by=buyer&then=buyer_contract")
    lists += ("/reports/revenue-adjustments", "/reports/returns", "/reports/lead-detail/export?format=csv")
    assert set(lists) <= set(seen)


async def test_a_number_counts_only_ones_own_buyers(roles: Roles) -> None:
    """Eleven sales of each buyer: both, where all are counted."""
    for role, sales in ((MANAGER, "11 sales"), (REPORTER, "22 sales")):
        assert sales in " ".join((await roles.get(role, "/reports/lead-detail")).text.split())
    assert OWN in (await roles.get(MANAGER, "/buyers")).text


@pytest.mark.parametrize("role", [OWNER, MANAGER, REPORTER])
async def test_no_link_leads_nowhere(roles: Roles, role: str) -> None:
    """Nor to a page the role may not see; one link of each kind is followed."""
    kinds: dict[str, tuple[str, str]] = {}
    for address, who in asked():
        if role in who and "export" not in address:
            for link in re.findall(r'(?:href|hx-get)="(/[^"#]*)', (await roles.get(role, address)).text):
                path = urlsplit(html.unescape(link)).path
                kinds.setdefault(re.sub(r"\d+", "N", path), (address, html.unescape(link)))
    dead = []
    for address, link in kinds.values():
        if not link.startswith("/static/"):
            answer = await roles.browsers[role].get(link)
            # What is in use cannot be deleted, and its page says so.
            if answer.status_code not in (200, 303, 422) and "/posting-document/file" not in link:
                dead.append(f"{answer.status_code} {link} on {address}")
    assert dead == [], "\n".join(dead)
