"""Lists as pages show them and as files hold them."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

import msgspec
from litestar.response import Stream, Template

from leadback.console.lead_status_toolbar import told_zone
from leadback.console.listing import ROWS_A_PAGE, Asked, Column, Filter, Listing, pages_of
from leadback.console.report_file import FORMS, table_file
from leadback.console.report_period import MATURE, PRESETS
from leadback.console.session import AnyRequest, Seen, local_text, page
from leadback.console.templating import NOTHING, address, money, number, slug
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.kit.list_queries import LISTED_ROWS_MAX
from leadback.kit.tabular import AMOUNTS, Form, Kind, Row, Table
from leadback.kit.tabular import Column as FileColumn

BATCH_ROWS: Final = 1_000
LINKS_MAX: Final = 12
"""More choices than these are a field to choose from, not a menu of links."""
NUMBERS: Final = (Kind.COUNT, *AMOUNTS)
DAYS: Final = ("from", "to", "period")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The items a list is asked for: how many, and a way to read some of them, by offset and limit."""

    count: int | None
    """None: nobody counts them. They are read one part after the other, and a page ends in a token for the next."""
    read: Callable[[int, int], Awaitable[Sequence[Any]]]
    after: Callable[[], str | None] = lambda: None
    """The token of the next page, once a page was read; None: there is none."""


def among(listing: Listing, asked: Asked, items: Iterable[Any]) -> Found:
    """Those of all items that are meant, in the order that is wanted."""
    words = asked.words.casefold()
    chosen = [(each.holds, asked.filters[each.name]) for each in listing.filters if each.holds is not None]
    meant = [
        item
        for item in items
        if words in listing.text(item).casefold() and all(holds(item, value) for holds, value in chosen)
    ]
    name = asked.sort.removeprefix("-")
    value = next(each.value for each in listing.columns if each.name == name)
    known = [item for item in meant if value(item) is not None]
    known.sort(key=lambda item: _comparable(value(item)), reverse=asked.sort.startswith("-"))
    ordered = known + [item for item in meant if value(item) is None]

    async def read(offset: int, limit: int) -> Sequence[Any]:
        return ordered[offset : offset + limit]

    return Found(count=len(ordered), read=read)


async def list_answer(
    request: AnyRequest,
    seen: Seen,
    template: str,
    listing: Listing,
    asked: Asked,
    found: Found,
    *,
    error: str = "",
    **context: object,
) -> Template | Stream:
    """The list as its page, or as the file that is asked for; of the connection that `found` reads from."""
    if asked.form is not None:
        return await list_file(seen, listing, asked, found, asked.form)
    shown = await list_shown(seen, listing, asked, found)
    status_code = 422 if error or asked.refusals else 200
    return page(request, seen, template, status_code=status_code, listing=shown, error=error, **context)


async def list_file(seen: Seen, listing: Listing, asked: Asked, found: Found, form: Form) -> Stream:
    """Every item of the list, in the columns that are shown; raises `Refused` where there are too many."""
    table = Table(listing.title, tuple(FileColumn(each.name, each.kind) for each in asked.columns))
    period = asked.period
    days = (seen.network.day_of(now()),) if period is None else (period.first, period.last)
    return await table_file(form, table, _batches(seen, asked, found), slug(listing.title), days)


