"""`leadback failed-updates …`: calls of buyers that changed nothing, why, and running them again."""

import shlex
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.model import Catalog
from leadback.catalog.queries import read_catalog
from leadback.cli.choices import named, parse_moment
from leadback.cli.output import Format, FormatOption, print_json, say
from leadback.cli.session import Session, callback, command, run
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.leads.differences import differences, words_of
from leadback.leads.failed_model import Effect, FailedSelection, Rerun, RerunOptions, Verdict
from leadback.leads.model import Message
from leadback.leads.rerun import apply_failed, preview_rerun, rerun
from leadback.leads.run import RUN_CALLS_MAX
from leadback.networks.model import COMMAND_LINE, Network
from leadback.networks.queries import read_network
from leadback.parties.queries import list_buyers
from leadback.reports.failed_updates import FailedGroup, ListedFailed, check_reason, group_failed, page_failed

group = typer.Typer()

PAGE_ROWS: Final = 50


class State(StrEnum):
    """Whether a run has applied a failed update."""

    OPEN = "open"
    RESOLVED = "resolved"
    ALL = "all"


BuyerFilter = Annotated[str | None, typer.Option("--buyer", metavar="NAME", help="This buyer's alone.")]
ReasonFilter = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="With this message, such as 'Invalid Lead Status'.")
]
SinceFilter = Annotated[
    str | None, typer.Option("--since", metavar="MOMENT", help="Received from then on, such as 2026-12-31T18:00.")
]
IdFilter = Annotated[
    list[int] | None, typer.Option("--id", metavar="ID", help="As the list shows it; may be repeated.")
]
TestsFilter = Annotated[bool, typer.Option("--tests", help="Calls on test leads as well.")]


