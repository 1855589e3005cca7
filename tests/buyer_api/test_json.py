"""Calls in JSON: which requests are, what an object must be, how its values are read, and that an error did nothing."""

import json
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadback.buyer_api.application import BuyerApi
from leadback.buyer_api.model import BindingError
from leadback.buyer_api.operations import OPERATIONS
from leadback.buyer_api.parameters import Binder
from leadback.buyer_api.script import SCRIPT, read_json
from leadback.kit.settings import Settings
from leadback.kit.tokens import make_key
from leadback.leads.model import Channel
from tests.buyer_api.buyer import Buyer
from tests.buyer_api.calls import JSON, error_of, send
from tests.buyer_api.wire import Reply, Scripted, ask, parameters

pytestmark = pytest.mark.anyio

TYPE = "application/json"
KEY = make_key(7)
BINDERS = {operation.name: Binder(operation) for operation in OPERATIONS}


async def sent(
    body: bytes | dict[str, Any], content_type: str = TYPE, operation: str = "UpdateLead"
) -> tuple[Reply, Scripted]:
    """A body sent to an operation, and what reached the updates."""
    updates = Scripted()
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = (b"content-type", content_type.encode()), (b"x-api-key", KEY.encode())
    return await send(BuyerApi(updates, Settings()), Channel.JSON, operation, raw, *headers), updates


NO_OBJECTS = [
    (b"[]", "an object with the parameters is expected"),
    (b'"lead_id"', "an object with the parameters is expected"),
    (b"null", "an object with the parameters is expected"),
    (b"5", "an object with the parameters is expected"),
    (b"{", "Expecting property name enclosed in double quotes at character 2"),
    (b'{"lead_id":"A",}', None),
    (b"{'lead_id':'A'}", None),
    (b'{lead_id:"A"}', None),
    (b'{"lead_id":"A"}{}', "Extra data at character 16"),
    (b'{"lead_id":"A"}\x00', None),
    (b'{"lead_id":"A\nB"}', None),
    (b'{"lead_id":"\\x41"}', None),
    (b'{"amount":NaN}', "NaN is no value of JSON"),
    (b'{"amount":Infinity}', "Infinity is no value of JSON"),
    (b'{"amount":-Infinity}', "-Infinity is no value of JSON"),
    (b'{"amount":01}', None),
    (b'{"amount":.5}', None),
    (b'{"amount":+5}', None),
    (b"\xff\xfe{\x00}\x00", "it is not UTF-8"),
    (b'{"status":"caf\xe9"}', "it is not UTF-8"),
    (b"[" * 60_000, None),
    (b'{"a":' * 12_000, None),
    (b"lead_id=A&amount=5", None),
]


@pytest.mark.parametrize(("body", "why"), NO_OBJECTS)
async def test_what_is_not_one_object_is_an_error_and_kept(body: bytes, why: str | None) -> None:
    reply, updates = await sent(body)
    error = error_of(reply)
    assert error.startswith("Invalid JSON: ")
    assert why is None or error == f"Invalid JSON: {why}."
    assert updates.refused.reason == error
    assert json.loads(reply.body) == {"Message": error, "StackTrace": "", "ExceptionType": ""}


@pytest.mark.parametrize(
    "value",
    [[], {}, ["A"], {"a": "A"}, [[]], {"__type": "x"}],
)
@pytest.mark.parametrize("name", ["lead_id", "amount", "api_key", "LEAD_ID"])
async def test_a_list_or_an_object_is_no_value(name: str, value: Any) -> None:
    reply, updates = await sent({**parameters(**{name.lower(): None}), name: value})
    assert error_of(reply) == f"Invalid value for parameter: {name}."
    assert updates.refused.detail == f"{name} is a list or an object."


@pytest.mark.parametrize("name", ["a\\ud800", "a\\u0000", "\\udfff\\ud800", "\\u0001"])
@pytest.mark.parametrize("value", ["[]", '"x"', "null"])
async def test_a_name_that_no_answer_could_hold_is_told_without_what_it_cannot(name: str, value: str) -> None:
    body = f'{{"lead_id":"A","status":"","{name}":{value}}}'.encode()
    reply, updates = await sent(body, operation="UpdateLeadStatus")
    assert error_of(reply).startswith("Invalid ")
    for told in (updates.refused.reason, updates.refused.detail, *updates.refused.parameters):
        told.encode()
        assert not {"\x00", "\x01"} & set(told)


@pytest.mark.parametrize("text", ["\\ud800", "\\u0000", "a\\udc00\\ud800", "\\uffff", "\\u001f"])
async def test_a_value_that_xml_could_not_hold_is_an_error(text: str) -> None:
    for name in ("status", "api_key"):
        body = json.dumps(parameters(**{name: "PLACE"})).replace("PLACE", text).encode()
        reply, updates = await sent(body)
        assert error_of(reply) == f"Invalid characters in parameter: {name}."
        assert updates.calls == [] or updates.refused.parameters["lead_id"] == "C8097F17"


