"""What a report's page is asked, read from its address and written back into it."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

import msgspec

from leadback.console.report_period import USUAL, Period, preset_period, typed_period
from leadback.kit.errors import Refused
from leadback.networks.model import Network
from leadback.reports.filter import parse_condition
from leadback.reports.lead_status_ratios import INDEX, Base
from leadback.reports.lead_status_updates_model import LeadStatusUpdatesQuery, Moment
from leadback.reports.model import Condition, Dimension, LeadStatusQuery

ON: Final = "on"
PAGE_MAX: Final = 1_000_000

Value = TypeVar("Value")
Pairs = list[tuple[str, str]]


class Parameters:
    """An address's parameters, and what of them could not be understood."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = list(pairs)
        self.refusals: list[str] = []

    def one(self, name: str, usual: str = "") -> str:
        """The last value that is not empty."""
        return ([value for found, value in self._pairs if found == name and value] or [usual])[-1]

    def all(self, name: str) -> list[str]:
        """Every value that is not empty, each once."""
        return list(dict.fromkeys(value for found, value in self._pairs if found == name and value))

    def read(self, read: Callable[[], Value], usual: Callable[[], Value]) -> Value:
        """What is read, or what is usual where it is refused: the page says so and keeps the rest."""
        try:
            return read()
        except Refused as error:
            self.refusals.append(str(error))
            return usual()


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that shapes the page of the Lead Status report."""

    period: Period
    by: tuple[Dimension, ...]
    conditions: tuple[Condition, ...] = ()
    show_changes: bool = False
    show_sub_status: bool = False
    as_of: datetime | None = None
    entered: Moment | None = None
    """By date updated, and by which moment of the updates."""
    base: Base = Base.SALES
    columns: tuple[str, ...] = ()
    """As chosen; empty: as usual."""
    sort: str = ""
    page: int = 1

    def pairs(self, network: Network) -> Pairs:
        """As an address has it, without what is usual and without the page."""
        found = list(self.period.pairs)
        if self.by != (Dimension.CAMPAIGN,):
            found += [("by", str(dimension)) for dimension in self.by]
        found += [("filter", told_condition(condition)) for condition in self.conditions]
        found += [("changes", ON)] * self.show_changes + [("sub", ON)] * self.show_sub_status
        if self.as_of is not None:
            found.append(("as_of", f"{network.local(self.as_of):%Y-%m-%dT%H:%M}"))
        if self.entered is not None:
            found.append(("entered", str(self.entered)))
        if self.base is not Base.SALES:
            found.append(("share", str(self.base)))
        found += [("column", name) for name in self.columns]
        return found + ([("sort", self.sort)] if self.sort else [])

    def query(self, buyer_ids: frozenset[int] | None) -> LeadStatusQuery:
        """As the report is asked, for somebody who may see these buyers."""
        return LeadStatusQuery(
            sold_from=self.period.first,
            sold_to=self.period.last,
            by=self.by,
            show_changes=self.show_changes,
            show_sub_status=self.show_sub_status,
            conditions=self.conditions,
            as_of=self.as_of,
            with_index=INDEX in self.columns or self.sort.removeprefix("-") == INDEX,
            buyer_ids=buyer_ids,
        )

    def updates_query(self, moment: Moment, buyer_ids: frozenset[int] | None) -> LeadStatusUpdatesQuery:
        """As the report by date updated is asked."""
        return LeadStatusUpdatesQuery(
            updated_from=self.period.first,
            updated_to=self.period.last,
            moment=moment,
            by=self.by,
            show_changes=self.show_changes,
            show_sub_status=self.show_sub_status,
            conditions=self.conditions,
            buyer_ids=buyer_ids,
        )


def read_question(parameters: Parameters, network: Network, now: datetime, lag: timedelta) -> Question:
    """The question; what of it is not understood stands in `refusals` and is as usual instead."""
    as_of = parameters.read(lambda: _as_of(parameters.one("as_of"), network, now), lambda: None)
    entered = parameters.read(lambda: _entered(parameters.one("entered")), lambda: None)
    if as_of is not None and entered is not None:
        parameters.refusals.append("As of a moment and by date updated are two reports; choose one of them.")
        entered = None
    return Question(
        period=read_period(parameters, network, as_of or now, lag),
        by=parameters.read(lambda: _dimensions(parameters.all("by")), lambda: (Dimension.CAMPAIGN,)),
        conditions=read_conditions(parameters),
        show_changes=parameters.one("changes") == ON,
        show_sub_status=parameters.one("sub") == ON,
        as_of=as_of,
        entered=entered,
        base=parameters.read(lambda: _base(parameters.one("share", Base.SALES)), lambda: Base.SALES),
        columns=tuple(parameters.all("column")),
        sort=parameters.one("sort"),
        page=parameters.read(lambda: read_page(parameters.one("page", "1")), lambda: 1),
    )


def read_period(
    parameters: Parameters, network: Network, at: datetime, lag: timedelta, *, usual: str = USUAL
) -> Period:
    """The days asked for: typed ones, or a preset's."""

    def read() -> Period:
        first, last = parameters.one("from"), parameters.one("to")
        if first or last:
            return typed_period(first, last, network, at)
        return preset_period(parameters.one("period", usual), network, at, lag)

    return parameters.read(read, lambda: preset_period(usual, network, at, lag))


def read_conditions(parameters: Parameters, name: str = "filter") -> tuple[Condition, ...]:
    """The filters that are set, and the one that was typed into two fields."""
    texts = parameters.all(name)
    typed = parameters.one("text")
    if name == "filter" and typed:
        texts.append(f"{parameters.one('text_of', 'sub_id_1')}={typed}")
    found = []
    for text in dict.fromkeys(texts):
        condition = parameters.read(lambda text=text: parse_condition(text), lambda: None)  # type: ignore[misc] # of this round
        if condition is not None:
            found.append(condition)
    return tuple(found)


def told_condition(condition: Condition) -> str:
    """As `parse_condition` reads it."""
    return f"{condition.dimension}{'_id' * condition.by_id}={condition.value}"


def read_page(text: str) -> int:
    """The number of a page."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= PAGE_MAX):
        raise Refused(f"{text[:20]!r} is no page; pages are counted from 1.")
    return int(text)


def _dimensions(names: list[str]) -> tuple[Dimension, ...]:
    known = [str(dimension) for dimension in Dimension]
    for name in names:
        if name not in known:
            raise Refused(f"There is no dimension {name!r}. There are: {', '.join(known)}.")
    return tuple(Dimension(name) for name in names) or (Dimension.CAMPAIGN,)


def _base(text: str) -> Base:
    if text not in list(Base):
        raise Refused(f"There is no base {text!r} of shares. There are: {', '.join(Base)}.")
    return Base(text)


def _entered(text: str) -> Moment | None:
    if text and text not in list(Moment):
        raise Refused(f"Updates are counted by when they were {' or '.join(Moment)}, not {text!r}.")
    return Moment(text) if text else None


def _as_of(text: str, network: Network, now: datetime) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused(f"{text!r} is no moment such as 2026-12-31T18:00.") from error
    if moment.tzinfo is None:
        local = moment.replace(tzinfo=network.zone)
        if local.astimezone(UTC).astimezone(network.zone).replace(tzinfo=None) != moment:
            raise Refused(f"There is no {text!r} in {network.time_zone}: the clocks went forward.")
        moment = local
    if moment > now:
        raise Refused("As of a moment that is still to come nothing is known yet; give a past one.")
    return moment
