"""Setup > Users: who works for the network, in which role."""

from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Stream, Template

from leadback.access.operator_model import Operator, Permission, Role
from leadback.access.operator_queries import find_operator, list_operators
from leadback.access.operators import actor_of, add_operator, change_operator, offer_password
from leadback.console.links import password_link
from leadback.console.listed import among, list_answer
from leadback.console.listing import Column, Filter, Listing, linked, read_asked
from leadback.console.session import AnyRequest, Seen, Sessions, go, page
from leadback.console.sign_in import Form, text_of
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.kit.settings import Settings
from leadback.kit.tabular import Kind

USERS_PATH = "/setup/users"

ROLES = {
    Role.OWNER: "everything, and other owners",
    Role.ADMIN: "everything but owners",
    Role.ACCOUNT_MANAGER: "the leads, returns and settings of its own buyers",
    Role.REPORTING_ONLY: "looks at leads and reports, changes nothing",
}
STATES = ("active", "invited", "inactive")


def state_of(user: Operator) -> str:
    """Whether somebody can sign in, may yet, or may no more."""
    if not user.active:
        return "inactive"
    return "active" if user.password_hash else "invited"


LISTING = Listing(
    path=USERS_PATH,
    title="Users",
    columns=(
        linked("name", "Name", lambda user: user.name, lambda user: f"{USERS_PATH}/{user.operator_id}"),
        Column(name="email", label="E-mail", value=lambda user: user.email, primary=True),
        Column(name="role", label="Role", value=lambda user: user.role, primary=True),
        Column(name="second_factor", label="Second factor", value=lambda user: "on" if user.totp_secret else "off"),
        Column(name="signed_in", label="Last signed in", value=lambda user: user.signed_in_at, kind=Kind.MOMENT),
        Column(name="state", label="State", value=state_of, primary=True),
    ),
    sort="name",
    search="Name or e-mail",
    text=lambda user: f"{user.name} {user.email}",
    filters=(
        Filter(
            name="role",
            label="Role",
            choices=[("", "all"), *((str(role), str(role)) for role in Role)],
            holds=lambda user, role: not role or user.role == role,
        ),
        Filter(
            name="state",
            label="State",
            choices=[("", "all"), *((state, state) for state in STATES)],
            holds=lambda user, state: not state or state_of(user) == state,
        ),
    ),
)


@get(USERS_PATH)
async def users_page(request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen]) -> Template | Stream:
    """Everybody, and the form for somebody new."""
    return await _users(request, sessions, seen)


@post(USERS_PATH)
async def add_user(
    request: AnyRequest,
    sessions: Given[Sessions],
    seen: Given[Seen],
    settings: Given[Settings],
    data: Form,
) -> Template | Stream:
    """Somebody new; the link by which it chooses a password is shown once."""
    name, email, role = (text_of(data, field) for field in ("name", "email", "role"))
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            _, token = await add_operator(
                connection,
                seen.network_id,
                name=name,
                email=email,
                role=_role(role),
                by=seen.viewer,
                actor=actor_of(seen.viewer),
                now=now(),
            )
    except Refused as error:
        return await _users(request, sessions, seen, error=str(error), entered=data)
    return await _users(request, sessions, seen, link=password_link(settings, seen.network_id, token), link_of=name)


@get("/setup/users/{operator_id:int}")
async def user_page(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], operator_id: FromPath[int]
) -> Template:
    """One user, to change."""
    return await _user(request, sessions, seen, operator_id)


@post("/setup/users/{operator_id:int}")
async def change_user(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], operator_id: FromPath[int], data: Form
) -> Template | Redirect:
    """Another name or role, or no access any more."""
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            await change_operator(
                connection,
                seen.network_id,
                operator_id,
                name=text_of(data, "name"),
                role=_role(text_of(data, "role")),
                active=text_of(data, "active") == "on",
                by=seen.viewer,
                now=now(),
            )
    except Refused as error:
        return await _user(request, sessions, seen, operator_id, error=str(error))
    return go(USERS_PATH, "Saved.")


@post("/setup/users/{operator_id:int}/link")
async def new_link(
    request: AnyRequest,
    sessions: Given[Sessions],
    seen: Given[Seen],
    settings: Given[Settings],
    operator_id: FromPath[int],
) -> Template:
    """A link for somebody who lost the password or the second factor; shown once."""
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            token = await offer_password(
                connection, seen.network_id, operator_id, by=seen.viewer, actor=actor_of(seen.viewer), now=now()
            )
    except Refused as error:
        return await _user(request, sessions, seen, operator_id, error=str(error))
    return await _user(request, sessions, seen, operator_id, link=password_link(settings, seen.network_id, token))


async def _users(
    request: AnyRequest, sessions: Sessions, seen: Seen, *, error: str = "", **more: object
) -> Template | Stream:
    seen.viewer.require(Permission.MANAGE_OPERATORS)
    asked = read_asked(request, LISTING, seen)
    async with sessions.database.transaction(seen.network_id) as connection:
        found = among(LISTING, asked, await list_operators(connection, seen.network_id))
    return await list_answer(request, seen, "users.html", LISTING, asked, found, error=error, roles=ROLES, **more)


async def _user(request: AnyRequest, sessions: Sessions, seen: Seen, operator_id: int, **more: object) -> Template:
    seen.viewer.require(Permission.MANAGE_OPERATORS)
    async with sessions.database.transaction(seen.network_id) as connection:
        user = await find_operator(connection, seen.network_id, operator_id)
    if user is None:
        raise Refused(f"There is no user with the id {operator_id}.")
    status_code = 422 if "error" in more else 200
    return page(request, seen, "user.html", status_code=status_code, user=user, roles=ROLES, **more)


def _role(text: str) -> Role:
    if text not in list(Role):
        raise Refused(f"There is no role {text!r}. There are: {', '.join(Role)}.")
    return Role(text)
