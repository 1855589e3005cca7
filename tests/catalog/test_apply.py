"""Laying a catalog file over a network's catalog."""

import pytest

from leadback.catalog.apply import apply_plan, plan_vocabulary
from leadback.catalog.export import export_vocabulary
from leadback.catalog.model import Catalog
from leadback.catalog.plan import Plan
from leadback.catalog.queries import read_catalog
from leadback.catalog.vocabulary import read_vocabulary, write_vocabulary
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.networks.actions import create_network
from leadback.parties.actions import create_buyer
from leadback.parties.queries import list_buyers, list_verticals
from tests.support.changes import changing, entries, refused, version, who

pytestmark = pytest.mark.anyio

CATALOG = """
[[status]]
name = "Contacted"
stage = "contacted"

[[status]]
name = "Funded"
meaning = "positive"
stage = "funded"
colour = "#2f9e6e"
verticals = ["Payday"]
sub_statuses = ["Full Payment", "Partial"]

[[field]]
label = "Loan amount"
name = "loan_amount"
type = "Number"
summary = "sum"

[[return_reason]]
name = "Invalid phone"
"""


async def apply(database: Database, network_id: int, text: str, *, deactivate_missing: bool = False) -> Plan:
    async with database.transaction(network_id) as connection:
        plan = await plan_vocabulary(
            connection, network_id, read_vocabulary(text.encode()), deactivate_missing=deactivate_missing
        )
        await apply_plan(connection, network_id, plan, **who())
    return plan


async def catalog_of(database: Database, network_id: int) -> Catalog:
    async with database.transaction(network_id) as connection:
        return await read_catalog(connection, network_id)


async def export(database: Database, network_id: int) -> str:
    async with database.transaction(network_id) as connection:
        return write_vocabulary(
            export_vocabulary(
                await read_catalog(connection, network_id),
                await list_verticals(connection, network_id),
                await list_buyers(connection, network_id),
            )
        )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[status]]\nname = 'A '", r"\[\[status\]\] 1: The status's name 'A ' begins or ends"),
        ("[[status]]\nname = 'A'\nid = 0", r"\[\[status\]\] 1: The status id 0 is not 1 to"),
        ("[[status]]\nname = 'A'\nid = 2147483648", r"\[\[status\]\] 1: The status id 2147483648 is not 1 to"),
        (
            "[[status]]\nname = 'A'\nid = 2",
            r"1: The status id 2 is taken by 'Funded'. To rename that, write was = 'Funded'",
        ),
        ("[[status]]\nname = 'Funded'\nid = 7", r"\[\[status\]\] 1: The status 'Funded' has the id 2, not 7"),
        (
            "[[status]]\nname = 'Funded'\nwas = 'Contacted'",
            r"\[\[status\]\] 1: 'Funded' was 'Contacted', but .* has both",
        ),
        ("[[status]]\nname = 'A'\nmeaning = 'negative'\nstage = 'funded'", r"\[\[status\]\] 1: .*negative and funded"),
        ("[[status]]\nname = 'A'\ncolour = 'red'", r"\[\[status\]\] 1: The colour 'red'"),
        ("[[status]]\nname = 'A'\nverticals = ['']", r"\[\[status\]\] 1: The vertical's name is empty"),
        (
            "[[status]]\nname = 'A'\nsub_statuses = ['B', 'C ']",
            r"\[\[status\]\] 1, sub_statuses 2: The sub-status's name",
        ),
        (
            "[[status]]\nname = 'A'\nsub_statuses = [{name = 'B', id = 1}]",
            r"sub_statuses 1: The sub-status id 1 is taken by 'Funded / Full Payment'",
        ),
        ("[[field]]\nname = 'note'", r"\[\[field\]\] 1: The field 'note' needs a type: one of String, Number"),
        ("[[field]]\nname = 'status'\ntype = 'String'", r"\[\[field\]\] 1: .* is a parameter of the updates"),
        (
            "[[field]]\nname = 'Loan_Amount'",
            r"There is a field 'loan_amount'; .*without case.* write was = 'loan_amount'",
        ),
        ("[[field]]\nname = 'loan_amount'\ntype = 'Date'", r"\[\[field\]\] 1: You cannot SUM a Date data type"),
        ("[[field]]\nname = 'a'\ntype = 'List'", r"\[\[field\]\] 1: The List 'a' has 0 values"),
        (
            "[[field]]\nname = 'a'\ntype = 'String'\nbuyers = ['Nobody']",
            r"\[\[field\]\] 1: There is no buyer 'Nobody'; there are: Best Buyer. Make it first",
        ),
    ],
)
async def test_it_refuses_with_the_place_and_changes_nothing(
    database: Database, network_id: int, text: str, words: str
) -> None:
    await apply(database, network_id, CATALOG)
    async with database.transaction(network_id) as connection:
        await create_buyer(connection, network_id, name="Best Buyer", **who())
    async with refused(database, network_id, words):
        await apply(database, network_id, "[[return_reason]]\nname = 'Sound'\n" + text)
    assert "Sound" not in {reason.name for reason in (await catalog_of(database, network_id)).return_reasons.values()}


