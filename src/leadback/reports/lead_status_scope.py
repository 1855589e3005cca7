"""Which sales a Lead Status report counts and how it divides them, in SQL over whatever the sales come from."""

from datetime import date, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Date, FromClause, Integer, cast, extract, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.leads.tables import sale
from leadback.parties.tables import buyer_contract, campaign
from leadback.reports.filter import clauses
from leadback.reports.model import SALE_MARKS, SUB_IDS, Dimension, Filter

CAMPAIGNS_SIDE: Final = ("affiliate_id", "offer_id")
CONTRACTS_SIDE: Final = ("buyer_id", "vertical_id")

SALES_ONLY: Final = (*SUB_IDS, "return_reason", *SALE_MARKS)
"""The dimensions that no rollup has."""
WORK_MEM: Final = "64MB"

KEY_OF: Final[dict[Dimension, tuple[str, ...]]] = {
    Dimension.CAMPAIGN: ("campaign_id",),
    Dimension.AFFILIATE: ("affiliate_id",),
    Dimension.SUB_ID: ("sub_id", "affiliate_id"),
    Dimension.OFFER: ("offer_id",),
    Dimension.VERTICAL: ("vertical_id",),
    Dimension.BUYER: ("buyer_id",),
    Dimension.BUYER_CONTRACT: ("buyer_contract_id",),
    Dimension.SALE_TYPE: ("sale_type",),
    Dimension.DAY: ("day",),
    Dimension.WEEK: ("week",),
    Dimension.MONTH: ("month",),
}
"""What tells two rows apart."""

Key = tuple[Any, ...]


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Which sales are counted and how they are divided."""

    network_id: int
    time_zone: str
    week_start: int
    first_day: date
    last_day: date
    """Included, like the first; both of `day_column`, in the network's zone."""
    day_column: str = "sold_on"
    """The source's column that the report is found by, and divided by where its rows are days, weeks or months."""
    key: tuple[str, ...]
    wanted: Filter
    updated_only: bool
    with_sub_status_only: bool
    as_of: datetime | None = None
    """Sales as they stood then; None: as they stand now."""

    @property
    def needs_sales(self) -> bool:
        """Whether the rollups, which hold no sub ids, know no single sale and no past, cannot answer."""
        beyond = "sub_id" in self.key or not self.wanted.dimensions.isdisjoint(SALES_ONLY)
        return beyond or self.as_of is not None


async def prepare(connection: AsyncConnection, *, by_index: bool = False) -> None:
    """Let the transaction's statements add up in memory, and without the compiling that costs more than it saves.

    `by_index`: statements look single rows up themselves (`LATERAL`, ordered as an index is), and everything else is
    joined as a whole. A network younger than PostgreSQL's statistics is believed to have a row or two: joins would go
    over all of it for each row, and look-ups through any index.
    """
    settings = {"work_mem": WORK_MEM, "jit": "off"}
    # Set anew each time: one transaction may hold reports of both kinds.
    settings |= dict.fromkeys(("enable_nestloop", "enable_bitmapscan", "enable_sort"), "off" if by_index else "on")
    await connection.execute(select(*(func.set_config(name, value, True) for name, value in settings.items())))


def joined_with_parties(source: FromClause, scope: Scope) -> tuple[FromClause, dict[str, ColumnElement[Any]]]:
    """The source beside what their campaign and contract belong to, and the column of everything asked for."""
    asked = {*scope.key, *(f"{dimension}_id" for dimension in scope.wanted.ids), *scope.wanted.texts}
    joined = source
    if asked.intersection(CAMPAIGNS_SIDE):
        same = (campaign.c.network_id == source.c.network_id) & (campaign.c.campaign_id == source.c.campaign_id)
        joined = joined.join(campaign, same)
    if asked.intersection(CONTRACTS_SIDE):
        same = (buyer_contract.c.network_id == source.c.network_id) & (
            buyer_contract.c.buyer_contract_id == source.c.buyer_contract_id
        )
        joined = joined.join(buyer_contract, same)
    return joined, {
        name: dimension_column(source, name, week_start=scope.week_start, day=scope.day_column) for name in asked
    }


def conditions(source: FromClause, scope: Scope, columns: dict[str, ColumnElement[Any]]) -> list[ColumnElement[bool]]:
    """What of the source counts, given the columns of `joined_with_parties`."""
    found = [
        source.c.network_id == scope.network_id,
        source.c[scope.day_column].between(scope.first_day, scope.last_day),
        *clauses(scope.wanted, columns.__getitem__),
    ]
    if scope.updated_only:
        found.append(source.c.updated != 0)
    if scope.with_sub_status_only:
        found.append(source.c.sub_status_id != 0)
    return found


def mark_column(name: str, held: FromClause = sale) -> ColumnElement[Any]:
    """The sale's column of a mark; leads are compared without case."""
    return held.c["lead_key" if name == "lead_id" else name]


def dimension_column(source: FromClause, name: str, *, week_start: int, day: str = "sold_on") -> ColumnElement[Any]:
    """The column of a dimension over sales or rollups, joined with what their campaign and contract belong to."""
    # Days, weeks and months by arithmetic of dates, which no zone can shift.
    if name in CAMPAIGNS_SIDE:
        return campaign.c[name]
    if name in CONTRACTS_SIDE:
        return buyer_contract.c[name]
    match name:
        case "sub_id":
            return source.c.sub_id_1
        case "reached":
            return source.c.stage_reached
        case "day":
            return source.c[day]
        case "week":
            since = cast((extract("isodow", source.c[day]) - week_start + 7) % 7, Integer)
            return cast(source.c[day] - since, Date)
        case "month":
            return cast(source.c[day] - cast(extract("day", source.c[day]) - 1, Integer), Date)
        case _:
            return source.c[name]
