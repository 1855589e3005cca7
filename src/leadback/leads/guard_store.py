"""The statements of the guard: the last answer on each sale, and what became of it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.round_trip import Records, Reply, RoundTrip, Statement, nothing
from leadback.kit.sql import Rows, insert_statement
from leadback.leads.guard_rules import UNANSWERED_REPEATED_WITHIN, RecentAnswer
from leadback.leads.model import Answer, AnswerState

_VERSIONS = Rows(sale_id="bigint", version="integer")
# OFFSET 0 makes it a look-up for each sale, for the reason that `store` gives for keys.
_READ_ANSWERS: Final = Statement(f"""
    SELECT row.sale_id, row.version, stored.fingerprint, stored.answer, stored.state, stored.received_at
    FROM {_VERSIONS.source}
    CROSS JOIN LATERAL (
        SELECT * FROM recent_answer
        WHERE recent_answer.network_id = :network_id AND recent_answer.sale_id = row.sale_id
        OFFSET 0
    ) AS stored
    WHERE stored.version = row.version
""")

_ANSWER_ROWS = Rows(
    sale_id="bigint",
    version="integer",
    fingerprint="bytea",
    answer="jsonb",
    state="text",
    received_at="timestamptz",
    expires_at="timestamptz",
)
_SETS = ", ".join(f"{name} = excluded.{name}" for name in _ANSWER_ROWS.names if name != "sale_id")
_PUT_ANSWERS: Final = Statement(
    f"{insert_statement('recent_answer', _ANSWER_ROWS)} ON CONFLICT (network_id, sale_id) DO UPDATE SET {_SETS}"
)

# An answer that somebody has locked is being replaced or removed: what became of it matters no more, and waiting for it
# could end in a deadlock.
_STATES = Rows(sale_id="bigint", version="integer", state="text")
_MARK_ANSWERS: Final = text(f"""
    UPDATE recent_answer SET state = held.state
    FROM (
        SELECT row.sale_id, row.state FROM {_STATES.source}
        JOIN recent_answer AS answer ON answer.network_id = :network_id AND answer.sale_id = row.sale_id
            AND answer.version = row.version
        FOR UPDATE OF answer SKIP LOCKED
    ) AS held
    WHERE recent_answer.network_id = :network_id AND recent_answer.sale_id = held.sale_id
""")


def read_answers(
    trip: RoundTrip, network_id: int, versions: Iterable[tuple[int, int]]
) -> Reply[dict[int, RecentAnswer]]:
    """By sale, the answers that left these (sale id, version)s."""
    return trip.add(_READ_ANSWERS, _VERSIONS.parameters(sorted(versions), network_id=network_id), _answers)


def put_answers(trip: RoundTrip, network_id: int, answers: Sequence[tuple[int, RecentAnswer]]) -> None:
    """Keep each (sale id, answer) in place of the sale's former one."""
    rows = [
        (
            sale_id,
            kept.version,
            kept.fingerprint,
            msgspec.json.encode(kept.answer).decode(),
            str(kept.state),
            kept.received_at,
            kept.received_at + UNANSWERED_REPEATED_WITHIN,
        )
        for sale_id, kept in answers
    ]
    trip.add(_PUT_ANSWERS, _ANSWER_ROWS.parameters(rows, network_id=network_id), nothing)


async def mark_answers(
    connection: AsyncConnection, network_id: int, states: Mapping[tuple[int, int], AnswerState]
) -> None:
    """Write what became of the answers that left these (sale id, version)s; those that were replaced are left alone."""
    rows = [(*version, str(state)) for version, state in sorted(states.items())]
    await connection.execute(_MARK_ANSWERS, _STATES.parameters(rows, network_id=network_id))


def _answers(records: Records, _count: int) -> dict[int, RecentAnswer]:
    return {
        sale_id: RecentAnswer(
            version=version,
            fingerprint=fingerprint,
            answer=msgspec.convert(answer, Answer),
            state=AnswerState(state),
            received_at=received_at,
        )
        for sale_id, version, fingerprint, answer, state, received_at in records
    }