async def test_it_makes_what_is_not_there_and_says_so(database: Database, network_id: int) -> None:
    async with changing(
        database,
        network_id,
        "create vertical",
        "create status",
        "create status",
        "create sub-status",
        "create sub-status",
        "create field",
        "create return reason",
    ):
        plan = await apply(database, network_id, CATALOG)
    assert plan.lines == (
        "+ status Contacted",
        "+ vertical Payday",
        "+ status Funded",
        "+ sub-status Funded / Full Payment",
        "+ sub-status Funded / Partial",
        "+ field loan_amount",
        "+ return reason Invalid phone",
    )
    catalog = await catalog_of(database, network_id)
    funded = catalog.status_by_name["Funded"]
    assert (funded.meaning, funded.stage, funded.colour, funded.vertical_ids) == (
        "positive",
        4,
        "#2f9e6e",
        frozenset([1]),
    )
    assert catalog.field_by_name["loan_amount"].label == "Loan amount"


async def test_applied_again_it_changes_nothing(database: Database, network_id: int) -> None:
    await apply(database, network_id, CATALOG)
    async with changing(database, network_id):
        plan = await apply(database, network_id, CATALOG, deactivate_missing=True)
    assert plan.lines == ()


async def test_what_the_file_does_not_say_stays(database: Database, network_id: int) -> None:
    await apply(database, network_id, CATALOG)
    async with changing(database, network_id, "set status", "set field") as added:
        plan = await apply(
            database,
            network_id,
            "[[status]]\nname = 'Funded'\nterminal = true\n[[field]]\nname = 'loan_amount'\nlabel = 'Loan'",
        )
    assert plan.lines == (
        "~ status Funded: terminal false → true",
        '~ field loan_amount: label "Loan amount" → "Loan"',
    )
    assert [entry["after"] for entry in added] == [{"terminal": True}, {"label": "Loan"}]


async def test_it_renames_by_was_once(database: Database, network_id: int) -> None:
    await apply(database, network_id, CATALOG)
    text = """
    [[status]]
    name = "Paid Out"
    was = "Funded"
    verticals = []
    sub_statuses = [{ name = "Whole", was = "Full Payment" }]
    [[field]]
    name = "Loan_Amount"
    was = "loan_amount"
    [[return_reason]]
    name = "Bad phone"
    was = "Invalid phone"
    """
    async with changing(
        database, network_id, "rename status", "set status", "rename sub-status", "rename field", "rename return reason"
    ):
        plan = await apply(database, network_id, text)
        assert plan.lines[:3] == (
            '~ status Funded: name "Funded" → "Paid Out"',
            '~ status Paid Out: verticals ["Payday"] → all',
            '~ sub-status Paid Out / Full Payment: name "Full Payment" → "Whole"',
        )
        assert (await apply(database, network_id, text)).lines == ()
    assert (await catalog_of(database, network_id)).statuses[2].name == "Paid Out"


async def test_a_rename_with_nothing_to_rename_makes_it_new(database: Database, network_id: int) -> None:
    plan = await apply(database, network_id, "[[status]]\nname = 'Paid Out'\nwas = 'Funded'")
    assert plan.lines == ("+ status Paid Out",)


