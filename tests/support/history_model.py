"""The meaning of updates once more, slowly and without a database: what any sequence of them must come to."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

STAGES = {"Contacted": 1, "Funded": 4, "Dead": 0}
SUB_STATUSES = {"Contacted": {"By phone"}, "Funded": {"Full Payment", "Partial"}, "Dead": set()}
RETURN_DAYS_MAX = 30


@dataclass
class ModelSale:
    """One sale; statuses by their key in the model, which a rename does not change."""

    lead_id: str
    contract: int
    sold_at: datetime
    price: Decimal = Decimal(25)
    revenue: Decimal = Decimal(25)
    status: str | None = None
    sub_status: str | None = None
    stage: int = 0
    loan_amount: Decimal | None = None
    reason: int | None = None
    updates: int = 0
    history: list[Decimal] = field(default_factory=list)
    last: dict[str, Any] | None = None
    """The call that left it so, where a repeat of it would be one too many."""


@dataclass
class Model:
    """Two leads' sales of one buyer, the names its statuses have now, and which are active."""

    sales: list[ModelSale]
    zone: ZoneInfo
    now: datetime
    names: dict[str, str] = field(default_factory=lambda: {name: name for name in STAGES})
    active: set[str] = field(default_factory=lambda: set(STAGES))

    def update(self, call: dict[str, Any]) -> str:
        """Apply a call; the message it gets."""
        mine = [sale for sale in self.sales if sale.lead_id == call["lead_id"]]
        if not mine:
            return "Invalid Lead ID"
        meant = [sale for sale in mine if call["contract"] in (0, sale.contract)]
        if not meant:
            return "Invalid Buyer Contract"
        if len(meant) > 1:
            return "Buyer Contract Required"
        return self._update(meant[0], call)

    def _update(self, sale: ModelSale, call: dict[str, Any]) -> str:
        if _said(call) == sale.last:
            return "Lead updated"
        keys = [key for key in self.active if self.names[key] == call["status"]]
        if call["status"] and not keys:
            return "Invalid Lead Status"
        if call["sub_status"] and (not keys or call["sub_status"] not in SUB_STATUSES[keys[0]]):
            return "Invalid Lead SubStatus"
        if call["field"] not in ("", "loan_amount"):
            return "Invalid Lead Field"
        if call["field"] and call["value"] not in ("", "100", "2.5"):
            return "Invalid Field Value"
        if call["reason"]:
            if call["reason"] not in (1, 2):
                return "Invalid Return Reason"
            if sale.reason is None:
                age = self.now.astimezone(self.zone).date() - sale.sold_at.astimezone(self.zone).date()
                if age.days > RETURN_DAYS_MAX:
                    return "Return Window Expired"
            elif sale.reason != call["reason"]:
                return "Lead Already Returned"
        self._apply(sale, call, keys[0] if keys else None)
        return "Lead updated"

    def _apply(self, sale: ModelSale, call: dict[str, Any], key: str | None) -> None:
        if key is not None:
            if call["sub_status"] or key != sale.status:
                sale.sub_status = call["sub_status"] or None
            sale.status = key
            sale.stage = max(sale.stage, STAGES[key])
        if call["amount"] is not None:
            sale.revenue = call["amount"] + (sale.revenue if call["add"] else 0)
        if call["field"]:
            sale.loan_amount = Decimal(call["value"]) if call["value"] else None
        if call["reason"]:
            sale.reason = call["reason"]
        overwrites = call["amount"] is not None and not call["add"]
        sale.updates += bool(key or call["field"] or call["reason"] or call["amount"] or overwrites)
        sale.history.append(sale.revenue)
        guarded = call["reason"] or (call["add"] and call["amount"])
        sale.last = _said(call) if guarded else None

    def report(self) -> dict[str, Any]:
        """The numbers of the Lead Status report by day, in the words of its JSON document."""
        days: dict[str, list[ModelSale]] = {}
        for sale in self.sales:
            days.setdefault(sale.sold_at.astimezone(self.zone).date().isoformat(), []).append(sale)
        return {day: self._numbers(sales) for day, sales in days.items()}

    def _numbers(self, sales: list[ModelSale]) -> dict[str, Any]:
        counts = Counter(sale.status for sale in sales)
        values = [sale.loan_amount for sale in sales if sale.loan_amount is not None]
        return {
            "sales": len(sales),
            "updated": sum(sale.updates > 0 for sale in sales),
            "statuses": {self.names[key]: counts[key] for key in STAGES if counts[key]},
            "sub_statuses": dict(Counter(sale.sub_status for sale in sales if sale.sub_status)),
            "no_status": counts[None],
            "gross": sum(sale.price for sale in sales),
            "revenue": sum(sale.revenue for sale in sales),
            "submitted": sum(sale.reason is not None for sale in sales),
            "funded": sum(sale.stage == STAGES["Funded"] for sale in sales),
            "contacted": sum(sale.stage >= STAGES["Contacted"] for sale in sales),
            "loan_amount": sum(values) if values else None,
        }


def _said(call: dict[str, Any]) -> dict[str, Any]:
    """A call without what means nothing beside the rest of it."""
    add = call["add"] if call["amount"] is not None else None
    return call | {"add": add, "value": call["value"] if call["field"] else ""}
