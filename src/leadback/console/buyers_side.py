"""What pages need of the buyers' own channels, which stand beside them: handed in by whoever stands above both."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from leadback.kit.exchange import Exchange
from leadback.leads.configuration import Configuration
from leadback.parties.model import Vertical

WriteDocument = Callable[[Configuration, Sequence[Vertical], int, datetime, str], str]
"""Of a buyer's id, made at a moment, as `html` or `markdown`; raises `Refused` where there is nothing to write."""


class TestCall(msgspec.Struct, frozen=True, kw_only=True):
    """A buyer's UpdateLead, to be made as if it came by the network."""

    __test__ = False

    channel: str
    """One of `BuyersSide.channels`."""
    key: str
    parameters: Mapping[str, str]
    host: str
    address: str | None
    """Where it comes from; None: unknown."""
    request_id: str


class BuyersSide(msgspec.Struct, frozen=True):
    """The buyers' channels, as far as pages show them."""

    address: str
    """Where the document says they are."""
    is_public: bool
    """Whether that was set; else it is how this machine reaches itself."""
    channels: tuple[tuple[str, str], ...]
    """The wire forms a test call can be made by: value and title."""
    write_document: WriteDocument
    try_update: Callable[[TestCall], Awaitable[Exchange]]