async def test_missing_entries_are_deactivated_only_when_asked_to(database: Database, network_id: int) -> None:
    await apply(database, network_id, CATALOG)
    text = "[[status]]\nname = 'Funded'\nsub_statuses = ['Partial']"
    async with changing(database, network_id):
        await apply(database, network_id, text)
    names = ("sub-status", "status", "field", "return reason")
    async with changing(database, network_id, *(f"deactivate {name}" for name in names)):
        plan = await apply(database, network_id, text, deactivate_missing=True)
        assert plan.lines == (
            "- sub-status Funded / Full Payment: deactivated",
            "- status Contacted: deactivated",
            "- field loan_amount: deactivated",
            "- return reason Invalid phone: deactivated",
        )
        assert (await apply(database, network_id, text, deactivate_missing=True)).lines == ()
    async with changing(database, network_id):
        plan = await apply(database, network_id, CATALOG)
    assert plan.lines == ()
    assert "status Contacted is inactive; active = true would activate it" in plan.notes
    async with changing(database, network_id, "activate status"):
        plan = await apply(database, network_id, "[[status]]\nname = 'Contacted'\nactive = true")
    assert (plan.lines, plan.notes) == (("~ status Contacted: activated",), ())


async def test_the_order_of_the_file_is_the_order_of_the_columns(database: Database, network_id: int) -> None:
    def text(*names: str) -> str:
        return "\n".join(f"[[status]]\nname = '{name}'" for name in names)

    async def order() -> list[str]:
        return [status.name for status in (await catalog_of(database, network_id)).statuses.values()]

    await apply(database, network_id, text("A", "B", "C", "D"))
    for names, expected in (
        (["D"], "A B C D"),
        (["C", "A"], "C B A D"),
        (["B", "New", "D"], "C B New A D"),
        (["First", "C"], "First C B New A D"),
        (["Last"], "First C B New A D Last"),
    ):
        plan = await apply(database, network_id, text(*names))
        assert await order() == expected.split()
        assert sum(line.startswith("~ order of statuses: ") for line in plan.lines) <= 1
        async with changing(database, network_id):
            await apply(database, network_id, text(*names))
    async with changing(database, network_id, "reorder status"):
        await apply(database, network_id, text("D", "C"))
    await apply(database, network_id, "[[status]]\nname = 'A'\nsub_statuses = ['X', 'Y']")
    plan = await apply(database, network_id, "[[status]]\nname = 'A'\nsub_statuses = ['Y', 'Z', 'X']")
    assert plan.lines == ("+ sub-status A / Z", "~ order of sub-statuses: Y, Z, X")


async def test_ids_that_are_made_do_not_take_those_that_are_given(database: Database, network_id: int) -> None:
    await apply(
        database,
        network_id,
        "[[status]]\nname = 'A'\nsub_statuses = ['X', {name = 'Y', id = 1}]\n[[status]]\nname = 'B'\nid = 1",
    )
    catalog = await catalog_of(database, network_id)
    assert {status.name: status.status_id for status in catalog.statuses.values()} == {"A": 2, "B": 1}
    assert {item.name: item.sub_status_id for item in catalog.sub_statuses.values()} == {"X": 2, "Y": 1}


async def test_a_retype_is_planned_like_it_is_made(database: Database, network_id: int) -> None:
    await apply(database, network_id, CATALOG)
    plan = await apply(
        database, network_id, "[[field]]\nname = 'loan_amount'\ntype = 'List'\nsummary = 'none'\nvalues = ['S', 'L']"
    )
    assert plan.lines == (
        "~ field loan_amount: type Number → List",
        '~ field loan_amount: values [] → ["S", "L"]',
        "~ field loan_amount: summary sum → none",
    )


async def test_an_export_read_into_another_network_gives_the_same_ids(database: Database, network_id: int) -> None:
    await apply(
        database, network_id, "[[status]]\nname = 'Gone'\nid = 40\nactive = false\nsub_statuses = ['X']" + CATALOG
    )
    await apply(
        database, network_id, "[[status]]\nname = 'Funded'\nid = 42\nsub_statuses = ['Partial', 'Full Payment']"
    )
    text = await export(database, network_id)
    other = await create_network(database, name=f"copy of {network_id}", time_zone="UTC", currency="USD", now=now())
    await apply(database, other, text)
    assert await export(database, other) == text
    assert await catalog_of(database, other) == await catalog_of(database, network_id)
    before, number = len(await entries(database, other)), await version(database, other)
    assert (await apply(database, other, text, deactivate_missing=True)).lines == ()
    assert (len(await entries(database, other)), await version(database, other)) == (before, number)
