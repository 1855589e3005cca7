"""Signing in and out, the second factor, and the pages one-time links lead to."""

from typing import Annotated, Any

from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect, Template

from leadback.access.operators import take_first_owner, take_password
from leadback.access.sign_in import begin_session, give_code, sign_in, sign_out
from leadback.console.session import CODE_PATH, SIGN_OUT_PATH, AnyRequest, Seen, Sessions, go, page
from leadback.kit.clock import now
from leadback.kit.errors import Refused

Form = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.URL_ENCODED)]

NO_SUCH_NETWORK = "Which network? Give its name exactly."


@get("/sign-in")
async def sign_in_page(request: AnyRequest, sessions: Given[Sessions]) -> Template:
    """The form, with where to go afterwards."""
    named = await sessions.network_of(request) is None
    return page(request, None, "sign_in.html", next=request.query_params.get("next", ""), asks_network=named)


@post("/sign-in")
async def begin(request: AnyRequest, sessions: Given[Sessions], data: Form) -> Template | Redirect:
    """Address and password."""
    email, target = text_of(data, "email"), text_of(data, "next")
    network_id = await sessions.network_of(request, text_of(data, "network"))
    try:
        if network_id is None:
            raise Refused(NO_SUCH_NETWORK)
        signed_in = await sign_in(
            sessions.database,
            network_id,
            email=email,
            password=text_of(data, "password"),
            browser=sessions.browser_of(request),
            now=now(),
        )
    except Refused as error:
        asks_network = await sessions.network_of(request) is None
        context = {"email": email, "next": target, "asks_network": asks_network, "error": str(error)}
        return page(request, None, "sign_in.html", status_code=422, **context)
    answer = go(CODE_PATH, next=target) if signed_in.awaits_code else go(own_path(target))
    answer.set_cookie(sessions.cookie(network_id, signed_in.token))
    return answer


@get(CODE_PATH)
async def code_page(request: AnyRequest, sessions: Given[Sessions]) -> Template:
    """The form for the second factor."""
    await sessions.waiting(request)
    return page(request, None, "sign_in_code.html", next=request.query_params.get("next", ""))


@post(CODE_PATH)
async def complete(request: AnyRequest, sessions: Given[Sessions], data: Form) -> Template | Redirect:
    """The code of the authenticator, or a recovery code."""
    network_id, session = await sessions.waiting(request)
    target = text_of(data, "next")
    try:
        signed_in = await give_code(
            sessions.database,
            network_id,
            session,
            text_of(data, "code"),
            browser=sessions.browser_of(request),
            now=now(),
        )
    except Refused as error:
        return page(request, None, "sign_in_code.html", status_code=422, next=target, error=str(error))
    answer = go(own_path(target))
    answer.set_cookie(sessions.cookie(network_id, signed_in.token))
    return answer


@post(SIGN_OUT_PATH)
async def leave(sessions: Given[Sessions], seen: Given[Seen]) -> Redirect:
    """End the session, here and in the database."""
    async with sessions.database.transaction(seen.network_id) as connection:
        await sign_out(connection, seen.network_id, seen.session)
    answer = go("/sign-in")
    answer.set_cookie(sessions.no_cookie())
    return answer


@get("/welcome/{network_id:int}/{token:str}")
async def welcome_page(request: AnyRequest, network_id: FromPath[int], token: FromPath[str]) -> Template:
    """Where the link for the first owner leads. Looking uses it not up: some mail programs look at every link."""
    return page(request, None, "welcome.html", link=request.scope["path"])


@post("/welcome/{network_id:int}/{token:str}")
async def welcome(
    request: AnyRequest, sessions: Given[Sessions], network_id: FromPath[int], token: FromPath[str], data: Form
) -> Template | Redirect:
    """Make the first owner, and sign it in."""
    name, email, password = (text_of(data, name) for name in ("name", "email", "password"))
    try:
        check_twice(data)
        async with sessions.database.transaction(network_id) as connection:
            operator_id = await take_first_owner(
                connection, network_id, token, name=name, email=email, password=password, now=now()
            )
            session = await begin_session(
                connection, network_id, operator_id, browser=sessions.browser_of(request), now=now()
            )
    except Refused as error:
        context = {"link": request.scope["path"], "name": name, "email": email, "error": str(error)}
        return page(request, None, "welcome.html", status_code=422, **context)
    answer = go("/", f"Welcome, {name}.")
    answer.set_cookie(sessions.cookie(network_id, session))
    return answer


@get("/password/{network_id:int}/{token:str}")
async def password_page(request: AnyRequest, network_id: FromPath[int], token: FromPath[str]) -> Template:
    """Where the link for a password leads."""
    return page(request, None, "choose_password.html", link=request.scope["path"])


@post("/password/{network_id:int}/{token:str}")
async def choose_password(
    request: AnyRequest, sessions: Given[Sessions], network_id: FromPath[int], token: FromPath[str], data: Form
) -> Template | Redirect:
    """Set the password, and sign in with it."""
    try:
        check_twice(data)
        async with sessions.database.transaction(network_id) as connection:
            operator_id = await take_password(
                connection, network_id, token, password=text_of(data, "password"), now=now()
            )
            session = await begin_session(
                connection, network_id, operator_id, browser=sessions.browser_of(request), now=now()
            )
    except Refused as error:
        context = {"link": request.scope["path"], "error": str(error)}
        return page(request, None, "choose_password.html", status_code=422, **context)
    answer = go("/", "Your password is set.")
    answer.set_cookie(sessions.cookie(network_id, session))
    return answer


def text_of(data: dict[str, Any], name: str) -> str:
    """A field of a form; empty where it was not sent."""
    value = data.get(name, "")
    return value if isinstance(value, str) else ""


def check_twice(data: dict[str, Any]) -> None:
    """Raise `Refused` unless the password was written the same twice."""
    if text_of(data, "password") != text_of(data, "again"):
        raise Refused("The two passwords differ.")


def own_path(target: str) -> str:
    """A path of ours to go to after signing in, home for everything else: no link leads elsewhere through us."""
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"
