"""What the reports' tables and the ledger must say, worked out slowly from the sales themselves."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.database import Database
from leadback.leads.ledger import LEDGER_ROWS, row_hash

KEY = (
    "sold_on, campaign_id, buyer_contract_id, sale_type, status_id, sub_status_id, updated, stage_reached, return_state"
)
CHAINED = (
    "revenue",
    "status_id",
    "sub_status_id",
    "return_state",
    "return_reason_id",
    "stage_reached",
    "updated",
)
Cells = dict[tuple[Any, ...], tuple[Any, ...]]


async def check_numbers(database: Database, network_id: int) -> None:
    """Rollups with deltas say what the sales say; days, firsts and shares are those of each lead; owed is what is."""
    async with database.snapshot(network_id) as connection:
        sales = await rows_of(connection, network_id, "SELECT * FROM sale WHERE network_id = :network_id")
        number_fields = {
            row["field_id"]
            for row in await rows_of(
                connection,
                network_id,
                "SELECT field_id FROM field WHERE network_id = :network_id AND data_type = 'Number'",
            )
        }
        assert await _kept(connection, network_id, "lead_status", KEY, "leads sales gross revenue payout") == _counted(
            sales
        )
        kept = await _kept(connection, network_id, "field", f"{KEY}, field_id", "value_count value_sum")
        assert kept == _summed(sales, number_fields)
        await _check_leads(connection, network_id, sales)
        await _check_owed(connection, network_id, sales)


async def check_ledger(database: Database, network_id: int) -> int:
    """Every sale's ledger leads without a gap to how the sale stands; how many rows there are."""
    async with database.snapshot(network_id) as connection:
        sales = await rows_of(connection, network_id, "SELECT * FROM sale WHERE network_id = :network_id")
        ledger: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
        for row in await rows_of(
            connection, network_id, "SELECT * FROM lead_update WHERE network_id = :network_id ORDER BY version"
        ):
            ledger[row["sale_id"]].append(row)
        runs = await rows_of(connection, network_id, "SELECT * FROM run WHERE network_id = :network_id")
    undoes = {run["run_id"]: run["undoes_run_id"] for run in runs if run["undoes_run_id"] is not None}
    for sale in sales:
        rows = ledger.pop(sale["sale_id"], [])
        assert [row["version"] for row in rows] == list(range(2, sale["version"] + 1))
        last_hash = b""
        for row in rows:
            assert bytes(row["previous_hash"]) == last_hash
            assert row_hash(last_hash, as_written(row)) == bytes(row["hash"])
            assert row["revenue_after"] == row["revenue_before"] + row["revenue_delta"]
            last_hash = bytes(row["hash"])
        for before, after in itertools.pairwise(rows):
            for name in CHAINED:
                assert before[f"{name}_after"] == after[f"{name}_before"]
        assert last_hash == bytes(sale["ledger_hash"])
        if rows:
            for name in CHAINED:
                assert rows[-1][f"{name}_after"] == sale[name], name
        _check_undone(rows, undoes)
        _check_replayed(sale, rows, set(undoes.values()))
    assert not ledger, "rows of sales that do not exist"
    async with database.snapshot(network_id) as connection:
        counted = await rows_of(
            connection, network_id, "SELECT count(*) AS rows FROM lead_update WHERE network_id = :network_id"
        )
    return int(counted[0]["rows"])


def _check_undone(rows: list[Mapping[str, Any]], undoes: Mapping[int, int]) -> None:
    """What stood before the rows of a run stands after its undo; between them was nothing but what was undone too."""
    for row in rows:
        if row["kind"] == "undo":
            run = [other for other in rows if other["run_id"] == undoes[row["run_id"]]]
            between = [other for other in rows if run[0]["version"] < other["version"] < row["version"]]
            assert all(other["kind"] == "undo" or other["run_id"] in undoes.values() for other in between)
            for name in CHAINED:
                assert row[f"{name}_after"] == run[0][f"{name}_before"], name
            assert not row["counts_as_update"]


def _check_replayed(sale: Mapping[str, Any], rows: list[Mapping[str, Any]], undone: set[int]) -> None:
    """Fields and the number of updates, from the first row on."""
    fields: dict[str, str] = {}
    for row in rows:
        for change in row["field_changes"]:
            before = fields.pop(str(change["field_id"]), None)
            assert change["before"] == before
            if change["after"] is not None:
                fields[str(change["field_id"])] = change["after"]
    assert fields == sale["field_values"]
    counted = [row for row in rows if row["counts_as_update"] and row["run_id"] not in undone]
    assert len(counted) == sale["update_count"]


