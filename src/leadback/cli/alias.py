"""`leadback alias …`: buyers' own words for statuses, sub-statuses and fields."""

from typing import Annotated

import msgspec
import typer
from msgspec import UNSET

from leadback.catalog.alias_actions import create_alias, remove_alias
from leadback.catalog.alias_rules import meaning_of, words_of
from leadback.catalog.queries import read_catalog
from leadback.catalog.rules import CatalogKind, items_of
from leadback.catalog.vocabulary import ListedAlias
from leadback.cli.choices import BuyerOption, named
from leadback.cli.output import Format, FormatOption, print_json, print_table, say
from leadback.cli.session import Session, command, run
from leadback.kit.clock import now
from leadback.kit.partial import or_unset
from leadback.networks.model import COMMAND_LINE
from leadback.parties.queries import list_buyers

group = typer.Typer(help="Buyers' own words for statuses, sub-statuses and fields.", no_args_is_help=True)

COLUMNS = ("alias_id", "alias", "means", "active")


@command(group, "add")
def add(  # noqa: PLR0913 - an option is an argument
    *,
    buyer: BuyerOption,
    status: Annotated[str | None, typer.Option(metavar="WORD", help="The buyer's word for a status.")] = None,
    sub_status: Annotated[
        str | None,
        typer.Option(metavar="WORD", help="Its word for a sub-status: beside --status, or whatever the status."),
    ] = None,
    field: Annotated[str | None, typer.Option(metavar="WORD", help="Its word for a field.")] = None,
    as_status: Annotated[str | None, typer.Option(metavar="NAME", help="The status that is meant.")] = None,
    as_sub_status: Annotated[str | None, typer.Option(metavar="NAME", help="The sub-status that is meant.")] = None,
    as_field: Annotated[str | None, typer.Option(metavar="NAME", help="The field that is meant.")] = None,
    ignore: Annotated[bool, typer.Option("--ignore", help="Drop the field from every call instead.")] = False,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Understand a buyer's own word from its very next update on; exact names of the network always win.

    Words are compared without case and outer spaces. Calls that failed for them: `leadback failed-updates rerun`.
    """
    listed = ListedAlias(
        buyer=buyer,
        status=or_unset(status),
        sub_status=or_unset(sub_status),
        as_status=or_unset(as_status),
        as_sub_status=or_unset(as_sub_status),
        field=or_unset(field),
        as_field=or_unset(as_field),
        ignore=True if ignore else UNSET,
    )

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.transaction(network_id) as connection:
            made = await create_alias(connection, network_id, listed, actor=COMMAND_LINE, now=now())
        if format is Format.JSON:
            print_json({"alias_id": made} | msgspec.to_builtins(listed))
        say(f"The alias has the id {made}.")

    run(work)


@command(group, "list")
def list_(
    *,
    buyer: Annotated[str | None, typer.Option(metavar="NAME", help="This buyer's alone.")] = None,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Every alias, inactive ones included."""

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.snapshot(network_id) as connection:
            catalog = await read_catalog(connection, network_id)
            buyers = await list_buyers(connection, network_id)
        owner_id = None if buyer is None else named("buyer", buyer, buyers).buyer_id
        names = {item.buyer_id: item.name for item in buyers}
        items = {kind: items_of(catalog, kind) for kind in CatalogKind}
        aliases = [item for item in catalog.aliases.values() if owner_id in (None, item.buyer_id)]
        if format is Format.JSON:
            print_json(
                [
                    msgspec.structs.asdict(item) | {"buyer": names[item.buyer_id], "means": meaning_of(item, items)}
                    for item in aliases
                ]
            )
        elif aliases:
            print_table(
                COLUMNS,
                [
                    [item.alias_id, words_of(item, names), meaning_of(item, items), "yes" if item.active else "no"]
                    for item in aliases
                ],
            )
        else:
            print("There is none yet.")

    run(work)


@command(group, "remove")
def remove(
    *, alias_id: Annotated[int, typer.Argument(metavar="ID", help="As `leadback alias list` shows it.")]
) -> None:
    """Forget an alias: the very next call with its words fails. What it brought in stays, under our names."""

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.transaction(network_id) as connection:
            alias = await remove_alias(connection, network_id, alias_id, actor=COMMAND_LINE, now=now())
            names = {item.buyer_id: item.name for item in await list_buyers(connection, network_id)}
        say(f"The alias of {words_of(alias, names)} is removed.")

    run(work)
