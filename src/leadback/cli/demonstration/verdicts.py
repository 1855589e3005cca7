"""The operator's twice-weekly work on the returns queue, by the use cases that do it every day."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.cli.demonstration.history import History, reference_of
from leadback.kit.database import Database
from leadback.leads.returns import ReturnResult, credit_returns, reject_returns, replace_returns
from leadback.leads.sold_queries import sale_ids_by_reference
from leadback.networks.model import COMMAND_LINE


async def decide(database: Database, network_id: int, history: History) -> None:
    """Every verdict, in the order of its time."""
    sessions: dict[tuple[datetime, str, str], list[str]] = {}
    for number, verdict in history.verdicts.items():
        sessions.setdefault((verdict.at, verdict.kind, verdict.note or ""), []).append(reference_of(number))
    for (at, kind, note), references in sorted(sessions.items()):
        async with database.transaction(network_id) as connection:
            sale_ids = list((await sale_ids_by_reference(connection, network_id, references)).values())
            results = await _decide(connection, network_id, sale_ids, kind=kind, note=note, at=at)
        assert not [result for result in results if result.refusal]


async def _decide(
    connection: AsyncConnection, network_id: int, sale_ids: Sequence[int], *, kind: str, note: str, at: datetime
) -> list[ReturnResult]:
    match kind:
        case "credit":
            return await credit_returns(connection, network_id, sale_ids, zero_revenue=True, actor=COMMAND_LINE, now=at)
        case "replace":
            return await replace_returns(connection, network_id, sale_ids, actor=COMMAND_LINE, now=at)
        case _:
            return await reject_returns(
                connection,
                network_id,
                sale_ids,
                note=note,
                restore_revenue=kind == "restore",
                actor=COMMAND_LINE,
                now=at,
            )
