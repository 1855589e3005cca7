"""`leadback list …`: what a network has, by name and id."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.model import STAGES
from leadback.catalog.queries import read_catalog
from leadback.cli.output import Format, FormatOption, print_json, print_table
from leadback.cli.session import Session, command, run
from leadback.leads.run_queries import list_runs
from leadback.parties.queries import (
    list_affiliates,
    list_buyers,
    list_campaigns,
    list_contracts,
    list_offers,
    list_verticals,
)

group = typer.Typer(help="What the network has, by name and id.", no_args_is_help=True)

# A table should fit a terminal: what is rarely looked for stands in the JSON alone.
ONLY_JSON = frozenset(
    "account_manager_id affiliate_id buyer_id buyers colour keyless_networks keyless_until length_max list_values"
    " offer_id priced_on_outcome rate_per_key retry_guard returns_owed vertical_id verticals".split()
)

Rows = list[dict[str, Any]]
Reader = Callable[[AsyncConnection, int], Awaitable[Rows]]


@command(group, "verticals")
def verticals(*, format: FormatOption = Format.TEXT) -> None:  # noqa: A002 - the name is the option's
    """Verticals."""
    _list(_verticals, format)


@command(group, "offers")
def offers(*, format: FormatOption = Format.TEXT) -> None:  # noqa: A002 - the name is the option's
    """Offers."""
    _list(_offers, format)


@command(group, "affiliates")
def affiliates(*, format: FormatOption = Format.TEXT) -> None:  # noqa: A002 - the name is the option's
    """Affiliates."""
    _list(_affiliates, format)


@command(group, "campaigns")
def campaigns(*, format: FormatOption = Format.TEXT) -> None:  # noqa: A002 - the name is the option's
    """Campaigns with their affiliates and offers."""
    _list(_campaigns, format)


@command(group, "buyers")
def buyers(*, format: FormatOption = Format.TEXT) -> None:  # noqa: A002 - the name is the option's
    """Buyers with their settings."""
    _list(_buyers, format)


@command(group, "contracts")
def contracts(*, format: FormatOption = Format.TEXT) -> None:  # noqa: A002 - the name is the option's
    """Buyer contracts with their settings."""
    _list(_contracts, format)


@command(group, "statuses")
def statuses(*, format: FormatOption = Format.TEXT) -> None:  # noqa: A002 - the name is the option's
    """Statuses with their sub-statuses, in the order of the report's columns."""
    _list(_statuses, format)


@command(group, "fields")
def fields(*, format: FormatOption = Format.TEXT) -> None:  # noqa: A002 - the name is the option's
    """Fields with their types and scopes."""
    _list(_fields, format)


@command(group, "return-reasons")
def return_reasons(*, format: FormatOption = Format.TEXT) -> None:  # noqa: A002 - the name is the option's
    """Return reasons with the ids that buyers send."""
    _list(_return_reasons, format)


@command(group, "runs")
def runs(*, format: FormatOption = Format.TEXT) -> None:  # noqa: A002 - the name is the option's
    """Runs, which `leadback undo` takes back: the newest 200."""
    _list(_runs, format)


def _list(read: Reader, format: Format) -> None:  # noqa: A002 - as the option is called
    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.snapshot(network_id) as connection:
            rows = await read(connection, network_id)
        if format is Format.JSON:
            print_json(rows)
        elif rows:
            own_id, *others = rows[0]
            columns = [own_id, *(name for name in others if name not in ONLY_JSON)]
            print_table(columns, [[_told(row[name]) for name in columns] for row in rows])
        else:
            print("There is none yet.")

    run(work)


