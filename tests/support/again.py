"""Failed updates run again and undone, in a transaction of their own, for tests of what comes of it."""

from typing import Any

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.failed_model import FailedSelection, Rerun, RerunOptions
from leadback.leads.rerun import apply_failed, preview_rerun, rerun
from leadback.leads.run_model import Run, Undo
from leadback.leads.run_queries import list_runs
from leadback.leads.undo import preview_undo, undo_run
from leadback.networks.model import COMMAND_LINE
from tests.support.changes import OPERATOR

OPTIONS = RerunOptions()
WITH_AMOUNTS = RerunOptions(with_amounts=True)


async def run_again(
    database: Database, network_id: int, options: RerunOptions = OPTIONS, *, calls_max: int = 10_000, **selection: Any
) -> Rerun:
    """Run failed updates again; before, see that looking at it said the same and changed nothing."""
    chosen = FailedSelection(**selection)
    async with database.snapshot(network_id) as connection:
        seen = await preview_rerun(connection, network_id, chosen, options, now=now(), calls_max=calls_max)
    async with database.transaction(network_id) as connection:
        done = await rerun(connection, network_id, chosen, options, actor=OPERATOR, now=now(), calls_max=calls_max)
    assert seen.run_id is None
    assert told(seen) == told(done)
    return done


async def apply_one(database: Database, network_id: int, failed_update_id: int) -> Rerun:
    """Apply one failed update, whatever was said since."""
    async with database.transaction(network_id) as connection:
        return await apply_failed(connection, network_id, failed_update_id, actor=COMMAND_LINE, now=now())


async def undo(database: Database, network_id: int, run_id: int) -> Undo:
    """Undo a run; before, see that looking at it said the same."""
    async with database.snapshot(network_id) as connection:
        seen = await preview_undo(connection, network_id, run_id, now=now())
    async with database.transaction(network_id) as connection:
        done = await undo_run(connection, network_id, run_id, actor=OPERATOR, now=now())
    assert seen.run_id is None
    assert [change.before.sale_id for change in seen.changes] == [change.before.sale_id for change in done.changes]
    return done


async def runs_of(database: Database, network_id: int) -> list[Run]:
    """Every run, newest first."""
    async with database.transaction(network_id) as connection:
        return await list_runs(connection, network_id)


def told(done: Rerun) -> list[tuple[str, str]]:
    """Verdict and words of each, oldest call first."""
    return [(str(effect.verdict), effect.text) for effect in done.effects]
