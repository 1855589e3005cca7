"""Text into integers, amounts and booleans as CAKE takes them, its words where it would not."""

import re
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Final

from leadback.buyer_api.model import Kind, Value

AMOUNT_LENGTH_MAX: Final = 32
INT32_MAX: Final = 2**31 - 1
INT32_DIGITS_MAX: Final = 10
BLANKS: Final = "\t\n\r "

_INT = re.compile(r"[\t\n\r ]*([+-]?)([0-9]+)[\t\n\r ]*")
_AMOUNT = re.compile(r"[ ]*[+-]?(?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(?:\.[0-9]{1,4})?|\.[0-9]{1,4})[ ]*")
_STEP: Final = Decimal("0.0001")


class Wrong(StrEnum):
    """Why a text is no value of a kind, in the words of .NET."""

    FORMAT = "Input string was not in a correct format."
    RANGE = "Value was either too large or too small for an Int32."
    BOOLEAN = "String was not recognized as a valid Boolean."
    SCHEMA_BOOLEAN = "The string '{}' is not a valid Boolean value."
    """Of .NET's readers of XML, which show the text."""


def to_int(text: str) -> int | Wrong:
    """A whole number of 32 bits, blanks around it and a sign allowed."""
    match = _INT.fullmatch(text)
    if match is None:
        return Wrong.FORMAT
    digits = match[2].lstrip("0")
    # Looked at before it becomes a number: converting endless digits takes time that grows with their square.
    number = int(match[1] + (digits or "0")) if len(digits) <= INT32_DIGITS_MAX else INT32_MAX + 1
    return number if -INT32_MAX - 1 <= number <= INT32_MAX else Wrong.RANGE


def to_amount(text: str) -> Decimal | Wrong:
    """An amount with four decimals. The grammar comes first: `Decimal` itself takes NaN, exponents and any digit.

    Grouping commas must group: ASP.NET joins a repeated parameter to `5,5` and reads that as 55.
    """
    if len(text) > AMOUNT_LENGTH_MAX or _AMOUNT.fullmatch(text) is None:
        return Wrong.FORMAT
    # Adding zero makes -0 plain.
    return Decimal(text.strip(" ").replace(",", "")).quantize(_STEP) + 0


def to_boolean(text: str) -> bool | Wrong:
    """True or false in any case, blanks around it allowed; not 1 and 0."""
    word = text.strip(BLANKS).lower()
    return word == "true" if word in ("true", "false") else Wrong.BOOLEAN


def to_schema_boolean(text: str) -> bool | Wrong:
    """The same, and 1 and 0 as XML Schema has them."""
    word = text.strip(BLANKS)
    value = word == "1" if word in ("1", "0") else to_boolean(text)
    return Wrong.SCHEMA_BOOLEAN if value is Wrong.BOOLEAN else value


CONVERSIONS: Final[dict[Kind, tuple[str, Callable[[str], Value | Wrong]]]] = {
    Kind.INT: ("System.Int32", to_int),
    Kind.DECIMAL: ("System.Decimal", to_amount),
    Kind.BOOLEAN: ("System.Boolean", to_boolean),
}
"""By kind: its .NET name for messages, and the conversion."""
BY_SCHEMA: Final = CONVERSIONS | {Kind.BOOLEAN: ("System.Boolean", to_schema_boolean)}
"""The same for SOAP."""
