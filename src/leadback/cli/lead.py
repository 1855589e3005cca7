"""`leadback lead …`: what became of one lead, and putting it right."""

import sys
from typing import Annotated

import typer
from rich.console import Console

from leadback.cli.correct import correct_sale
from leadback.cli.lead_story import tell
from leadback.cli.output import Format, FormatOption, print_json
from leadback.cli.session import Session, command, run
from leadback.networks.queries import read_network
from leadback.reports.lead_history import read_lead_history

group = typer.Typer(help="What became of one lead, and putting it right.", no_args_is_help=True)

command(group, "correct")(correct_sale)


@command(group, "show")
def show(
    lead_id: Annotated[str, typer.Argument(metavar="LEAD_ID", help="In any case.")],
    *,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """The lead, its sales, and every step of each with who took it, when, and what it changed."""

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.snapshot(network_id) as connection:
            network = await read_network(connection, network_id)
            history = await read_lead_history(connection, network_id, lead_id)
        if format is Format.JSON:
            print_json(history)
            return
        console = Console(file=sys.stdout)
        for line in tell(history, network):
            # Into a file or a pipe a line stays a line.
            console.print(line, soft_wrap=not console.is_terminal, highlight=False)

    run(work)
