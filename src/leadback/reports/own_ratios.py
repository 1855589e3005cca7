"""What a network's own ratios come to in a row of the Lead Status report; on values alone."""

from collections.abc import Iterable
from decimal import Decimal
from functools import partial

from leadback.catalog.model import Catalog
from leadback.catalog.own_ratio_model import Number, OwnRatio, Term
from leadback.catalog.own_ratio_rules import is_reported
from leadback.reports.lead_status_ratios import Ratio, RatioOf, ratio, ratios_of
from leadback.reports.model import LeadStatusNumbers, Reached, Returns


def file_heading(made: OwnRatio) -> str:
    """Its column's heading in a file; on the page it is known by its id, which outlives its label."""
    return f"own:{made.label}"


def all_ratios_of(totals: LeadStatusNumbers, catalog: Catalog, own_ratios: Iterable[OwnRatio]) -> dict[str, RatioOf]:
    """Every ratio of a report by the heading of its column, the network's own behind the others."""
    own = {file_heading(made): partial(own_ratio, made, catalog) for made in own_ratios}
    return ratios_of(totals, catalog) | own


def own_ratio(made: OwnRatio, catalog: Catalog, numbers: LeadStatusNumbers) -> Ratio:
    """One ratio of a row or of the totals, unrounded.

    None where the denominator is nothing, or the report does not say one of the two numbers: leads are not counted by
    buyer, and a field's sum is not said once the field has another summary.
    """
    part = _number_of(made.numerator, catalog, numbers)
    return None if part is None else ratio(part, _number_of(made.denominator, catalog, numbers))


def _number_of(term: Term, catalog: Catalog, numbers: LeadStatusNumbers) -> Decimal | int | None:
    """A status, sub-status or field that a row has nothing of stands in it as none."""
    item_id = term.item_id or 0
    match term.number:
        case Number.STATUS:
            count = numbers.statuses.get(catalog.statuses[item_id].name)
            return 0 if count is None else count.sales
        case Number.SUB_STATUS:
            sub_status = catalog.sub_statuses[item_id]
            count = numbers.statuses.get(catalog.statuses[sub_status.status_id].name)
            return 0 if count is None else count.sub_statuses.get(sub_status.name, 0)
        case Number.FIELD:
            if not is_reported(term, catalog):
                return None
            return numbers.fields.get(catalog.fields[item_id].name, {}).get("sum") or 0
        case name if name in Reached.__struct_fields__:
            return _counted(numbers.reached, name)
        case name if name in Returns.__struct_fields__:
            return _counted(numbers.returns, name)
        case name:
            return _counted(numbers, name)


def _counted(part: LeadStatusNumbers | Reached | Returns, name: str) -> Decimal | int | None:
    found: Decimal | int | None = getattr(part, name)
    return found
