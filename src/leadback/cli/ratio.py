"""`leadback ratio …`: the columns of the Lead Status report that a network defines itself."""

from typing import Annotated

import msgspec
import typer

from leadback.catalog.own_ratio_model import ShownAs
from leadback.catalog.own_ratio_queries import read_own_ratios
from leadback.catalog.own_ratio_rules import in_words
from leadback.catalog.own_ratios import Written, create_own_ratio, remove_own_ratio
from leadback.catalog.queries import read_catalog
from leadback.cli.output import Format, FormatOption, print_json, print_table, say
from leadback.cli.session import Session, command, run
from leadback.kit.clock import now
from leadback.networks.model import COMMAND_LINE

group = typer.Typer(help="Own ratios: columns of the Lead Status report.", no_args_is_help=True)

COLUMNS = ("own_ratio_id", "label", "computed")


@command(group, "add")
def add(
    *,
    label: Annotated[str, typer.Option(metavar="TEXT", help="As the report heads its column.")],
    numerator: Annotated[
        str,
        typer.Option(metavar="NUMBER", help="A number of the report: sales, funded, revenue, status:ID, field:ID …"),
    ],
    denominator: Annotated[str, typer.Option(metavar="NUMBER", help="What it is divided by.")] = "sales",
    shown_as: Annotated[ShownAs, typer.Option(help="An amount has 2 decimals.")] = ShownAs.PERCENT,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Define a ratio of two numbers that the report sums up; a wrong one is refused with a list of all."""
    written = Written(label=label, numerator=numerator, denominator=denominator, shown_as=shown_as)

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.transaction(network_id) as connection:
            made = await create_own_ratio(connection, network_id, written, actor=COMMAND_LINE, now=now())
        if format is Format.JSON:
            print_json({"own_ratio_id": made} | msgspec.to_builtins(written))
        say(f"The ratio has the id {made}.")

    run(work)


@command(group, "list")
def list_(
    *,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Every own ratio and how it is computed."""

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.snapshot(network_id) as connection:
            catalog = await read_catalog(connection, network_id)
            ratios = (await read_own_ratios(connection, network_id)).values()
        if format is Format.JSON:
            print_json([msgspec.to_builtins(ratio) | {"computed": in_words(ratio, catalog)} for ratio in ratios])
        elif ratios:
            print_table(COLUMNS, [[ratio.own_ratio_id, ratio.label, in_words(ratio, catalog)] for ratio in ratios])
        else:
            print("There is none yet.")

    run(work)


@command(group, "remove")
def remove(
    *, own_ratio_id: Annotated[int, typer.Argument(metavar="ID", help="As `leadback ratio list` shows it.")]
) -> None:
    """Remove a ratio from the report; the numbers it is made of stay."""

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.transaction(network_id) as connection:
            removed = await remove_own_ratio(connection, network_id, own_ratio_id, actor=COMMAND_LINE, now=now())
        say(f"The ratio {removed.label} is removed.")

    run(work)
