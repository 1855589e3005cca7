"""The Lead Status report as a table of an export: totals first, one column for each number."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from leadback.kit.errors import Refused
from leadback.kit.tabular import Column, Kind, Row, Table
from leadback.reports.cell import MONEY, status_column, sub_status_column
from leadback.reports.lead_status_ratios import RatioOf, rounded
from leadback.reports.lead_status_rows import key_of
from leadback.reports.model import DATES, Dimension, LeadStatusNumbers, LeadStatusReport


class _Number(NamedTuple):
    """One column: its heading, its kind, and where its number stands."""

    name: str
    kind: Kind
    path: tuple[str, ...]


def lead_status_table(
    report: LeadStatusReport, *, opened: bool, ratios: Mapping[str, RatioOf] | None = None, chosen: Collection[str] = ()
) -> tuple[Table, list[Row]]:
    """The report's columns and rows; `opened`: with the sub-statuses. `row_kind` tells the totals from the rows.

    `ratios` stand behind the numbers, shares as parts of 1. `chosen`: the columns of numbers and ratios, `field:NAME`
    with all of its summary; empty: all. Raises `Refused` where one of them is not in the report.
    """
    keys = key_columns(report.by)
    numbers = list(_numbers(report.totals, opened=opened))
    ratios = ratios or {}
    if chosen:
        _check_chosen(chosen, [number.name for number in numbers] + list(ratios))
        numbers = [number for number in numbers if _is_chosen(number.name, chosen)]
        ratios = {name: ratio_of for name, ratio_of in ratios.items() if name in chosen}
    columns = [
        Column("row_kind"),
        *keys,
        *(Column(number.name, number.kind) for number in numbers),
        *(Column(name, Kind.NUMBER) for name in ratios),
    ]

    def row(kind: str, key: Sequence[Any], values: LeadStatusNumbers) -> Row:
        counted = [_value(values, number.path) for number in numbers]
        return [kind, *key, *counted, *(rounded(ratio_of(values)) for ratio_of in ratios.values())]

    rows = [row("total", [None] * len(keys), report.totals)]
    rows += [row("row", [shaped.key[column.name] for column in keys], shaped.numbers) for shaped in report.rows]
    return Table("Lead Status", tuple(columns)), rows


def _check_chosen(chosen: Collection[str], known: Sequence[str]) -> None:
    for name in chosen:
        if not any(_is_chosen(one, [name]) for one in known):
            raise Refused(f"There is no column {name!r} in this report. There are: {', '.join(known)}.")


def _is_chosen(name: str, chosen: Collection[str]) -> bool:
    # A field is chosen as a whole: its average stands beside its count.
    return name in chosen or (name.startswith("field:") and name.rpartition(":")[0] in chosen)


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