@callback(group)
def summary(
    context: typer.Context,
    *,
    buyer: BuyerFilter = None,
    reason: ReasonFilter = None,
    since: SinceFilter = None,
    tests: TestsFilter = False,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Updates that failed and that no run has applied since, by buyer and reason, with what was sent most often.

    An alias makes a buyer's own word understood; running the calls again then applies them.
    """
    if context.invoked_subcommand is not None:
        # They would be read, and then mean nothing.
        if any(context.params[name] is not None for name in ("buyer", "reason", "since", "data_dir")) or tests:
            raise Refused("Options stand behind the command, as in leadback failed-updates list --buyer NAME.")
        return

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.snapshot(network_id) as connection:
            network = await read_network(connection, network_id)
            selection = await _selection(
                connection, network, FailedSelection(tests=tests), buyer=buyer, reason=reason, since=since
            )
            groups = await group_failed(connection, network_id, selection, now())
        if format is Format.JSON:
            print_json(groups)
            return
        if not groups:
            print("There is none.")
            return
        for item in groups:
            print(_group_text(item, network))
        for hint in _hints(groups):
            say(hint)

    run(work)


@command(group, "list")
def list_(  # noqa: PLR0913 - one for each option
    *,
    buyer: BuyerFilter = None,
    reason: ReasonFilter = None,
    since: SinceFilter = None,
    failed_update_id: IdFilter = None,
    tests: TestsFilter = False,
    state: Annotated[State, typer.Option(help="Whether a run has applied them.")] = State.OPEN,
    limit: Annotated[int, typer.Option(help="How many, 1 to 1000.")] = PAGE_ROWS,
    before: Annotated[
        int | None, typer.Option(metavar="ID", help="The next page: those before the last of this one.")
    ] = None,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Each failed update with what was sent and what was wrong, the newest first."""
    chosen = FailedSelection(
        ids=_ids(failed_update_id), tests=tests, resolved=None if state is State.ALL else state is State.RESOLVED
    )

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.snapshot(network_id) as connection:
            network = await read_network(connection, network_id)
            selection = await _selection(connection, network, chosen, buyer=buyer, reason=reason, since=since)
            page = await page_failed(connection, network_id, selection, now(), rows_max=limit, before_id=before)
        if format is Format.JSON:
            print_json(page)
            return
        if not page.rows:
            print("There is none.")
            return
        for item in page.rows:
            print(_listed_text(item, network))
        if page.next_before_id is not None:
            say(f"There are more: --before {page.next_before_id}")

    run(work)


@command(group, "rerun")
def rerun_(  # noqa: PLR0913 - one for each option
    *,
    buyer: BuyerFilter = None,
    reason: ReasonFilter = None,
    since: SinceFilter = None,
    failed_update_id: IdFilter = None,
    tests: TestsFilter = False,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Those that came before their sale, which is there now.")
    ] = False,
    with_amounts: Annotated[
        bool,
        typer.Option("--with-amounts", help="Add what calls add to the revenue; by default that is left out."),
    ] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without it, only say what would be done.")] = False,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Run failed updates again with the catalog as it is now; by default only say what would become of each.

    What the buyer reported since, or an operator corrected, is left alone. With --apply all of it is one run, done in
    one transaction: interrupted, nothing is done. A run takes the 10,000 oldest. `leadback undo` takes it back.
    """
    chosen = FailedSelection(ids=_ids(failed_update_id), tests=tests, waiting=waiting)
    options = RerunOptions(with_amounts=with_amounts)

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        opened = session.database.transaction if apply else session.database.snapshot
        async with opened(network_id) as connection:
            network = await read_network(connection, network_id)
            selection = await _selection(connection, network, chosen, buyer=buyer, reason=reason, since=since)
            if apply:
                done = await rerun(connection, network_id, selection, options, actor=COMMAND_LINE, now=now())
            else:
                done = await preview_rerun(connection, network_id, selection, options, now=now())
            catalog = await read_catalog(connection, network_id)
        show_rerun(done, catalog, format, applied=apply)

    run(work)


@command(group, "apply")
def apply_(
    *,
    failed_update_id: Annotated[int, typer.Argument(metavar="ID", help="As the list shows it.")],
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Apply one failed update, its amount included, whatever was reported since: a repeat that was none, say.

    It is a run of its own, which `leadback undo` takes back.
    """

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.transaction(network_id) as connection:
            done = await apply_failed(connection, network_id, failed_update_id, actor=COMMAND_LINE, now=now())
            catalog = await read_catalog(connection, network_id)
        show_rerun(done, catalog, format, applied=True)

    run(work)


def show_rerun(done: Rerun, catalog: Catalog, format: Format, *, applied: bool) -> None:  # noqa: A002 - as the option is called
    """What running failed updates again did, or would do."""
    counts = {str(verdict): done.count(verdict) for verdict in Verdict}
    if format is Format.JSON:
        effects = [_effect_document(effect, catalog) for effect in done.effects]
        print_json({"run_id": done.run_id, "is_all": done.is_all, "counts": counts, "effects": effects})
    elif done.effects:
        for effect in done.effects:
            print(_effect_text(effect, catalog))
    else:
        print("There is none to run again.")
    if not done.is_all:
        say(f"A run takes {RUN_CALLS_MAX} failed updates, the oldest; there are more for another.")
    told = f"{counts['apply']} applied, {counts['skip']} skipped, {counts['fail']} failed."
    if done.run_id is not None:
        say(f"Run {done.run_id}: {told} To take it back: leadback undo {done.run_id} --apply")
    elif applied:
        say(f"Nothing was done: {told}")
    elif counts["apply"]:
        say(f"Nothing was done yet. With --apply: {told}")


def _ids(given: list[int] | None) -> frozenset[int] | None:
    return frozenset(given) if given else None


async def _selection(
    connection: AsyncConnection,
    network: Network,
    chosen: FailedSelection,
    *,
    buyer: str | None,
    reason: str | None,
    since: str | None,
) -> FailedSelection:
    """What is chosen, narrowed to what the options that need a look at the network mean."""
    if reason is not None:
        await check_reason(connection, network.network_id, reason)
    buyer_id = None
    if buyer is not None:
        buyer_id = named("buyer", buyer, await list_buyers(connection, network.network_id)).buyer_id
    return msgspec.structs.replace(
        chosen,
        buyer_id=buyer_id,
        reason=reason,
        since=None if since is None else parse_moment("--since", since, network.zone),
    )


def _group_text(item: FailedGroup, network: Network) -> str:
    first, last = (_local(moment, network) for moment in (item.first_at, item.last_at))
    lines = [f"{item.buyer}: {item.reason}, {item.calls:,} calls from {first} to {last}"]
    if item.sent:
        lines.append("sent most often: " + ", ".join(f"{text.text!r} {text.calls:,}" for text in item.sent))
    lines.append(f"{item.waiting:,} wait for their sale; {item.rerunnable:,} can be run again")
    return "\n    ".join(lines)


def _listed_text(item: ListedFailed, network: Network) -> str:
    state = "open" if item.resolved_at is None else f"settled by run {item.run_id}"
    if item.resolved_at is None and item.waiting_until is not None and item.waiting_until > now():
        state = f"waits until {_local(item.waiting_until, network)}"
    origin = item.channel if item.address is None else f"{item.channel} from {item.address}"
    return "\n    ".join(
        [
            f"{item.failed_update_id}  {_local(item.received_at, network)}  {item.buyer}  lead {item.lead_id}  {state}",
            f"{item.reason}: {item.detail}",
            _sent(item.parameters) or "nothing was sent",
            f"{item.operation} by {origin}, request {item.request_id}",
        ]
    )


def _effect_text(effect: Effect, catalog: Catalog) -> str:
    what = effect.text
    if effect.change is not None:
        what = words_of(differences(effect.change, catalog)) or "no change"
        if effect.change.flags:
            what += f" ({', '.join(effect.change.flags)})"
        if effect.amount_left_out is not None:
            what += f"; left out: adds {effect.amount_left_out} (--with-amounts)"
    failed = effect.failed
    return f"{failed.failed_update_id}  lead {failed.lead_id}  {effect.verdict}: {what}"


def _effect_document(effect: Effect, catalog: Catalog) -> dict[str, Any]:
    failed, change = effect.failed, effect.change
    return {
        "failed_update_id": failed.failed_update_id,
        "buyer_id": failed.buyer_id,
        "lead_id": failed.lead_id,
        "sale_id": failed.sale_id if change is None else change.before.sale_id,
        "received_at": failed.received_at,
        "reason": failed.reason,
        "verdict": effect.verdict,
        "text": effect.text,
        "changes": {} if change is None else differences(change, catalog),
        "flags": () if change is None else change.flags,
        "amount_left_out": effect.amount_left_out,
    }


def _hints(groups: Iterable[FailedGroup]) -> Iterable[str]:
    """What makes the commonest word understood, for the first group that an alias can help."""
    options = {Message.INVALID_LEAD_STATUS: "status", Message.INVALID_LEAD_FIELD: "field"}
    for item in groups:
        option = next((option for message, option in options.items() if message == item.reason), None)
        if option is not None and item.sent and item.sent[0].text.strip():
            words = shlex.join(["--buyer", item.buyer, f"--{option}", item.sent[0].text])
            yield f"To have a word understood: leadback alias add {words} --as-{option} NAME"
            yield "Then, to run these calls again: leadback failed-updates rerun"
            return


def _sent(parameters: dict[str, str]) -> str:
    """What was sent, without what says nothing."""
    return " ".join(f"{name}={text}" for name, text in parameters.items() if text and name != "lead_id")


def _local(moment: datetime, network: Network) -> str:
    return f"{network.local(moment):%Y-%m-%d %H:%M}"
