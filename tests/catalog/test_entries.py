"""Statuses, sub-statuses, fields and return reasons, one change at a time."""

from datetime import timedelta
from typing import Any

import pytest

from leadback.catalog.actions import (
    create_field,
    create_return_reason,
    create_status,
    create_sub_status,
    delete_item,
    rename_item,
    reorder_items,
    set_field,
    set_item_active,
    set_status,
)
from leadback.catalog.model import Catalog, DataType, Summary
from leadback.catalog.queries import read_catalog
from leadback.catalog.rules import PARAMETER_NAMES, CatalogKind
from leadback.catalog.settings import FieldSettings, StatusSettings
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.parties.rules import ID_MAX
from tests.support.changes import changing, refused, who

pytestmark = pytest.mark.anyio


async def catalog_of(database: Database, network_id: int) -> Catalog:
    async with database.transaction(network_id) as connection:
        return await read_catalog(connection, network_id)


async def make(database: Database, network_id: int, kind: CatalogKind, name: str, **more: Any) -> int:
    """One entry; a field is a String unless said otherwise, a sub-status is status 1's."""
    async with database.transaction(network_id) as connection:
        if kind is CatalogKind.STATUS:
            given_id = {"status_id": more.pop("status_id", None)}
            return await create_status(connection, network_id, name, StatusSettings(**more), **given_id, **who())
        if kind is CatalogKind.SUB_STATUS:
            return await create_sub_status(connection, network_id, more.pop("status_id", 1), name, **more, **who())
        if kind is CatalogKind.FIELD:
            given_id = {"field_id": more.pop("field_id", None)}
            settings = FieldSettings(**({"data_type": DataType.STRING} | more))
            return await create_field(connection, network_id, name, settings, **given_id, **who())
        return await create_return_reason(connection, network_id, name, **more, **who())


async def rename(database: Database, network_id: int, kind: CatalogKind, item_id: int, name: str, **more: Any) -> None:
    async with database.transaction(network_id) as connection:
        await rename_item(connection, network_id, kind, item_id, name, **more, **who())


async def remove(database: Database, network_id: int, kind: CatalogKind, item_id: int) -> None:
    async with database.transaction(network_id) as connection:
        await delete_item(connection, network_id, kind, item_id, **who())


@pytest.fixture
async def funded(database: Database, network_id: int) -> int:
    """Status 1."""
    return await make(database, network_id, CatalogKind.STATUS, "Funded", meaning="positive", stage=4)


@pytest.mark.parametrize("kind", CatalogKind)
async def test_ids_and_names_are_given_once(
    database: Database, network_id: int, funded: int, kind: CatalogKind
) -> None:
    assert funded == 1
    first = await make(database, network_id, kind, "Gold")
    async with refused(database, network_id, f"There is a {kind.spoken} 'Gold' already, with the id {first}"):
        await make(database, network_id, kind, "Gold")
    if kind is not CatalogKind.SUB_STATUS:
        async with changing(database, network_id, f"create {kind.spoken}"):
            await make(database, network_id, kind, "Given", **{kind.id_column: 217})
        async with refused(database, network_id, f"The {kind.spoken} id 217 is taken by 'Given'"):
            await make(database, network_id, kind, "Clash", **{kind.id_column: 217})
        async with refused(database, network_id, f"is not 1 to {ID_MAX}"):
            await make(database, network_id, kind, "Wrong", **{kind.id_column: ID_MAX + 1})
        assert await make(database, network_id, kind, "Next") == 218
    async with database.transaction(network_id) as connection:
        await set_item_active(connection, network_id, kind, first, active=False, **who())
    async with refused(database, network_id, f"with the id {first}, which is inactive"):
        await make(database, network_id, kind, "Gold")


@pytest.mark.parametrize("kind", [CatalogKind.STATUS, CatalogKind.SUB_STATUS, CatalogKind.RETURN_REASON])
async def test_names_can_be_shown(database: Database, network_id: int, funded: int, kind: CatalogKind) -> None:
    assert funded == 1
    for name, words in (("", "is empty"), ("x" * 101, "at most 100"), ("Gold ", "blank"), ("G\x1bld", "control")):
        async with refused(database, network_id, words):
            await make(database, network_id, kind, name)
    await make(database, network_id, kind, "gold")
    await make(database, network_id, kind, "Gold")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"meaning": "good"}, "not one of positive, neutral, negative"),
        ({"stage": 5}, r"not 0 to 4 \(none, contacted, qualified, converted, funded\)"),
        ({"stage": -1}, "not 0 to 4"),
        ({"meaning": "negative", "stage": 4}, "negative and funded"),
        ({"meaning": "negative", "stage": 3}, "negative and converted"),
        ({"colour": "green"}, "not like #2f9e6e"),
        ({"colour": "#2f9e6e "}, "not like #2f9e6e"),
        ({"vertical_ids": frozenset([9])}, "no vertical with the id 9"),
    ],
)
async def test_it_refuses_settings_of_a_status_that_cannot_be(
    database: Database, network_id: int, funded: int, settings: dict[str, Any], words: str
) -> None:
    async with refused(database, network_id, words):
        await make(database, network_id, CatalogKind.STATUS, "New", **settings)
    async with refused(database, network_id, words), database.transaction(network_id) as connection:
        await set_status(connection, network_id, funded, StatusSettings(**settings), **who())