async def list_shown(seen: Seen, listing: Listing, asked: Asked, found: Found) -> dict[str, Any]:
    """One page of the list, for the macros of components/listing.html."""
    here = (listing.path, asked.pairs)
    pages = pages_of(found.count or 0)
    number_of_page = min(asked.page, pages)
    items = await found.read((number_of_page - 1) * ROWS_A_PAGE, ROWS_A_PAGE)
    cleared: dict[str, None] = dict.fromkeys(("q", *(each.name for each in listing.filters if not each.hidden), *DAYS))
    return {
        "path": listing.path,
        "query": asked.pairs,
        "title": listing.title,
        "noun": listing.title.lower(),
        "search": listing.search,
        "words": asked.words,
        "menus": [_menu(listing, asked, each) for each in listing.filters if each.choices and not each.hidden],
        "chips": [
            {"label": each.label, "value": asked.filters[each.name], "remove": address(*here, {each.name: None})}
            for each in listing.filters
            if not each.choices and not each.hidden and asked.filters[each.name]
        ],
        "days": _days(seen, listing, asked) if listing.days else None,
        "columns": [_heading(each) for each in asked.columns],
        "known_columns": [(each.name, each.label) for each in listing.columns],
        "chosen_columns": [each.name for each in asked.columns],
        "exports": [(label, address(*here, {"format": form})) for form, label in FORMS.items()],
        "sort": asked.sort,
        "rows": [
            {"item": item, "cells": {each.name: _cell(seen, each, item) for each in asked.columns}} for item in items
        ],
        "count": found.count,
        "page": number_of_page,
        "pages": pages,
        "rows_a_page": ROWS_A_PAGE,
        "rows_max": LISTED_ROWS_MAX,
        "narrowed": asked.narrowed,
        "next_href": address(*here, {"after": after}) if (after := found.after()) else None,
        "clear_href": address(*here, cleared),
        "refusals": asked.refusals,
    }


async def _batches(seen: Seen, asked: Asked, found: Found) -> AsyncGenerator[Sequence[Row]]:
    offset, items = 0, await found.read(0, BATCH_ROWS)
    while items:
        offset += len(items)
        if offset > LISTED_ROWS_MAX:
            raise Refused(
                f"A file of a list holds {LISTED_ROWS_MAX:,} rows, and these are more:"
                " search, filter or choose fewer days."
            )
        yield [[_written(seen, each.value(item)) for each in asked.columns] for item in items]
        items = await found.read(offset, BATCH_ROWS) if len(items) == BATCH_ROWS else ()


def _comparable(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _written(seen: Seen, value: Any) -> Any:
    if isinstance(value, datetime):
        return seen.network.local(value)
    return str(value) if isinstance(value, StrEnum) else value


def _cell(seen: Seen, column: Column, item: Any) -> Any:
    if column.shown is not None:
        return column.shown(item)
    value = column.value(item)
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return local_text(seen, value)
    if isinstance(value, Decimal):
        return {"text": money(value), "negative": value < 0}
    return number(value) if column.kind is Kind.COUNT else str(value)


def _heading(column: Column) -> dict[str, Any]:
    kind = "share" if column.share else "number" if column.kind in NUMBERS else "text"
    return {
        "name": column.name,
        "label": column.label,
        "kind": kind,
        "sort": column.sorts,
        "primary": column.primary,
        "hint": column.hint,
        "line": column.line,
    }


def _menu(listing: Listing, asked: Asked, each: Filter) -> dict[str, Any]:
    chosen = asked.filters[each.name]
    choices = [
        (label, address(listing.path, asked.pairs, {each.name: value or None}), value == chosen)
        for value, label in each.choices
    ]
    return {
        "name": each.name,
        "label": each.label,
        "value": dict(each.choices)[chosen],
        "chosen": chosen,
        "links": choices if len(choices) <= LINKS_MAX else [],
        "choices": each.choices,
    }


def _days(seen: Seen, listing: Listing, asked: Asked) -> dict[str, Any]:
    period, kept = asked.period, [pair for pair in asked.pairs if pair[0] not in DAYS]
    today = seen.network.day_of(now())
    presets = {name: label for name, label in PRESETS.items() if name != MATURE}
    chosen = "" if period is None else period.preset
    links = [
        (label, address(listing.path, kept, {"period": None if name == listing.days else name}), name == chosen)
        for name, label in presets.items()
    ]
    if listing.days not in presets:
        links.insert(0, ("Any time", address(listing.path, kept), period is None))
    return {
        "label": "Any time" if period is None else period.label,
        "presets": links,
        "first": today if period is None else period.first,
        "last": today if period is None else period.last,
        "note": listing.days_of,
        "zone": told_zone(seen.network),
    }