def _told(value: object) -> object:
    """A value in a table."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(part["name"] if isinstance(part, dict) else str(part) for part in value)
    return value


async def _verticals(connection: AsyncConnection, network_id: int) -> Rows:
    return [msgspec.structs.asdict(item) for item in await list_verticals(connection, network_id)]


async def _offers(connection: AsyncConnection, network_id: int) -> Rows:
    return [msgspec.structs.asdict(item) for item in await list_offers(connection, network_id)]


async def _affiliates(connection: AsyncConnection, network_id: int) -> Rows:
    return [msgspec.structs.asdict(item) for item in await list_affiliates(connection, network_id)]


async def _campaigns(connection: AsyncConnection, network_id: int) -> Rows:
    affiliate_names = {item.affiliate_id: item.name for item in await list_affiliates(connection, network_id)}
    offer_names = {item.offer_id: item.name for item in await list_offers(connection, network_id)}
    return [
        {
            "campaign_id": item.campaign_id,
            "name": item.name,
            "affiliate_id": item.affiliate_id,
            "affiliate": affiliate_names[item.affiliate_id],
            "offer_id": item.offer_id,
            "offer": None if item.offer_id is None else offer_names[item.offer_id],
            "active": item.active,
        }
        for item in await list_campaigns(connection, network_id)
    ]


async def _buyers(connection: AsyncConnection, network_id: int) -> Rows:
    return [
        msgspec.structs.asdict(item) | {"keyless_networks": [str(network) for network in item.keyless_networks]}
        for item in await list_buyers(connection, network_id)
    ]


async def _contracts(connection: AsyncConnection, network_id: int) -> Rows:
    buyer_names = {item.buyer_id: item.name for item in await list_buyers(connection, network_id)}
    vertical_names = {item.vertical_id: item.name for item in await list_verticals(connection, network_id)}
    return [
        {
            "buyer_contract_id": item.buyer_contract_id,
            "name": item.name,
            "buyer_id": item.buyer_id,
            "buyer": buyer_names[item.buyer_id],
            "vertical_id": item.vertical_id,
            "vertical": vertical_names[item.vertical_id],
            "active": item.active,
            "returnable": item.returnable,
            "max_return_age_days": item.max_return_age_days,
            "priced_on_outcome": item.priced_on_outcome,
            "returns_owed": item.returns_owed,
        }
        for item in await list_contracts(connection, network_id)
    ]


async def _statuses(connection: AsyncConnection, network_id: int) -> Rows:
    catalog = await read_catalog(connection, network_id)
    vertical_names = {item.vertical_id: item.name for item in await list_verticals(connection, network_id)}
    return [
        {
            "status_id": item.status_id,
            "name": item.name,
            "active": item.active,
            "meaning": item.meaning,
            "stage": STAGES[item.stage],
            "terminal": item.terminal,
            "colour": item.colour,
            "verticals": sorted(vertical_names[number] for number in item.vertical_ids),
            "sub_statuses": [
                {"sub_status_id": sub.sub_status_id, "name": sub.name, "active": sub.active}
                for sub in catalog.sub_statuses.values()
                if sub.status_id == item.status_id
            ],
        }
        for item in catalog.statuses.values()
    ]


async def _fields(connection: AsyncConnection, network_id: int) -> Rows:
    catalog = await read_catalog(connection, network_id)
    vertical_names = {item.vertical_id: item.name for item in await list_verticals(connection, network_id)}
    buyer_names = {item.buyer_id: item.name for item in await list_buyers(connection, network_id)}
    return [
        {
            "field_id": item.field_id,
            "name": item.name,
            "label": item.label,
            "active": item.active,
            "data_type": item.data_type,
            "length_max": item.length_max,
            "list_values": list(item.list_values),
            "summary": item.summary,
            "verticals": sorted(vertical_names[number] for number in item.vertical_ids),
            "buyers": sorted(buyer_names[number] for number in item.buyer_ids),
        }
        for item in catalog.fields.values()
    ]


async def _return_reasons(connection: AsyncConnection, network_id: int) -> Rows:
    catalog = await read_catalog(connection, network_id)
    return [
        {"return_reason_id": item.return_reason_id, "name": item.name, "active": item.active}
        for item in catalog.return_reasons.values()
    ]


async def _runs(connection: AsyncConnection, network_id: int) -> Rows:
    return [msgspec.structs.asdict(item) for item in await list_runs(connection, network_id)]
