"""The Lead Status report as a table of an export: totals first, one column for each number."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from leadback.kit.tabular import Column, Kind, Row, Table
from leadback.reports.cell import MONEY, status_column, sub_status_column
from leadback.reports.lead_status_rows import key_of
from leadback.reports.model import DATES, Dimension, LeadStatusNumbers, LeadStatusReport


class _Number(NamedTuple):
    """One column: its heading, its kind, and where its number stands."""

    name: str
    kind: Kind
    path: tuple[str, ...]


def lead_status_table(report: LeadStatusReport, *, opened: bool) -> tuple[Table, list[Row]]:
    """The report's columns and rows; `opened`: with the sub-statuses. `row_kind` tells the totals from the rows."""
    keys = key_columns(report.by)
    numbers = list(_numbers(report.totals, opened=opened))
    columns = [Column("row_kind"), *keys, *(Column(number.name, number.kind) for number in numbers)]

    def row(kind: str, key: Sequence[Any], values: LeadStatusNumbers) -> Row:
        return [kind, *key, *(_value(values, number.path) for number in numbers)]

    rows = [row("total", [None] * len(keys), report.totals)]
    rows += [row("row", [shaped.key[column.name] for column in keys], shaped.numbers) for shaped in report.rows]
    return Table("Lead Status", tuple(columns)), rows


def key_columns(by: Sequence[Dimension]) -> list[Column]:
    """Ids and names of what the rows stand for."""
    names: dict[str, Kind] = {}
    for name in key_of(by):
        # Dates stay as they are called on the page: a month is no day.
        is_text = name in (*DATES, "sub_id", "sale_type")
        names[name] = Kind.TEXT if is_text else Kind.COUNT
        names[name.removesuffix("_id") if not is_text else name] = Kind.TEXT
    return [Column(name, kind) for name, kind in names.items()]


def _numbers(totals: LeadStatusNumbers, *, opened: bool) -> Iterator[_Number]:
    if totals.leads is not None:
        yield _Number("leads", Kind.COUNT, ("leads",))
    yield from _counts(("sales", "updated", "updated_by_buyer"))
    for status, count in totals.statuses.items():
        yield _Number(status_column(status), Kind.COUNT, ("statuses", status, "sales"))
        for sub_status in count.sub_statuses if opened else ():
            path = ("statuses", status, "sub_statuses", sub_status)
            yield _Number(sub_status_column(status, sub_status), Kind.COUNT, path)
    yield from _counts(("no_status",))
    for field, summary in totals.fields.items():
        for name in summary:
            kind = Kind.COUNT if name == "count" else Kind.NUMBER
            yield _Number(f"field:{field}:{name}", kind, ("fields", field, name))
    for name in MONEY:
        yield _Number(name, Kind.TOTAL, (name,))
    for part in ("returns", "reached"):
        for name in getattr(totals, part).__struct_fields__:
            yield _Number(f"{part}:{name}", Kind.COUNT, (part, name))


def _counts(names: Iterable[str]) -> Iterator[_Number]:
    return (_Number(name, Kind.COUNT, (name,)) for name in names)


def _value(numbers: LeadStatusNumbers, path: tuple[str, ...]) -> Any:
    value: Any = numbers
    for name in path:
        # A sub-status that a row has no sales of is not in it.
        value = value.get(name, 0) if isinstance(value, dict) else getattr(value, name)
    return value
