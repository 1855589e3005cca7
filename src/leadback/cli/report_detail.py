"""`leadback report lead-detail`: the sales of a period one by one."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.cli.export import OutputOption, TableFormat, TableFormatOption, chosen_format, export
from leadback.cli.output import say
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
from leadback.cli.session import Session, run
from leadback.kit.errors import Refused
from leadback.kit.tabular import one_batch
from leadback.networks.model import Network
from leadback.networks.queries import read_network
from leadback.reports.cell import COLUMNS
from leadback.reports.filter import parse_condition
from leadback.reports.lead_detail import PAGE_ROWS_MAX, open_lead_detail
from leadback.reports.model import (
    Cell,
    LeadDetailPage,
    LeadDetailQuery,
    LeadDetailTotals,
    Order,
    Sort,
)

TEXT_ROWS: Final = 100
LARGEST_FIRST: Final = (
    Sort.SOLD_AT,
    Sort.SOLD_PRICE,
    Sort.REVENUE,
    Sort.PAYOUT_SHARE,
    Sort.UPDATED_AT,
    Sort.UPDATE_COUNT,
)
DIRECTIONS: Final = {"asc": False, "desc": True}
SHOWN: Final = {
    "Lead id": "lead_id",
    "Sold at": "sold_at",
    "Buyer": "buyer",
    "Contract": "buyer_contract",
    "Campaign": "campaign",
    "Affiliate": "affiliate",
    "Status": "status",
    "Sub-status": "sub_status",
    "Sold price": "sold_price",
    "Revenue": "revenue",
    "Payout share": "payout_share",
    "Return": "return_state",
    "Updated at": "updated_at",
    "Updates": "update_count",
}
"""The columns of the printed table; the files have them all."""


RowOption = Annotated[
    list[str] | None,
    typer.Option(
        "--row",
        metavar="DIMENSION=NAME",
        help="Of a row of the Lead Status report with the same filters: what it stands for, such as campaign_id=5;"
        " twice where its rows are divided by two.",
    ),
]
CellOption = Annotated[
    str,
    typer.Option("--cell", metavar="COLUMN", help=f"The sales that this column of it counts: {', '.join(COLUMNS)}."),
]
SortOption = Annotated[
    str,
    typer.Option(
        "--sort",
        metavar="COLUMN[:asc|:desc]",
        help=f"One of {', '.join(Sort)}. Names begin with the first, times and numbers with the largest.",
    ),
]
LimitOption = Annotated[
    int | None,
    typer.Option(
        "--limit",
        metavar="ROWS",
        help=f"One page of so many rows, at most {PAGE_ROWS_MAX}. Default: {TEXT_ROWS} in text, else all.",
    ),
]
AfterOption = Annotated[
    str | None, typer.Option("--after", metavar="TOKEN", help="The page after the one that named this.")
]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows, and what becomes of them."""

    cell: Cell
    conditions: tuple[str, ...]
    order: Order
    limit: int | None
    after: str | None
    totals: bool
    form: TableFormat
    output: Path | None


def print_lead_detail(  # noqa: PLR0913 - each is an option
    *,
    sold_from: FromOption = None,
    sold_to: ToOption = None,
    conditions: FilterOption = None,
    row: RowOption = None,
    cell: CellOption = "sales",
    show_changes: ShowChangesOption = False,
    show_sub_status: Annotated[
        bool, typer.Option("--show-sub-status", help="Count sales with a sub-status only.")
    ] = False,
    sort: SortOption = Sort.SOLD_AT,
    limit: LimitOption = None,
    after: AfterOption = None,
    totals: Annotated[bool, typer.Option("--totals", help="Also count and sum up the whole list.")] = False,
    output_format: TableFormatOption = None,
    output: OutputOption = None,
) -> None:
    """Sales one by one, found by the day they were sold in the network's time zone; newest first."""
    form = chosen_format(output_format, output)
    one_page = after is not None or form is TableFormat.TEXT
    asked = Asked(
        cell=Cell(
            row=tuple(parse_condition(text) for text in row or []),
            column=cell,
            show_changes=show_changes,
            show_sub_status=show_sub_status,
        ),
        conditions=tuple(conditions or []),
        order=_order(sort),
        limit=TEXT_ROWS if limit is None and one_page else limit,
        after=after,
        totals=totals,
        form=form,
        output=output,
    )
    first, last = parse_day(sold_from), parse_day(sold_to)

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.snapshot(network_id) as connection:
            network = await read_network(connection, network_id)
            await _hand_out(connection, network, days_sold(first, last, network), asked)

    run(work)


async def _hand_out(connection: AsyncConnection, network: Network, days: tuple[date, date], asked: Asked) -> None:
    query = LeadDetailQuery(
        sold_from=days[0],
        sold_to=days[1],
        conditions=tuple(parse_condition(text) for text in asked.conditions),
        cell=asked.cell,
        order=asked.order,
    )
    detail = await open_lead_detail(connection, network, query)
    sums = await detail.totals() if asked.totals else None
    if asked.limit is None:
        await export(asked.form, detail.table(sums), detail.batches(), asked.output)
    else:
        page = await detail.page(asked.limit, asked.after)
        if asked.form is TableFormat.TEXT:
            _print_page(page, _heading(network, days, asked))
        else:
            batch = one_batch(detail.cells(page.rows))
            await export(asked.form, detail.table(sums, after=page.after), batch, asked.output)
        if page.after is not None:
            say(f"There are more: --after {page.after}")
    if sums is not None and asked.form is not TableFormat.JSON:
        _say_totals(sums)


def _order(text: str) -> Order:
    name, colon, direction = text.partition(":")
    if name not in list(Sort):
        raise Refused(f"There is no column {name!r} to sort by. There are: {', '.join(Sort)}.")
    if colon and direction not in DIRECTIONS:
        raise Refused(f"A list is sorted {' or '.join(f'{name}:{known}' for known in DIRECTIONS)}, not {text!r}.")
    sort = Sort(name)
    return Order(sort, DIRECTIONS[direction] if colon else sort in LARGEST_FIRST)


def _heading(network: Network, days: tuple[date, date], asked: Asked) -> list[str]:
    row = [f"{item.dimension}{'_id' if item.by_id else ''}={item.value}" for item in asked.cell.row]
    column = [] if asked.cell.column == "sales" else [asked.cell.column]
    return heading("Lead Detail by Buyer", days, network, [*asked.conditions, *row, *column])


def _print_page(page: LeadDetailPage, lines: list[str]) -> None:
    columns = []
    for heading_of, name in SHOWN.items():
        values = [getattr(row, name) for row in page.rows]
        numeric = any(isinstance(value, int | Decimal) for value in values)
        columns.append(Column(heading_of, [_shown(value) for value in values], right=numeric))
    print_columns(lines, columns[:1], columns[1:])


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return "" if value is None else str(value)


def _say_totals(sums: LeadDetailTotals) -> None:
    fields = [f", {name} {value}" for name, value in sums.fields.items() if value is not None]
    say(
        f"In all: {sums.sales} sales, sold price {sums.sold_price}, revenue {sums.revenue},"
        f" payout share {sums.payout_share}{''.join(fields)}"
    )
