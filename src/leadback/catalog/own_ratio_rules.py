"""What an own ratio may be, and how it is told."""

from collections.abc import Collection, Iterator
from typing import Final

from leadback.catalog.model import Catalog, Field, Summary
from leadback.catalog.own_ratio_model import Number, OwnRatio, ShownAs, Term
from leadback.catalog.rules import CatalogKind, Item, id_of, items_of, kind_of
from leadback.kit.errors import Refused
from leadback.kit.names import check_name

OWN_RATIOS_MAX: Final = 30
"""Each is a column of the report that is shown where none are chosen."""
ID_DIGITS_MAX: Final = 9
NAMES_SHOWN_MAX: Final = 20

KINDS: Final = {
    Number.STATUS: CatalogKind.STATUS,
    Number.SUB_STATUS: CatalogKind.SUB_STATUS,
    Number.FIELD: CatalogKind.FIELD,
}
"""The numbers of which there is one for each entry of the catalog."""

LABELS: Final = {
    Number.SALES: "Sales",
    Number.LEADS: "Leads (first sales)",
    Number.UPDATED: "Updated",
    Number.UPDATED_BY_BUYER: "Updated by the buyer",
    Number.CONTACTED: "Ever contacted",
    Number.QUALIFIED: "Ever qualified",
    Number.CONVERTED: "Ever converted",
    Number.FUNDED: "Ever funded",
    Number.SUBMITTED: "Returns submitted",
    Number.CREDITED: "Returns credited",
    Number.REPLACED: "Returns replaced",
    Number.REJECTED: "Returns rejected",
    Number.GROSS: "Gross",
    Number.ADJUSTMENTS: "Adjustments",
    Number.REVENUE: "Revenue",
    Number.PAYOUT: "Payout",
    Number.MARGIN: "Margin",
}
GROUPS: Final = {
    "Sales": (Number.SALES, Number.LEADS, Number.UPDATED, Number.UPDATED_BY_BUYER),
    "Ever reached": (Number.CONTACTED, Number.QUALIFIED, Number.CONVERTED, Number.FUNDED),
    "Returns": (Number.SUBMITTED, Number.CREDITED, Number.REPLACED, Number.REJECTED),
    "Money": (Number.GROSS, Number.ADJUSTMENTS, Number.REVENUE, Number.PAYOUT, Number.MARGIN),
}


def told(term: Term) -> str:
    """A term as forms and commands send it: `sales`, `status:5`."""
    return str(term.number) if term.item_id is None else f"{term.number}:{term.item_id}"


def parse_term(what: str, text: str, catalog: Catalog) -> Term:
    """A term that was chosen or typed; `what`: numerator or denominator, for the refusal."""
    name, colon, item = text.strip().partition(":")
    number = Number(name) if name in list(Number) else None
    if not text.strip() or number is None or (number in KINDS) is not bool(colon):
        raise Refused(f"{_no_such(what, text)} There are: {', '.join(_all_numbers())}.")
    if number not in KINDS:
        return Term(number)
    if not (item.isascii() and item.isdigit() and len(item) <= ID_DIGITS_MAX):
        raise Refused(f"{_no_such(what, text)} {_offered(number, catalog)}")
    return Term(number, int(item))


def parse_shown_as(text: str) -> ShownAs:
    """How a ratio shall be written."""
    if text not in list(ShownAs):
        raise Refused(f"A ratio is shown as one of: {', '.join(ShownAs)}; not {text!r}.")
    return ShownAs(text)


def check_ratio(ratio: OwnRatio, others: Collection[OwnRatio], catalog: Catalog) -> None:
    """Raise `Refused` unless a ratio is sound, its label is free and there are not too many of them."""
    check_name("ratio's label", ratio.label)
    check_term("numerator", ratio.numerator, catalog)
    check_term("denominator", ratio.denominator, catalog)
    if ratio.numerator == ratio.denominator:
        name = name_of(ratio.numerator, catalog)
        raise Refused(f"{name} divided by itself is always 1; choose another numerator or denominator.")
    others = [other for other in others if other.own_ratio_id != ratio.own_ratio_id]
    if len(others) >= OWN_RATIOS_MAX:
        raise Refused(f"There are {len(others)} own ratios, at most {OWN_RATIOS_MAX} are allowed; remove one first.")
    for other in others:
        if label_key(other.label) == label_key(ratio.label):
            raise Refused(f"There is an own ratio {other.label!r} already. Labels are compared without case.")


