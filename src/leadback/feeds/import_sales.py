"""Importing a file of sales: read in portions, each imported, and what was rejected written beside the file."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Final

import msgspec

from leadback.feeds.sales_file import RejectsFile, SalesFile
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.errors import Refused
from leadback.leads.failed_model import Rerun
from leadback.leads.ingest import PORTION_ROWS, SalesIngest
from leadback.leads.ingest_model import IngestOptions, IngestSummary, RejectedRow, SourceRow
from leadback.leads.rerun import rerun_waiting
from leadback.networks.model import Actor

PORTIONS_AT_ONCE_MAX: Final = 3

UnderWay = deque[tuple[set[str], asyncio.Task[list[RejectedRow]]]]
"""Portions that are being imported, oldest first, each with the leads and references it speaks of."""


class FileImport(msgspec.Struct, frozen=True):
    """What an import of a file did."""

    summary: IngestSummary
    rejected_path: Path | None
    """Where the rejected rows are; None where there were none."""
    rerun: Rerun | None = None
    """What became of updates that had waited for their sale; None where the network does not run them by itself."""
    rerun_refused: str | None = None
    """Why they were not run although the network says so; another import, or a command, does."""


async def import_sales_file(
    database: Database,
    network_id: int,
    path: Path,
    options: IngestOptions,
    *,
    renamed: Mapping[str, str],
    constants: Mapping[str, str],
    report_progress: Callable[[int, int], None] = lambda position_bytes, size_bytes: None,
    portion_rows: int = PORTION_ROWS,
) -> FileImport:
    """Import every row that can be; `Refused` where the file cannot be read or lacks what is needed.

    Each portion is committed before the next is read. The same file may be imported again at any time. Where the
    network says so, updates that had waited for a sale are run again at the end, those of an earlier import that did
    not get so far included.
    """
    with SalesFile(path, renamed=renamed, constants=constants) as file:
        actor = Actor(kind="import", actor_id=None, name=path.name)
        ingest = SalesIngest(database, network_id, file.columns, options, actor=actor)
        await ingest.begin()
        with RejectsFile(file) as rejects:
            async with aclosing(_import_portions(ingest, file, portion_rows)) as portions:
                async for rejected in portions:
                    if rejected:
                        rejects.write(rejected)
                    report_progress(file.position_bytes, file.size_bytes)
        summary = ingest.summary()
        done = FileImport(summary, rejects.path if summary.rejected else None)
    try:
        async with database.transaction(network_id) as connection:
            again = await rerun_waiting(connection, network_id, now=now())
    except Refused as error:
        # The sales are in all the same.
        return msgspec.structs.replace(done, rerun_refused=str(error))
    return msgspec.structs.replace(done, rerun=again)


async def _import_portions(
    ingest: SalesIngest, file: SalesFile, portion_rows: int
) -> AsyncGenerator[list[RejectedRow]]:
    """The rejected rows of each portion, in the file's order.

    Portions that share no lead and no reference mean the same in any order: some are under way at once, so that one is
    read while the database writes another.
    """
    under_way: UnderWay = deque()
    try:
        for portion in _portions(file.rows(), ingest, portion_rows):
            subjects = ingest.subjects(portion)
            while under_way and (
                len(under_way) == PORTIONS_AT_ONCE_MAX or any(subjects & others for others, _ in under_way)
            ):
                yield await _oldest(under_way)
            under_way.append((subjects, asyncio.create_task(_import_portion(ingest, portion))))
            await asyncio.sleep(0)
        while under_way:
            yield await _oldest(under_way)
    finally:
        for _, task in under_way:
            task.cancel()
        await asyncio.gather(*(task for _, task in under_way), return_exceptions=True)


async def _oldest(under_way: UnderWay) -> list[RejectedRow]:
    # Left among the others until it is done: whoever is interrupted meanwhile must end it too.
    rejected = await under_way[0][1]
    under_way.popleft()
    return rejected


async def _import_portion(ingest: SalesIngest, portion: Sequence[SourceRow | RejectedRow]) -> list[RejectedRow]:
    unreadable = [row for row in portion if isinstance(row, RejectedRow)]
    rejected = await ingest.take([row for row in portion if isinstance(row, SourceRow)])
    ingest.reject(len(unreadable))
    return sorted([*unreadable, *rejected], key=lambda item: item.row.line)


def _portions(
    rows: Iterator[SourceRow | RejectedRow], ingest: SalesIngest, portion_rows: int
) -> Iterator[list[SourceRow | RejectedRow]]:
    """Portions of about so many rows, cut where a row speaks of another lead than the one before."""
    portion: list[SourceRow | RejectedRow] = []
    for row in rows:
        if len(portion) >= portion_rows:
            full = len(portion) >= 2 * portion_rows
            if full or not ingest.subjects([portion[-1]]) & ingest.subjects([row]):
                yield portion
                portion = []
        portion.append(row)
    if portion:
        yield portion
