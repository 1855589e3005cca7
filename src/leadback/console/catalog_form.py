"""What was typed into the forms of statuses, sub-statuses, fields and return reasons, as settings."""

from typing import Any, Final

from msgspec import UNSET, UnsetType

from leadback.catalog.field_values import STRING_LENGTH_MAX
from leadback.catalog.model import DataType, Field, Status, Summary
from leadback.catalog.rules import CatalogKind, Item
from leadback.catalog.settings import FieldSettings, StatusSettings
from leadback.console.entered import texts_of
from leadback.console.sign_in import text_of
from leadback.kit.errors import Refused

ID_DIGITS_MAX: Final = 9


def status_settings(data: dict[str, Any]) -> StatusSettings:
    """Colour, meaning, stage and the like; a box that is not ticked is sent by no browser, and means off."""
    return StatusSettings(
        colour="" if text_of(data, "no_colour") else text_of(data, "colour"),
        meaning=text_of(data, "meaning"),
        stage=_whole(text_of(data, "stage"), "stage"),
        terminal=text_of(data, "terminal") == "on",
        vertical_ids=_ids(data, "vertical_ids"),
    )


def field_settings(data: dict[str, Any]) -> FieldSettings:
    """Label, data type and the like; what belongs to another data type than the chosen one is left aside."""
    chosen = text_of(data, "data_type")
    if chosen not in list(DataType):
        raise Refused(f"There is no data type {chosen!r}. There are: {', '.join(DataType)}.")
    summary = text_of(data, "summary") or Summary.NONE
    if summary not in list(Summary):
        raise Refused(f"There is no summary {summary!r}. There are: {', '.join(Summary)}.")
    data_type, label, length = DataType(chosen), text_of(data, "label"), text_of(data, "length_max")
    values = tuple(line.strip() for line in text_of(data, "list_values").splitlines() if line.strip())
    length_max: int | UnsetType | None = None
    if data_type is DataType.STRING:
        length_max = _whole(length, "maximum length") if length else STRING_LENGTH_MAX
    return FieldSettings(
        label=label or UNSET,
        data_type=data_type,
        length_max=length_max,
        list_values=values if data_type is DataType.LIST else (),
        summary=Summary(summary),
        vertical_ids=_ids(data, "vertical_ids"),
        buyer_ids=_ids(data, "buyer_ids"),
    )


def id_of_form(data: dict[str, Any], name: str) -> int | None:
    """An id that was typed or chosen; None where there is none."""
    text = text_of(data, name).strip()
    return _whole(text, "id") if text else None


def order_of(data: dict[str, Any]) -> list[int]:
    """Ids with commas between them, as a row of a list, or dragging it, sends them."""
    return [_whole(part, "order") for part in text_of(data, "order").split(",")]


def shown_form(kind: CatalogKind, item: Item | None) -> dict[str, Any]:
    """What the form holds: an entry as it is, or what a new one starts with."""
    if isinstance(item, Status):
        return {
            "colour": item.colour or "#7aa2d6",
            "no_colour": "" if item.colour else "on",
            "meaning": item.meaning,
            "stage": str(item.stage),
            "terminal": "on" if item.terminal else "",
            "vertical_ids": [str(number) for number in sorted(item.vertical_ids)],
        }
    if isinstance(item, Field):
        return {
            "label": item.label,
            "data_type": str(item.data_type),
            "length_max": "" if item.length_max is None else str(item.length_max),
            "list_values": "\n".join(item.list_values),
            "summary": str(item.summary),
            "vertical_ids": [str(number) for number in sorted(item.vertical_ids)],
            "buyer_ids": [str(number) for number in sorted(item.buyer_ids)],
        }
    return {"colour": "#7aa2d6", "meaning": "neutral"} if kind is CatalogKind.STATUS else {}


def typed_form(data: dict[str, Any]) -> dict[str, Any]:
    """What was typed, to be shown again beside what is wrong with it."""
    many = {name: list(texts_of(data, name)) for name in ("vertical_ids", "buyer_ids")}
    return {name: text_of(data, name) for name in data} | many


def _ids(data: dict[str, Any], name: str) -> frozenset[int]:
    return frozenset(_whole(text, name) for text in texts_of(data, name))


def _whole(text: str, what: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= ID_DIGITS_MAX):
        raise Refused(f"The {what} {text!r} is not a whole number.")
    return int(text)
