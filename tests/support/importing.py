"""Importing rows given in a test, and looking at what came of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from leadback.kit.database import Database
from leadback.leads.ingest import SalesIngest
from leadback.leads.ingest_model import IngestOptions, IngestSummary, SourceRow
from leadback.networks.model import Actor
from tests.support.recompute import rows_of

ACTOR = Actor(kind="import", actor_id=None, name="sales.csv")

# One good row for the network of `seed`: lead A1, sold to contract 217 for 25.
GOOD = {
    "lead_id": "A1",
    "sold_at": "2026-03-10T12:00:00",
    "sold_price": "25",
    "payout": "10",
    "buyer": "Buyer 10",
    "buyer_contract": "Contract 217",
    "affiliate": "Northbeam",
    "campaign": "Search",
}


class Imported:
    """What an import did: its summary and, by line, why rows were rejected."""

    def __init__(self, summary: IngestSummary, reasons: dict[int, str]) -> None:
        self.summary = summary
        self.reasons = reasons

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Imported, skipped, corrected, rejected."""
        summary = self.summary
        return summary.imported, summary.skipped, summary.corrected, summary.rejected


async def import_rows(
    database: Database,
    network_id: int,
    *rows: Mapping[str, str],
    portion_rows: int = 1000,
    create_missing: bool = False,
    correct: bool = False,
) -> Imported:
    """Import rows that say how they differ from the good one; the first is on line 2."""
    columns = list(dict.fromkeys([*GOOD, *(name for row in rows for name in row)]))
    options = IngestOptions(create_missing=create_missing, correct=correct)
    ingest = SalesIngest(database, network_id, columns, options, actor=ACTOR)
    await ingest.begin()
    reasons: dict[int, str] = {}
    sources = [
        SourceRow(line, [(GOOD | dict(row)).get(name, "") for name in columns]) for line, row in enumerate(rows, 2)
    ]
    for start in range(0, len(sources), portion_rows):
        for rejected in await ingest.take(sources[start : start + portion_rows]):
            reasons[rejected.row.line] = rejected.reason
    return Imported(ingest.summary(), reasons)


async def read_sales(database: Database, network_id: int) -> list[Mapping[str, Any]]:
    """Every sale, oldest id first."""
    return await read(database, network_id, "SELECT * FROM sale WHERE network_id = :network_id ORDER BY sale_id")


async def read_leads(database: Database, network_id: int) -> list[Mapping[str, Any]]:
    """Every lead by its key."""
    return await read(database, network_id, "SELECT * FROM lead WHERE network_id = :network_id ORDER BY lead_key")


async def read(database: Database, network_id: int, statement: str) -> list[Mapping[str, Any]]:
    """The rows of a statement."""
    async with database.transaction(network_id) as connection:
        return await rows_of(connection, network_id, statement)


def column(rows: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """One column of rows."""
    return [row[name] for row in rows]
