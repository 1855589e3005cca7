"""The one way a buyer's call reaches the sales: every channel submits here."""

import math
import time
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from leadback.kit.database import Database
from leadback.leads.batch import Call
from leadback.leads.committer import FAULT, GroupCommitter
from leadback.leads.limits import Limits
from leadback.leads.model import (
    Answer,
    AnswerState,
    BuyerCaller,
    KeylessCaller,
    Message,
    Outcome,
    OutcomeKind,
    ReasonsRequest,
    Receipt,
)
from leadback.networks.queries import directory

DIRECTORY_SECONDS_MAX: Final = 1.0

UNKNOWN_NETWORK: Final = Outcome(OutcomeKind.DECIDED, Answer(False, Message.INVALID_API_KEY))


class Updates:
    """The group committers of one process, one for each network, and the directory of networks.

    Without `limits` nobody is held back: for files and whatever else runs inside the program.
    """

    def __init__(self, database: Database, limits: Limits | None = None) -> None:
        self.database = database
        self._limits = limits
        self._networks: dict[int, tuple[str, str | None]] = {}
        self._read_at = -math.inf
        self._committers: dict[int, GroupCommitter] = {}

    async def submit(self, call: Call | ReasonsRequest) -> Outcome:
        """Decide a call and make it last; the outcome is final when this returns."""
        committer = await self._committer_of(call.caller)
        if isinstance(committer, Outcome):
            return committer
        if isinstance(call, ReasonsRequest):
            return await committer.return_reasons(call)
        return await committer.submit(call)

    def tell(self, receipt: Receipt, state: AnswerState) -> None:
        """What became of an answer, by the receipt its outcome carried; a channel that says nothing leaves it open."""
        self._committers[receipt.network_id].notes.tell(receipt, state)

    async def network_of_host(self, host: str | None) -> int | None:
        """The network a keyless call speaks of: the one configured for its host name, or the only one."""
        if time.monotonic() - self._read_at > DIRECTORY_SECONDS_MAX:
            await self._read_networks()
        name = (host or "").rsplit(":", 1)[0].lower()
        for network_id, (_, host_name) in self._networks.items():
            if host_name is not None and host_name.lower() == name:
                return network_id
        return next(iter(self._networks)) if len(self._networks) == 1 else None

    async def close(self) -> None:
        """Answer what was accepted, and write down what became of the answers."""
        for committer in self._committers.values():
            await committer.drain()
            await committer.notes.close()

    async def _committer_of(self, caller: BuyerCaller | KeylessCaller) -> GroupCommitter | Outcome:
        network_id = caller.key.network_id if isinstance(caller, BuyerCaller) else caller.network_id
        committer = self._committers.get(network_id)
        if committer is None:
            try:
                if not await self._is_network(network_id):
                    return UNKNOWN_NETWORK
            except (SQLAlchemyError, OSError):
                return FAULT
            committer = self._committers.setdefault(network_id, GroupCommitter(self.database, network_id, self._limits))
        return committer

    async def _is_network(self, network_id: int) -> bool:
        if network_id not in self._networks:
            await self._read_networks()
        return network_id in self._networks

    async def _read_networks(self) -> None:
        async with self.database.outside_networks() as connection:
            self._networks = await directory(connection)
        self._read_at = time.monotonic()