async def test_a_pair_of_surrogates_is_the_character_it_means() -> None:
    _, updates = await sent(json.dumps(parameters(status="\U0001f389 é")).encode())
    assert updates.request.status == "\U0001f389 é"


@pytest.mark.parametrize("name", ["lead_id", "LEAD_ID", "amount", "status"])
@pytest.mark.parametrize("value", ['"C8097F17"', "[]", "null", "1"])
async def test_a_key_that_comes_twice_is_an_error_whatever_the_values(name: str, value: str) -> None:
    body = json.dumps(parameters())[:-1] + f',"{name}":{value}}}'
    reply, _ = await sent(body.encode())
    assert error_of(reply) in {f"Duplicate parameter: {name.lower()}.", f"Invalid value for parameter: {name}."}


VALUES: list[tuple[str, str, dict[str, Any]]] = [
    ("buyer_contract_id", "217", {"buyer_contract_id": 217}),
    ("buyer_contract_id", '" 217 "', {"buyer_contract_id": 217}),
    ("return_reason_id", "-0", {"return_reason_id": 0}),
    ("amount", "5.10", {"amount": Decimal("5.1000")}),
    ("amount", '"5.10"', {"amount": Decimal("5.1000")}),
    ("amount", '"1,234.5"', {"amount": Decimal("1234.5000")}),
    ("amount", "100000000000001", {"amount": Decimal("100000000000001.0000")}),
    ("amount", "0.0001", {"amount": Decimal("0.0001")}),
    ("amount", '""', {"amount": None}),
    ("amount", "null", {"amount": None}),
    ("add_to_existing", "true", {"add_to_existing": True}),
    ("add_to_existing", '"TRUE"', {"add_to_existing": True}),
    ("add_to_existing", "false", {"add_to_existing": False}),
    ("status", "null", {"status": ""}),
    ("status", "5", {"status": "5"}),
    ("status", "5.50", {"status": "5.50"}),
    ("status", "true", {"status": "true"}),
    ("lead_id", "12345678", {"lead_id": "12345678"}),
    ("happened_at", "null", {"happened_at": ""}),
    ("idempotency_key", "17", {"idempotency_key": "17"}),
]


@pytest.mark.parametrize(("name", "value", "read"), VALUES)
async def test_a_value_is_read_as_it_is_written(name: str, value: str, read: dict[str, Any]) -> None:
    body = json.dumps(parameters(**{name: "PLACE"})).replace('"PLACE"', value).encode()
    _, updates = await sent(body)
    assert {key: getattr(updates.request, key) for key in read} == read


NO_VALUES = [
    ("amount", "1e5", "Cannot convert 1e5 to System.Decimal."),
    ("amount", "1E400", "Cannot convert 1E400 to System.Decimal."),
    ("amount", "0.00001", "Cannot convert 0.00001 to System.Decimal."),
    ("amount", "true", "Cannot convert true to System.Decimal."),
    ("amount", "9" * 40, f"Cannot convert {'9' * 40} to System.Decimal."),
    ("buyer_contract_id", "5.0", "Cannot convert 5.0 to System.Int32."),
    ("buyer_contract_id", "null", "Cannot convert  to System.Int32."),
    ("buyer_contract_id", "false", "Cannot convert false to System.Int32."),
    ("buyer_contract_id", "9" * 5000, f"Cannot convert {'9' * 100} to System.Int32."),
    ("return_reason_id", "null", "Cannot convert  to System.Int32."),
    ("add_to_existing", "1", "Cannot convert 1 to System.Boolean."),
    ("add_to_existing", "null", "Cannot convert  to System.Boolean."),
]


@pytest.mark.parametrize(("name", "value", "error"), NO_VALUES, ids=[f"{row[0]} {row[1][:9]}" for row in NO_VALUES])
async def test_a_number_or_truth_that_is_none_is_an_error(name: str, value: str, error: str) -> None:
    body = json.dumps(parameters(**{name: "PLACE"})).replace('"PLACE"', value).encode()
    reply, updates = await sent(body)
    assert error_of(reply) == error == updates.refused.reason


@pytest.mark.parametrize("name", list(parameters()))
async def test_every_parameter_must_be_a_key_and_null_is_enough_for_a_text(name: str) -> None:
    reply, updates = await sent(dict(parameters(**{name: None})))
    assert error_of(reply) == f"Invalid web service call, missing value for parameter: '{name}'."
    assert updates.refused.reason == f"Missing parameter: {name}."


