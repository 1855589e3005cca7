"""Builds the ASGI application: one outermost callable for everything that comes by HTTP."""

import gc
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
import structlog

from leadback.buyer_api import samples
from leadback.buyer_api.application import BuyerApi
from leadback.buyer_api.operations import LEADS, UPDATE_LEAD
from leadback.buyer_api.posting_document import Form, posting_document
from leadback.console.buyers_side import BuyersSide, TestCall
from leadback.console.health import Readiness
from leadback.console.links import server_address
from leadback.console.routes import console
from leadback.kit.database import Database
from leadback.kit.errors import DatabaseUnusable, Refused
from leadback.kit.exchange import Asked, Exchange, ask_within
from leadback.kit.fitness import check_database, is_unreachable
from leadback.kit.http import Receive, Scope, Send
from leadback.kit.http_guard import Guard
from leadback.kit.logs import configure_logs
from leadback.kit.process import end_with_parent, has_parent, leave_stopping_to_parent
from leadback.kit.settings import Settings, load_settings
from leadback.leads.configuration import Configuration
from leadback.leads.limits import Limits
from leadback.leads.model import Channel
from leadback.leads.update import Updates
from leadback.parties.model import Vertical

# Pages and their reports have connections of their own: they must not keep updates waiting.
CONSOLE_POOL_SIZE: Final = 3

KEY_SHOWN_LENGTH: Final = 10

log = structlog.get_logger(__name__)


def create_application() -> Guard:
    """The application of one web worker, with its settings from the environment."""
    settings = load_settings({})
    configure_logs(settings.log_level)
    end_with_parent()
    try:
        if settings.database_url is None:
            raise Refused(
                "A web worker needs LEADBACK_DATABASE_URL; `leadback serve` sets it where it brings the server."
            )
        application = Guard(Application(settings, settings.database_url))
    except Exception:
        # Said here: an exception that leaves a worker is printed with its text, whatever that quotes.
        log.exception("a web worker could not start")
        sys.exit(1)
    # What is there now stays. Looked through again and again for garbage, its hundred thousand objects would hold up
    # every call that is under way, for some 60 ms each time.
    gc.freeze()
    return application


def buyers_side(buyer_api: BuyerApi, settings: Settings) -> BuyersSide:
    """The buyers' channels as pages show them: the document for developers, and calls that come by no network."""
    address = server_address(settings)
    addressed = msgspec.structs.replace(settings, public_url=address)

    def write_document(
        configuration: Configuration,
        verticals: Sequence[Vertical],
        buyer_id: int,
        made_at: datetime,
        form: str,
    ) -> str:
        return posting_document(configuration, verticals, buyer_id, addressed, made_at=made_at, form=Form(form))

    async def try_update(call: TestCall) -> Exchange:
        made = samples.call(LEADS, UPDATE_LEAD, Channel(call.channel), LEADS.path, call.parameters)
        named = [(name.encode(), value.encode()) for name, value in made.headers]
        if made.body:
            named.append((b"Content-Length", str(len(made.body.encode())).encode()))
        host, key = (b"Host", call.host.encode()), (b"X-Api-Key", call.key.encode())
        shown_key = (b"X-Api-Key", f"{call.key[:KEY_SHOWN_LENGTH]}...".encode("latin-1", "replace"))
        return await ask_within(
            buyer_api,
            Asked(
                line=made.line,
                headers=tuple((name.lower(), value) for name, value in (host, key, *named)),
                shown_headers=(host, shown_key, *named),
                body=made.body,
            ),
            address=call.address,
            request_id=call.request_id,
        )

    channels = tuple((str(channel), samples.TITLES[channel]) for channel in samples.channels_of(LEADS))
    return BuyersSide(address, settings.public_url is not None, channels, write_document, try_update)


class Application:
    """The buyers' channels directly, everything else by way of Litestar."""

    def __init__(self, settings: Settings, database_url: str) -> None:
        self._settings = settings
        self._database = Database(database_url, application="leadback web")
        self._updates = Updates(
            self._database,
            Limits(
                rate_per_key=settings.rate_per_key,
                lead_guesses_max=settings.lead_guesses_max,
                web_workers=settings.web_workers,
            ),
        )
        self._readiness = Readiness(database_url, settings)
        self._buyer_api = BuyerApi(self._updates, settings)
        self._pages_database = Database(database_url, pool_size=CONSOLE_POOL_SIZE, application="leadback console")
        self._console = console(settings, self._readiness, self._pages_database, buyers_side(self._buyer_api, settings))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live from start to stop."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._buyer_api.serves(scope["path"]):
            await self._buyer_api(scope, receive, send)
        else:
            await self._console(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._open()
        except Exception:
            log.exception("a web worker could not start")
            await send({"type": "lifespan.startup.failed", "message": ""})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _open(self) -> None:
        if has_parent():
            leave_stopping_to_parent()
        try:
            await check_database(self._database, self._settings)
        except DatabaseUnusable as error:
            # A worker that is started while the database is away waits for it, like those that were there before.
            if not is_unreachable(error):
                raise
            log.warning("database unreachable", reason=str(error))

    async def _close(self) -> None:
        await self._updates.close()
        await self._readiness.close()
        await self._pages_database.close()
        await self._database.close()
