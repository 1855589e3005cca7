"""Whether this process lives and whether it can take updates, for load balancers and for people in a hurry."""

import asyncio
from typing import Final

import structlog
from litestar import MediaType, Response, get
from litestar.di import NamedDependency as Given
from litestar.status_codes import HTTP_200_OK, HTTP_503_SERVICE_UNAVAILABLE
from sqlalchemy.exc import SQLAlchemyError

from leadback.kit.clock import now
from leadback.kit.database import Database, check_server
from leadback.kit.errors import DatabaseUnusable
from leadback.kit.fitness import is_schema_current, is_unreachable, probe_write
from leadback.kit.revision import head_revision
from leadback.kit.settings import Settings
from leadback.leads.months import are_months_ahead

ANSWER_SECONDS_MAX: Final = 2.0
FRESH_SECONDS: Final = 1.0

log = structlog.get_logger(__name__)


class Readiness:
    """Looks at the database at most once in `FRESH_SECONDS`, however many ask: each look is a commit.

    It has one connection of its own, so that a full pool is not taken for a database that is away.
    """

    def __init__(self, database_url: str, settings: Settings) -> None:
        self._database = Database(database_url, pool_size=1, application="leadback readiness")
        self._settings = settings
        self._head = head_revision()
        self._look: asyncio.Task[list[str]] | None = None
        self._looked_at = float("-inf")

    async def failing(self) -> list[str]:
        """The names of the checks that fail; none: updates can be taken."""
        loop = asyncio.get_running_loop()
        if self._look is None or (self._look.done() and loop.time() - self._looked_at > FRESH_SECONDS):
            self._looked_at = loop.time()
            self._look = asyncio.create_task(self._looking())
        # A look that takes too long goes on and is waited for again: cancelling it would cost its connection.
        done, _ = await asyncio.wait({self._look}, timeout=ANSWER_SECONDS_MAX)
        return self._look.result() if done else ["database"]

    async def close(self) -> None:
        """Close the connection."""
        if self._look is not None:
            self._look.cancel()
            await asyncio.wait({self._look})
        await self._database.close()

    async def _looking(self) -> list[str]:
        try:
            return await self._failing_now()
        except DatabaseUnusable as error:
            log.warning("not ready", reason=str(error))
            return ["database" if is_unreachable(error) else "server"]
        except (SQLAlchemyError, OSError):
            log.warning("not ready", exc_info=True)
            return ["database"]

    async def _failing_now(self) -> list[str]:
        await check_server(self._database, allow_owner_role=self._settings.allow_owner_role)
        async with self._database.outside_networks() as connection:
            await probe_write(connection)
            if not await is_schema_current(connection, self._head):
                return ["schema"]
            return [] if await are_months_ahead(connection, now().date()) else ["ledger"]


@get("/livez", media_type=MediaType.TEXT, sync_to_thread=False)
def livez() -> str:
    """This process answers; nothing else is looked at."""
    return "ok"


@get("/readyz")
async def readyz(readiness: Given[Readiness]) -> Response[dict[str, object]]:
    """200 where updates can be taken, else 503 with the names of what is in the way."""
    failing = await readiness.failing()
    status = HTTP_503_SERVICE_UNAVAILABLE if failing else HTTP_200_OK
    return Response({"ready": not failing, "failing": failing}, status_code=status)
