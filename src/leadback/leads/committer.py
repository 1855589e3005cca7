"""The group committer: calls of one network that arrive while a commit is under way become the next batch."""

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from enum import Enum
from typing import Final

import msgspec
import structlog
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.clock import now
from leadback.kit.database import Database, sqlstate
from leadback.leads import store
from leadback.leads.batch import Batch, Call, KeyTakenError, lead_keys
from leadback.leads.configuration import Configuration, read_configuration
from leadback.leads.model import Answer, Message, Outcome, OutcomeKind
from leadback.leads.months import add_months
from leadback.leads.queries import ledger_has, transaction_status
from leadback.networks.queries import read_version

BATCH_CALLS_MAX: Final = 512
QUEUE_CALLS_MAX: Final = 10_000
SETTLE_SECONDS_MAX: Final = 2.0
ATTEMPTS_MAX: Final = 5
ATTEMPT_SECONDS_MAX: Final = 8.0
PAUSE_SECONDS: Final = 0.05
WAIT_SECONDS_MAX: Final = 2.0
WAIT_PAUSE_SECONDS: Final = 0.02
LOCKED_SECONDS: Final = 1.0
RETRY_AFTER_SECONDS: Final = 1

FAULT: Final = Outcome(OutcomeKind.FAULT, Answer(False, Message.SOMETHING_BROKEN), RETRY_AFTER_SECONDS)
IN_PROGRESS: Final = Outcome(OutcomeKind.IN_PROGRESS, Answer(False, Message.REQUEST_IN_PROGRESS), RETRY_AFTER_SECONDS)

log = structlog.get_logger(__name__)


class Trouble(Enum):
    """What a failed attempt calls for."""

    AGAIN = "the whole batch again"
    SPLIT = "in halves, so that one bad call fails alone"
    LOCKED = "the whole batch again without the leads somebody holds, so that these delay only themselves"
    MONTH = "the ledger lacks the month"


TROUBLES: Final = {
    "40001": Trouble.AGAIN,
    "40P01": Trouble.AGAIN,
    "55P03": Trouble.LOCKED,
    "57014": Trouble.LOCKED,
}


class Waiting(msgspec.Struct, eq=False):
    """A call and whoever waits for its outcome."""

    call: Call
    answered: "asyncio.Future[Outcome]"
    waits_until: float
    """On the loop's clock: how long it may wait for another's lock on its idempotency key or sale."""


class CommitUnknownError(Exception):
    """The connection was lost at COMMIT: whether the batch holds must be asked."""

    def __init__(self, transaction_id: str, batch: Batch) -> None:
        super().__init__(transaction_id)
        self.transaction_id = transaction_id
        self.batch = batch


