"""Real clients that repeat what they get no answer to, through a proxy that loses answers: one effect each."""

import asyncio
import time
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest
import urllib3
from sqlalchemy import text

from leadback.kit.database import Database
from tests.serve.network import DONE, UPDATE_PATH, sold, update_path
from tests.support.http_proxy import losing_proxy
from tests.support.program import Running
from tests.support.seed import read_failed, read_ledger, seed_sale

pytestmark = pytest.mark.anyio

STATE_SECONDS_MAX = 20.0
CLIENT_SECONDS_MAX = 1.0


class Sold(msgspec.Struct, frozen=True):
    """A lead on a served network, and the key of its buyer."""

    database: Database
    network_id: int
    key: str
    sale_id: int

    def path(self, **given: object) -> str:
        """UpdateLead that adds 10, or what is given."""
        return update_path(self.key, **{"lead_id": "GUARDED", "amount": 10, **given})

    async def effects(self) -> list[tuple[Decimal, list[str]]]:
        """What each applied call added, and its flags."""
        rows = await read_ledger(self.database, self.network_id, self.sale_id)
        return [(row["revenue_delta"], row["flags"]) for row in rows]

    async def repeats(self) -> int:
        """How many calls were taken for repeats."""
        failed = await read_failed(self.database, self.network_id)
        assert {row["reason"] for row in failed} <= {"Repeated Call"}
        return len(failed)

    async def state(self, wanted: str) -> None:
        """Wait until it is known so of the last answer."""
        statement = text("SELECT state FROM recent_answer WHERE network_id = :network_id AND sale_id = :sale_id")
        values = {"network_id": self.network_id, "sale_id": self.sale_id}
        deadline = time.monotonic() + STATE_SECONDS_MAX
        known = None
        while known != wanted:
            assert time.monotonic() < deadline, f"the answer is {known}, not {wanted}"
            await asyncio.sleep(0.05)
            async with self.database.transaction(self.network_id) as connection:
                known = (await connection.execute(statement, values)).scalar_one_or_none()


@pytest.fixture
async def lead(database: Database, network_id: int) -> Sold:
    seeded = await sold(database, network_id, 0)
    return Sold(database, network_id, seeded.key, await seed_sale(database, network_id, "GUARDED"))


async def test_a_default_client_that_misses_three_answers_calls_four_times_with_one_effect(
    served: Running, lead: Sold
) -> None:
    with losing_proxy(served.port) as proxy, urllib3.PoolManager() as client:
        proxy.loses = 3
        answer = await asyncio.to_thread(client.request, "GET", proxy.url + lead.path())
        assert proxy.lost == 3
    assert (answer.status, DONE in answer.data.decode()) == (200, True)
    assert "Idempotent-Replayed" not in answer.headers
    assert await lead.effects() == [(Decimal(10), [])]
    assert await lead.repeats() == 3


async def test_a_form_repeats_the_get_whose_answer_was_missed(served: Running, lead: Sold) -> None:
    fields = {name: values[0] for name, values in parse_qs(urlsplit(lead.path()).query, keep_blank_values=True).items()}
    with losing_proxy(served.port) as proxy, httpx.Client() as client:
        proxy.loses = 1
        with pytest.raises(httpx.RemoteProtocolError):
            await asyncio.to_thread(client.get, proxy.url + lead.path())
        answer = await asyncio.to_thread(client.post, proxy.url + UPDATE_PATH, data=fields)
    assert DONE in answer.text
    assert await lead.effects() == [(Decimal(10), [])]
    assert await lead.repeats() == 1


async def test_a_return_whose_answer_was_missed_is_one_return(served: Running, lead: Sold) -> None:
    with losing_proxy(served.port) as proxy, urllib3.PoolManager() as client:
        proxy.loses = 2
        path = lead.path(amount="", return_reason_id=1)
        answer = await asyncio.to_thread(client.request, "GET", proxy.url + path)
    assert DONE in answer.data.decode()
    assert len(await lead.effects()) == 1
    assert await lead.repeats() == 2


async def test_the_same_add_twice_on_one_connection_is_meant_twice(served: Running, lead: Sold) -> None:
    with served.client() as client:
        for _ in range(2):
            assert DONE in (await asyncio.to_thread(client.get, lead.path())).text
    assert await lead.effects() == [(Decimal(10), []), (Decimal(10), ["possible duplicate"])]
    await lead.state("sent")
    assert await lead.repeats() == 0


async def test_the_same_add_on_another_connection_is_a_repeat(served: Running, lead: Sold) -> None:
    first, second = served.get(lead.path()), served.get(lead.path())
    assert first.content == second.content
    await lead.state("sent")
    assert await lead.effects() == [(Decimal(10), [])]
    assert await lead.repeats() == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_client_that_gives_up_before_the_answer_loses_it(served: Running, lead: Sold, method: str) -> None:
    statement = text("SELECT FROM sale WHERE network_id = :network_id AND sale_id = :sale_id FOR UPDATE")
    values = {"network_id": lead.network_id, "sale_id": lead.sale_id}
    path = urlsplit(lead.path())
    headers = {"content-type": "application/x-www-form-urlencoded"}

    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        if method == "GET":
            return await client.get(lead.path())
        return await client.post(path.path, content=path.query, headers=headers)

    async with (
        lead.database.transaction(lead.network_id) as holder,
        httpx.AsyncClient(base_url=served.url, timeout=httpx.Timeout(30, read=CLIENT_SECONDS_MAX)) as hasty,
    ):
        await holder.execute(statement, values)
        with pytest.raises(httpx.ReadTimeout):
            await ask(hasty)
    await lead.state("lost")
    async with httpx.AsyncClient(base_url=served.url, timeout=30) as patient:
        assert DONE in (await ask(patient)).text
    assert await lead.effects() == [(Decimal(10), [])]
    assert await lead.repeats() == 1
