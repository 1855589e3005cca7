"""Own ratios as a use case: what may be one, what it leaves in the audit log, and that what it is made of stays."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from leadback.catalog.actions import delete_item, rename_item, set_field, set_item_active
from leadback.catalog.model import Summary
from leadback.catalog.own_ratio_model import Number, OwnRatio, ShownAs, Term
from leadback.catalog.own_ratio_queries import read_own_ratios
from leadback.catalog.own_ratio_rules import OWN_RATIOS_MAX, in_words, is_reported
from leadback.catalog.own_ratios import Written, create_own_ratio, remove_own_ratio, set_own_ratio
from leadback.catalog.queries import read_catalog
from leadback.catalog.rules import CatalogKind
from leadback.catalog.settings import FieldSettings
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.networks.actions import create_network
from tests.support.changes import changing, refused, who
from tests.support.seed import seed_network

pytestmark = pytest.mark.anyio

PLAIN = {"label": "Paid", "numerator": "status:2", "denominator": "sales", "shown_as": "percent"}


def written(**given: str) -> Written:
    return Written(**(PLAIN | given))


async def make(database: Database, network_id: int, **given: str) -> int:
    async with database.transaction(network_id) as connection:
        return await create_own_ratio(connection, network_id, written(**given), **who())


async def ratios_of(database: Database, network_id: int) -> dict[int, OwnRatio]:
    async with database.snapshot(network_id) as connection:
        return await read_own_ratios(connection, network_id)


async def words_of(database: Database, network_id: int) -> list[str]:
    async with database.snapshot(network_id) as connection:
        catalog = await read_catalog(connection, network_id)
        ratios = await read_own_ratios(connection, network_id)
    return [in_words(ratio, catalog) for ratio in ratios.values()]


async def test_it_is_made_changed_and_removed_and_all_of_it_is_audited(database: Database, network_id: int) -> None:
    await seed_network(database, network_id)
    async with changing(database, network_id, "create own ratio", "set own ratio", "remove own ratio") as entries:
        made = await make(database, network_id)
        async with database.transaction(network_id) as connection:
            await set_own_ratio(connection, network_id, made, written(), **who())
            await set_own_ratio(connection, network_id, made, written(denominator="contacted"), **who())
        assert await ratios_of(database, network_id) == {
            made: OwnRatio(
                own_ratio_id=made,
                label="Paid",
                position=1,
                numerator=Term(Number.STATUS, 2),
                denominator=Term(Number.CONTACTED),
                shown_as=ShownAs.PERCENT,
            )
        }
        async with database.transaction(network_id) as connection:
            await remove_own_ratio(connection, network_id, made, **who())
        assert await ratios_of(database, network_id) == {}
    first, second, last = entries
    assert (first["subject"], first["subject_id"], first["before"]) == ("own_ratio", made, None)
    assert first["after"]["numerator"] == {"number": "status", "item_id": 2}
    assert second["before"] == {"denominator": {"number": "sales", "item_id": None}}
    assert second["after"] == {"denominator": {"number": "contacted", "item_id": None}}
    assert (last["before"]["label"], last["after"]) == ("Paid", None)


async def test_every_number_that_sums_up_can_be_a_part(database: Database, network_id: int) -> None:
    await seed_network(database, network_id)
    of_catalog = {"status": "status:2", "sub_status": "sub_status:1", "field": "field:1"}
    terms = [of_catalog.get(number, str(number)) for number in Number]
    for place, term in enumerate(terms):
        await make(database, network_id, label=f"r{place}", numerator=term, denominator=terms[place - 1])
    found = (await ratios_of(database, network_id)).values()
    assert [ratio.numerator.number for ratio in found] == list(Number)
    assert [ratio.position for ratio in found] == list(range(1, len(terms) + 1))
    words = await words_of(database, network_id)
    assert words[0].startswith("Sales ÷ Sum of ") and words[-1].startswith("Sum of ")
    assert "Funded / " in " ".join(words)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"label": ""}, "The ratio's label is empty"),
        ({"label": " Paid"}, "begins or ends with a blank"),
        ({"label": "x" * 101}, "at most 100"),
        ({"numerator": ""}, "The numerator is not chosen. There are: sales, leads, updated, .*status:ID"),
        ({"denominator": "conversion"}, "The denominator 'conversion' is no number of the report. There are: sales"),
        ({"numerator": "status"}, "'status' is no number"),
        ({"numerator": "sales:1"}, "'sales:1' is no number"),
        ({"numerator": "status:x"}, r"'status:x' is no number of the report. There are: status:\d+ \("),
        ({"numerator": "status:²"}, "'status:²' is no number"),
        ({"numerator": "status:4711"}, r"'status:4711' is no number of the report. There are: .*status:2 \(Funded\)"),
        ({"numerator": "sub_status:4711"}, r"There are: .*sub_status:1 \(Funded / "),
        ({"numerator": "field:4711"}, "There are: field:1 "),
        ({"numerator": f"status:{10**9}"}, "is no number"),
        ({"denominator": "status:2"}, "Funded divided by itself is always 1"),
        ({"shown_as": "fraction"}, "one of: percent, amount; not 'fraction'"),
    ],
)
async def test_what_is_no_ratio_is_refused(
    database: Database, network_id: int, given: dict[str, str], says: str
) -> None:
    await seed_network(database, network_id)
    async with refused(database, network_id, says):
        await make(database, network_id, **given)
    made = await make(database, network_id)
    async with refused(database, network_id, says), database.transaction(network_id) as connection:
        await set_own_ratio(connection, network_id, made, written(**given), **who())


async def test_a_field_that_the_report_does_not_sum_up_is_refused(database: Database, network_id: int) -> None:
    await seed_network(database, network_id)
    async with database.snapshot(network_id) as connection:
        fields = (await read_catalog(connection, network_id)).fields.values()
    other = next(field for field in fields if field.summary is not Summary.SUM)
    async with refused(database, network_id, f"has the summary {other.summary}. There are: field:1 "):
        await make(database, network_id, numerator=f"field:{other.field_id}")


async def test_labels_are_unique_without_case_and_there_is_an_end(database: Database, network_id: int) -> None:
    await seed_network(database, network_id)
    first = await make(database, network_id)
    async with refused(database, network_id, "There is an own ratio 'Paid' already. Labels are compared without case"):
        await make(database, network_id, label="PAID")
    second = await make(database, network_id, label="Other")
    async with refused(database, network_id, "already"), database.transaction(network_id) as connection:
        await set_own_ratio(connection, network_id, second, written(label="paid"), **who())
    async with database.transaction(network_id) as connection:
        await set_own_ratio(connection, network_id, first, written(label="PAID"), **who())
        for number in range(3, OWN_RATIOS_MAX + 1):
            await create_own_ratio(connection, network_id, written(label=f"r{number}"), **who())
    async with refused(database, network_id, "There are 30 own ratios, at most 30 are allowed; remove one first"):
        await make(database, network_id, label="One more")
    async with database.transaction(network_id) as connection:
        await set_own_ratio(connection, network_id, second, written(label="Still to be changed"), **who())


async def test_another_network_has_its_own(database: Database, network_id: int) -> None:
    await seed_network(database, network_id)
    made = await make(database, network_id)
    stranger = await create_network(
        database, name=f"ratios beside {network_id}", time_zone="UTC", currency="USD", now=now()
    )
    assert await ratios_of(database, stranger) == {}
    no_such = refused(database, stranger, "There is no own ratio with the id")
    async with no_such, database.transaction(stranger) as connection:
        await remove_own_ratio(connection, stranger, made, **who())
    async with refused(database, stranger, "No status can be part of a ratio yet"):
        await make(database, stranger)
    await make(database, stranger, numerator="updated")


async def test_what_a_ratio_is_made_of_is_renamed_and_deactivated_but_not_deleted(
    database: Database, network_id: int
) -> None:
    await seed_network(database, network_id)
    await make(database, network_id)
    await make(database, network_id, label="In part", numerator="sub_status:1", denominator="status:1")
    await make(database, network_id, label="Loans", numerator="field:1", denominator="funded", shown_as="amount")
    changes: list[tuple[CatalogKind, int, str]] = [
        (CatalogKind.STATUS, 2, "Paid out"),
        (CatalogKind.SUB_STATUS, 1, "By half"),
        (CatalogKind.FIELD, 1, "loans"),
    ]
    told: dict[str, Any] = who()
    async with database.transaction(network_id) as connection:
        for kind, item_id, name in changes:
            await rename_item(connection, network_id, kind, item_id, name, **told)
            await set_item_active(connection, network_id, kind, item_id, active=False, **told)
    words = await words_of(database, network_id)
    assert words[0] == "Paid out ÷ Sales, %"
    assert words[1].startswith("Paid out / By half ÷ ")
    assert words[2].endswith(" ÷ Ever funded, 2 decimals")
    for kind, item_id, label in (
        (CatalogKind.SUB_STATUS, 1, "In part"),
        (CatalogKind.STATUS, 1, "In part"),
        (CatalogKind.FIELD, 1, "Loans"),
    ):
        kept = refused(database, network_id, f"is part of the own ratio '{label}'; change or remove that ratio")
        async with kept, database.transaction(network_id) as connection:
            await delete_item(connection, network_id, kind, item_id, **told)
    # A status goes with its sub-statuses, so one of those is enough.
    kept = refused(database, network_id, "is part of the own ratio")
    async with kept, database.transaction(network_id) as connection:
        await delete_item(connection, network_id, CatalogKind.STATUS, 2, **told)
    async with database.transaction(network_id) as connection:
        for own_ratio_id in await read_own_ratios(connection, network_id):
            await remove_own_ratio(connection, network_id, own_ratio_id, **told)
        await delete_item(connection, network_id, CatalogKind.SUB_STATUS, 1, **told)


async def test_the_database_itself_keeps_what_a_ratio_is_made_of(database: Database, network_id: int) -> None:
    await seed_network(database, network_id)
    await make(database, network_id, numerator="field:1")
    with pytest.raises(IntegrityError, match="own_ratio"):
        async with database.transaction(network_id) as connection:
            await connection.execute(text("DELETE FROM field WHERE network_id = :it"), {"it": network_id})


async def test_a_sum_that_the_report_no_longer_says_is_told(database: Database, network_id: int) -> None:
    await seed_network(database, network_id)
    await make(database, network_id, numerator="field:1")
    async with database.transaction(network_id) as connection:
        await set_field(connection, network_id, 1, FieldSettings(summary=Summary.AVERAGE), **who())
        catalog = await read_catalog(connection, network_id)
        (ratio,) = (await read_own_ratios(connection, network_id)).values()
    assert not is_reported(ratio.numerator, catalog)
    assert is_reported(ratio.denominator, catalog)


async def test_the_id_of_one_that_was_removed_is_nobody_elses(database: Database, network_id: int) -> None:
    await seed_network(database, network_id)
    first = await make(database, network_id)
    async with database.transaction(network_id) as connection:
        await remove_own_ratio(connection, network_id, first, **who())
    assert await make(database, network_id) == first + 1
