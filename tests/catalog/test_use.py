"""What a sale ever had stays: it is deactivated, never deleted, and a field keeps its type."""

from ipaddress import ip_address
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert

from leadback.access.model import PresentedKey
from leadback.catalog.actions import delete_item, set_field, set_item_active
from leadback.catalog.model import DataType, Summary
from leadback.catalog.rules import CatalogKind
from leadback.catalog.settings import FieldSettings
from leadback.catalog.tables import alias
from leadback.kit import tokens
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.model import BuyerCaller, Channel, Origin, UpdateRequest
from leadback.leads.update import Updates
from tests.support.changes import changing, refused, who
from tests.support.seed import seed_network, seed_sale

pytestmark = pytest.mark.anyio

EVERYTHING: dict[str, Any] = {
    "status": "Funded",
    "sub_status": "Full Payment",
    "fields": (("loan_amount", "1000"),),
    "return_reason_id": 1,
}
# Which are, in the network of the seeds:
USED = ((CatalogKind.STATUS, 2), (CatalogKind.SUB_STATUS, 1), (CatalogKind.FIELD, 1), (CatalogKind.RETURN_REASON, 1))


async def remove(database: Database, network_id: int, kind: CatalogKind, item_id: int) -> None:
    async with database.transaction(network_id) as connection:
        await delete_item(connection, network_id, kind, item_id, **who())


async def report(database: Database, network_id: int, *calls: dict[str, Any]) -> None:
    """Updates of one sale, each accepted."""
    seeded = await seed_network(database, network_id)
    await seed_sale(database, network_id, "C8097F17")
    caller = BuyerCaller(PresentedKey(network_id, tokens.digest(seeded.key)))
    updates = Updates(database)
    for changes in calls:
        origin = Origin(
            channel=Channel.GET,
            operation="UpdateLead",
            address=ip_address("192.0.2.7"),
            request_id="request",
            received_at=now(),
        )
        plain = UpdateRequest(caller=caller, origin=origin, lead_id="C8097F17", buyer_contract_id=0)
        outcome = await updates.submit(msgspec.structs.replace(plain, **changes))
        assert outcome.answer.success, outcome.answer.message
    await updates.close()


async def test_what_a_sale_has_is_not_deleted(database: Database, network_id: int) -> None:
    await report(database, network_id, EVERYTHING)
    for kind, item_id in USED:
        async with refused(database, network_id, f"The {kind.spoken} .* is in use; deactivate it instead"):
            await remove(database, network_id, kind, item_id)
        async with (
            changing(database, network_id, f"deactivate {kind.spoken}"),
            database.transaction(network_id) as connection,
        ):
            await set_item_active(connection, network_id, kind, item_id, active=False, **who())


async def test_what_a_sale_once_had_is_not_deleted(database: Database, network_id: int) -> None:
    await report(
        database,
        network_id,
        {**EVERYTHING, "return_reason_id": 0},
        {"status": "Dead", "fields": (("loan_amount", ""),)},
    )
    for kind, item_id in USED[:3]:
        async with refused(database, network_id, f"The {kind.spoken} .* is in use"):
            await remove(database, network_id, kind, item_id)


async def test_what_no_sale_had_is_deleted_beside_those_that_have_others(database: Database, network_id: int) -> None:
    await report(database, network_id, EVERYTHING)
    for kind, item_id in (
        (CatalogKind.STATUS, 3),
        (CatalogKind.SUB_STATUS, 2),
        (CatalogKind.FIELD, 2),
        (CatalogKind.RETURN_REASON, 2),
    ):
        async with changing(database, network_id, f"delete {kind.spoken}"):
            await remove(database, network_id, kind, item_id)


async def test_what_an_alias_leads_to_is_not_deleted(database: Database, network_id: int) -> None:
    await seed_network(database, network_id)
    row = {"network_id": network_id, "alias_id": 1, "buyer_id": 10, "kind": "status", "theirs": "X", "their_key": "X"}
    async with database.transaction(network_id) as connection:
        await connection.execute(insert(alias).values(row | {"status_id": 3}))
    async with refused(database, network_id, "The status 'Dead' is in use"):
        await remove(database, network_id, CatalogKind.STATUS, 3)


@pytest.mark.parametrize("value", ["1000", ""])
async def test_a_field_that_ever_had_a_value_keeps_its_type(database: Database, network_id: int, value: str) -> None:
    await report(database, network_id, EVERYTHING, {"fields": (("loan_amount", value),)})

    async def change(settings: FieldSettings) -> None:
        async with database.transaction(network_id) as connection:
            await set_field(connection, network_id, 1, settings, **who())

    async with refused(database, network_id, "has had values: it stays a Number"):
        await change(FieldSettings(data_type=DataType.DATE, summary=Summary.NONE))
    async with changing(database, network_id, "set field"):
        await change(FieldSettings(label="Amount", data_type=DataType.NUMBER))
