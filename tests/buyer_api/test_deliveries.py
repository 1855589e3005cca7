"""What the channel tells of an answer: lost, sent, delivered; and that it asks nothing where nobody wants to know."""

from typing import Any

import pytest

from leadback.buyer_api import deliveries
from leadback.buyer_api.application import BuyerApi
from leadback.buyer_api.deliveries import Deliveries
from leadback.kit.http import ClientAddresses
from leadback.kit.settings import Settings
from leadback.kit.tokens import make_key
from leadback.leads.model import Answer, AnswerState, Outcome, OutcomeKind, Receipt
from tests.buyer_api.wire import FORM, Reply, Scripted, body_event, encoded, exchange, parameters, scope_of

pytestmark = pytest.mark.anyio

RECEIPT = Receipt(1, 7, 2)
UPDATED = Outcome(OutcomeKind.DECIDED, Answer(True, "Lead updated", "C8097F17"), receipt=RECEIPT)
ADD = parameters(amount="10", api_key=make_key(1))
DIRECT = ("192.0.2.7", 40001)
PROXY = ("10.0.0.1", 40001)

SENT, DELIVERED, LOST = AnswerState.SENT, AnswerState.DELIVERED, AnswerState.LOST


class Channel:
    """The application, and what it tells of answers that are wanted to be told of."""

    def __init__(self, outcome: Outcome = UPDATED) -> None:
        self.updates = Scripted(outcome)
        self.application = BuyerApi(self.updates, Settings(trusted_proxies=("10.0.0.0/8",)))

    async def get(self, call: dict[str, str] = ADD, *, stays: bool = True, **more: Any) -> Reply | None:
        """A call by GET."""
        return await exchange(self.application, scope_of("GET", call, **more), body_event(b""), stays=stays)

    @property
    def told(self) -> list[AnswerState]:
        """What was told, in order."""
        assert all(receipt == RECEIPT for receipt, _ in self.updates.told)
        return [state for _, state in self.updates.told]


async def test_an_answer_that_goes_out_is_sent() -> None:
    channel = Channel()
    assert await channel.get() is not None
    assert channel.told == [SENT]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_answer_whose_client_is_gone_is_lost_and_not_sent(method: str) -> None:
    channel = Channel()
    body = encoded(ADD)
    scope = scope_of("GET", body) if method == "GET" else scope_of("POST", headers=[FORM])
    event = body_event(b"" if method == "GET" else body)
    assert await exchange(channel.application, scope, event, stays=False) is None
    assert channel.told == [LOST]


async def test_the_next_request_on_a_direct_connection_says_that_the_answer_arrived() -> None:
    channel = Channel()
    await channel.get(peer=DIRECT)
    await channel.get(parameters(status="Funded"), peer=("192.0.2.7", 40002))
    assert channel.told[0] == SENT and DELIVERED not in channel.told
    channel.updates.outcome = Outcome(OutcomeKind.DECIDED, Answer(False, "Invalid Lead ID"))
    await channel.get(parameters(lead_id=None), peer=DIRECT)
    assert channel.told[-1] == DELIVERED
    told = len(channel.told)
    await channel.get(peer=DIRECT)
    assert len(channel.told) == told


@pytest.mark.parametrize("header", [b"x-forwarded-for", b"forwarded", b"via"])
async def test_a_connection_of_a_proxy_says_nothing(header: bytes) -> None:
    channel = Channel()
    for _ in range(2):
        await channel.get(peer=PROXY)
        await channel.get(peer=DIRECT, headers=[(header, b"198.51.100.9")])
        await channel.get(peer=None)
    assert channel.told == [SENT] * 6


async def test_a_client_that_is_gone_before_an_answer_of_no_interest_gets_it_all_the_same() -> None:
    channel = Channel(Outcome(OutcomeKind.DECIDED, Answer(True, "Lead updated", "C8097F17")))
    assert await channel.get(stays=False) is not None
    assert channel.told == []


async def test_no_more_connections_are_remembered_than_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "CONNECTIONS_KNOWN_MAX", 3)
    told: list[tuple[int, AnswerState]] = []
    time = 0.0
    known = Deliveries(
        lambda receipt, state: told.append((receipt.sale_id, state)), ClientAddresses(()), clock=lambda: time
    )

    def scope(port: int) -> dict[str, Any]:
        return scope_of("GET", peer=("192.0.2.7", port))

    for port in range(5):
        known.sent(scope(port), Receipt(1, port, 2))
    told.clear()
    for port in range(5):
        known.request_came(scope(port))
    assert told == [(2, DELIVERED), (3, DELIVERED), (4, DELIVERED)]
    known.sent(scope(8), Receipt(1, 8, 2))
    time = 61.0
    known.sent(scope(9), Receipt(1, 9, 2))
    told.clear()
    known.request_came(scope(8))
    known.request_came(scope(9))
    assert told == [(9, DELIVERED)]
