"""How long buyers usually take, remembered for a while: it changes over days and costs a look at every update."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import Viewer
from leadback.networks.model import Network
from leadback.reports.buyer_reporting import usual_lag

FRESH: Final = timedelta(minutes=10)
VIEWS_MAX: Final = 1_000

Seen = tuple[int, frozenset[int] | None]


class Lags:
    """The usual lag of the buyers that somebody sees, at most `FRESH` old."""

    def __init__(self) -> None:
        self._known: dict[Seen, tuple[datetime, timedelta]] = {}

    async def of(self, connection: AsyncConnection, network: Network, viewer: Viewer, now: datetime) -> timedelta:
        """From the sale to the buyer's first status: the median."""
        seen = network.network_id, viewer.buyer_ids
        known = self._known.get(seen)
        if known is None or now - known[0] > FRESH:
            if len(self._known) >= VIEWS_MAX:
                self._known.clear()
            known = now, await usual_lag(connection, network, now=now, buyer_ids=viewer.buyer_ids)
            self._known[seen] = known
        return known[1]
