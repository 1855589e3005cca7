"""Where a change of a lead comes from when an operator makes it in a browser."""

import secrets
from datetime import datetime
from ipaddress import ip_address

from leadback.console.session import AnyRequest, Sessions
from leadback.leads.model import Channel, Origin


def origin_of(request: AnyRequest, sessions: Sessions, operation: str, received_at: datetime) -> Origin:
    """What a ledger row says of the request that made it."""
    address = sessions.browser_of(request).address
    return Origin(
        channel=Channel.CONSOLE,
        operation=operation,
        address=None if address is None else ip_address(address),
        request_id=secrets.token_hex(16),
        received_at=received_at,
    )
