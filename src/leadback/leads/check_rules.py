"""Replaying a sale's ledger: what each row must follow from, and how the sale must stand at its end."""

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from operator import attrgetter
from typing import Any, Final

import msgspec

from leadback.leads.check_model import Difference, LedgerRow, StandingSale
from leadback.leads.ledger import row_hash
from leadback.leads.model import FieldChange, ReturnState, Updated

# Not accounted for: `revenue_set` and `status_happened_at`. A row tells what a call changed, not that it named a status
# or an amount which stood already, and both columns hang on that. This much is known of `status_happened_at`: a sale
# has one exactly when it has a status.

# Each with its value before and after in every row.
CHAINED: Final = (
    "revenue",
    "status_id",
    "sub_status_id",
    "stage_reached",
    "return_state",
    "return_reason_id",
    "updated",
)
_before = attrgetter(*(f"{name}_before" for name in CHAINED))
_after = attrgetter(*(f"{name}_after" for name in CHAINED))
_standing = attrgetter(*CHAINED)

# What a sale has before its first row, but for the revenue, which is its price of then.
_AT_FIRST: Final = (None, None, 0, None, None, int(Updated.NO))

COUNTING_KINDS: Final = ("update", "correction")


class Findings:
    """Differences: all counted, the first so many kept."""

    def __init__(self, kept_max: int) -> None:
        self.count = 0
        self.kept: list[Difference] = []
        self._kept_max = kept_max

    def add(self, difference: Difference) -> None:
        """One more."""
        self.add_listed([difference], 1)

    def add_listed(self, differences: Iterable[Difference], count: int) -> None:
        """Some of `count` more."""
        self.count += count
        self.kept += list(differences)[: self._kept_max - len(self.kept)]

    def compare(self, what: str, expected: Any, found: Any, *, sale_id: int | None, version: int | None = None) -> None:
        """A difference of a sale or one of its rows, where there is one."""
        if expected != found:
            self.add(
                Difference(what=what, expected=told(expected), found=told(found), sale_id=sale_id, version=version)
            )


