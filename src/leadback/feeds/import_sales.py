"""Importing a file of sales: read in portions, each imported, and what was rejected written beside the file."""

from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path

import msgspec

from leadback.feeds.sales_file import RejectsFile, SalesFile
from leadback.kit.database import Database
from leadback.leads.ingest import PORTION_ROWS, SalesIngest
from leadback.leads.ingest_model import IngestOptions, IngestSummary, RejectedRow
from leadback.networks.model import Actor


class FileImport(msgspec.Struct, frozen=True):
    """What an import of a file did."""

    summary: IngestSummary
    rejected_path: Path | None
    """Where the rejected rows are; None where there were none."""


async def import_sales_file(
    database: Database,
    network_id: int,
    path: Path,
    options: IngestOptions,
    *,
    renamed: Mapping[str, str],
    constants: Mapping[str, str],
    report_progress: Callable[[int, int], None] = lambda position_bytes, size_bytes: None,
) -> FileImport:
    """Import every row that can be; `Refused` where the file cannot be read or lacks what is needed.

    Each portion is committed before the next is read. The same file may be imported again at any time.
    """
    with SalesFile(path, renamed=renamed, constants=constants) as file:
        actor = Actor(kind="import", actor_id=None, name=path.name)
        ingest = SalesIngest(database, network_id, file.columns, options, actor=actor)
        await ingest.begin()
        rows = file.rows()
        with RejectsFile(file) as rejects:
            while portion := list(islice(rows, PORTION_ROWS)):
                unreadable = [row for row in portion if isinstance(row, RejectedRow)]
                rejected = await ingest.take([row for row in portion if not isinstance(row, RejectedRow)])
                ingest.reject(len(unreadable))
                if unreadable or rejected:
                    rejects.write(sorted([*unreadable, *rejected], key=lambda item: item.row.line))
                report_progress(file.position_bytes, file.size_bytes)
        summary = ingest.summary()
        return FileImport(summary, rejects.path if summary.rejected else None)
