"""`leadback undo`: take back a run as a whole."""

from typing import Annotated

import typer

from leadback.catalog.queries import read_catalog
from leadback.cli.output import Format, FormatOption, print_json, say
from leadback.cli.session import Session, command, run
from leadback.kit.clock import now
from leadback.leads.differences import differences, words_of
from leadback.leads.undo import preview_undo, told_moved, undo_run
from leadback.networks.model import COMMAND_LINE

group = typer.Typer()


@command(group, "undo")
def undo(
    *,
    run_id: Annotated[int, typer.Argument(metavar="RUN", help="As `leadback list runs` shows it.")],
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without it, only say what would be done.")] = False,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Take back a run: every sale stands as before, and the failed updates are open again; by default only say so.

    All of it, or nothing: a sale that was changed since refuses the whole. Runs upon each other go back the last first.
    """

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        opened = session.database.transaction if apply else session.database.snapshot
        async with opened(network_id) as connection:
            if apply:
                done = await undo_run(connection, network_id, run_id, actor=COMMAND_LINE, now=now())
            else:
                done = await preview_undo(connection, network_id, run_id, now=now())
            catalog = await read_catalog(connection, network_id)
        told = [(change.before, differences(change, catalog)) for change in done.changes]
        moved = {sale.sale_id for sale in done.moved}
        if format is Format.JSON:
            sales = [
                {
                    "sale_id": sale.sale_id,
                    "lead_id": sale.lead_id,
                    "changes": changes,
                    "changed_since": sale.sale_id in moved,
                }
                for sale, changes in told
            ]
            print_json({"run_id": done.run_id, "undoes_run_id": run_id, "sales": sales})
        else:
            for sale, changes in told:
                print(f"{sale.sale_id}  lead {sale.lead_id}: {words_of(changes) or 'no change'}")
        if done.run_id is not None:
            say(f"Run {run_id} is undone by run {done.run_id}.")
        elif done.moved:
            say(f"Run {run_id} cannot be undone: {told_moved(done.moved)}.")
        else:
            say(f"Nothing was done yet. With --apply run {run_id} is taken back.")

    run(work)
