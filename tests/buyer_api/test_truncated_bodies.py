"""A form cut off at any byte is never applied: `amount=10` of an `amount=10000` would be somebody's money."""

import pytest

from leadback.buyer_api.application import BuyerApi
from leadback.kit.settings import Settings
from leadback.kit.tokens import make_key
from tests.buyer_api.wire import FORM, Scripted, body_event, encoded, exchange, parameters, scope_of

pytestmark = pytest.mark.anyio

HEADERS = [FORM, (b"x-api-key", make_key(7).encode())]
BODY = encoded(parameters(status="Funded", amount="10000", add_to_existing="false", return_reason_id="12"))


@pytest.mark.parametrize("pieces", [1, 7])
async def test_a_form_cut_at_any_byte_is_neither_submitted_nor_answered(pieces: int) -> None:
    updates = Scripted()
    application = BuyerApi(updates, Settings())
    for cut in range(len(BODY) + 1):
        size = max(1, -(-cut // pieces))
        events = [body_event(BODY[place : min(place + size, cut)], more=True) for place in range(0, cut, size)]
        scope = scope_of("POST", headers=[*HEADERS, (b"content-length", str(len(BODY)).encode())])
        assert await exchange(application, scope, *events) is None
    assert updates.calls == []


async def test_the_whole_form_is_submitted_once() -> None:
    updates = Scripted()
    reply = await exchange(BuyerApi(updates, Settings()), scope_of("POST", headers=HEADERS), body_event(BODY))
    assert reply is not None
    assert (reply.status, str(updates.request.amount)) == (200, "10000.0000")
