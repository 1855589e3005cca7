"""Lead Detail computed the slow and obvious way: every sale in memory, filtered and sorted by Python."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from leadback.leads.model import Sale
from leadback.reports.model import Sort
from tests.support.slow_report import ids_of, name_of, passes
from tests.support.world import FIELDS, Sold, World

LONG_AGO = datetime.min.replace(tzinfo=UTC)

SORTED_BY: dict[Sort, Callable[[Sale], Any]] = {
    Sort.SOLD_AT: lambda sale: sale.sold_at,
    Sort.LEAD_ID: lambda sale: sale.lead_id.upper(),
    Sort.BUYER: lambda sale: called(sale, "buyer"),
    Sort.BUYER_CONTRACT: lambda sale: called(sale, "buyer_contract"),
    Sort.CAMPAIGN: lambda sale: called(sale, "campaign"),
    Sort.AFFILIATE: lambda sale: called(sale, "affiliate"),
    Sort.STATUS: lambda sale: called(sale, "status") or "",
    Sort.SUB_STATUS: lambda sale: called(sale, "sub_status") or "",
    Sort.RETURN_STATE: lambda sale: sale.return_state or "",
    Sort.SOLD_PRICE: lambda sale: sale.sold_price,
    Sort.REVENUE: lambda sale: sale.revenue,
    Sort.PAYOUT_SHARE: lambda sale: sale.payout_share,
    Sort.UPDATED_AT: lambda sale: sale.updated_at or LONG_AGO,
    Sort.UPDATE_COUNT: lambda sale: sale.update_count,
}


def slow_detail(
    world: World,
    first: date,
    last: date,
    *,
    sort: Sort = Sort.SOLD_AT,
    descending: bool = True,
    filters: Sequence[tuple[str, str]] = (),
) -> list[dict[str, Any]]:
    """The rows in their order, by column; what depends on the zone is in the world's."""
    found = [
        sold
        for sold in world.sold
        if not sold.sale.is_test
        and first <= sold.sale.sold_at.astimezone(world.zone).date() <= last
        and passes(sold, filters, week_start=1)
    ]
    found.sort(key=lambda sold: (SORTED_BY[sort](sold.sale), sold.sale.sale_id), reverse=descending)
    return [_row(sold, world) for sold in found]


def called(sale: Sale, dimension: str) -> str | None:
    """The name of what the sale belongs to or stands at."""
    number = ids_of(sale)[dimension]
    return None if number is None else name_of(dimension, number)


def _row(sold: Sold, world: World) -> dict[str, Any]:
    sale = sold.sale
    row: dict[str, Any] = {"lead_id": sale.lead_id, "sold_at": sale.sold_at.astimezone(world.zone)}
    for dimension in ("buyer", "buyer_contract", "campaign", "affiliate", "offer", "vertical"):
        row[f"{dimension}_id"] = ids_of(sale)[dimension]
        row[dimension] = called(sale, dimension)
    row |= {f"sub_id_{place}": text for place, text in enumerate(sold.sub_ids, 1)}
    row |= {"sale_type": sale.sale_type, "status": called(sale, "status"), "sub_status": called(sale, "sub_status")}
    row |= {name: getattr(sale, name) for name in ("sold_price", "revenue", "payout_share", "return_state")}
    row["return_reason"] = called(sale, "return_reason")
    row["updated_at"] = None if sale.updated_at is None else sale.updated_at.astimezone(world.zone)
    row |= {"update_count": sale.update_count, "sale_id": sale.sale_id, "sale_ref": None, "buyer_lead_id": None}
    for field_id, (name, data_type, *_) in FIELDS.items():
        text = sale.field_values.get(field_id)
        row[f"field_{name}"] = Decimal(text) if text is not None and data_type == "Number" else text
    return row
