"""`leadback key …`: the keys with which buyers report."""

from datetime import datetime
from typing import Annotated, Any

import typer

from leadback.access.actions import KeyTerms, create_key, revoke_key
from leadback.access.model import ApiKey
from leadback.access.queries import list_keys
from leadback.access.rules import SCOPES
from leadback.cli.choices import BuyerOption, named, parse_moment
from leadback.cli.output import Format, FormatOption, print_json, print_table, say
from leadback.cli.session import Session, command, run
from leadback.cli.shown import moment
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.kit.tokens import digest, key_network
from leadback.networks.model import COMMAND_LINE, Network
from leadback.networks.queries import read_network
from leadback.parties.queries import list_buyers
from leadback.parties.rules import parse_network

group = typer.Typer(help="The keys with which buyers report.", no_args_is_help=True)

# As long as the longest `shown_as`: a mistyped key is not repeated whole.
SHOWN_LENGTH_MAX = 16

COLUMNS = ("api_key_id", "shown_as", "buyer", "state", "scopes", "last_used", "expires_at")


@command(group, "create")
def create(
    *,
    buyer: BuyerOption,
    allow_network: Annotated[
        list[str] | None,
        typer.Option(metavar="CIDR", help="Where the key may be used from; may be repeated. Default: anywhere."),
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCOPE",
            help=f"What the key may do, one of {', '.join(SCOPES)}; may be repeated. Default: everything.",
        ),
    ] = None,
    expires_at: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="Until when it is good, such as 2027-01-31T18:00.")
    ] = None,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """A new key, shown this once. A buyer may have several: hand out the new one, then revoke the old one."""
    networks = tuple(parse_network(text) for text in allow_network or ())

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.transaction(network_id) as connection:
            zone = (await read_network(connection, network_id)).zone
            terms = KeyTerms(
                scopes=tuple(scope or ()),
                allowed_networks=networks,
                expires_at=None if expires_at is None else parse_moment("--expires-at", expires_at, zone),
            )
            owner = named("buyer", buyer, await list_buyers(connection, network_id))
            api_key_id, key = await create_key(
                connection, network_id, buyer_id=owner.buyer_id, terms=terms, actor=COMMAND_LINE, now=now()
            )
        if format is Format.JSON:
            print_json({"key": key, "api_key_id": api_key_id, "buyer_id": owner.buyer_id, "buyer": owner.name})
        else:
            print(key)
        say(f"This is the key of {buyer!r}, with the id {api_key_id}. It is not kept and cannot be shown again.")

    run(work)


@command(group, "list")
def list_(
    *,
    buyer: Annotated[str | None, typer.Option(metavar="NAME", help="This buyer's alone.")] = None,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Every key, revoked and expired ones included, without its secret; as JSON also with networks."""

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.transaction(network_id) as connection:
            network = await read_network(connection, network_id)
            buyers = await list_buyers(connection, network_id)
            keys = await list_keys(connection, network_id)
        owner_id = None if buyer is None else named("buyer", buyer, buyers).buyer_id
        names = {item.buyer_id: item.name for item in buyers}
        wanted = [key for key in keys if owner_id in (None, key.buyer_id)]
        rows = [told(key, names[key.buyer_id], now()) for key in wanted]
        if format is Format.JSON:
            print_json(rows)
            return
        shown = [row | in_print(key, network) for row, key in zip(rows, wanted, strict=True)]
        print_table(COLUMNS, [[row[column] for column in COLUMNS] for row in shown])

    run(work)


@command(group, "revoke")
def revoke(
    *,
    key_id: Annotated[int | None, typer.Option(help="The key's id, as `leadback key list` shows it.")] = None,
    shown_as: Annotated[
        str | None, typer.Option(metavar="lbk_…", help="Or its first characters, as the list shows them.")
    ] = None,
) -> None:
    """Close a key for ever: the very next call with it fails."""
    if (key_id is None) == (shown_as is None):
        raise Refused("Give the key's --key-id or its --shown-as; `leadback key list` has both.")

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.transaction(network_id) as connection:
            found = key_id or meant(shown_as or "", await list_keys(connection, network_id))
            await revoke_key(connection, network_id, found, actor=COMMAND_LINE, now=now())
        say(f"The key {found} is revoked.")

    run(work)


def meant(shown_as: str, keys: list[ApiKey]) -> int:
    """The id of the only live key that is shown so; a whole key means itself."""
    whole = None if key_network(shown_as) is None else digest(shown_as)
    found = [
        key.api_key_id
        for key in keys
        if key.revoked_at is None and (key.shown_as == shown_as if whole is None else key.digest == whole)
    ]
    shown = shown_as[:SHOWN_LENGTH_MAX]
    if not found:
        raise Refused(f"No live key is shown as {shown!r}; `leadback key list` shows every key.")
    if len(found) > 1:
        raise Refused(f"Several keys are shown as {shown!r}; give one by --key-id: {', '.join(map(str, found))}")
    return found[0]


def in_print(key: ApiKey, network: Network) -> dict[str, str]:
    """What of a key is put into words for people; moments in the network's time."""
    used = "never" if key.last_used_at is None else moment(key.last_used_at, network)
    return {
        "scopes": ", ".join(key.scopes) or "everything",
        "last_used": used if key.last_used_address is None else f"{used} from {key.last_used_address}",
    }


def told(key: ApiKey, buyer: str, at: datetime) -> dict[str, Any]:
    """A key as it is listed."""
    expired = key.expires_at is not None and key.expires_at <= at
    return {
        "api_key_id": key.api_key_id,
        "shown_as": key.shown_as,
        "buyer_id": key.buyer_id,
        "buyer": buyer,
        "state": "revoked" if key.revoked_at is not None else "expired" if expired else "live",
        "scopes": list(key.scopes),
        "allowed_networks": [str(network) for network in key.allowed_networks],
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "last_used_from": None if key.last_used_address is None else str(key.last_used_address),
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }
