"""Rows written as arrays come back as they were, whatever is in them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from leadback.kit.database import psycopg_url
from leadback.kit.sql import Rows

ROWS = Rows(
    word="text",
    document="jsonb",
    digest="bytea",
    amount="numeric",
    number="bigint",
    truth="boolean",
    moment="timestamptz",
    day="date",
    address="inet",
)
READ = text(f"SELECT row.word, CAST(row.document AS text), row.digest, row.amount, row.number, row.truth, row.moment,"
            f" row.day, host(row.address) FROM {ROWS.source}")  # fmt: skip

words = st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=20)
rows = st.lists(
    st.tuples(
        st.none() | words | st.sampled_from(["NULL", "null", "", " ", "{}", '"', "\\", ",", "a,b", '\\"', "{a}"]),
        st.sampled_from([None, "{}", '{"a": "b\\\\c\\"d"}', "[1, 2]", '"\\u00e9"']),
        st.none() | st.binary(max_size=40),
        st.none() | st.decimals(-(10**12), 10**12, places=4),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.booleans(),
        st.none() | st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
        st.none() | st.dates(date(1970, 1, 1), date(2100, 1, 1)),
        st.none() | st.ip_addresses(v=4).map(str),
    ),
    max_size=5,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_rows=rows)
def test_every_value_comes_back(database_url: str, given_rows: list[tuple[object, ...]]) -> None:
    engine = create_engine(psycopg_url(database_url))
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(READ, ROWS.parameters(given_rows))]
    engine.dispose()
    assert [without_document(row) for row in found] == [without_document(row) for row in given_rows]
    assert [row[1] is None for row in found] == [row[1] is None for row in given_rows]


def without_document(row: tuple[object, ...]) -> tuple[object, ...]:
    """Everything but the JSON, whose text PostgreSQL writes its own way."""
    return tuple(value for place, value in enumerate(row) if place != 1)


def test_rows_of_another_width_are_an_error() -> None:
    with pytest.raises(ValueError, match="argument"):
        Rows(one="text", other="text").parameters([("a", "b", "c")])
    with pytest.raises(ValueError, match="argument"):
        Rows(amount="numeric").parameters([(Decimal(1),), (Decimal(1), Decimal(2))])
