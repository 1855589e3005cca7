"""A body cut off at any byte is never applied: `amount=10` of an `amount=10000` would be somebody's money."""

from typing import Any

import pytest
from sqlalchemy import text

from leadback.buyer_api.application import BuyerApi
from leadback.kit.database import Database
from leadback.kit.settings import Settings
from leadback.kit.tokens import make_key
from leadback.leads.model import Channel
from tests.buyer_api.buyer import Buyer
from tests.buyer_api.calls import FLAT, SOAP, saying, scoped, written
from tests.buyer_api.wire import Reply, Scripted, body_event, exchange

pytestmark = pytest.mark.anyio

BODIES = (Channel.FORM, Channel.JSON, *SOAP)
CHANGES: dict[str, dict[str, str]] = {
    "UpdateLead": {
        "status": "Funded",
        "amount": "10000",
        "add_to_existing": "false",
        "return_reason_id": "12",
        "idempotency_key": "one",
    },
    "Return": {"return_reason_id": "12", "buyer_contract_id": "217", "idempotency_key": "one"},
    "UpdateLeadStatus": {"status": "Funded", "loan_amount": "10000", "idempotency_key": "one"},
}
ROWS = [
    (operation, channel)
    for operation in CHANGES
    for channel in BODIES
    if operation != "UpdateLeadStatus" or channel in FLAT
]
WRITTEN = ("failed_update", "lead_update", "idempotency_key", "guess_count", "recent_answer")


def whole(operation: str, channel: Channel) -> bytes:
    """A body that says what would be dear if it were said in part."""
    return written(channel, operation, saying(operation, **CHANGES[operation]).items())


def pieces_of(body: bytes, pieces: int) -> list[dict[str, Any]]:
    """A body in so many pieces, after which more was to come."""
    size = max(1, -(-len(body) // pieces))
    return [body_event(body[place : place + size], more=True) for place in range(0, len(body), size)]


def assert_incomplete(reply: Reply | None) -> None:
    """What a client hears that closed only its own side."""
    assert reply is not None
    assert (reply.status, reply.text) == (400, "The body is not complete.\r\n")
    assert reply.headers["connection"] == "close"


async def rows_written(database: Database, network_id: int) -> dict[str, int]:
    """How many rows each table has that a call can leave something in."""
    async with database.transaction(network_id) as connection:
        return {
            table: (
                await connection.execute(
                    text(f"SELECT count(*) FROM {table} WHERE network_id = :network_id"), {"network_id": network_id}
                )
            ).scalar_one()
            for table in WRITTEN
        }


@pytest.mark.parametrize("pieces", [1, 7])
@pytest.mark.parametrize(("operation", "channel"), ROWS)
async def test_a_body_cut_at_any_byte_is_not_submitted(operation: str, channel: Channel, pieces: int) -> None:
    updates = Scripted()
    application = BuyerApi(updates, Settings())
    body = whole(operation, channel)
    for cut in range(len(body) + 1):
        length = (b"content-length", str(len(body)).encode())
        scope, _ = scoped(channel, operation, b"", (b"x-api-key", make_key(7).encode()), length)
        assert_incomplete(await exchange(application, scope, *pieces_of(body[:cut], pieces)))
    assert updates.calls == []


@pytest.mark.parametrize(("operation", "channel"), ROWS)
async def test_a_cut_body_of_a_known_buyer_leaves_nothing_behind(
    buyer: Buyer, operation: str, channel: Channel
) -> None:
    sale_id = await buyer.sold()
    body = whole(operation, channel)
    header = (b"x-api-key", buyer.key.encode())
    for cut in range(len(body) + 1):
        scope, _ = scoped(channel, operation, b"", header)
        assert_incomplete(await exchange(buyer.api, scope, *pieces_of(body[:cut], 1)))
    assert await rows_written(buyer.database, buyer.network_id) == dict.fromkeys(WRITTEN, 0)
    assert (await buyer.sale(sale_id)).version == 1


@pytest.mark.parametrize(("operation", "channel"), [row for row in ROWS if row[1] is not Channel.FORM])
async def test_json_and_soap_that_are_handed_on_as_whole_are_still_seen_to_be_cut(
    operation: str, channel: Channel
) -> None:
    """What a proxy makes of a body it lost the end of; of a form nothing tells."""
    updates = Scripted()
    application = BuyerApi(updates, Settings())
    body = whole(operation, channel)
    for cut in range(1, len(body)):
        reply = await exchange(application, *scoped(channel, operation, body[:cut]))
        assert reply is not None
        assert reply.status == (500 if channel is Channel.JSON else 400)
    assert updates.calls == []


@pytest.mark.parametrize(("operation", "channel"), ROWS)
async def test_the_whole_body_is_submitted_once(operation: str, channel: Channel) -> None:
    updates = Scripted()
    body = whole(operation, channel)
    scope, _ = scoped(channel, operation, b"", (b"x-api-key", make_key(7).encode()))
    events = [*pieces_of(body, 7), body_event(b"")]
    reply = await exchange(BuyerApi(updates, Settings()), scope, *events)
    assert reply is not None
    assert reply.status == 200
    assert updates.request.idempotency_key == "one"