def check_term(what: str, term: Term, catalog: Catalog) -> None:
    """Raise `Refused` unless the number is one of the network's report."""
    if term.number not in KINDS:
        return
    item = items_of(catalog, KINDS[term.number]).get(term.item_id or 0)
    if item is None:
        raise Refused(f"{_no_such(what, told(term))} {_offered(term.number, catalog)}")
    if isinstance(item, Field) and item.summary is not Summary.SUM:
        raise Refused(
            f"The {what} can be a field only where the report sums it up; {item.label!r} has the summary"
            f" {item.summary}. {_offered(term.number, catalog)}"
        )


def label_key(label: str) -> str:
    """What must be unique among a network's ratios."""
    return label.upper()


def name_of(term: Term, catalog: Catalog) -> str:
    """A term as people read it; entries by the names they have now."""
    if term.number not in KINDS:
        return LABELS[term.number]
    assert term.item_id is not None
    return item_name(items_of(catalog, KINDS[term.number])[term.item_id], catalog)


def item_name(item: Item, catalog: Catalog) -> str:
    """A status, a sub-status with its status, or a field as something that is summed up."""
    match kind_of(item):
        case CatalogKind.SUB_STATUS:
            sub_status = catalog.sub_statuses[id_of(item)]
            return f"{catalog.statuses[sub_status.status_id].name} / {sub_status.name}"
        case CatalogKind.FIELD:
            return f"Sum of {catalog.fields[id_of(item)].label}"
        case _:
            return item.name


def in_words(ratio: OwnRatio, catalog: Catalog) -> str:
    """How a ratio is computed: `Funded ÷ Sales, %`."""
    unit = "%" if ratio.shown_as is ShownAs.PERCENT else "2 decimals"
    return f"{name_of(ratio.numerator, catalog)} ÷ {name_of(ratio.denominator, catalog)}, {unit}"


def is_reported(term: Term, catalog: Catalog) -> bool:
    """Whether the report says this number: a field's sum only while the field has the summary sum."""
    field = catalog.fields.get(term.item_id or 0) if term.number is Number.FIELD else None
    return field is None or field.summary is Summary.SUM


def naming(ratios: Collection[OwnRatio], item: Item) -> list[OwnRatio]:
    """The ratios that one entry of the catalog is a part of."""
    kind, item_id = kind_of(item), id_of(item)
    return [
        ratio
        for ratio in ratios
        if any(
            KINDS.get(term.number) is kind and term.item_id == item_id for term in (ratio.numerator, ratio.denominator)
        )
    ]


def refused_in_ratio(item: Item, ratios: Collection[OwnRatio]) -> Refused:
    """The refusal to delete what a ratio is made of."""
    names = ", ".join(repr(ratio.label) for ratio in ratios)
    return Refused(
        f"The {kind_of(item).spoken} {item.name!r} is part of the own ratio {names};"
        " change or remove that ratio first, under Setup > Own ratios."
    )


def offered(number: Number, catalog: Catalog) -> list[Item]:
    """The entries whose number a ratio can be made of; inactive ones too, which count as long as they have sales."""
    items = items_of(catalog, KINDS[number]).values()
    return [item for item in items if not isinstance(item, Field) or item.summary is Summary.SUM]


def _all_numbers() -> Iterator[str]:
    return (f"{number}:ID" if number in KINDS else str(number) for number in Number)


def _no_such(what: str, text: str) -> str:
    return f"The {what} is not chosen." if not text.strip() else f"The {what} {text!r} is no number of the report."


def _offered(number: Number, catalog: Catalog) -> str:
    items = offered(number, catalog)
    kind = KINDS[number]
    if not items:
        return f"No {kind.spoken} can be part of a ratio yet."
    names = [f"{number}:{id_of(item)} ({item_name(item, catalog)})" for item in items[:NAMES_SHOWN_MAX]]
    more = f" and {len(items) - NAMES_SHOWN_MAX} more" if len(items) > NAMES_SHOWN_MAX else ""
    return f"There are: {', '.join(names)}{more}."
