"""Statements that travel to PostgreSQL together: one round trip for all of them, each with a reply of its own.

SQLAlchemy sends one statement at a time, and what it does around each costs several times what PostgreSQL does. The
driver's own pipeline wakes the server for every statement. To the write path, where a batch is a dozen short
statements, that was most of the work. Here they leave in one piece.
"""

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, Final, Generic, TypeVar
from weakref import WeakKeyDictionary

import psycopg
from psycopg.abc import PQGen
from psycopg.adapt import Transformer
from psycopg.generators import fetch_many, send
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

Answered = TypeVar("Answered")
Records = Sequence[tuple[Any, ...]]
Driver = psycopg.AsyncConnection[Any]

_PARAMETER: Final = re.compile(r"(?<![:\w]):([a-z_]+)")
_FAILED: Final = (ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED)

_numbers = count(1)
_prepared: WeakKeyDictionary[Driver, set[bytes]] = WeakKeyDictionary()
"""The statements that a connection's server knows. It forgets none: the driver, which could have it forget all of its
own with a rollback, prepares nothing (`database.py`)."""


class Statement:
    """A statement that PostgreSQL plans once for each connection; `:name` stands for a parameter."""

    def __init__(self, statement: str) -> None:
        self.name = f"leadback_{next(_numbers)}".encode()
        places: dict[str, str] = {}
        self.text = _PARAMETER.sub(lambda match: places.setdefault(match[1], f"${len(places) + 1}"), statement).encode()
        self.parameters = tuple(places)


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
        self._sent: list[tuple[Statement, list[bytes | None], Reply[Any]]] = []

    def add(
        self, statement: Statement, values: Mapping[str, Any], read: Callable[[Records, int], Answered]
    ) -> Reply[Answered]:
        """Take a statement along. `read` makes its value from the rows it returns and the number it touched.

        Whatever `read` raises fails the trip. Values travel as text, and are taken for what they are compared with.
        """
        reply = Reply(read)
        self._sent.append((statement, [_text(values[name]) for name in statement.parameters], reply))
        return reply

    async def run(self, driver: Driver) -> None:
        """Send everything and read every answer; in a new transaction where none is open."""
        if not self._sent:
            return
        pgconn = driver.pgconn
        known = _prepared.setdefault(driver, set())
        new = {statement.name: statement for statement, _, _ in self._sent if statement.name not in known}
        results = await driver.wait(_exchange(pgconn, list(new.values()), self._sent))
        answers = results[-len(self._sent) :]
        prepared = results[-len(self._sent) - len(new) : -len(self._sent)]
        # They stay, whatever becomes of the transaction.
        known.update(name for name, result in zip(new, prepared, strict=True) if result.status == ExecStatus.COMMAND_OK)
        for result in results:
            if result.status in _FAILED:
                raise psycopg.errors.error_from_result(result)
        reader = Transformer(driver)
        for (_, _, reply), result in zip(self._sent, answers, strict=True):
            reader.set_pgresult(result)
            reply.value = reply.read(reader.load_rows(0, result.ntuples, tuple), result.command_tuples or 0)


@asynccontextmanager
async def round_trip(connection: AsyncConnection) -> AsyncIterator[RoundTrip]:
    """Collect statements; they are sent when the block ends, in the connection's transaction.

    Fails as SQLAlchemy does: with a `DBAPIError` around what the driver says.
    """
    # Begun by the trip alone, a transaction would be one that SQLAlchemy neither commits nor rolls back.
    assert connection.in_transaction()
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


def _exchange(
    pgconn: PGconn, new: Sequence[Statement], sent: Sequence[tuple[Statement, list[bytes | None], Reply[Any]]]
) -> PQGen[list[PGresult]]:
    """Send the statements, each new one with its text before, and give back a result for everything sent."""
    pgconn.enter_pipeline_mode()
    expected = len(new) + len(sent)
    if pgconn.transaction_status == TransactionStatus.IDLE:
        pgconn.send_query_params(b"BEGIN", None)
        expected += 1
    for statement in new:
        pgconn.send_prepare(statement.name, statement.text)
    for statement, values, _ in sent:
        pgconn.send_query_prepared(statement.name, values)
    pgconn.pipeline_sync()
    results: list[PGresult] = []
    try:
        yield from send(pgconn)
        for _ in range(expected):
            results += yield from fetch_many(pgconn)
        yield from fetch_many(pgconn)  # the end of the trip
    finally:
        if pgconn.status != ConnStatus.BAD:
            pgconn.exit_pipeline_mode()
    return results


def _text(value: Any) -> bytes | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else str(value)
    if "\0" in text:
        # It would end the text there.
        raise psycopg.DataError("PostgreSQL text cannot contain NUL (0x00) bytes")
    return text.encode()
