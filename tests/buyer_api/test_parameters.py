"""Reading and binding parameters: each error in its exact words, and the order in which they are found."""

from decimal import Decimal
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadback.buyer_api.model import BindingError, Value
from leadback.buyer_api.operations import LEADS
from leadback.buyer_api.parameters import FORBIDDEN, KEPT_CHARACTERS_MAX, Binder
from leadback.kit.tokens import make_key
from tests.buyer_api.wire import parameters

UPDATE_LEAD = Binder(LEADS.operations[-1])
DECLARED = list(parameters())
NOT_A_NUMBER = "Input string was not in a correct format."


def bound(raw: bytes) -> dict[str, Value]:
    """The values; fails where they do not bind."""
    values = UPDATE_LEAD.bind(UPDATE_LEAD.read(raw))
    assert not isinstance(values, BindingError), values
    return values


def error(raw: bytes, encoding: str = "utf-8") -> str:
    """The text of the binding error."""
    values = UPDATE_LEAD.bind(UPDATE_LEAD.read(raw, encoding))
    assert isinstance(values, BindingError)
    return values.text


def form(**changes: str | None) -> bytes:
    """A form with the nine parameters, some changed."""
    return urlencode(parameters(**changes)).encode()


def cannot_convert(text: str, type_name: str, why: str = NOT_A_NUMBER) -> str:
    """The exact words of .NET."""
    return f"Cannot convert {text} to System.{type_name}.\r\nParameter name: type ---> {why}"


def test_every_parameter_is_converted() -> None:
    raw = form(
        status="Funded", sub_status="Full Payment", amount="1,234.5", add_to_existing="FALSE", return_reason_id="3"
    )
    assert bound(raw) == {
        "lead_id": "C8097F17",
        "buyer_contract_id": 0,
        "status": "Funded",
        "sub_status": "Full Payment",
        "amount": Decimal("1234.5000"),
        "add_to_existing": False,
        "field_name": "",
        "field_value": "",
        "return_reason_id": 3,
        "api_key": "",
        "idempotency_key": "",
        "happened_at": "",
    }


def test_names_are_matched_in_any_case_any_order_and_escaped() -> None:
    raw = b"&".join(reversed(form(status="Funded").upper().replace(b"FUNDED", b"Funded").split(b"&")))
    assert bound(raw) == bound(form(status="Funded"))
    assert bound(raw.replace(b"STATUS=F", b"%73tat%55s=F")) == bound(form(status="Funded"))


def test_a_letter_that_only_looks_like_one_of_ours_is_another_name() -> None:
    sent = UPDATE_LEAD.read(form() + "&api_\u212aey=x".encode())
    assert UPDATE_LEAD.text(sent, "api_key") == ""
    assert sent.others == {"api_\u212aey": "x"}


def test_unknown_names_are_ignored_however_often_they_come() -> None:
    assert bound(form() + b"&utm=1&utm=2&=3&&x=&nothing") == bound(form())


def test_blanks_stand_as_plus_or_escaped() -> None:
    assert bound(form(status=None) + b"&status=Sold+Paid%20in%2BFull")["status"] == "Sold Paid in+Full"


def test_what_only_looks_escaped_is_taken_as_it_stands() -> None:
    assert bound(form(status=None) + b"&status=100%zz%u0041%")["status"] == "100%zz%u0041%"


def test_text_of_every_language_is_kept() -> None:
    text = "Привет 你好 🎉 e\u0301 \u200d\t\n"
    assert bound(form(field_value=text))["field_value"] == text
    assert bound(form(field_value=None) + b"&field_value=" + text.encode())["field_value"] == text


@pytest.mark.parametrize("name", DECLARED)
def test_a_missing_parameter_is_named(name: str) -> None:
    assert error(form(**{name: None})) == f"Missing parameter: {name}."


def test_a_name_without_an_equals_sign_is_missing() -> None:
    assert error(form(status=None) + b"&status") == "Missing parameter: status."


