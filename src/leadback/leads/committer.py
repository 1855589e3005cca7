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
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncTransaction

from leadback.kit.clock import now
from leadback.kit.database import Database, sqlstate
from leadback.kit.round_trip import round_trip
from leadback.leads import store
from leadback.leads.batch import Batch, Call, KeyTakenError, lead_keys
from leadback.leads.configuration import Configuration, read_configuration
from leadback.leads.guard import RepeatGuard
from leadback.leads.guesses import GuessLimits
from leadback.leads.limits import Limits, RateLimiter
from leadback.leads.model import Answer, Message, Outcome, OutcomeKind, ReasonsRequest
from leadback.leads.months import add_months
from leadback.leads.notes import Notes, note_use
from leadback.leads.queries import ledger_has, transaction_status
from leadback.leads.rules import answer_reasons
from leadback.networks.queries import ask_version, read_version

BATCH_CALLS_MAX: Final = 512
QUEUE_CALLS_MAX: Final = 10_000
SETTLE_SECONDS_MAX: Final = 2.0
ATTEMPTS_MAX: Final = 5
ATTEMPT_SECONDS_MAX: Final = 8.0
PAUSE_SECONDS: Final = 0.05
KEY_WAIT_SECONDS_MAX: Final = 2.0
KEY_PAUSE_SECONDS: Final = 0.02
SALE_LOCK_MS_MAX: Final = 200
"""How long a batch waits for a sale that somebody else holds before it goes on without its lead."""
LANE_LOCK_MS_MAX: Final = 2_000
LANES_AT_WORK_MAX: Final = 3
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
    """On the loop's clock: how long it may wait for another call with its idempotency key."""


class Effort(msgspec.Struct, frozen=True):
    """How far one settling of calls has come, and how it goes about held sales."""

    deadline: float
    in_lane: bool
    attempt: int = 1
    skip_locked: bool = False

    def again(self, *, skip_locked: bool = False) -> "Effort":
        """The next attempt."""
        return msgspec.structs.replace(self, attempt=self.attempt + 1, skip_locked=skip_locked)

    def is_over(self) -> bool:
        """Whether no further attempt is due."""
        return self.attempt >= ATTEMPTS_MAX or asyncio.get_running_loop().time() >= self.deadline


class CommitUnknownError(Exception):
    """The connection was lost at COMMIT: whether the batch holds must be asked."""

    def __init__(self, transaction_id: str, batch: Batch) -> None:
        super().__init__(transaction_id)
        self.transaction_id = transaction_id
        self.batch = batch


