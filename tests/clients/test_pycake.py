"""pycake 2.1.0, as it is: a buyer that used it with CAKE tells it another host name."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.clients.foreign import PYCAKE, Call
from tests.clients.market import REASONS, Market
from tests.support.http_proxy import LosingProxy, losing_proxy

BAD_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 11\r\n\r\nBad Gateway"
CUT_SHORT = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"d":{"success":true'
CUT_OFF = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"d":{"success":true'
REPEATED = {"bad gateway": BAD_GATEWAY, "cut short": CUT_SHORT}


class Buyer:
    """A buyer at its computer: with its key in the host name, or as it came from CAKE."""

    def __init__(self, market: Market, *, has_key: bool) -> None:
        self.market = market
        self.has_key = has_key

    def new_lead(self) -> str:
        """A lead it bought."""
        return self.market.new_lead() if self.has_key else self.market.new_keyless_lead()

    def calls(self, *calls: Call, form: str = "JSON", host: str = "") -> list[Any]:
        """What pycake gives back."""
        host = host or self.market.host
        domain = f"{self.market.key}:@{host}" if self.has_key else host
        return PYCAKE.answers(calls, domain=domain, format=form)


@pytest.fixture(params=[True, False], ids=["key in the host name", "no key"])
def buyer(market: Market, request: pytest.FixtureRequest) -> Buyer:
    return Buyer(market, has_key=request.param)


@pytest.fixture
def proxy(market: Market) -> Iterator[LosingProxy]:
    with losing_proxy(int(market.host.rpartition(":")[2])) as proxy:
        yield proxy


def story(lead_id: str, other_lead_id: str) -> list[Call]:
    """Everything pycake can do for a buyer."""
    return [
        ("update_lead", {"lead_id": lead_id, "status": "Funded", "sub_status": "Crédit & Co"}),
        ("update_lead", {"lead_id": lead_id, "amount": "10.50", "add_to_existing": "TRUE"}),
        ("update_lead", {"lead_id": lead_id, "field_name": "loan_amount", "field_value": "25000"}),
        ("update_lead", {"lead_id": lead_id, "return_reason_id": "3"}),
        ("update_lead", {"lead_id": lead_id, "amount": "0", "add_to_existing": "FALSE"}),
        ("return_lead", {"lead_id": other_lead_id, "return_reason_id": 8}),
        ("get_return_reasons", {}),
    ]


def saw_the_story(market: Market, lead_id: str, other_lead_id: str, channel: str) -> None:
    """What it did is in the lead's history, once."""
    sale = market.sale(lead_id)
    assert (sale["status"], sale["sub_status"], sale["revenue"]) == ("Funded", "Crédit & Co", "0.0000")
    assert (sale["fields"], sale["return_reason"]) == ({"loan_amount": "25000.0000"}, "Invalid phone")
    deltas = ("0.0000", "10.5000", "0.0000", "0.0000", "-35.5000")
    assert market.effects(lead_id) == [(channel, delta) for delta in deltas]
    other = market.sale(other_lead_id)
    assert (other["return_state"], other["return_reason"]) == ("submitted", REASONS[1]["return_reason_name"])
    assert [(step["channel"], step["operation"]) for step in other["steps"]] == [(channel, "Return")]


def test_it_does_everything_by_json(market: Market, buyer: Buyer) -> None:
    leads = buyer.new_lead(), buyer.new_lead()
    *updates, returned, reasons = buyer.calls(*story(*leads))
    for answer in updates:
        assert _without_type(answer) == {"success": True, "message": "Lead updated", "lead_id": leads[0]}
    assert _without_type(returned) == {"success": True, "message": "Lead returned"}
    assert (reasons["success"], reasons["row_count"]) == (True, len(REASONS))
    assert [_without_type(reason) for reason in reasons["return_reasons"]] == REASONS
    saw_the_story(market, *leads, "json")


