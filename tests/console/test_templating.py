"""What templates call: addresses that keep a page's state, numbers as people read them, sparklines."""

from decimal import Decimal

import pytest

from leadback.console.templating import (
    HEAT_STEPS,
    Changes,
    address,
    change,
    column_groups,
    duration,
    heat,
    laid_out,
    number,
    percent,
    slug,
    sparkline_points,
)

QUERY = [("from", "2026-11-01"), ("vertical", "Payday"), ("vertical", "Solar & Roof")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "/r?from=2026-11-01&vertical=Payday&vertical=Solar+%26+Roof"),
        ({"vertical": None}, "/r?from=2026-11-01"),
        ({"vertical": ["Solar", "Auto"]}, "/r?from=2026-11-01&vertical=Solar&vertical=Auto"),
        ({"page": 2, "vertical": None}, "/r?from=2026-11-01&page=2"),
        ({"from": None, "vertical": None}, "/r"),
        ({"from": "ä=&?", "vertical": []}, "/r?from=%C3%A4%3D%26%3F"),
    ],
)
def test_an_address_keeps_what_is_not_changed(changes: Changes, expected: str) -> None:
    assert address("/r", QUERY, changes) == expected


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [
        (1234567, 0, "1,234,567"),
        (Decimal("1234.5"), 2, "1,234.50"),
        (Decimal("-1234.5"), 2, "−1,234.50"),
        (Decimal("-0.004"), 2, "0.00"),
        (Decimal("1E+3"), 0, "1,000"),
        (0, 0, "0"),
        (None, 2, "–"),
    ],
)
def test_numbers_are_grouped_and_carry_a_real_minus(value: Decimal | None, places: int, expected: str) -> None:
    assert number(value, places) == expected


def test_shares_are_per_cent() -> None:
    assert percent(Decimal("0.2216")) == "22.2%"
    assert percent(Decimal("-1.198")) == "−119.8%"
    assert percent(None) == "–"


def test_a_difference_always_shows_its_sign() -> None:
    assert change(Decimal("4.06")) == "+4.1%"
    assert change(Decimal("-0.4"), unit="pt") == "−0.4 pt"
    assert change(0) == "0.0%"
    assert change(None) == "–"
    assert change(Decimal("-0.01")) == "0.0%"
    assert change(Decimal("0.01")) == "0.0%"


def test_a_duration_is_as_long_as_people_say_it() -> None:
    told = [duration(seconds) for seconds in (None, 59, 2_700, 12_600, 181_440)]
    assert told == ["–", "0 min", "45 min", "3.5 h", "2.1 d"]


def test_the_largest_of_a_column_is_the_warmest() -> None:
    assert heat(Decimal("0.5"), Decimal("0.5")) == HEAT_STEPS
    assert heat(Decimal("0.25"), Decimal("0.5")) == HEAT_STEPS // 2
    assert heat(3, 2) == HEAT_STEPS
    assert [heat(0, 5), heat(None, 5), heat(5, None), heat(-1, 5), heat(5, 0)] == [0] * 5


def test_a_sparkline_goes_from_edge_to_edge() -> None:
    assert sparkline_points([1, 3, 2], width=90, height=24) == "0.0,22.0 45.0,2.0 90.0,12.0"
    assert sparkline_points([None, 2, None, 4], width=90, height=24) == "30.0,22.0 90.0,2.0"


def test_a_level_sparkline_is_a_level_line_and_one_value_is_none() -> None:
    assert sparkline_points([5, 5], width=90, height=24) == "0.0,22.0 90.0,22.0"
    assert sparkline_points([5]) == ""
    assert sparkline_points([]) == ""


def test_the_first_column_that_is_no_box_names_the_row() -> None:
    columns = laid_out([{"kind": "pick"}, *({"name": str(place)} for place in range(6))])
    assert [column["names"] for column in columns] == [False, True, False, False, False, False, False]
    assert [column["primary"] for column in columns] == [False, False, True, True, True, True, False]


def test_a_small_screen_shows_the_columns_that_were_chosen_for_it() -> None:
    columns = laid_out([{"name": "a"}, {"name": "b"}, {"name": "c", "primary": True}])
    assert [bool(column["primary"]) for column in columns] == [False, False, True]


def test_neighbouring_columns_share_their_groups_heading() -> None:
    groups = column_groups([{}, {"group": "Status"}, {"group": "Status"}, {"group": "Money", "line": True}])
    assert [(group["name"], group["length"], group["line"]) for group in groups] == [
        (None, 1, None),
        ("Status", 2, None),
        ("Money", 1, True),
    ]


def test_the_column_that_names_the_rows_has_no_neighbour_in_its_group() -> None:
    assert [group["length"] for group in column_groups([{"names": True}, {}, {}])] == [1, 2]


def test_an_id_is_made_of_letters_and_digits() -> None:
    assert slug("/setup/Lead statuses/3?x=ä") == "setup-lead-statuses-3-x"