async def test_a_lead_may_be_lost_after_it_was_qualified(database: Database, network_id: int) -> None:
    await make(database, network_id, CatalogKind.STATUS, "Not interested", meaning="negative", stage=2)


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("1st", {}, "is not a letter followed by"),
        ("loan-amount", {}, "is not a letter followed by"),
        ("über", {}, "is not a letter followed by"),
        ("x" * 65, {}, "is not a letter followed by"),
        ("note\n", {}, "is not a letter followed by"),
        ("note", {"label": " Note"}, "blank"),
        ("note", {"data_type": DataType.STRING, "summary": Summary.SUM}, "You cannot SUM a String data type"),
        ("note", {"data_type": DataType.DATE, "summary": Summary.MAX}, "You cannot MAX a Date data type"),
        ("note", {"length_max": 0}, "is not 1 to 4000"),
        ("note", {"length_max": 4001}, "is not 1 to 4000"),
        ("note", {"data_type": DataType.NUMBER, "length_max": 5}, "Only a String has a length_max"),
        ("note", {"list_values": ("A",)}, "Only a List has values"),
        ("grade", {"data_type": DataType.LIST}, "has 0 values; give 1 to 1000"),
        ("grade", {"data_type": DataType.LIST, "list_values": ("A", "B", "A")}, "has the value 'A' twice"),
        ("grade", {"data_type": DataType.LIST, "list_values": ("A", "")}, "is empty"),
        ("note", {"vertical_ids": frozenset([9])}, "no vertical with the id 9"),
        ("note", {"buyer_ids": frozenset([9])}, "no buyer with the id 9"),
    ],
)
async def test_it_refuses_fields_that_cannot_be(
    database: Database, network_id: int, name: str, settings: dict[str, Any], words: str
) -> None:
    async with refused(database, network_id, words):
        await make(database, network_id, CatalogKind.FIELD, name, **settings)


@pytest.mark.parametrize("name", sorted(PARAMETER_NAMES | {"Lead_ID", "API_KEY"}))
async def test_a_field_is_not_called_like_a_parameter(database: Database, network_id: int, name: str) -> None:
    async with refused(database, network_id, "is a parameter of the updates themselves"):
        await make(database, network_id, CatalogKind.FIELD, name)


async def test_field_names_are_compared_without_case(database: Database, network_id: int) -> None:
    await make(database, network_id, CatalogKind.FIELD, "Loan_Amount")
    async with refused(database, network_id, "'Loan_Amount' already, with the id 1. Field names are compared without"):
        await make(database, network_id, CatalogKind.FIELD, "loan_amount")
    async with changing(database, network_id, "rename field"):
        await rename(database, network_id, CatalogKind.FIELD, 1, "loan_amount")
    async with refused(database, network_id, "'loan_amount' already"):
        await make(database, network_id, CatalogKind.FIELD, "LOAN_AMOUNT")


async def test_a_new_field_takes_the_defaults_of_its_type(database: Database, network_id: int) -> None:
    words = "needs a type: one of String, Number, Date, Bool, List"
    async with refused(database, network_id, words), database.transaction(network_id) as connection:
        await create_field(connection, network_id, "note", FieldSettings(), **who())
    await make(database, network_id, CatalogKind.FIELD, "note")
    field = (await catalog_of(database, network_id)).fields[1]
    assert (field.label, field.length_max, field.summary, field.list_values) == ("note", 4000, Summary.NONE, ())


async def test_with_its_type_a_field_loses_what_belonged_to_the_old_type(database: Database, network_id: int) -> None:
    await make(database, network_id, CatalogKind.FIELD, "note", length_max=50)

    async def change(**settings: Any) -> None:
        async with database.transaction(network_id) as connection:
            await set_field(connection, network_id, 1, FieldSettings(**settings), **who())

    async with changing(database, network_id, "set field", "set field", "set field") as added:
        await change(data_type=DataType.NUMBER, summary=Summary.SUM)
        await change(data_type=DataType.NUMBER)
        async with refused(database, network_id, "You cannot SUM a String data type"):
            await change(data_type=DataType.STRING)
        await change(data_type=DataType.LIST, summary=Summary.NONE, list_values=("A", "B"))
        await change(data_type=DataType.STRING)
    assert added[0]["after"] == {"data_type": "Number", "summary": "sum", "length_max": None}
    assert added[2]["after"] == {"data_type": "String", "length_max": 4000, "list_values": []}


