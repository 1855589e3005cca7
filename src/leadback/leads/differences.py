"""What a change changes of a sale, in words."""

from collections.abc import Mapping

from leadback.catalog.model import Catalog, ReturnReason, Status, SubStatus
from leadback.leads.model import Change, Sale

Differences = dict[str, tuple[str | None, str | None]]
"""By what it is about, such as `revenue` or `field loan_amount`: before and after; None stands for nothing."""


def differences(change: Change, catalog: Catalog) -> Differences:
    """What differs after a change; empty where it changes nothing that people see."""
    before, after = change.before, change.after
    told: Differences = {
        "status": (_name(catalog.statuses, before.status_id), _name(catalog.statuses, after.status_id)),
        "sub_status": (
            _name(catalog.sub_statuses, before.sub_status_id),
            _name(catalog.sub_statuses, after.sub_status_id),
        ),
        "revenue": (str(before.revenue), str(after.revenue)),
        "return": (_return(before, catalog), _return(after, catalog)),
    }
    for field in change.field_changes:
        first, _ = told.get(f"field {field.field}", (field.before, None))
        told[f"field {field.field}"] = (first, field.after)
    return {name: pair for name, pair in told.items() if pair[0] != pair[1]}


def words_of(told: Differences) -> str:
    """Differences as a line: `status none → Funded; revenue 25.0000 → 50.0000`."""
    return "; ".join(f"{name} {before or 'none'} → {after or 'none'}" for name, (before, after) in told.items())


def _name(
    items: Mapping[int, Status] | Mapping[int, SubStatus] | Mapping[int, ReturnReason], item_id: int | None
) -> str | None:
    return None if item_id is None else items[item_id].name


def _return(sale: Sale, catalog: Catalog) -> str | None:
    if sale.return_state is None:
        return None
    return f"{sale.return_state} ({_name(catalog.return_reasons, sale.return_reason_id)})"
