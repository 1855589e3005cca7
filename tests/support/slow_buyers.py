"""Buyer Reporting computed the slow and obvious way: over every sale, ledger row and failed call, in memory."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from statistics import median_low
from typing import Any
from zoneinfo import ZoneInfo

from leadback.kit.database import Database
from tests.support.importing import read
from tests.support.world import BUYERS, CONTRACTS

Row = Mapping[str, Any]
Which = Callable[[Row], bool]


class SlowBuyers:
    """Everything there is of a network, and what it comes to at a moment."""

    def __init__(self, sales: Sequence[Row], entries: Sequence[Row], failed: Sequence[Row], zone: ZoneInfo) -> None:
        self.sales = [sale for sale in sales if not sale["is_test"]]
        known = {sale["sale_id"]: sale for sale in self.sales}
        tests = {sale["sale_id"] for sale in sales} - known.keys()
        self.entries = [(entry, known[entry["sale_id"]]) for entry in entries if entry["sale_id"] in known]
        self.failed = [call for call in failed if call["sale_id"] not in tests]
        self.zone = zone

    def report(self, first: date, last: date, now: datetime) -> dict[str, Any]:
        """The document that JSON must have."""
        rows = [self._buyer(buyer_id, first, last, now) for buyer_id in BUYERS]
        rows = [row for row in rows if row["sales"] or row["sales_past_lag"] or row["failed_calls"]]
        rows.sort(key=lambda row: (not row["silent"], -row["sales"], row["buyer"]))
        failed: Counter[str] = Counter()
        for row in rows:
            failed.update(row["failed_calls"])
        numbers = self._numbers(lambda sale: first <= sale["sold_on"] <= last, now)
        numbers["last_update"] = max((row["last_update"] for row in rows if row["last_update"]), default=None)
        totals = {"buyers": len(rows), "silent_buyers": sum(row["silent"] for row in rows)}
        totals |= {"sales_at_risk": sum(row["sales_at_risk"] for row in rows), "failed_calls": dict(failed)}
        return {"from": first.isoformat(), "to": last.isoformat(), "rows": rows, "totals": totals | numbers}

    def _buyer(self, buyer_id: int, first: date, last: date, now: datetime) -> dict[str, Any]:
        since = now - timedelta(days=90)
        recent = [(entry, moment(entry)) for entry, sale in self.entries if sale["buyer_id"] == buyer_id]
        recent = [(entry, at) for entry, at in recent if entry["received_at"] >= since]
        counted = [at for entry, at in recent if entry["counts_as_update"]]
        interval = self._interval(counted)
        past_lag = [
            sale
            for sale in self.sales
            if sale["buyer_id"] == buyer_id and sale["sold_at"] >= since and self._mature(sale, now)
        ]
        numbers = self._numbers(lambda sale: sale["buyer_id"] == buyer_id and first <= sale["sold_on"] <= last, now)
        last_update = max([*counted, *([numbers["last_update"]] if numbers["last_update"] else [])], default=None)
        numbers["last_update"] = last_update
        quiet = max(3 * (interval or 0), 3)
        silent = len(past_lag) >= 20 and (last_update is None or last_update <= now - timedelta(days=quiet))
        failed = [call for call in self.failed if call["buyer_id"] == buyer_id]
        reasons = Counter(
            call["reason"] for call in failed if first <= call["received_at"].astimezone(self.zone).date() <= last
        )
        lag = self._lag(buyer_id, now)
        calls = [entry["received_at"] for entry, _ in recent if entry["run_id"] is None]
        return {
            "buyer_id": buyer_id,
            "buyer": BUYERS[buyer_id],
            "lead_statuses": True,
            "silent": silent,
            "usual_lag_seconds": 3 * 86_400 if lag is None else lag,
            "usual_lag_known": lag is not None,
            "usual_interval_days": interval,
            "silent_after_days": quiet,
            "sales_past_lag": len(past_lag),
            "sales_at_risk": len([sale for sale in past_lag if sale["updated"] != 1]),
            "failed_calls": dict(reasons),
            "last_call": max([*calls, *(call["received_at"] for call in failed)], default=None),
            "contracts": self._contracts(buyer_id, first, last, now),
            **numbers,
        }

    def _contracts(self, buyer_id: int, first: date, last: date, now: datetime) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for contract_id, (owner, _, name) in CONTRACTS.items():
            if owner != buyer_id:
                continue

            def which(sale: Row, contract_id: int = contract_id) -> bool:
                return bool(sale["buyer_contract_id"] == contract_id and first <= sale["sold_on"] <= last)

            rows.append({"buyer_contract_id": contract_id, "buyer_contract": name} | self._numbers(which, now))
        rows.sort(key=lambda row: (-row["sales"], row["buyer_contract_id"]))
        return [row for row in rows if row["sales"]]

    def _numbers(self, which: Which, now: datetime) -> dict[str, Any]:
        sales = [sale for sale in self.sales if which(sale)]
        updated = [sale for sale in sales if sale["updated"] == 1]
        mature = [sale for sale in sales if self._mature(sale, now)]
        times = sorted(seconds for sale in updated if (seconds := self._first_status(sale)) is not None)
        mature_updated = len([sale for sale in mature if sale["updated"] == 1])
        updates = [sale["buyer_updated_at"] for sale in sales if sale["buyer_updated_at"] is not None]
        return {
            "sales": len(sales),
            "updated_by_buyer": len(updated),
            "coverage": _share(len(updated), len(sales)),
            "mature_sales": len(mature),
            "mature_updated_by_buyer": mature_updated,
            "mature_coverage": _share(mature_updated, len(mature)),
            "first_status_seconds_median": _percentile(times, 50),
            "first_status_seconds_p90": _percentile(times, 90),
            "last_update": max(updates, default=None),
        }

    def _mature(self, sale: Row, now: datetime) -> bool:
        lag = self._lag(sale["buyer_id"], now)
        return bool(sale["sold_at"] <= now - timedelta(seconds=3 * 86_400 if lag is None else lag))

    def _lag(self, buyer_id: int, now: datetime) -> int | None:
        recent = [sale for sale in self.sales if sale["sold_at"] >= now - timedelta(days=90)]
        own = [sale for sale in recent if sale["buyer_id"] == buyer_id and sale["updated"] == 1]
        return _percentile(sorted(time for sale in own if (time := self._first_status(sale)) is not None), 50)

    def _first_status(self, sale: Row) -> int | None:
        moments = [
            moment(entry)
            for entry, of in self.entries
            if of is sale and entry["status_id_after"] not in (None, entry["status_id_before"])
        ]
        return max(math.floor((min(moments) - sale["sold_at"]).total_seconds()), 0) if moments else None

    def _interval(self, moments: Sequence[datetime]) -> int | None:
        days = sorted({at.astimezone(self.zone).date() for at in moments})
        gaps = [(days[place + 1] - days[place]).days for place in range(len(days) - 1)]
        return median_low(gaps) if gaps else None


async def read_buyers(database: Database, network_id: int, zone: ZoneInfo) -> SlowBuyers:
    """A network's sales, its buyers' rows of the ledger that were not undone, and its failed calls."""
    runs = await read(database, network_id, "SELECT * FROM run")
    undone = {run["undoes_run_id"] for run in runs} - {None}
    ledger = await read(database, network_id, "SELECT * FROM lead_update")
    return SlowBuyers(
        await read(database, network_id, "SELECT * FROM sale"),
        [row for row in ledger if row["kind"] == "update" and row["run_id"] not in undone],
        await read(database, network_id, "SELECT * FROM failed_update"),
        zone,
    )


def moment(entry: Row) -> datetime:
    """When the buyer said it: a call that was run again, when it was first made."""
    found: datetime = entry["received_at"] if entry["run_id"] is None else entry["happened_at"]
    return found.astimezone(UTC)


def _percentile(values: Sequence[int], percent: int) -> int | None:
    """The smallest value that at least so many are not above."""
    return values[-(-percent * len(values) // 100) - 1] if values else None


def _share(part: int, base: int) -> Decimal | None:
    return (Decimal(part) / base).quantize(Decimal("0.0001"), ROUND_HALF_UP) if base else None
