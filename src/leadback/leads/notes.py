"""What one process learns of a network's answers, callers and keys, kept in memory and soon written down."""

import asyncio
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from leadback.access.actions import note_key_uses
from leadback.access.model import KeyUse
from leadback.access.rules import key_allows
from leadback.kit.database import Database
from leadback.leads import guard_store, guess_store
from leadback.leads.configuration import Configuration
from leadback.leads.guess_rules import Counts, add_all
from leadback.leads.model import (
    MACHINE_CHANNELS,
    AnswerState,
    BuyerCaller,
    IPAddress,
    ReasonsRequest,
    Receipt,
    RefusedCall,
    UpdateRequest,
)

WRITE_SECONDS: Final = 1.0
"""How long a mark stays in memory alone. A process that dies leaves its answers of this time as `committed`."""
COUNT_SECONDS: Final = 10.0
"""The same of calls that are counted: they matter only to the share of guesses among a key's calls."""
USE_SECONDS: Final = 30.0
"""The same of the last use of keys, which people read; of a process that dies the last ones are not known."""
WRITE_SECONDS_MAX: Final = 5.0

log = structlog.get_logger(__name__)


class Notes:
    """One network's notes in one process.

    They are written in transactions of their own, soon after there is something, so that a healthy process leaves no
    answer `committed`, and no batch is slower, or fails, for the sake of a note.
    """

    def __init__(self, database: Database, network_id: int) -> None:
        self.database = database
        self.network_id = network_id
        self.calls: Counts = {}
        """Counted, and not written yet."""
        self._states: dict[tuple[int, int], AnswerState] = {}
        self._uses: dict[int, KeyUse] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def tell(self, receipt: Receipt, state: AnswerState) -> None:
        """An answer's state from now on."""
        self._states[receipt.sale_id, receipt.version] = state
        self._write_within(WRITE_SECONDS)

    def state_of(self, sale_id: int, version: int) -> AnswerState | None:
        """What was told of an answer and is perhaps not written yet."""
        return self._states.get((sale_id, version))

    def add_calls(self, counts: Counts) -> None:
        """Count calls."""
        if counts:
            add_all(self.calls, counts)
            self._write_within(COUNT_SECONDS)

    def use_key(self, api_key_id: int, at: datetime, address: IPAddress | None) -> None:
        """A good key was used."""
        known = self._uses.get(api_key_id)
        if known is None or known[0] < at:
            self._uses[api_key_id] = at, address
            self._write_within(USE_SECONDS)

    def take_calls(self) -> Counts:
        """What was counted, for somebody who writes it, or gives it back."""
        taken, self.calls = self.calls, {}
        return taken

    async def write(self) -> None:
        """Write down what there is; what the database does not take is kept for the next time."""
        states, calls, uses = dict(self._states), self.take_calls(), self._uses
        if not states and not calls and not uses:
            return
        self._uses = {}
        try:
            async with (
                asyncio.timeout(WRITE_SECONDS_MAX),
                self.database.transaction(self.network_id) as connection,
            ):
                if states:
                    await guard_store.mark_answers(connection, self.network_id, states)
                if calls:
                    await guess_store.add_counts(connection, self.network_id, calls)
                if uses:
                    await note_key_uses(connection, self.network_id, uses)
        except (SQLAlchemyError, OSError, TimeoutError):
            log.warning("notes not written", network_id=self.network_id, exc_info=True)
            self.add_calls(calls)
            for api_key_id, use in uses.items():
                self.use_key(api_key_id, *use)
            self._write_within(COUNT_SECONDS)
            return
        for version, state in states.items():
            # What was told meanwhile is newer than what was written.
            if self._states[version] is state:
                del self._states[version]

    async def close(self) -> None:
        """Write what is left."""
        # First, so that it begins no second writing beside the last.
        self._stop_timer()
        if self._writing is not None:
            await self._writing
        await self.write()
        self._stop_timer()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _write_within(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            if self._timer.when() <= loop.time() + seconds:
                return
            self._timer.cancel()
        self._timer = loop.call_later(seconds, self._begin_to_write)

    def _begin_to_write(self) -> None:
        self._timer = None
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self.write())
        else:
            self._write_within(WRITE_SECONDS)


def note_use(notes: Notes, call: UpdateRequest | RefusedCall | ReasonsRequest, configuration: Configuration) -> None:
    """Note that a buyer's program used its key, where it is a good one."""
    origin = call.origin
    if isinstance(call.caller, BuyerCaller) and origin.channel in MACHINE_CHANNELS:
        key = configuration.keys.get(call.caller.key.digest)
        if key is not None and key_allows(key, origin.address, origin.received_at):
            notes.use_key(key.api_key_id, origin.received_at, origin.address)
