"""`leadback report …`: what became of the leads, as a table or as JSON."""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Annotated

import typer

from leadback.cli.export import OutputOption, TableFormat, TableFormatOption, chosen_format, export, export_json
from leadback.cli.report_detail import print_lead_detail
from leadback.cli.report_options import (
    FilterOption,
    FromOption,
    ShowChangesOption,
    ToOption,
    days_sold,
    heading,
    parse_day,
)
from leadback.cli.report_table import Column, print_columns
from leadback.cli.session import Session, command, run
from leadback.kit.errors import Refused
from leadback.kit.tabular import one_batch
from leadback.networks.model import Network
from leadback.networks.queries import read_network
from leadback.reports.filter import parse_condition
from leadback.reports.lead_status import lead_status
from leadback.reports.lead_status_rows import as_document
from leadback.reports.lead_status_table import lead_status_table
from leadback.reports.model import Dimension, LeadStatusNumbers, LeadStatusQuery, LeadStatusReport

group = typer.Typer(name="report", help="What became of the leads, in numbers.", no_args_is_help=True)


@command(group, "lead-status")
def print_lead_status(
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
    output_format: TableFormatOption = None,
    output: OutputOption = None,
) -> None:
    """Sales by status, revenue, payout and returns; found by the day they were sold in the network's time zone."""
    form = chosen_format(output_format, output)
    dimensions = _dimensions(by)
    parsed = tuple(parse_condition(text) for text in conditions or [])
    first, last = parse_day(sold_from), parse_day(sold_to)

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.snapshot(network_id) as connection:
            network = await read_network(connection, network_id)
            begin, end = days_sold(first, last, network)
            query = LeadStatusQuery(
                sold_from=begin,
                sold_to=end,
                by=dimensions,
                show_changes=show_changes,
                show_sub_status=show_sub_status,
                conditions=parsed,
            )
            report = await lead_status(connection, network, query)
        if form is TableFormat.TEXT:
            _print_report(report, query, network, conditions or [])
        elif form is TableFormat.JSON:
            export_json(as_document(report), output)
        else:
            table, rows = lead_status_table(report, opened=show_sub_status)
            await export(form, table, one_batch(rows), output)

    run(work)


command(group, "lead-detail")(print_lead_detail)


def _dimensions(text: str) -> tuple[Dimension, ...]:
    known = [str(dimension) for dimension in Dimension]
    names = text.split(",")
    for name in names:
        if name not in known:
            raise Refused(
                f"There is no dimension {name!r}. There are: {', '.join(known)}; two are separated by a comma."
            )
    return tuple(Dimension(name) for name in names)


def _print_report(report: LeadStatusReport, query: LeadStatusQuery, network: Network, conditions: list[str]) -> None:
    by = " and ".join(dimension.replace("_", " ") for dimension in report.by)
    lines = heading(f"Lead Status by {by}", (report.sold_from, report.sold_to), network, conditions)
    if query.show_changes:
        lines.append("Updated sales only")
    if query.show_sub_status:
        lines.append("Sales with a sub-status only")
    numbers = list(_number_columns(report, opened=query.show_sub_status))
    print_columns(lines, _key_columns(report), numbers, totals_first=True)


def _key_columns(report: LeadStatusReport) -> list[Column]:
    names = dict.fromkeys(str(dimension) for dimension in report.by)
    if Dimension.SUB_ID in report.by:
        names["affiliate"] = None
    columns = []
    for place, name in enumerate(names):
        words = name.replace("_", " ")
        ids = {(row.key[name], row.key.get(f"{name}_id")) for row in report.rows}
        shared = Counter(called for called, _ in ids)
        texts = []
        for row in report.rows:
            called = row.key[name] or f"(no {words})"
            # Two affiliates may each have a campaign "Search".
            texts.append(f"{called} ({row.key[f'{name}_id']})" if shared[row.key[name]] > 1 else str(called))
        columns.append(Column(words.capitalize(), ["Total" if place == 0 else "", *texts], right=False))
    return columns


def _number_columns(report: LeadStatusReport, *, opened: bool) -> Iterable[Column]:
    all_numbers = [report.totals, *(row.numbers for row in report.rows)]
    if report.totals.leads is not None:
        yield Column("Leads", [f"{numbers.leads:,}" for numbers in all_numbers])
    yield Column("Sales", [f"{numbers.sales:,}" for numbers in all_numbers])
    yield _shares("Updated", all_numbers, [numbers.updated for numbers in all_numbers])
    for name, total in report.totals.statuses.items():
        yield _shares(name, all_numbers, [numbers.statuses[name].sales for numbers in all_numbers])
        for sub_name in total.sub_statuses if opened else ():
            counts = [numbers.statuses[name].sub_statuses.get(sub_name, 0) for numbers in all_numbers]
            yield _shares(f"{name}: {sub_name}", all_numbers, counts)
    yield _shares("No status", all_numbers, [numbers.no_status for numbers in all_numbers])
    yield from _money_columns(all_numbers)
    for part in ("returns", "reached"):
        for name in getattr(report.totals, part).__struct_fields__:
            counts = [getattr(getattr(numbers, part), name) for numbers in all_numbers]
            if any(counts):
                yield _shares(f"{part.capitalize()}: {name}", all_numbers, counts)


def _money_columns(all_numbers: Sequence[LeadStatusNumbers]) -> Iterable[Column]:
    for name in all_numbers[0].fields:
        for summary in all_numbers[0].fields[name]:
            values = [numbers.fields[name][summary] for numbers in all_numbers]
            if any(values):
                yield Column(f"{name}: {summary}", [_amount(value) for value in values])
    for name in ("gross", "adjustments", "revenue", "payout", "margin"):
        amounts = [getattr(numbers, name) for numbers in all_numbers]
        if any(amounts):
            yield Column(name.capitalize(), [_amount(amount) for amount in amounts])


def _shares(heading: str, all_numbers: Sequence[LeadStatusNumbers], counts: Sequence[int]) -> Column:
    """Counts, each with its share of the row's sales."""
    texts = [
        f"{count:,} {Decimal(100 * count) / numbers.sales:5.1f}%" if numbers.sales else f"{count:,}      –"
        for count, numbers in zip(counts, all_numbers, strict=True)
    ]
    return Column(heading, texts)


def _amount(value: Decimal | int | None) -> str:
    """Two decimals, more where there are more; a count as it is."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    text = f"{value:,.4f}"
    return text[:-2] if text.endswith("00") else text
