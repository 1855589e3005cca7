"""Signing in and out: password, second factor, sessions."""

import secrets
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access import operator_store as store
from leadback.access.operator_model import SECOND_FACTOR_ROLES, Operator, OperatorSession, Viewer
from leadback.access.operator_queries import find_operator, find_operator_by_email, find_session
from leadback.access.password import hash_password, is_password, needs_rehash
from leadback.access.second_factor import make_recovery_codes, recovery_digest, step_of
from leadback.audit.model import Entry
from leadback.kit.database import Database
from leadback.kit.errors import Refused
from leadback.kit.tokens import digest
from leadback.networks.actions import begin_change, record_change
from leadback.networks.model import Actor
from leadback.networks.queries import read_network

IDLE_MAX: Final = timedelta(minutes=30)
AGE_MAX: Final = timedelta(hours=12)
CODE_WAIT_MAX: Final = timedelta(minutes=5)
SEEN_EVERY: Final = timedelta(minutes=1)
TOKEN_BYTES: Final = 32
USER_AGENT_LENGTH_MAX: Final = 200

ATTEMPT_EVERY: Final = timedelta(seconds=12)
ATTEMPTS_AT_ONCE: Final = 5
"""For one account from one address; another address has attempts of its own, so nobody can lock out somebody else."""
ADDRESS_ATTEMPT_EVERY: Final = timedelta(seconds=3)
ADDRESS_ATTEMPTS_AT_ONCE: Final = 30

WRONG: Final = "The address or the password is wrong."
TOO_MANY: Final = "Too many attempts. Wait a minute and try again."
WRONG_CODE: Final = "The code is wrong or was used. Take the newest, or a recovery code."


class Browser(msgspec.Struct, frozen=True):
    """Where a request comes from."""

    address: str | None
    user_agent: str


class SignedIn(msgspec.Struct, frozen=True):
    """A session that was begun: its token, which only the browser keeps."""

    token: str
    awaits_code: bool


async def sign_in(
    database: Database, network_id: int, *, email: str, password: str, browser: Browser, now: datetime
) -> SignedIn:
    """Begin a session; raises `Refused` in the same words and time whatever is wrong."""
    await _take_attempt(database, network_id, email, browser, now)
    async with database.transaction(network_id) as connection:
        found = await find_operator_by_email(connection, network_id, email)
    usable = found is not None and found.active
    # Outside a transaction: hashing takes long.
    right = await is_password(found.password_hash if found is not None and usable else None, password)
    if found is None or not right:
        raise Refused(WRONG)
    assert found.password_hash is not None
    renewed = await hash_password(password) if needs_rehash(found.password_hash) else None
    awaits_code = found.totp_secret is not None
    async with database.transaction(network_id) as connection:
        if renewed is not None:
            await store.update_operator(connection, network_id, found.operator_id, {"password_hash": renewed})
        await store.delete_old_sessions(connection, network_id, now - AGE_MAX)
        if not awaits_code:
            await _complete(connection, network_id, found, browser, now)
        token = await _begin(connection, network_id, found, browser, now, awaits_code=awaits_code)
    return SignedIn(token, awaits_code)


async def give_code(
    database: Database, network_id: int, session: OperatorSession, code: str, *, browser: Browser, now: datetime
) -> SignedIn:
    """Complete a sign-in by a code of the authenticator or a recovery code; the session gets a new token."""
    async with database.transaction(network_id) as connection:
        found = await find_operator(connection, network_id, session.operator_id)
    if found is None or not found.active or found.totp_secret is None:
        raise Refused(WRONG_CODE)
    await _take_attempt(database, network_id, found.email, browser, now)
    async with database.transaction(network_id) as connection:
        step = step_of(found.totp_secret, code, now, found.totp_step)
        if step is not None:
            good = await store.use_totp_step(connection, network_id, found.operator_id, step)
        else:
            good = await store.use_recovery_code(connection, network_id, found.operator_id, recovery_digest(code))
        if not good:
            raise Refused(WRONG_CODE)
        await store.delete_sessions(connection, network_id, operator_id=found.operator_id, digest=session.digest)
        await _complete(connection, network_id, found, browser, now)
        return SignedIn(await _begin(connection, network_id, found, browser, now, awaits_code=False), False)


async def begin_session(
    connection: AsyncConnection, network_id: int, operator_id: int, *, browser: Browser, now: datetime
) -> str:
    """A session of an operator who has just set the password by a link; its token."""
    found = await find_operator(connection, network_id, operator_id)
    assert found is not None
    return await _begin(connection, network_id, found, browser, now, awaits_code=False)


async def open_session(
    connection: AsyncConnection, network_id: int, token: str, now: datetime
) -> tuple[OperatorSession, Operator] | None:
    """The session of a token and who is behind it; None where it is over, or its operator closed."""
    session = await find_session(connection, network_id, digest(token))
    if session is None or _is_over(session, now):
        return None
    found = await find_operator(connection, network_id, session.operator_id)
    if found is None or not found.active:
        return None
    if now - session.seen_at >= SEEN_EVERY:
        await store.touch_session(connection, network_id, session.digest, now)
    return session, found


