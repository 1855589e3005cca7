"""The Lead Status report by date updated computed the slow and obvious way: over every row of the ledger, in memory."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from leadback.kit.database import Database
from tests.support.importing import read
from tests.support.seed import read_sale
from tests.support.slow_report import money, passes, row_key
from tests.support.world import STATUSES, SUB_STATUSES, Sold

KINDS = ("update", "correction", "return decision")


class Entry(msgspec.Struct, frozen=True):
    """A ledger row that counts; its sale as it is now, said to be sold on the day of the update."""

    row: Mapping[str, Any]
    sold: Sold

    @property
    def entered(self) -> bool:
        """Whether the sale came to another status."""
        return self.row["status_id_after"] not in (None, self.row["status_id_before"])


async def read_entries(database: Database, network_id: int, zone: ZoneInfo, moment: str) -> list[Entry]:
    """Every row that counts, of whatever day."""
    runs = await read(database, network_id, "SELECT * FROM run WHERE network_id = :network_id")
    undone = {run["undoes_run_id"] for run in runs} - {None}
    leads = {row["lead_key"]: row for row in await read(database, network_id, "SELECT * FROM lead")}
    entries = []
    for row in await read(database, network_id, "SELECT * FROM lead_update"):
        sale = await read_sale(database, network_id, row["sale_id"])
        if sale.is_test or row["kind"] not in KINDS or row["run_id"] in undone:
            continue
        day = row[f"{moment}_at"].astimezone(zone).date()
        sub_ids = tuple(leads[sale.lead_key][f"sub_id_{place}"] for place in range(1, 6))
        entries.append(Entry(row, Sold(msgspec.structs.replace(sale, sold_on=day), sub_ids)))
    return entries


def slow_updates(
    entries: Sequence[Entry],
    first: date,
    last: date,
    by: Sequence[str],
    moment: str,
    *,
    show_changes: bool = False,
    show_sub_status: bool = False,
    filters: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    """The document that JSON must have."""
    counted = [
        entry
        for entry in entries
        if first <= entry.sold.sale.sold_on <= last
        and (not show_changes or entry.sold.sale.updated)
        and (not show_sub_status or entry.sold.sale.sub_status_id)
        and passes(entry.sold, filters, 1)
    ]
    keys: dict[tuple[Any, ...], dict[str, Any]] = {}
    rows: dict[tuple[Any, ...], list[Entry]] = {}
    for entry in counted:
        key = {name: value for dimension in by for name, value in row_key(entry.sold, dimension, 1).items()}
        keys[tuple(key.items())] = key
        rows.setdefault(tuple(key.items()), []).append(entry)
    statuses = [
        number
        for number, (_, _, active, position) in sorted(STATUSES.items(), key=lambda item: item[1][3])
        if active or any(entry.row["status_id_after"] == number and _moved(entry) for entry in counted)
    ]
    numbers = {item: _numbers(group, statuses) for item, group in rows.items()}

    def order(item: tuple[Any, ...]) -> tuple[Any, ...]:
        key = keys[item]
        dates = [key[dimension] for dimension in by if dimension in ("day", "week", "month")]
        names = [key[dimension] or "" for dimension in by if dimension not in ("day", "week", "month")]
        return dates, -numbers[item]["updated"], names, [value for value in key.values() if isinstance(value, int)]

    return {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "by_date_updated": str(moment),
        "by": list(by),
        "rows": [keys[item] | numbers[item] for item in sorted(rows, key=order)],
        "totals": _numbers(counted, statuses),
    }


def _numbers(group: Sequence[Entry], statuses: Sequence[int]) -> dict[str, Any]:
    states = ("submitted", "credited", "replaced", "rejected")
    updates = [entry for entry in group if entry.row["counts_as_update"]]
    return {
        "updated": _sales(updates),
        "updates": len(updates),
        "sales": _sales([entry for entry in group if entry.entered]),
        "statuses": {STATUSES[number][0]: _status(group, number) for number in statuses},
        "returns": {
            state: _sales(
                [
                    entry
                    for entry in group
                    if entry.row["return_state_after"] == state and entry.row["return_state_before"] != state
                ]
            )
            for state in states
        },
        "adjustments": money(sum((entry.row["revenue_delta"] for entry in group), Decimal(0))),
    }


def _status(group: Sequence[Entry], status_id: int) -> dict[str, Any]:
    there = [entry for entry in group if entry.row["status_id_after"] == status_id]
    entered = [entry for entry in there if entry.entered]
    divided = {}
    for number, (owner, name, _) in sorted(SUB_STATUSES.items(), key=lambda item: item[1][2]):
        if owner == status_id:
            those = [entry for entry in there if entry.row["sub_status_id_after"] == number and _moved(entry)]
            divided[name] = _sales(those)
    divided[""] = _sales([entry for entry in entered if entry.row["sub_status_id_after"] is None])
    return {
        "sales": _sales(entered),
        "repeats": len(entered) - _sales(entered),
        "sub_statuses": {name: count for name, count in divided.items() if count},
    }


def _moved(entry: Entry) -> bool:
    """Whether the sale came to another status or sub-status."""
    row = entry.row
    return entry.entered or row["sub_status_id_after"] not in (None, row["sub_status_id_before"])


def _sales(entries: Sequence[Entry]) -> int:
    return len({entry.row["sale_id"] for entry in entries})
