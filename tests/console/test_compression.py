"""Pages and their files are small on the way to browsers that can open them; downloads keep their length."""

import pytest

from leadback.kit.database import Database
from tests.console.browsing import signed_in

pytestmark = pytest.mark.anyio

STYLE_SHEET = "/static/console.css"


async def test_a_browser_that_asks_for_nothing_gets_what_it_can_read(database: Database, network_id: int) -> None:
    async with signed_in(database, network_id) as client:
        for path in ("/home", STYLE_SHEET):
            answer = await client.get(path, headers={"accept-encoding": "identity"})
            assert answer.status_code == 200
            assert "content-encoding" not in answer.headers


async def test_pages_and_style_sheets_are_compressed(database: Database, network_id: int) -> None:
    async with signed_in(database, network_id) as client:
        for path in ("/home", STYLE_SHEET):
            plain = await client.get(path, headers={"accept-encoding": "identity"})
            answer = await client.get(path, headers={"accept-encoding": "gzip"})
            assert answer.headers["content-encoding"] == "gzip"
            assert "accept-encoding" in answer.headers["vary"].lower()
            assert answer.num_bytes_downloaded < len(plain.content) / 2
            assert len(answer.content) == len(plain.content)


async def test_a_file_to_download_says_how_long_it_is(database: Database, network_id: int) -> None:
    async with signed_in(database, network_id) as client:
        answer = await client.get("/reports/lead-status/export?format=csv", headers={"accept-encoding": "gzip"})
        assert "content-encoding" not in answer.headers
        assert int(answer.headers["content-length"]) == len(answer.content)
