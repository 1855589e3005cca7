"""Signing in, the second factor, one-time links, one's account and users, as browsers see them."""

import re

import httpx
import pyotp
import pytest

from leadback.access.operator_model import Role
from leadback.access.operators import offer_first_owner
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.settings import Settings
from tests.console.browsing import browsing, signed_in

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse battery staple"
EMAIL = "ada@example.com"
OWN_PAGES = ("/home", "/account", "/account/second-factor", "/setup/users", "/setup/audit-log")


async def first_owner(database: Database, network_id: int, client: httpx.AsyncClient) -> httpx.Response:
    """Become the first owner by the link, as the form does."""
    async with database.transaction(network_id) as connection:
        token = await offer_first_owner(connection, network_id, now())
    link = f"/welcome/{network_id}/{token}"
    assert (await client.get(link)).status_code == 200
    form = {"name": "Ada", "email": EMAIL, "password": PASSWORD, "again": PASSWORD}
    return await client.post(link, data=form)


async def named(database: Database, network_id: int) -> dict[str, str]:
    """The sign-in form's field for the network, needed where a server has several."""
    async with database.transaction(network_id) as connection:
        name = (await connection.exec_driver_sql("SELECT name FROM network")).scalar_one()
    return {"network": name}


@pytest.mark.parametrize("path", ["/", *OWN_PAGES, "/setup/users/1"])
async def test_nobody_sees_a_page_but_is_sent_to_sign_in(database: Database, network_id: int, path: str) -> None:
    async with browsing(database, cookies={"leadback": f"{network_id}.nothing"}) as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in")


@pytest.mark.parametrize("path", ["/setup/users", "/setup/users/1", "/setup/users/1/link", "/account/sessions/end"])
async def test_nobody_changes_anything(database: Database, network_id: int, path: str) -> None:
    async with browsing(database) as client:
        assert (await client.post(path, data={"name": "Eve"})).headers["location"] == "/sign-in"


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"sec-fetch-site": "none"}]
)
async def test_another_site_changes_nothing(database: Database, network_id: int, headers: dict[str, str]) -> None:
    async with signed_in(database, network_id) as client:
        answer = await client.post("/sign-out", headers=headers)
        assert answer.status_code == 403
        assert (await client.get("/home")).status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"), [("http://console.test", 303), ("http://evil.test", 403), ("null", 403), ("", 403)]
)
async def test_a_browser_that_names_only_its_origin_is_judged_by_it(
    database: Database, network_id: int, origin: str, status: int
) -> None:
    async with signed_in(database, network_id) as client:
        del client.headers["sec-fetch-site"]
        assert (await client.post("/sign-out", headers={"origin": origin})).status_code == status


async def test_the_first_owner_comes_by_a_link_and_is_signed_in(database: Database, network_id: int) -> None:
    async with browsing(database) as client:
        answer = await first_owner(database, network_id, client)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers.get_list("set-cookie")[-1].lower()
        assert "httponly" in cookie and "samesite=lax" in cookie
        home = await client.get("/home")
    assert home.status_code == 200
    assert "Welcome, Ada." in home.text


