"""`leadback demo`: a believable network through the real write path, then the server."""

import asyncio
import csv
import os
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from leadback.access.actions import create_key, revoke_key
from leadback.access.model import PresentedKey
from leadback.catalog.apply import apply_plan, plan_vocabulary
from leadback.catalog.model import Catalog
from leadback.catalog.queries import read_catalog
from leadback.catalog.vocabulary import read_vocabulary
from leadback.cli.demo_life import Report, Sold, live
from leadback.cli.output import say
from leadback.cli.serve import serve
from leadback.cli.session import Session, command, open_session, settings_of_command
from leadback.feeds.import_sales import import_sales_file
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.port import claimed_port
from leadback.kit.schema import migrate
from leadback.kit.settings import PREFIX, Settings
from leadback.kit.tokens import digest
from leadback.leads.ingest_model import IngestOptions
from leadback.leads.model import BuyerCaller, Channel, Origin, UpdateRequest
from leadback.leads.queries import last_lead_sold_once
from leadback.leads.update import Updates
from leadback.networks.actions import create_network
from leadback.networks.model import COMMAND_LINE
from leadback.networks.queries import directory, read_network
from leadback.parties.queries import list_buyers, list_contracts

group = typer.Typer()

NETWORK: Final = "Demo Network"
TIME_ZONE: Final = "America/New_York"
DATA_DIR: Final = Path("leadback-demo")
CALLS_AT_ONCE: Final = 256


class Shown(msgspec.Struct, frozen=True):
    """What a visitor needs for a first call: a key, and a lead its buyer bought under one contract."""

    key: str
    lead_id: str
    buyer: str


@command(group, "demo")
def demo(
    *,
    port: Annotated[int | None, typer.Option(help="Also LEADBACK_PORT. Default: 8400")] = None,
    seed: Annotated[int, typer.Option(help="Another number, another story.")] = 1,
) -> None:
    """Make a demonstration network (in ./leadback-demo unless told otherwise) and serve it."""
    settings = _settings(port)
    with claimed_port(settings.host, settings.port):
        pass  # a port in use is said before anything is made
    with Progress(
        TextColumn("{task.description}"), BarColumn(), console=Console(stderr=True), transient=True
    ) as progress:
        shown = asyncio.run(_prepare(settings, seed, progress))
    address = settings.public_url or f"http://{settings.host}:{settings.port}"
    say(_welcome(settings, address, shown))
    serve(port=port)


def _settings(port: int | None) -> Settings:
    """As on the command line, but a directory of its own: a demonstration does not belong among real data."""
    settings = settings_of_command(port=port)
    if settings.data_dir == Settings().data_dir and settings.database_url is None:
        # `serve` and the commands that are printed find it by the same variable.
        os.environ[f"{PREFIX}DATA_DIR"] = str(DATA_DIR)
        settings = settings_of_command(port=port)
    return settings


async def _prepare(settings: Settings, seed: int, progress: Progress) -> Shown:
    async with open_session(settings, migrate=migrate) as session:
        network_id = await _network(session.database)
        if network_id is None:
            network_id = await create_network(
                session.database, name=NETWORK, time_zone=TIME_ZONE, currency="USD", now=now()
            )
            await _live(session, network_id, seed, progress)
        return await _show(session.database, network_id)


async def _network(database: Database) -> int | None:
    async with database.outside_networks() as connection:
        networks = await directory(connection)
    return next((network_id for network_id, (name, _) in networks.items() if name == NETWORK), None)


async def _live(session: Session, network_id: int, seed: int, progress: Progress) -> None:
    database = session.database
    vocabulary = read_vocabulary(files("leadback.cli").joinpath("demo_catalog.toml").read_bytes())
    async with database.transaction(network_id) as connection:
        plan = await plan_vocabulary(connection, network_id, vocabulary, deactivate_missing=False)
        await apply_plan(connection, network_id, plan, actor=COMMAND_LINE, now=now())
        network = await read_network(connection, network_id)
    sales, reports = live(network.local(now()), seed)
    await _sell(database, network_id, sales, progress)
    await _report(database, network_id, reports, progress)


