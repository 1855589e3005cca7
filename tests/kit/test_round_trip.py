"""Statements that travel together: each is answered, one that fails ends the trip, and the connection stays good."""

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.database import Database, sqlstate
from leadback.kit.round_trip import Records, Statement, round_trip

pytestmark = pytest.mark.anyio

ADD = Statement("INSERT INTO noted (word, number) VALUES (CAST(:word AS text), CAST(:number AS integer))")
READ = Statement("SELECT word, number, CAST(:number AS integer) FROM noted ORDER BY number")
DIVIDE = Statement("SELECT 1 / CAST(:number AS integer)")

NOTED = text("CREATE TEMPORARY TABLE IF NOT EXISTS noted (word text, number integer) ON COMMIT DELETE ROWS")


def records(found: Records, _count: int) -> list[tuple[object, ...]]:
    return list(found)


def count(_found: Records, touched: int) -> int:
    return touched


async def test_each_statement_sees_what_the_one_before_left(database: Database) -> None:
    async with database.outside_networks() as connection:
        await connection.execute(NOTED)
        async with round_trip(connection) as trip:
            added = trip.add(ADD, {"word": "a'b;--", "number": 1}, count)
            nothing_said = trip.add(ADD, {"word": None, "number": 2}, count)
            read = trip.add(READ, {"number": 7}, records)
        assert (added.value, nothing_said.value) == (1, 1)
        assert read.value == [("a'b;--", 1, 7), (None, 2, 7)]


async def divide_by_zero(connection: AsyncConnection) -> None:
    async with round_trip(connection) as trip:
        trip.add(ADD, {"word": "before", "number": 1}, count)
        trip.add(DIVIDE, {"number": 0}, records)
        trip.add(ADD, {"word": "after", "number": 2}, count)


async def test_one_that_fails_ends_the_trip_and_the_transaction(database: Database) -> None:
    async with database.engine.connect() as connection:
        async with connection.begin():
            await connection.execute(NOTED)
        transaction = await connection.begin()
        with pytest.raises(DBAPIError) as raised:
            await divide_by_zero(connection)
        assert sqlstate(raised.value) == "22012"
        await transaction.rollback()
        async with connection.begin(), round_trip(connection) as trip:
            # Prepared in the transaction that is gone, and known to the server all the same.
            trip.add(ADD, {"word": "again", "number": 3}, count)
            read = trip.add(READ, {"number": 0}, records)
        assert read.value == [("again", 3, 0)]


async def test_a_text_the_server_would_cut_is_refused(database: Database) -> None:
    async with database.outside_networks() as connection:
        async with round_trip(connection) as trip:
            pass
        with pytest.raises(psycopg.DataError, match="NUL"):
            trip.add(ADD, {"word": "a\0b", "number": 1}, count)