class GroupCommitter:
    """One network's updates in one process: one commit in flight, no timer, order of arrival kept.

    A lead whose sale somebody else holds for long leaves the batches for a lane of its own, where its calls wait in
    PostgreSQL's queue and are committed by themselves: it delays nobody else, and gets its turn.
    """

    def __init__(self, database: Database, network_id: int, limits: Limits | None = None) -> None:
        self.database = database
        self.network_id = network_id
        self._rates = None if limits is None else RateLimiter(limits)
        self._guesses_max = 0 if limits is None else limits.lead_guesses_max
        self.notes = Notes(database, network_id)
        self._queue: deque[Waiting] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._configuration: Configuration | None = None
        self._later = 0
        self._lanes: dict[str, deque[Waiting]] = {}
        self._lane_workers: set[asyncio.Task[None]] = set()
        self._lane_slots = asyncio.Semaphore(LANES_AT_WORK_MAX)

    async def submit(self, call: Call) -> Outcome:
        """Queue a call and wait for its outcome.

        Rates are those of the configuration as it was last read; the database is not asked for a call too many.
        """
        if self._rates is not None and self._configuration is not None:
            throttled = self._rates.throttle(call, self._configuration)
            if throttled is not None:
                return throttled
        return await self._queued(call)

    async def return_reasons(self, call: ReasonsRequest) -> Outcome:
        """The active return reasons, by the configuration as it stands now; the caller's rate counts this call too."""
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS_MAX), self.database.transaction(self.network_id) as connection:
                configuration = self._configuration
                if configuration is None or configuration.version != await read_version(connection, self.network_id):
                    configuration = self._configuration = await read_configuration(connection, self.network_id)
        except (SQLAlchemyError, OSError, TimeoutError):
            return FAULT
        throttled = None if self._rates is None else self._rates.throttle(call, configuration)
        note_use(self.notes, call, configuration)
        if throttled is not None:
            return throttled
        answered = answer_reasons(call, configuration)
        return answered if isinstance(answered, Outcome) else await self._queued(answered)

    async def _queued(self, call: Call) -> Outcome:
        """The outcome of a call that is not one too many; a full queue is answered at once as our own fault."""
        if len(self._queue) >= QUEUE_CALLS_MAX:
            return FAULT
        loop = asyncio.get_running_loop()
        waiting = Waiting(call, loop.create_future(), loop.time() + KEY_WAIT_SECONDS_MAX)
        self._enqueue(waiting)
        return await waiting.answered

    async def drain(self) -> None:
        """Wait until everything accepted is answered."""
        while workers := [*self._lane_workers, *([self._worker] if self._worker else [])]:
            await asyncio.wait(workers)
        while self._later:
            await asyncio.sleep(KEY_PAUSE_SECONDS)
            await self.drain()

    def _enqueue(self, waiting: Waiting) -> None:
        self._queue.append(waiting)
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())

    async def _work(self) -> None:
        try:
            while self._queue:
                if taken := self._take():
                    await self._settle(taken, Effort(_deadline(), in_lane=False))
        finally:
            self._worker = None

    def _take(self) -> list[Waiting]:
        """The next batch; calls on leads that have a lane go there, behind those that are in it."""
        taken: list[Waiting] = []
        while self._queue and len(taken) < BATCH_CALLS_MAX:
            waiting = self._queue.popleft()
            lanes = [self._lanes[lead_key] for lead_key in lead_keys(waiting.call) if lead_key in self._lanes]
            (lanes[0] if lanes else taken).append(waiting)
        return taken

    def _open_lane(self, lead_key: str, waiting: Waiting) -> None:
        if lead_key in self._lanes:
            self._lanes[lead_key].append(waiting)
            return
        self._lanes[lead_key] = deque([waiting])
        worker = asyncio.create_task(self._work_lane(lead_key))
        self._lane_workers.add(worker)
        worker.add_done_callback(self._lane_workers.discard)

    async def _work_lane(self, lead_key: str) -> None:
        lane = self._lanes[lead_key]
        try:
            async with self._lane_slots:
                while lane:
                    taken = [lane.popleft() for _ in range(min(len(lane), BATCH_CALLS_MAX))]
                    await self._settle(taken, Effort(_deadline(), in_lane=True))
        finally:
            # Nothing is awaited since the lane was seen to be empty: no call can have come in between.
            del self._lanes[lead_key]

    async def _settle(self, calls: Sequence[Waiting], effort: Effort) -> None:
        """Answer every call: decided and committed, to be tried later, or our own fault; never anything unknown."""
        try:
            batch = await self._attempt(calls, effort)
        except CommitUnknownError as unknown:
            committed = await self._committed(unknown)
            if committed:
                self._answer(calls, unknown.batch)
            elif committed is False and not effort.is_over():
                await self._settle(calls, effort.again())
            else:
                self._fault(calls, unknown)
        except KeyTakenError as error:
            await self._again(calls, effort, error)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            await self._mend(calls, effort, error)
        except Exception as error:
            log.exception("update batch failed", network_id=self.network_id, calls=len(calls))
            await self._split(calls, effort, error)
        else:
            self._answer(calls, batch)

    async def _attempt(self, calls: Sequence[Waiting], effort: Effort) -> Batch:
        async with asyncio.timeout(ATTEMPT_SECONDS_MAX), self.database.engine.connect() as connection:
            transaction = await connection.begin()
            begun, batch = await self._lock(connection, [waiting.call for waiting in calls], effort)
            guesses = GuessLimits(batch.configuration, self.notes, begun.restricted, self._guesses_max)
            committed = False
            try:
                await batch.run(guesses)
                await self._commit(transaction, begun.transaction_id, batch)
                committed = True
            finally:
                guesses.settle(committed=committed)
        return batch

    async def _commit(self, transaction: AsyncTransaction, transaction_id: str, batch: Batch) -> None:
        try:
            await transaction.commit()
        except DBAPIError as error:
            # A code of the server's that is not its own shutdown means that it refused the commit.
            if (sqlstate(error) or "57").startswith(("57", "08")):
                raise CommitUnknownError(transaction_id, batch) from error
            raise
        except (OSError, TimeoutError, asyncio.CancelledError) as error:
            raise CommitUnknownError(transaction_id, batch) from error

    async def _lock(
        self, connection: AsyncConnection, calls: Sequence[Call], effort: Effort
    ) -> tuple[store.Begun, Batch]:
        """Begin the transaction and lock what the calls mean, in one round trip.

        What they mean is read from the configuration that is cached. Where the network's version has moved on,
        everything is read again, and asked again; the network's lock is held by then, so that it cannot move once more.
        """
        sale_lock_ms = LANE_LOCK_MS_MAX if effort.in_lane else SALE_LOCK_MS_MAX
        while True:
            configuration, batch = self._configuration, None
            async with round_trip(connection) as trip:
                begun = store.begin_batch(trip, self.network_id, sale_lock_ms=sale_lock_ms)
                # A statement of its own, after the lock: no change can come between the number and our commit.
                version = ask_version(trip, self.network_id)
                if configuration is not None:
                    guard = RepeatGuard(self.network_id, self.notes)
                    batch = Batch(connection, configuration, calls, now(), guard, skip_locked=effort.skip_locked)
                    batch.add_locks(trip)
            if batch is not None and batch.configuration.version == version.value:
                return begun.value, batch
            self._configuration = await read_configuration(connection, self.network_id)

    async def _mend(
        self, calls: Sequence[Waiting], effort: Effort, error: SQLAlchemyError | OSError | TimeoutError
    ) -> None:
        trouble = _trouble(error)
        if trouble is Trouble.MONTH:
            trouble = Trouble.AGAIN
            days = {waiting.call.origin.received_at.date() for waiting in calls}
            try:
                async with self.database.transaction(self.network_id) as connection:
                    await add_months(connection, min(days), max(days))
            except (SQLAlchemyError, OSError):
                log.exception("ledger month not added", network_id=self.network_id)
        if trouble is Trouble.AGAIN:
            await self._again(calls, effort, error)
        elif trouble is Trouble.SPLIT:
            await self._split(calls, effort, error)
        elif effort.in_lane or effort.is_over():
            self._fault(calls, error)
        else:
            await self._settle(calls, effort.again(skip_locked=True))

    async def _again(self, calls: Sequence[Waiting], effort: Effort, error: Exception) -> None:
        if effort.is_over():
            self._fault(calls, error)
            return
        pause = PAUSE_SECONDS * 2**effort.attempt
        await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - spreads retries, hides nothing
        await self._settle(calls, effort.again())

    async def _split(self, calls: Sequence[Waiting], effort: Effort, error: Exception) -> None:
        if len(calls) == 1:
            self._fault(calls, error)
            return
        middle = len(calls) // 2
        await self._settle(calls[:middle], effort)
        await self._settle(calls[middle:], effort)

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

    def _answer(self, calls: Sequence[Waiting], batch: Batch) -> None:
        loop = asyncio.get_running_loop()
        for waiting, outcome in zip(calls, batch.outcomes, strict=True):
            held = batch.locked_leads.intersection(lead_keys(waiting.call))
            if outcome is not None:
                note_use(self.notes, waiting.call, batch.configuration)
                _resolve(waiting, outcome)
            elif held:
                self._open_lane(held.pop(), waiting)
            elif loop.time() >= waiting.waits_until:
                _resolve(waiting, IN_PROGRESS)
            else:
                self._later += 1
                loop.call_later(KEY_PAUSE_SECONDS, self._try_later, waiting)

    def _try_later(self, waiting: Waiting) -> None:
        self._later -= 1
        self._enqueue(waiting)

    def _fault(self, calls: Sequence[Waiting], error: Exception) -> None:
        log.error("updates not answered", network_id=self.network_id, calls=len(calls), error=type(error).__name__)
        for waiting in calls:
            _resolve(waiting, FAULT)


def _deadline() -> float:
    return asyncio.get_running_loop().time() + SETTLE_SECONDS_MAX


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
