"""After any returns, decisions, amounts and imports of replacements everything agrees with a slow model."""

import asyncio
import itertools
import os
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from secrets import token_hex
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.fold import fold
from leadback.leads.returns import credit_returns, reject_returns, replace_returns, submit_return
from leadback.leads.update import Updates
from leadback.networks.actions import create_network, set_network
from leadback.networks.queries import read_network
from leadback.networks.settings import NetworkSettings
from leadback.reports.lead_status import lead_status
from leadback.reports.lead_status_rows import as_document
from leadback.reports.model import Dimension, LeadStatusQuery
from tests.leads.test_update import call, caller_with
from tests.support.changes import who
from tests.support.importing import import_rows, read
from tests.support.lived import checked
from tests.support.recompute import check_ledger, check_numbers
from tests.support.seed import Seeded, seed_network, seed_sale

EXAMPLES = int(os.environ.get("LEADBACK_HISTORY_EXAMPLES", "15"))
STANDING = ("submitted", "credited", "replaced")

_numbers = itertools.count(1)

places = st.integers(0, 3)
amounts = st.sampled_from([None, None, Decimal(0), Decimal(7), Decimal(-40)])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("buyer"), places, st.sampled_from([0, 0, 1, 1, 2]), amounts, st.booleans()),
        st.tuples(st.just("submit"), places, st.sampled_from([1, 2])),
        st.tuples(st.just("credit"), st.lists(places, max_size=5), st.sampled_from([None, True, False])),
        st.tuples(st.just("replace"), st.lists(places, max_size=5)),
        st.tuples(st.just("reject"), st.lists(places, max_size=5), st.booleans()),
        st.tuples(st.just("deliver"), places),
        st.tuples(st.just("setting"), st.sampled_from(["automatic_credit", "manual"]), st.booleans()),
        st.tuples(st.just("fold")),
    ),
    min_size=6,
    max_size=30,
)


@dataclass
class ModelSale:
    """One sale, and the revenue there was before amounts came with its return (None: none did, or it moved on)."""

    returnable: bool = True
    revenue: Decimal = Decimal(25)
    state: str | None = None
    reason: int = 0
    came: list[tuple[Decimal, Decimal]] | None = None
    rows: int = 0
    delivered: bool = False
    updates: int = 0


class Model:
    """What four sales of one contract come to; the last is not returnable."""

    def __init__(self) -> None:
        self.sales = [ModelSale(), ModelSale(), ModelSale(), ModelSale(returnable=False)]
        self.automatic = False
        self.zeroes = False

    def returned(self, sale: ModelSale, reason: int, amount: Decimal | None, *, add: bool) -> bool:
        """A call with a return, or an amount, or both; whether it was accepted."""
        standing = sale.state in STANDING
        if reason and not (standing and sale.reason == reason) and (not sale.returnable or standing):
            return False
        before = sale.revenue
        if amount is not None:
            sale.revenue = amount + (before if add else 0)
        if reason and not standing:
            sale.state, sale.reason, sale.came = "credited" if self.automatic else "submitted", reason, []
            if self.automatic and self.zeroes and (amount is None or (add and amount == 0)):
                sale.revenue = min(sale.revenue, Decimal(0))
        if reason and sale.revenue != before:
            assert sale.came is not None
            sale.came.append((before, sale.revenue))
        sale.rows += 1
        sale.updates += bool(reason or (amount is not None and not (add and amount == 0)))
        return True

    def decided(self, sale: ModelSale, state: str, *, zero: bool | None = None, restore: bool = False) -> bool:
        """An operator's decision; whether it was taken."""
        if sale.state != "submitted":
            return False
        came = sale.came or []
        if restore and came:
            revenues = [after for _, after in came]
            if revenues != [before for before, _ in came[1:]] + [sale.revenue]:
                return False
            sale.revenue = came[0][0]
        if self.zeroes if zero is None else zero:
            sale.revenue = min(sale.revenue, Decimal(0))
        sale.state = state
        sale.rows += 1
        return True

    def delivers(self, sale: ModelSale) -> bool:
        """A replacement's import; whether it was taken."""
        if sale.state != "replaced" or sale.delivered:
            return False
        sale.delivered = True
        return True

    def owed(self) -> int:
        """How many replacements the contract is owed."""
        return sum(sale.state == "replaced" and not sale.delivered for sale in self.sales)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(taken=steps)
def test_everything_agrees_after_any_sequence(database_url: str, taken: list[Any]) -> None:
    asyncio.run(live_through(database_url, taken))


async def live_through(database_url: str, taken: list[Any]) -> None:
    """One network's life, every step compared with the model's."""
    database = Database(database_url)
    updates = Updates(database)
    try:
        name = f"returns {os.getpid()} {next(_numbers)}"
        network_id = await create_network(database, name=name, time_zone="America/New_York", currency="USD", now=now())
        seeded = await seed_network(database, network_id)
        model = Model()
        ids = [
            await seed_sale(database, network_id, f"A{place}", sale_ref=f"R{place}", returnable=sale.returnable)
            for place, sale in enumerate(model.sales)
        ]
        for step in taken:
            await take(database, updates, seeded, model, ids, step)
            await check_report(database, network_id, model)
        await check_sales(database, network_id, model, ids)
        await check_numbers(database, network_id)
        assert await check_ledger(database, network_id) == sum(sale.rows for sale in model.sales)
        assert (await checked(database, network_id)).differences == ()
    finally:
        await updates.close()
        await database.close()


