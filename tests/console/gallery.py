"""Every component of the console with invented data, on pages that exist for tests and for looking at them.

`python -m tests.console.pictures DIRECTORY` takes the pictures that a change of the console's look is judged by.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, select_autoescape
from playwright.sync_api import Browser, Page, Playwright, Route, sync_playwright

from leadback.console.routes import PLACE
from leadback.console.secured import HEADERS
from leadback.console.templating import equip, heat, number, percent

CHROMIUM: Final = Path("/usr/bin/chromium")
ORIGIN: Final = "http://localhost"
TEMPLATES: Final = Path(__file__).parent / "templates"
PAGES: Final = {
    "/reports/lead-status": "gallery/lead_status.html",
    "/setup/lead-statuses": "gallery/components.html",
    "/leads": "gallery/empty.html",
    "/setup/lead-statuses/deactivate": "confirm.html",
    "/missing": "error.html",
    "/sign-in": "gallery/sign_in.html",
}
PARTS: Final = {"/rows-inside": "gallery/rows_inside.html", "/saved": "gallery/saved.html"}
TEMPLATES_OF: Final = {**PAGES, **PARTS}
QUESTION: Final = {
    "question": "Deactivate “Funded”?",
    "text": "Buyers can no longer report it; 619 sales keep it.",
    "action": "/setup/lead-statuses/deactivate",
    "confirm_label": "Deactivate",
    "back": "/setup/lead-statuses",
    "fields": {"version": 4},
}
STATUSES: Final = (
    ("Contacted", "#7aa2d6", "neutral"),
    ("In Progress", "#b9c7d8", "neutral"),
    ("Funded", "#2f9e6e", "positive"),
    ("Unqualified", "#d98a6a", "negative"),
    ("No Answer", "#e6c9bb", "negative"),
)


@dataclass(frozen=True)
class Viewer:
    """Somebody signed in who may do everything."""

    name: str = "Maria Keller"
    role: str = "account manager"

    def may(self, permission: str) -> bool:
        """Everything."""
        return bool(permission)


def environment() -> Environment:
    """The console's templates and the gallery's; a name that nobody gave is an error where it is printed."""
    made = Environment(
        loader=FileSystemLoader([PLACE / "templates", TEMPLATES]),
        autoescape=select_autoescape(["html"]),
    )
    equip(made)
    return made


def context(path: str) -> dict[str, Any]:
    """What the console gives every page, and the gallery's data."""
    shared: dict[str, Any] = {
        "path": path,
        "version": "1.0.0",
        "flash": [("success", "The view “Solar, mature 30 days” was saved.")] if path == "/reports/lead-status" else [],
        "network": {"name": "Northwind Leads", "time_zone": "America/New_York", "currency": "USD"},
        "viewer": None if path == "/sign-in" else Viewer(),
        "returns_waiting": 61,
        "lead_statuses_on": True,
        "query": [("from", "2026-11-01"), ("to", "2026-11-23"), ("vertical", "Payday"), ("vertical", "Solar")],
        "code": 404,
    }
    return shared | QUESTION | _report()


def render(path: str) -> str:
    """One page of the gallery, or what htmx asks of one."""
    return environment().get_template(TEMPLATES_OF[path]).render(context(path))


@contextmanager
def browser() -> Iterator[Browser]:
    """Debian's Chromium without a window."""
    started: Playwright
    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


def serve(page: Page) -> None:
    """Answer the page's requests from memory and the static files, with the headers that the console sends."""
    page.route("**/*", _answer)


def _answer(route: Route) -> None:
    path = urlsplit(route.request.url).path
    headers = {name.decode(): value.decode() for name, value in HEADERS}
    if path in TEMPLATES_OF:
        route.fulfill(body=render(path), content_type="text/html; charset=utf-8", headers=headers)
    elif path.startswith("/static/") and (file := PLACE / path.removeprefix("/")).is_file():
        route.fulfill(body=file.read_bytes(), content_type=guess_type(path)[0] or "text/plain", headers=headers)
    else:
        route.fulfill(status=404, body="Nothing is here.", content_type="text/plain", headers=headers)


