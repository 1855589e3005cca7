"""A field's value as a buyer sends it, brought into the one text form of its data type."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from leadback.catalog.model import DataType, Field

STRING_LENGTH_MAX: Final = 4000
NUMBER_LENGTH_MAX: Final = 34

_NUMBER = re.compile(
    r"[ ]*([+-]?)[$£]?([+-]?)((?:[0-9]{1,3}(?:,[0-9]{3}){1,4}|[0-9]{1,15})(?:\.[0-9]{1,4})?|\.[0-9]{1,4})[ ]*", re.ASCII
)
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_SLASHED_DATE = re.compile(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", re.ASCII)
_SLASHED_FORMATS: Final = {"MDY": "%m/%d/%Y", "DMY": "%d/%m/%Y"}
_BOOLS: Final = {"true": "true", "1": "true", "yes": "true", "false": "false", "0": "false", "no": "false"}
_STEP: Final = Decimal("0.0001")


def canonical_value(field: Field, text: str, date_format: str) -> str | None:
    """The value in its type's one form, or None where it does not fit.

    Number: four decimals, a leading `$` or `£` and groups of thousands accepted. Date: `YYYY-MM-DD`, accepted also as
    the network writes it with slashes. Bool: `true` or `false`. List: exactly one of the field's values.
    """
    if field.data_type is DataType.STRING:
        return text if len(text) <= (field.length_max or STRING_LENGTH_MAX) else None
    if field.data_type is DataType.NUMBER:
        return _number(text)
    if field.data_type is DataType.DATE:
        return _date(text, date_format)
    if field.data_type is DataType.BOOL:
        return _BOOLS.get(text.strip(" ").lower())
    return text if text in field.list_values else None


def _number(text: str) -> str | None:
    # The length is looked at first: no expression is run over, and no number made of, an endless text.
    match = _NUMBER.fullmatch(text) if len(text) <= NUMBER_LENGTH_MAX else None
    if match is None or (match.group(1) and match.group(2)):
        return None
    digits = match.group(3).replace(",", "")
    value = Decimal(match.group(1) + match.group(2) + digits).quantize(_STEP)
    return str(abs(value) if value == 0 else value)


def _date(text: str, date_format: str) -> str | None:
    text = text.strip(" ")
    try:
        if _ISO_DATE.fullmatch(text):
            return date.fromisoformat(text).isoformat()
        if _SLASHED_DATE.fullmatch(text):
            return datetime.strptime(text, _SLASHED_FORMATS[date_format]).date().isoformat()  # noqa: DTZ007 - a calendar day has no zone
    except ValueError:
        return None
    return None
