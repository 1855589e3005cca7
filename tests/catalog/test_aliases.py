"""Aliases: one at a time, and laid over by a catalog file."""

from typing import Any

import pytest

from leadback.catalog.actions import delete_item, set_item_active
from leadback.catalog.alias_actions import create_alias, remove_alias, set_alias
from leadback.catalog.model import Alias
from leadback.catalog.rules import CatalogKind
from leadback.catalog.settings import AliasSettings
from leadback.catalog.vocabulary import ListedAlias
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.networks.actions import create_network
from leadback.parties.actions import create_buyer
from tests.catalog.test_apply import apply, catalog_of, export
from tests.support.changes import changing, refused, who

pytestmark = pytest.mark.anyio

CATALOG = """
[[status]]
name = "Contacted"
sub_statuses = ["By phone", "Other"]

[[status]]
name = "Funded"
sub_statuses = ["Partial", "Other"]

[[field]]
name = "loan_amount"
type = "Number"
"""

ALIASES = """
[[alias]]
buyer = "Acme"
status = "funded"
as_status = "Funded"

[[alias]]
buyer = "Acme"
status = "Funded"
sub_status = "in part"
as_status = "Funded"
as_sub_status = "Partial"

[[alias]]
buyer = "Acme"
sub_status = "misc"
as_status = "Funded"
as_sub_status = "Other"

[[alias]]
buyer = "Acme"
field = "LoanAmt"
as_field = "loan_amount"

[[alias]]
buyer = "Acme"
field = "their_ref"
ignore = true
"""


@pytest.fixture
async def network(database: Database, network_id: int) -> int:
    """A network with the catalog and two buyers."""
    await with_buyers(database, network_id)
    await apply(database, network_id, CATALOG)
    return network_id


async def with_buyers(database: Database, network_id: int) -> None:
    async with database.transaction(network_id) as connection:
        for name in ("Acme", "Zenith"):
            await create_buyer(connection, network_id, name=name, **who())


async def add(database: Database, network_id: int, **listed: Any) -> int:
    async with database.transaction(network_id) as connection:
        return await create_alias(connection, network_id, ListedAlias(**({"buyer": "Acme"} | listed)), **who())


async def aliases_of(database: Database, network_id: int) -> list[Alias]:
    return list((await catalog_of(database, network_id)).aliases.values())


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"buyer": "Nobody", "status": "x", "as_status": "Funded"}, "no buyer 'Nobody'. There are: Acme, Zenith"),
    ({}, "needs the buyer's word: status, sub_status or both, or field"),
    ({"status": "x"}, "An alias of a status needs as_status"),
    ({"status": "x", "as_sub_status": "Partial"}, "An alias of a status needs as_status"),
    ({"sub_status": "x", "as_status": "Funded"}, "An alias of a sub-status needs as_sub_status"),
    ({"field": "x"}, "needs as_field, the field it stands for, or ignore = true"),
    ({"field": "x", "ignore": False}, "needs as_field"),
    ({"field": "x", "as_field": "loan_amount", "ignore": True}, "not both"),
    ({"field": "x", "as_status": "Funded"}, "as_status and field do not go together"),
    ({"status": "x", "as_status": "Funded", "ignore": True}, "status and ignore do not go together"),
    ({"status": "x", "as_status": "Fundet"}, "no status 'Fundet'. There are: Contacted, Funded"),
    ({"status": "x", "as_status": "Funded", "as_sub_status": "By phone"}, "no sub-status 'By phone' of 'Funded'"),
    ({"sub_status": "x", "as_sub_status": "Other"}, "give as_status, one of: Contacted, Funded"),
    ({"field": "x", "as_field": "loan"}, "no field 'loan'. There are: loan_amount"),
    ({"status": " ", "as_status": "Funded"}, "The buyer's word for a status is empty"),
    ({"status": "a\tb", "as_status": "Funded"}, "control character"),
    ({"status": "x" * 256, "as_status": "Funded"}, "has 256 characters; at most 255"),
    ({"status": "Contacted", "as_status": "Funded"}, "'Contacted' is an active status of the network itself"),
    (
        {"status": "Funded", "sub_status": "Partial", "as_status": "Contacted"},
        "'Funded' / 'Partial' is an active status of the network itself",
    ),
    (
        {"sub_status": "Other", "as_status": "Funded", "as_sub_status": "Partial"},
        "'Other' is an active sub-status of the network itself",
    ),
    ({"field": "loan_amount", "ignore": True}, "'loan_amount' is an active field of the network itself"),
]


@pytest.mark.parametrize(("listed", "words"), WRONG, ids=[words for _, words in WRONG])
async def test_it_refuses(database: Database, network: int, listed: dict[str, Any], words: str) -> None:
    async with refused(database, network, words):
        await add(database, network, **listed)


@pytest.mark.parametrize(("listed", "words"), WRONG, ids=[words for _, words in WRONG])
async def test_a_file_is_refused_with_the_place(
    database: Database, network: int, listed: dict[str, Any], words: str
) -> None:
    values = {"buyer": "Acme"} | listed
    lines = [
        f"{name} = {str(value).lower() if isinstance(value, bool) else repr(value)}" for name, value in values.items()
    ]
    text = ALIASES + "[[alias]]\n" + "\n".join(lines).replace("'a\\tb'", '"a\\tb"')
    async with refused(database, network, rf"\[\[alias\]\] 6: .*{words.partition('. There')[0]}"):
        await apply(database, network, text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[alias]]\nstatus = 'x'", r"\[\[alias\]\] 1: .*missing required field `buyer`"),
        (
            "[[alias]]\nbuyer = 'Acme'\nname = 'x'",
            r"1: 'name' is not known here; there are buyer, status,",
        ),
        ("alias = 3", r"'alias' is not a list of tables"),
        (
            ALIASES + "[[alias]]\nbuyer = 'Acme'\nstatus = ' FUNDED'\nas_status = 'Contacted'",
            r"\[\[alias\]\] 6: The alias of Acme: status \"FUNDED\" stands at \[\[alias\]\] 1 already",
        ),
    ],
)
async def test_a_file_that_means_nothing_is_refused(database: Database, network: int, text: str, words: str) -> None:
    async with refused(database, network, words):
        await apply(database, network, text)


