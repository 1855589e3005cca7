"""The exact bytes of every answer of UpdateLead, over the real write path, each kept in a file.

`UPDATE_GOLDEN=1` writes the files anew; what changed in them is for a person to read.
"""

import os
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from leadback.buyer_api.application import BuyerApi
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.settings import Settings
from leadback.kit.tokens import make_key
from leadback.leads.limits import Limits
from leadback.leads.model import Answer, Message, Outcome, OutcomeKind
from leadback.leads.update import Updates
from tests.buyer_api.wire import (
    FORM,
    UPDATE_LEAD,
    Reply,
    Scripted,
    body_event,
    encoded,
    exchange,
    parameters,
    scope_of,
    stalled,
)
from tests.support.seed import Seeded, read_failed, read_sale, seed_network, seed_sale

pytestmark = pytest.mark.anyio

GOLDEN = Path(__file__).parent / "golden"
UPDATE = "UPDATE_GOLDEN"
REASONS = {
    200: "OK", 404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout", 413: "Content Too Large",
    414: "URI Too Long", 415: "Unsupported Media Type", 429: "Too Many Requests", 500: "Internal Server Error",
    503: "Service Unavailable",
}  # fmt: skip

Call = dict[str, str | None]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One call and what it comes upon."""

    call: Call = {}
    raw: bytes = b""
    """Sent behind the parameters as it stands."""
    before: tuple[Call, ...] = ()
    """Accepted calls before it."""
    sale: dict[str, Any] = {}
    resold: bool = False
    """The lead was sold to a second contract as well."""
    statement: str = ""
    """A change of configuration."""
    key: str = "own"
    kept: bool
    """Whether it is kept as a failed update."""


DECIDED: dict[str, Case] = {
    "success": Case(call={"status": "Funded", "sub_status": "Full Payment", "amount": "10"}, kept=False),
    "success_nothing_said": Case(kept=False),
    "success_replayed": Case(
        call={"amount": "10", "idempotency_key": "one"},
        before=({"amount": "10", "idempotency_key": "one"},),
        kept=False,
    ),
    "invalid_api_key_unknown": Case(key="unknown", kept=False),
    "invalid_api_key_malformed": Case(key="malformed", kept=False),
    "invalid_api_key_keyless": Case(key="none", statement="UPDATE buyer SET accept_keyless = false", kept=False),
    "idempotency_key_invalid": Case(call={"idempotency_key": "é"}, kept=True),
    "idempotency_key_reused": Case(
        call={"amount": "11", "idempotency_key": "one"},
        before=({"amount": "10", "idempotency_key": "one"},),
        kept=True,
    ),
    "lead_statuses_not_enabled": Case(statement="UPDATE buyer SET lead_statuses = false", kept=True),
    "invalid_lead_id": Case(call={"lead_id": "F0E41C8D"}, kept=True),
    "invalid_lead_id_of_another_buyer": Case(key="other", kept=True),
    "invalid_lead_id_empty": Case(call={"lead_id": ""}, kept=True),
    "invalid_buyer_contract": Case(call={"buyer_contract_id": "300"}, kept=True),
    "buyer_contract_required": Case(resold=True, kept=True),
    "invalid_lead_status": Case(call={"status": "funded"}, kept=True),
    "invalid_lead_sub_status": Case(call={"status": "Funded", "sub_status": "By phone"}, kept=True),
    "invalid_lead_sub_status_alone": Case(call={"sub_status": "Full Payment"}, kept=True),
    "invalid_amount": Case(call={"amount": "1000000000001"}, kept=True),
    "invalid_lead_field": Case(call={"field_name": "loan", "field_value": "1"}, kept=True),
    "invalid_field_value": Case(call={"field_name": "loan_amount", "field_value": "much"}, kept=True),
    "invalid_return_reason": Case(call={"return_reason_id": "9"}, kept=True),
    "returns_not_allowed": Case(call={"return_reason_id": "1"}, sale={"returnable": False}, kept=True),
    "return_window_expired": Case(
        call={"return_reason_id": "1"}, sale={"sold_at": now() - timedelta(days=40)}, kept=True
    ),
    "lead_already_returned": Case(call={"return_reason_id": "2"}, before=({"return_reason_id": "1"},), kept=True),
    "invalid_happened_at": Case(call={"happened_at": "yesterday"}, kept=True),
}

NOT_BOUND: dict[str, Case] = {
    **{f"missing_{name}": Case(call={name: None}, kept=True) for name in parameters()},
    **{f"duplicate_{name}": Case(raw=f"&{name.upper()}=1".encode(), kept=True) for name in parameters()},
    "duplicate_api_key": Case(raw=b"&api_key=1", kept=False),
    "invalid_characters": Case(call={"status": None}, raw=b"&status=%00", kept=True),
    "invalid_utf_8": Case(call={"status": None}, raw=b"&status=caf%E9", kept=True),
    "invalid_characters_in_a_name": Case(raw=b"&%3Cb%00%3E=1", kept=True),
    "too_many_parameters": Case(raw=b"&x=1" * 200, kept=True),
    "buyer_contract_id_no_number": Case(call={"buyer_contract_id": "<abc>"}, kept=True),
    "buyer_contract_id_empty": Case(call={"buyer_contract_id": ""}, kept=True),
    "buyer_contract_id_too_large": Case(call={"buyer_contract_id": "2147483648"}, kept=True),
    "return_reason_id_empty": Case(call={"return_reason_id": ""}, kept=True),
    "amount_no_number": Case(call={"amount": "5,5"}, kept=True),
    "amount_endless": Case(call={"amount": "9" * 5000}, kept=True),
    "add_to_existing_no_boolean": Case(call={"add_to_existing": "1"}, kept=True),
    "add_to_existing_empty": Case(call={"add_to_existing": ""}, kept=True),
}

OUTCOMES: dict[str, Outcome | Exception] = {
    "request_in_progress": Outcome(OutcomeKind.IN_PROGRESS, Answer(False, Message.REQUEST_IN_PROGRESS), 1),
    "something_broken": Outcome(OutcomeKind.FAULT, Answer(False, Message.SOMETHING_BROKEN), 1),
    "something_broken_by_an_error": RuntimeError(),
}
"""What the write path comes to under load or in a fault, given here by hand."""

REFUSED: dict[str, tuple[dict[str, Any], bytes]] = {
    "unknown_operation": ({"method": "GET", "path": "/buyers/api/1/leads.asmx/Foo"}, b""),
    "operation_in_wrong_case": ({"method": "GET", "path": "/buyers/api/1/leads.asmx/updatelead"}, b""),
    "post_to_no_operation": (
        {"method": "POST", "path": "/buyers/api/1/leads.asmx", "headers": [(b"content-type", b"text/xml")]},
        b"<x/>",
    ),
    "not_a_form": ({"method": "POST", "headers": [(b"content-type", b"text/plain")]}, b"x"),
    "no_content_type": ({"method": "POST"}, b""),
    "another_charset": ({"method": "POST", "headers": [(FORM[0], FORM[1] + b"; charset=utf-7")]}, b""),
    "method_not_allowed": ({"method": "PUT"}, b""),
    "query_too_long": ({"method": "GET", "query": b"x=" + b"y" * 8192}, b""),
    "body_too_large": ({"method": "POST", "headers": [FORM]}, b"x" * 65537),
    "body_compressed": ({"method": "POST", "headers": [FORM, (b"content-encoding", b"gzip")]}, b"x"),
}


@pytest.fixture
async def updates(database: Database) -> AsyncIterator[Updates]:
    """The real write path."""
    opened = Updates(database)
    yield opened
    await opened.close()


@pytest.mark.parametrize("channel", ["GET", "POST"])
@pytest.mark.parametrize(("name", "case"), DECIDED.items(), ids=DECIDED.keys())
async def test_the_answer_is_the_one_in_the_file(
    database: Database, updates: Updates, network_id: int, name: str, case: Case, channel: str
) -> None:
    seeded = await seed_network(database, network_id)
    await seed_sale(database, network_id, "C8097F17", **case.sale)
    if case.resold:
        await seed_sale(database, network_id, "C8097F17", buyer_contract_id=218, first_of_lead=False)
    if case.statement:
        await change(database, network_id, case.statement)
    application = BuyerApi(updates, Settings())
    key = key_of(case, seeded)
    for call in case.before:
        first = await send(application, channel, encoded(parameters(**call)), key)
        assert b"<success>true</success>" in first.body
    reply = await send(application, channel, encoded(parameters(**case.call)) + case.raw, key)
    compare(name, reply)
    assert bool(await read_failed(database, network_id)) is case.kept


@pytest.mark.parametrize("channel", ["GET", "POST"])
async def test_the_answers_to_what_cannot_be_bound_are_those_in_the_files(
    database: Database, updates: Updates, network_id: int, channel: str
) -> None:
    seeded = await seed_network(database, network_id)
    sale_id = await seed_sale(database, network_id, "C8097F17")
    application = BuyerApi(updates, Settings())
    kept = 0
    for name, case in NOT_BOUND.items():
        reply = await send(application, channel, encoded(parameters(**case.call)) + case.raw, key_of(case, seeded))
        compare(name, reply)
        kept += case.kept
        assert len(await read_failed(database, network_id)) == kept, name
    assert (await read_sale(database, network_id, sale_id)).version == 1


@pytest.mark.parametrize(("name", "outcome"), OUTCOMES.items(), ids=OUTCOMES.keys())
async def test_the_answer_to_load_and_faults_is_the_one_in_the_file(name: str, outcome: Outcome | Exception) -> None:
    for channel in ("GET", "POST"):
        compare(name, await send(BuyerApi(Scripted(outcome), Settings()), channel, encoded(parameters()), make_key(1)))


@pytest.mark.parametrize("channel", ["GET", "POST"])
async def test_the_answer_to_a_call_too_many_is_the_one_in_the_file(
    database: Database, network_id: int, channel: str
) -> None:
    seeded = await seed_network(database, network_id)
    await seed_sale(database, network_id, "C8097F17")
    updates = Updates(database, Limits(rate_per_key=1, lead_guesses_max=0, web_workers=1, clock=lambda: 0.0))
    application = BuyerApi(updates, Settings())
    # The first finds no configuration yet; then a burst.
    for _ in range(1 + 10):
        reply = await send(application, channel, encoded(parameters()), seeded.key)
        assert reply.status == 200
    compare("restricted", await send(application, channel, encoded(parameters()), seeded.key))
    await updates.close()


@pytest.mark.parametrize(("name", "scope", "body"), [(name, *row) for name, row in REFUSED.items()], ids=REFUSED.keys())
async def test_the_answer_to_a_request_of_no_form_is_the_one_in_the_file(
    name: str, scope: dict[str, Any], body: bytes
) -> None:
    updates = Scripted()
    reply = await exchange(BuyerApi(updates, Settings()), scope_of(**scope), body_event(body))
    assert reply is not None
    compare(name, reply)
    assert updates.calls == []


async def test_the_answer_to_a_body_that_stalls_is_the_one_in_the_file() -> None:
    application = BuyerApi(Scripted(), Settings(), body_seconds_max=0.01)
    compare("body_stalled", await stalled(application, scope_of("POST", headers=[FORM]), body_event(b"x", more=True)))


def test_every_message_has_a_file_and_every_file_a_test() -> None:
    names = {*DECIDED, *NOT_BOUND, *OUTCOMES, *REFUSED, "restricted", "body_stalled"}
    assert {path.stem for path in GOLDEN.iterdir()} == names
    written = b"".join(path.read_bytes() for path in GOLDEN.iterdir())
    unwritten = [message for message in Message if f"<message>{message}</message>".encode() not in written]
    assert unwritten == [Message.LEAD_RETURNED]


def compare(name: str, reply: Reply) -> None:
    """The answer as it stands in its file, with the headers in order; a missing file fails."""
    path = GOLDEN / f"{name}.txt"
    lines = [f"HTTP/1.1 {reply.status} {REASONS[reply.status]}"]
    lines += [f"{header}: {value}" for header, value in sorted(reply.headers.items())]
    content = "\r\n".join([*lines, "", ""]).encode() + reply.body
    if os.environ.get(UPDATE) == "1":
        path.write_bytes(content)
    assert path.exists(), f"{path.name} is missing; {UPDATE}=1 writes it"
    assert content.decode() == path.read_bytes().decode()


def key_of(case: Case, seeded: Seeded) -> str:
    """The key the case calls with."""
    keys: dict[str, Callable[[], str]] = {
        "own": lambda: seeded.key,
        "other": lambda: seeded.other_key,
        "unknown": lambda: make_key(seeded.network_id),
        "malformed": lambda: "password",
        "none": lambda: "",
    }
    return keys[case.key]()


async def send(application: BuyerApi, channel: str, call: bytes, key: str) -> Reply:
    """One call with its key as a parameter."""
    call = b"api_key=" + key.encode() + b"&" + call
    by_get = channel == "GET"
    scope = scope_of(channel, call if by_get else b"", path=UPDATE_LEAD, headers=() if by_get else (FORM,))
    reply = await exchange(application, scope, body_event(b"" if by_get else call))
    assert reply is not None
    return reply


async def change(database: Database, network_id: int, statement: str) -> None:
    """A change of configuration as another process makes it."""
    async with database.transaction(network_id) as connection:
        await connection.execute(text(statement))
        await connection.execute(text("UPDATE network_version SET version = version + 1"))