async def test_over_tls_the_cookie_is_for_this_host_alone(database: Database, network_id: int) -> None:
    settings = Settings(public_url="https://leads.example.com")
    async with browsing(database, settings=settings) as client:
        answer = await first_owner(database, network_id, client)
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("__Host-leadback="))
    assert {"secure", "httponly", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
    assert "domain" not in cookie.lower()


async def test_signing_in_and_out_again(database: Database, network_id: int) -> None:
    network = await named(database, network_id)
    async with browsing(database) as client:
        await first_owner(database, network_id, client)
        kept = dict(client.cookies)
        assert (await client.post("/sign-out")).headers["location"] == "/sign-in"
        client.cookies.clear()
        wrong = await client.post("/sign-in", data=network | {"email": EMAIL, "password": "x", "next": "/account"})
        assert wrong.status_code == 422
        assert "address or the password is wrong" in wrong.text
        assert PASSWORD not in wrong.text
        form = network | {"email": EMAIL, "password": PASSWORD, "next": "/account"}
        answer = await client.post("/sign-in", data=form)
        assert answer.headers["location"] == "/account"
        assert (await client.get("/account")).status_code == 200
    async with browsing(database, cookies=kept) as old:
        assert (await old.get("/account")).status_code == 303, "the session was ended, not only its cookie"


@pytest.mark.parametrize("target", ["https://evil.test/", "//evil.test/", "/\\evil.test", "javascript:alert(1)"])
async def test_signing_in_leads_nowhere_else(database: Database, network_id: int, target: str) -> None:
    network = await named(database, network_id)
    async with browsing(database) as client:
        await first_owner(database, network_id, client)
        form = network | {"email": EMAIL, "password": PASSWORD, "next": target}
        assert (await client.post("/sign-in", data=form)).headers["location"] == "/"


async def test_a_second_factor_is_set_up_and_then_asked_for(database: Database, network_id: int) -> None:
    network = await named(database, network_id)
    async with browsing(database) as client:
        await first_owner(database, network_id, client)
        offered = (await client.get("/account/second-factor")).text
        found = re.search(r'name="secret" value="([A-Z2-7]+)"', offered)
        assert found is not None
        secret = found[1]
        wrong = await client.post("/account/second-factor", data={"secret": secret, "code": "x"})
        assert wrong.status_code == 422 and secret in wrong.text
        code = pyotp.TOTP(secret).now()
        done = await client.post("/account/second-factor", data={"secret": secret, "code": code})
        codes = re.findall(r"[a-z2-7]{6}(?:-[a-z2-7]{6}){3}", done.text)
        assert len(codes) == 10
        await client.post("/sign-out")
        answer = await client.post("/sign-in", data=network | {"email": EMAIL, "password": PASSWORD})
        assert answer.headers["location"].startswith("/sign-in/code")
        assert (await client.get("/home")).headers["location"].startswith("/sign-in/code")
        assert (await client.post("/sign-in/code", data={"code": code})).status_code == 422, "it was used"
        assert (await client.post("/sign-in/code", data={"code": codes[0]})).headers["location"] == "/"
        assert (await client.get("/home")).status_code == 200


@pytest.mark.parametrize("role", [Role.ACCOUNT_MANAGER, Role.REPORTING_ONLY])
@pytest.mark.parametrize("path", ["/setup/users", "/setup/users/1", "/setup/audit-log"])
async def test_who_may_not_manage_users_sees_no_such_page(
    database: Database, network_id: int, role: Role, path: str
) -> None:
    async with signed_in(database, network_id, role) as client:
        assert (await client.get(path)).status_code == 403
        if "users" in path:
            form = {"name": "Eve", "email": "eve@example.com", "role": "owner", "active": "on"}
            assert (await client.post(path, data=form)).status_code in (403, 422)
    async with signed_in(database, network_id) as client:
        assert "eve@example.com" not in (await client.get("/setup/users")).text


async def test_an_owner_lets_somebody_in_by_a_link_shown_once(database: Database, network_id: int) -> None:
    async with signed_in(database, network_id) as client:
        form = {"name": "Bob <b>", "email": "bob@example.com", "role": "reporting only"}
        answer = await client.post("/setup/users", data=form)
        link = re.search(r"http://console\.test(/password/\S+?)<", answer.text)
        assert link is not None and "Bob &lt;b&gt;" in answer.text
        assert link[1] not in (await client.get("/setup/users")).text
        again = await client.post("/setup/users", data=form)
        assert again.status_code == 422 and "already" in again.text
    async with browsing(database) as client:
        differ = await client.post(link[1], data={"password": PASSWORD, "again": PASSWORD + "."})
        assert differ.status_code == 422 and "differ" in differ.text
        assert (await client.post(link[1], data={"password": PASSWORD, "again": PASSWORD})).status_code == 303
        assert (await client.get("/home")).status_code == 200
        assert (await client.get("/setup/users")).status_code == 403
    async with signed_in(database, network_id) as client:
        log = (await client.get("/setup/audit-log")).text
        assert "add user" in log and "set password by link" in log and "argon2" not in log


async def test_other_sessions_are_listed_and_ended(database: Database, network_id: int) -> None:
    async with browsing(database) as client:
        await first_owner(database, network_id, client)
        network = await named(database, network_id)
        async with browsing(database) as other:
            await other.post("/sign-in", data=network | {"email": EMAIL, "password": PASSWORD})
            assert (await other.get("/home")).status_code == 200
            assert (await client.get("/account")).text.count('name="session"') == 2
            await client.post("/account/sessions/end", data={"session": "others"})
            assert (await other.get("/home")).status_code == 303
        assert (await client.get("/home")).status_code == 200


@pytest.mark.parametrize("path", OWN_PAGES)
async def test_pages_hold_no_inline_script_or_style_and_are_not_stored(
    database: Database, network_id: int, path: str
) -> None:
    async with signed_in(database, network_id) as client:
        answer = await client.get(path)
    assert answer.status_code == 200
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", answer.text)
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "no-store" in answer.headers["cache-control"]
