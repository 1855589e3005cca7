"""The rows and columns of Lead Detail, on values alone."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from leadback.catalog.model import Catalog, DataType, Field
from leadback.kit.tabular import Column, Kind, Row
from leadback.reports.filter import Names
from leadback.reports.model import LeadDetailRow

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
    return [*(getattr(row, name) for name in NAMES), *(row.fields.get(field.name) for field in fields)]


def shape_row(found: Any, names: Names, fields: Sequence[Field], zone: ZoneInfo) -> LeadDetailRow:
    """A sale as PostgreSQL has it, with names beside its ids."""
    values = found.field_values
    return LeadDetailRow(
        lead_id=found.lead_id,
        sold_at=found.sold_at.astimezone(zone),
        buyer_id=found.buyer_id,
        buyer=names["buyer"][found.buyer_id],
        buyer_contract_id=found.buyer_contract_id,
        buyer_contract=names["buyer_contract"][found.buyer_contract_id],
        campaign_id=found.campaign_id,
        campaign=names["campaign"][found.campaign_id],
        affiliate_id=found.affiliate_id,
        affiliate=names["affiliate"][found.affiliate_id],
        offer_id=found.offer_id,
        offer=names["offer"].get(found.offer_id),
        vertical_id=found.vertical_id,
        vertical=names["vertical"][found.vertical_id],
        sub_id_1=found.sub_id_1,
        sub_id_2=found.sub_id_2,
        sub_id_3=found.sub_id_3,
        sub_id_4=found.sub_id_4,
        sub_id_5=found.sub_id_5,
        sale_type=found.sale_type,
        status=names["status"].get(found.status_id),
        sub_status=names["sub_status"].get(found.sub_status_id),
        sold_price=found.sold_price,
        revenue=found.revenue,
        payout_share=found.payout_share,
        return_state=found.return_state,
        return_reason=names["return_reason"].get(found.return_reason_id),
        updated_at=None if found.updated_at is None else found.updated_at.astimezone(zone),
        update_count=found.update_count,
        sale_id=found.sale_id,
        sale_ref=found.sale_ref,
        buyer_lead_id=found.buyer_lead_id,
        fields={
            field.name: _value(field.data_type, values[str(field.field_id)])
            for field in fields
            if str(field.field_id) in values
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
