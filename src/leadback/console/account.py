"""One's own account: second factor and sessions."""

import base64
import io

import segno
from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.response import Redirect, Template

from leadback.access.operator_queries import find_operator, list_sessions
from leadback.access.second_factor import enrolment_address, make_secret
from leadback.access.sign_in import (
    end_other_sessions,
    end_session,
    switch_second_factor_off,
    switch_second_factor_on,
)
from leadback.console.session import SECOND_FACTOR_PATH, AnyRequest, Seen, Sessions, go, page
from leadback.console.sign_in import Form, text_of
from leadback.kit.clock import now
from leadback.kit.errors import Refused

ACCOUNT_PATH = "/account"


@get(ACCOUNT_PATH)
async def account_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template:
    """What one is, the second factor, and every browser that is signed in."""
    return await _account(request, sessions, seen)


@get(SECOND_FACTOR_PATH)
async def second_factor_page(request: AnyRequest, seen: Given[Seen]) -> Template:
    """A new secret as a picture and as text, and the form for the first code."""
    return _enrolment(request, seen, make_secret())


@post(SECOND_FACTOR_PATH)
async def begin_second_factor(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], data: Form
) -> Template:
    """Switch it on; the recovery codes are shown once."""
    secret = text_of(data, "secret")
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            codes = await switch_second_factor_on(
                connection, seen.viewer, secret=secret, code=text_of(data, "code"), now=now()
            )
    except Refused as error:
        return _enrolment(request, seen, secret, str(error))
    return page(request, seen, "recovery_codes.html", codes=codes)


@post(f"{SECOND_FACTOR_PATH}/off")
async def end_second_factor(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], data: Form
) -> Template | Redirect:
    """Switch it off, with the password."""
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            await switch_second_factor_off(connection, seen.viewer, password=text_of(data, "password"), now=now())
    except Refused as error:
        return await _account(request, sessions, seen, str(error))
    return go(ACCOUNT_PATH, "The second factor is off.")


@post("/account/sessions/end")
async def end_one(sessions: Given[Sessions], seen: Given[Seen], data: Form) -> Redirect:
    """End one session, or all others."""
    async with sessions.database.transaction(seen.network_id) as connection:
        if text_of(data, "session") == "others":
            await end_other_sessions(connection, seen.viewer, seen.session.digest)
        else:
            await end_session(connection, seen.viewer, base64.urlsafe_b64decode(text_of(data, "session") or ""))
    return go(ACCOUNT_PATH, "Ended.")


async def _account(request: AnyRequest, sessions: Sessions, seen: Seen, error: str = "") -> Template:
    async with sessions.database.transaction(seen.network_id) as connection:
        found = await find_operator(connection, seen.network_id, seen.viewer.operator_id)
        own = await list_sessions(connection, seen.network_id, seen.viewer.operator_id)
    assert found is not None
    rows = [
        {
            "name": base64.urlsafe_b64encode(one.digest).decode(),
            "session": one,
            "is_this": one.digest == seen.session.digest,
        }
        for one in own
        if not one.awaits_code
    ]
    context = {"has_second_factor": found.totp_secret is not None, "sessions": rows, "error": error}
    return page(request, seen, "account.html", status_code=422 if error else 200, **context)


def _enrolment(request: AnyRequest, seen: Seen, secret: str, error: str = "") -> Template:
    picture = io.BytesIO()
    segno.make(enrolment_address(secret, seen.viewer.email)).save(picture, kind="svg", scale=5, border=2, light="white")
    source = "data:image/svg+xml;base64," + base64.b64encode(picture.getvalue()).decode()
    context = {"secret": secret, "picture": source, "error": error}
    return page(request, seen, "second_factor.html", status_code=422 if error else 200, **context)
