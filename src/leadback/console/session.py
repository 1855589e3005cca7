"""Who is looking at a page: the session behind a cookie, and what every page is told of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode

import msgspec
from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.response import Redirect, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback import __version__
from leadback.access.operator_model import SECOND_FACTOR_ROLES, Operator, OperatorSession, Permission, Role, Viewer
from leadback.access.sign_in import Browser, open_session
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.http import ClientAddresses
from leadback.kit.settings import Settings
from leadback.networks.model import Network
from leadback.networks.queries import directory, read_network
from leadback.parties.queries import list_buyers
from leadback.reports.returns import count_waiting

SIGN_IN_PATH: Final = "/sign-in"
CODE_PATH: Final = "/sign-in/code"
SIGN_OUT_PATH: Final = "/sign-out"
SECOND_FACTOR_PATH: Final = "/account/second-factor"
FLASH: Final = "leadback-flash"
FLASH_SECONDS: Final = 30
FLASH_LENGTH_MAX: Final = 500

AnyRequest = Request[Any, Any, Any]


class NotSignedInError(Exception):
    """There is no session, or it lacks a code or its second factor: the browser is sent to where it can get one."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a page knows of whoever looks at it."""

    session: OperatorSession
    viewer: Viewer
    network: Network
    returns_waiting: int

    @property
    def network_id(self) -> int:
        """The network everything on the page belongs to."""
        return self.viewer.network_id


