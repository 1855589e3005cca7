"""`leadback contract …`: buyer contracts and their settings."""

from typing import Annotated

import typer

from leadback.cli.choices import BuyerOption, named, named_contract
from leadback.cli.output import Format, FormatOption, Switch, is_on, print_json, say
from leadback.cli.party import set_name_and_active
from leadback.cli.session import Session, command, run
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.kit.partial import given, or_unset
from leadback.leads.contracts import open_contract
from leadback.networks.model import COMMAND_LINE
from leadback.parties.actions import set_contract
from leadback.parties.queries import list_buyers, list_contracts, list_verticals
from leadback.parties.rules import PartyKind
from leadback.parties.settings import ContractSettings

group = typer.Typer(help="Buyer contracts and their settings.", no_args_is_help=True)


@command(group, "create")
def create(
    *,
    name: Annotated[str, typer.Option(help="1 to 100 characters, unique among the buyer's contracts.")],
    buyer: BuyerOption,
    vertical: Annotated[str, typer.Option(metavar="NAME", help="The vertical's name.")],
    buyer_contract_id: Annotated[
        int | None, typer.Option(help="An id the buyer already uses; default: the next.")
    ] = None,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """A new contract of a buyer, with a test sale for the buyer's developers."""

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.transaction(network_id) as connection:
            made = await open_contract(
                connection,
                network_id,
                name=name,
                buyer_id=named("buyer", buyer, await list_buyers(connection, network_id)).buyer_id,
                vertical_id=named("vertical", vertical, await list_verticals(connection, network_id)).vertical_id,
                buyer_contract_id=buyer_contract_id,
                actor=COMMAND_LINE,
                now=now(),
            )
        if format is Format.JSON:
            print_json({"buyer_contract_id": made, "name": name})
        say(f"The contract {name!r} has the id {made}.")

    run(work)


@command(group, "set")
def set_(
    *,
    contract: Annotated[str, typer.Option(metavar="NAME", help="The contract's name.")],
    buyer: Annotated[
        str | None, typer.Option(metavar="NAME", help="Its buyer, where several have a contract of this name.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    active: Annotated[Switch | None, typer.Option(help="In use, or kept for history only.")] = None,
    returnable: Annotated[Switch | None, typer.Option(help="Whether leads can be given back.")] = None,
    max_return_age_days: Annotated[
        int | None, typer.Option(help="Whole days after the sale on which returns are accepted, 0 to 3650.")
    ] = None,
    priced_on_outcome: Annotated[
        Switch | None, typer.Option(help="Sales without a price are imported with 0: the buyer reports it.")
    ] = None,
) -> None:
    """Change the settings that are given."""
    settings = ContractSettings(
        returnable=or_unset(is_on(returnable)),
        max_return_age_days=or_unset(max_return_age_days),
        priced_on_outcome=or_unset(is_on(priced_on_outcome)),
    )
    if not given(settings) and name is None and active is None:
        raise Refused("Nothing to set was given; `leadback contract set --help` lists the settings.")
    kind = PartyKind.BUYER_CONTRACT

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.transaction(network_id) as connection:
            buyers = await list_buyers(connection, network_id)
            owner = None if buyer is None else named("buyer", buyer, buyers)
            found = named_contract(contract, owner, await list_contracts(connection, network_id), buyers)
            item_id = found.buyer_contract_id
            if given(settings):
                await set_contract(connection, network_id, item_id, settings, actor=COMMAND_LINE, now=now())
            await set_name_and_active(connection, network_id, kind, item_id, name=name, active=active)
        say(f"The contract {name or contract!r} is set.")

    run(work)
