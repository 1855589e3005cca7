"""`leadback vertical …`: the trades that leads belong to."""

from typing import Annotated

import typer

from leadback.cli.output import Format, FormatOption, print_json, say
from leadback.cli.session import Session, command, run
from leadback.kit.clock import now
from leadback.networks.model import COMMAND_LINE
from leadback.parties.actions import create_vertical

group = typer.Typer(help="The trades that leads belong to.", no_args_is_help=True)


@command(group, "create")
def create(
    *,
    name: Annotated[str, typer.Option(help="1 to 100 characters, unique.")],
    vertical_id: Annotated[int | None, typer.Option(help="An id you already use; default: the next.")] = None,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """A new vertical. The import of sales and the catalog make those they name by themselves."""

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.transaction(network_id) as connection:
            made = await create_vertical(
                connection, network_id, name=name, vertical_id=vertical_id, actor=COMMAND_LINE, now=now()
            )
        if format is Format.JSON:
            print_json({"vertical_id": made, "name": name})
        say(f"The vertical {name!r} has the id {made}.")

    run(work)
