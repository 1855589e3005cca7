"""Reports > Master Reports > Lead Detail by Buyer: sales one by one, and the list behind each number of a report."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

import msgspec
from litestar import get
from litestar.di import NamedDependency as Given
from litestar.response import Stream, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import Permission
from leadback.catalog.model import Catalog, DataType
from leadback.catalog.queries import read_catalog
from leadback.console.lead_status_toolbar import exports_of, presets_of, told_zone
from leadback.console.report_file import parse_form, table_file
from leadback.console.report_filters import LABELS, TYPED, called, chips_of, choices_of, read_all_names
from leadback.console.report_period import Period
from leadback.console.report_question import ON, Pairs, Parameters, read_conditions, read_period, told_condition
from leadback.console.saved_views import views_of
from leadback.console.session import AnyRequest, Seen, Sessions, page
from leadback.console.templating import NOTHING, address, number
from leadback.console.usual_lag import Lags
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.networks.model import Network
from leadback.reports.filter import Names
from leadback.reports.lead_detail import LeadDetail, open_lead_detail
from leadback.reports.lead_detail_rows import in_order
from leadback.reports.model import (
    Cell,
    Condition,
    LeadDetailQuery,
    LeadDetailRow,
    LeadDetailTotals,
    Order,
    Sort,
)

DETAIL_PATH: Final = "/reports/lead-detail"
ROWS_A_PAGE: Final = 200
MONEY: Final = ("sold_price", "revenue", "payout_share")
NUMBERS: Final = (*MONEY, "update_count")

COLUMNS: Final = {
    "lead_id": "Lead id",
    "sold_at": "Sold at",
    "buyer": "Buyer",
    "buyer_contract": "Contract",
    "campaign": "Campaign",
    "affiliate": "Affiliate",
    "offer": "Offer",
    "vertical": "Vertical",
    **{f"sub_id_{place}": f"Sub id {place}" for place in range(1, 6)},
    "sale_type": "Sale type",
    "status": "Status",
    "sub_status": "Sub-status",
    "sold_price": "Sold price",
    "revenue": "Revenue",
    "payout_share": "Payout share",
    "return_state": "Return",
    "return_reason": "Return reason",
    "updated_at": "Updated at",
    "update_count": "Updates",
    "sale_id": "Sale",
    "sale_ref": "Sale reference",
    "buyer_lead_id": "Buyer lead id",
}
USUAL: Final = (
    *("lead_id", "sold_at", "buyer", "buyer_contract", "campaign", "sub_id_1", "status", "sub_status"),
    *("sold_price", "revenue", "payout_share", "return_state", "updated_at", "update_count"),
)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the page is asked."""

    period: Period
    conditions: tuple[Condition, ...]
    cell: Cell
    order: Order
    columns: tuple[str, ...]
    after: str | None

    def pairs(self) -> Pairs:
        """As an address has it, without the page."""
        found = list(self.period.pairs)
        found += [("filter", told_condition(item)) for item in self.conditions]
        found += [("row", told_condition(item)) for item in self.cell.row]
        found += [("cell", self.cell.column)] if self.cell.column != "sales" else []
        found += [("changes", ON)] * self.cell.show_changes + [("sub", ON)] * self.cell.show_sub_status
        found += [("column", name) for name in self.columns]
        return found + ([("sort", self.sort)] if self.order != Order() else [])

    @property
    def sort(self) -> str:
        """As an address has it: descending with a minus."""
        return f"{'-' * self.order.descending}{self.order.sort}"

    def query(self, buyer_ids: frozenset[int] | None) -> LeadDetailQuery:
        """As the report is asked, for somebody who may see these buyers."""
        return LeadDetailQuery(
            sold_from=self.period.first,
            sold_to=self.period.last,
            conditions=self.conditions,
            cell=self.cell,
            order=self.order,
            buyer_ids=buyer_ids,
        )


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What the page needs to speak of the question."""

    asked: Asked
    refusals: list[str]
    catalog: Catalog
    names: Names


@get(DETAIL_PATH)
async def lead_detail_page(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], lags: Given[Lags]
) -> Template:
    """One page of the list, newest first, with the sums over all of it."""
    seen.viewer.require(Permission.VIEW)
    shown: dict[str, Any] = {}
    async with sessions.database.snapshot(seen.network_id) as connection:
        found = await _surroundings(connection, request, seen, lags)
        views = await views_of(connection, seen, DETAIL_PATH, found.asked.pairs())
        if not found.refusals:
            try:
                shown = await _shown(connection, seen, found)
            except Refused as error:
                found.refusals.append(str(error))
    status_code = 422 if found.refusals else 200
    context = _toolbar(found, seen.network) | views | shown | {"refusals": found.refusals}
    return page(request, seen, "lead_detail.html", status_code=status_code, **context)


@get(f"{DETAIL_PATH}/export")
async def export_lead_detail(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], lags: Given[Lags]
) -> Stream:
    """Every sale of the list as a file, with all columns there are."""
    seen.viewer.require(Permission.VIEW)
    form = parse_form(request.query_params.get("format", ""))
    async with sessions.database.snapshot(seen.network_id) as connection:
        found = await _surroundings(connection, request, seen, lags)
        if found.refusals:
            raise Refused(" ".join(found.refusals))
        detail = await open_lead_detail(connection, seen.network, found.asked.query(seen.viewer.buyer_ids))
        days = found.asked.period.first, found.asked.period.last
        return await table_file(form, detail.table(), detail.batches(), "lead-detail", days)


async def _surroundings(connection: AsyncConnection, request: AnyRequest, seen: Seen, lags: Lags) -> Surroundings:
    at, network, viewer = now(), seen.network, seen.viewer
    parameters = Parameters(request.query_params.multi_items())
    catalog = await read_catalog(connection, network.network_id)
    names = await read_all_names(connection, network.network_id, catalog, viewer.buyer_ids)
    mature = parameters.one("period").startswith("mature")
    lag = await lags.of(connection, network, viewer, at) if mature else timedelta(0)
    asked = Asked(
        period=read_period(parameters, network, at, lag),
        conditions=read_conditions(parameters),
        cell=Cell(
            row=read_conditions(parameters, "row"),
            column=parameters.one("cell", "sales"),
            show_changes=parameters.one("changes") == ON,
            show_sub_status=parameters.one("sub") == ON,
        ),
        order=parameters.read(lambda: _order(parameters.one("sort")), Order),
        columns=tuple(parameters.all("column")),
        after=parameters.one("after") or None,
    )
    return Surroundings(asked=asked, refusals=parameters.refusals, catalog=catalog, names=names)


async def _shown(connection: AsyncConnection, seen: Seen, found: Surroundings) -> dict[str, Any]:
    asked = found.asked
    detail: LeadDetail = await open_lead_detail(connection, seen.network, asked.query(seen.viewer.buyer_ids))
    rows = await detail.page(ROWS_A_PAGE, asked.after)
    totals = await detail.totals()
    fields = in_order(found.catalog)
    known = COLUMNS | {f"field_{field.name}": field.label or field.name for field in fields}
    numeric = {f"field_{field.name}" for field in fields if field.data_type is DataType.NUMBER}.union(NUMBERS)
    chosen = [name for name in known if name in (asked.columns or USUAL)] or list(USUAL)
    colours = {status.name: status.colour for status in found.catalog.statuses.values()}
    columns = [
        {
            "name": name,
            "label": known[name],
            "kind": "number" if name in numeric else "text",
            "sort": name in list(Sort),
            "primary": name in ("sold_at", "buyer", "status", "revenue"),
        }
        for name in chosen
    ]
    return {
        "columns": columns,
        "rows": [{"cells": {name: _cell(row, name) for name in chosen}} for row in rows.rows],
        "total": {"cells": {name: _total(totals, name) for name in chosen}} if rows.rows else None,
        "known_columns": list(known.items()),
        "chosen_columns": chosen,
        "sales": totals.sales,
        "colours": colours,
        "next_href": None if rows.after is None else address(DETAIL_PATH, asked.pairs(), {"after": rows.after}),
        "first_href": address(DETAIL_PATH, asked.pairs()) if asked.after else None,
    }


def _toolbar(found: Surroundings, network: Network) -> dict[str, Any]:
    asked = found.asked
    query = asked.pairs()
    chips = chips_of(asked.conditions, found.names, DETAIL_PATH, query)
    chips += [
        {"label": LABELS[item.dimension], "value": called(item, found.names), "remove": chip["remove"]}
        for item, chip in zip(
            asked.cell.row, chips_of(asked.cell.row, found.names, DETAIL_PATH, query, name="row"), strict=True
        )
    ]
    if asked.cell.column != "sales":
        value = asked.cell.column.replace(":", ": ", 1).replace("_", " ")
        chips.append({"label": "Counted as", "value": value, "remove": address(DETAIL_PATH, query, {"cell": None})})
    return {
        "path": DETAIL_PATH,
        "query": query,
        "period": asked.period,
        "zone": told_zone(network),
        "presets": presets_of(DETAIL_PATH, query, asked.period.preset),
        "chips": chips,
        "filter_choices": choices_of(found.names, found.catalog),
        "typed_filters": [(name, LABELS[name]) for name in TYPED],
        "changes": asked.cell.show_changes,
        "sub": asked.cell.show_sub_status,
        "changes_href": address(DETAIL_PATH, query, {"changes": None if asked.cell.show_changes else ON}),
        "sub_href": address(DETAIL_PATH, query, {"sub": None if asked.cell.show_sub_status else ON}),
        "exports": exports_of(DETAIL_PATH, query),
        "sort": asked.sort,
    }


def _order(text: str) -> Order:
    name = text.removeprefix("-")
    if not text:
        return Order()
    if name not in list(Sort):
        raise Refused(f"There is no column {name!r} to sort by. There are: {', '.join(Sort)}.")
    return Order(Sort(name), text.startswith("-"))


def _cell(row: LeadDetailRow, name: str) -> Any:
    value: Any = row.fields.get(name.removeprefix("field_")) if name.startswith("field_") else getattr(row, name)
    if name == "lead_id":
        return {"text": value, "href": f"/leads/{quote(value, safe='')}"}
    if name in ("sold_at", "updated_at"):
        return NOTHING if value is None else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return {"text": number(value, 2), "negative": value < 0}
    return "" if value is None else str(value)


def _total(totals: LeadDetailTotals, name: str) -> Any:
    if name in MONEY:
        return number(getattr(totals, name), 2)
    if name.startswith("field_"):
        value = totals.fields.get(name.removeprefix("field_"))
        return "" if value is None else number(value, 2)
    return f"{number(totals.sales)} sales" if name == "lead_id" else ""
