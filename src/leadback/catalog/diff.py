"""A change of the catalog in lines that can be read."""

import json
from collections.abc import Mapping
from typing import Final

from leadback.catalog.model import STAGES, SubStatus
from leadback.catalog.rules import Item, kind_of

# As the file calls them, in the order they are told.
_TOLD: Final = {
    "name": "name",
    "label": "label",
    "data_type": "type",
    "length_max": "length_max",
    "list_values": "values",
    "summary": "summary",
    "meaning": "meaning",
    "stage": "stage",
    "terminal": "terminal",
    "colour": "colour",
    "vertical_ids": "verticals",
    "buyer_ids": "buyers",
}


def full_name(item: Item, statuses: Mapping[int, Item]) -> str:
    """An entry's name; a sub-status's with its status."""
    if isinstance(item, SubStatus):
        return f"{statuses[item.status_id].name} / {item.name}"
    return item.name


def changed_lines(
    before: Item, after: Item, statuses: Mapping[int, Item], names: Mapping[str, Mapping[int, str]]
) -> list[str]:
    """One line for each value that differs; `names` holds the verticals' and buyers' names by attribute and id."""
    spoken = kind_of(after).spoken
    lines = []
    for attribute, told in _TOLD.items():
        old, new = getattr(before, attribute, None), getattr(after, attribute, None)
        if old == new:
            continue
        values = [_value(attribute, value, names) for value in (old, new)]
        # The old name stands before the arrow, and from there on the new one counts.
        title = full_name(before if attribute == "name" else after, statuses)
        lines.append(f"~ {spoken} {title}: {told} {values[0]} → {values[1]}")
    if before.active != after.active:
        name = full_name(after, statuses)
        lines.append(f"~ {spoken} {name}: activated" if after.active else f"- {spoken} {name}: deactivated")
    return lines


def _value(attribute: str, value: object, names: Mapping[str, Mapping[int, str]]) -> str:
    if attribute == "stage":
        assert isinstance(value, int)
        return STAGES[value]
    if isinstance(value, frozenset):
        scope = sorted(names[attribute][item_id] for item_id in value)
        return json.dumps(scope, ensure_ascii=False) if scope else "all"
    if attribute in ("name", "label", "colour", "list_values"):
        return json.dumps(value, ensure_ascii=False)
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
