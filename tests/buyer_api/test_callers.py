"""Where a key may stand, and what happens where it stands twice, wrong or not at all."""

import base64

import pytest

from leadback.buyer_api.application import BuyerApi
from leadback.kit.settings import Settings
from leadback.kit.tokens import digest, make_key
from leadback.leads.model import BuyerCaller, KeylessCaller
from tests.buyer_api.wire import Scripted, ask, parameters, post

pytestmark = pytest.mark.anyio

KEY = make_key(7)
OTHER = make_key(7)


def basic(user: str, password: str = "") -> tuple[bytes, bytes]:
    return b"authorization", b"Basic " + base64.b64encode(f"{user}:{password}".encode())


def bearer(key: str) -> tuple[bytes, bytes]:
    return b"authorization", f"Bearer {key}".encode()


def header(key: str) -> tuple[bytes, bytes]:
    return b"x-api-key", key.encode()


PLACES: list[tuple[str, list[tuple[bytes, bytes]], dict[str, str]]] = [
    ("the user name", [basic(KEY)], {}),
    ("the password", [basic("", KEY)], {}),
    ("the password beside a name", [basic("leadback", KEY)], {}),
    ("the user name beside a password", [basic(KEY, "x")], {}),
    ("both", [basic(KEY, KEY)], {}),
    ("Basic in small letters", [(b"authorization", basic(KEY)[1].replace(b"Basic", b"basic"))], {}),
    ("Bearer", [bearer(KEY)], {}),
    ("X-Api-Key", [header(KEY)], {}),
    ("X-Api-Key twice", [header(KEY), header(KEY)], {}),
    ("the parameter", [], {"api_key": KEY}),
    ("the parameter in capitals", [], {"API_KEY": KEY}),
    ("everywhere", [bearer(KEY), header(KEY)], {"api_key": KEY}),
    ("beside empty places", [basic(""), header("")], {"api_key": KEY}),
]

WRONG: list[tuple[str, list[tuple[bytes, bytes]], dict[str, str]]] = [
    ("two keys", [header(KEY)], {"api_key": OTHER}),
    ("two X-Api-Key", [header(KEY), header(OTHER)], {}),
    ("two Authorization", [bearer(KEY), bearer(OTHER)], {}),
    ("two keys in one Basic", [basic(KEY, OTHER)], {}),
    ("a good and a wrong key", [header("wrong")], {"api_key": KEY}),
    ("no key's form", [header("wrong")], {}),
    ("a wrong checksum", [], {"api_key": KEY[:-1] + ("0" if KEY[-1] != "0" else "1")}),
    ("a blank before it", [], {"api_key": " " + KEY}),
    ("a part of it", [], {"api_key": KEY[:20]}),
    ("another letter case", [], {"api_key": KEY.upper()}),
    ("51 characters", [], {"api_key": "x" * 51}),
    ("no base64", [(b"authorization", b"Basic !!!")], {}),
    ("base64 cut short", [(b"authorization", b"Basic YWJj=")], {}),
    ("bytes beyond ASCII", [header("clé")], {}),
    ("a name and a password that are none", [basic("user", "password")], {}),
    ("another scheme", [(b"authorization", b"Digest username=x")], {}),
    ("no scheme", [(b"authorization", KEY.encode())], {}),
]

NONE: list[tuple[str, list[tuple[bytes, bytes]], dict[str, str]]] = [
    ("nothing", [], {}),
    ("an empty parameter", [], {"api_key": ""}),
    ("an empty header", [header("")], {}),
    ("Basic without name and password", [basic("")], {}),
    ("a session cookie", [(b"cookie", b"session=" + KEY.encode())], {}),
]


@pytest.mark.parametrize(("headers", "more"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
async def test_a_wrong_key_is_invalid_and_asks_nobody(headers: list[tuple[bytes, bytes]], more: dict[str, str]) -> None:
    updates = Scripted()
    application = BuyerApi(updates, Settings())
    by_get = await ask(application, parameters() | more, headers=headers)
    by_form = await post(application, parameters() | more, *headers)
    assert by_get == by_form
    assert by_get.status == 200
    assert "<success>false</success>\r\n  <message>Invalid API Key</message>" in by_get.text
    assert (updates.calls, updates.hosts) == ([], [])


@pytest.mark.parametrize(("headers", "more"), [row[1:] for row in PLACES], ids=[row[0] for row in PLACES])
async def test_the_key_is_found(headers: list[tuple[bytes, bytes]], more: dict[str, str]) -> None:
    updates = Scripted()
    await ask(BuyerApi(updates, Settings()), parameters() | more, headers=headers)
    caller = updates.request.caller
    assert isinstance(caller, BuyerCaller)
    assert (caller.key.network_id, caller.key.digest) == (7, digest(KEY))
    assert KEY not in repr(updates.request)


@pytest.mark.parametrize(("headers", "more"), [row[1:] for row in NONE], ids=[row[0] for row in NONE])
async def test_without_a_key_the_address_and_the_host_name_say_who_calls(
    headers: list[tuple[bytes, bytes]], more: dict[str, str]
) -> None:
    updates = Scripted(network_id=5)
    await ask(BuyerApi(updates, Settings()), parameters() | more, headers=headers)
    caller = updates.request.caller
    assert isinstance(caller, KeylessCaller)
    assert (caller.network_id, str(caller.address)) == (5, "192.0.2.7")
    assert updates.hosts == ["leads.example.com"]


async def test_a_keyless_call_to_no_network_or_from_no_address_is_invalid() -> None:
    nowhere = await ask(BuyerApi(Scripted(network_id=None), Settings()), parameters())
    unknown = await ask(BuyerApi(Scripted(), Settings()), parameters(), peer=None)
    assert nowhere == unknown
    assert "<message>Invalid API Key</message>" in nowhere.text


async def test_the_address_behind_a_trusted_proxy_is_the_clients() -> None:
    updates = Scripted()
    settings = Settings(trusted_proxies=("192.0.2.0/24",))
    forged = [(b"x-forwarded-for", b"10.0.0.1, 198.51.100.9")]
    await ask(BuyerApi(updates, settings), parameters(), headers=forged)
    assert str(updates.request.origin.address) == "198.51.100.9"
    await ask(BuyerApi(updates, Settings()), parameters(), headers=forged)
    assert str(updates.calls[1].origin.address) == "192.0.2.7"
