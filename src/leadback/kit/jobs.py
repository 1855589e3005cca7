"""The job queue: Procrastinate in PostgreSQL's schema `jobs`, with what runs by the clock."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

import msgspec
import structlog
from procrastinate import App, JobContext, PsycopgConnector, exceptions
from procrastinate.jobs import Status
from psycopg import OperationalError
from psycopg_pool import PoolTimeout

from leadback.kit.database import CONNECT_SECONDS_MAX, STATEMENT_MS_MAX, psycopg_url

POOL_SIZE: Final = 3
POOL_WAIT_SECONDS_MAX: Final = 5
JOBS_AT_ONCE: Final = 2
POLL_SECONDS: Final = 5.0
STOP_SECONDS_MAX: Final = 5.0
STEADY_SECONDS: Final = 60.0
PAUSE_SECONDS_MIN: Final = 0.5
PAUSE_SECONDS_MAX: Final = 10.0
FAILED_JOB_HOURS: Final = 30 * 24

log = structlog.get_logger(__name__)


class PeriodicJob(msgspec.Struct, frozen=True, kw_only=True):
    """What is done once at the start of a worker and then by the clock; never twice at a time in the queue.

    One worker of all does it, and not again at once when it fails: it must be right to leave it to the next time.
    """

    name: str
    cron: str
    """Five columns in UTC, a sixth for the seconds."""
    work: Callable[[], Awaitable[None]]


def job_queue(database_url: str, jobs: Sequence[PeriodicJob]) -> App:
    """The queue with these jobs and its own upkeep, not opened yet."""
    queue = App(connector=_connector(database_url))
    for job in jobs:
        _register(queue, job)
    _register_upkeep(queue)
    return queue


async def run_jobs(database_url: str, jobs: Sequence[PeriodicJob], stopping: asyncio.Event) -> None:
    """Work on the queue until told to stop; a database that goes away is waited for."""
    loop = asyncio.get_running_loop()
    pause = PAUSE_SECONDS_MIN
    while not stopping.is_set():
        started = loop.time()
        try:
            await _work(job_queue(database_url, jobs), stopping)
        except (exceptions.ConnectorException, OperationalError, PoolTimeout, OSError) as error:
            log.warning("job queue lost", exc_info=error)
        pause = PAUSE_SECONDS_MIN if loop.time() - started > STEADY_SECONDS else min(pause * 2, PAUSE_SECONDS_MAX)
        await pause_unless(stopping, pause)


async def pause_unless(stopping: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until told to stop."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()


async def _work(queue: App, stopping: asyncio.Event) -> None:
    async with queue.open_async():
        await _begin(queue)
        working = asyncio.create_task(
            queue.run_worker_async(
                concurrency=JOBS_AT_ONCE,
                delete_jobs="successful",
                fetch_job_polling_interval=POLL_SECONDS,
                shutdown_graceful_timeout=STOP_SECONDS_MAX,
                install_signal_handlers=False,
            )
        )
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        # From here on the driver gives up connections whose statement is cancelled, and warns of each: that is no news.
        logging.getLogger("psycopg").setLevel(logging.ERROR if stopping.is_set() else logging.NOTSET)
        # The worker takes this for a request to finish its jobs, and raises it when they are.
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working


async def _begin(queue: App) -> None:
    for task, _ in [*queue.periodic_registry.periodic_tasks]:
        # Somebody else's that waits in the queue does as well.
        with suppress(exceptions.AlreadyEnqueued):
            await queue.tasks[task].defer_async(timestamp=0)


def _register(queue: App, job: PeriodicJob) -> None:
    @queue.periodic(cron=job.cron)
    @queue.task(name=job.name, queueing_lock=job.name)
    async def run(timestamp: int) -> None:
        await job.work()


def _register_upkeep(queue: App) -> None:
    @queue.periodic(cron="* * * * *")
    @queue.task(name="upkeep", queueing_lock="upkeep", pass_context=True)
    async def upkeep(context: JobContext, timestamp: int) -> None:
        manager = context.app.job_manager
        for job in await manager.get_stalled_jobs():
            try:
                await manager.retry_job(job)
            except exceptions.UniqueViolation:
                # The same waits in the queue already.
                await manager.finish_job(job, Status.FAILED, delete_job=True)
        await manager.delete_old_jobs(
            nb_hours=FAILED_JOB_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
        )


def _connector(database_url: str) -> PsycopgConnector:
    address = psycopg_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    return PsycopgConnector(
        conninfo=address,
        min_size=1,
        max_size=POOL_SIZE,
        timeout=POOL_WAIT_SECONDS_MAX,
        # Its functions name their tables without a schema.
        kwargs={
            "connect_timeout": CONNECT_SECONDS_MAX,
            "application_name": "leadback jobs",
            "options": f"-c search_path=jobs -c timezone=UTC -c statement_timeout={STATEMENT_MS_MAX}",
        },
    )
