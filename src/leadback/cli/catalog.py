"""`leadback catalog …`: the vocabulary in which buyers report, as a file."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from leadback.catalog.apply import apply_plan, plan_vocabulary
from leadback.catalog.export import export_vocabulary
from leadback.catalog.plan import Plan
from leadback.catalog.queries import read_catalog
from leadback.catalog.vocabulary import read_vocabulary, write_vocabulary
from leadback.cli.output import Format, FormatOption, print_json, say
from leadback.cli.session import Session, command, run
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.networks.model import COMMAND_LINE
from leadback.parties.queries import list_buyers, list_verticals

group = typer.Typer(help="Statuses, sub-statuses, fields, return reasons and aliases, as a file.", no_args_is_help=True)


@command(group, "apply")
def apply(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="As `leadback catalog export` writes it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would change.")] = False,
    deactivate_missing: Annotated[
        bool, typer.Option("--deactivate-missing", help="Deactivate what the file does not have.")
    ] = False,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Bring the catalog to what the file says, all or nothing; what the file does not say stays as it is.

    The order in the file is the order of the report's columns. `was = "Old name"` renames, `active = false`
    deactivates, `id = 7` gives the id to a new entry. Verticals that do not exist yet are made.
    """
    try:
        vocabulary = read_vocabulary(file.read_bytes())
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}") from error

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.transaction(network_id) as connection:
            plan = await plan_vocabulary(connection, network_id, vocabulary, deactivate_missing=deactivate_missing)
        # Printed outside any transaction: whoever reads slowly holds up no update.
        _show(plan, format, dry_run=dry_run)
        if dry_run or not plan.lines:
            return
        async with session.database.transaction(network_id) as connection:
            again = await plan_vocabulary(connection, network_id, vocabulary, deactivate_missing=deactivate_missing)
            if again != plan:
                raise Refused("The catalog was changed by somebody else at this moment; nothing was applied.")
            await apply_plan(connection, network_id, plan, actor=COMMAND_LINE, now=now())

    run(work)


@command(group, "export")
def export(
    *,
    output: Annotated[Path | None, typer.Option(help="The file to write; default: standard output.")] = None,
) -> None:
    """The whole catalog with its ids, as `leadback catalog apply` reads it."""

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.snapshot(network_id) as connection:
            vocabulary = export_vocabulary(
                await read_catalog(connection, network_id),
                await list_verticals(connection, network_id),
                await list_buyers(connection, network_id),
            )
        text = write_vocabulary(vocabulary)
        if output is None:
            sys.stdout.write(text)
            return
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise Refused(f"{output} cannot be written: {error.strerror}") from error

    run(work)


def _show(plan: Plan, format: Format, *, dry_run: bool) -> None:  # noqa: A002 - as the option is called
    for note in plan.notes:
        say(f"Note: {note}")
    if format is Format.JSON:
        applied = bool(plan.lines) and not dry_run
        print_json({"changes": plan.lines, "notes": plan.notes, "applied": applied})
        return
    for line in plan.lines:
        print(line)
    if not plan.lines:
        say("Nothing to change.")
