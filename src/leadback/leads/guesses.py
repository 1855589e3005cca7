"""The guess limits in one batch: who is restricted, what its calls add to the counts, and who passes a limit."""

import math
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.leads import guess_store
from leadback.leads.configuration import Configuration
from leadback.leads.guess_rules import (
    CALL,
    NOTHING,
    UNKNOWN_LEAD,
    Counted,
    Counts,
    add,
    add_all,
    is_guessing,
    restricted_until,
    window_start,
)
from leadback.leads.limits import ADDRESS, caller_name, one_too_many
from leadback.leads.model import MACHINE_CHANNELS, Outcome, UpdateRequest
from leadback.leads.notes import Notes


class GuessLimits:
    """Counts a batch's calls; the database is asked and told only where one of them names an unknown lead.

    Other calls are kept in the process's notes and go along with the next that does: they matter for a key, which is
    restricted only where more than half of its calls are guesses.
    """

    def __init__(
        self, configuration: Configuration, notes: Notes, restricted: Mapping[str, datetime], guesses_max: int
    ) -> None:
        self._configuration = configuration
        self._network_id = configuration.network.network_id
        self._notes = notes
        self._restricted = dict(restricted)
        self._guesses_max = guesses_max
        self._known: Counts = {}
        self._new: Counts = {}
        self._guessed = False
        self._newly_restricted: dict[str, datetime] = {}
        self._taken: Counts = {}

    def looks_at(self, call: UpdateRequest) -> bool:
        """Whether the limits hold for a call: not in files, nor for people."""
        return self._guesses_max > 0 and call.origin.channel in MACHINE_CHANNELS

    def admit(self, call: UpdateRequest) -> Outcome | None:
        """The answer to a caller that is restricted; the call of any other is counted. The caller was recognised."""
        if not self.looks_at(call):
            return None
        name = caller_name(call.caller, self._configuration)
        until = self._restricted.get(name)
        if until is not None and call.origin.received_at < until:
            return _restricted(call, until)
        add(self._new, name, call.origin.received_at, CALL)
        return None

    async def read(self, connection: AsyncConnection, calls: Collection[UpdateRequest]) -> None:
        """Read the counts of callers whose calls may name unknown leads.

        Those without a key, who have few guesses, are counted by one transaction at a time, so that not one more is
        answered. A key's limit is not so narrow, and its batches wait for nobody.
        """
        if not calls:
            return
        names = {caller_name(call.caller, self._configuration) for call in calls}
        if keyless := [name for name in names if name.startswith(ADDRESS)]:
            await guess_store.lock_callers(connection, self._network_id, keyless)
        since = window_start(min(call.origin.received_at for call in calls))
        self._known = await guess_store.read_counts(connection, self._network_id, names, since)
        add_all(self._known, {name: self._notes.calls[name] for name in names if name in self._notes.calls})

    def guess(self, call: UpdateRequest) -> Outcome | None:
        """Count the unknown lead that an admitted call named; the answer where that is one too many."""
        if not self.looks_at(call):
            return None
        name = caller_name(call.caller, self._configuration)
        received_at = call.origin.received_at
        guesses_max = self._guesses_max if name.startswith(ADDRESS) else None
        start = window_start(received_at)
        minutes: dict[datetime, Counted] = {}
        for counts in (self._known, self._new):
            for minute, counted in counts.get(name, {}).items():
                if minute >= start:
                    minutes[minute] = minutes.get(minute, NOTHING) + counted
        # The call itself is among the calls already.
        if is_guessing(sum(minutes.values(), UNKNOWN_LEAD), guesses_max):
            until = restricted_until(minutes, guesses_max)
            self._restricted[name] = self._newly_restricted[name] = until
            return _restricted(call, until)
        add(self._new, name, received_at, UNKNOWN_LEAD)
        self._guessed = True
        return None

    async def write(self, connection: AsyncConnection) -> None:
        """Write every count there is where an unknown lead was counted, and who is restricted from now on."""
        if self._guessed:
            self._taken = self._notes.take_calls()
            counts: Counts = {}
            for part in (self._new, self._taken):
                add_all(counts, part)
            await guess_store.add_counts(connection, self._network_id, counts)
        if self._newly_restricted:
            await guess_store.restrict(connection, self._network_id, self._newly_restricted)

    def settle(self, *, committed: bool) -> None:
        """Leave to the notes what the database did not get."""
        if not committed:
            self._notes.add_calls(self._taken)
        elif not self._guessed:
            self._notes.add_calls(self._new)


def _restricted(call: UpdateRequest, until: datetime) -> Outcome:
    return one_too_many(math.ceil((until - call.origin.received_at).total_seconds()))
