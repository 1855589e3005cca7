"""The rows of the Lead Status page: cells with their shares, tints and links, in the order that is asked for."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from leadback.console.lead_status_columns import Column
from leadback.console.report_question import ON, Question, told_condition
from leadback.console.templating import NOTHING, address, heat, money, number, percent
from leadback.networks.model import Network
from leadback.reports.cell import list_of_cell
from leadback.reports.model import Condition, Dimension, LeadStatusNumbers, LeadStatusReport, LeadStatusRow

ROWS_A_PAGE: Final = 200
NAME: Final = "name"
REPORT_PATH: Final = "/reports/lead-status"
DETAIL_PATH: Final = "/reports/lead-detail"

OPENS_INTO: Final = {
    Dimension.CAMPAIGN: Dimension.SUB_ID,
    Dimension.SUB_ID: Dimension.BUYER,
    Dimension.AFFILIATE: Dimension.CAMPAIGN,
    Dimension.OFFER: Dimension.CAMPAIGN,
    Dimension.VERTICAL: Dimension.BUYER,
    Dimension.BUYER: Dimension.BUYER_CONTRACT,
    Dimension.SALE_TYPE: Dimension.BUYER,
    Dimension.DAY: Dimension.CAMPAIGN,
    Dimension.WEEK: Dimension.DAY,
    Dimension.MONTH: Dimension.DAY,
}
"""What a row divides into; one of a contract into its sales."""

Key = Mapping[str, int | str | None]


def in_order(report: LeadStatusReport, sort: str, columns: Sequence[Column]) -> list[LeadStatusRow]:
    """The rows by a column's number, those without one last, or by name; as the report has them otherwise."""
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    rows = report.rows
    if name == NAME:
        return sorted(rows, key=lambda row: [str(row.key[one] or "").lower() for one in report.by], reverse=descending)
    for column in columns:
        if column.name == name:
            known = [(value, row) for row in rows if (value := column.number(row.numbers)) is not None]
            known.sort(key=lambda pair: pair[0], reverse=descending)
            return [row for _, row in known] + [row for row in rows if column.number(row.numbers) is None]
    return list(rows)


class Cells:
    """Makes the cells of rows under some columns; tints compare the rows it is given at first."""

    def __init__(self, question: Question, columns: Sequence[Column], compared: Sequence[LeadStatusRow]) -> None:
        self._question = question
        self._query = question.query(None)
        self._columns = columns
        # A past moment's sales and those that entered a status are no list one could open.
        self.has_lists = question.as_of is None and question.entered is None
        self._largest: dict[str, Decimal] = {}
        for column in columns:
            shares = [column.share(row.numbers) for row in compared] if column.meaning else []
            self._largest[column.name] = max((share for share in shares if share is not None), default=Decimal(0))

    def of(self, numbers: LeadStatusNumbers, key: Key, *, tinted: bool = True) -> dict[str, dict[str, Any]]:
        """The cell of each column by its name; `key`: empty for the totals."""
        about = self._list_of(key) if self.has_lists else None
        return {column.name: self._cell(column, numbers, about, tinted=tinted) for column in self._columns}

    def _cell(self, column: Column, numbers: LeadStatusNumbers, about: str | None, *, tinted: bool) -> dict[str, Any]:
        value = column.number(numbers)
        cell: dict[str, Any] = {"text": _text(column, value), "quiet": not value}
        if column.share_of is not None:
            share = column.share(numbers)
            # A row of zeros says nothing but takes the eye.
            cell["share"] = percent(share) if value else ""
            if column.meaning and tinted:
                cell |= {"heat": heat(share, self._largest[column.name]), "meaning": column.meaning}
        if about is not None and column.cell and value:
            cell["href"] = f"{about}&{urlencode({'cell': column.cell})}"
        cell["negative"] = value is not None and value < 0
        return cell

    def list_href(self, key: Key) -> str:
        """The sales of a row; empty where no list is of exactly these."""
        return self._list_of(key) if self.has_lists else ""

    def _list_of(self, key: Key) -> str:
        listed = list_of_cell(self._query, key, "sales")
        pairs = [("from", listed.sold_from.isoformat()), ("to", listed.sold_to.isoformat())]
        pairs += [("filter", told_condition(condition)) for condition in listed.conditions]
        pairs += [("row", told_condition(condition)) for condition in listed.cell.row]
        pairs += [("changes", ON)] * listed.cell.show_changes + [("sub", ON)] * listed.cell.show_sub_status
        return f"{DETAIL_PATH}?{urlencode(pairs)}"


def name_of_row(by: Sequence[Dimension], key: Key) -> dict[str, str]:
    """What a row is called, and in small what tells it from others of that name."""
    names = [
        str(key[dimension]) if key[dimension] not in (None, "") else f"(no {words(dimension)})" for dimension in by
    ]
    # Two affiliates may each have a campaign "Search" and a sub id "fb1".
    notes = [str(key[f"{dimension}_id"]) for dimension in by if key.get(f"{dimension}_id") is not None]
    if Dimension.SUB_ID in by and Dimension.AFFILIATE not in by:
        notes = [str(key["affiliate"]), *(note for note in notes if note != str(key["affiliate_id"]))]
    return {"text": " · ".join(names), "note": " · ".join(notes)}


def row_of_others(question: Question, network: Network, shown: int, all_rows: int) -> dict[str, Any]:
    """What stands below rows that opened in place where there are more of them, and where these are."""
    pairs = [*question.pairs(network), ("page", "2")]
    return {"cells": {NAME: {"text": f"and {number(all_rows - shown)} more", "href": address(REPORT_PATH, pairs)}}}


def words(dimension: str) -> str:
    """A dimension as people say it."""
    return dimension.replace("_", " ")


def opened_question(question: Question, key: Key) -> Question | None:
    """The question whose rows a row opens into; None where these are its sales."""
    asked = [condition.dimension for condition in question.conditions]
    into = OPENS_INTO.get(question.by[-1])
    # What the row is one of already divides nothing.
    while into is not None and (into in question.by or asked.count(into) == 1):
        into = OPENS_INTO.get(into)
    if into is None:
        return None
    return msgspec.structs.replace(
        question, by=(into,), conditions=row_conditions(question, key), columns=(), sort="", page=1
    )


def row_conditions(question: Question, key: Key) -> tuple[Condition, ...]:
    """The question's filters, narrowed to one row."""
    row = list_of_cell(question.query(None), key, "sales").cell.row
    # Several filters on one dimension widen each other: the row's own takes the place of those it meets anyway.
    narrowed = {_dimension(condition) for condition in row}
    return (*(item for item in question.conditions if _dimension(item) not in narrowed), *row)


def _dimension(condition: Condition) -> str:
    return "sub_id_1" if condition.dimension == "sub_id" else condition.dimension


def _text(column: Column, value: Decimal | int | None) -> str:
    if column.is_ratio:
        return percent(value)
    if value is None:
        return NOTHING
    if column.places is None:
        # As whole as it is: what a field sums to may be a count or money, and nothing of it is rounded away.
        return number(value) if value == int(value) else money(Decimal(value))
    return number(value, column.places)
