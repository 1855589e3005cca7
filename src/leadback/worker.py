"""Builds the background process: what it does by the clock, and who is told of changes."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit import outbox
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.jobs import PeriodicJob, pause_unless, run_jobs
from leadback.kit.outbox import Notice
from leadback.kit.process import end_with_parent
from leadback.leads.clean import clean
from leadback.leads.fold import FOLD_ROWS_MAX, fold
from leadback.leads.months import add_months_ahead
from leadback.networks.queries import directory

OUTBOX_SECONDS: Final = 0.5
OUTBOX_SECONDS_MAX: Final = 10.0

Consumer = Callable[[AsyncConnection, int, Sequence[Notice]], Awaitable[None]]

CONSUMERS: Final[tuple[Consumer, ...]] = ()
"""Each is given every notice of a network, in the order written, in the transaction that removes them."""

log = structlog.get_logger(__name__)


class BackgroundWorker(msgspec.Struct, frozen=True):
    """One background process on an open database."""

    database: Database
    database_url: str

    @property
    def jobs(self) -> tuple[PeriodicJob, ...]:
        """The one list of what is done by the clock."""
        return (
            PeriodicJob(name="fold rollups", cron="* * * * * */10", work=self.fold_rollups),
            PeriodicJob(name="clean", cron="7 * * * *", work=self.clean),
            PeriodicJob(name="add ledger months", cron="23 * * * *", work=self.add_ledger_months),
        )

    async def run(self) -> None:
        """Work until SIGTERM or Ctrl-C, or until our parent is gone."""
        end_with_parent()
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        async with asyncio.TaskGroup() as group:
            group.create_task(run_jobs(self.database_url, self.jobs, stopping))
            group.create_task(self.poll_outbox(stopping))

    async def fold_rollups(self) -> None:
        """Fold what updates appended to the reports' numbers."""

        async def fold_one(network_id: int) -> None:
            full = True
            while full:
                async with self.database.transaction(network_id) as connection:
                    full = await fold(connection, network_id) >= FOLD_ROWS_MAX

        await self._for_each_network(fold_one)

    async def clean(self) -> None:
        """Remove what has had its time."""

        async def clean_one(network_id: int) -> None:
            more = True
            while more:
                async with self.database.transaction(network_id) as connection:
                    more = await clean(connection, network_id, now())

        await self._for_each_network(clean_one)

    async def add_ledger_months(self) -> None:
        """Keep the ledger's months ahead of the calendar."""
        async with self.database.outside_networks() as connection:
            await add_months_ahead(connection, now().date())

    async def poll_outbox(self, stopping: asyncio.Event) -> None:
        """Hand out what changed, twice a second; less often while the database is away."""
        pause = OUTBOX_SECONDS
        while not stopping.is_set():
            try:
                await self._for_each_network(self._hand_out)
                pause = OUTBOX_SECONDS
            except (SQLAlchemyError, OSError):
                log.warning("outbox unreachable", exc_info=True)
                pause = min(pause * 2, OUTBOX_SECONDS_MAX)
            await pause_unless(stopping, pause)

    async def _hand_out(self, network_id: int) -> None:
        full = True
        while full:
            async with self.database.transaction(network_id) as connection:
                notices = await outbox.take(connection, network_id)
                for consumer in CONSUMERS if notices else ():
                    await consumer(connection, network_id, notices)
                if notices:
                    await outbox.done(connection, network_id, notices)
            full = len(notices) == outbox.ROWS_MAX

    async def _for_each_network(self, work: Callable[[int], Awaitable[None]]) -> None:
        """Do the work for one network after the other; one that fails is logged and does not stop the others."""
        async with self.database.outside_networks() as connection:
            networks = await directory(connection)
        for network_id in networks:
            try:
                await work(network_id)
            except Exception:
                log.exception("background work failed", network_id=network_id, work=work.__name__)
