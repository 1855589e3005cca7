"""Reports > Master Reports > Lead Status: what became of the sales of a period."""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from litestar import get
from litestar.di import NamedDependency as Given
from litestar.response import Stream, Template
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.operator_model import Permission
from leadback.catalog.model import Catalog
from leadback.catalog.own_ratio_model import OwnRatio
from leadback.catalog.own_ratio_queries import read_own_ratios
from leadback.catalog.queries import read_catalog
from leadback.console.lead_status_columns import Column, columns_of, shown_columns
from leadback.console.lead_status_headline import Headline, by_time, chart_of, report_before, tiles_of
from leadback.console.lead_status_rows import (
    REPORT_PATH,
    ROWS_A_PAGE,
    Cells,
    in_order,
    name_of_row,
    opened_question,
    row_of_others,
)
from leadback.console.lead_status_toolbar import heading_of, toolbar_of
from leadback.console.lead_status_updates import updates_table
from leadback.console.report_file import document_file, parse_form, table_file
from leadback.console.report_filters import read_all_names
from leadback.console.report_question import ON, Parameters, Question, read_page, read_question
from leadback.console.saved_views import views_of
from leadback.console.session import AnyRequest, Seen, Sessions, page
from leadback.console.templating import address
from leadback.console.usual_lag import Lags
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.kit.tabular import Form, one_batch
from leadback.reports.filter import Names
from leadback.reports.lead_status import lead_status
from leadback.reports.lead_status_rows import as_document
from leadback.reports.lead_status_table import lead_status_table
from leadback.reports.lead_status_updates import lead_status_updates, updates_document
from leadback.reports.lead_status_updates_table import lead_status_updates_table
from leadback.reports.model import LeadStatusReport, LeadStatusRow
from leadback.reports.own_ratios import all_ratios_of, file_heading