async def take(
    database: Database, updates: Updates, seeded: Seeded, model: Model, ids: list[int], step: tuple[Any, ...]
) -> None:
    """One step, and whether it went as the model says."""
    network_id = seeded.network_id
    match step:
        case "buyer", place, reason, amount, add:
            # With a key of its own: that equal calls follow each other is meant.
            key = token_hex(8)
            said = call(
                caller_with(seeded.key),
                f"A{place}",
                return_reason_id=reason,
                amount=amount,
                add_to_existing=add,
                idempotency_key=key,
            )
            outcome = await updates.submit(said)
            assert outcome.answer.success is model.returned(model.sales[place], reason, amount, add=add)
        case "submit", place, reason:
            async with database.transaction(network_id) as connection:
                result = await submit_return(connection, network_id, ids[place], return_reason_id=reason, **who())
            # Where a buyer's repeat is a success that changes nothing, an operator hears that it is returned already.
            sale = model.sales[place]
            accepted = sale.state not in STANDING and model.returned(sale, reason, None, add=False)
            assert (result.refusal is None) is accepted
        case "deliver", place:
            row = {"lead_id": f"B{next(_numbers)}", "sold_price": "", "replaces_sale_ref": f"R{place}"}
            done = await import_rows(database, network_id, row | {"sold_at": (now() - timedelta(days=1)).isoformat()})
            assert done.summary.imported == model.delivers(model.sales[place]), done.reasons
        case "setting", approval, zeroes:
            model.automatic, model.zeroes = approval == "automatic_credit", zeroes
            chosen = NetworkSettings(return_approval=approval, credit_sets_revenue_to_zero=zeroes)
            async with database.transaction(network_id) as connection:
                await set_network(connection, network_id, chosen, **who())
        case ("fold",):
            async with database.transaction(network_id) as connection:
                await fold(connection, network_id, rows_max=3)
        case _:
            await decide(database, network_id, model, ids, step)


async def decide(database: Database, network_id: int, model: Model, ids: list[int], step: tuple[Any, ...]) -> None:
    """A decision on several sales, some of them named twice."""
    name, chosen, *more = step
    sale_ids = [ids[place] for place in chosen]
    async with database.transaction(network_id) as connection:
        if name == "credit":
            results = await credit_returns(connection, network_id, sale_ids, zero_revenue=more[0], **who())
        elif name == "replace":
            results = await replace_returns(connection, network_id, sale_ids, **who())
        else:
            results = await reject_returns(
                connection, network_id, sale_ids, note="No", restore_revenue=more[0], **who()
            )
    state = {"credit": "credited", "replace": "replaced", "reject": "rejected"}[name]
    for place, result in zip(dict.fromkeys(chosen), results, strict=True):
        sale = model.sales[place]
        zero = more[0] if name == "credit" else False
        taken = model.decided(sale, state, zero=zero, restore=name == "reject" and more[0])
        assert (result.refusal is None) is taken, result
        if taken:
            assert (result.sale_id, result.state, result.revenue) == (ids[place], state, sale.revenue)


async def check_report(database: Database, network_id: int, model: Model) -> None:
    """The Lead Status report's returns and revenue, from rollups and deltas."""
    query = LeadStatusQuery(
        sold_from=(now() - timedelta(days=60)).date(), sold_to=now().date(), by=(Dimension.BUYER_CONTRACT,)
    )
    async with database.snapshot(network_id) as connection:
        report = as_document(await lead_status(connection, await read_network(connection, network_id), query))
    totals = report["totals"]
    states = [sale.state for sale in model.sales]
    assert totals["returns"] == {state: states.count(state) for state in (*STANDING, "rejected")}
    assert Decimal(totals["revenue"]) == sum(sale.revenue for sale in model.sales)
    assert totals["updated"] == sum(sale.updates > 0 for sale in model.sales)


async def check_sales(database: Database, network_id: int, model: Model, ids: list[int]) -> None:
    """Every sale and what the contract is owed."""
    rows = await read(database, network_id, "SELECT * FROM sale WHERE network_id = :network_id")
    sales = {row["sale_id"]: row for row in rows}
    for sale_id, sale in zip(ids, model.sales, strict=True):
        row = sales[sale_id]
        assert (row["revenue"], row["return_state"], row["return_reason_id"] or 0, row["update_count"]) == (
            sale.revenue,
            sale.state,
            sale.reason,
            sale.updates,
        )
    contracts = "SELECT * FROM buyer_contract WHERE network_id = :network_id AND buyer_contract_id = 217"
    (contract,) = await read(database, network_id, contracts)
    assert contract["returns_owed"] == model.owed()
