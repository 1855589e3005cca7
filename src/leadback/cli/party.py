"""What a command can set of a buyer as of a contract: its name, and whether it is in use."""

from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.cli.output import Switch
from leadback.kit.clock import now
from leadback.networks.model import COMMAND_LINE
from leadback.parties.actions import rename_party, set_party_active
from leadback.parties.rules import PartyKind


async def set_name_and_active(
    connection: AsyncConnection,
    network_id: int,
    kind: PartyKind,
    party_id: int,
    *,
    name: str | None,
    active: Switch | None,
) -> None:
    """Change what is given."""
    if active is not None:
        on = active is Switch.ON
        await set_party_active(connection, network_id, kind, party_id, active=on, actor=COMMAND_LINE, now=now())
    if name is not None:
        await rename_party(connection, network_id, kind, party_id, name, actor=COMMAND_LINE, now=now())
