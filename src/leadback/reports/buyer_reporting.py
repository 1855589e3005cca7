"""Buyer Reporting: which buyers say what became of their leads, how soon, and which have fallen silent."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.errors import Refused
from leadback.networks.model import Network
from leadback.parties.model import Buyer, BuyerContract
from leadback.parties.queries import list_buyers, list_contracts
from leadback.reports.buyer_reporting_model import (
    BuyerReporting,
    BuyerReportingQuery,
    BuyerReportingReport,
    BuyerReportingTotals,
    ContractReporting,
    ReportingNumbers,
    SilentBuyer,
)
from leadback.reports.buyer_reporting_numbers import (
    RECEIVED_BEFORE_SOLD_MAX,
    SOLD_ON,
    SOLD_SINCE,
    DayOfUpdates,
    FailedCalls,
    Group,
    SalesCount,
    count_sales,
    read_days_of_updates,
    read_failed_calls,
    time_first_statuses,
)
from leadback.reports.lead_status import SWITCHED_OFF, check_days
from leadback.reports.lead_status_scope import prepare
from leadback.reports.rules import LAG_WHEN_UNKNOWN, is_silent, share, silent_after, usual_interval_days

HABIT_DAYS: Final = 90
"""What is usual for a buyer shows in its last days: long enough for one that reports monthly."""

NO_SALES: Final = SalesCount(0, 0, 0, 0, None)


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """What buyers do, from their last days."""

    lags: dict[int, int]
    """Of every buyer, in seconds."""
    known: frozenset[int]
    """The buyers whose lag is known."""
    sales: dict[Group, SalesCount]
    days: dict[int, list[DayOfUpdates]]


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was counted."""

    habits: Habits
    sales: dict[Group, SalesCount]
    """In range."""
    first_statuses: dict[Group, tuple[int, int]]
    failed: dict[int, list[FailedCalls]]


async def buyer_reporting(
    connection: AsyncConnection, network: Network, query: BuyerReportingQuery, *, now: datetime
) -> BuyerReportingReport:
    """The report, of a connection from `Database.snapshot`; it costs as much as range and last 90 days hold.

    Buyers with sales or failed calls in range, or with sales past their lag. Raises `Refused` where Lead Statuses is
    switched off for the network, or the days are wrong.
    """
    if not network.lead_statuses:
        raise Refused(SWITCHED_OFF)
    check_days(query.sold_from, query.sold_to)
    buyers = {
        buyer.buyer_id: buyer
        for buyer in await list_buyers(connection, network.network_id)
        if query.buyer_ids is None or buyer.buyer_id in query.buyer_ids
    }
    contracts = {item.buyer_contract_id: item for item in await list_contracts(connection, network.network_id)}
    await prepare(connection, by_index=True)
    read = await _read(connection, network, query, buyers, now)
    rows = [row for row in (_row(buyer, read, contracts, now) for buyer in buyers.values()) if _says_anything(row)]
    rows.sort(key=lambda row: (not row.silent, -row.numbers.sales, row.buyer))
    failed: Counter[str] = Counter()
    for row in rows:
        failed.update(row.failed_calls)
    totals = BuyerReportingTotals(
        buyers=len(rows),
        silent_buyers=sum(row.silent for row in rows),
        numbers=_numbers((), read, _latest(row.numbers.last_update for row in rows)),
        sales_at_risk=sum(row.sales_at_risk for row in rows),
        failed_calls=dict(sorted(failed.items(), key=lambda item: (-item[1], item[0]))),
    )
    return BuyerReportingReport(sold_from=query.sold_from, sold_to=query.sold_to, rows=tuple(rows), totals=totals)


async def find_silent(
    connection: AsyncConnection, network: Network, buyer_ids: frozenset[int] | None, *, now: datetime
) -> list[SilentBuyer]:
    """The buyers that Buyer Reporting calls silent, the most sales at risk first; costs less than the report."""
    buyers = {
        buyer.buyer_id: buyer
        for buyer in await list_buyers(connection, network.network_id)
        if buyer_ids is None or buyer.buyer_id in buyer_ids
    }
    await prepare(connection, by_index=True)
    habits = await _read_habits(connection, network, buyers, now)
    found = []
    for buyer_id, buyer in buyers.items():
        recent, days = habits.sales.get((buyer_id,), NO_SALES), habits.days[buyer_id]
        last_update = _latest([recent.last_update, *(day.last_update for day in days)])
        if is_silent(
            lead_statuses=buyer.lead_statuses,
            older_sales=recent.mature,
            last_update=last_update,
            interval_days=usual_interval_days(day.day for day in days if day.last_update is not None),
            now=now,
        ):
            at_risk = recent.mature - recent.mature_updated
            found.append(SilentBuyer(buyer_id, buyer.name, at_risk, last_update))
    return sorted(found, key=lambda item: (-item.sales_at_risk, item.buyer))


async def usual_lag(
    connection: AsyncConnection, network: Network, *, now: datetime, buyer_ids: frozenset[int] | None = None
) -> timedelta:
    """The median time to first status over all sales of the last 90 days, or of these buyers; 3 days when unknown."""
    buyers = {buyer.buyer_id for buyer in await list_buyers(connection, network.network_id)}
    since = now - timedelta(days=HABIT_DAYS)
    await prepare(connection, by_index=True)
    chosen = buyers if buyer_ids is None else buyers & buyer_ids
    times = await time_first_statuses(
        connection, network.network_id, SOLD_SINCE, chosen, since - RECEIVED_BEFORE_SOLD_MAX, since=since
    )
    found = times.get(())
    return LAG_WHEN_UNKNOWN if found is None else timedelta(seconds=found[0])