async def sign_out(connection: AsyncConnection, network_id: int, session: OperatorSession) -> None:
    """End this session."""
    await store.delete_sessions(connection, network_id, operator_id=session.operator_id, digest=session.digest)


async def end_session(connection: AsyncConnection, viewer: Viewer, session_digest: bytes) -> None:
    """End one of one's own sessions, wherever it is."""
    await store.delete_sessions(connection, viewer.network_id, operator_id=viewer.operator_id, digest=session_digest)


async def end_other_sessions(connection: AsyncConnection, viewer: Viewer, kept: bytes) -> None:
    """End all of one's own sessions but this one."""
    await store.delete_sessions(connection, viewer.network_id, operator_id=viewer.operator_id, but=kept)


async def switch_second_factor_on(
    connection: AsyncConnection, viewer: Viewer, *, secret: str, code: str, now: datetime
) -> list[str]:
    """Ask for codes from now on, once one shows that the authenticator works; the recovery codes, shown once."""
    await begin_change(connection, viewer.network_id)
    step = step_of(secret, code, now, None)
    if step is None:
        raise Refused("The code does not fit. Look whether the telephone's clock is right, and take the newest.")
    codes = make_recovery_codes()
    await store.update_operator(
        connection, viewer.network_id, viewer.operator_id, {"totp_secret": secret, "totp_step": step}
    )
    await store.replace_recovery_codes(
        connection, viewer.network_id, viewer.operator_id, [recovery_digest(one) for one in codes]
    )
    await _record(connection, viewer, "switch second factor on", now)
    return codes


async def switch_second_factor_off(
    connection: AsyncConnection, viewer: Viewer, *, password: str, now: datetime
) -> None:
    """Ask for no codes any more; the password is asked for once more."""
    await begin_change(connection, viewer.network_id)
    network = await read_network(connection, viewer.network_id)
    if network.second_factor_required and viewer.role in SECOND_FACTOR_ROLES:
        raise Refused("Owners and admins of this network need a second factor; it is a setting of the network.")
    found = await find_operator(connection, viewer.network_id, viewer.operator_id)
    if found is None or not await is_password(found.password_hash, password):
        raise Refused("The password is wrong.")
    await store.update_operator(
        connection, viewer.network_id, viewer.operator_id, {"totp_secret": None, "totp_step": None}
    )
    await store.replace_recovery_codes(connection, viewer.network_id, viewer.operator_id, ())
    await _record(connection, viewer, "switch second factor off", now)


def _is_over(session: OperatorSession, now: datetime) -> bool:
    if session.awaits_code:
        return now - session.created_at > CODE_WAIT_MAX
    return now - session.seen_at > IDLE_MAX or now - session.created_at > AGE_MAX


async def _take_attempt(database: Database, network_id: int, email: str, browser: Browser, now: datetime) -> None:
    """Count an attempt before anything is looked at, in a transaction of its own: failures count as well."""
    async with database.transaction(network_id) as connection:
        account = digest(email.strip().lower()).hex()[:16]
        own = await store.take_attempt(
            connection,
            network_id,
            f"{account} {browser.address}",
            now,
            every=ATTEMPT_EVERY,
            at_once=ATTEMPTS_AT_ONCE,
        )
        all_accounts = own and await store.take_attempt(
            connection,
            network_id,
            f"address {browser.address}",
            now,
            every=ADDRESS_ATTEMPT_EVERY,
            at_once=ADDRESS_ATTEMPTS_AT_ONCE,
        )
    if not all_accounts:
        raise Refused(TOO_MANY)


async def _complete(
    connection: AsyncConnection, network_id: int, operator: Operator, browser: Browser, now: datetime
) -> None:
    account = digest(operator.email).hex()[:16]
    await store.forgive_attempts(connection, network_id, f"{account} {browser.address}")
    await store.update_operator(connection, network_id, operator.operator_id, {"signed_in_at": now})


async def _begin(
    connection: AsyncConnection,
    network_id: int,
    operator: Operator,
    browser: Browser,
    now: datetime,
    *,
    awaits_code: bool,
) -> str:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    await store.insert_session(
        connection,
        network_id,
        {
            "digest": digest(token),
            "operator_id": operator.operator_id,
            "created_at": now,
            "seen_at": now,
            "awaits_code": awaits_code,
            "address": browser.address,
            "user_agent": browser.user_agent[:USER_AGENT_LENGTH_MAX],
        },
    )
    return token


async def _record(connection: AsyncConnection, viewer: Viewer, action: str, now: datetime) -> None:
    entry = Entry(action=action, subject="operator", subject_id=viewer.operator_id, before=None, after={})
    actor = Actor(kind="operator", actor_id=viewer.operator_id, name=viewer.name)
    await record_change(connection, viewer.network_id, entry, actor=actor, now=now)
