"""What one process learns of a network's answers between its batches, kept in memory and soon written down."""

import asyncio
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from leadback.kit.database import Database
from leadback.leads import guard_store
from leadback.leads.model import AnswerState, Receipt

WRITE_SECONDS: Final = 1.0
"""How long a mark stays in memory alone. A process that dies leaves its answers of this time as `committed`."""
WRITE_SECONDS_MAX: Final = 5.0

log = structlog.get_logger(__name__)


class Notes:
    """One network's notes in one process.

    They are written in transactions of their own: once a second where there is something, so that a healthy process
    leaves no answer `committed`, and no batch is slower, or fails, for the sake of a mark.
    """

    def __init__(self, database: Database, network_id: int) -> None:
        self.database = database
        self.network_id = network_id
        self._states: dict[tuple[int, int], AnswerState] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def tell(self, receipt: Receipt, state: AnswerState) -> None:
        """An answer's state from now on."""
        self._states[receipt.sale_id, receipt.version] = state
        self._write_soon()

    def state_of(self, sale_id: int, version: int) -> AnswerState | None:
        """What was told of an answer and is perhaps not written yet."""
        return self._states.get((sale_id, version))

    async def write(self) -> None:
        """Write down what there is; what the database does not take is kept for the next time."""
        states = dict(self._states)
        if not states:
            return
        try:
            async with (
                asyncio.timeout(WRITE_SECONDS_MAX),
                self.database.transaction(self.network_id) as connection,
            ):
                await guard_store.mark_answers(connection, self.network_id, states)
        except (SQLAlchemyError, OSError, TimeoutError):
            log.warning("notes not written", network_id=self.network_id, exc_info=True)
            self._write_soon()
            return
        for version, state in states.items():
            # What was told meanwhile is newer than what was written.
            if self._states[version] is state:
                del self._states[version]

    async def close(self) -> None:
        """Write what is left."""
        if self._writing is not None:
            await self._writing
        await self.write()
        if self._timer is not None:
            self._timer.cancel()

    def _write_soon(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WRITE_SECONDS, self._begin_to_write)

    def _begin_to_write(self) -> None:
        self._timer = None
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self.write())
        else:
            self._write_soon()
