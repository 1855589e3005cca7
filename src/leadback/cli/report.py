"""`leadback report …`: what became of the leads, as a table or as JSON."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.own_ratio_queries import read_own_ratios
from leadback.catalog.queries import read_catalog
from leadback.cli import report_lead_status
from leadback.cli.choices import parse_moment
from leadback.cli.export import OutputOption, TableFormat, TableFormatOption, chosen_format, export, export_json
from leadback.cli.report_buyers import print_buyer_reporting
from leadback.cli.report_detail import print_lead_detail
from leadback.cli.report_options import (
    ColumnOption,
    FilterOption,
    FromOption,
    ShowChangesOption,
    ToOption,
    days_sold,
    parse_day,
)
from leadback.cli.session import Session, command, run
from leadback.kit.errors import Refused
from leadback.kit.tabular import one_batch
from leadback.networks.model import Network
from leadback.networks.queries import read_network
from leadback.reports.filter import parse_condition
from leadback.reports.lead_status import lead_status
from leadback.reports.lead_status_ratios import INDEX
from leadback.reports.lead_status_rows import as_document
from leadback.reports.lead_status_table import lead_status_table
from leadback.reports.lead_status_updates import lead_status_updates, updates_document
from leadback.reports.lead_status_updates_model import LeadStatusUpdatesQuery, Moment
from leadback.reports.lead_status_updates_table import lead_status_updates_table
from leadback.reports.model import Dimension, LeadStatusQuery
from leadback.reports.own_ratios import all_ratios_of

group = typer.Typer(name="report", help="What became of the leads, in numbers.", no_args_is_help=True)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for, whatever the report is found by, and what to make of it."""

    given: dict[str, Any]
    form: TableFormat
    output: Path | None
    columns: tuple[str, ...] = ()


@command(group, "lead-status")
def print_lead_status(  # noqa: PLR0913 - an option is an argument
    *,
    sold_from: FromOption = None,
    sold_to: ToOption = None,
    by: Annotated[
        str, typer.Option(metavar="DIMENSION[,DIMENSION]", help=f"Rows: one or two of {', '.join(Dimension)}.")
    ] = Dimension.CAMPAIGN,
    show_changes: ShowChangesOption = False,
    show_sub_status: Annotated[
        bool, typer.Option("--show-sub-status", help="Count sales with a sub-status only, and open the statuses.")
    ] = False,
    conditions: FilterOption = None,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="MOMENT", help="As it would have shown at this moment, in the network's time zone."),
    ] = None,
    by_date_updated: Annotated[
        Moment | None,
        typer.Option(help="Sales that entered each status from --from to --to, whenever they were sold."),
    ] = None,
    columns: ColumnOption = None,
    output_format: TableFormatOption = None,
    output: OutputOption = None,
) -> None:
    """Sales by status, revenue, payout and returns; found by the day they were sold in the network's time zone."""
    if as_of is not None and by_date_updated is not None:
        raise Refused("--as-of and --by-date-updated are two reports; give one of them.")
    asked = Asked(
        given={
            "by": _dimensions(by),
            "show_changes": show_changes,
            "show_sub_status": show_sub_status,
            "conditions": tuple(parse_condition(text) for text in conditions or []),
        },
        form=chosen_format(output_format, output),
        output=output,
        columns=tuple(dict.fromkeys(columns or ())),
    )
    if by_date_updated is not None and columns:
        raise Refused("--by-date-updated shows all of its columns; leave --column away.")
    first, last = parse_day(sold_from), parse_day(sold_to)

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.snapshot(network_id) as connection:
            network = await read_network(connection, network_id)
            moment = None if as_of is None else parse_moment("--as-of", as_of, network.zone)
            days = days_sold(first, last, network, moment)
            if by_date_updated is None:
                await _lead_status(connection, network, asked, days, moment)
            else:
                await _updates(connection, network, asked, days, by_date_updated)

    run(work)


command(group, "lead-detail")(print_lead_detail)
command(group, "buyer-reporting")(print_buyer_reporting)


async def _lead_status(
    connection: AsyncConnection, network: Network, asked: Asked, days: tuple[date, date], as_of: datetime | None
) -> None:
    all_columns = not asked.columns and asked.form is not TableFormat.TEXT
    query = LeadStatusQuery(
        sold_from=days[0], sold_to=days[1], as_of=as_of, with_index=all_columns or INDEX in asked.columns, **asked.given
    )
    report = await lead_status(connection, network, query)
    if asked.form is TableFormat.TEXT and not asked.columns:
        report_lead_status.print_lead_status(report, query, network)
        return
    own_ratios = await read_own_ratios(connection, network.network_id)
    ratios = all_ratios_of(report.totals, await read_catalog(connection, network.network_id), own_ratios.values())
    if asked.form is TableFormat.JSON and not asked.columns:
        export_json(as_document(report, ratios), asked.output)
        return
    table, rows = lead_status_table(report, opened=query.show_sub_status, ratios=ratios, chosen=asked.columns)
    if asked.form is TableFormat.TEXT:
        report_lead_status.print_chosen(report, query, network, (table, rows))
    else:
        await export(asked.form, table, one_batch(rows), asked.output)


async def _updates(
    connection: AsyncConnection, network: Network, asked: Asked, days: tuple[date, date], moment: Moment
) -> None:
    query = LeadStatusUpdatesQuery(updated_from=days[0], updated_to=days[1], moment=moment, **asked.given)
    report = await lead_status_updates(connection, network, query)
    if asked.form is TableFormat.TEXT:
        report_lead_status.print_lead_status_updates(report, query, network)
    elif asked.form is TableFormat.JSON:
        export_json(updates_document(report), asked.output)
    else:
        table, rows = lead_status_updates_table(report, opened=query.show_sub_status)
        await export(asked.form, table, one_batch(rows), asked.output)


def _dimensions(text: str) -> tuple[Dimension, ...]:
    known = [str(dimension) for dimension in Dimension]
    names = text.split(",")
    for name in names:
        if name not in known:
            raise Refused(
                f"There is no dimension {name!r}. There are: {', '.join(known)}; two are separated by a comma."
            )
    return tuple(Dimension(name) for name in names)
