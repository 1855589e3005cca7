"""After any sequence of updates and catalog changes, ledger, sales, rollups and report agree with a slow model."""

import asyncio
import itertools
import os
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadback.catalog.actions import rename_item, set_item_active
from leadback.catalog.rules import CatalogKind
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.fold import fold
from leadback.leads.ledger import LEDGER_ROWS, row_hash
from leadback.leads.update import Updates
from leadback.leads.zone import change_time_zone
from leadback.networks.actions import create_network
from leadback.networks.model import COMMAND_LINE
from leadback.networks.queries import read_network
from leadback.reports.lead_status import lead_status
from leadback.reports.lead_status_rows import as_document
from leadback.reports.model import Dimension, LeadStatusQuery
from tests.leads.test_update import call, caller_with
from tests.support.history_model import Model, ModelSale
from tests.support.lived import checked
from tests.support.seed import read_ledger, read_sale, seed_network, seed_sale

EXAMPLES = int(os.environ.get("LEADBACK_HISTORY_EXAMPLES", "15"))
STATUS_IDS = {"Contacted": 1, "Funded": 2, "Dead": 3}
SUB_STATUS_NAMES = {1: "Full Payment", 2: "Partial", 4: "By phone"}
LOAN_AMOUNT = 1

calls = st.fixed_dictionaries(
    {
        "lead_id": st.sampled_from(["ONCE", "ONCE", "TWICE", "TWICE", "NEVER"]),
        "contract": st.sampled_from([0, 217, 217, 218, 300]),
        "status": st.sampled_from(["", "Contacted", "Funded", "Funded", "Dead", "Paid", "nothing"]),
        "sub_status": st.sampled_from(["", "", "Full Payment", "Partial", "By phone"]),
        "amount": st.sampled_from([None, None, Decimal(0), Decimal("12.5"), Decimal(-40)]),
        "add": st.booleans(),
        "field": st.sampled_from(["", "", "loan_amount", "loan_amount", "retired"]),
        "value": st.sampled_from(["", "100", "2.5", "much"]),
        "reason": st.sampled_from([0, 0, 0, 1, 2, 3]),
    }
)
steps = st.lists(
    st.one_of(
        calls,
        calls,
        calls,
        st.sampled_from(["rename", "rename back", "deactivate", "activate", "fold", "Asia/Tokyo", "America/New_York"]),
    ),
    min_size=4,
    max_size=25,
)

_numbers = itertools.count(1)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(taken=steps)
def test_everything_agrees_after_any_sequence(database_url: str, taken: list[Any]) -> None:
    asyncio.run(live_through(database_url, taken))


async def live_through(database_url: str, taken: list[Any]) -> None:
    """One network's life: every step taken and modelled, then everything compared."""
    database = Database(database_url)
    name = f"history {os.getpid()} {next(_numbers)}"
    network_id = await create_network(database, name=name, time_zone="America/New_York", currency="USD", now=now())
    seeded = await seed_network(database, network_id)
    moment = now().replace(hour=3, minute=30)
    model = Model([], ZoneInfo("America/New_York"), now())
    ids = []
    for lead_id, contract, days in (("ONCE", 217, 1), ("TWICE", 217, 29), ("TWICE", 218, 31)):
        sold_at = moment - timedelta(days=days)
        model.sales.append(ModelSale(lead_id, contract, sold_at))
        first = (lead_id, contract) != ("TWICE", 217)
        ids.append(
            await seed_sale(
                database,
                network_id,
                lead_id,
                buyer_contract_id=contract,
                sold_at=sold_at,
                first_of_lead=first,
                payout_share=Decimal(10 if lead_id == "ONCE" else 5),
            )
        )
    updates = Updates(database)
    caller = caller_with(seeded.key)
    for step in taken:
        if isinstance(step, str):
            await change(database, network_id, model, step)
            continue
        request = call(
            caller,
            step["lead_id"],
            buyer_contract_id=step["contract"],
            status=step["status"],
            sub_status=step["sub_status"],
            amount=step["amount"],
            add_to_existing=step["add"],
            fields=((step["field"], step["value"]),) if step["field"] else (),
            return_reason_id=step["reason"],
        )
        model.now = request.origin.received_at
        outcome = await updates.submit(request)
        assert outcome.answer.message == model.update(step), step
    for sale_id, modelled in zip(ids, model.sales, strict=True):
        await check_sale(database, network_id, sale_id, modelled)
    await check_report(database, network_id, model)
    assert (await checked(database, network_id)).differences == ()
    await database.close()


