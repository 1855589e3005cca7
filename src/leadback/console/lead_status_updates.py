"""The table of the Lead Status page by date updated: which statuses sales entered."""

from typing import Any

from leadback.catalog.model import Catalog
from leadback.console.lead_status_rows import ROWS_A_PAGE, name_of_row
from leadback.console.lead_status_toolbar import heading_of
from leadback.console.report_question import Question
from leadback.console.templating import change, heat, number
from leadback.networks.model import Network
from leadback.reports.lead_status_updates_model import LeadStatusUpdatesNumbers, LeadStatusUpdatesReport


def updates_table(
    report: LeadStatusUpdatesReport, question: Question, catalog: Catalog, network: Network
) -> dict[str, Any]:
    """Rows and columns; a `+2` beside a number tells of two repeats."""
    pages = max(-(-len(report.rows) // ROWS_A_PAGE), 1)
    page = min(question.page, pages)
    part = report.rows[(page - 1) * ROWS_A_PAGE : page * ROWS_A_PAGE]
    meanings = {status.name: status.meaning for status in catalog.statuses.values()}
    opened = question.show_sub_status
    largest = {
        status: max((row.numbers.statuses[status].sales for row in report.rows), default=0)
        for status in report.totals.statuses
    }
    columns: list[dict[str, Any]] = [{"name": "name", "label": heading_of(question.by)}]
    columns += [
        {"name": "updated", "label": "Updated", "kind": "number", "primary": True},
        {"name": "updates", "label": "Updates", "kind": "number", "primary": True},
        {"name": "sales", "label": "Entered any", "kind": "number", "primary": True},
    ]
    for status, total in report.totals.statuses.items():
        group = status if opened else "Entered status"
        columns.append({"name": status, "label": "All" if opened else status, "kind": "number", "group": group})
        columns += [
            {"name": f"{status}/{name}", "label": name or "(without)", "kind": "number", "group": group}
            for name in (total.sub_statuses if opened else ())
        ]
    columns += [
        {"name": f"returns:{state}", "label": state.capitalize(), "kind": "number", "group": "Returns"}
        for state in report.totals.returns.__struct_fields__
    ]
    columns.append(
        {"name": "adjustments", "label": "Adjustments", "kind": "number", "group": f"Money, {network.currency}"}
    )
    totals = report.totals

    def cells(numbers: LeadStatusUpdatesNumbers, tinted: dict[str, int]) -> dict[str, Any]:
        return _cells(numbers, totals, meanings, tinted)

    return {
        "columns": columns,
        "rows": [{"cells": {"name": name_of_row(report.by, row.key)} | cells(row.numbers, largest)} for row in part],
        "total": {"cells": {"name": {"text": "Total"}} | cells(totals, {})},
        "row_count": len(report.rows),
        "page_number": page,
        "rows_a_page": ROWS_A_PAGE,
        "pages": pages,
        "has_lists": False,
    }


def _cells(
    numbers: LeadStatusUpdatesNumbers,
    totals: LeadStatusUpdatesNumbers,
    meanings: dict[str, str],
    largest: dict[str, int],
) -> dict[str, Any]:
    found: dict[str, Any] = {name: number(getattr(numbers, name)) for name in ("updated", "updates", "sales")}
    for status, total in totals.statuses.items():
        entered = numbers.statuses[status]
        found[status] = {
            "text": number(entered.sales),
            "note": f"+{number(entered.repeats)}" if entered.repeats else "",
            "quiet": not entered.sales,
            "heat": heat(entered.sales, largest.get(status)),
            "meaning": meanings.get(status, "neutral"),
        }
        for name in total.sub_statuses:
            count = entered.sub_statuses.get(name, 0)
            found[f"{status}/{name}"] = {"text": number(count), "quiet": not count}
    for state in numbers.returns.__struct_fields__:
        count = getattr(numbers.returns, state)
        found[f"returns:{state}"] = {"text": number(count), "quiet": not count}
    adjusted = numbers.adjustments
    return found | {"adjustments": {"text": change(adjusted, 2, ""), "negative": adjusted < 0, "quiet": not adjusted}}
