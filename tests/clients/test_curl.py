"""curl, as a buyer's developer tries the service by hand."""

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import unquote_plus, urlencode

import pytest

from tests.clients.curl import EMPTY, curl, query
from tests.clients.market import CONTRACT, KEYLESS_CONTRACT, SERVICE, Market


@pytest.fixture
def lead_id(market: Market) -> str:
    return market.new_lead()


@pytest.fixture
def update_url(market: Market) -> str:
    return f"{market.service}/UpdateLead"


def keys(key: str) -> Iterator[Sequence[str]]:
    """Every way to give curl a key."""
    yield ("--user", f"{key}:")
    yield ("--user", f"buyer:{key}")
    yield ("--header", f"X-Api-Key: {key}")
    yield ("--header", f"Authorization: Bearer {key}")
    yield ("--url-query", f"api_key={key}")


def test_it_needs_a_key(market: Market, update_url: str, lead_id: str) -> None:
    heard = curl(f"{update_url}?{query(lead_id, status='Contacted', api_key='lbk_1_wrong')}")
    assert (heard.status, heard.done) == (200, False)
    assert "<message>Invalid API Key</message>" in heard.body
    assert market.effects(lead_id) == []


def test_it_updates_no_lead_of_another_buyer(market: Market, update_url: str) -> None:
    lead_id = market.new_keyless_lead()
    heard = curl("--user", f"{market.key}:", f"{update_url}?{query(lead_id, status='Contacted')}")
    assert (heard.done, "<message>Invalid Lead ID</message>" in heard.body) == (False, True)
    assert market.effects(lead_id) == []


def test_it_updates_by_get_with_all_nine_parameters(market: Market, update_url: str, lead_id: str) -> None:
    given = {"buyer_contract_id": str(CONTRACT), "status": "Funded", "sub_status": "Full Payment", "amount": "10.50"}
    given |= {"field_name": "loan_amount", "field_value": "25000", "return_reason_id": "3"}
    heard = curl("--user", f"{market.key}:", f"{update_url}?{query(lead_id, **given)}")
    assert heard.done
    assert heard.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert heard.headers["Cache-Control"] == "private, max-age=0"
    assert f"<message>Lead updated</message>\n  <lead_id>{lead_id}</lead_id>" in heard.body
    sale = market.sale(lead_id)
    assert (sale["status"], sale["sub_status"], sale["revenue"]) == ("Funded", "Full Payment", "35.5000")
    assert (sale["fields"], sale["return_reason"]) == ({"loan_amount": "25000.0000"}, "Invalid phone")
    assert market.effects(lead_id) == [("get", "10.5000")]


@pytest.mark.parametrize("way", range(5))
def test_it_takes_the_key_in_every_place(market: Market, update_url: str, lead_id: str, way: int) -> None:
    arguments = list(keys(market.key))[way]
    assert curl(*arguments, f"{update_url}?{query(lead_id, status='Contacted')}").done
    assert market.effects(lead_id) == [("get", "0.0000")]


def test_a_buyer_that_moved_over_needs_no_key(market: Market, update_url: str) -> None:
    lead_id = market.new_keyless_lead()
    assert curl(f"{update_url}?{query(lead_id, amount='1')}").done
    contract = str(KEYLESS_CONTRACT)
    assert curl("--data", query(lead_id, amount="2", buyer_contract_id=contract), update_url).done
    assert market.effects(lead_id) == [("get", "1.0000"), ("form", "2.0000")]


@pytest.mark.parametrize("missing", EMPTY)
def test_each_parameter_must_be_there(market: Market, update_url: str, lead_id: str, missing: str) -> None:
    given = {**EMPTY, "lead_id": lead_id, "status": "Contacted", "amount": "1"}
    del given[missing]
    heard = curl("--user", f"{market.key}:", f"{update_url}?{urlencode(given)}")
    assert heard.status == 500
    assert heard.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert heard.body.strip() == f"Missing parameter: {missing}."
    assert market.effects(lead_id) == []


def test_what_is_not_declared_is_left_alone(market: Market, update_url: str, lead_id: str) -> None:
    assert curl("--user", f"{market.key}:", f"{update_url}?{query(lead_id, amount='1', token='x', Lead='y')}").done
    assert market.effects(lead_id) == [("get", "1.0000")]


@pytest.mark.parametrize("written", [str.upper, str.title])
def test_names_may_be_in_any_case(market: Market, lead_id: str, written: Callable[[str], str]) -> None:
    given = {written(name): value for name, value in (EMPTY | {"lead_id": lead_id, "amount": "1"}).items()}
    url = f"{market.url}{written(SERVICE)}/UpdateLead?{urlencode(given)}"
    assert curl("--user", f"{market.key}:", url).done
    assert market.effects(lead_id) == [("get", "1.0000")]


@pytest.mark.parametrize("sub_status", ["Full+Payment", "Full%20Payment", "Cr%C3%A9dit+%26%20Co"])
def test_it_reads_every_way_to_write_a_blank(market: Market, update_url: str, lead_id: str, sub_status: str) -> None:
    url = f"{update_url}?{query(lead_id, status='Funded')}".replace("sub_status=", f"sub_status={sub_status}")
    assert curl("--user", f"{market.key}:", url).done
    assert market.sale(lead_id)["sub_status"] == unquote_plus(sub_status)


def test_it_updates_by_form(market: Market, update_url: str, lead_id: str) -> None:
    given = {**EMPTY, "lead_id": lead_id, "status": "Funded", "sub_status": "Crédit & Co", "api_key": market.key}
    pairs = [part for name, value in given.items() for part in ("--data-urlencode", f"{name}={value}")]
    assert curl(*pairs, update_url).done
    assert market.sale(lead_id)["sub_status"] == "Crédit & Co"
    assert market.effects(lead_id) == [("form", "0.0000")]
