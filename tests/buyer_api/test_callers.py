"""Where a key may stand, and what happens where it stands twice, wrong or not at all."""

import base64
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from leadback.buyer_api.application import BuyerApi
from leadback.buyer_api.operations import OPERATIONS
from leadback.kit.clock import now
from leadback.kit.settings import Settings
from leadback.kit.tokens import digest, make_key
from leadback.leads.model import BuyerCaller, Channel, KeylessCaller
from tests.buyer_api.buyer import Buyer
from tests.buyer_api.calls import (
    CHANNELS,
    TEXT_XML,
    Said,
    call,
    channels_of,
    in_soap,
    path_of,
    said,
    saying,
    scoped,
    written,
)
from tests.buyer_api.golden_files import change
from tests.buyer_api.wire import Scripted, body_event, exchange, scope_of

pytestmark = pytest.mark.anyio

KEY = make_key(7)
OTHER = make_key(7)
INVALID = "Invalid API Key"


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


ROWS = [(operation.name, channel) for operation in OPERATIONS for channel in channels_of(operation.name)]

Headers = list[tuple[bytes, bytes]]


@pytest.mark.parametrize(("headers", "more"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
async def test_a_wrong_key_is_invalid_and_asks_nobody(headers: Headers, more: dict[str, str]) -> None:
    updates = Scripted()
    for operation, channel in ROWS:
        reply = await call(BuyerApi(updates, Settings()), channel, operation, saying(operation) | more, *headers)
        assert (reply.status, said(reply)) == (200, Said(False, "Invalid API Key")), (operation, channel)
    assert (updates.calls, updates.hosts) == ([], [])


@pytest.mark.parametrize(("headers", "more"), [row[1:] for row in PLACES], ids=[row[0] for row in PLACES])
async def test_the_key_is_found(headers: Headers, more: dict[str, str]) -> None:
    for operation, channel in ROWS:
        updates = Scripted()
        await call(BuyerApi(updates, Settings()), channel, operation, saying(operation) | more, *headers)
        (request,) = updates.calls
        assert isinstance(request.caller, BuyerCaller), (operation, channel)
        assert (request.caller.key.network_id, request.caller.key.digest) == (7, digest(KEY))
        assert KEY not in repr(request)


@pytest.mark.parametrize(("headers", "more"), [row[1:] for row in NONE], ids=[row[0] for row in NONE])
async def test_without_a_key_the_address_and_the_host_name_say_who_calls(
    headers: Headers, more: dict[str, str]
) -> None:
    for operation, channel in ROWS:
        updates = Scripted(network_id=5)
        reply = await call(BuyerApi(updates, Settings()), channel, operation, saying(operation) | more, *headers)
        if operation == "UpdateLeadStatus":
            assert (said(reply).message, updates.calls, updates.hosts) == ("Invalid API Key", [], [])
            continue
        (request,) = updates.calls
        assert isinstance(request.caller, KeylessCaller), (operation, channel)
        assert (request.caller.network_id, str(request.caller.address)) == (5, "192.0.2.7")
        assert updates.hosts == ["leads.example.com"]


async def test_a_keyless_call_to_no_network_or_from_no_address_is_invalid() -> None:
    for operation, channel in ROWS:
        nowhere = await call(BuyerApi(Scripted(network_id=None), Settings()), channel, operation)
        unknown = await call(BuyerApi(Scripted(), Settings()), channel, operation, peer=None)
        assert nowhere == unknown
        assert said(nowhere).message == "Invalid API Key"


async def test_a_key_in_the_header_of_an_envelope_is_not_read() -> None:
    updates = Scripted()
    block = f"<soap:Header><api_key>{KEY}</api_key></soap:Header>"
    body = in_soap(Channel.SOAP11, "UpdateLead", saying("UpdateLead").items()).decode()
    raw = body.replace("<soap:Body>", f"{block}<soap:Body>").encode()
    scope = scope_of("POST", path=path_of("UpdateLead", Channel.SOAP11), headers=[TEXT_XML])
    assert await exchange(BuyerApi(updates, Settings()), scope, body_event(raw)) is not None
    assert isinstance(updates.request.caller, KeylessCaller)


@pytest.mark.parametrize("channel", [Channel.FORM, Channel.JSON, Channel.SOAP11, Channel.SOAP12])
async def test_a_key_in_the_address_of_a_post_counts_and_must_agree(channel: Channel) -> None:
    for body_key, caller in (("", BuyerCaller), (KEY, BuyerCaller), (make_key(7), None)):
        updates = Scripted()
        sent = saying("UpdateLead", **({"api_key": body_key} if body_key else {}))
        scope, event = scoped(channel, "UpdateLead", written(channel, "UpdateLead", sent.items()))
        scope["query_string"] = b"api_key=" + KEY.encode()
        reply = await exchange(BuyerApi(updates, Settings()), scope, event)
        assert reply is not None
        if caller is None:
            assert (updates.calls, "Invalid API Key" in reply.text) == ([], True)
        else:
            assert isinstance(updates.request.caller, caller)


@pytest.mark.parametrize("operation", ["UpdateLead", "Return"])
async def test_who_needs_no_key_is_known_by_address_until_the_last_day(keyless: Buyer, operation: str) -> None:
    await keyless.sold(buyer_id=11, buyer_contract_id=300)
    today = now().astimezone(ZoneInfo("America/New_York")).date()
    for until, message in ((today - timedelta(days=1), INVALID), (today, None), (today + timedelta(days=9), None)):
        await change(keyless.database, keyless.network_id, f"UPDATE buyer SET keyless_until = '{until}'")
        for channel in CHANNELS:
            told = await keyless.says(channel, operation, idempotency_key=f"{until} {channel}")
            assert told.message == message or (message is None and told.success)
    elsewhere = ("198.51.100.1", 40_000)
    for channel in CHANNELS:
        assert said(await call(keyless.api, channel, operation, peer=elsewhere)).message == INVALID


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_wrong_key_never_falls_back_to_none(keyless: Buyer, stranger: Buyer, channel: Channel) -> None:
    sale_id = await keyless.sold(buyer_id=11, buyer_contract_id=300)
    assert await stranger.told(channel, status="Funded") == INVALID
    assert await stranger.told(channel, "UpdateLead", header("wrong"), status="Funded") == INVALID
    assert (await keyless.sale(sale_id)).version == 1
    assert await keyless.told(channel, status="Funded") == "Lead updated"


async def test_the_address_behind_a_trusted_proxy_is_the_clients() -> None:
    updates = Scripted()
    settings = Settings(trusted_proxies=("192.0.2.0/24",))
    forged = (b"x-forwarded-for", b"10.0.0.1, 198.51.100.9")
    for operation, channel in ROWS:
        await call(BuyerApi(updates, settings), channel, operation, None, forged, header(KEY))
        await call(BuyerApi(updates, Settings()), channel, operation, None, forged, header(KEY))
    addresses = [str(request.origin.address) for request in updates.calls]
    assert addresses == ["198.51.100.9", "192.0.2.7"] * len(ROWS)
