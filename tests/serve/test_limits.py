"""The limits as they hold in the served program, over HTTP and behind a trusted proxy."""

import httpx
import pytest
from sqlalchemy import text

from leadback.kit.database import Database
from tests.serve.network import sold, update_path
from tests.support.program import serving
from tests.support.seed import seed_sale

pytestmark = pytest.mark.anyio

GUESSES_MAX = 4


async def test_every_web_worker_counts_the_guesses_of_one_client(
    environment: dict[str, str], database: Database, network_id: int
) -> None:
    await sold(database, network_id, 0)
    await seed_sale(database, network_id, "OWNED", buyer_id=11, buyer_contract_id=300)
    host = f"network-{network_id}.example.com"
    async with database.transaction(network_id) as connection:
        await connection.execute(text("UPDATE buyer SET keyless_networks = '{198.51.100.0/24}' WHERE buyer_id = 11"))
        await connection.execute(text("UPDATE network SET host_name = :host"), {"host": host})
    limits = {
        "LEADBACK_TRUSTED_PROXIES": "127.0.0.0/8",
        "LEADBACK_LEAD_GUESSES_MAX": str(GUESSES_MAX),
        "LEADBACK_WEB_WORKERS": "2",
    }
    with serving(environment=environment | limits) as program:

        def ask(lead_id: str, client: str) -> httpx.Response:
            # On a connection of its own, and so of either web worker.
            path = update_path("", lead_id=lead_id, buyer_contract_id=0, status="Contacted")
            return httpx.get(program.url + path, headers={"host": host, "x-forwarded-for": client}, timeout=30)

        for _ in range(GUESSES_MAX):
            assert "Invalid Lead ID" in ask("UNKNOWN", "198.51.100.1").text
        for lead_id in ("UNKNOWN", *["OWNED"] * 4):
            restricted = ask(lead_id, "198.51.100.1")
            assert (restricted.status_code, "Restricted" in restricted.text) == (429, True)
            assert int(restricted.headers["retry-after"]) > 500
        assert "Lead updated" in ask("OWNED", "198.51.100.2").text
        assert "Invalid API Key" in ask("OWNED", "203.0.113.1").text
