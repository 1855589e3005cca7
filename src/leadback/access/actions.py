"""Handing out and revoking buyers' API keys."""

from datetime import datetime

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access import store
from leadback.access.model import IPNetwork
from leadback.access.queries import list_keys
from leadback.access.rules import check_expiry, check_scopes, shown_part
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


async def revoke_key(
    connection: AsyncConnection, network_id: int, api_key_id: int, *, actor: Actor, now: datetime
) -> None:
    """Close a key for ever; the very next call with it fails."""
    await begin_change(connection, network_id)
    found = [key for key in await list_keys(connection, network_id) if key.api_key_id == api_key_id]
    if not found:
        raise Refused(f"There is no key with the id {api_key_id}.")
    if found[0].revoked_at is not None:
        return
    await store.revoke_key(connection, network_id, api_key_id, now)
    entry = Entry(
        action="revoke api key",
        subject="api_key",
        subject_id=api_key_id,
        before={"revoked_at": None},
        after=kept({"revoked_at": now, "shown_as": found[0].shown_as}),
    )
    await record_change(connection, network_id, entry, actor=actor, now=now)
