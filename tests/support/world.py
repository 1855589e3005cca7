"""A network with random sales and what became of them, kept both in the database and in memory."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Table, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.queries import read_catalog
from leadback.catalog.tables import field, return_reason, status, sub_status
from leadback.kit.database import Database
from leadback.kit.round_trip import round_trip
from leadback.leads import store
from leadback.leads.model import Sale
from leadback.leads.rollup import Deltas
from leadback.leads.tables import lead, sale
from leadback.parties.tables import affiliate, buyer, buyer_contract, campaign, offer, vertical

# The clocks of New York go forward on 8 March 2026.
FIRST_MOMENT = datetime(2026, 2, 20, 3, 30, tzinfo=UTC)
DAYS = 40

VERTICALS = {1: "Payday", 2: "Solar"}
OFFERS = {1: "Cash Now", 2: "Sun Roof"}
AFFILIATES = {1: "Northbeam", 2: "Orchard", 3: "email"}
# campaign → (affiliate, offer, name)
CAMPAIGNS = {
    5: (1, 1, "Search"),
    6: (1, None, "Mail"),
    7: (2, 1, "Search"),
    8: (2, 2, "Social"),
    9: (3, 2, "[bold]Brackets"),
}
BUYERS = {10: "Acme", 11: "Zenith", 12: "Loans & Co"}
# contract → (buyer, vertical, name)
CONTRACTS = {217: (10, 1, "Standard"), 218: (10, 2, "Solar"), 300: (11, 1, "Standard"), 301: (12, 2, "Prime")}
SALE_TYPES = ("exclusive", "multi-sell", "replacement")
# status → (name, stage, active, position)
STATUSES = {
    1: ("Contacted", 1, True, 2),
    2: ("Qualified", 2, True, 1),
    3: ("Won", 3, True, 3),
    4: ("Funded", 4, True, 4),
    5: ("Dead", 0, True, 6),
    6: ("Old", 0, False, 5),
    7: ("Gone", 0, False, 7),
    8: ("Never", 0, True, 8),
}
UNUSED_STATUSES = (7, 8)
# sub-status → (status, name, position)
SUB_STATUSES = {1: (3, "pet", 2), 2: (3, "health", 1), 3: (5, "phone", 1), 4: (5, "duplicate", 2), 5: (1, "phone", 1)}
# field → (name, data type, summary, active)
FIELDS = {
    1: ("loan_amount", "Number", "sum", True),
    2: ("note", "String", "none", True),
    3: ("income", "Number", "average", True),
    4: ("age", "Number", "min", True),
    5: ("score", "Number", "max", True),
    6: ("retired", "Number", "sum", False),
    7: ("never_used", "Number", "sum", False),
    8: ("silent", "Number", "none", True),
}
NUMBERS = (1, 3, 4, 5, 6, 8)
RETURN_REASONS = {1: "Invalid phone", 2: "Duplicate"}
SUB_IDS = ("fb1", "fb2", "", "google")


class Sold(msgspec.Struct, frozen=True):
    """A sale as it stands, and its lead's sub ids."""

    sale: Sale
    sub_ids: tuple[str, ...]


class World(msgspec.Struct, frozen=True):
    """The network's zone and every sale in it, tests included, as the database has them."""

    network_id: int
    zone: ZoneInfo
    sold: list[Sold]


async def make_world(
    database: Database, network_id: int, *, leads: int = 200, time_zone: str = "America/New_York", seed: int = 1
) -> World:
    """Parties, catalog and random leads sold once to three times, with their deltas; nothing is reported yet."""
    dice = random.Random(seed)
    zone = ZoneInfo(time_zone)
    world = World(network_id, zone, [])
    async with database.transaction(network_id) as connection:
        await put_parties(connection, network_id)
        rows = [_random_lead(dice, number, zone) for number in range(leads)]
        await _put(connection, network_id, lead, [lead_row for lead_row, _ in rows])
        for lead_row, sale_rows in rows:
            for row in sale_rows:
                stored = row | {"network_id": network_id, "sub_id_1": lead_row["sub_id_1"]}
                inserted = await connection.execute(insert(sale).values(stored).returning(sale.c.sale_id))
                unsaid: dict[str, Any] = {name: None for name in Sale.__struct_fields__ if name not in row}
                unsaid |= {"stage_reached": 0, "updated": 0, "update_count": 0, "version": 1, "ledger_hash": b""}
                unsaid |= {
                    "field_values": {},
                    "revenue_set": False,
                    "sale_id": inserted.scalar_one(),
                    "lead_id": lead_row["lead_id"],
                }
                world.sold.append(Sold(Sale(**(row | unsaid)), tuple(lead_row[f"sub_id_{n}"] for n in range(1, 6))))
        await _add_deltas(connection, network_id, [(None, known.sale) for known in world.sold])
    return world


async def happen(database: Database, world: World, count: int, *, seed: int = 2) -> None:
    """Let something happen to `count` random sales (some of them more than once), in one transaction."""
    dice = random.Random(seed)
    async with database.transaction(world.network_id) as connection:
        changes = []
        for _ in range(count):
            place = dice.randrange(len(world.sold))
            known = world.sold[place]
            after = _random_change(dice, known.sale)
            values = {name: getattr(after, name) for name in after.__struct_fields__ if name != "lead_id"}
            await connection.execute(
                update(sale)
                .where(sale.c.network_id == world.network_id, sale.c.sale_id == after.sale_id)
                .values(values | {"field_values": {str(key): value for key, value in after.field_values.items()}})
            )
            changes.append((known.sale, after))
            world.sold[place] = msgspec.structs.replace(known, sale=after)
        await _add_deltas(connection, world.network_id, changes)