def buyer_reporting_document(report: BuyerReportingReport) -> dict[str, Any]:
    """The report as JSON has it: shares as text with 4 decimals, moments in UTC, times in seconds."""
    return {
        "from": report.sold_from.isoformat(),
        "to": report.sold_to.isoformat(),
        "rows": [_flat(row) | {"contracts": [_flat(item) for item in row.contracts]} for row in report.rows],
        "totals": _flat(report.totals),
    }


async def _read(
    connection: AsyncConnection, network: Network, query: BuyerReportingQuery, buyers: dict[int, Buyer], now: datetime
) -> Read:
    network_id = network.network_id
    habits = await _read_habits(connection, network, buyers, now)
    days = {"first_day": query.sold_from, "last_day": query.sold_to}
    failed: dict[int, list[FailedCalls]] = {buyer_id: [] for buyer_id in buyers}
    for calls in await read_failed_calls(connection, network_id, buyers, time_zone=network.time_zone, **days):
        failed[calls.buyer_id].append(calls)
    received_from = _begins(query.sold_from) - RECEIVED_BEFORE_SOLD_MAX
    return Read(
        habits=habits,
        sales=await count_sales(connection, network_id, SOLD_ON, habits.lags, now=now, **days),
        first_statuses=await time_first_statuses(connection, network_id, SOLD_ON, buyers, received_from, **days),
        failed=failed,
    )


async def _read_habits(
    connection: AsyncConnection, network: Network, buyers: dict[int, Buyer], now: datetime
) -> Habits:
    network_id = network.network_id
    since = now - timedelta(days=HABIT_DAYS)
    received_from = since - RECEIVED_BEFORE_SOLD_MAX
    times = await time_first_statuses(connection, network_id, SOLD_SINCE, buyers, received_from, since=since)
    unknown = int(LAG_WHEN_UNKNOWN.total_seconds())
    lags = {buyer_id: times.get((buyer_id,), (unknown, unknown))[0] for buyer_id in buyers}
    days: dict[int, list[DayOfUpdates]] = {buyer_id: [] for buyer_id in buyers}
    for day in await read_days_of_updates(connection, network_id, buyers, since, network.time_zone):
        days[day.buyer_id].append(day)
    return Habits(
        lags=lags,
        known=frozenset(buyer_id for buyer_id in buyers if (buyer_id,) in times),
        sales=await count_sales(connection, network_id, SOLD_SINCE, lags, now=now, since=since),
        days=days,
    )


def _row(buyer: Buyer, read: Read, contracts: dict[int, BuyerContract], now: datetime) -> BuyerReporting:
    buyer_id, habits = buyer.buyer_id, read.habits
    days = habits.days[buyer_id]
    recent = habits.sales.get((buyer_id,), NO_SALES)
    interval = usual_interval_days(day.day for day in days if day.last_update is not None)
    numbers = _numbers((buyer_id,), read, _latest(day.last_update for day in days))
    failed = read.failed[buyer_id]
    return BuyerReporting(
        buyer_id=buyer_id,
        buyer=buyer.name,
        lead_statuses=buyer.lead_statuses,
        silent=is_silent(
            lead_statuses=buyer.lead_statuses,
            older_sales=recent.mature,
            last_update=numbers.last_update,
            interval_days=interval,
            now=now,
        ),
        numbers=numbers,
        usual_lag_seconds=habits.lags[buyer_id],
        usual_lag_known=buyer_id in habits.known,
        usual_interval_days=interval,
        silent_after_days=silent_after(interval).days,
        sales_past_lag=recent.mature,
        sales_at_risk=recent.mature - recent.mature_updated,
        failed_calls={calls.reason: calls.calls for calls in failed if calls.calls},
        last_call=_latest([*(day.last_call for day in days), *(calls.last_call for calls in failed)]),
        contracts=tuple(
            ContractReporting(group[1], contracts[group[1]].name, _numbers(group, read, None))
            for group in sorted(read.sales, key=lambda group: (-read.sales[group].sales, group))
            if len(group) == 2 and group[0] == buyer_id
        ),
    )


def _numbers(group: Group, read: Read, last_update: datetime | None) -> ReportingNumbers:
    count = read.sales.get(group, NO_SALES)
    median, p90 = read.first_statuses.get(group, (None, None))
    return ReportingNumbers(
        sales=count.sales,
        updated_by_buyer=count.updated,
        coverage=share(count.updated, count.sales),
        mature_sales=count.mature,
        mature_updated_by_buyer=count.mature_updated,
        mature_coverage=share(count.mature_updated, count.mature),
        first_status_seconds_median=median,
        first_status_seconds_p90=p90,
        last_update=_latest([last_update, count.last_update]),
    )


def _says_anything(row: BuyerReporting) -> bool:
    return bool(row.numbers.sales or row.sales_past_lag or row.failed_calls)


def _latest(moments: Any) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)


def _begins(day: date) -> datetime:
    """Not after the day begins in any zone."""
    return datetime.combine(day, time.min, UTC) - timedelta(days=1)


def _flat(part: msgspec.Struct) -> dict[str, Any]:
    """A part with its numbers among its own."""
    own: dict[str, Any] = msgspec.to_builtins(part)
    numbers: dict[str, Any] = own.pop("numbers")
    return own | numbers