def test_the_first_missing_one_in_declared_order_is_named() -> None:
    assert error(b"") == "Missing parameter: lead_id."
    assert error(form(return_reason_id=None, status=None, amount="x")) == "Missing parameter: status."


def test_ours_may_be_absent() -> None:
    values = bound(form(api_key="k", idempotency_key="i", happened_at="2026-03-01"))
    assert (values["api_key"], values["idempotency_key"], values["happened_at"]) == ("k", "i", "2026-03-01")


@pytest.mark.parametrize("name", [*DECLARED, "api_key", "idempotency_key", "happened_at"])
@pytest.mark.parametrize("spelled", [str.lower, str.upper, str.title])
def test_a_repeated_parameter_is_an_error_in_any_case(name: str, spelled: object) -> None:
    assert callable(spelled)
    raw = form(**({} if name in DECLARED else {name: "1"}))
    value = parameters().get(name, "1")
    assert error(raw + f"&{spelled(name)}={quote(value)}".encode()) == f"Duplicate parameter: {name}."


def test_repeated_amounts_are_never_joined() -> None:
    assert error(form(amount="5") + b"&amount=5") == "Duplicate parameter: amount."


@pytest.mark.parametrize(
    "escaped",
    ["%00", "%01", "%0B", "%1F", "%EF%BF%BE", "%EF%BF%BF", "%ED%A0%80", "%C0%AF", "%FF", "%E2%82", "a%80", "\x01"],
)
def test_characters_that_xml_forbids_are_an_error(escaped: str) -> None:
    raw = form(status=None) + b"&status=" + escaped.encode()
    assert error(raw) == "Invalid characters in parameter: status."


@pytest.mark.parametrize("more", [b"&utm=%00", b"&u%00m=1", b"&%3Cb%3E=%FF", b"&comment=caf%E9"])
def test_what_is_no_parameter_may_hold_anything_but_is_kept_legible(more: bytes) -> None:
    sent = UPDATE_LEAD.read(form() + more)
    assert sent.error is None
    assert not any(FORBIDDEN.search(text) for pair in sent.others.items() for text in pair)


def test_invalid_characters_in_a_parameter_of_ours_are_an_error() -> None:
    assert error(form(api_key=None) + b"&api_key=%00") == "Invalid characters in parameter: api_key."


def test_beyond_ascii_a_form_said_to_be_latin_1_is_not_read() -> None:
    assert UPDATE_LEAD.read(form(status="Funded"), "ascii") == UPDATE_LEAD.read(form(status="Funded"))
    raw = form(status=None) + b"&status=caf%E9"
    assert error(raw, "ascii") == "Invalid characters in parameter: status."


def test_two_hundred_parameters_are_enough() -> None:
    assert bound(form() + b"&x=1" * 191 + b"&&&") == bound(form())
    assert error(form() + b"&x=1" * 192) == "Too many parameters."


def test_too_many_come_first_then_what_is_wrong_with_one_then_what_is_missing() -> None:
    assert error(b"status=%00" + b"&x=1" * 200) == "Too many parameters."
    assert error(b"status=1&status=2&amount=%00") == "Duplicate parameter: status."
    assert error(b"amount=%00&status=1&status=2") == "Invalid characters in parameter: amount."


def test_conversions_are_tried_in_declared_order() -> None:
    raw = form(return_reason_id="x", amount="y", buyer_contract_id="z")
    assert error(raw) == cannot_convert("z", "Int32")


@pytest.mark.parametrize("name", ["buyer_contract_id", "return_reason_id"])
def test_a_number_that_is_none_is_named_in_the_words_of_dot_net(name: str) -> None:
    assert error(form(**{name: "abc"})) == cannot_convert("abc", "Int32")
    assert error(form(**{name: ""})) == cannot_convert("", "Int32")
    too_large = "Value was either too large or too small for an Int32."
    assert error(form(**{name: "2147483648"})) == cannot_convert("2147483648", "Int32", too_large)


