"""The columns of the Lead Status page: what each is called, which number it shows, and which sales it lists."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Final

import msgspec

from leadback.catalog.model import Catalog
from leadback.catalog.own_ratio_model import OwnRatio, ShownAs
from leadback.catalog.own_ratio_rules import in_words
from leadback.reports.cell import MONEY, status_column, sub_status_column
from leadback.reports.lead_status_ratios import INDEX, PER_ONE, SHARES, Base, base_of, index, negative_share, ratio
from leadback.reports.model import LeadStatusNumbers, Reached, Returns
from leadback.reports.own_ratios import own_ratio

Number = Decimal | int | None
NO_MEANING: Final = "neutral"

SHARE_LABELS: Final = {
    "coverage": ("Coverage", "Updated by the buyer itself ÷ sales"),
    "contact": ("Contact", "Ever contacted ÷ sales"),
    "qualified": ("Qualified", "Ever qualified ÷ sales"),
    "conversion": ("Conversion", "Ever converted ÷ sales"),
    "funded": ("Funded", "Ever funded ÷ sales"),
    "returned": ("Return %", "Credited and replaced ÷ sales; what waits is not in it"),
    "margin": ("Margin %", "Margin ÷ revenue"),
}
PER_ONE_LABELS: Final = {
    "revenue_per_lead": ("Revenue / lead", "Revenue ÷ first sales"),
    "revenue_per_sale": ("Revenue / sale", "Revenue ÷ sales"),
    "payout_per_lead": ("Payout / lead", "Payout ÷ first sales"),
    "cost_per_funded": ("Cost / funded", "Payout ÷ sales that ever were funded"),
    "revenue_per_funded": ("Revenue / funded", "Revenue ÷ sales that ever were funded"),
}
SUMMARY_SIGNS: Final = {"sum": "Σ", "average": "Ø", "min": "min", "max": "max"}
PLACES: Final = 2


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column of numbers."""

    name: str
    """In addresses; where it counts sales also what `reports.cell` calls it."""
    label: str
    number: Callable[[LeadStatusNumbers], Number]
    share_of: Callable[[LeadStatusNumbers], int] | None = None
    """Where it has shares: their base."""
    is_ratio: bool = False
    """Shown as percent."""
    places: int | None = 0
    """Decimals; None: as many as the number has."""
    cell: str = ""
    """Which sales it lists; empty: it lists none."""
    group: str = ""
    meaning: str = ""
    """Tinted by its share within the column, in the colour of this meaning; empty: not tinted."""
    hint: str = ""
    usual: bool = False
    """Shown where none are chosen."""
    primary: bool = False
    """Shown on small screens."""

    def share(self, numbers: LeadStatusNumbers) -> Decimal | None:
        """Of a row, unrounded; None where it has none or nothing to be a share of."""
        value = self.number(numbers)
        return None if self.share_of is None or value is None else ratio(value, self.share_of(numbers))


def columns_of(
    totals: LeadStatusNumbers,
    catalog: Catalog,
    own_ratios: Collection[OwnRatio],
    *,
    base: Base,
    opened: bool,
    currency: str,
) -> Iterator[Column]:
    """Every column there is, in order; statuses and fields are those of the report."""
    yield from _counts(totals)
    yield from _statuses(totals, catalog, base=base, opened=opened)
    yield from _fields(totals, catalog)
    money = f"Money, {currency}"
    for name in MONEY:
        yield Column(
            name=name,
            label=name.capitalize(),
            number=partial(_attribute, name),
            places=PLACES,
            cell=name,
            group=money,
            usual=name not in ("gross", "adjustments"),
            primary=name == "revenue",
        )
    yield _share_column("margin", group=money, usual=True)
    yield from _parts(base)
    meanings = {status.name: status.meaning for status in catalog.statuses.values()}
    negative = frozenset(name for name, meaning in meanings.items() if meaning == "negative")
    for name in SHARES:
        if name not in ("coverage", "margin", "returned"):
            yield _share_column(name, group="Ratios, of sales", usual=name == "conversion")
    yield Column(
        name="ratio:negative",
        label="Negative",
        number=partial(negative_share, negative=negative),
        is_ratio=True,
        group="Ratios, of sales",
        hint="Stands at a status that means something negative ÷ sales",
    )
    yield Column(
        name=INDEX,
        label="Index",
        number=index,
        group="Ratios, of sales",
        hint="Ever converted ÷ what usually does: of the same days, contract by contract, all traffic; 100 is average",
    )
    for name, (label, hint) in PER_ONE_LABELS.items():
        if totals.leads is not None or not name.endswith("_per_lead"):
            yield Column(
                name=f"ratio:{name}",
                label=label,
                number=PER_ONE[name],
                places=PLACES,
                group=f"Each, {currency}",
                hint=hint,
            )
    yield from own_ratio_columns(own_ratios, catalog)


def own_ratio_columns(own_ratios: Collection[OwnRatio], catalog: Catalog) -> Iterator[Column]:
    """The network's own ratios; who defines one wants to see it, so they are shown where none are chosen."""
    for made in own_ratios:
        yield Column(
            name=f"own:{made.own_ratio_id}",
            label=made.label,
            number=partial(own_ratio, made, catalog),
            is_ratio=made.shown_as is ShownAs.PERCENT,
            places=PLACES,
            group="Own ratios",
            hint=in_words(made, catalog),
            usual=True,
        )


