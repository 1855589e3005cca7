"""Answers kept in files, byte by byte: `golden/<operation or service>/<form>/<case>.txt`.

`UPDATE_GOLDEN=1` writes the files anew; what changed in them is for a person to read.
"""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import text

from leadback.buyer_api.application import BuyerApi
from leadback.kit.database import Database
from leadback.kit.settings import Settings
from leadback.kit.tokens import make_key
from leadback.leads.limits import Limits
from leadback.leads.model import Answer, Channel, Message, Outcome, OutcomeKind
from leadback.leads.update import Updates
from tests.buyer_api.calls import CHANNELS, PLAIN, call, channels_of, saying, send, written
from tests.buyer_api.wire import Reply, Scripted
from tests.support.seed import Seeded, read_failed, seed_network, seed_sale

GOLDEN = Path(__file__).parent / "golden"
UPDATE = "UPDATE_GOLDEN"
REASONS = {
    200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout",
    413: "Content Too Large", 414: "URI Too Long", 415: "Unsupported Media Type", 429: "Too Many Requests",
    500: "Internal Server Error", 503: "Service Unavailable",
}  # fmt: skip

LEAD = "C8097F17"

Call = dict[str, str | None]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One call and what it comes upon."""

    call: Call = {}
    more: tuple[tuple[str, str], ...] = ()
    """Sent behind the parameters."""
    before: tuple[Call, ...] = ()
    """Accepted calls before it."""
    sale: dict[str, Any] = {}
    resold: bool = False
    """The lead was sold to a second contract as well."""
    statement: str = ""
    """A change of configuration."""
    key: str = "own"
    kept: bool = True
    """Whether it is kept as a failed update."""
    channels: tuple[Channel, ...] = CHANNELS
    """Where it comes to this; channels the operation does not have are left out."""


OUTCOMES: dict[str, Outcome | Exception] = {
    "request_in_progress": Outcome(OutcomeKind.IN_PROGRESS, Answer(False, Message.REQUEST_IN_PROGRESS), 1),
    "something_broken": Outcome(OutcomeKind.FAULT, Answer(False, Message.SOMETHING_BROKEN), 1),
    "something_broken_by_an_error": RuntimeError(),
}
"""What the write path comes to under load or in a fault, given here by hand."""

RESTRICTED = "restricted"


def form_of(channel: Channel) -> str:
    """The folder of a channel's answers: those by GET and form are the same bytes."""
    return "plain" if channel in PLAIN else str(channel)


def names_of(operation: str, cases: Mapping[str, Case]) -> set[str]:
    """The files of an operation's cases, below `golden`."""
    return {
        f"{operation}/{form_of(channel)}/{name}.txt"
        for name, case in cases.items()
        for channel in channels_of(operation)
        if channel in case.channels
    }


def names_of_outcomes(operation: str) -> set[str]:
    """The files of what every operation can come to."""
    forms = {form_of(channel) for channel in channels_of(operation)}
    return {f"{operation}/{form}/{name}.txt" for form in forms for name in (*OUTCOMES, RESTRICTED)}


async def compare_decided(
    database: Database, api: BuyerApi, network_id: int, operation: str, name: str, case: Case
) -> None:
    """One case by every channel, on a network of its own: the answers are those in the files, failed ones are kept."""
    seeded = await seed_network(database, network_id)
    await seed_sale(database, network_id, LEAD, **case.sale)
    if case.resold:
        await seed_sale(database, network_id, LEAD, buyer_contract_id=218, first_of_lead=False)
    if case.statement:
        await change(database, network_id, case.statement)
    header = (b"x-api-key", key_of(case, seeded).encode())
    for earlier in case.before:
        first = await call(api, Channel.GET, operation, saying(operation, **earlier), header)
        assert b"<success>true</success>" in first.body
    for channel in channels_of(operation):
        if channel in case.channels:
            kept = len(await read_failed(database, network_id))
            compare(f"{operation}/{form_of(channel)}/{name}", await send_case(api, channel, operation, case, header))
            failed = (await read_failed(database, network_id))[kept:]
            assert [row["channel"] for row in failed] == [str(channel)] * case.kept, (name, channel)


async def send_case(api: BuyerApi, channel: Channel, operation: str, case: Case, header: tuple[bytes, bytes]) -> Reply:
    """One case by one channel, as a call of its own and not a repeat of the one by the channel before."""
    pairs = [*saying(operation, **case.call).items(), *case.more]
    own = [] if "idempotency_key" in case.call else [(b"idempotency-key", f"by {channel}".encode())]
    return await send(api, channel, operation, written(channel, operation, pairs), header, *own)


async def compare_outcomes(operation: str) -> None:
    """What every operation can come to, by every channel."""
    for name, outcome in OUTCOMES.items():
        for channel in channels_of(operation):
            header = (b"x-api-key", make_key(1).encode())
            reply = await call(BuyerApi(Scripted(outcome), Settings()), channel, operation, None, header)
            compare(f"{operation}/{form_of(channel)}/{name}", reply)


async def compare_restricted(database: Database, network_id: int, operation: str) -> None:
    """One call too many, by every channel."""
    seeded = await seed_network(database, network_id)
    await seed_sale(database, network_id, LEAD)
    updates = Updates(database, Limits(rate_per_key=1, lead_guesses_max=0, web_workers=1, clock=lambda: 0.0))
    api, header = BuyerApi(updates, Settings()), (b"x-api-key", seeded.key.encode())
    # The first may find no configuration yet; then a burst.
    replies = [await call(api, Channel.GET, operation, None, header) for _ in range(1 + 10)]
    assert {reply.status for reply in replies[:10]} == {200}
    for channel in channels_of(operation):
        compare(f"{operation}/{form_of(channel)}/{RESTRICTED}", await call(api, channel, operation, None, header))
    await updates.close()


def compare(name: str, reply: Reply) -> None:
    """The answer as it stands in its file, with the headers in order; a missing file fails."""
    path = GOLDEN / f"{name}.txt"
    lines = [f"HTTP/1.1 {reply.status} {REASONS[reply.status]}"]
    lines += [f"{header}: {value}" for header, value in sorted(reply.headers.items())]
    content = "\r\n".join([*lines, "", ""]).encode() + reply.body
    if os.environ.get(UPDATE) == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert path.exists(), f"{name}.txt is missing; {UPDATE}=1 writes it"
    assert content.decode() == path.read_bytes().decode()


def class_of(content: bytes) -> str:
    """What kind of outcome a file holds."""
    status = int(content.split(b" ", 2)[1])
    if status != 200:
        return {429: "throttled", 500: "not bound", 503: "our own fault"}.get(status, "refused")
    if re.search(rb"(?m)^retry-after: ", content):
        return "in progress"
    if re.search(rb"(?m)^idempotent-replayed: true", content):
        return "replayed"
    return "success" if re.search(rb'<success>true<|"success":true', content) else "failure"


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


async def change(database: Database, network_id: int, statement: str) -> None:
    """A change of configuration as another process makes it."""
    async with database.transaction(network_id) as connection:
        await connection.execute(text(statement))
        await connection.execute(text("UPDATE network_version SET version = version + 1"))
