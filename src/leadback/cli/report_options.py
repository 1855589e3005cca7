"""The options that reports share: the days sold and what to count."""

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Final

import typer

from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.networks.model import Network
from leadback.reports.filter import CONDITIONS

DEFAULT_DAYS: Final = 30

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)

FromOption = Annotated[
    str | None, typer.Option("--from", metavar="DATE", help="First day sold. Default: 30 days up to the last.")
]
ToOption = Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day sold, included. Default: today.")]
FilterOption = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        metavar="DIMENSION=NAME",
        help=f"Count these sales only; several times: of one dimension, any. Dimensions: {', '.join(CONDITIONS)};"
        " DIMENSION_id=ID as well, and DIMENSION_id=none for what has none.",
    ),
]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="NAME",
        help="This column of numbers alone, such as revenue, status:Funded or ratio:index; may be repeated.",
    ),
]
ShowChangesOption = Annotated[bool, typer.Option("--show-changes", help="Count updated sales only.")]


def parse_day(text: str | None) -> date | None:
    """A date as `2018-01-31`; None where none is given."""
    if text is None:
        return None
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Refused(f"{text!r} is no date. Write it as YYYY-MM-DD, such as 2018-01-31.")


def days_sold(first: date | None, last: date | None, network: Network, at: datetime | None = None) -> tuple[date, date]:
    """The first and the last day of a report, made now or as of a moment."""
    end = last or network.day_of(at or now())
    return first or end - timedelta(days=DEFAULT_DAYS - 1), end


def heading(
    title: str, days: tuple[date, date], network: Network, conditions: list[str], *, found_by: str = "Date sold"
) -> list[str]:
    """What a printed report is of, line by line."""
    lines = [
        title,
        f"{found_by} {days[0]} to {days[1]}, time zone {network.time_zone}, money in {network.currency}",
    ]
    return lines + ([f"Only {', '.join(conditions)}"] if conditions else [])