async def test_keys_that_are_no_parameter_are_ignored_whatever_they_hold() -> None:
    reply, updates = await sent({**parameters(lead_id="A"), "__type": "x", "utm": [1, {"a": None}], "UTM": 5})
    assert (reply.status, updates.request.lead_id) == (200, "A")


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON", "application/json; charset=utf-8", 'application/json;charset="UTF-8"',
     "application/json;odata=verbose; charset=iso-8859-1", " application/json "],
)  # fmt: skip
async def test_json_is_what_says_so(content_type: str) -> None:
    reply, updates = await sent(dict(parameters()), content_type)
    assert (reply.status, updates.request.origin.channel) == (200, Channel.JSON)


@pytest.mark.parametrize(
    "content_type", ["text/json", "application/json+x", "application/problem+json", "application/jsonp", "", "json"]
)
async def test_what_does_not_is_no_json(content_type: str) -> None:
    reply, updates = await sent(dict(parameters()), content_type)
    assert (reply.status, reply.headers["content-type"]) == (500, "text/plain; charset=utf-8")
    assert reply.text == f"Request format is invalid: {content_type}.\r\n"
    assert updates.refused.origin.channel is Channel.FORM


async def test_a_byte_order_mark_and_blanks_do_not_matter() -> None:
    for body in (b"\xef\xbb\xbf" + json.dumps(parameters()).encode(), b"\r\n\t " + json.dumps(parameters()).encode()):
        reply, updates = await sent(body)
        assert (reply.status, updates.request.lead_id) == (200, "C8097F17")


async def test_by_get_nothing_is_called() -> None:
    updates = Scripted()
    reply = await ask(BuyerApi(updates, Settings()), parameters(), headers=[JSON, (b"x-api-key", KEY.encode())])
    why = "An attempt was made to call the method 'UpdateLead' using a GET request, which is not allowed."
    assert (error_of(reply), updates.calls) == (why, [])


async def test_a_key_in_a_wrong_place_is_not_kept() -> None:
    _, updates = await sent({**parameters(status=KEY), KEY: KEY, "amount": KEY})
    assert KEY not in repr(updates.calls)


async def test_an_error_did_nothing_so_the_form_that_follows_it_is_the_only_one(buyer: Buyer) -> None:
    """A client of CAKE's repeats a JSON call that got no `d` as a form, whatever the error was."""
    sale_id = await buyer.sold()
    add = {"amount": "10", "add_to_existing": "TRUE"}
    assert error_of(await buyer.call(Channel.JSON, return_reason_id=None, **add))
    assert error_of(await buyer.call(Channel.JSON, buyer_contract_id="x", **add))
    assert (await buyer.sale(sale_id)).version == 1
    assert await buyer.told(Channel.FORM, **add) == "Lead updated"
    assert (await buyer.sale(sale_id)).revenue == Decimal(35)
    assert [(row["channel"], row["sale_id"]) for row in await buyer.failed()] == [("json", None)] * 2


@pytest.mark.parametrize(
    "body",
    [b"[" * 65_000, b'{"a":' * 13_000, b'{"' + b"a" * 65_000, b'{"amount":' + b"9" * 60_000 + b"}",
     b'{"status":"' + b"\\ud800" * 10_000 + b'"}', b'{"a":"",' * 8_000, b'{"a":' + b"0" * 60_000],
    ids=["lists", "objects", "a name", "digits", "surrogates", "pairs", "zeros"],
)  # fmt: skip
async def test_an_endless_body_is_decided_at_once(body: bytes) -> None:
    started = time.process_time()
    reply, _ = await sent(body)
    assert reply.status == 500
    assert time.process_time() - started < 0.25


@pytest.mark.parametrize("binder", BINDERS.values(), ids=BINDERS.keys())
@given(body=st.binary(max_size=200))
def test_no_bytes_break_the_reader(binder: Binder, body: bytes) -> None:
    read_json(binder, body, TYPE)


TEXTS = st.text(st.characters(), max_size=10) | st.sampled_from(["lead_id", "STATUS", "amount", "\ud800", "\x00", "0"])
TREES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("binder", BINDERS.values(), ids=BINDERS.keys())
@given(tree=st.dictionaries(TEXTS, TREES, max_size=6))
def test_no_object_breaks_the_reader_and_what_is_told_and_kept_can_be_written(binder: Binder, tree: Any) -> None:
    found = read_json(binder, json.dumps(tree).encode(), TYPE)
    values = binder.bind(found)
    kept = binder.kept(found)
    texts = [*kept, *kept.values()]
    if isinstance(values, BindingError):
        texts += [values.text, values.reason, values.detail]
        json.loads(SCRIPT.not_bound(values).body)
    else:
        texts += [text for text in values.values() if isinstance(text, str)]
    for told in texts:
        told.encode()
        assert "\x00" not in told
