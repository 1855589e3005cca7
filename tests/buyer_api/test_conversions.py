"""Integers, amounts and booleans: what is one, what is not, and in whose words."""

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadback.buyer_api.conversions import Wrong, to_amount, to_boolean, to_int, to_schema_boolean

INTEGERS = [
    ("0", 0),
    ("217", 217),
    (" 5 ", 5),
    ("\t5\r\n", 5),
    ("+5", 5),
    ("-1", -1),
    ("-0", 0),
    ("007", 7),
    ("0" * 5000 + "7", 7),
    ("2147483647", 2147483647),
    ("-2147483648", -2147483648),
    ("2147483648", Wrong.RANGE),
    ("-2147483649", Wrong.RANGE),
    ("9" * 5000, Wrong.RANGE),
    ("", Wrong.FORMAT),
    (" ", Wrong.FORMAT),
    ("- 1", Wrong.FORMAT),
    ("5.0", Wrong.FORMAT),
    ("1e3", Wrong.FORMAT),
    ("0x5", Wrong.FORMAT),
    ("1_0", Wrong.FORMAT),
    ("1,000", Wrong.FORMAT),
    ("١٢", Wrong.FORMAT),
    ("１２", Wrong.FORMAT),
    ("\u00a05", Wrong.FORMAT),
    ("NaN", Wrong.FORMAT),
    ("five", Wrong.FORMAT),
    ("--5", Wrong.FORMAT),
]

AMOUNTS = [
    ("0", "0.0000"),
    ("5", "5.0000"),
    ("5.5", "5.5000"),
    ("-123.45", "-123.4500"),
    ("+7", "7.0000"),
    (".5", "0.5000"),
    ("-.5", "-0.5000"),
    ("1.2345", "1.2345"),
    ("1,234.56", "1234.5600"),
    ("1,234,567", "1234567.0000"),
    ("1000000000000", "1000000000000.0000"),
    ("999999999999999", "999999999999999.0000"),
    ("-0", "0.0000"),
    ("-0.00", "0.0000"),
    ("  25 ", "25.0000"),
    ("007", "7.0000"),
    ("999,999,999,999,999,999,999.9999", "999999999999999999999.9999"),
    ("999,999,999,999,999,999,999,999", "999999999999999999999999.0000"),
]

NO_AMOUNTS = [
    "", " ", "NaN", "sNaN", "Infinity", "-Infinity", "1e5", "1E+9999999", "1E-400", "1_000", "١٢٣", "１２", "5,5",
    "12,34", "1,23,456", "1234,567", ",5", "5,", "5.", ".", "-", "+", "--5", "5-", "+-5", "- 5", "$5", "5 USD", "0x10",
    "1.23456", "1,234.", "½", "²", "5\n", "\t5", "\u00a05", "5\u00a0", "1 000", "1'000", "9999999999999999", "0" * 33,
    "9" * 5000, "(5)", "5%", "5e", "twenty",
]  # fmt: skip


@pytest.mark.parametrize(("text", "number"), INTEGERS)
def test_an_integer_is_what_dot_net_takes_for_one(text: str, number: int | Wrong) -> None:
    converted = to_int(text)
    assert converted == number
    assert type(converted) is type(number)


@pytest.mark.parametrize(("text", "amount"), AMOUNTS)
def test_an_amount_has_four_decimals(text: str, amount: str) -> None:
    assert str(to_amount(text)) == amount


@pytest.mark.parametrize("text", NO_AMOUNTS)
def test_what_the_grammar_does_not_say_is_no_amount(text: str) -> None:
    assert to_amount(text) is Wrong.FORMAT


@pytest.mark.parametrize("text", ["true", "True", "TRUE", " true ", "tRuE", "\ttrue\r\n"])
def test_true_in_any_case_is_true(text: str) -> None:
    assert to_boolean(text) is True


@pytest.mark.parametrize("text", ["false", "FALSE", " False "])
def test_false_in_any_case_is_false(text: str) -> None:
    assert to_boolean(text) is False


@pytest.mark.parametrize("text", ["", " ", "1", "0", "yes", "no", "on", "t", "null", "tru\u0435", "true,true"])
def test_anything_else_is_no_boolean(text: str) -> None:
    assert to_boolean(text) is Wrong.BOOLEAN


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("0", False), (" 1\n", True), ("TRUE", True), ("false", False)]
)
def test_by_the_schema_one_and_zero_are_booleans_too(text: str, value: bool) -> None:
    assert to_schema_boolean(text) is value


@pytest.mark.parametrize("text", ["", " ", "2", "01", "10", "yes", "1 0"])
def test_by_the_schema_nothing_else_is_one(text: str) -> None:
    assert to_schema_boolean(text) is Wrong.SCHEMA_BOOLEAN


@given(st.text())
def test_no_text_breaks_a_conversion(text: str) -> None:
    for convert in (to_int, to_amount, to_boolean, to_schema_boolean):
        convert(text)


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=4), st.booleans())
def test_every_amount_written_plainly_or_grouped_is_read_exactly(amount: Decimal, grouped: bool) -> None:
    assert to_amount(f"{amount:,f}" if grouped else f"{amount:f}") == amount


@pytest.mark.parametrize("text", ["9" * 60_000, " " * 60_000, "0" * 60_000 + "x", "1,111" * 10_000, "-" * 60_000])
def test_an_endless_text_is_decided_at_once(text: str) -> None:
    started = time.process_time()
    for convert in (to_int, to_amount, to_boolean, to_schema_boolean):
        convert(text)
    assert time.process_time() - started < 0.05
