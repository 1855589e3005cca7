"""Lists: what one has for columns, filters and an order, and what of it an address asks for."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from math import ceil
from typing import Any, Final

import msgspec

from leadback.console.report_file import parse_form
from leadback.console.report_period import USUAL, Period
from leadback.console.report_question import Pairs, Parameters, read_page, read_period
from leadback.console.session import AnyRequest, Seen
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.kit.list_queries import LISTED_ROWS_MAX, Wanted
from leadback.kit.tabular import Form, Kind

ROWS_A_PAGE: Final = 100
WORDS_LENGTH_MAX: Final = 200
CHOICES_NAMED_MAX: Final = 20
ANY_TIME: Final = "any-time"


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in one column of a list, of each of its items."""

    name: str
    label: str
    value: Callable[[Any], Any]
    """What files hold, and rows are sorted by."""
    kind: Kind = Kind.TEXT
    shown: Callable[[Any], Any] | None = None
    """The cell as `data_table` takes it; None: the value, as its kind is shown."""
    sorts: bool = True
    usual: bool = True
    """Shown where no columns are chosen."""
    primary: bool = False
    share: bool = False
    line: bool = False
    hint: str = ""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list can be narrowed by: one of a few choices, or a text that a link brings."""

    name: str
    label: str
    choices: Sequence[tuple[str, str]] = ()
    """Value and what it is called; the empty value is the usual one. Without any: whatever text."""
    holds: Callable[[Any, str], bool] | None = None
    """Whether an item is meant, of lists that are narrowed here."""
    hidden: bool = False
    """The page shows it in a way of its own."""


def id_column(value: Callable[[Any], int]) -> Column:
    """Of ids, which are numbers and have no commas."""
    return Column(name="id", label="Id", value=value, kind=Kind.COUNT, shown=value)


def linked(name: str, label: str, text: Callable[[Any], str], href: Callable[[Any], str]) -> Column:
    """Of texts that each lead somewhere."""
    return Column(name=name, label=label, value=text, shown=lambda item: {"text": text(item), "href": href(item)})


def state_filter(active: Callable[[Any], bool], *, usual: str = "active") -> Filter:
    """Active, inactive, or all."""
    states = ("active", "inactive", "all")
    return Filter(
        name="state",
        label="State",
        choices=[("" if state == usual else state, state) for state in states],
        holds=lambda item, state: (state or usual) == "all" or active(item) is ((state or usual) == "active"),
    )


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One list."""

    path: str
    title: str
    """What it lists, at most 25 characters: `Buyers`."""
    columns: Sequence[Column]
    sort: str
    """The usual order: a column's name, with a minus the largest first."""
    filters: Sequence[Filter] = ()
    search: str = ""
    """What its search box says; empty: it has none."""
    text: Callable[[Any], str] = str
    """What of an item is searched, of lists that are searched here."""
    days: str = ""
    """The usual preset of its days, or `ANY_TIME`; empty: it is not of days."""
    days_of: str = ""
    """Which of an item's days are meant."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What an address asks of a list."""

    words: str
    filters: dict[str, str]
    """By name; what is as usual is empty."""
    period: Period | None
    sort: str
    page: int
    columns: tuple[Column, ...]
    """Those to show, in the list's order."""
    form: Form | None
    """The file that is wanted in place of the page."""
    pairs: Pairs
    """As an address has it, without what is usual and without the page."""
    narrowed: bool
    """By words, filters or days that are not the usual ones."""
    refusals: list[str]

    @property
    def wanted(self) -> Wanted:
        """Words and order, as queries take them."""
        return Wanted(words=self.words, sort=self.sort.removeprefix("-"), descending=self.sort.startswith("-"))


def pages_of(count: int) -> int:
    """How many pages can be turned to."""
    return ceil(min(count, LISTED_ROWS_MAX) / ROWS_A_PAGE) or 1


def read_asked(request: AnyRequest, listing: Listing, seen: Seen) -> Asked:
    """What is asked; what of it is not understood stands in `refusals` and is as usual instead.

    Raises `Refused` with all of them where a file is asked for, which cannot say them.
    """
    parameters = Parameters(request.query_params.multi_items())
    words = parameters.read(lambda: _words(parameters.one("q")), str) if listing.search else ""
    filters = {each.name: _filtered(parameters, each) for each in listing.filters}
    period = _period(parameters, listing, seen)
    sort = parameters.read(lambda: _sort(listing, parameters.one("sort")), lambda: listing.sort)
    named = parameters.read(lambda: _columns(listing, parameters.all("column")), lambda: ())
    kept: Pairs = [("q", words)] if words else []
    kept += [(name, value) for name, value in filters.items() if value]
    kept += period.pairs_beside(listing.days) if period is not None else []
    shown_apart = {each.name for each in listing.filters if each.hidden}
    form = parameters.one("format")
    asked = Asked(
        words=words,
        filters=filters,
        period=period,
        sort=sort,
        page=parameters.read(lambda: read_page(parameters.one("page", "1")), lambda: 1),
        columns=tuple(each for each in listing.columns if (each.name in named if named else each.usual)),
        form=parameters.read(lambda: parse_form(form), lambda: None) if form else None,
        pairs=[*kept, *(("column", name) for name in named), *([("sort", sort)] if sort != listing.sort else [])],
        narrowed=any(name not in shown_apart for name, _ in kept),
        refusals=parameters.refusals,
    )
    if form and asked.refusals:
        raise Refused(" ".join(asked.refusals))
    return asked


def _words(text: str) -> str:
    words = " ".join(text.split())
    if len(words) > WORDS_LENGTH_MAX or "\0" in words:
        raise Refused(f"Search for at most {WORDS_LENGTH_MAX} characters.")
    return words


def _filtered(parameters: Parameters, each: Filter) -> str:
    return parameters.read(lambda: _chosen(each, parameters.one(each.name)), str)


def _chosen(each: Filter, value: str) -> str:
    if not each.choices:
        # No text of the database holds a NUL, so none is looked for.
        return value.replace("\0", "")[:WORDS_LENGTH_MAX]
    known = dict(each.choices)
    if value and value == known[""]:
        return ""
    if value not in known:
        there_are = ", ".join([name or label for name, label in known.items()][:CHOICES_NAMED_MAX])
        raise Refused(f"There is no {each.label.lower()} {value[:40]!r}. There are: {there_are}.")
    return value


def _period(parameters: Parameters, listing: Listing, seen: Seen) -> Period | None:
    given = any(parameters.one(name) for name in ("from", "to", "period"))
    if not listing.days or (listing.days == ANY_TIME and not given):
        return None
    usual = USUAL if listing.days == ANY_TIME else listing.days
    return read_period(parameters, seen.network, now(), timedelta(0), usual=usual)


def _sort(listing: Listing, text: str) -> str:
    known = [each.name for each in listing.columns if each.sorts]
    if text and text.removeprefix("-") not in known:
        raise Refused(f"There is no column {text[:40]!r} to sort by. There are: {', '.join(known)}.")
    return text or listing.sort


def _columns(listing: Listing, names: list[str]) -> tuple[str, ...]:
    known = [each.name for each in listing.columns]
    for name in names:
        if name not in known:
            raise Refused(f"There is no column {name[:40]!r}. There are: {', '.join(known)}.")
    return tuple(name for name in known if name in names)
