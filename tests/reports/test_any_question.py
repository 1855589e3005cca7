"""Whatever is asked, the reports agree with a slow computation, with the ledger, and with each other."""

import asyncio
import itertools
import os
from functools import cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.networks.actions import create_network
from tests.reports.test_lead_detail import detail_of, rows_of
from tests.reports.test_lead_status import DIMENSIONS, FILTERS, FIRST, LAST, check, report_of
from tests.support.world import World, happen, make_world

EXAMPLES = int(os.environ.get("LEADBACK_HISTORY_EXAMPLES", "15"))

_numbers = itertools.count(1)

questions = st.fixed_dictionaries(
    {
        "show_changes": st.booleans(),
        "show_sub_status": st.booleans(),
        # Conditions of several kinds beside each other: every one must hold, of one kind any.
        "filters": st.lists(st.sampled_from([one for several in FILTERS for one in several]), max_size=3).map(tuple),
    }
)
rows = st.lists(st.sampled_from(DIMENSIONS), min_size=1, max_size=2, unique=True)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(by=rows, asked=questions)
def test_any_question_has_one_answer(database_url: str, by: list[str], asked: dict[str, Any]) -> None:
    asyncio.run(answered_alike(database_url, by, asked))


@cache
def world_of(database_url: str) -> World:
    """One network for all questions: what is drawn is what is asked."""
    return asyncio.run(_made(database_url))


async def _made(database_url: str) -> World:
    database = Database(database_url)
    name = f"any question {os.getpid()} {next(_numbers)}"
    network_id = await create_network(database, name=name, time_zone="America/New_York", currency="USD", now=now())
    world = await make_world(database, network_id)
    await happen(database, world, 250)
    await database.close()
    return world


async def answered_alike(database_url: str, by: list[str], asked: dict[str, Any]) -> None:
    world = await asyncio.to_thread(world_of, database_url)
    database = Database(database_url)
    sales = await check(database, world, by, **asked)
    present = await report_of(database, world.network_id, by, **asked)
    as_of_now = await report_of(database, world.network_id, by, as_of=now(), **asked)
    as_of_now.pop("as_of")
    assert as_of_now == present
    if not asked["show_changes"] and not asked["show_sub_status"]:
        days = {"sold_from": FIRST, "sold_to": LAST}
        async with detail_of(database, world.network_id, filters=asked["filters"], **days) as detail:
            assert (await detail.totals()).sales == sales
        listed = await rows_of(database, world.network_id, 37, filters=asked["filters"], **days)
        assert len({row["sale_id"] for row in listed}) == len(listed) == sales
    await database.close()
