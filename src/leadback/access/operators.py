"""Making operators, changing what they are, and the one-time links by which they choose a password."""

import re
import secrets
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access import operator_store as store
from leadback.access.operator_model import Operator, Permission, Role, Viewer
from leadback.access.operator_queries import find_link, find_operator, has_operators, list_operators
from leadback.access.password import check_password, hash_password
from leadback.audit.model import Entry
from leadback.audit.rules import changed, created
from leadback.kit.database import sqlstate
from leadback.kit.errors import Refused
from leadback.kit.names import check_name
from leadback.kit.tokens import digest
from leadback.networks.actions import begin_change, record_change
from leadback.networks.model import Actor
from leadback.networks.queries import read_network

LINK_VALID: Final = timedelta(days=1)
LINK_BYTES: Final = 32
EMAIL_LENGTH_MAX: Final = 254
UNIQUE_VIOLATION: Final = "23505"

FIRST_OWNER: Final = "first owner"
PASSWORD: Final = "password"  # noqa: S105 - a purpose, not a secret

LINK_IS_OVER: Final = "This link is not valid any more: used, replaced or older than a day. Ask for a new one."

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What of an operator is audited: no hash, no secret."""

    name: str
    email: str
    role: Role
    active: bool
    second_factor: bool


def actor_of(viewer: Viewer) -> Actor:
    """An operator as the one who did something."""
    return Actor(kind="operator", actor_id=viewer.operator_id, name=viewer.name)


async def offer_first_owner(connection: AsyncConnection, network_id: int, now: datetime) -> str | None:
    """The token of a link that makes the first owner; None where there are operators."""
    await begin_change(connection, network_id)
    if await has_operators(connection, network_id):
        return None
    return await _make_link(connection, network_id, FIRST_OWNER, None, now)


async def add_operator(
    connection: AsyncConnection,
    network_id: int,
    *,
    name: str,
    email: str,
    role: Role,
    by: Viewer | None,
    actor: Actor,
    now: datetime,
) -> tuple[int, str]:
    """A new operator and the token of the link by which it chooses its password. `by`: None at the command line."""
    _may_make(by, role)
    await begin_change(connection, network_id)
    operator_id = await _insert(connection, network_id, name=name, email=email, role=role, actor=actor, now=now)
    return operator_id, await _make_link(connection, network_id, PASSWORD, operator_id, now)


async def change_operator(
    connection: AsyncConnection,
    network_id: int,
    operator_id: int,
    *,
    name: str,
    role: Role,
    active: bool,
    by: Viewer,
    now: datetime,
) -> None:
    """Change name, role or whether one may sign in, which ends its sessions; there is always an active owner."""
    await begin_change(connection, network_id)
    before = await _existing(connection, network_id, operator_id)
    _may_make(by, role)
    _may_make(by, before.role)
    check_name("name", name)
    after = msgspec.structs.replace(before, name=name, role=role, active=active)
    others = [one for one in await list_operators(connection, network_id) if one.operator_id != operator_id]
    owns = after.active and after.role is Role.OWNER
    if not owns and not any(one.active and one.role is Role.OWNER for one in others):
        raise Refused("This is the only active owner; make another one first.")
    await store.update_operator(connection, network_id, operator_id, {"name": name, "role": role, "active": active})
    if not active:
        await store.delete_sessions(connection, network_id, operator_id=operator_id)
        await store.delete_links(connection, network_id, operator_id)
    entry = changed("change user", "operator", operator_id, _shown(before), _shown(after))
    await record_change(connection, network_id, entry, actor=actor_of(by), now=now)


async def offer_password(
    connection: AsyncConnection, network_id: int, operator_id: int, *, by: Viewer | None, actor: Actor, now: datetime
) -> str:
    """The token of a link to choose a new password; links made before are worthless, sessions go on until its use."""
    await begin_change(connection, network_id)
    found = await _existing(connection, network_id, operator_id)
    _may_make(by, found.role)
    if not found.active:
        raise Refused(f"{found.name} is inactive; activate the user first.")
    entry = Entry(action="offer password link", subject="operator", subject_id=operator_id, before=None, after={})
    await record_change(connection, network_id, entry, actor=actor, now=now)
    return await _make_link(connection, network_id, PASSWORD, operator_id, now)


async def take_first_owner(
    connection: AsyncConnection, network_id: int, token: str, *, name: str, email: str, password: str, now: datetime
) -> int:
    """Make the first owner by its link."""
    await begin_change(connection, network_id)
    if await find_link(connection, network_id, digest(token), now) != (FIRST_OWNER, None):
        raise Refused(LINK_IS_OVER)
    if await has_operators(connection, network_id):
        raise Refused("There is an owner already; sign in, or ask for a link.")
    actor = Actor(kind="operator", actor_id=None, name=name)
    operator_id = await _insert(connection, network_id, name=name, email=email, role=Role.OWNER, actor=actor, now=now)
    await _set_password(connection, network_id, operator_id, password)
    await store.delete_links(connection, network_id, None)
    return operator_id


async def take_password(
    connection: AsyncConnection, network_id: int, token: str, *, password: str, now: datetime
) -> int:
    """Set the password of the link's operator; every session it had is over, and so is the second factor.

    Whoever hands out the link vouches for its operator, who may have lost both.
    """
    await begin_change(connection, network_id)
    found = await find_link(connection, network_id, digest(token), now)
    if found is None or found[0] != PASSWORD or found[1] is None:
        raise Refused(LINK_IS_OVER)
    operator_id = found[1]
    owner = await _existing(connection, network_id, operator_id)
    if not owner.active:
        raise Refused(LINK_IS_OVER)
    await _set_password(connection, network_id, operator_id, password)
    await store.use_link(connection, network_id, digest(token), now)
    await store.delete_sessions(connection, network_id, operator_id=operator_id)
    await store.update_operator(connection, network_id, operator_id, {"totp_secret": None, "totp_step": None})
    await store.replace_recovery_codes(connection, network_id, operator_id, ())
    entry = Entry(action="set password by link", subject="operator", subject_id=operator_id, before=None, after={})
    actor = Actor(kind="operator", actor_id=operator_id, name=owner.name)
    await record_change(connection, network_id, entry, actor=actor, now=now)
    return operator_id


async def _insert(
    connection: AsyncConnection, network_id: int, *, name: str, email: str, role: Role, actor: Actor, now: datetime
) -> int:
    check_name("name", name)
    email = email.strip().lower()
    if len(email) > EMAIL_LENGTH_MAX or not _EMAIL.fullmatch(email):
        raise Refused(f"{email!r} is no e-mail address; give one such as ada@example.com.")
    operator_id = await store.next_operator_id(connection, network_id)
    values = {"operator_id": operator_id, "name": name, "email": email, "role": str(role)}
    try:
        await store.insert_operator(connection, network_id, values)
    except IntegrityError as error:
        if sqlstate(error) == UNIQUE_VIOLATION:
            raise Refused(f"There is a user with the address {email} already.") from error
        raise
    entry = created("add user", "operator", operator_id, values)
    await record_change(connection, network_id, entry, actor=actor, now=now)
    return operator_id


async def _make_link(
    connection: AsyncConnection, network_id: int, purpose: str, operator_id: int | None, now: datetime
) -> str:
    await store.delete_links(connection, network_id, operator_id)
    token = secrets.token_urlsafe(LINK_BYTES)
    values = {
        "digest": digest(token),
        "purpose": purpose,
        "operator_id": operator_id,
        "expires_at": now + LINK_VALID,
    }
    await store.insert_link(connection, network_id, values)
    return token


async def _set_password(connection: AsyncConnection, network_id: int, operator_id: int, password: str) -> None:
    found = await _existing(connection, network_id, operator_id)
    network = await read_network(connection, network_id)
    check_password(password, [found.name, *found.name.split(), *re.split(r"[@.]", found.email), network.name])
    await store.update_operator(connection, network_id, operator_id, {"password_hash": await hash_password(password)})


async def _existing(connection: AsyncConnection, network_id: int, operator_id: int) -> Operator:
    found = await find_operator(connection, network_id, operator_id)
    if found is None:
        raise Refused(f"There is no user with the id {operator_id}.")
    return found


def _may_make(by: Viewer | None, role: Role) -> None:
    """Only owners make, change or let in owners."""
    if by is None:
        return
    by.require(Permission.MANAGE_OPERATORS)
    if role is Role.OWNER and by.role is not Role.OWNER:
        raise Refused("Only an owner can make or change an owner.")


def _shown(operator: Operator) -> Shown:
    return Shown(
        name=operator.name,
        email=operator.email,
        role=operator.role,
        active=operator.active,
        second_factor=operator.totp_secret is not None,
    )
