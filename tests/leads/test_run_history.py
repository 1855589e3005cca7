"""After any sequence of calls, runs and undos, ledger, sales and rollups agree, and an undo restores what was."""

import asyncio
import itertools
import os
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadback.catalog.alias_actions import create_alias, remove_alias
from leadback.catalog.vocabulary import ListedAlias
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.errors import Refused
from leadback.leads.failed_model import Rerun
from leadback.leads.fold import fold
from leadback.leads.model import Sale
from leadback.leads.update import Updates
from leadback.networks.actions import create_network
from tests.leads.test_update import call, caller_with
from tests.support.again import OPTIONS, WITH_AMOUNTS, apply_one, run_again, undo
from tests.support.changes import who
from tests.support.lived import checked
from tests.support.recompute import check_ledger, check_numbers
from tests.support.seed import read_failed, read_sale, seed_network, seed_sale

EXAMPLES = int(os.environ.get("LEADBACK_HISTORY_EXAMPLES", "15"))
WORDS = {"funded": "Funded", "called": "Contacted", "lost": "Dead"}

calls = st.fixed_dictionaries(
    {
        "lead_id": st.sampled_from(["ONE", "ONE", "TWO", "LATER"]),
        "status": st.sampled_from(["", "Contacted", "Funded", "Dead", *WORDS, *WORDS]),
        "amount": st.sampled_from([None, None, Decimal("12.5"), Decimal(-40)]),
        "add_to_existing": st.booleans(),
        "fields": st.sampled_from([(), (("loan_amount", "100"),), (("loanamt", "7"),), (("loanamt", ""),)]),
        "return_reason_id": st.sampled_from([0, 0, 0, 1, 2]),
        "happened_at": st.sampled_from(["", "", "2026-01-31", "2026-02-01T10:00:00Z"]),
    }
)
# Calls fail for their words, the words are understood, and the calls run again; then perhaps all of it is taken back.
rounds = st.fixed_dictionaries(
    {
        "before": st.lists(calls, min_size=1, max_size=5),
        "run": st.sampled_from(["run", "run", "run with amounts", "apply one"]),
        "between": st.sampled_from(["", "", "fold", "sale"]),
        "after": st.one_of(st.just([]), st.just([]), st.lists(calls, max_size=2)),
        "undo": st.sampled_from([None, 0, 0, 0, 1, 2]),
    }
)
histories = st.lists(rounds, min_size=1, max_size=5)

_numbers = itertools.count(1)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories)
def test_everything_agrees_after_any_runs_and_undos(database_url: str, history: list[Any]) -> None:
    asyncio.run(live_through(database_url, history))


async def live_through(database_url: str, history: list[Any]) -> None:
    """One network's life, then the slow accounts."""
    database = Database(database_url)
    name = f"runs {os.getpid()} {next(_numbers)}"
    network_id = await create_network(database, name=name, time_zone="America/New_York", currency="USD", now=now())
    life = Life(database, network_id, await seed_network(database, network_id))
    for lead_id in ("ONE", "TWO"):
        life.sale_ids.append(await seed_sale(database, network_id, lead_id))
    for taken in history:
        steps = [*taken["before"], "aliases", taken["run"], taken["between"], *taken["after"], ("undo", taken["undo"])]
        for step in [*steps, "no aliases"]:
            await life.take(step)
    await life.updates.close()
    await check_numbers(database, network_id)
    await check_ledger(database, network_id)
    assert (await checked(database, network_id)).differences == ()
    await database.close()


class Life:
    """A network while steps are taken, and how its sales stood before each of its runs."""

    def __init__(self, database: Database, network_id: int, seeded: Any) -> None:
        self.database = database
        self.network_id = network_id
        self.updates = Updates(database)
        self.sale_ids: list[int] = []
        self._caller = caller_with(seeded.key)
        self._before_run: dict[int, dict[int, Sale]] = {}
        self._alias_ids: list[int] = []

    async def take(self, step: Any) -> None:
        """One step."""
        if isinstance(step, dict):
            request = call(self._caller, step["lead_id"], **{name: step[name] for name in step if name != "lead_id"})
            await self.updates.submit(request)
        elif isinstance(step, tuple):
            if step[1] is not None:
                await self._undo(step[1])
        elif step == "sale":
            if len(self.sale_ids) == 2:
                self.sale_ids.append(await seed_sale(self.database, self.network_id, "LATER"))
        elif step == "fold":
            async with self.database.transaction(self.network_id) as connection:
                await fold(connection, self.network_id, rows_max=3)
        elif step in ("aliases", "no aliases"):
            await self._set_aliases(wanted=step == "aliases")
        elif step:
            await self._run(step)

    async def _run(self, step: str) -> None:
        before = await self._sales()
        if step == "apply one":
            failed = await read_failed(self.database, self.network_id)
            if not failed:
                return
            try:
                done: Rerun = await apply_one(self.database, self.network_id, failed[0]["failed_update_id"])
            except Refused:
                assert await self._sales() == before
                return
        else:
            options = WITH_AMOUNTS if step == "run with amounts" else OPTIONS
            done = await run_again(self.database, self.network_id, options)
        after = await self._sales()
        if done.run_id is None:
            assert after == before
            return
        self._before_run[done.run_id] = before
        if step == "run":
            self._check_no_amount_added(done, before, after)

    def _check_no_amount_added(self, done: Rerun, before: dict[int, Sale], after: dict[int, Sale]) -> None:
        overwritten = {
            effect.change.before.sale_id
            for effect in done.effects
            if effect.change is not None and effect.failed.call is not None and not effect.failed.call.add_to_existing
        }
        for sale_id, sale in after.items():
            assert sale.revenue == before[sale_id].revenue or sale_id in overwritten

    async def _undo(self, back: int) -> None:
        """The run so many before the last, where it can be undone."""
        run_ids = sorted(self._before_run, reverse=True)
        if back >= len(run_ids):
            return
        run_id = run_ids[back]
        before = await self._sales()
        try:
            done = await undo(self.database, self.network_id, run_id)
        except Refused:
            assert await self._sales() == before
            return
        earlier = self._before_run.pop(run_id)
        restored = {change.before.sale_id for change in done.changes}
        for sale_id, sale in (await self._sales()).items():
            assert _content(sale) == _content(earlier[sale_id] if sale_id in restored else before[sale_id])

    async def _set_aliases(self, *, wanted: bool) -> None:
        async with self.database.transaction(self.network_id) as connection:
            if not wanted:
                for alias_id in self._alias_ids:
                    await remove_alias(connection, self.network_id, alias_id, **who())
                self._alias_ids.clear()
            elif not self._alias_ids:
                listed = [ListedAlias(buyer="Buyer 10", status=word, as_status=WORDS[word]) for word in WORDS]
                listed.append(ListedAlias(buyer="Buyer 10", field="LoanAmt", as_field="loan_amount"))
                for item in listed:
                    self._alias_ids.append(await create_alias(connection, self.network_id, item, **who()))

    async def _sales(self) -> dict[int, Sale]:
        return {sale_id: await read_sale(self.database, self.network_id, sale_id) for sale_id in self.sale_ids}


def _content(sale: Sale) -> Sale:
    """A sale but for what no undo restores."""
    return msgspec.structs.replace(sale, version=0, ledger_hash=b"")
