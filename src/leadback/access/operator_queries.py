"""Reading operators, their sessions and links."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import Operator, OperatorSession, Role
from leadback.access.tables import operator, operator_link, operator_session

_OPERATOR = [operator.c[name] for name in Operator.__struct_fields__]
_SESSION = [operator_session.c[name] for name in OperatorSession.__struct_fields__]


async def list_operators(connection: AsyncConnection, network_id: int) -> list[Operator]:
    """Every operator, inactive ones included, by name."""
    statement = select(*_OPERATOR).where(operator.c.network_id == network_id)
    rows = await connection.execute(statement.order_by(operator.c.name, operator.c.operator_id))
    return [_operator(row) for row in rows]


async def find_operator(connection: AsyncConnection, network_id: int, operator_id: int) -> Operator | None:
    """One by its id."""
    found = await connection.execute(
        select(*_OPERATOR).where(operator.c.network_id == network_id, operator.c.operator_id == operator_id)
    )
    row = found.one_or_none()
    return None if row is None else _operator(row)


async def find_operator_by_email(connection: AsyncConnection, network_id: int, email: str) -> Operator | None:
    """One by its address, in any letter case."""
    found = await connection.execute(
        select(*_OPERATOR).where(operator.c.network_id == network_id, operator.c.email == email.strip().lower())
    )
    row = found.one_or_none()
    return None if row is None else _operator(row)


async def has_operators(connection: AsyncConnection, network_id: int) -> bool:
    """Whether anybody can sign in, or was asked to."""
    statement = select(func.count()).select_from(operator).where(operator.c.network_id == network_id)
    return bool((await connection.execute(statement)).scalar_one())


async def find_session(connection: AsyncConnection, network_id: int, digest: bytes) -> OperatorSession | None:
    """A session by the digest of its token, however old."""
    found = await connection.execute(
        select(*_SESSION).where(operator_session.c.network_id == network_id, operator_session.c.digest == digest)
    )
    row = found.one_or_none()
    return None if row is None else _session(row)


async def list_sessions(connection: AsyncConnection, network_id: int, operator_id: int) -> list[OperatorSession]:
    """An operator's sessions, the latest used first."""
    rows = await connection.execute(
        select(*_SESSION)
        .where(operator_session.c.network_id == network_id, operator_session.c.operator_id == operator_id)
        .order_by(operator_session.c.seen_at.desc())
    )
    return [_session(row) for row in rows]


async def find_link(
    connection: AsyncConnection, network_id: int, digest: bytes, now: datetime
) -> tuple[str, int | None] | None:
    """What a one-time link is for and whose it is; None where it is unknown, used or expired."""
    found = await connection.execute(
        select(operator_link.c.purpose, operator_link.c.operator_id).where(
            operator_link.c.network_id == network_id,
            operator_link.c.digest == digest,
            operator_link.c.expires_at > now,
        )
    )
    row = found.one_or_none()
    return None if row is None else (row.purpose, row.operator_id)


def _operator(row: Row[Any]) -> Operator:
    return Operator(**(dict(row._mapping) | {"role": Role(row.role)}))


def _session(row: Row[Any]) -> OperatorSession:
    address = None if row.address is None else str(row.address)
    return OperatorSession(**(dict(row._mapping) | {"address": address}))