async def _sell(database: Database, network_id: int, sales: Sequence[Sold], progress: Progress) -> None:
    task = progress.add_task("Selling leads", total=None)
    with tempfile.TemporaryDirectory(prefix="leadback-demo-") as directory_name:
        path = Path(directory_name) / "sales.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(Sold.__struct_fields__)
            writer.writerows(msgspec.structs.astuple(sale) for sale in sales)
        done = await import_sales_file(
            database,
            network_id,
            path,
            IngestOptions(create_missing=True),
            renamed={},
            constants={},
            report_progress=lambda position, size: progress.update(task, completed=position, total=size),
        )
    assert done.summary.rejected == 0


async def _report(database: Database, network_id: int, reports: Sequence[Report], progress: Progress) -> None:
    """Every call at its real time, by the way every call goes; the keys for it end with it."""
    task = progress.add_task("Buyers report", total=len(reports))
    callers: dict[str, BuyerCaller] = {}
    key_ids = []
    async with database.transaction(network_id) as connection:
        contracts = {item.name: item.buyer_contract_id for item in await list_contracts(connection, network_id)}
        catalog = await read_catalog(connection, network_id)
        for buyer in await list_buyers(connection, network_id):
            key_id, key = await create_key(
                connection, network_id, buyer_id=buyer.buyer_id, actor=COMMAND_LINE, now=reports[0].reported_at
            )
            key_ids.append(key_id)
            callers[buyer.name] = BuyerCaller(PresentedKey(network_id, digest(key)))
    updates = Updates(database)
    for place in range(0, len(reports), CALLS_AT_ONCE):
        portion = reports[place : place + CALLS_AT_ONCE]
        requests = [
            _request(report, callers[report.buyer], contracts[report.buyer_contract], catalog) for report in portion
        ]
        await asyncio.gather(*(updates.submit(request) for request in requests))
        progress.update(task, advance=len(portion))
    await updates.close()
    async with database.transaction(network_id) as connection:
        for key_id in key_ids:
            await revoke_key(connection, network_id, key_id, actor=COMMAND_LINE, now=now())


def _request(report: Report, caller: BuyerCaller, buyer_contract_id: int, catalog: Catalog) -> UpdateRequest:
    reasons = {reason.name: reason.return_reason_id for reason in catalog.return_reasons.values()}
    return UpdateRequest(
        caller=caller,
        origin=Origin(
            channel=Channel.FORM,
            operation="UpdateLead",
            address=ip_address("192.0.2.10"),
            request_id="demonstration",
            received_at=report.reported_at,
        ),
        lead_id=report.lead_id,
        buyer_contract_id=buyer_contract_id,
        status=report.status,
        sub_status=report.sub_status,
        amount=report.amount,
        add_to_existing=report.add_to_existing,
        fields=((report.field, report.value),) if report.field else (),
        return_reason_id=reasons.get(report.return_reason, 0),
        parameters={"lead_id": report.lead_id, "status": report.status, "sub_status": report.sub_status},
    )


async def _show(database: Database, network_id: int) -> Shown:
    """A new key each time: a key is shown once and never again."""
    async with database.transaction(network_id) as connection:
        buyer = next(iter(await list_buyers(connection, network_id)))
        _, key = await create_key(connection, network_id, buyer_id=buyer.buyer_id, actor=COMMAND_LINE, now=now())
        lead_id = await last_lead_sold_once(connection, network_id, buyer.buyer_id)
    return Shown(key, lead_id, buyer.name)


def _welcome(settings: Settings, address: str, shown: Shown) -> str:
    where = "" if settings.database_url else f"LEADBACK_DATA_DIR={settings.data_dir} "
    call = (
        f"{address}/buyers/api/1/leads.asmx/UpdateLead?lead_id={shown.lead_id}&buyer_contract_id=0&status=Contacted"
        "&sub_status=&amount=&add_to_existing=&field_name=&field_value=&return_reason_id=0"
    )
    return (
        f"\nA key of {shown.buyer}: {shown.key}\n\n"
        f"Report a lead as this buyer would:\n  curl -H 'X-Api-Key: {shown.key}' '{call}'\n\n"
        f"See what became of the leads:\n  {where}leadback report lead-status --by affiliate\n\n"
        "Ctrl-C ends it; the data stays.\n"
    )
