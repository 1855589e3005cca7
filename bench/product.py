"""The product under load: `leadback serve` as an operator runs it, and what it is found to have written."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, LiteralString

import psycopg

from bench.world import World
from leadback.kit.errors import Refused

STOP_SECONDS_MAX: Final = 60
READY: Final = "Leadback serves "

# Each finds nothing in good books.
BOOKS: Final[dict[str, LiteralString]] = {
    "A sale does not stand as its last update left it": """
        SELECT sale_id FROM sale LEFT JOIN lead_update USING (network_id, sale_id, version)
        WHERE version > 1 AND (revenue_after, status_id_after, hash) IS DISTINCT FROM (revenue, status_id, ledger_hash)
    """,
    "An update does not follow from the one before": """
        SELECT later.sale_id, later.version FROM lead_update AS later LEFT JOIN lead_update AS earlier
            ON earlier.sale_id = later.sale_id AND earlier.version = later.version - 1
        WHERE later.version > 2 AND (earlier.hash, earlier.revenue_after)
            IS DISTINCT FROM (later.previous_hash, later.revenue_before)
    """,
    "Sales and reports differ": """
        WITH reported AS (
            SELECT campaign_id, status_id, sales, revenue FROM lead_status_rollup
            UNION ALL SELECT campaign_id, status_id, sales, revenue FROM lead_status_delta
            UNION ALL SELECT campaign_id, coalesce(status_id, 0), -1, -revenue FROM sale WHERE NOT is_test
        )
        SELECT campaign_id, status_id, sum(sales), sum(revenue) FROM reported
        GROUP BY campaign_id, status_id HAVING sum(sales) <> 0 OR sum(revenue) <> 0
    """,
    "Field values and reports differ": """
        WITH reported AS (
            SELECT status_id, value_count, value_sum FROM field_rollup
            UNION ALL SELECT status_id, value_count, value_sum FROM field_delta
            UNION ALL SELECT coalesce(status_id, 0), -1, -CAST(field_values ->> '1' AS numeric) FROM sale
                WHERE field_values ? '1' AND NOT is_test
        )
        SELECT status_id, sum(value_count), sum(value_sum) FROM reported
        GROUP BY status_id HAVING sum(value_count) <> 0 OR sum(value_sum) <> 0
    """,
}


@contextmanager
def serving(world: World, web_workers: int | None) -> Iterator[str]:
    """`leadback serve` with everything on; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LEADBACK_")}
    settings = {"LEADBACK_DATABASE_URL": world.app_url}
    if web_workers is not None:
        settings["LEADBACK_WEB_WORKERS"] = str(web_workers)
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            [sys.executable, "-P", "-m", "leadback", "serve", "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=kept | settings,
        ) as process,
    ):
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line.startswith(READY):
                errors.seek(0)
                raise Refused(f"leadback serve did not start:\n{errors.read()}")
            yield line.removeprefix(READY).strip()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_SECONDS_MAX)


def ledger_rows(world: World) -> int:
    """How many updates the ledger holds."""
    with psycopg.connect(world.superuser_url) as connection:
        row = connection.execute("SELECT count(*) FROM lead_update").fetchone()
    assert row is not None
    return int(row[0])


def check_books(world: World) -> None:
    """`Refused` where a sale does not stand as its ledger says, or the reports' numbers are not those of the sales."""
    with psycopg.connect(world.superuser_url) as connection:
        for what, statement in BOOKS.items():
            wrong = connection.execute(statement).fetchall()
            if wrong:
                raise Refused(f"{what}: {wrong[0]}")


def checkpoint(world: World) -> None:
    """Let a round begin with nothing left to write of the one before."""
    with psycopg.connect(world.superuser_url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