@pytest.mark.parametrize("kind", [CatalogKind.STATUS, CatalogKind.SUB_STATUS, CatalogKind.FIELD])
async def test_after_a_rename_the_old_name_may_be_accepted_for_a_while(
    database: Database, network_id: int, funded: int, kind: CatalogKind
) -> None:
    assert funded == 1
    item_id = await make(database, network_id, kind, "Old")
    async with refused(database, network_id, "which is past"):
        await rename(database, network_id, kind, item_id, "New", former_until=now())
    until = now() + timedelta(days=30)
    async with changing(database, network_id, f"rename {kind.spoken}") as added:
        await rename(database, network_id, kind, item_id, "New", former_until=until)
        await rename(database, network_id, kind, item_id, "New")
    assert added[0]["after"]["former_name"] == "Old"
    catalog = await catalog_of(database, network_id)
    names = {
        CatalogKind.STATUS: catalog.status_by_name.get("Old"),
        CatalogKind.SUB_STATUS: catalog.sub_status_by_name.get((1, "Old")),
        CatalogKind.FIELD: catalog.field_by_name.get("Old"),
    }
    item = names[kind]
    assert item is not None and (item.name, item.former_name_until) == ("New", until)
    await rename(database, network_id, kind, item_id, "Newer")
    catalog = await catalog_of(database, network_id)
    assert "Old" not in catalog.status_by_name and "Old" not in catalog.field_by_name
    assert (1, "Old") not in catalog.sub_status_by_name


async def test_a_return_reason_has_no_old_name(database: Database, network_id: int) -> None:
    await make(database, network_id, CatalogKind.RETURN_REASON, "Invalid phone")
    async with refused(database, network_id, "sent by its id"):
        await rename(
            database, network_id, CatalogKind.RETURN_REASON, 1, "Bad phone", former_until=now() + timedelta(days=1)
        )
    async with changing(database, network_id, "rename return reason"):
        await rename(database, network_id, CatalogKind.RETURN_REASON, 1, "Bad phone")


async def test_an_order_names_every_entry_once(database: Database, network_id: int) -> None:
    for name in ("A", "B", "C"):
        await make(database, network_id, CatalogKind.STATUS, name)
        await make(database, network_id, CatalogKind.SUB_STATUS, name)
    for kind, status_id in ((CatalogKind.STATUS, None), (CatalogKind.SUB_STATUS, 1)):
        for ids in ([1, 2], [1, 2, 2], [1, 2, 3, 4]):
            words = "once; the ids are 1, 2, 3"
            async with refused(database, network_id, words), database.transaction(network_id) as connection:
                await reorder_items(connection, network_id, kind, ids, status_id=status_id, **who())
        async with changing(database, network_id, f"reorder {kind.spoken}") as added:
            for _ in range(2):
                async with database.transaction(network_id) as connection:
                    await reorder_items(connection, network_id, kind, [3, 1, 2], status_id=status_id, **who())
        assert added[0]["after"] == {"order": ["C", "A", "B"]}
    catalog = await catalog_of(database, network_id)
    assert (list(catalog.statuses), list(catalog.sub_statuses)) == ([3, 1, 2], [3, 1, 2])


async def test_what_was_never_used_is_deleted_a_status_with_its_sub_statuses(
    database: Database, network_id: int, funded: int
) -> None:
    await make(database, network_id, CatalogKind.SUB_STATUS, "Partial")
    await make(database, network_id, CatalogKind.FIELD, "note")
    await make(database, network_id, CatalogKind.RETURN_REASON, "Invalid phone")
    async with changing(
        database, network_id, "delete sub-status", "delete status", "delete field", "delete return reason"
    ):
        for kind in (CatalogKind.STATUS, CatalogKind.FIELD, CatalogKind.RETURN_REASON):
            await remove(database, network_id, kind, funded)
    catalog = await catalog_of(database, network_id)
    assert not (catalog.statuses or catalog.sub_statuses or catalog.fields or catalog.return_reasons)
    async with refused(database, network_id, "There is no status with the id 1"):
        await remove(database, network_id, CatalogKind.STATUS, 1)


async def test_nobody_elses_entry_is_found(database: Database, network_id: int, funded: int) -> None:
    async with refused(database, network_id, "There is no sub-status with the id 1"):
        await remove(database, network_id, CatalogKind.SUB_STATUS, funded)
    async with refused(database, network_id, "There is no status with the id 2"):
        await make(database, network_id, CatalogKind.SUB_STATUS, "Partial", status_id=2)
