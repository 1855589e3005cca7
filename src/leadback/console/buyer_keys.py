"""A buyer's card > API keys: handing them out, replacing and revoking them."""

from datetime import datetime, timedelta
from typing import Any, Final

from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Template

from leadback.access.actions import KeyTerms, create_key, revoke_key, rotate_key
from leadback.access.model import ApiKey
from leadback.access.operators import actor_of
from leadback.access.queries import list_keys
from leadback.access.rules import SCOPES, is_good
from leadback.console.buyer_card import card_page, open_card, require_change
from leadback.console.buyers import BUYERS_PATH
from leadback.console.entered import Entered, moment_of, networks_of, texts_of
from leadback.console.session import AnyRequest, Seen, Sessions, go, local_text, page
from leadback.console.sign_in import Form, text_of
from leadback.kit.clock import now
from leadback.kit.errors import Refused

KEYS_PATH: Final = f"{BUYERS_PATH}/{{buyer_id:int}}/keys"
OVERLAP_DAYS: Final = {"1": "1 day", "7": "7 days", "30": "30 days"}


@get(KEYS_PATH)
async def keys_page(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], buyer_id: FromPath[int]
) -> Template:
    """Every key without its secret, and the form for another."""
    return await _keys(request, sessions, seen, buyer_id)


@post(KEYS_PATH)
async def make_key(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], buyer_id: FromPath[int], data: Form
) -> Template:
    """A new key, shown on this page and never again."""
    require_change(seen, buyer_id)
    try:
        terms = KeyTerms(
            scopes=texts_of(data, "scope"),
            allowed_networks=networks_of(data, "allowed_networks"),
            expires_at=moment_of(data, "expires_at", "Good until", seen.network.zone),
        )
        async with sessions.database.transaction(seen.network_id) as connection:
            _, key = await create_key(
                connection, seen.network_id, buyer_id=buyer_id, terms=terms, actor=actor_of(seen.viewer), now=now()
            )
    except Refused as error:
        return await _keys(request, sessions, seen, buyer_id, error=str(error), entered=data)
    return await _keys(request, sessions, seen, buyer_id, key=key)


@post(f"{KEYS_PATH}/{{api_key_id:int}}/rotate")
async def replace_key(
    request: AnyRequest,
    sessions: Given[Sessions],
    seen: Given[Seen],
    buyer_id: FromPath[int],
    api_key_id: FromPath[int],
    data: Form,
) -> Template:
    """A new key on the terms of an old one, which stays good for a while yet."""
    require_change(seen, buyer_id)
    try:
        days = text_of(data, "overlap_days")
        if days not in OVERLAP_DAYS:
            raise Refused(f"The old key stays good for {', '.join(OVERLAP_DAYS.values())}; choose one.")
        at = now()
        async with sessions.database.transaction(seen.network_id) as connection:
            _, key = await rotate_key(
                connection,
                seen.network_id,
                api_key_id,
                old_until=at + timedelta(days=int(days)),
                actor=actor_of(seen.viewer),
                now=at,
                buyer_id=buyer_id,
            )
    except Refused as error:
        return await _keys(request, sessions, seen, buyer_id, error=str(error))
    return await _keys(request, sessions, seen, buyer_id, key=key)


@get(f"{KEYS_PATH}/{{api_key_id:int}}/revoke")
async def ask_revoke(
    request: AnyRequest, seen: Given[Seen], buyer_id: FromPath[int], api_key_id: FromPath[int]
) -> Template:
    """The question, where no script asked it."""
    require_change(seen, buyer_id)
    path = f"{BUYERS_PATH}/{buyer_id}/keys"
    return page(
        request,
        seen,
        "confirm.html",
        question=f"Revoke the key {api_key_id}?",
        text="The very next call with it fails. A revoked key cannot be used again.",
        action=f"{path}/{api_key_id}/revoke",
        confirm_label="Revoke",
        back=path,
    )


@post(f"{KEYS_PATH}/{{api_key_id:int}}/revoke")
async def revoke(
    request: AnyRequest,
    sessions: Given[Sessions],
    seen: Given[Seen],
    buyer_id: FromPath[int],
    api_key_id: FromPath[int],
) -> Template | Redirect:
    """Close it for ever."""
    require_change(seen, buyer_id)
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            await revoke_key(
                connection, seen.network_id, api_key_id, actor=actor_of(seen.viewer), now=now(), buyer_id=buyer_id
            )
    except Refused as error:
        return await _keys(request, sessions, seen, buyer_id, error=str(error))
    return go(f"{BUYERS_PATH}/{buyer_id}/keys", "The key is revoked.")


async def _keys(
    request: AnyRequest,
    sessions: Sessions,
    seen: Seen,
    buyer_id: int,
    *,
    error: str = "",
    entered: Entered | None = None,
    key: str = "",
) -> Template:
    require_change(seen, buyer_id)
    async with sessions.database.snapshot(seen.network_id) as connection:
        buyer = await open_card(connection, seen, buyer_id)
        keys = await list_keys(connection, seen.network_id, buyer_id)
    return card_page(
        request,
        seen,
        buyer,
        "buyer_keys.html",
        error=error,
        key=key,
        rows=[_row(item, seen, now()) for item in reversed(keys)],
        overlaps=list(OVERLAP_DAYS.items()),
        scopes=list(SCOPES.items()),
        chosen_scopes=texts_of(entered or {}, "scope"),
        entered=entered or {},
    )


def _row(key: ApiKey, seen: Seen, at: datetime) -> dict[str, Any]:
    state, kind = ("good", "positive") if is_good(key, at) else ("expired", "warning")
    if key.revoked_at is not None:
        state, kind = "revoked", "negative"
    return {
        "key": key,
        "state": state,
        "kind": kind,
        "scopes": ", ".join(key.scopes) or "everything",
        "used": local_text(seen, key.last_used_at),
        "networks": [str(network) for network in key.allowed_networks],
        "created": local_text(seen, key.created_at),
        "expires": local_text(seen, key.expires_at),
    }
