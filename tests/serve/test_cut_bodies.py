"""Bodies cut off at every byte on a real connection, by length and by chunk: nothing comes of them."""

import socket

import msgspec
import pytest

from leadback.kit.database import Database
from leadback.leads.model import Channel
from tests.buyer_api.calls import CONTENT_TYPES, SOAP, path_of, saying, written
from tests.buyer_api.test_truncated_bodies import WRITTEN, rows_written
from tests.serve.network import sold
from tests.support.program import Running
from tests.support.seed import read_ledger, seed_sale

pytestmark = pytest.mark.anyio

ANSWER_SECONDS_MAX = 30.0


class Sold(msgspec.Struct, frozen=True):
    """A lead on a served network, and the key of its buyer."""

    database: Database
    network_id: int
    key: str
    sale_id: int


@pytest.fixture
async def cut(served: Running, database: Database, network_id: int) -> Sold:
    """A network with a sale of the lead CUT."""
    seeded = await sold(database, network_id, leads=0)
    return Sold(database, network_id, seeded.key, await seed_sale(database, network_id, "CUT"))


def body_of(channel: Channel) -> bytes:
    """A call that would be dear if it were taken in part."""
    values = saying("UpdateLead", lead_id="CUT", amount="10000", add_to_existing="true", return_reason_id="1")
    return written(channel, "UpdateLead", values.items())


def head_of(channel: Channel, key: str, framing: str) -> bytes:
    """A request up to its body."""
    name, value = CONTENT_TYPES[channel]
    lines = [
        f"POST {path_of('UpdateLead', channel)} HTTP/1.1",
        "Host: leads.example.com",
        f"X-Api-Key: {key}",
        f"{name.decode()}: {value.decode()}",
        framing,
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


def send(port: int, request: bytes) -> None:
    """Send a request that is not whole and hang up."""
    with socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS_MAX) as connection:
        connection.sendall(request)


def answer(port: int, request: bytes) -> bytes:
    """The beginning of the answer to a whole request."""
    with socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS_MAX) as connection:
        connection.sendall(request)
        return connection.recv(4096)


@pytest.mark.parametrize("chunked", [False, True], ids=["by length", "in chunks"])
@pytest.mark.parametrize("channel", [Channel.FORM, Channel.JSON, *SOAP])
async def test_a_body_cut_at_any_byte_leaves_nothing_behind(
    served: Running, cut: Sold, channel: Channel, chunked: bool
) -> None:
    body = body_of(channel)
    if chunked:
        middle = len(body) // 2
        parts = (body[:middle], body[middle:])
        sent = b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts) + b"0\r\n\r\n"
        head = head_of(channel, cut.key, "Transfer-Encoding: chunked")
    else:
        sent = body
        head = head_of(channel, cut.key, f"Content-Length: {len(body)}")
    for end in range(len(sent)):
        send(served.port, head + sent[:end])
    # And once more below, when a whole request had its turn behind all of these.
    assert await rows_written(cut.database, cut.network_id) == dict.fromkeys(WRITTEN, 0)
    assert answer(served.port, head + sent).startswith(b"HTTP/1.1 200")
    assert [row["revenue_delta"] for row in await read_ledger(cut.database, cut.network_id, cut.sale_id)] == [10000]
    counts = await rows_written(cut.database, cut.network_id)
    assert (counts["lead_update"], counts["failed_update"], counts["idempotency_key"]) == (1, 0, 0)


async def test_a_chunk_that_is_none_is_never_the_end(served: Running, cut: Sold) -> None:
    body = body_of(Channel.FORM)
    head = head_of(Channel.FORM, cut.key, "Transfer-Encoding: chunked")
    for broken in (b"zz\r\n" + body, f"{len(body):x}\r\n".encode() + body + b"XX0\r\n\r\n", b"-5\r\n" + body):
        assert not answer(served.port, head + broken).startswith(b"HTTP/1.1 200")
    assert await rows_written(cut.database, cut.network_id) == dict.fromkeys(WRITTEN, 0)
