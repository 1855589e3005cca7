"""The cells of the Lead Status report: what their columns are called, and which sales each of them counts."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import ColumnElement, func

from leadback.catalog.model import Catalog, Field, Status, SubStatus
from leadback.kit.errors import Refused
from leadback.leads.model import Updated
from leadback.leads.tables import sale
from leadback.reports.lead_status_rows import key_of
from leadback.reports.model import Cell, Condition, LeadDetailQuery, LeadStatusQuery, Reached, Returns

MONEY: Final = ("gross", "adjustments", "revenue", "payout", "margin")
COLUMNS: Final = (
    "leads",
    "sales",
    "updated",
    "updated_by_buyer",
    "no_status",
    "status:NAME",
    "sub_status:STATUS/NAME",
    "field:NAME",
    *(f"returns:{state}" for state in Returns.__struct_fields__),
    *(f"reached:{stage}" for stage in Reached.__struct_fields__),
    *MONEY,
)

_DIVIDED: Final = re.compile(r"((?:[^\\/]|\\.)*)/(.*)", re.DOTALL)


def status_column(status: str) -> str:
    """The heading of a status."""
    return f"status:{status}"


def sub_status_column(status: str, sub_status: str) -> str:
    """The heading of a sub-status; the empty one stands for the status' sales without any.

    A slash within the status' name gets a backslash, so that two pairs of names are never one heading.
    """
    escaped = re.sub(r"([/\\])", r"\\\1", status)
    return f"sub_status:{escaped}/{sub_status}"


def list_of_cell(query: LeadStatusQuery, key: Mapping[str, int | str | None], column: str) -> LeadDetailQuery:
    """The list of exactly the sales that a cell of this report counts; `key` is its row's, empty for the totals."""
    row = [_condition(name, key[name]) for name in key_of(query.by)] if key else []
    return LeadDetailQuery(
        sold_from=query.sold_from,
        sold_to=query.sold_to,
        conditions=query.conditions,
        cell=Cell(
            row=tuple(row),
            column=column,
            show_changes=query.show_changes,
            show_sub_status=query.show_sub_status,
        ),
        buyer_ids=query.buyer_ids,
    )


def column_clauses(cell: Cell, catalog: Catalog) -> list[ColumnElement[bool]]:
    """What a sale of the cell's row must be to count in its column; raises `Refused` where there is no such column."""
    found = [*_clauses(cell.column, catalog)]
    if cell.show_changes:
        found.append(sale.c.updated != 0)
    if cell.show_sub_status:
        found.append(sale.c.sub_status_id.is_not(None))
    return found


def _condition(name: str, value: int | str | None) -> Condition:
    dimension = name.removesuffix("_id")
    if name == "sub_id" or dimension == name:
        return Condition(name, str(value))
    return Condition(dimension, "none" if value is None else str(value), by_id=True)


def _clauses(column: str, catalog: Catalog) -> list[ColumnElement[bool]]:
    what, _, name = column.partition(":")
    match what, name:
        case "leads", "":
            return [sale.c.first_of_lead]
        case "updated", "":
            return [sale.c.updated != 0]
        case "updated_by_buyer", "":
            return [sale.c.updated == Updated.BY_BUYER]
        case "no_status", "":
            return [sale.c.status_id.is_(None)]
        case "returns", _ if name in Returns.__struct_fields__:
            return [sale.c.return_state == name]
        case "reached", _ if name in Reached.__struct_fields__:
            return [sale.c.stage_reached > Reached.__struct_fields__.index(name)]
        case "status", _:
            return [sale.c.status_id == _status_id(name, catalog)]
        case "sub_status", _:
            return _sub_status(name, catalog)
        case "field", _:
            return [func.jsonb_exists(sale.c.field_values, str(_field_id(name, catalog)))]
        case _ if column in ("sales", *MONEY):
            return []
    raise Refused(f"There is no column {column!r} in the Lead Status report. There are: {', '.join(COLUMNS)}.")


def _status_id(name: str, catalog: Catalog) -> int:
    for status_id, status in catalog.statuses.items():
        if status.name == name:
            return status_id
    raise Refused(f"There is no status {name!r}. There are: {_names(catalog.statuses.values())}.")


def _sub_status(text: str, catalog: Catalog) -> list[ColumnElement[bool]]:
    divided = _DIVIDED.fullmatch(text)
    if divided is None:
        raise Refused(f"A sub-status's column is sub_status:STATUS/NAME, not {text!r}.")
    status_id, name = _status_id(re.sub(r"\\(.)", r"\1", divided[1]), catalog), divided[2]
    if not name:
        return [sale.c.status_id == status_id, sale.c.sub_status_id.is_(None)]
    of_status = [item for item in catalog.sub_statuses.values() if item.status_id == status_id]
    for item in of_status:
        if item.name == name:
            return [sale.c.sub_status_id == item.sub_status_id]
    raise Refused(f"There is no sub-status {name!r} of {divided[1]!r}. There are: {_names(of_status)}.")


def _field_id(text: str, catalog: Catalog) -> int:
    # An export has a heading for each number of a field's summary, such as field:income:average.
    name = text.partition(":")[0]
    for field_id, field in catalog.fields.items():
        if field.name == name:
            return field_id
    raise Refused(f"There is no field {name!r}. There are: {_names(catalog.fields.values())}.")


def _names(items: Iterable[Status | SubStatus | Field]) -> str:
    return ", ".join(item.name for item in items) or "none yet"
