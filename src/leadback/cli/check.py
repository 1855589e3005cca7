"""`leadback check`: everything worked out again from ledger and sales, and compared."""

import time
from typing import Annotated

import msgspec
import typer

from leadback.cli.output import Format, FormatOption, print_json
from leadback.cli.session import EXIT_FINDINGS, Session, command, run
from leadback.kit.clock import now
from leadback.leads.check import check
from leadback.leads.check_model import Checked, Difference

group = typer.Typer()


@command(group, "check")
def check_network(
    *,
    differences_max: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="How many differences are listed; all of them are counted.")
    ] = 100,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Work everything out again from ledger and sales, while updates go on, and list what differs.

    Every sale must be what its ledger leads to, every hash that of its row, every number of the reports the sum of its
    sales. Exit code 1 where anything differs.
    """

    async def work(session: Session) -> int | None:
        network_id = await session.network_id()
        started = time.monotonic()
        async with session.database.snapshot(network_id) as connection:
            checked = await check(connection, network_id, today=now().date(), differences_max=differences_max)
        seconds = time.monotonic() - started
        if format is Format.JSON:
            print_json(msgspec.structs.asdict(checked) | {"seconds": round(seconds, 3)})
        else:
            _print(checked, seconds)
        return EXIT_FINDINGS if checked.difference_count else None

    run(work)


def _print(checked: Checked, seconds: float) -> None:
    for difference in checked.differences:
        print(_told(difference))
    unlisted = checked.difference_count - len(checked.differences)
    if unlisted:
        print(f"… and {unlisted} more; --differences-max lists more of them.")
    found = f"{checked.difference_count} differences" if checked.difference_count else "no difference"
    print(
        f"Checked {checked.sales} sales, {checked.ledger_rows} ledger rows and {checked.rollup_cells} report cells"
        f" in {seconds:.1f} s: {found}."
    )


def _told(difference: Difference) -> str:
    places = [
        *([f"lead {difference.lead_id}"] if difference.lead_id is not None else []),
        *([f"sale {difference.sale_id}"] if difference.sale_id is not None else []),
        *([f"version {difference.version}"] if difference.version is not None else []),
        *([difference.place] if difference.place else []),
    ]
    expected, found = ("nothing" if text is None else text for text in (difference.expected, difference.found))
    return f"{', '.join(places) or 'network'}: {difference.what} should be {expected}, is {found}"