def _report() -> dict[str, Any]:
    chance = random.Random(7)
    affiliates = ("Northbeam Media", "Orchard Digital", "Bluefin", "ClickHarbor", "Leadwise", "Summit Traffic")
    offers = ("Solar CA", "Auto Insurance", "Payday US", "Education")
    rows = [_row(chance, f"{chance.choice(affiliates)} · {chance.choice(offers)}", 3800 + 7 * n) for n in range(20)]
    rows.sort(key=lambda row: -row["sales"])
    largest = {name: max(row["shares"][name] for row in rows) for name, _, _ in STATUSES}
    days = [f"Nov {day}" for day in range(1, 24)]
    return {
        "columns": _columns(),
        "rows": [
            {
                "href": f"/campaigns/{row['id']}",
                "inside": "/rows-inside",
                "opens": "/reports/lead-status?by=sub_id",
                "cells": _cells(row, largest),
            }
            for row in rows
        ],
        "total": {"cells": _cells(_total(rows), {})},
        "days": days,
        "immature": days[-4:],
        "statuses": [
            {"name": name, "colour": colour, "counts": [chance.randint(12, 48) for _ in days]}
            for name, colour, _ in STATUSES
        ]
        + [{"name": "No status", "colour": None, "counts": [chance.randint(8, 14) + 3 * n for n in range(len(days))]}],
        "trend": [Decimal(chance.randint(20, 60)) for _ in days],
    }


def _columns() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = [
        {"name": "campaign", "label": "Campaign", "sort": True},
        {"name": "sales", "label": "Sales", "kind": "number", "sort": True, "primary": True},
        {"name": "updated", "label": "Updated", "kind": "share", "sort": True, "primary": True},
    ]
    made += [
        {"name": name, "label": name, "kind": "share", "sort": True, "group": "Status", "primary": name == "Funded"}
        for name, _, _ in STATUSES
    ]
    made.append({"name": "none", "label": "No status", "kind": "share", "group": "Status"})
    made += [
        {"name": "loan", "label": "Σ Loan amount", "kind": "number", "group": "Money, USD", "line": True},
        {"name": "revenue", "label": "Revenue", "kind": "number", "sort": True, "group": "Money, USD", "primary": True},
        {"name": "payout", "label": "Payout", "kind": "number", "sort": True, "group": "Money, USD"},
        {"name": "margin", "label": "Margin", "kind": "number", "group": "Money, USD", "primary": True},
        {"name": "returns", "label": "Returns", "kind": "share", "line": True, "primary": True},
        {
            "name": "index",
            "label": "Index",
            "kind": "number",
            "hint": "100: as its contracts usually convert",
        },
    ]
    return made


def _row(chance: random.Random, name: str, campaign_id: int) -> dict[str, Any]:
    sales = chance.randint(90, 2300)
    counts = {status: int(sales * chance.uniform(0.02, 0.28)) for status, _, _ in STATUSES}
    revenue, payout = Decimal(sales * chance.randint(14, 60)), Decimal(sales * chance.randint(9, 34))
    return {
        "name": name,
        "id": campaign_id,
        "sales": sales,
        "counts": counts,
        "shares": {status: Decimal(count) / sales for status, count in counts.items()},
        "loan": sales * chance.randint(40, 130),
        "revenue": revenue,
        "payout": payout,
        "returns": int(sales * chance.uniform(0.01, 0.13)),
        "index": chance.randint(61, 148),
    }


def _total(rows: list[dict[str, Any]]) -> dict[str, Any]:
    sales = sum(row["sales"] for row in rows)
    counts = {status: sum(row["counts"][status] for row in rows) for status, _, _ in STATUSES}
    summed = {name: sum(row[name] for row in rows) for name in ("loan", "revenue", "payout", "returns")}
    shares = {status: Decimal(count) / sales for status, count in counts.items()}
    return {"name": "Total", "id": None, "sales": sales, "counts": counts, "shares": shares, "index": 100, **summed}


def _cells(row: dict[str, Any], largest: dict[str, Decimal]) -> dict[str, Any]:
    sales, updated = row["sales"], sum(row["counts"].values())
    margin = (row["revenue"] - row["payout"]) / row["revenue"]
    cells: dict[str, Any] = {
        "campaign": {"text": row["name"], "note": row["id"]},
        "sales": {"text": number(sales), "href": "/leads?campaign=1"},
        "updated": {"text": number(updated), "share": percent(Decimal(updated) / sales)},
        "none": {"text": number(sales - updated), "share": percent(1 - Decimal(updated) / sales), "quiet": True},
        "loan": number(row["loan"]),
        "revenue": number(row["revenue"]),
        "payout": number(row["payout"]),
        "margin": {"text": percent(margin), "negative": margin < 0},
        "returns": {"text": number(row["returns"]), "share": percent(Decimal(row["returns"]) / sales)},
        "index": number(row["index"]),
    }
    for name, _, meaning in STATUSES:
        share = row["shares"][name]
        cells[name] = {
            "text": number(row["counts"][name]),
            "share": percent(share),
            "href": "/leads?status=1",
            "heat": heat(share, largest.get(name)),
            "meaning": meaning,
        }
    return cells