async def test_the_same_words_twice_are_refused(database: Database, network: int) -> None:
    made = await add(database, network, status="funded", as_status="Funded")
    async with refused(database, network, f"an alias of these words already, with the id {made}"):
        await add(database, network, status="FUNDED ", as_status="Contacted")
    await add(database, network, status="funded", sub_status="in part", as_status="Funded")
    await add(database, network, buyer="Zenith", status="funded", as_status="Contacted")


async def test_it_is_made_changed_and_removed_with_audit(database: Database, network: int) -> None:
    async with changing(database, network, "create alias") as added:
        made = await add(database, network, status=" Paid ", as_status="Funded", as_sub_status="Partial")
    assert (added[0]["subject"], added[0]["subject_id"]) == ("alias", made)
    (alias,) = await aliases_of(database, network)
    assert (alias.theirs, alias.key[2], alias.status_id, alias.sub_status_id) == ("Paid", "PAID", 2, 3)
    async with changing(database, network, "set alias") as changed, database.transaction(network) as connection:
        await set_alias(connection, network, made, AliasSettings(sub_status_id=None), **who())
    assert changed[0]["after"] == {"sub_status_id": None}
    async with refused(database, network, "An alias stands for"), database.transaction(network) as connection:
        await set_alias(connection, network, made, AliasSettings(sub_status_id=1), **who())
    async with changing(database, network, "remove alias"), database.transaction(network) as connection:
        await remove_alias(connection, network, made, **who())
    assert await aliases_of(database, network) == []
    async with refused(database, network, f"no alias with the id {made}"), database.transaction(network) as connection:
        await remove_alias(connection, network, made, **who())


async def test_what_an_alias_leads_to_is_not_deleted(database: Database, network: int) -> None:
    await add(database, network, status="x", as_status="Funded")
    async with refused(database, network, "in use; deactivate it instead"), database.transaction(network) as connection:
        await delete_item(connection, network, CatalogKind.STATUS, 2, **who())


async def test_a_file_makes_changes_and_deactivates_aliases(database: Database, network: int) -> None:
    plan = await apply(database, network, ALIASES)
    assert plan.lines == (
        '+ alias of Acme: status "funded" → Funded',
        '+ alias of Acme: status "Funded" / "in part" → Funded / Partial',
        '+ alias of Acme: sub-status "misc" → Funded / Other',
        '+ alias of Acme: field "LoanAmt" → loan_amount',
        '+ alias of Acme: field "their_ref" → ignored',
    )
    async with changing(database, network):
        assert (await apply(database, network, ALIASES)).lines == ()
    async with changing(database, network, "set alias", "set alias"):
        plan = await apply(
            database,
            network,
            ALIASES.replace('as_field = "loan_amount"', "ignore = true").replace(
                'status = "funded"\nas_status = "Funded"', 'status = "FUNDED"\nas_status = "Contacted"'
            ),
        )
    assert plan.lines == (
        '~ alias of Acme: status "FUNDED": Funded → Contacted',
        '~ alias of Acme: field "LoanAmt": loan_amount → ignored',
    )
    async with changing(database, network, "set alias", *["deactivate alias"] * 4):
        plan = await apply(
            database, network, CATALOG + ALIASES[: ALIASES.index("[[alias]]", 2)], deactivate_missing=True
        )
    assert plan.lines[1:] == (
        '- alias of Acme: status "Funded" / "in part": deactivated',
        '- alias of Acme: sub-status "misc": deactivated',
        '- alias of Acme: field "LoanAmt": deactivated',
        '- alias of Acme: field "their_ref": deactivated',
    )


async def test_an_inactive_alias_is_activated_only_when_the_file_says_so(database: Database, network: int) -> None:
    await apply(database, network, ALIASES)
    await apply(database, network, CATALOG, deactivate_missing=True)
    plan = await apply(database, network, ALIASES)
    assert plan.lines == ()
    assert 'the alias of Acme: status "funded" is inactive; active = true would activate it' in plan.notes
    assert (await catalog_of(database, network)).alias_by_key == {}
    async with changing(database, network, "activate alias"):
        await apply(database, network, ALIASES[: ALIASES.index("[[alias]]", 2)] + "active = true")


async def test_a_file_may_make_what_its_aliases_lead_to(database: Database, network_id: int) -> None:
    await with_buyers(database, network_id)
    plan = await apply(database, network_id, ALIASES + CATALOG)
    assert len(plan.aliases) == 5


async def test_an_export_read_back_changes_nothing_and_makes_the_same_elsewhere(
    database: Database, network: int
) -> None:
    await apply(database, network, ALIASES + "active = false")
    async with database.transaction(network) as connection:
        await set_item_active(connection, network, CatalogKind.FIELD, 1, active=False, **who())
    text = await export(database, network)
    async with changing(database, network):
        assert (await apply(database, network, text, deactivate_missing=True)).lines == ()
    other = await create_network(database, name=f"copy of {network}", time_zone="UTC", currency="USD", now=now())
    await with_buyers(database, other)
    await apply(database, other, text)
    assert await export(database, other) == text
    assert await catalog_of(database, other) == await catalog_of(database, network)
