"""How a row differs from what is stored of its lead and sale, and how that is said."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from leadback.leads.ingest_model import ImportedSale, Lead, Rejection, SaleRow
from leadback.leads.ingest_rows import SUB_IDS, shown
from leadback.leads.model import SaleType
from leadback.parties.model import Campaign

Changes = dict[str, list[Any]]
"""By column: what is stored and what the row has."""


def compare_lead(lead: Lead, row: SaleRow, campaign: Campaign) -> Changes:
    """What is kept once for the lead and differs; a blank cell differs from nothing."""
    changes: Changes = {}
    if campaign.campaign_id != lead.campaign_id:
        changes["campaign_id"] = [lead.campaign_id, campaign.campaign_id]
    if row.payout is not None and row.payout != lead.payout:
        changes["payout"] = [lead.payout, row.payout]
    if row.is_test is not None and row.is_test != lead.is_test:
        changes["is_test"] = [lead.is_test, row.is_test]
    if row.lead_at is not None and row.lead_at != lead.created_at:
        changes["lead_at"] = [lead.created_at, row.lead_at]
    if row.sub_ids != lead.sub_ids:
        for name, before, after in zip(SUB_IDS, lead.sub_ids, row.sub_ids, strict=True):
            if after and after != before:
                changes[name] = [before, after]
    return changes


def compare_sale(imported: ImportedSale, row: SaleRow) -> Changes:
    """What is kept for the sale and differs; a blank cell differs from nothing."""
    sale = imported.sale
    pairs = (
        ("sold_at", sale.sold_at, row.sold_at),
        ("sold_price", sale.sold_price, row.sold_price),
        ("sale_type", sale.sale_type, row.sale_type),
        ("returnable", sale.returnable, row.returnable),
        ("sale_ref", imported.sale_ref, row.sale_ref),
        ("buyer_lead_id", imported.buyer_lead_id, row.buyer_lead_id),
    )
    return {name: [before, after] for name, before, after in pairs if after is not None and after != before}


def wrong_replacement(sale_type: str, price: Decimal, replaces: str | int | None) -> Rejection | None:
    """What is wrong with a sale as a replacement or as none; None where nothing is."""
    if replaces is not None and sale_type != SaleType.REPLACEMENT:
        return Rejection(f"A sale that replaces another has the sale_type replacement, not {sale_type}")
    if sale_type == SaleType.REPLACEMENT and price:
        return Rejection(f"A replacement has the price 0, not {price}")
    return None


def differs(what: str, changes: Changes) -> Rejection:
    """The rejection that names every column that differs, with both values."""
    return Rejection(f"The row differs from {what} in {_told(changes)}; --correct takes the row's")


def contradicts(changes: Changes) -> Rejection:
    """The rejection of a row that says another thing of its lead than an earlier row of the same import."""
    return Rejection(
        f"The row differs from an earlier row of the same lead in {_told(changes)}; sales of one lead must agree, and"
        " --correct takes the first"
    )


def text_of(value: Any) -> str | None:
    """A value as the ledger keeps it and as a rejection says it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _told(changes: Changes) -> str:
    return ", ".join(
        f"{name} (is {shown(text_of(pair[0]) or '')}, here {shown(text_of(pair[1]) or '')})" if pair else name
        for name, pair in changes.items()
    )
