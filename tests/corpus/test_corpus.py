"""Every case of the corpus: the answer, the database and the next good request are as the rules have them."""

import asyncio
import socket
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import pytest
from litestar.exceptions import LitestarDeprecationWarning

from leadback.app import Application
from leadback.kit.database import Database
from leadback.kit.http_guard import Guard
from leadback.kit.settings import Settings
from tests.buyer_api.wire import Reply, body_event, exchange
from tests.corpus.generate import CATEGORIES, path_of
from tests.corpus.model import Case, read_cases
from tests.corpus.replay import Places, Prepared, Replay, sold_in
from tests.corpus.world import make_corpus_world

pytestmark = pytest.mark.anyio

CASES_PER_TEST: Final = 120

CANARY_TEXT: Final = "canary-of-the-corpus"


def chunks() -> Iterator[Any]:
    """The cases in process, so many to a test, each test with a network of its own."""
    for name in CATEGORIES:
        cases = [case for case in read_cases(path_of(name)) if not case.socket]
        for start in range(0, len(cases), CASES_PER_TEST):
            yield pytest.param(cases[start : start + CASES_PER_TEST], id=f"{name}-{start // CASES_PER_TEST + 1}")


@pytest.fixture
async def application(database_url: str) -> AsyncIterator[Guard]:
    """The whole application in this process, from start to stop."""
    limitless = Settings(database_url=database_url, rate_per_key=0, lead_guesses_max=0)
    with warnings.catch_warnings():
        # How pages name what they are given will be another matter in the next version of their framework.
        warnings.simplefilter("ignore", LitestarDeprecationWarning)
        guard = Guard(Application(limitless, database_url))
    async with lived(guard) as alive:
        yield alive


@asynccontextmanager
async def lived(application: Guard) -> AsyncIterator[Guard]:
    """Start and stop as a server tells it."""
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    answers: asyncio.Queue[Any] = asyncio.Queue()
    life = asyncio.create_task(application({"type": "lifespan", "state": {}}, told.get, answers.put))
    await told.put({"type": "lifespan.startup"})
    assert await answers.get() == {"type": "lifespan.startup.complete"}
    yield application
    await told.put({"type": "lifespan.shutdown"})
    await life


@contextmanager
def canary(directory: Path) -> Iterator[tuple[str, int]]:
    """A file that nobody may read, whose text would show, and a port that nobody may call."""
    file = directory / "canary"
    file.write_text(CANARY_TEXT)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield str(file), listener.getsockname()[1]
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize("cases", list(chunks()))
async def test_every_case_comes_to_what_the_rules_say(
    cases: list[Case], application: Guard, database: Database, network_id: int, tmp_path: Path
) -> None:
    seeded = await make_corpus_world(database, network_id, sold_in(cases))
    ports = count(20_000)

    async def send(request: Prepared) -> Reply:
        path, _, query = request.target.partition(b"?")
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": unquote(path.decode("latin-1"), errors="replace"),
            "query_string": query,
            "headers": [(name.lower(), value) for name, value in request.headers],
            # A connection for each request: nothing is known of what became of the answer before.
            "client": ("192.0.2.7", next(ports)),
        }
        reply = await exchange(application, scope, body_event(request.body))
        assert reply is not None
        return reply

    with canary(tmp_path) as (file, port):
        wrong = await Replay(database, Places(seeded, file, port), send).run(cases)
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)
