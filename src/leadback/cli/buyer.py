"""`leadback buyer …`: buyers and their settings."""

from typing import Annotated

import typer
from msgspec import UNSET

from leadback.cli.choices import NONE, BuyerOption, named, parse_date
from leadback.cli.output import Format, FormatOption, Switch, is_on, print_json, say
from leadback.cli.party import set_name_and_active
from leadback.cli.session import Session, command, run
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.kit.partial import given, or_unset
from leadback.networks.model import COMMAND_LINE
from leadback.parties.actions import create_buyer, set_buyer
from leadback.parties.queries import list_buyers
from leadback.parties.rules import PartyKind, parse_network
from leadback.parties.settings import BuyerSettings

group = typer.Typer(help="Buyers and their settings.", no_args_is_help=True)

DEFAULT = "default"
RATE_DIGITS_MAX = 9


@command(group, "create")
def create(
    *,
    name: Annotated[str, typer.Option(help="1 to 100 characters, unique.")],
    buyer_id: Annotated[int | None, typer.Option(help="An id you already use; default: the next.")] = None,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """A new buyer."""

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.transaction(network_id) as connection:
            made = await create_buyer(
                connection, network_id, name=name, buyer_id=buyer_id, actor=COMMAND_LINE, now=now()
            )
        if format is Format.JSON:
            print_json({"buyer_id": made, "name": name})
        say(f"The buyer {name!r} has the id {made}.")

    run(work)


@command(group, "set")
def set_(  # noqa: PLR0913 - an option is an argument
    *,
    buyer: BuyerOption,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    active: Annotated[Switch | None, typer.Option(help="In use, or kept for history only.")] = None,
    lead_statuses: Annotated[Switch | None, typer.Option(help="Off: this buyer's updates fail.")] = None,
    accept_keyless: Annotated[
        Switch | None, typer.Option(help="Accept updates without a key from the allowed networks.")
    ] = None,
    keyless_until: Annotated[
        str | None, typer.Option(metavar="DATE", help="The last day for updates without a key, or none.")
    ] = None,
    allow_network: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CIDR",
            help="From where, without a key; may be repeated. Replaces the whole list; none empties it.",
        ),
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option(metavar="N", help="Updates a second for each key; 0: no limit."),
    ] = None,
    retry_guard: Annotated[
        str | None,
        typer.Option(help="Repeated calls without an idempotency key: guard, off or strict."),
    ] = None,
) -> None:
    """Change the settings that are given."""
    settings = BuyerSettings(
        lead_statuses=or_unset(is_on(lead_statuses)),
        accept_keyless=or_unset(is_on(accept_keyless)),
        keyless_until=UNSET if keyless_until is None else parse_date("--keyless-until", keyless_until),
        keyless_networks=UNSET
        if not allow_network
        else tuple(parse_network(text) for text in allow_network if text != NONE),
        rate_per_key=UNSET if rate is None else parse_rate(rate),
        retry_guard=or_unset(retry_guard),
    )
    if not given(settings) and name is None and active is None:
        raise Refused("Nothing to set was given; `leadback buyer set --help` lists the settings.")

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.transaction(network_id) as connection:
            buyer_id = named("buyer", buyer, await list_buyers(connection, network_id)).buyer_id
            if given(settings):
                await set_buyer(connection, network_id, buyer_id, settings, actor=COMMAND_LINE, now=now())
            await set_name_and_active(connection, network_id, PartyKind.BUYER, buyer_id, name=name, active=active)
        say(f"The buyer {name or buyer!r} is set.")

    run(work)


def parse_rate(text: str) -> int | None:
    """A number of updates a second; None for the word default."""
    if text == DEFAULT:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= RATE_DIGITS_MAX):
        raise Refused(f"--rate {text!r} is not a whole number from 0, or {DEFAULT}.")
    return int(text)
