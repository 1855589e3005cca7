"""How the Lead Status report is printed, and the same by date updated."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from leadback.cli.report_options import heading
from leadback.cli.report_table import Column, print_columns
from leadback.kit.tabular import Row, Table
from leadback.networks.model import Network
from leadback.reports.lead_status_table import key_columns
from leadback.reports.lead_status_updates_model import (
    LeadStatusUpdatesNumbers,
    LeadStatusUpdatesQuery,
    LeadStatusUpdatesReport,
)
from leadback.reports.model import Dimension, LeadStatusNumbers, LeadStatusQuery, LeadStatusReport


def print_lead_status(report: LeadStatusReport, query: LeadStatusQuery, network: Network) -> None:
    """Every row with its share of each status."""
    lines = heading(_title(report.by), (report.sold_from, report.sold_to), network, _conditions(query))
    if report.as_of is not None:
        lines.append(f"As of {network.local(report.as_of):%Y-%m-%d %H:%M:%S}")
    numbers = list(_number_columns(report, opened=query.show_sub_status))
    keys = _key_columns(report.by, [row.key for row in report.rows])
    print_columns([*lines, *_limits(query)], keys, numbers, totals_first=True)


def print_chosen(
    report: LeadStatusReport, query: LeadStatusQuery, network: Network, table: tuple[Table, Sequence[Row]]
) -> None:
    """Every row with the columns of a table of the report, as files have them."""
    of, rows = table
    lines = heading(_title(report.by), (report.sold_from, report.sold_to), network, _conditions(query))
    keys = _key_columns(report.by, [row.key for row in report.rows])
    first = 1 + len(key_columns(report.by))
    numbers = [
        Column(column.name, [_amount(row[place]) for row in rows])
        for place, column in enumerate(of.columns)
        if place >= first
    ]
    print_columns([*lines, *_limits(query)], keys, numbers, totals_first=True)


def print_lead_status_updates(report: LeadStatusUpdatesReport, query: LeadStatusUpdatesQuery, network: Network) -> None:
    """Every row with the sales that entered each status; beside them how many times more they did."""
    days = (report.updated_from, report.updated_to)
    found_by = f"Updates {report.moment}"
    lines = heading(f"{_title(report.by)}, by date updated", days, network, _conditions(query), found_by=found_by)
    numbers = list(_entered_columns(report, opened=query.show_sub_status))
    keys = _key_columns(report.by, [row.key for row in report.rows])
    print_columns([*lines, *_limits(query)], keys, numbers, totals_first=True)


def _title(by: Iterable[Dimension]) -> str:
    return f"Lead Status by {' and '.join(dimension.replace('_', ' ') for dimension in by)}"


def _conditions(query: LeadStatusQuery | LeadStatusUpdatesQuery) -> list[str]:
    return [f"{item.dimension}{'_id' * item.by_id}={item.value}" for item in query.conditions]


def _limits(query: LeadStatusQuery | LeadStatusUpdatesQuery) -> Iterable[str]:
    if query.show_changes:
        yield "Updated sales only"
    if query.show_sub_status:
        yield "Sales with a sub-status only"


def _entered_columns(report: LeadStatusUpdatesReport, *, opened: bool) -> Iterable[Column]:
    all_numbers: list[LeadStatusUpdatesNumbers] = [report.totals, *(row.numbers for row in report.rows)]
    yield Column("Updated", [f"{numbers.updated:,}" for numbers in all_numbers])
    yield Column("Updates", [f"{numbers.updates:,}" for numbers in all_numbers])
    for name, total in report.totals.statuses.items():
        entered = [numbers.statuses[name] for numbers in all_numbers]
        texts = [f"{one.sales:,} +{one.repeats:,}" if one.repeats else f"{one.sales:,}" for one in entered]
        yield Column(f"Entered {name}", texts)
        for sub_name in total.sub_statuses if opened else ():
            counts = [one.sub_statuses.get(sub_name, 0) for one in entered]
            yield Column(f"{name}: {sub_name}", [f"{count:,}" for count in counts])
    for state in report.totals.returns.__struct_fields__:
        counts = [getattr(numbers.returns, state) for numbers in all_numbers]
        if any(counts):
            yield Column(f"Returns: {state}", [f"{count:,}" for count in counts])
    yield Column("Adjustments", [_amount(numbers.adjustments) for numbers in all_numbers])


def _key_columns(by: Sequence[Dimension], keys: Sequence[Mapping[str, int | str | None]]) -> list[Column]:
    """What the rows of a report stand for, below the totals; names that several bear with their ids."""
    names = dict.fromkeys(str(dimension) for dimension in by)
    if Dimension.SUB_ID in by:
        names["affiliate"] = None
    columns = []
    for place, name in enumerate(names):
        words = name.replace("_", " ")
        ids = {(key[name], key.get(f"{name}_id")) for key in keys}
        shared = Counter(called for called, _ in ids)
        texts = []
        for key in keys:
            called = key[name] or f"(no {words})"
            # Two affiliates may each have a campaign "Search".
            texts.append(f"{called} ({key[f'{name}_id']})" if shared[key[name]] > 1 else str(called))
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
