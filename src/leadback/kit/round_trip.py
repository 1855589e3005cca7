"""Statements that travel to PostgreSQL together: one round trip for all of them, each with a reply of its own.

SQLAlchemy sends one statement at a time, and what it does around each costs several times what the driver does. To the
write path, where a batch is a dozen short statements, that was most of the work.
"""

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Generic, TypeVar

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

Answered = TypeVar("Answered")
Records = Sequence[tuple[Any, ...]]

_PARAMETER: Final = re.compile(r"(?<![:\w]):([a-z_]+)")


class Statement:
    """A statement in the driver's form, put together once; `:name` stands for a parameter."""

    def __init__(self, statement: str) -> None:
        self.text = _PARAMETER.sub(r"%(\1)s", statement.replace("%", "%%")).encode()


class Reply(Generic[Answered]):
    """What a statement is answered; `value` is there when its trip is over."""

    value: Answered

    def __init__(self, read: Callable[[Records, int], Answered]) -> None:
        self.read = read


class RoundTrip:
    """The statements of one trip in their order. PostgreSQL runs each on what the one before left, and none after one
    that fails.
    """

    def __init__(self) -> None:
        self._sent: list[tuple[Statement, dict[str, str | None], Reply[Any]]] = []

    def add(
        self,
        statement: Statement,
        parameters: Mapping[str, Any],
        read: Callable[[Records, int], Answered],
    ) -> Reply[Answered]:
        """Take a statement along. `read` makes its value from the rows it returns and the number it touched.

        Whatever `read` raises fails the trip.
        """
        reply = Reply(read)
        # As text, so that PostgreSQL takes a parameter for what it is compared with, as it does in SQL: from numbers
        # the driver would infer a type by their size, and prepare the statement anew for each.
        texts = {name: value if value is None else str(value) for name, value in parameters.items()}
        self._sent.append((statement, texts, reply))
        return reply

    async def run(self, driver: psycopg.AsyncConnection[Any]) -> None:
        """Send everything and read every answer."""
        answered = []
        async with driver.pipeline():
            for statement, parameters, reply in self._sent:
                cursor = driver.cursor()
                await cursor.execute(statement.text, parameters, prepare=True)
                answered.append((cursor, reply))
        for cursor, reply in answered:
            result = cursor.pgresult
            records = await cursor.fetchall() if result is not None and result.nfields else []
            reply.value = reply.read(records, cursor.rowcount)


@asynccontextmanager
async def round_trip(connection: AsyncConnection) -> AsyncIterator[RoundTrip]:
    """Collect statements; they are sent when the block ends, in the connection's transaction.

    Fails as SQLAlchemy does: with a `DBAPIError` around what the driver says.
    """
    trip = RoundTrip()
    yield trip
    driver: Any = (await connection.get_raw_connection()).driver_connection
    try:
        await trip.run(driver)
    except psycopg.Error as error:
        if driver.closed:
            await connection.invalidate()
        raise DBAPIError.instance(None, None, error, psycopg.Error, hide_parameters=True) from error


def nothing(_records: Records, _count: int) -> None:
    """The reader of a statement whose answer says nothing."""