async def _add_deltas(
    connection: AsyncConnection, network_id: int, changes: Iterable[tuple[Sale | None, Sale]]
) -> None:
    catalog = await read_catalog(connection, network_id)
    for before, after in changes:
        deltas = Deltas()
        deltas.move(before, after, catalog.fields)
        async with round_trip(connection) as trip:
            store.insert_deltas(trip, network_id, deltas)


def _random_lead(dice: random.Random, number: int, zone: ZoneInfo) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    is_test = number % 20 == 19
    campaign_id = None if is_test and number % 40 == 39 else dice.choice(sorted(CAMPAIGNS))
    sub_ids = {f"sub_id_{place}": dice.choice(SUB_IDS) for place in range(1, 6)}
    contracts = dice.sample(sorted(CONTRACTS), dice.choice((1, 1, 1, 2, 3)))
    payout = Decimal(dice.randrange(0, 200_000)) / 10_000
    share = (payout / len(contracts)).quantize(Decimal("0.0001"))
    sold = FIRST_MOMENT + timedelta(minutes=dice.randrange(DAYS * 24 * 60))
    lead_row: dict[str, Any] = {
        "lead_key": f"LEAD{number}",
        "lead_id": f"lead{number}",
        "campaign_id": campaign_id,
        **sub_ids,
        "created_at": sold,
        "payout": payout,
        "is_test": is_test,
    }
    sales = []
    for place, contract_id in enumerate(contracts):
        sold_at = sold + timedelta(hours=9 * place)
        price = Decimal(dice.randrange(0, 500_000)) / 10_000
        sales.append(
            {
                "lead_key": lead_row["lead_key"],
                "buyer_id": CONTRACTS[contract_id][0],
                "buyer_contract_id": contract_id,
                "campaign_id": campaign_id,
                "is_test": is_test,
                "sold_at": sold_at,
                "sold_on": sold_at.astimezone(zone).date(),
                "sold_price": price,
                "revenue": price,
                "payout_share": share if place else payout - share * (len(contracts) - 1),
                "first_of_lead": place == 0,
                "sale_type": dice.choice(SALE_TYPES) if len(contracts) == 1 else "multi-sell",
            }
        )
    return lead_row, sales


def _random_change(dice: random.Random, before: Sale) -> Sale:
    changes: dict[str, Any] = {"version": before.version + 1}
    if dice.random() < 0.8:
        status_id = dice.choice([number for number in STATUSES if number not in UNUSED_STATUSES])
        subs = [number for number, (owner, *_) in SUB_STATUSES.items() if owner == status_id]
        changes["status_id"] = status_id
        changes["sub_status_id"] = dice.choice([None, *subs])
        changes["stage_reached"] = max(before.stage_reached, STATUSES[status_id][1])
    if dice.random() < 0.3:
        changes["revenue"] = Decimal(dice.randrange(-100_000, 900_000)) / 10_000
    if dice.random() < 0.5:
        values = dict(before.field_values)
        for field_id in dice.sample(NUMBERS, 2):
            values[field_id] = str((Decimal(dice.randrange(-20_000, 90_000)) / 100).quantize(Decimal("0.0001")))
        values.pop(dice.choice(NUMBERS), None)
        changes["field_values"] = values | {2: "some text"}
    if dice.random() < 0.2:
        changes["return_state"] = dice.choice(("submitted", "credited", "replaced", "rejected"))
        changes["return_reason_id"] = 1 + before.sale_id % len(RETURN_REASONS)
    if dice.random() < 0.9:
        changes["updated"] = 1 if before.updated == 1 else dice.choice((1, 2))
        changes["update_count"] = before.update_count + 1
        changes["updated_at"] = before.sold_at + timedelta(hours=7 * before.version, microseconds=before.version)
    return msgspec.structs.replace(before, **changes)


async def put_parties(connection: AsyncConnection, network_id: int) -> None:
    """Parties and catalog, without a sale."""

    async def put(table: Table, rows: Iterable[dict[str, Any]]) -> None:
        await _put(connection, network_id, table, rows)

    for table, names in ((vertical, VERTICALS), (offer, OFFERS), (affiliate, AFFILIATES), (buyer, BUYERS)):
        await put(table, [{f"{table.name}_id": number, "name": name} for number, name in names.items()])
    campaign_names = ("affiliate_id", "offer_id", "name")
    await put(campaign, _rows("campaign_id", campaign_names, CAMPAIGNS))
    await put(buyer_contract, _rows("buyer_contract_id", ("buyer_id", "vertical_id", "name"), CONTRACTS))
    await put(status, _rows("status_id", ("name", "stage", "active", "position"), STATUSES))
    await put(sub_status, _rows("sub_status_id", ("status_id", "name", "position"), SUB_STATUSES))
    await put(
        return_reason,
        [{"return_reason_id": number, "name": name, "position": number} for number, name in RETURN_REASONS.items()],
    )
    fields = _rows("field_id", ("name", "data_type", "summary", "active"), FIELDS)
    await put(
        field,
        [row | {"name_key": row["name"].upper(), "label": row["name"], "position": row["field_id"]} for row in fields],
    )


def _rows(number: str, names: tuple[str, ...], values: dict[int, Any]) -> list[dict[str, Any]]:
    return [{number: key, **dict(zip(names, row, strict=True))} for key, row in values.items()]


async def _put(connection: AsyncConnection, network_id: int, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    await connection.execute(insert(table), [{"network_id": network_id} | row for row in rows])
