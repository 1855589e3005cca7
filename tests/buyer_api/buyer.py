"""A buyer that calls any operation by any channel over the real write path, and what that did."""

import itertools
from collections.abc import Mapping
from typing import Any

from leadback.buyer_api.application import BuyerApi
from leadback.kit.database import Database
from leadback.leads.model import Channel, Sale
from tests.buyer_api.calls import Said, call, said, saying
from tests.buyer_api.wire import Reply
from tests.support.seed import read_failed, read_ledger, read_sale, seed_sale


class Buyer:
    """A caller with one key, which goes by a header; without one where the key is empty.

    Every call comes on a connection of its own: on the same one it would say that the answer before it arrived.
    """

    def __init__(self, database: Database, api: BuyerApi, network_id: int, key: str) -> None:
        self.database = database
        self.api = api
        self.network_id = network_id
        self.key = key
        self._ports = itertools.count(40_000)

    async def call(
        self, channel: Channel, operation: str = "UpdateLead", *headers: tuple[bytes, bytes], **changes: str | None
    ) -> Reply:
        """Call with what is given; what is not says nothing, None takes a parameter away."""
        peer = ("192.0.2.7", next(self._ports))
        return await call(self.api, channel, operation, saying(operation, **changes), *self._key(), *headers, peer=peer)

    async def says(
        self, channel: Channel, operation: str = "UpdateLead", *headers: tuple[bytes, bytes], **changes: str | None
    ) -> Said:
        """The same, and what the answer says."""
        return said(await self.call(channel, operation, *headers, **changes))

    async def told(
        self, channel: Channel, operation: str = "UpdateLead", *headers: tuple[bytes, bytes], **changes: str | None
    ) -> str | None:
        """The same, and the message alone."""
        return (await self.says(channel, operation, *headers, **changes)).message

    async def sold(self, lead_id: str = "C8097F17", **changes: Any) -> int:
        """One more sale; its id."""
        return await seed_sale(self.database, self.network_id, lead_id, **changes)

    async def sale(self, sale_id: int) -> Sale:
        """A sale as it stands."""
        return await read_sale(self.database, self.network_id, sale_id)

    async def ledger(self, sale_id: int) -> list[Mapping[str, Any]]:
        """A sale's ledger."""
        return await read_ledger(self.database, self.network_id, sale_id)

    async def failed(self) -> list[Mapping[str, Any]]:
        """The network's failed updates."""
        return await read_failed(self.database, self.network_id)

    def _key(self) -> list[tuple[bytes, bytes]]:
        return [(b"x-api-key", self.key.encode())] if self.key else []