def shown_columns(known: Sequence[Column], chosen: Sequence[str]) -> list[Column]:
    """The columns that are shown: the chosen ones that there are, else the usual ones."""
    found = [column for column in known if column.name in chosen]
    return found or [column for column in known if column.usual]


def _counts(totals: LeadStatusNumbers) -> Iterator[Column]:
    if totals.leads is not None:
        yield Column(
            name="leads", label="Leads", number=lambda numbers: numbers.leads, cell="leads", hint="First sales"
        )
    yield Column(
        name="sales", label="Sales", number=lambda numbers: numbers.sales, cell="sales", usual=True, primary=True
    )
    yield Column(
        name="updated",
        label="Updated",
        number=lambda numbers: numbers.updated,
        cell="updated",
        usual=True,
        hint="With an update or a correction, by whomever",
    )
    yield Column(
        name="updated_by_buyer",
        label="By the buyer",
        number=lambda numbers: numbers.updated_by_buyer,
        cell="updated_by_buyer",
        hint="With an update by the buyer itself",
    )
    yield _share_column("coverage", usual=True)


def _statuses(totals: LeadStatusNumbers, catalog: Catalog, *, base: Base, opened: bool) -> Iterator[Column]:
    meanings = {status.name: status.meaning for status in catalog.statuses.values()}
    share_of = partial(_base, base)
    for status, count in totals.statuses.items():
        yield Column(
            name=status_column(status),
            label="All" if opened else status,
            number=partial(_at_status, status),
            share_of=share_of,
            cell=status_column(status),
            group=status if opened else "Status",
            meaning=meanings.get(status, NO_MEANING),
            usual=True,
        )
        for sub_status in count.sub_statuses if opened else ():
            yield Column(
                name=sub_status_column(status, sub_status),
                label=sub_status or "(without)",
                number=partial(_at_sub_status, status, sub_status),
                share_of=share_of,
                cell=sub_status_column(status, sub_status),
                group=status,
                meaning=meanings.get(status, NO_MEANING),
                usual=True,
            )
    yield Column(
        name="no_status",
        label="No status",
        number=lambda numbers: numbers.no_status,
        share_of=share_of if base is Base.SALES else None,
        cell="no_status",
        group="" if opened else "Status",
        usual=not opened,
    )


def _fields(totals: LeadStatusNumbers, catalog: Catalog) -> Iterator[Column]:
    labels = {field.name: field.label or field.name for field in catalog.fields.values()}
    for field, summary in totals.fields.items():
        kind = next(iter(summary))
        yield Column(
            name=f"field:{field}",
            label=f"{SUMMARY_SIGNS[kind]} {labels.get(field, field)}",
            number=partial(_of_field, field, kind),
            places=None if kind == "sum" else PLACES,
            cell=f"field:{field}",
            group="Fields",
            usual=True,
        )


def _parts(base: Base) -> Iterator[Column]:
    for state in Returns.__struct_fields__:
        yield Column(
            name=f"returns:{state}",
            label=state.capitalize(),
            number=partial(_of_part, "returns", state),
            cell=f"returns:{state}",
            group="Returns",
            hint="Waiting for a decision" if state == "submitted" else "",
        )
    yield _share_column("returned", group="Returns", usual=True)
    for stage in Reached.__struct_fields__:
        yield Column(
            name=f"reached:{stage}",
            label=stage.capitalize(),
            number=partial(_of_part, "reached", stage),
            share_of=partial(_base, base),
            cell=f"reached:{stage}",
            group="Ever reached",
            hint="Ever came at least this far, whatever became of it afterwards",
        )


def _share_column(name: str, *, group: str = "", usual: bool = False) -> Column:
    label, hint = SHARE_LABELS[name]
    return Column(
        name=f"ratio:{name}",
        label=label,
        number=SHARES[name],
        is_ratio=True,
        group=group,
        hint=hint,
        usual=usual,
        primary=name in ("coverage", "returned"),
    )


def _attribute(name: str, numbers: LeadStatusNumbers) -> Number:
    found: Number = getattr(numbers, name)
    return found


def _of_part(part: str, name: str, numbers: LeadStatusNumbers) -> Number:
    found: Number = getattr(getattr(numbers, part), name)
    return found


def _base(base: Base, numbers: LeadStatusNumbers) -> int:
    return base_of(numbers, base)


def _at_status(status: str, numbers: LeadStatusNumbers) -> Number:
    # A row that was opened may lack an inactive status that others have.
    count = numbers.statuses.get(status)
    return 0 if count is None else count.sales


def _at_sub_status(status: str, sub_status: str, numbers: LeadStatusNumbers) -> Number:
    count = numbers.statuses.get(status)
    return 0 if count is None else count.sub_statuses.get(sub_status, 0)


def _of_field(field: str, kind: str, numbers: LeadStatusNumbers) -> Number:
    summary: Mapping[str, Number] = numbers.fields.get(field, {})
    return summary.get(kind)