async def change(database: Database, network_id: int, model: Model, step: str) -> None:
    """A step that is no call: a rename of Funded, a switch of Dead, a fold, or another zone."""
    async with database.transaction(network_id) as connection:
        if step == "fold":
            await fold(connection, network_id, rows_max=3)
        elif step.startswith("rename"):
            model.names["Funded"] = "Paid" if step == "rename" else "Funded"
            await rename_item(
                connection,
                network_id,
                CatalogKind.STATUS,
                STATUS_IDS["Funded"],
                model.names["Funded"],
                actor=COMMAND_LINE,
                now=now(),
            )
        elif step in ("activate", "deactivate"):
            active = step == "activate"
            (model.active.add if active else model.active.discard)("Dead")
            await set_item_active(
                connection,
                network_id,
                CatalogKind.STATUS,
                STATUS_IDS["Dead"],
                active=active,
                actor=COMMAND_LINE,
                now=now(),
            )
        else:
            model.zone = ZoneInfo(step)
            await change_time_zone(connection, network_id, step, actor=COMMAND_LINE, now=now())


async def check_sale(database: Database, network_id: int, sale_id: int, modelled: ModelSale) -> None:
    """The sale as it stands, and its ledger replayed from the beginning."""
    sale = await read_sale(database, network_id, sale_id)
    names = {number: name for name, number in STATUS_IDS.items()}
    assert (
        sale.revenue,
        None if sale.status_id is None else names[sale.status_id],
        None if sale.sub_status_id is None else SUB_STATUS_NAMES[sale.sub_status_id],
        sale.stage_reached,
        sale.return_reason_id,
        sale.update_count,
    ) == (modelled.revenue, modelled.status, modelled.sub_status, modelled.stage, modelled.reason, modelled.updates)
    value = sale.field_values.get(LOAN_AMOUNT)
    assert (None if value is None else Decimal(value)) == modelled.loan_amount
    ledger = await read_ledger(database, network_id, sale_id)
    assert [row["revenue_after"] for row in ledger] == modelled.history
    assert [row["version"] for row in ledger] == list(range(2, sale.version + 1))
    before: dict[str, Any] = {"hash": b"", "revenue_after": sale.sold_price, "status_id_after": None}
    for row in ledger:
        assert bytes(row["previous_hash"]) == bytes(before["hash"])
        assert row["revenue_before"] == before["revenue_after"]
        assert row["status_id_before"] == before["status_id_after"]
        assert row_hash(bytes(row["previous_hash"]), as_written(row)) == bytes(row["hash"])
        before = dict(row)
    assert (before["revenue_after"], before["status_id_after"]) == (sale.revenue, sale.status_id)
    assert bytes(before["hash"]) == sale.ledger_hash


def as_written(row: Any) -> tuple[Any, ...]:
    """A stored row in the form in which it was hashed."""
    values = dict(row) | {
        "flags": ",".join(row["flags"]),
        "address": None if row["address"] is None else str(row["address"]),
        "field_changes": msgspec.json.encode(
            [{name: item[name] for name in ("field_id", "field", "before", "after")} for item in row["field_changes"]]
        ).decode(),
        "sale_changes": msgspec.json.encode(row["sale_changes"], order="sorted").decode(),
    }
    return tuple(values[name] for name in LEDGER_ROWS.names[:-2])


async def check_report(database: Database, network_id: int, model: Model) -> None:
    """The report by day, from rollups and deltas, against the model's."""
    query = LeadStatusQuery(
        sold_from=date.today() - timedelta(days=60),  # noqa: DTZ011 - a wide range, whatever the zone
        sold_to=date.today() + timedelta(days=2),  # noqa: DTZ011 - likewise
        by=(Dimension.DAY,),
    )
    async with database.snapshot(network_id) as connection:
        report = as_document(await lead_status(connection, await read_network(connection, network_id), query))
    assert {row["day"]: told(row) for row in report["rows"]} == model.report()


def told(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the report in the model's words."""
    statuses = row["statuses"]
    subs = [pair for status in statuses.values() for pair in status["sub_statuses"].items() if pair[0] and pair[1]]
    total = row["fields"]["loan_amount"]["sum"]
    return {
        "sales": row["sales"],
        "updated": row["updated"],
        "statuses": {name: counted["sales"] for name, counted in statuses.items() if counted["sales"]},
        "sub_statuses": dict(subs),
        "no_status": row["no_status"],
        "gross": Decimal(row["gross"]),
        "revenue": Decimal(row["revenue"]),
        "submitted": row["returns"]["submitted"],
        "funded": row["reached"]["funded"],
        "contacted": row["reached"]["contacted"],
        "loan_amount": None if total is None else Decimal(total),
    }