def test_an_amount_that_is_none_is_an_error_before_it_becomes_a_number() -> None:
    assert error(form(amount="NaN")) == cannot_convert("NaN", "Decimal")
    assert error(form(amount="5,5")) == cannot_convert("5,5", "Decimal")
    assert error(form(amount=" ")) == cannot_convert(" ", "Decimal")


def test_a_boolean_that_is_none_is_an_error() -> None:
    why = "String was not recognized as a valid Boolean."
    assert error(form(add_to_existing="1")) == cannot_convert("1", "Boolean", why)
    assert error(form(add_to_existing="maybe", amount="")) == cannot_convert("maybe", "Boolean", why)


def test_an_empty_amount_changes_nothing_and_needs_no_add_to_existing() -> None:
    values = bound(form(amount="", add_to_existing=""))
    assert (values["amount"], values["add_to_existing"]) == (None, None)
    assert bound(form(amount="", add_to_existing="false"))["add_to_existing"] is False
    why = "String was not recognized as a valid Boolean."
    assert error(form(amount="0", add_to_existing="")) == cannot_convert("", "Boolean", why)


def test_an_echo_is_escaped_and_cut() -> None:
    assert error(form(amount="<script>'\"&")) == cannot_convert("&lt;script&gt;&#39;&quot;&amp;", "Decimal")
    assert error(form(amount="x" * 5000)) == cannot_convert("x" * 100, "Decimal")


def test_what_is_kept_has_no_keys_and_the_names_as_declared() -> None:
    key = make_key(1)
    raw = form(lead_id=None) + f"&LEAD_ID=A&api_key={key}&Idempotency_Key=secret&Note=x&apikey={key}".encode()
    kept = UPDATE_LEAD.kept(UPDATE_LEAD.read(raw))
    assert kept == parameters(lead_id="A") | {"Note": "x", "apikey": "lbk_…"}


def test_what_is_kept_has_four_thousand_characters_at_most() -> None:
    kept = UPDATE_LEAD.kept(UPDATE_LEAD.read(form(status="é" * 3900, utm="y" * 9000)))
    assert sum(len(name) + len(text) for name, text in kept.items()) <= KEPT_CHARACTERS_MAX
    assert kept["lead_id"] == "C8097F17"
    assert kept["status"].startswith("é" * 3800)


def test_a_key_in_a_wrong_place_is_not_kept_in_reasons_and_details() -> None:
    key = make_key(1)
    for changes in ({"buyer_contract_id": key}, {"amount": key}):
        values = UPDATE_LEAD.bind(UPDATE_LEAD.read(form(**changes)))
        assert isinstance(values, BindingError)
        assert key not in values.reason
        assert key not in values.detail
    values = UPDATE_LEAD.bind(UPDATE_LEAD.read(form(api_key=key) + f"&api_key={key}".encode()))
    assert isinstance(values, BindingError)
    assert key not in values.reason + values.detail


@given(st.binary(max_size=400))
def test_no_bytes_break_the_binder(raw: bytes) -> None:
    sent = UPDATE_LEAD.read(raw)
    UPDATE_LEAD.bind(sent)
    UPDATE_LEAD.kept(sent)


names = st.sampled_from([*DECLARED, "api_key", "STATUS", "x"]) | st.text(max_size=5)
pairs = st.lists(st.tuples(names, st.text(max_size=20) | st.sampled_from(["0", "1", "true", "1.5"])), max_size=15)


@given(pairs)
def test_no_parameters_break_the_binder_and_what_binds_is_as_sent(given_pairs: list[tuple[str, str]]) -> None:
    raw = urlencode(given_pairs, errors="replace").encode()
    values = UPDATE_LEAD.bind(UPDATE_LEAD.read(raw))
    if isinstance(values, BindingError):
        assert values.text
        assert "\x00" not in values.text + values.reason + values.detail
        return
    sent = {name.lower(): text for name, text in given_pairs}
    assert values["status"] == sent["status"]