class GroupCommitter:
    """One network's updates in one process: one commit in flight, no timer, order of arrival kept."""

    def __init__(self, database: Database, network_id: int) -> None:
        self.database = database
        self.network_id = network_id
        self._queue: deque[Waiting] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._configuration: Configuration | None = None
        self._later = 0
        # Lead keys somebody else held, until when batches with them pass them over instead of waiting.
        self._locked_leads: dict[str, float] = {}

    async def submit(self, call: Call) -> Outcome:
        """Queue a call and wait for its outcome; a full queue is answered at once as our own fault."""
        if len(self._queue) >= QUEUE_CALLS_MAX:
            return FAULT
        loop = asyncio.get_running_loop()
        waiting = Waiting(call, loop.create_future(), loop.time() + WAIT_SECONDS_MAX)
        self._enqueue(waiting)
        return await waiting.answered

    async def drain(self) -> None:
        """Wait until everything accepted is answered."""
        while self._worker is not None or self._later:
            if self._worker is not None:
                await asyncio.wait([self._worker])
            else:
                await asyncio.sleep(WAIT_PAUSE_SECONDS)

    def _enqueue(self, waiting: Waiting) -> None:
        self._queue.append(waiting)
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())

    async def _work(self) -> None:
        try:
            while self._queue:
                taken = [self._queue.popleft() for _ in range(min(len(self._queue), BATCH_CALLS_MAX))]
                await self._settle(taken, asyncio.get_running_loop().time() + SETTLE_SECONDS_MAX)
        finally:
            self._worker = None

    async def _settle(
        self, calls: Sequence[Waiting], deadline: float, attempt: int = 1, *, skip_locked: bool = False
    ) -> None:
        """Answer every call: decided and committed, to be tried later, or our own fault; never anything unknown."""
        try:
            batch = await self._attempt(calls, skip_locked=skip_locked or self._holds_locked(calls))
        except CommitUnknownError as unknown:
            committed = await self._committed(unknown)
            if committed:
                self._answer(calls, unknown.batch)
            elif committed is False and self._may_try(deadline, attempt):
                await self._settle(calls, deadline, attempt + 1)
            else:
                self._fault(calls, unknown)
        except KeyTakenError as error:
            await self._again(calls, deadline, attempt, error)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            await self._mend(calls, deadline, attempt, error)
        except Exception as error:
            log.exception("update batch failed", network_id=self.network_id, calls=len(calls))
            await self._split(calls, deadline, error)
        else:
            self._answer(calls, batch)

    async def _attempt(self, calls: Sequence[Waiting], *, skip_locked: bool) -> Batch:
        async with asyncio.timeout(ATTEMPT_SECONDS_MAX), self.database.engine.connect() as connection:
            transaction_id = await store.begin_batch(connection, self.network_id)
            configuration = await self._current_configuration(connection)
            batch = Batch(
                connection, configuration, [waiting.call for waiting in calls], now(), skip_locked=skip_locked
            )
            await batch.run()
            try:
                await connection.commit()
            except DBAPIError as error:
                # A code of the server's that is not its own shutdown means that it refused the commit.
                if (sqlstate(error) or "57").startswith(("57", "08")):
                    raise CommitUnknownError(transaction_id, batch) from error
                raise
            except (OSError, TimeoutError, asyncio.CancelledError) as error:
                raise CommitUnknownError(transaction_id, batch) from error
        return batch

    async def _current_configuration(self, connection: AsyncConnection) -> Configuration:
        """What is cached unless the network's version moved on: then everything is read again before deciding."""
        version = await read_version(connection, self.network_id)
        if self._configuration is None or self._configuration.version != version:
            self._configuration = await read_configuration(connection, self.network_id)
        return self._configuration

    async def _mend(
        self, calls: Sequence[Waiting], deadline: float, attempt: int, error: SQLAlchemyError | OSError | TimeoutError
    ) -> None:
        trouble = _trouble(error)
        if trouble is Trouble.MONTH:
            days = {waiting.call.origin.received_at.date() for waiting in calls}
            async with self.database.transaction(self.network_id) as connection:
                await add_months(connection, min(days), max(days))
            trouble = Trouble.AGAIN
        if trouble is Trouble.AGAIN:
            await self._again(calls, deadline, attempt, error)
        elif trouble is Trouble.LOCKED and self._may_try(deadline, attempt):
            await self._settle(calls, deadline, attempt + 1, skip_locked=True)
        else:
            await self._split(calls, deadline, error)

    async def _again(self, calls: Sequence[Waiting], deadline: float, attempt: int, error: Exception) -> None:
        if not self._may_try(deadline, attempt):
            self._fault(calls, error)
            return
        pause = PAUSE_SECONDS * 2**attempt
        await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - spreads retries, hides nothing
        await self._settle(calls, deadline, attempt + 1)

    async def _split(self, calls: Sequence[Waiting], deadline: float, error: Exception) -> None:
        if len(calls) == 1:
            self._fault(calls, error)
            return
        middle = len(calls) // 2
        await self._settle(calls[:middle], deadline)
        await self._settle(calls[middle:], deadline)

    async def _committed(self, unknown: CommitUnknownError) -> bool | None:
        """Whether a batch holds whose COMMIT went unanswered; None where nobody can say in time.

        A server that crashed forgets numbers it had given out and gives them to others: `committed` is believed only
        with our own row in the ledger beside it.
        """
        deadline = asyncio.get_running_loop().time() + SETTLE_SECONDS_MAX
        while asyncio.get_running_loop().time() < deadline:
            try:
                async with (
                    asyncio.timeout(SETTLE_SECONDS_MAX),
                    self.database.transaction(self.network_id) as connection,
                ):
                    status = await transaction_status(connection, unknown.transaction_id)
                    if status == "committed" and unknown.batch.witness is not None:
                        return await ledger_has(connection, self.network_id, *unknown.batch.witness)
                if status in ("committed", "aborted"):
                    return status == "committed"
            except DBAPIError as error:
                if sqlstate(error) == "22023":  # a number the server has not given out yet: our batch never was
                    return False
            except (SQLAlchemyError, OSError, TimeoutError):
                pass
            await asyncio.sleep(PAUSE_SECONDS)
        return None

    def _holds_locked(self, calls: Sequence[Waiting]) -> bool:
        if not self._locked_leads:
            return False
        time = asyncio.get_running_loop().time()
        self._locked_leads = {lead_key: until for lead_key, until in self._locked_leads.items() if until > time}
        return any(self._locked_leads.keys() & lead_keys(waiting.call) for waiting in calls)

    def _may_try(self, deadline: float, attempt: int) -> bool:
        return attempt < ATTEMPTS_MAX and asyncio.get_running_loop().time() < deadline

    def _answer(self, calls: Sequence[Waiting], batch: Batch) -> None:
        loop = asyncio.get_running_loop()
        for lead_key in batch.locked_leads:
            self._locked_leads[lead_key] = loop.time() + LOCKED_SECONDS
        for waiting, outcome in zip(calls, batch.outcomes, strict=True):
            if outcome is not None:
                _resolve(waiting, outcome)
            elif loop.time() >= waiting.waits_until:
                _resolve(waiting, FAULT if batch.locked_leads.intersection(lead_keys(waiting.call)) else IN_PROGRESS)
            else:
                self._later += 1
                loop.call_later(WAIT_PAUSE_SECONDS, self._try_later, waiting)

    def _try_later(self, waiting: Waiting) -> None:
        self._later -= 1
        self._enqueue(waiting)

    def _fault(self, calls: Sequence[Waiting], error: Exception) -> None:
        log.error("updates not answered", network_id=self.network_id, calls=len(calls), error=type(error).__name__)
        for waiting in calls:
            _resolve(waiting, FAULT)


def _trouble(error: Exception) -> Trouble:
    if not isinstance(error, DBAPIError):
        return Trouble.AGAIN
    code = sqlstate(error)
    if code is None or code.startswith(("08", "57P")):
        return Trouble.AGAIN
    if code == "23514" and "no partition" in str(error.orig):
        return Trouble.MONTH
    return TROUBLES.get(code, Trouble.SPLIT)


def _resolve(waiting: Waiting, outcome: Outcome) -> None:
    if not waiting.answered.done():
        waiting.answered.set_result(outcome)