def test_it_does_everything_by_form_with_xml(market: Market, buyer: Buyer) -> None:
    leads = buyer.new_lead(), buyer.new_lead()
    *updates, returned, reasons = buyer.calls(*story(*leads), form="XML")
    for answer in [*updates, returned, reasons]:
        assert answer.startswith('<?xml version="1.0" encoding="utf-8"?>')
        assert "<success>true</success>" in answer
    assert all(f"<lead_id>{leads[0]}</lead_id>" in answer for answer in updates)
    assert "<message>Lead returned</message>" in returned
    assert "Naïve &lt;wrong&gt; &amp; 'rude' lead</return_reason_name>" in reasons
    saw_the_story(market, *leads, "form")


def test_a_refusal_is_an_answer_and_not_repeated(market: Market, buyer: Buyer) -> None:
    lead_id = buyer.new_lead()
    (answer,) = buyer.calls(("update_lead", {"lead_id": lead_id, "status": "funded", "sub_status": ""}))
    assert (answer["success"], answer["message"]) == (False, "Invalid Lead Status")
    assert market.effects(lead_id) == []
    failed = market.program.json("failed-updates", "list", "--reason", "Invalid Lead Status")["rows"]
    assert [row["channel"] for row in failed if row["lead_id"] == lead_id] == ["json"]


def test_an_error_in_json_has_no_effect_nor_its_repeat_as_a_form(market: Market, buyer: Buyer) -> None:
    lead_id = buyer.new_lead()
    given = {"lead_id": lead_id, "amount": "much", "add_to_existing": "TRUE"}
    (answer,) = buyer.calls(("update_lead", given))
    assert answer.startswith("Cannot convert much to System.Decimal.")
    assert market.effects(lead_id) == []


@pytest.mark.parametrize("instead", REPEATED)
def test_an_answer_spoilt_on_the_way_is_one_effect_though_it_repeats_the_call(
    market: Market, buyer: Buyer, proxy: LosingProxy, instead: str
) -> None:
    lead_id, returned = buyer.new_lead(), buyer.new_lead()
    proxy.instead = REPEATED[instead]
    host = proxy.url.removeprefix("http://")
    for call in (
        ("update_lead", {"lead_id": lead_id, "amount": "10", "add_to_existing": "TRUE", "return_reason_id": "3"}),
        ("return_lead", {"lead_id": returned, "return_reason_id": "8"}),
    ):
        proxy.loses = 1
        (answer,) = buyer.calls(call, host=host)
        assert "<success>true</success>" in answer
    assert proxy.lost == 2
    assert market.effects(lead_id) == [("json", "10.0000")]
    assert market.effects(returned) == [("json", "0.0000")]


@pytest.mark.parametrize("instead", [b"", CUT_OFF], ids=["lost", "cut off"])
def test_an_answer_lost_on_the_way_is_one_effect_when_the_buyer_asks_again(
    market: Market, buyer: Buyer, proxy: LosingProxy, instead: bytes
) -> None:
    lead_id = buyer.new_lead()
    call = ("update_lead", {"lead_id": lead_id, "amount": "10", "add_to_existing": "TRUE"})
    proxy.instead = instead
    proxy.loses = 2
    *broken, answer = buyer.calls(call, call, call, host=proxy.url.removeprefix("http://"))
    assert all("broken" in lost for lost in broken)
    assert (answer["success"], answer["message"]) == (True, "Lead updated")
    assert market.effects(lead_id) == [("json", "10.0000")]


def test_an_overwrite_repeated_as_a_form_changes_nothing_more(market: Market, buyer: Buyer, proxy: LosingProxy) -> None:
    lead_id = buyer.new_lead()
    given = {"lead_id": lead_id, "status": "Contacted", "sub_status": "", "amount": "7", "add_to_existing": "FALSE"}
    proxy.instead, proxy.loses = BAD_GATEWAY, 1
    (answer,) = buyer.calls(("update_lead", given), host=proxy.url.removeprefix("http://"))
    assert "<success>true</success>" in answer
    steps = market.sale(lead_id)["steps"]
    assert [step["revenue_after"] for step in steps] == ["7.0000", "7.0000"]
    assert all(Decimal(later["revenue_delta"]) == 0 for _, later in pairwise(steps))


def _without_type(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "__type" and value is not None}
