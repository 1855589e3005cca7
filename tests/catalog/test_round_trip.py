"""Whatever catalog there can be: exported and applied to an empty network it is the same."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from leadback.catalog.export import export_vocabulary
from leadback.catalog.model import Alias, AliasKind, Catalog, DataType, Field, ReturnReason, Status, SubStatus, Summary
from leadback.catalog.plan import make_plan
from leadback.catalog.rules import CatalogKind, check_item, id_of, items_of, kind_of
from leadback.catalog.vocabulary import read_vocabulary, write_vocabulary
from leadback.parties.model import Buyer, Vertical

VERTICALS = [Vertical(vertical_id=number, name=name, active=True) for number, name in ((7, "Payday"), (3, 'So"lar\\'))]
BUYERS = [
    Buyer(
        buyer_id=number,
        name=f"Buyer {number}",
        active=True,
        account_manager_id=None,
        lead_statuses=True,
        accept_keyless=False,
        keyless_until=None,
        keyless_networks=(),
        rate_per_key=None,
        retry_guard="guard",
    )
    for number in (1, 2)
]
EMPTY: dict[str, Any] = {name: {} for name in Catalog.__struct_fields__}

# Characters that no name may hold because nobody sees them.
INVISIBLE = (
    "\u00ad\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff"
)
names = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp"), exclude_characters="\ufffe\uffff" + INVISIBLE
    ),
    min_size=1,
    max_size=100,
).filter(lambda name: name == name.strip())
ids = st.integers(1, 2**31 - 1)
field_names = st.from_regex(r"x_[A-Za-z0-9_]{0,20}", fullmatch=True)
scopes = st.frozensets(st.sampled_from([7, 3]))


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    """A catalog in the order of its places, as the database gives it."""
    statuses = {
        number: Status(
            status_id=number,
            name=name,
            position=place,
            colour=draw(st.sampled_from(["", "#2f9e6e"])),
            meaning=meaning,
            stage=draw(st.integers(0, 2 if meaning == "negative" else 4)),
            terminal=draw(st.booleans()),
            active=draw(st.booleans()),
            vertical_ids=draw(scopes),
        )
        for place, (number, name) in enumerate(draw(_numbered(names)), 1)
        for meaning in [draw(st.sampled_from(["positive", "neutral", "negative"]))]
    }
    sub_ids = iter(draw(st.lists(ids, unique=True, min_size=12, max_size=12)))
    sub_statuses = [
        SubStatus(sub_status_id=next(sub_ids), status_id=number, name=name, position=place, active=draw(st.booleans()))
        for number in statuses
        for place, name in enumerate(draw(st.lists(names, unique=True, max_size=3)), 1)
    ]
    fields = {
        number: draw(_field(number, name, place))
        for place, (number, name) in enumerate(draw(_numbered(field_names, str.upper)), 1)
    }
    reasons = {
        number: ReturnReason(return_reason_id=number, name=name, position=place, active=draw(st.booleans()))
        for place, (number, name) in enumerate(draw(_numbered(names)), 1)
    }
    aliases = draw(_aliases(statuses, sub_statuses, fields))
    return Catalog(
        **EMPTY
        | {
            "statuses": statuses,
            "sub_statuses": {item.sub_status_id: item for item in sub_statuses},
            "fields": fields,
            "return_reasons": reasons,
            "aliases": aliases,
        }
    )


@st.composite
def _field(draw: st.DrawFn, number: int, name: str, place: int) -> Field:
    data_type = draw(st.sampled_from(list(DataType)))
    return Field(
        field_id=number,
        name=name,
        label=draw(names),
        position=place,
        data_type=data_type,
        length_max=draw(st.integers(1, 4000)) if data_type is DataType.STRING else None,
        list_values=tuple(draw(st.lists(names, unique=True, min_size=1, max_size=3)))
        if data_type is DataType.LIST
        else (),
        summary=draw(st.sampled_from(list(Summary))) if data_type is DataType.NUMBER else Summary.NONE,
        vertical_ids=draw(scopes),
        buyer_ids=draw(st.frozensets(st.sampled_from([1, 2]))),
        active=draw(st.booleans()),
    )


their_words = st.lists(names.map(lambda name: name[:90]), max_size=4, unique_by=str.upper)


@st.composite
def _aliases(
    draw: st.DrawFn, statuses: dict[int, Status], sub_statuses: list[SubStatus], fields: dict[int, Field]
) -> dict[int, Alias]:
    """Aliases numbered as the file makes them, of words that are no names."""
    aliases: dict[int, Alias] = {}
    owners = {item.sub_status_id: item.status_id for item in sub_statuses}
    for number, word in enumerate(
        draw(st.lists(names.map(lambda name: name[:90]), max_size=4, unique_by=str.upper)), 1
    ):
        kinds = [kind for kind, some in zip(AliasKind, (statuses, sub_statuses, True), strict=True) if some]
        kind = draw(st.sampled_from(kinds))
        meant: dict[str, Any] = {"status_id": None, "sub_status_id": None, "field_id": None, "ignored": False}
        their_sub_status = None
        if kind is AliasKind.STATUS:
            meant["status_id"] = draw(st.sampled_from(sorted(statuses)))
            own = [sub_id for sub_id, owner in owners.items() if owner == meant["status_id"]]
            meant["sub_status_id"] = draw(st.sampled_from([None, *own]))
            their_sub_status = draw(st.sampled_from([None, "theirs"]))
        elif kind is AliasKind.SUB_STATUS:
            meant["sub_status_id"] = draw(st.sampled_from(sorted(owners)))
        else:
            meant["field_id"] = draw(st.sampled_from([None, *fields]))
            meant["ignored"] = meant["field_id"] is None
        aliases[number] = Alias(
            alias_id=number,
            buyer_id=draw(st.sampled_from([1, 2])),
            kind=str(kind),
            theirs=f"their {word}",
            their_sub_status=their_sub_status,
            active=draw(st.booleans()),
            **meant,
        )
    return aliases


def _numbered(texts: st.SearchStrategy[str], key: Any = str) -> st.SearchStrategy[list[tuple[int, str]]]:
    entries = st.tuples(ids, texts)
    return st.lists(entries, max_size=4, unique_by=(lambda entry: entry[0], lambda entry: key(entry[1])))


@given(catalogs())
@settings(max_examples=150, deadline=None)
def test_an_export_gives_the_same_catalog(catalog: Catalog) -> None:
    for kind in CatalogKind:
        items = items_of(catalog, kind)
        for item in items.values():
            check_item(item, items.values())
    text = write_vocabulary(export_vocabulary(catalog, VERTICALS, BUYERS))
    vocabulary = read_vocabulary(text.encode())
    plan = make_plan(vocabulary, Catalog(**EMPTY), VERTICALS, BUYERS, deactivate_missing=False)
    assert not (plan.verticals or plan.orders or plan.notes)
    made = {
        kind: {id_of(step.after): step.after for step in plan.steps if kind_of(step.after) is kind}
        for kind in CatalogKind
    }
    assert made == {kind: items_of(catalog, kind) for kind in CatalogKind}
    assert {step.after.alias_id: step.after for step in plan.aliases} == catalog.aliases
    again = make_plan(vocabulary, catalog, VERTICALS, BUYERS, deactivate_missing=True)
    assert not (again.steps or again.orders or again.aliases or again.lines)
    assert write_vocabulary(export_vocabulary(msgspec.structs.replace(catalog), VERTICALS, BUYERS)) == text
