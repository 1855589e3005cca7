"""One row's texts as values: moments, amounts, names."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from leadback.leads.ingest_model import Rejection, SaleRow, SourceRow
from leadback.leads.ingest_rows import RowReader, parse_moment, parse_money
from tests.support.importing import GOOD
from tests.support.values import NOW, catalog, network

NEW_YORK = ZoneInfo("America/New_York")


def read(row: dict[str, str]) -> SaleRow | Rejection:
    whole = GOOD | row
    return RowReader(list(whole), network(), catalog()).read(SourceRow(2, list(whole.values())), NOW)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-10", "2026-03-10T04:00:00+00:00"),
        ("2026-03-10T12:30", "2026-03-10T16:30:00+00:00"),
        ("2026-03-10 12:30:15.25", "2026-03-10T16:30:15.250000+00:00"),
        ("2026-03-10T12:30:15Z", "2026-03-10T12:30:15+00:00"),
        ("2026-03-10T12:30:15+0530", "2026-03-10T07:00:15+00:00"),
        ("2018-02-26 19:58:54+00", "2018-02-26T19:58:54+00:00"),
        # The night of 8 March 2026 has no 02:00 to 02:59.
        ("2026-03-08T01:59:59", "2026-03-08T06:59:59+00:00"),
        ("2026-03-08T03:00:00", "2026-03-08T07:00:00+00:00"),
        # The night of 1 November 2026 has 01:00 to 01:59 twice: the first is meant.
        ("2026-11-01T00:59:59", "2026-11-01T04:59:59+00:00"),
        ("2026-11-01T01:30:00", "2026-11-01T05:30:00+00:00"),
        ("2026-11-01T02:00:00", "2026-11-01T07:00:00+00:00"),
        ("2026-11-01T01:30:00-05:00", "2026-11-01T06:30:00+00:00"),
    ],
)
def test_a_moment_without_offset_is_the_networks_local_time(text: str, moment: str) -> None:
    assert parse_moment(text, NEW_YORK) == datetime.fromisoformat(moment)
    assert parse_moment(text, NEW_YORK).tzinfo is UTC


@pytest.mark.parametrize("text", ["2026-03-08T02:00", "2026-03-08 02:59:59.999999"])
def test_a_local_time_that_the_clock_skips_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"does not exist in America/New_York: the clock skips it"):
        parse_moment(text, NEW_YORK)


def test_a_day_without_midnight_has_no_bare_date() -> None:
    with pytest.raises(ValueError, match="does not exist"):
        parse_moment("2018-11-04", ZoneInfo("America/Sao_Paulo"))


@pytest.mark.parametrize(
    "text",
    ["20260310", "2026-W11-2", "2026-03-10x12:00", "2026-03-10T24:00", "2026-03-10T12", "٢٠٢٦-03-10", "NaN", " "],
)
def test_other_forms_of_time_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not a date or time"):
        parse_moment(text, NEW_YORK)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("+5", "5"),
        ("$1,234.5", "1234.5"),
        ("£12,345,678.0001", "12345678.0001"),
        (".5", "0.5"),
    ],
)
def test_an_amount_has_four_decimals(text: str, amount: str) -> None:
    assert parse_money(text) == Decimal(amount)
    assert parse_money(text).as_tuple().exponent == -4


def test_nan_is_a_name() -> None:
    row = read({"affiliate": "NaN", "campaign": "NaN"})
    assert isinstance(row, SaleRow)
    assert (row.campaign.affiliate, row.campaign.campaign) == ("NaN", "NaN")


def test_cells_of_our_columns_lose_outer_blanks_and_others_do_not() -> None:
    row = read({"lead_id": " a1 ", "buyer": "Buyer 10\t", "note": " as is ", "empty": ""})
    assert isinstance(row, SaleRow)
    assert (row.lead_id, row.lead_key, row.contract.buyer, row.data) == ("a1", "A1", "Buyer 10", {"note": " as is "})


def test_a_row_of_another_width_is_rejected() -> None:
    reader = RowReader(list(GOOD), network(), catalog())
    assert reader.read(SourceRow(7, ["A1", "2026-03-10"]), NOW) == Rejection("The row has 2 values, the header 8")
