"""Making the demonstration network: what happened is written by the ways it is written every day, at its own times."""

import asyncio
import csv
import tempfile
from collections.abc import Iterable
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from rich.progress import Progress
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.apply import apply_plan, plan_vocabulary
from leadback.catalog.own_ratios import Written, create_own_ratio
from leadback.catalog.vocabulary import read_vocabulary
from leadback.cli.demonstration.cast import CAST, campaigns
from leadback.cli.demonstration.history import History, reference_of
from leadback.cli.demonstration.life import live
from leadback.cli.demonstration.model import Sale
from leadback.cli.demonstration.reporting import Reporting
from leadback.cli.demonstration.stories import DAYS
from leadback.cli.demonstration.verdicts import decide
from leadback.feeds.import_sales import import_sales_file
from leadback.kit.database import Database
from leadback.leads.contracts import open_contract
from leadback.leads.ingest_model import IngestOptions
from leadback.leads.months import add_months
from leadback.networks.actions import create_network, set_network
from leadback.networks.model import COMMAND_LINE
from leadback.networks.queries import read_network
from leadback.networks.settings import NetworkSettings
from leadback.parties.actions import (
    create_affiliate,
    create_buyer,
    create_campaign,
    create_offer,
    create_vertical,
    set_contract,
)
from leadback.parties.settings import ContractSettings

NETWORK: Final = "Demo Network"
UNFINISHED: Final = "Demo Network, unfinished"
TIME_ZONE: Final = "America/New_York"
OWN_RATIO: Final = Written(
    label="Converted of contacted", numerator="converted", denominator="contacted", shown_as="percent"
)


async def make_network(database: Database, seed: int, until: datetime, progress: Progress) -> int:
    """The whole network up to a moment; it bears its name once it is finished."""
    began_at = until - timedelta(days=DAYS + 1)
    network_id = await create_network(database, name=UNFINISHED, time_zone=TIME_ZONE, currency="USD", now=began_at)
    async with database.transaction(network_id) as connection:
        await _set_up(connection, network_id, began_at)
        network = await read_network(connection, network_id)
    history = await asyncio.to_thread(live, until, network.zone, seed)
    async with database.transaction(network_id) as connection:
        await add_months(connection, history.sales[0].sold_at.date(), until.date())
    sold = [sale for sale in history.sales if sale.replaces is None]
    delivered = [sale for sale in history.sales if sale.replaces is not None]
    reporting = Reporting(database, network_id, history)
    await reporting.begin(began_at)
    await _sell(database, network_id, history, sold, progress)
    task = progress.add_task("Buyers report", total=sum(map(len, history.calls)))
    await reporting.send(sold, lambda calls: progress.advance(task, calls))
    await decide(database, network_id, history)
    await _sell(database, network_id, history, delivered, progress)
    await reporting.send(delivered, lambda calls: progress.advance(task, calls))
    await reporting.end()
    async with database.transaction(network_id) as connection:
        await set_network(connection, network_id, NetworkSettings(name=NETWORK), actor=COMMAND_LINE, now=until)
    return network_id


async def _set_up(connection: AsyncConnection, network_id: int, began_at: datetime) -> None:
    """The catalog and everyone who takes part, as they were when it all began."""
    told: dict[str, Any] = {"actor": COMMAND_LINE, "now": began_at}
    verticals = {
        trade.vertical: await create_vertical(connection, network_id, name=trade.vertical, **told)
        for trade in CAST.trade
    }
    for buyer in CAST.buyer:
        buyer_id = await create_buyer(connection, network_id, name=buyer.name, **told)
        for contract in buyer.contracts:
            contract_id = await open_contract(
                connection,
                network_id,
                name=contract.name,
                buyer_id=buyer_id,
                vertical_id=verticals[contract.vertical],
                **told,
            )
            if contract.outcome_max:
                settings = ContractSettings(priced_on_outcome=True)
                await set_contract(connection, network_id, contract_id, settings, **told)
    vocabulary = read_vocabulary(files(__package__).joinpath("catalog.toml").read_bytes())
    plan = await plan_vocabulary(connection, network_id, vocabulary, deactivate_missing=False)
    await apply_plan(connection, network_id, plan, **told)
    await create_own_ratio(connection, network_id, OWN_RATIO, **told)
    offers = {
        name: await create_offer(connection, network_id, name=name, **told)
        for trade in CAST.trade
        for name in trade.offers
    }
    affiliates = {
        affiliate.name: await create_affiliate(connection, network_id, name=affiliate.name, **told)
        for affiliate in CAST.affiliate
    }
    for campaign in campaigns():
        await create_campaign(
            connection,
            network_id,
            name=campaign.name,
            affiliate_id=affiliates[campaign.affiliate.name],
            offer_id=offers[campaign.offer],
            **told,
        )


async def _sell(
    database: Database, network_id: int, history: History, sales: Iterable[Sale], progress: Progress
) -> None:
    task = progress.add_task("Selling leads", total=None)
    with tempfile.TemporaryDirectory(prefix="leadback-demo-") as directory_name:
        path = Path(directory_name) / "sales.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            rows = (_row(history, sale) for sale in sales)
            writer = csv.DictWriter(file, _row(history, history.sales[0]))
            writer.writeheader()
            writer.writerows(rows)
        done = await import_sales_file(
            database,
            network_id,
            path,
            IngestOptions(),
            renamed={},
            constants={},
            report_progress=lambda position, size: progress.update(task, completed=position, total=size),
        )
    assert done.summary.rejected == 0, done.summary


def _row(history: History, sale: Sale) -> dict[str, object]:
    """A sale as a sales file has it."""
    lead = sale.lead
    return {
        "sale_ref": reference_of(sale.number),
        "lead_id": history.lead_ids[lead.number],
        "lead_at": lead.came_at.astimezone(history.zone).isoformat(),
        "sold_at": sale.sold_at.astimezone(history.zone).isoformat(),
        "sold_price": sale.price or ("0" if sale.replaces is not None else ""),
        "payout": lead.campaign.payout,
        "buyer": sale.buyer.name,
        "buyer_contract": sale.contract.name,
        "affiliate": lead.campaign.affiliate.name,
        "campaign": lead.campaign.name,
        "sub_id_1": lead.sub_id,
        "sub_id_2": lead.device,
        "sale_type": sale.sale_type,
        "is_test": str(lead.is_test).lower(),
        "replaces_sale_ref": "" if sale.replaces is None else reference_of(sale.replaces),
    }