def as_written(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """A stored ledger row in the form in which it was hashed."""
    changes = [{name: item[name] for name in ("field_id", "field", "before", "after")} for item in row["field_changes"]]
    values = dict(row) | {
        "flags": ",".join(row["flags"]),
        "address": None if row["address"] is None else str(row["address"]),
        "field_changes": msgspec.json.encode(changes).decode(),
        "sale_changes": msgspec.json.encode(row["sale_changes"], order="sorted").decode(),
    }
    return tuple(values[name] for name in LEDGER_ROWS.names[:-2])


async def rows_of(
    connection: AsyncConnection, network_id: int, statement: str, **values: Any
) -> list[Mapping[str, Any]]:
    """The rows of a statement as mappings."""
    rows = await connection.execute(text(statement), {"network_id": network_id} | values)
    return [dict(row._mapping) for row in rows]


async def _kept(connection: AsyncConnection, network_id: int, name: str, key: str, measures: str) -> Cells:
    sums = ", ".join(f"sum({measure}) AS {measure}" for measure in measures.split())
    plain = ", ".join(measures.split())
    rows = await rows_of(
        connection,
        network_id,
        f"SELECT {key}, {sums} FROM (SELECT {key}, {plain} FROM {name}_rollup WHERE network_id = :network_id"
        f" UNION ALL SELECT {key}, {plain} FROM {name}_delta WHERE network_id = :network_id) AS kept GROUP BY {key}",
    )
    width = key.count(",") + 1
    cells = {tuple(row.values())[:width]: tuple(row.values())[width:] for row in rows}
    return {cell: numbers for cell, numbers in cells.items() if any(numbers)}


def _cell(sale: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        sale["sold_on"],
        sale["campaign_id"],
        sale["buyer_contract_id"],
        sale["sale_type"],
        sale["status_id"] or 0,
        sale["sub_status_id"] or 0,
        sale["updated"],
        sale["stage_reached"],
        sale["return_state"] or "",
    )


def _counted(sales: list[Mapping[str, Any]]) -> Cells:
    cells: Cells = defaultdict(lambda: (0, 0, Decimal(0), Decimal(0), Decimal(0)))
    for sale in sales:
        if not sale["is_test"]:
            own = (int(sale["first_of_lead"]), 1, sale["sold_price"], sale["revenue"], sale["payout_share"])
            cells[_cell(sale)] = tuple(map(sum, zip(cells[_cell(sale)], own, strict=True)))
    return dict(cells)


def _summed(sales: list[Mapping[str, Any]], number_fields: set[int]) -> Cells:
    cells: Cells = defaultdict(lambda: (0, Decimal(0)))
    for sale in sales:
        for field_id, value in sale["field_values"].items():
            if int(field_id) in number_fields and not sale["is_test"]:
                cell = (*_cell(sale), int(field_id))
                count, total = cells[cell]
                cells[cell] = (count + 1, total + Decimal(value))
    return dict(cells)


async def _check_leads(connection: AsyncConnection, network_id: int, sales: list[Mapping[str, Any]]) -> None:
    (network,) = await rows_of(connection, network_id, "SELECT time_zone FROM network WHERE network_id = :network_id")
    days = await rows_of(
        connection,
        network_id,
        "SELECT sale_id, CAST(sold_at AT TIME ZONE :zone AS date) AS day FROM sale WHERE network_id = :network_id",
        zone=network["time_zone"],
    )
    assert {row["sale_id"]: row["day"] for row in days} == {sale["sale_id"]: sale["sold_on"] for sale in sales}
    of_lead: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for sale in sales:
        of_lead[sale["lead_key"]].append(sale)
    leads = await rows_of(connection, network_id, "SELECT * FROM lead WHERE network_id = :network_id")
    assert {lead["lead_key"] for lead in leads} == of_lead.keys()
    for lead in leads:
        own = sorted(of_lead[lead["lead_key"]], key=lambda sale: (sale["sold_at"], sale["sale_id"]))
        assert [sale["first_of_lead"] for sale in own] == [True] + [False] * (len(own) - 1)
        assert sum(sale["payout_share"] for sale in own) == lead["payout"]
        for sale in own:
            assert (sale["campaign_id"], sale["sub_id_1"], sale["is_test"]) == (
                lead["campaign_id"],
                lead["sub_id_1"],
                lead["is_test"],
            )


async def _check_owed(connection: AsyncConnection, network_id: int, sales: list[Mapping[str, Any]]) -> None:
    """A contract is owed a lead for each of its replaced sales that no sale has replaced; tests apart."""
    delivered = {sale["replaces_sale_id"] for sale in sales}
    due = Counter(
        sale["buyer_contract_id"]
        for sale in sales
        if sale["return_state"] == "replaced" and not sale["is_test"] and sale["sale_id"] not in delivered
    )
    contracts = await rows_of(connection, network_id, "SELECT * FROM buyer_contract WHERE network_id = :network_id")
    owed = {contract["buyer_contract_id"]: contract["returns_owed"] for contract in contracts}
    assert owed == {contract_id: due[contract_id] for contract_id in owed}