class Replay:
    """The ledger of one sale, taken row by row in the order of versions, then compared with the sale."""

    def __init__(self, sale: StandingSale, findings: Findings) -> None:
        self._sale = sale
        self._findings = findings
        self._version = 1
        self._hash = b""
        self._chained: tuple[Any, ...] | None = None
        self._first_revenue = sale.revenue
        self._field_values: dict[str, str] = {}
        # What rows tell only in part, and an undo puts back.
        self._accounted: dict[str, Any] = {
            "update_count": 0,
            "updated_at": None,
            "buyer_updated_first_at": None,
            "buyer_updated_at": None,
            "returned_at": None,
        }
        self._imported: dict[str, Any] = {}
        self._first_price = sale.sold_price

    def take(self, row: LedgerRow) -> None:
        """The next row: it must follow from what came before it."""
        self._compare(row, "version", self._version + 1, row.version)
        self._compare(row, "previous_hash", self._hash, bytes(row.previous_hash))
        self._compare(row, "hash", row_hash(bytes(row.previous_hash), written_values(row)), bytes(row.hash))
        self._version = row.version
        self._hash = bytes(row.hash)
        self._follow_chain(row)
        self._follow_fields(row)
        self._follow_return(row)
        self._follow_update(row)
        self._follow_sale_changes(row)

    def end(self) -> None:
        """No row is left: the sale must stand as the last one left it."""
        sale = self._sale
        self._stands("version", self._version, sale.version)
        self._stands("ledger_hash", self._hash, bytes(sale.ledger_hash))
        expected = self._chained or (sale.revenue, *_AT_FIRST)
        for name, value, found in zip(CHAINED, expected, _standing(sale), strict=True):
            self._stands(name, value, found)
        self._stands("field_values", self._field_values, sale.field_values)
        for name, value in self._accounted.items():
            self._stands(name, value, getattr(sale, name))
        for name, value in self._imported.items():
            self._stands(name, value, getattr(sale, name))
        self._stands("status_happened_at", sale.status_id is not None, sale.status_happened_at is not None)
        # Until the first row a sale's revenue is its price, the one it had then.
        self._findings.compare("revenue", self._first_price, self._first_revenue, sale_id=sale.sale_id, version=1)

    def _follow_chain(self, row: LedgerRow) -> None:
        before = _before(row)
        if self._chained is None:
            self._first_revenue = row.revenue_before
            self._chained = (row.revenue_before, *_AT_FIRST)
        if self._chained != before:
            for name, expected, found in zip(CHAINED, self._chained, before, strict=True):
                self._compare(row, f"{name}_before", expected, found)
        # PostgreSQL refuses a row of which this is not true; a check trusts nothing.
        self._compare(row, "revenue_after", row.revenue_before + row.revenue_delta, row.revenue_after)
        self._chained = _after(row)

    def _follow_fields(self, row: LedgerRow) -> None:
        try:
            changes = msgspec.convert(row.field_changes, list[FieldChange])
        except msgspec.ValidationError:
            self._compare(row, "field_changes", "changes of fields", told(row.field_changes))
            return
        for change in changes:
            field_id = str(change.field_id)
            before = self._field_values.pop(field_id, None)
            self._compare(row, f"field {change.field} before", before, change.before)
            if change.after is not None:
                self._field_values[field_id] = change.after

    def _follow_return(self, row: LedgerRow) -> None:
        """A return's moment is that of its making or its import; what is decided about it later leaves it alone."""
        changes = (row.return_state_before, row.return_reason_id_before) != (
            row.return_state_after,
            row.return_reason_id_after,
        )
        made = row.return_state_after in (ReturnState.SUBMITTED, ReturnState.CREDITED)
        if changes and (row.kind == "import" or (made and row.kind in COUNTING_KINDS)):
            self._accounted["returned_at"] = row.received_at

    def _follow_update(self, row: LedgerRow) -> None:
        by_buyer = row.actor_kind == "buyer"
        if by_buyer:
            self._compare(row, "actor_id", self._sale.buyer_id, row.actor_id)
        if row.kind == "undo":
            self._compare(row, "counts_as_update", expected=False, found=row.counts_as_update)
            return
        updated = row.updated_before
        if row.counts_as_update:
            self._compare(row, "kind", expected=True, found=row.kind in COUNTING_KINDS)
            updated = Updated.BY_BUYER if by_buyer else row.updated_before or Updated.BY_OTHERS
            self._count(row, by_buyer=by_buyer)
        self._compare(row, "updated_after", int(updated), row.updated_after)

    def _count(self, row: LedgerRow, *, by_buyer: bool) -> None:
        accounted = self._accounted
        accounted["update_count"] += 1
        accounted["updated_at"] = row.received_at
        if not by_buyer:
            return
        first, last = accounted["buyer_updated_first_at"], accounted["buyer_updated_at"]
        if row.run_id is None:
            accounted["buyer_updated_first_at"] = first or row.received_at
            accounted["buyer_updated_at"] = row.received_at
        else:
            # What was run again counts from when the buyer had reported it.
            accounted["buyer_updated_first_at"] = min(first or row.happened_at, row.happened_at)
            accounted["buyer_updated_at"] = max(last or row.happened_at, row.happened_at)

    def _follow_sale_changes(self, row: LedgerRow) -> None:
        """What an import corrected of the sale itself, and what an undo put back; columns of the lead are its own."""
        for name, pair in row.sale_changes.items():
            if name not in _READERS:
                continue
            try:
                before, after = (None if value is None else _READERS[name](value) for value in pair)
            except (TypeError, ValueError, InvalidOperation):
                self._compare(row, f"{name} before and after", "two values", told(pair))
                continue
            followed = self._accounted if name in self._accounted else self._imported
            if name in followed:
                self._compare(row, f"{name} before", followed[name], before)
            elif name == "sold_price" and before is not None:
                self._first_price = before
            followed[name] = after

    def _compare(self, row: LedgerRow, what: str, expected: Any, found: Any) -> None:
        self._findings.compare(what, expected, found, sale_id=row.sale_id, version=row.version)

    def _stands(self, what: str, expected: Any, found: Any) -> None:
        self._findings.compare(what, expected, found, sale_id=self._sale.sale_id)


def written_values(row: LedgerRow) -> tuple[Any, ...]:
    """A stored row's values in the form in which they were hashed."""
    written = row._replace(
        address=None if row.address is None else str(row.address),  # type: ignore[arg-type] # as text, like the next
        flags=",".join(row.flags),  # type: ignore[arg-type] # three
        field_changes=msgspec.json.encode([_in_order(change) for change in row.field_changes]).decode(),  # type: ignore[arg-type] # of these
        sale_changes=msgspec.json.encode(row.sale_changes, order="sorted").decode(),  # type: ignore[arg-type] # values
    )
    return written[:-2]


def told(value: Any) -> str | None:
    """A value as a difference names it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.isoformat()
    return msgspec.json.encode(value, order="sorted").decode() if isinstance(value, dict | list) else str(value)


def _in_order(change: dict[str, Any]) -> dict[str, Any]:
    """One field's change with its keys as they were written: PostgreSQL keeps them in an order of its own."""
    names = FieldChange.__struct_fields__
    return {name: change[name] for name in names} if change.keys() == set(names) else change


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without its offset")
    return moment


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("neither true nor false")
    return text == "true"


# The columns that `sale_changes` can have of a sale, and how their values are read.
_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "sold_at": _moment,
    "sold_price": Decimal,
    "sale_type": str,
    "returnable": _truth,
    "sale_ref": str,
    "buyer_lead_id": str,
    "update_count": int,
    "updated_at": _moment,
    "buyer_updated_first_at": _moment,
    "buyer_updated_at": _moment,
    "returned_at": _moment,
}