class Sessions:
    """Finds the session behind a request's cookie; the one place that reads and writes that cookie."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self._addresses = ClientAddresses(settings.trusted_proxies)
        # The prefix makes browsers insist on TLS, and on this host alone. Without TLS, as at a first try on one's own
        # machine, they would not keep such a cookie.
        self._is_secure = (settings.public_url or "").startswith("https://")
        self.cookie_name = "__Host-leadback" if self._is_secure else "leadback"

    def browser_of(self, request: AnyRequest) -> Browser:
        """Where a request comes from."""
        forwarded = [value for name, value in request.scope["headers"] if name == b"x-forwarded-for"]
        address = self._addresses.address_of(request.scope.get("client"), forwarded)
        return Browser(None if address is None else str(address), request.headers.get("user-agent", ""))

    async def network_of(self, request: AnyRequest, name: str = "") -> int | None:
        """The network somebody signs in to: the one of the host name, the only one, or the one that is named."""
        async with self.database.outside_networks() as connection:
            networks = await directory(connection)
        host = request.headers.get("host", "").rsplit(":", 1)[0].lower()
        for network_id, (known, host_name) in networks.items():
            if (host_name is not None and host_name.lower() == host) or (name and known == name):
                return network_id
        return next(iter(networks)) if len(networks) == 1 else None

    async def waiting(self, request: AnyRequest) -> tuple[int, OperatorSession]:
        """The session that still waits for its code, and its network."""
        network_id, token = self._parse(request)
        async with self.database.transaction(network_id) as connection:
            found = await open_session(connection, network_id, token, now())
        if found is None or not found[0].awaits_code:
            raise NotSignedInError(SIGN_IN_PATH)
        return network_id, found[0]

    async def seen(self, request: AnyRequest) -> Seen:
        """Whoever is looking; raises `NotSignedInError` where nobody is signed in."""
        network_id, token = self._parse(request)
        path = request.scope["path"]
        async with self.database.transaction(network_id) as connection:
            found = await open_session(connection, network_id, token, now())
            if found is None:
                raise NotSignedInError(SIGN_IN_PATH)
            session, operator = found
            if session.awaits_code:
                raise NotSignedInError(CODE_PATH)
            viewer = await viewer_of(connection, network_id, operator)
            network = await read_network(connection, network_id)
            if lacks_second_factor(operator, network) and path not in (SECOND_FACTOR_PATH, SIGN_OUT_PATH):
                raise NotSignedInError(SECOND_FACTOR_PATH)
            waiting = await count_waiting(connection, network, viewer.buyer_ids)
            return Seen(session=session, viewer=viewer, network=network, returns_waiting=waiting)

    def cookie(self, network_id: int, token: str) -> Cookie:
        """What the browser keeps of a session, until it is closed."""
        return Cookie(
            key=self.cookie_name,
            value=f"{network_id}.{token}",
            path="/",
            secure=self._is_secure,
            httponly=True,
            samesite="lax",
        )

    def no_cookie(self) -> Cookie:
        """The same, taken away."""
        return Cookie(
            key=self.cookie_name, value="", max_age=0, path="/", secure=self._is_secure, httponly=True, samesite="lax"
        )

    def _parse(self, request: AnyRequest) -> tuple[int, str]:
        network, _, token = request.cookies.get(self.cookie_name, "").partition(".")
        if not (network.isascii() and network.isdigit() and len(network) <= 7 and token):
            raise NotSignedInError(SIGN_IN_PATH)
        return int(network), token


async def viewer_of(connection: AsyncConnection, network_id: int, operator: Operator) -> Viewer:
    """An operator as the one who looks; an account manager with the buyers that are its own."""
    buyer_ids = None
    if operator.role is Role.ACCOUNT_MANAGER:
        buyers = await list_buyers(connection, network_id)
        buyer_ids = frozenset(buyer.buyer_id for buyer in buyers if buyer.account_manager_id == operator.operator_id)
    return Viewer(
        network_id=network_id,
        operator_id=operator.operator_id,
        name=operator.name,
        email=operator.email,
        role=operator.role,
        buyer_ids=buyer_ids,
    )


def page(
    request: AnyRequest, seen: Seen | None, template: str, *, status_code: int = 200, **context: object
) -> Template:
    """A page with everything that `base.html` needs."""
    flash = request.cookies.get(FLASH)
    told = {
        "seen": seen,
        "viewer": None if seen is None else Looking(seen.viewer),
        "network": None if seen is None else seen.network,
        "returns_waiting": 0 if seen is None else seen.returns_waiting,
        "lead_statuses_on": seen is not None and seen.network.lead_statuses,
        "version": __version__,
        "flash": [] if not flash else [("success", unquote(flash)[:FLASH_LENGTH_MAX])],
        "path": request.scope["path"],
        "moment": lambda moment: local_text(seen, moment),
    }
    answer = Template(template, context=told | context, status_code=status_code, headers={"cache-control": "no-store"})
    if flash:
        answer.set_cookie(Cookie(key=FLASH, value="", max_age=0, path="/", httponly=True, samesite="lax"))
    return answer


def lacks_second_factor(operator: Operator, network: Network) -> bool:
    """Whether an operator must set up a second factor before anything else."""
    needs = network.second_factor_required and operator.role in SECOND_FACTOR_ROLES
    return needs and operator.totp_secret is None


class Looking:
    """The viewer as templates ask it."""

    def __init__(self, viewer: Viewer) -> None:
        self.name = viewer.name
        self.email = viewer.email
        self.role = str(viewer.role)
        self._viewer = viewer

    def may(self, permission: str) -> bool:
        """Whether a permission is given, by its name: `may("CHANGE_SETUP")`."""
        return self._viewer.may(Permission[permission])


def go(path: str, said: str = "", **query: str) -> Redirect:
    """Off to another page, by GET; what is `said` is shown there once."""
    answer = Redirect(path + ("?" + urlencode(query) if query else ""), status_code=303)
    if said:
        answer.set_cookie(
            Cookie(key=FLASH, value=quote(said), max_age=FLASH_SECONDS, path="/", httponly=True, samesite="lax")
        )
    return answer


def to_sign_in(request: AnyRequest, error: NotSignedInError) -> Response[Any]:
    """Where somebody goes who is not signed in; back to the page afterwards, where it was only looked at."""
    query: Mapping[str, str] = {}
    if request.method == "GET" and error.path == SIGN_IN_PATH and request.url.path != "/":
        query = {"next": request.scope["path"] + ("?" + request.url.query if request.url.query else "")}
    target = error.path + ("?" + urlencode(query) if query else "")
    if "hx-request" in request.headers:
        return Response("", status_code=401, headers={"HX-Redirect": target})
    return Redirect(target, status_code=303)


def local_text(seen: Seen | None, moment: datetime | None) -> str:
    """A moment in the network's time, to the minute; a dash where there is none."""
    return "–" if moment is None or seen is None else f"{seen.network.local(moment):%Y-%m-%d %H:%M}"
