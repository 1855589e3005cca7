"""What the words on a command line mean, decided on values."""

from datetime import UTC, date, datetime
from ipaddress import ip_address
from zoneinfo import ZoneInfo

import pytest

from leadback.cli.buyer import parse_rate
from leadback.cli.choices import named, named_contract, parse_date, parse_moment
from leadback.cli.key import in_print, meant
from leadback.kit import tokens
from leadback.kit.errors import Refused
from tests.access.test_key_allows import NOW, key
from tests.support.values import buyer, configuration, contract

NEW_YORK = ZoneInfo("America/New_York")


def test_an_unknown_name_is_answered_with_the_first_that_there_are() -> None:
    with pytest.raises(Refused, match=r"There is no buyer 'Best'\. There is none yet\.$"):
        named("buyer", "Best", [])
    buyers = [buyer(number) for number in range(1, 25)]
    with pytest.raises(Refused, match=r"There are: Buyer 1, .*Buyer 20 and 4 more$"):
        named("buyer", "buyer 1", buyers)
    assert named("buyer", "Buyer 7", buyers).buyer_id == 7


def test_a_contract_that_several_buyers_have_needs_its_buyer() -> None:
    buyers = [buyer(10, name="Best"), buyer(11, name="Other"), buyer(12, name="Third")]
    contracts = [contract(1, name="Gold"), contract(2, name="Gold", buyer_id=11), contract(3, name="Tin", buyer_id=12)]
    with pytest.raises(Refused, match=r"several contracts 'Gold'; give --buyer too, one of: Best, Other$"):
        named_contract("Gold", None, contracts, buyers)
    with pytest.raises(Refused, match=r"There is no contract 'Gold' of 'Third'\. There are: Tin$"):
        named_contract("Gold", buyers[2], contracts, buyers)
    with pytest.raises(Refused, match=r"There is no contract 'Lead'\. There are: Gold, Gold, Tin$"):
        named_contract("Lead", None, contracts, buyers)
    assert named_contract("Gold", buyers[1], contracts, buyers).buyer_contract_id == 2
    assert named_contract("Tin", None, contracts, buyers).buyer_contract_id == 3


@pytest.mark.parametrize("text", ["31/12/2026", "2026-02-30", "tomorrow", ""])
def test_a_date_is_a_day_or_none(text: str) -> None:
    with pytest.raises(Refused, match="not a date such as 2026-12-31, or none"):
        parse_date("--keyless-until", text)
    assert parse_date("--keyless-until", "2026-12-31") == date(2026, 12, 31)
    assert parse_date("--keyless-until", "none") is None


def test_a_key_is_listed_in_words_and_in_the_networks_time() -> None:
    network = configuration().network
    assert in_print(key(), network) == {"scopes": "everything", "last_used": "never"}
    at = datetime(2026, 11, 30, 19, 2, tzinfo=UTC)
    used = key(scopes=("status:write", "return:write"), last_used_at=at, last_used_address=ip_address("203.0.113.7"))
    assert in_print(used, network) == {
        "scopes": "status:write, return:write",
        "last_used": f"{network.local(at):%Y-%m-%d %H:%M} from 203.0.113.7",
    }


def test_a_moment_without_a_zone_is_in_the_networks() -> None:
    with pytest.raises(Refused, match="not a moment such as"):
        parse_moment("--expires-at", "soon", NEW_YORK)
    expected = datetime(2026, 1, 31, 23, tzinfo=UTC)
    assert parse_moment("--expires-at", "2026-01-31T18:00", NEW_YORK) == expected
    assert parse_moment("--expires-at", "2026-01-31T23:00Z", NEW_YORK) == expected


def test_a_moment_that_the_clocks_skipped_is_refused_and_of_two_the_first_is_meant() -> None:
    with pytest.raises(Refused, match="no such time in America/New_York"):
        parse_moment("--as-of", "2026-03-08T02:30", NEW_YORK)
    moment = parse_moment("--as-of", "2026-11-01T01:30", NEW_YORK)
    assert moment.astimezone(UTC) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["fast", "-1", "1.5", "", "٣"])
def test_a_rate_is_a_whole_number_or_the_default(text: str) -> None:
    with pytest.raises(Refused, match="not a whole number from 0, or default"):
        parse_rate(text)
    assert (parse_rate("0"), parse_rate("250"), parse_rate("default")) == (0, 250, None)


def test_a_key_is_meant_by_what_is_shown_of_it_or_by_itself() -> None:
    whole = tokens.make_key(1)
    keys = [
        key(api_key_id=1),
        key(api_key_id=2),
        key(api_key_id=3, shown_as="lbk_1_bbbb", revoked_at=NOW),
        key(api_key_id=4, shown_as="lbk_1_cccc", digest=tokens.digest(whole)),
    ]
    with pytest.raises(Refused, match="Several keys are shown as 'lbk_1_aaaa'; give one by --key-id: 1, 2"):
        meant("lbk_1_aaaa", keys)
    for text in ("lbk_1_bbbb", "lbk_1_cc", "", tokens.make_key(1)):
        with pytest.raises(Refused, match="No live key is shown as") as error:
            meant(text, keys)
        assert not text or len(text) < 20 or text not in str(error.value)
    assert meant("lbk_1_cccc", keys) == meant(whole, keys) == 4
