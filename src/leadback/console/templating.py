"""What templates can call and filter with, beyond Jinja's own."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import groupby
from typing import Final
from urllib.parse import urlencode

from jinja2 import Environment

HEAT_STEPS: Final = 20
PRIMARY_COLUMNS: Final = 4
NUMBER_KINDS: Final = ("number", "share")
NOTHING: Final = "–"
HOUR_SECONDS: Final = 3_600
DAY_SECONDS: Final = 86_400
MINUS: Final = "−"

Number = int | Decimal
Query = Iterable[tuple[str, str]]
Changes = Mapping[str, str | int | Iterable[str] | None]


def equip(environment: Environment) -> None:
    """Give the environment every global and filter that the components use."""
    # Stray line ends would become gaps between inline elements, and half of every long table's bytes.
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.globals |= {"address": address, "heat": heat, "sparkline_points": sparkline_points}
    environment.filters |= {
        "change": change,
        "column_groups": column_groups,
        "duration": duration,
        "laid_out": laid_out,
        "money": money,
        "number": number,
        "percent": percent,
        "slug": slug,
    }


def address(path: str, query: Query = (), changes: Changes | None = None) -> str:
    """The path with the query as changed: a value or several in place of what there was, `None` to drop it.

    This is how a page keeps its state in its address: a link names only what it changes.
    """
    changes = changes or {}
    pairs = [(name, value) for name, value in query if name not in changes]
    for name, given in changes.items():
        if isinstance(given, str | int):
            pairs.append((name, str(given)))
        elif given is not None:
            pairs.extend((name, value) for value in given)
    return f"{path}?{urlencode(pairs)}" if pairs else path


def heat(value: Number | None, largest: Number | None) -> int:
    """How strongly a cell is tinted, 0 to `HEAT_STEPS`: its value as a part of the largest of its column."""
    if not value or not largest or value < 0 or largest < 0:
        return 0
    return min(HEAT_STEPS, round(HEAT_STEPS * value / largest))


def number(value: Number | None, places: int = 0) -> str:
    """1,234 or, with two places, 1,234.50; what is not known is a dash."""
    if value is None:
        return NOTHING
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    # Rounding keeps the sign: −0.4 without places would be "−0".
    return f"{abs(rounded) if rounded == 0 else rounded:,f}".replace("-", MINUS)


def money(amount: Decimal | None, *, signed: bool = False) -> str:
    """1,234.50, with four places where it has them; `signed` shows the plus too."""
    if amount is None:
        return NOTHING
    places = 2 if amount == amount.quantize(Decimal("0.01")) else 4
    return change(amount, places, "") if signed else number(amount, places)


def percent(part: Number | None, places: int = 1) -> str:
    """0.222 as 22.2%."""
    return NOTHING if part is None else f"{number(Decimal(part) * 100, places)}%"


def change(difference: Number | None, places: int = 1, unit: str = "%") -> str:
    """+4.1% or −0.4 pt: a difference always shows its sign."""
    if difference is None:
        return NOTHING
    shown = number(difference, places)
    # What rounds to nothing is no change, and has no sign.
    sign = "+" if difference > 0 and shown.strip("0.") else ""
    return f"{sign}{shown}{'' if unit in ('', '%') else ' '}{unit}"


def duration(seconds: int | None) -> str:
    """As long as people say it: 45 min, 3.5 h, 2.1 d."""
    if seconds is None:
        return NOTHING
    if seconds >= DAY_SECONDS:
        return f"{Decimal(seconds) / DAY_SECONDS:.1f} d"
    return f"{Decimal(seconds) / HOUR_SECONDS:.1f} h" if seconds >= HOUR_SECONDS else f"{seconds // 60} min"


def sparkline_points(values: Iterable[Number | None], width: int = 92, height: int = 26) -> str:
    """The points of a polyline through the values, with room for half the stroke; gaps are left out."""
    known = [(place, Decimal(value)) for place, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return ""
    lowest = min(value for _, value in known)
    spread = max(value for _, value in known) - lowest or Decimal(1)
    last = known[-1][0] or 1
    return " ".join(
        f"{Decimal(width) * place / last:.1f},{height - 2 - (height - 4) * (value - lowest) / spread:.1f}"
        for place, value in known
    )


def laid_out(columns: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """The columns with what all their cells share: which one names the row, which ones a small screen shows, classes.

    The first names it, boxes to pick rows aside; shown are those chosen, else the first few after the name.
    """
    name = next(place for place, column in enumerate(columns) if column.get("kind") != "pick")
    chosen = any(column.get("primary") for column in columns)
    found = []
    for place, column in enumerate(columns):
        primary = column.get("primary") if chosen else name < place <= name + PRIMARY_COLUMNS
        classes = ["number" if column.get("kind") in NUMBER_KINDS else "text"]
        classes += ["share"] * (column.get("kind") == "share") + ["line"] * bool(column.get("line"))
        classes += ["secondary"] * (not primary)
        found.append({**column, "names": place == name, "primary": primary, "cell_class": " ".join(classes)})
    return found


def column_groups(columns: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """Neighbouring columns of one group: its name, how many they are, and whether a line sets it apart.

    The column that names the rows stays alone: it does not scroll away with its neighbours.
    """
    groups: list[dict[str, object]] = []
    for (name, names), found in groupby(columns, key=lambda column: (column.get("group"), column.get("names"))):
        members = list(found)
        groups.append({"name": name, "length": len(members), "line": members[0].get("line"), "names": names})
    return groups


def slug(text: str) -> str:
    """A word for an id, made of any text."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
