"""The console in this process, looked at as a browser does: with cookies, and saying where requests come from."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from leadback.access.operator_model import Role
from leadback.access.operator_store import insert_operator, next_operator_id
from leadback.access.sign_in import Browser, begin_session
from leadback.console.health import Readiness
from leadback.console.routes import console
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.settings import Settings

ADDRESS = "http://console.test"


def application(database: Database, settings: Settings | None = None) -> httpx.ASGITransport:
    """The console over a database; it is never asked whether it is ready."""
    settings = settings or Settings(public_url=ADDRESS)
    url = database.engine.url.render_as_string(hide_password=False)
    return httpx.ASGITransport(console(settings, Readiness(url, settings), database))


@asynccontextmanager
async def browsing(
    database: Database, *, cookies: dict[str, str] | None = None, settings: Settings | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without a session, or with the cookies it has."""
    async with httpx.AsyncClient(
        transport=application(database, settings),
        base_url=ADDRESS,
        headers={"sec-fetch-site": "same-origin"},
        cookies=cookies,
    ) as client:
        yield client


@asynccontextmanager
async def signed_in(
    database: Database, network_id: int, role: Role = Role.OWNER, *, name: str = "Ada", operator_id: int | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """A browser of an operator of some role; of a new one unless it is named."""
    async with database.transaction(network_id) as connection:
        if operator_id is None:
            operator_id = await next_operator_id(connection, network_id)
            email = f"{name.lower()}{operator_id}@example.com"
            values = {"operator_id": operator_id, "name": name, "email": email, "role": str(role)}
            await insert_operator(connection, network_id, values)
        token = await begin_session(connection, network_id, operator_id, browser=Browser(None, "test"), now=now())
    async with browsing(database, cookies={"leadback": f"{network_id}.{token}"}) as client:
        yield client
