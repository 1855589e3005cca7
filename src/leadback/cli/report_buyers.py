"""`leadback report buyer-reporting`: one line a buyer, its contracts below it where asked for."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final

import typer

from leadback.cli.choices import named
from leadback.cli.export import OutputOption, TableFormat, TableFormatOption, chosen_format, export, export_json
from leadback.cli.report_options import FromOption, ToOption, days_sold, heading, parse_day
from leadback.cli.report_table import Column, print_columns
from leadback.cli.session import Session, run
from leadback.kit.clock import now
from leadback.kit.tabular import one_batch
from leadback.networks.model import Network
from leadback.networks.queries import read_network
from leadback.parties.queries import list_buyers
from leadback.reports.buyer_reporting import buyer_reporting, buyer_reporting_document
from leadback.reports.buyer_reporting_model import (
    BuyerReporting,
    BuyerReportingQuery,
    BuyerReportingReport,
    ContractReporting,
    ReportingNumbers,
)
from leadback.reports.buyer_reporting_table import buyer_reporting_table

NOTHING: Final = "–"

Line = BuyerReporting | ContractReporting | None
"""None: the totals."""


def print_buyer_reporting(
    *,
    sold_from: FromOption = None,
    sold_to: ToOption = None,
    buyers: Annotated[
        list[str] | None, typer.Option("--buyer", metavar="NAME", help="Of this buyer only; several times: of these.")
    ] = None,
    contracts: Annotated[bool, typer.Option("--contracts", help="Show each buyer's contracts below it.")] = False,
    output_format: TableFormatOption = None,
    output: OutputOption = None,
) -> None:
    """Which buyers say what became of their leads, how soon, which calls of theirs fail, and who has fallen silent."""
    form = chosen_format(output_format, output)
    first, last = parse_day(sold_from), parse_day(sold_to)

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.snapshot(network_id) as connection:
            network = await read_network(connection, network_id)
            known = await list_buyers(connection, network_id)
            chosen = frozenset(named("buyer", name, known).buyer_id for name in buyers or [])
            moment = now()
            days = days_sold(first, last, network, moment)
            query = BuyerReportingQuery(sold_from=days[0], sold_to=days[1], buyer_ids=chosen or None)
            report = await buyer_reporting(connection, network, query, now=moment)
        if form is TableFormat.TEXT:
            _print_report(report, network, contracts=contracts)
        elif form is TableFormat.JSON:
            export_json(buyer_reporting_document(report), output)
        else:
            table, rows = buyer_reporting_table(report, network, contracts=contracts)
            await export(form, table, one_batch(rows), output)

    run(work)


def _print_report(report: BuyerReportingReport, network: Network, *, contracts: bool) -> None:
    lines: list[Line] = [None]
    for row in report.rows:
        lines += [row, *(row.contracts if contracts else ())]
    names = ["Total", *(_name(line) for line in lines if line is not None)]
    told = heading("Buyer Reporting", (report.sold_from, report.sold_to), network, [])
    buyers = [Column("Buyer", names, right=False)]
    print_columns(told, buyers, [*_columns(report, lines, network)], totals_first=True)


def told_duration(seconds: int | None) -> str:
    """Days, hours or minutes, whichever says it best: 2.5 d, 3.0 h, 12 min."""
    if seconds is None:
        return NOTHING
    time = timedelta(seconds=seconds)
    if time >= timedelta(days=1):
        return f"{Decimal(seconds) / 86_400:.1f} d"
    return f"{Decimal(seconds) / 3_600:.1f} h" if time >= timedelta(hours=1) else f"{seconds // 60} min"


def _columns(report: BuyerReportingReport, lines: list[Line], network: Network) -> Iterable[Column]:
    numbers = [report.totals.numbers if line is None else line.numbers for line in lines]
    buyers = [line if isinstance(line, BuyerReporting) else None for line in lines]
    yield Column("State", [_state(report, line) for line in lines], right=False)
    yield Column("Sales", [f"{one.sales:,}" for one in numbers])
    yield Column("Updated", [_share(one.updated_by_buyer, one.coverage) for one in numbers])
    yield Column("Mature", [_mature(one) for one in numbers])
    yield Column("First status", [told_duration(one.first_status_seconds_median) for one in numbers])
    yield Column("90 % within", [told_duration(one.first_status_seconds_p90) for one in numbers])
    yield Column("Last update", [_moment(one.last_update, network) for one in numbers])
    yield Column("Usual lag", ["" if one is None else _lag(one) for one in buyers])
    yield Column("Updates every", ["" if one is None else _interval(one) for one in buyers])
    at_risk = [_of_line(report, line, "sales_at_risk") for line in lines]
    yield Column("At risk", ["" if count is None else f"{count:,}" for count in at_risk])
    failed = [_of_line(report, line, "failed_calls") for line in lines]
    yield Column("Failed calls", ["" if calls is None else f"{sum(calls.values()):,}" for calls in failed])
    reasons = [
        "" if not calls or line is None else next(iter(calls)) for calls, line in zip(failed, lines, strict=True)
    ]
    yield Column("Mostly", reasons, right=False)
    yield Column("Last call", ["" if one is None else _moment(one.last_call, network) for one in buyers])


def _name(line: BuyerReporting | ContractReporting) -> str:
    return line.buyer if isinstance(line, BuyerReporting) else f"  {line.buyer_contract}"


def _state(report: BuyerReportingReport, line: Line) -> str:
    if line is None:
        return f"{report.totals.silent_buyers} silent"
    if isinstance(line, ContractReporting):
        return ""
    if not line.lead_statuses:
        return "off"
    return "silent" if line.silent else ""


def _of_line(report: BuyerReportingReport, line: Line, name: str) -> Any:
    if isinstance(line, ContractReporting):
        return None
    return getattr(report.totals if line is None else line, name)


def _mature(numbers: ReportingNumbers) -> str:
    return _share(numbers.mature_updated_by_buyer, numbers.mature_coverage)


def _share(count: int, share: Decimal | None) -> str:
    return f"{count:,}      {NOTHING}" if share is None else f"{count:,} {100 * share:5.1f}%"


def _lag(row: BuyerReporting) -> str:
    return told_duration(row.usual_lag_seconds) if row.usual_lag_known else f"({told_duration(row.usual_lag_seconds)})"


def _interval(row: BuyerReporting) -> str:
    return NOTHING if row.usual_interval_days is None else f"{row.usual_interval_days} d"


def _moment(moment: datetime | None, network: Network) -> str:
    return NOTHING if moment is None else f"{network.local(moment):%Y-%m-%d %H:%M}"
