"""Writing operators, their sessions, links, recovery codes and failed attempts."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import case, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.tables import operator, operator_link, operator_session, recovery_code, sign_in_limit


async def next_operator_id(connection: AsyncConnection, network_id: int) -> int:
    """The number after the last operator's; the caller holds the network's configuration."""
    statement = select(func.max(operator.c.operator_id)).where(operator.c.network_id == network_id)
    return int((await connection.execute(statement)).scalar_one() or 0) + 1


async def insert_operator(connection: AsyncConnection, network_id: int, values: Mapping[str, object]) -> None:
    """A new operator."""
    await connection.execute(insert(operator).values(network_id=network_id, **values))


async def update_operator(
    connection: AsyncConnection, network_id: int, operator_id: int, values: Mapping[str, object]
) -> None:
    """Change an operator's columns."""
    await connection.execute(
        update(operator)
        .where(operator.c.network_id == network_id, operator.c.operator_id == operator_id)
        .values(**values)
    )


async def use_totp_step(connection: AsyncConnection, network_id: int, operator_id: int, step: int) -> bool:
    """Use up a step; False where another sign-in was first with it or a later one."""
    done = await connection.execute(
        update(operator)
        .where(
            operator.c.network_id == network_id,
            operator.c.operator_id == operator_id,
            func.coalesce(operator.c.totp_step, -1) < step,
        )
        .values(totp_step=step)
    )
    return bool(done.rowcount)


async def insert_session(connection: AsyncConnection, network_id: int, values: Mapping[str, object]) -> None:
    """A browser that signs in."""
    await connection.execute(insert(operator_session).values(network_id=network_id, **values))


async def touch_session(connection: AsyncConnection, network_id: int, digest: bytes, now: datetime) -> None:
    """The browser was here."""
    await connection.execute(
        update(operator_session)
        .where(operator_session.c.network_id == network_id, operator_session.c.digest == digest)
        .values(seen_at=now)
    )


async def delete_sessions(
    connection: AsyncConnection,
    network_id: int,
    *,
    operator_id: int,
    digest: bytes | None = None,
    but: bytes | None = None,
) -> None:
    """End one session of an operator, or all of them, or all but one."""
    statement = delete(operator_session).where(
        operator_session.c.network_id == network_id, operator_session.c.operator_id == operator_id
    )
    if digest is not None:
        statement = statement.where(operator_session.c.digest == digest)
    if but is not None:
        statement = statement.where(operator_session.c.digest != but)
    await connection.execute(statement)


async def delete_old_sessions(connection: AsyncConnection, network_id: int, created_before: datetime) -> None:
    """Forget the sessions that are over for their age."""
    await connection.execute(
        delete(operator_session).where(
            operator_session.c.network_id == network_id, operator_session.c.created_at < created_before
        )
    )


async def insert_link(connection: AsyncConnection, network_id: int, values: Mapping[str, object]) -> None:
    """A one-time link."""
    await connection.execute(insert(operator_link).values(network_id=network_id, **values))


async def use_link(connection: AsyncConnection, network_id: int, digest: bytes, now: datetime) -> bool:
    """Use a link up; False where somebody else has."""
    done = await connection.execute(
        delete(operator_link).where(
            operator_link.c.network_id == network_id,
            operator_link.c.digest == digest,
            operator_link.c.expires_at > now,
        )
    )
    return bool(done.rowcount)


async def delete_links(connection: AsyncConnection, network_id: int, operator_id: int | None) -> None:
    """The older links of an operator, or for the first owner: a new one makes them worthless."""
    owner = operator_link.c.operator_id
    whose = owner.is_(None) if operator_id is None else owner == operator_id
    await connection.execute(delete(operator_link).where(operator_link.c.network_id == network_id, whose))


async def replace_recovery_codes(
    connection: AsyncConnection, network_id: int, operator_id: int, digests: Iterable[bytes]
) -> None:
    """New codes in place of the old ones; none where the second factor is switched off."""
    await connection.execute(
        delete(recovery_code).where(
            recovery_code.c.network_id == network_id, recovery_code.c.operator_id == operator_id
        )
    )
    rows = [{"network_id": network_id, "operator_id": operator_id, "digest": digest} for digest in digests]
    if rows:
        await connection.execute(insert(recovery_code), rows)


async def use_recovery_code(connection: AsyncConnection, network_id: int, operator_id: int, digest: bytes) -> bool:
    """Use a code up; False where it is none of the operator's."""
    done = await connection.execute(
        delete(recovery_code).where(
            recovery_code.c.network_id == network_id,
            recovery_code.c.operator_id == operator_id,
            recovery_code.c.digest == digest,
        )
    )
    return bool(done.rowcount)


async def take_attempt(
    connection: AsyncConnection, network_id: int, name: str, now: datetime, *, every: timedelta, at_once: int
) -> bool:
    """Count an attempt against a rate (GCRA): one `every` so long, `at_once` of them in a burst; False: too many.

    One that is too many is not counted: whoever waits gets his turn.
    """
    free_at = sign_in_limit.c.free_at
    latest = now + every * (at_once - 1)
    statement = (
        upsert(sign_in_limit)
        .values(network_id=network_id, name=name, free_at=now + every)
        .on_conflict_do_update(
            index_elements=["network_id", "name"],
            set_={"free_at": case((free_at > now, free_at), else_=now) + every},
            where=free_at <= latest,
        )
        .returning(free_at)
    )
    return (await connection.execute(statement)).scalar_one_or_none() is not None


async def forgive_attempts(connection: AsyncConnection, network_id: int, name: str) -> None:
    """Whoever signed in begins anew."""
    await connection.execute(
        delete(sign_in_limit).where(sign_in_limit.c.network_id == network_id, sign_in_limit.c.name == name)
    )