LEVEL_MAX: Final = 3


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question in its surroundings."""

    question: Question
    refusals: list[str]
    catalog: Catalog
    own_ratios: list[OwnRatio]
    names: Names
    lag: timedelta
    at: datetime


@get(REPORT_PATH)
async def lead_status_page(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], lags: Given[Lags]
) -> Template:
    """The report with everything that shapes it; what was not understood is said above it, with status 422."""
    seen.viewer.require(Permission.VIEW)
    if not seen.network.lead_statuses:
        return page(request, seen, "lead_status_off.html")
    async with sessions.database.snapshot(seen.network_id) as connection:
        asked = await _asked(connection, request, seen, lags)
        shown: dict[str, Any] = {}
        views = await views_of(connection, seen, REPORT_PATH, asked.question.pairs(seen.network))
        if not asked.refusals:
            try:
                shown = await _shown(connection, request, seen, asked)
            except Refused as error:
                asked.refusals.append(str(error))
    context = toolbar_of(asked.question, asked.names, asked.catalog, seen.network) | views | shown
    status_code = 422 if asked.refusals else 200
    return page(request, seen, "lead_status.html", status_code=status_code, refusals=asked.refusals, **context)


@get(f"{REPORT_PATH}/headline")
async def lead_status_headline(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], lags: Given[Lags]
) -> Template:
    """The headline numbers beside those of the equal period before: a part of the page, which comes after it."""
    seen.viewer.require(Permission.VIEW)
    async with sessions.database.snapshot(seen.network_id) as connection:
        asked = await _understood(connection, request, seen, lags)
        tiles = await _tiles(connection, seen, asked, compared=True)
    return page(request, seen, "lead_status_headline.html", tiles=tiles)


@get(f"{REPORT_PATH}/rows")
async def lead_status_rows(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], lags: Given[Lags]
) -> Template:
    """The rows inside one row, under the columns that its page shows: a part of that page."""
    seen.viewer.require(Permission.VIEW)
    async with sessions.database.snapshot(seen.network_id) as connection:
        asked = await _understood(connection, request, seen, lags)
        report = await lead_status(connection, seen.network, asked.question.query(seen.viewer.buyer_ids))
    level = min(read_page(request.query_params.get("level", "1")), LEVEL_MAX)
    columns = _columns(report, asked, seen)
    cells = Cells(asked.question, columns, report.rows)
    rows = [_row(row, report, asked, seen, cells, level) for row in report.rows[:ROWS_A_PAGE]]
    if len(report.rows) > len(rows):
        rows.append(row_of_others(asked.question, seen.network, len(rows), len(report.rows)) | {"level": level})
    return page(request, seen, "lead_status_rows.html", columns=_told(columns, asked), rows=rows)


@get(f"{REPORT_PATH}/export")
async def export_lead_status(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], lags: Given[Lags]
) -> Stream:
    """The report as a file: exactly the question of the page, all its rows; the chosen columns, or all there are."""
    seen.viewer.require(Permission.VIEW)
    form = parse_form(request.query_params.get("format", ""))
    async with sessions.database.snapshot(seen.network_id) as connection:
        asked = await _understood(connection, request, seen, lags)
        question, buyer_ids = asked.question, seen.viewer.buyer_ids
        if question.entered is None:
            query = question.query(buyer_ids)
            if not question.columns:
                query = msgspec.structs.replace(query, with_index=True)
            report = await lead_status(connection, seen.network, query)
            ratios = all_ratios_of(report.totals, asked.catalog, asked.own_ratios)
            document = as_document(report, ratios)
            table, rows = lead_status_table(
                report, opened=question.show_sub_status, ratios=ratios, chosen=_chosen(report, asked, seen)
            )
        else:
            entered = await lead_status_updates(
                connection, seen.network, question.updates_query(question.entered, buyer_ids)
            )
            document = updates_document(entered)
            table, rows = lead_status_updates_table(entered, opened=question.show_sub_status)
    days = question.period.first, question.period.last
    if form is Form.JSON and not question.columns:
        return document_file(msgspec.json.encode(document), "lead-status", days)
    return await table_file(form, table, one_batch(rows), "lead-status", days)


async def _asked(connection: AsyncConnection, request: AnyRequest, seen: Seen, lags: Lags) -> Asked:
    at = now()
    network, viewer = seen.network, seen.viewer
    parameters = Parameters(request.query_params.multi_items())
    catalog = await read_catalog(connection, network.network_id)
    own_ratios = list((await read_own_ratios(connection, network.network_id)).values())
    lag = await lags.of(connection, network, viewer, at)
    question = read_question(parameters, network, at, lag)
    names = await read_all_names(connection, network.network_id, catalog, viewer.buyer_ids)
    return Asked(
        question=question,
        refusals=parameters.refusals,
        catalog=catalog,
        own_ratios=own_ratios,
        names=names,
        lag=lag,
        at=at,
    )


async def _understood(connection: AsyncConnection, request: AnyRequest, seen: Seen, lags: Lags) -> Asked:
    asked = await _asked(connection, request, seen, lags)
    if asked.refusals:
        raise Refused(" ".join(asked.refusals))
    return asked


async def _shown(connection: AsyncConnection, request: AnyRequest, seen: Seen, asked: Asked) -> dict[str, Any]:
    question, network, buyer_ids = asked.question, seen.network, seen.viewer.buyer_ids
    if question.entered is not None:
        entered = await lead_status_updates(connection, network, question.updates_query(question.entered, buyer_ids))
        return updates_table(entered, question, asked.catalog, network)
    query = question.query(buyer_ids)
    report = await lead_status(connection, network, query)
    daily = await lead_status(connection, network, by_time(query))
    before = None
    if request.query_params.get("compare") == ON:
        before = await report_before(connection, network, query, asked.at)
    headline = Headline(daily=daily, before=before)
    return _table(report, asked, seen) | {
        "tiles": tiles_of(headline, question, asked.catalog),
        "is_compared": before is not None,
        "chart": chart_of(daily, asked.catalog, network, question.as_of or asked.at, asked.lag),
    }


async def _tiles(connection: AsyncConnection, seen: Seen, asked: Asked, *, compared: bool) -> list[dict[str, Any]]:
    query = asked.question.query(seen.viewer.buyer_ids)
    daily = await lead_status(connection, seen.network, by_time(query))
    before = await report_before(connection, seen.network, query, asked.at) if compared else None
    return tiles_of(Headline(daily=daily, before=before), asked.question, asked.catalog)


def _table(report: LeadStatusReport, asked: Asked, seen: Seen) -> dict[str, Any]:
    question = asked.question
    known = _known_columns(report, asked, seen)
    columns = shown_columns(known, question.columns)
    cells = Cells(question, columns, report.rows)
    rows = in_order(report, question.sort, known)
    pages = max(-(-len(rows) // ROWS_A_PAGE), 1)
    number = min(question.page, pages)
    part = rows[(number - 1) * ROWS_A_PAGE : number * ROWS_A_PAGE]
    return {
        "columns": _told(columns, asked),
        "known_columns": [(column.name, _full_label(column)) for column in known],
        "chosen_columns": [column.name for column in columns],
        "rows": [_row(row, report, asked, seen, cells, 0) for row in part],
        "total": {"cells": {"name": {"text": "Total"}} | cells.of(report.totals, {}, tinted=False)},
        "row_count": len(rows),
        "page_number": number,
        "rows_a_page": ROWS_A_PAGE,
        "pages": pages,
        "has_lists": cells.has_lists,
    }


def _chosen(report: LeadStatusReport, asked: Asked, seen: Seen) -> list[str]:
    """The chosen columns that there are, as files call them."""
    if not asked.question.columns:
        return []
    headings = {f"own:{made.own_ratio_id}": file_heading(made) for made in asked.own_ratios}
    return [headings.get(column.name, column.name) for column in _columns(report, asked, seen)]


def _known_columns(report: LeadStatusReport, asked: Asked, seen: Seen) -> list[Column]:
    question = asked.question
    return list(
        columns_of(
            report.totals,
            asked.catalog,
            asked.own_ratios,
            base=question.base,
            opened=question.show_sub_status,
            currency=seen.network.currency,
        )
    )


def _columns(report: LeadStatusReport, asked: Asked, seen: Seen) -> list[Column]:
    return shown_columns(_known_columns(report, asked, seen), asked.question.columns)


def _told(columns: list[Column], asked: Asked) -> list[dict[str, Any]]:
    """As the table's template takes them."""
    found: list[dict[str, Any]] = [{"name": "name", "label": heading_of(asked.question.by), "sort": True}]
    group = ""
    for column in columns:
        found.append(
            {
                "name": column.name,
                "label": column.label,
                "kind": "number" if column.share_of is None else "share",
                "sort": True,
                "group": column.group or None,
                "hint": column.hint,
                "primary": column.primary,
                "line": column.group != group,
            }
        )
        group = column.group
    return found


def _row(
    row: LeadStatusRow, report: LeadStatusReport, asked: Asked, seen: Seen, cells: Cells, level: int
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "cells": {"name": name_of_row(report.by, row.key)} | cells.of(row.numbers, row.key),
        "href": cells.list_href(row.key),
        "level": level,
    }
    inner = opened_question(asked.question, row.key) if level < LEVEL_MAX - 1 else None
    if inner is not None:
        pairs = inner.pairs(seen.network)
        told["opens"] = address(REPORT_PATH, pairs)
        told["inside"] = address(f"{REPORT_PATH}/rows", pairs, {"level": level + 1})
    return told


def _full_label(column: Column) -> str:
    return f"{column.group}: {column.label}" if column.group not in ("", "Status") else column.label
