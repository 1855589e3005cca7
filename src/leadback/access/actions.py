"""Handing out and revoking buyers' API keys."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access import store
from leadback.access.model import ApiKey, IPNetwork, KeyUse
from leadback.access.queries import list_keys
from leadback.access.rules import check_expiry, check_scopes, is_good, shown_part
from leadback.audit.model import Entry
from leadback.audit.rules import created, kept
from leadback.kit.database import sqlstate
from leadback.kit.errors import Refused
from leadback.kit.tokens import digest, make_key
from leadback.networks.actions import begin_change, record_change
from leadback.networks.model import Actor

FOREIGN_KEY_VIOLATION = "23503"


class KeyTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a new key may do, where and until when; nothing given: everything a buyer may, anywhere, for ever."""

    scopes: tuple[str, ...] = ()
    allowed_networks: tuple[IPNetwork, ...] = ()
    expires_at: datetime | None = None


async def create_key(
    connection: AsyncConnection,
    network_id: int,
    *,
    buyer_id: int,
    terms: KeyTerms | None = None,
    actor: Actor,
    now: datetime,
) -> tuple[int, str]:
    """A new key of a buyer: its id, and the key itself, which is nowhere to be had again.

    A buyer may have several, so that a new one can be in use before the old one is revoked.
    """
    terms = terms or KeyTerms()
    check_expiry(terms.expires_at, now)
    check_scopes(terms.scopes)
    await begin_change(connection, network_id)
    key = make_key(network_id)
    api_key_id = await store.next_key_id(connection, network_id)
    told = {
        "buyer_id": buyer_id,
        "shown_as": shown_part(key),
        "scopes": list(terms.scopes),
        "allowed_networks": list(terms.allowed_networks),
        "expires_at": terms.expires_at,
    }
    try:
        await store.insert_key(
            connection, network_id, told | {"api_key_id": api_key_id, "digest": digest(key), "created_at": now}
        )
    except IntegrityError as error:
        if sqlstate(error) == FOREIGN_KEY_VIOLATION:
            raise Refused(f"There is no buyer with the id {buyer_id}.") from error
        raise
    await record_change(
        connection, network_id, created("create api key", "api_key", api_key_id, told), actor=actor, now=now
    )
    return api_key_id, key


async def rotate_key(
    connection: AsyncConnection,
    network_id: int,
    api_key_id: int,
    *,
    old_until: datetime,
    actor: Actor,
    now: datetime,
    buyer_id: int | None = None,
) -> tuple[int, str]:
    """A new key in place of an old one, of the same buyer, scopes and networks, without end: its id and the key itself.

    Both are good until `old_until`, or until the old one expires anyway. With a `buyer_id` another buyer's key is not
    there.
    """
    await begin_change(connection, network_id)
    check_expiry(old_until, now)
    old = await _must_exist(connection, network_id, api_key_id, buyer_id)
    if not is_good(old, now):
        raise Refused(f"The key {old.shown_as} is good no more; make a new one.")
    ends_at = old_until if old.expires_at is None else min(old.expires_at, old_until)
    if ends_at != old.expires_at:
        await store.set_expiry(connection, network_id, api_key_id, ends_at)
        entry = Entry(
            action="set api key",
            subject="api_key",
            subject_id=api_key_id,
            before=kept({"expires_at": old.expires_at}),
            after=kept({"expires_at": ends_at, "shown_as": old.shown_as}),
        )
        await record_change(connection, network_id, entry, actor=actor, now=now)
    terms = KeyTerms(scopes=old.scopes, allowed_networks=old.allowed_networks)
    return await create_key(connection, network_id, buyer_id=old.buyer_id, terms=terms, actor=actor, now=now)


async def revoke_key(
    connection: AsyncConnection,
    network_id: int,
    api_key_id: int,
    *,
    actor: Actor,
    now: datetime,
    buyer_id: int | None = None,
) -> None:
    """Close a key for ever; the very next call with it fails. With a `buyer_id` another buyer's key is not there."""
    await begin_change(connection, network_id)
    old = await _must_exist(connection, network_id, api_key_id, buyer_id)
    if old.revoked_at is not None:
        return
    await store.revoke_key(connection, network_id, api_key_id, now)
    entry = Entry(
        action="revoke api key",
        subject="api_key",
        subject_id=api_key_id,
        before={"revoked_at": None},
        after=kept({"revoked_at": now, "shown_as": old.shown_as}),
    )
    await record_change(connection, network_id, entry, actor=actor, now=now)


async def note_key_uses(connection: AsyncConnection, network_id: int, uses: Mapping[int, KeyUse]) -> None:
    """Keep when keys were last used, by their id. No change of configuration: nothing is decided by it."""
    await store.note_uses(connection, network_id, uses)


async def _must_exist(connection: AsyncConnection, network_id: int, api_key_id: int, buyer_id: int | None) -> ApiKey:
    for key in await list_keys(connection, network_id, buyer_id):
        if key.api_key_id == api_key_id:
            return key
    raise Refused(f"There is no key with the id {api_key_id}.")
