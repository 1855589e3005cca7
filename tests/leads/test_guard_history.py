"""Any sequence of calls without an idempotency key has the effects that the table of the guard gives it."""

import asyncio
import itertools
import os
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.model import AnswerState
from leadback.leads.update import Updates
from leadback.networks.actions import create_network
from tests.leads.test_guard import Life
from tests.support.lived import checked
from tests.support.seed import read_failed, seed_network, seed_sale

EXAMPLES = int(os.environ.get("LEADBACK_HISTORY_EXAMPLES", "15"))
DAY_SECONDS = 24 * 3600

_numbers = itertools.count(1)


@dataclass
class Step:
    """A call: so many seconds after the one before, adding so much (0: it names a status), and its answer's fate."""

    gap: int
    amount: int
    fate: str


@dataclass
class Modelled:
    """The sale as the table says, and the call that gave it its version if the guard looks at that."""

    guard: str
    revenue: int = 25
    version: int = 1
    repeats: int = 0
    flagged: int = 0
    first: tuple[int, int, str] | None = None

    def take(self, at: int, step: Step) -> None:
        """One call, received so many seconds after the start."""
        fate = self._fate(at, step)
        if fate == "suppressed":
            self.repeats += 1
            return
        self.flagged += fate == "flagged"
        self.revenue += step.amount
        self.version += 1
        self.first = (at, step.amount, step.fate) if step.amount else None

    def _fate(self, at: int, step: Step) -> str:
        if self.guard == "off" or self.first is None or self.first[1] != step.amount:
            return "applied"
        first_at, _, known = self.first
        if known in ("committed", "lost"):
            return "suppressed" if at - first_at <= DAY_SECONDS else "applied"
        if at - first_at > 60:
            return "applied"
        return "flagged" if known == "delivered" and self.guard == "guard" else "suppressed"


steps = st.lists(
    st.builds(
        Step,
        st.sampled_from([0, 1, 30, 60, 61, 3600, DAY_SECONDS, DAY_SECONDS + 1]),
        st.sampled_from([5, 5, 7, 0]),
        st.sampled_from(["committed", "sent", "delivered", "lost"]),
    ),
    min_size=2,
    max_size=10,
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(taken=steps, guard=st.sampled_from(["guard", "guard", "strict", "off"]))
def test_calls_have_the_effects_of_the_table(database_url: str, taken: list[Step], guard: str) -> None:
    asyncio.run(live_through(database_url, taken, guard))


async def live_through(database_url: str, taken: list[Step], guard: str) -> None:
    database = Database(database_url)
    name = f"guarded {os.getpid()} {next(_numbers)}"
    network_id = await create_network(database, name=name, time_zone="UTC", currency="USD", now=now())
    seeded = await seed_network(database, network_id)
    life = Life(database, seeded, await seed_sale(database, network_id, "C8097F17"), Updates(database))
    await life.guard(guard)
    model, at = Modelled(guard), 0
    for step in taken:
        at += step.gap
        said: dict[str, Any] = {} if step.amount else {"status": "Contacted", "add_to_existing": None}
        amount = Decimal(step.amount) if step.amount else None
        outcome = await life.call(timedelta(seconds=at), amount=amount, **said)
        assert outcome.answer.success
        if outcome.receipt is not None and step.fate != "committed":
            life.tell(outcome, AnswerState(step.fate))
        model.take(at, step)
    flags = await life.flags()
    assert (await life.added() + 25, len(flags)) == (Decimal(model.revenue), model.version - 1)
    assert sum("possible duplicate" in row for row in flags) == model.flagged
    failed = await read_failed(database, network_id)
    assert [row["reason"] for row in failed] == ["Repeated Call"] * model.repeats
    assert (await checked(database, network_id)).differences == ()
    await life.updates.close()
    await database.close()
