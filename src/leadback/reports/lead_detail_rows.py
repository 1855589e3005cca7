"""The rows and columns of Lead Detail, on values alone."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from leadback.catalog.model import Catalog, DataType, Field
from leadback.kit.tabular import Column, Kind, Row
from leadback.reports.filter import Names
from leadback.reports.model import SUB_IDS, LeadDetailRow

KINDS: Final = {
    DataType.STRING: Kind.TEXT,
    DataType.NUMBER: Kind.NUMBER,
    DataType.DATE: Kind.DATE,
    DataType.BOOL: Kind.BOOL,
    DataType.LIST: Kind.TEXT,
}
PLAIN: Final[dict[str, Kind]] = {
    "sold_at": Kind.MOMENT,
    "updated_at": Kind.MOMENT,
    "sold_price": Kind.MONEY,
    "revenue": Kind.MONEY,
    "payout_share": Kind.MONEY,
    "update_count": Kind.COUNT,
    "sale_id": Kind.COUNT,
} | {f"{name}_id": Kind.COUNT for name in ("buyer", "buyer_contract", "campaign", "affiliate", "offer", "vertical")}
NAMES: Final = tuple(name for name in LeadDetailRow.__struct_fields__ if name != "fields")


def in_order(catalog: Catalog) -> list[Field]:
    """Every field there is or was, as the catalog orders them: what is inactive keeps its values."""
    return sorted(catalog.fields.values(), key=lambda field: (field.position, field.field_id))


def columns_of(fields: Sequence[Field]) -> tuple[Column, ...]:
    """The columns of an export, called as in a file of sales: what is one sale's, then `field_` and a field's name."""
    plain = [Column(name, PLAIN.get(name, Kind.TEXT)) for name in NAMES]
    return (*plain, *(Column(f"field_{field.name}", KINDS[field.data_type]) for field in fields))


def cells_of(row: LeadDetailRow, fields: Sequence[Field]) -> Row:
    """The row in these columns."""
    *plain, values = msgspec.structs.astuple(row)
    return [*plain, *(values.get(field.name) for field in fields)]


def shape_row(found: Sequence[Any], names: Names, fields: Sequence[Field], zone: ZoneInfo) -> LeadDetailRow:
    """A sale as PostgreSQL has it, in the order of `ROW_COLUMNS`, with names beside its ids."""
    # By place: a million rows are exported, and to ask each for its columns by name takes longer than all the rest.
    lead_id, sold_at, buyer_id, contract_id, campaign_id, affiliate_id, offer_id, vertical_id, *others = found
    sub_ids, (sale_type, status_id, sub_status_id, *others) = others[: len(SUB_IDS)], others[len(SUB_IDS) :]
    sold_price, revenue, payout_share, return_state, reason_id, updated_at, update_count, *others = others
    sale_id, sale_ref, buyer_lead_id, values, _place = others
    sub_id_1, sub_id_2, sub_id_3, sub_id_4, sub_id_5 = sub_ids
    return LeadDetailRow(
        lead_id=lead_id,
        sold_at=sold_at.astimezone(zone),
        buyer_id=buyer_id,
        buyer=names["buyer"][buyer_id],
        buyer_contract_id=contract_id,
        buyer_contract=names["buyer_contract"][contract_id],
        campaign_id=campaign_id,
        campaign=names["campaign"][campaign_id],
        affiliate_id=affiliate_id,
        affiliate=names["affiliate"][affiliate_id],
        offer_id=offer_id,
        offer=names["offer"].get(offer_id),
        vertical_id=vertical_id,
        vertical=names["vertical"][vertical_id],
        sub_id_1=sub_id_1,
        sub_id_2=sub_id_2,
        sub_id_3=sub_id_3,
        sub_id_4=sub_id_4,
        sub_id_5=sub_id_5,
        sale_type=sale_type,
        status=names["status"].get(status_id),
        sub_status=names["sub_status"].get(sub_status_id),
        sold_price=sold_price,
        revenue=revenue,
        payout_share=payout_share,
        return_state=return_state,
        return_reason=names["return_reason"].get(reason_id),
        updated_at=None if updated_at is None else updated_at.astimezone(zone),
        update_count=update_count,
        sale_id=sale_id,
        sale_ref=sale_ref,
        buyer_lead_id=buyer_lead_id,
        fields={
            field.name: _value(field.data_type, text)
            for field in fields
            if (text := values.get(str(field.field_id))) is not None
        },
    )


def _value(data_type: DataType, text: str) -> str | Decimal | date | bool:
    match data_type:
        case DataType.NUMBER:
            return Decimal(text)
        case DataType.DATE:
            return date.fromisoformat(text)
        case DataType.BOOL:
            return text == "true"
        case _:
            return text
