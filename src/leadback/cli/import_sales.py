"""`leadback import`: bring in what was sold elsewhere."""

import gc
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from leadback.cli.output import Format, FormatOption, print_json, say
from leadback.cli.session import EXIT_FINDINGS, Session, command, run
from leadback.feeds.import_sales import FileImport, import_sales_file
from leadback.kit.errors import Refused
from leadback.leads.failed_model import Verdict
from leadback.leads.ingest_model import IngestOptions

GARBAGE_OBJECTS: Final = 100_000

group = typer.Typer(name="import", help="Bring in sales from a file.", no_args_is_help=True)


@group.callback()
def _keep_the_group() -> None:
    """Bring in sales from a file."""


@command(group, "sales")
def import_sales(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="UTF-8, a header, separated by , ; or tabs.")],
    renamed: Annotated[
        list[str] | None, typer.Option("--map", metavar="THEIRS=OURS", help="Rename a column; may be repeated.")
    ] = None,
    constants: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="OURS=VALUE", help="Give every row the same value; may be repeated."),
    ] = None,
    create_missing: Annotated[
        bool,
        typer.Option(
            "--create-missing",
            help="Create verticals, offers, affiliates, campaigns, buyers and contracts that do not exist.",
        ),
    ] = False,
    correct: Annotated[
        bool, typer.Option("--correct", help="Where a row differs from what is stored, take the row's values.")
    ] = False,
    output_format: FormatOption = Format.TEXT,
) -> None:
    """Import sales from a CSV file; rejected rows go to FILE.rejected.csv, the rest goes in.

    Importing a file again skips what is in already. Exit code 1: some rows were rejected.
    """
    options = IngestOptions(create_missing=create_missing, correct=correct)
    ours_by_theirs, values = _pairs("--map", renamed), _pairs("--set", constants)

    # Thousands of rows live at once and none in a circle: looking for circles among them takes a tenth of the time.
    gc.set_threshold(GARBAGE_OBJECTS)

    async def work(session: Session) -> int | None:
        network_id = await session.network_id()
        with _progress() as progress:
            task = progress.add_task(file.name, total=None)
            done = await import_sales_file(
                session.database,
                network_id,
                file,
                options,
                renamed=ours_by_theirs,
                constants=values,
                report_progress=lambda position, size: progress.update(task, completed=position, total=size),
            )
        _say_what_was_done(done)
        if output_format is Format.JSON:
            rejected_file = None if done.rejected_path is None else str(done.rejected_path)
            run_id = None if done.rerun is None else done.rerun.run_id
            print_json(msgspec.structs.asdict(done.summary) | {"rejected_file": rejected_file, "run_id": run_id})
        return EXIT_FINDINGS if done.summary.rejected else None

    run(work)


def _pairs(option: str, given: Sequence[str] | None) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in given or ():
        left, equals, right = (part.strip() for part in text.partition("="))
        if not (left and equals and right):
            raise Refused(
                f"{option} {text!r} is not of the form {'THEIRS=OURS' if option == '--map' else 'OURS=VALUE'}."
            )
        if left in pairs:
            raise Refused(f"{option} names {left!r} twice.")
        pairs[left] = right
    return pairs


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _say_what_was_done(done: FileImport) -> None:
    summary = done.summary
    say(
        f"{summary.rows} rows: {summary.imported} imported, {summary.skipped} skipped (in already),"
        f" {summary.corrected} corrected, {summary.rejected} rejected."
    )
    if summary.created:
        created = ", ".join(f"{kind.replace('_', ' ')}s {count}" for kind, count in summary.created.items())
        say(f"Created: {created}.")
    _say_what_had_waited(done)
    if done.rejected_path is not None:
        say(f"The rejected rows and their reasons are in {done.rejected_path}.")


def _say_what_had_waited(done: FileImport) -> None:
    """Updates that came before their sale: what was done with them, or the command that does it."""
    if (again := done.rerun) is not None and again.effects:
        applied, not_applied = again.count(Verdict.APPLY), len(again.effects) - again.count(Verdict.APPLY)
        say(f"{len(again.effects)} failed updates had waited for their sales: {applied} applied, {not_applied} not.")
        if again.run_id is not None:
            say(f"That was run {again.run_id}; to take it back: leadback undo {again.run_id} --apply")
        if not_applied:
            say("Why the others were not: leadback failed-updates rerun --waiting")
    elif done.summary.waiting_updates and done.rerun is None:
        say(f"{done.summary.waiting_updates} failed updates had waited for these sales and can be run again.")
        if done.rerun_refused is not None:
            say(done.rerun_refused)
        say("What that would do: leadback failed-updates rerun --waiting")
        say("To do it: leadback failed-updates rerun --waiting --apply")
