"""What the rules say of a call, told once more and apart from the program: the expectation of every case.

It follows the order of the published checks: binding, whose call, lead, contract, status, sub-status, amount, field,
return. Nothing here is shared with what it judges.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

import msgspec

from tests.corpus import world

SOAP: Final = ("soap11", "soap12")
CALLER_FAULT: Final = {"soap11": "Client", "soap12": "Sender"}

UPDATE_LEAD: Final = {
    "lead_id": "String",
    "buyer_contract_id": "Int32",
    "status": "String",
    "sub_status": "String",
    "amount": "Decimal",
    "add_to_existing": "Boolean",
    "field_name": "String",
    "field_value": "String",
    "return_reason_id": "Int32",
}
DECLARED: Final[dict[str, dict[str, str]]] = {
    "UpdateLead": UPDATE_LEAD,
    "Return": {"lead_id": "String", "return_reason_id": "Int32", "buyer_contract_id": "Int32"},
    "UpdateLeadStatus": {"lead_id": "String", "status": "String"},
}
"""What must be there, in its order, with the .NET type."""
OURS: Final = ("api_key", "idempotency_key", "happened_at")
MAY_BE_ABSENT: Final = {"UpdateLeadStatus": ("sub_status", "buyer_contract_id")}

FORMAT: Final = "Input string was not in a correct format."
RANGE: Final = "Value was either too large or too small for an Int32."
BOOLEAN: Final = "String was not recognized as a valid Boolean."

MONEY_MAX: Final = Decimal(10) ** 12
DIGITS: Final = frozenset("0123456789")
XML_BLANKS: Final = " \t\r\n"

ECHO_LENGTH: Final = 100


class Expectation(msgspec.Struct, frozen=True):
    """A class, a message (None: none is laid down), and what the sale (of a contract, if need be) has afterwards."""

    kind: str
    message: str | None
    change: dict[str, Any] = {}


class _Wrong(Exception):
    """The first check that failed."""

    def __init__(self, expectation: Expectation) -> None:
        super().__init__(expectation.message)
        self.expectation = expectation


def refused(message: str) -> Expectation:
    """A call that was understood and not accepted."""
    return Expectation("L3" if message == "Invalid API Key" else "L2", message)


def updated(message: str = "Lead updated", **change: Any) -> Expectation:
    """A call that was accepted."""
    return Expectation("OK", message, change)


def missing(transport: str, name: str) -> Expectation:
    """A declared parameter that is not there."""
    if transport == "json":
        return Expectation("L1", f"Invalid web service call, missing value for parameter: '{name}'.")
    return Expectation("L1", f"Missing parameter: {name}.")


def unreadable(transport: str, text: str) -> Expectation:
    """A call that could not be read, for a reason that is ours and has our words on every form but SOAP."""
    if transport in SOAP:
        return Expectation("L1", f"{CALLER_FAULT[transport]}: {_in_document(text)}")
    return Expectation("L1", text)


def not_converted(transport: str, text: str, type_name: str, why: str) -> Expectation:
    """A text that is no value of its parameter's type."""
    if transport in SOAP:
        if type_name == "Boolean":
            why = f"The string '{text.strip(XML_BLANKS)[:ECHO_LENGTH]}' is not a valid Boolean value."
        return unreadable(transport, why)
    if transport == "json":
        return Expectation("L1", f"Cannot convert {text[:ECHO_LENGTH]} to System.{type_name}.")
    told = f"Cannot convert {echo(text)} to System.{type_name}."
    return Expectation("L1", f"{told}\r\nParameter name: type ---> {why}")


def echo(text: str) -> str:
    """A caller's text in a line of plain text: cut, and escaped as for HTML."""
    for character, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;")):
        text = text[:ECHO_LENGTH].replace(character, escaped) if character == "&" else text.replace(character, escaped)
    return text


def judge(
    operation: str, values: Mapping[str, str], transport: str, *, lead_id: str, sold: str = "plain"
) -> Expectation:
    """What a call comes to that carries these texts, each name once and as declared, and a good key."""
    try:
        return _judge(operation, values, transport, lead_id, sold)
    except _Wrong as wrong:
        return wrong.expectation


def _judge(operation: str, values: Mapping[str, str], transport: str, lead_id: str, sold: str) -> Expectation:
    declared = DECLARED[operation]
    if transport not in SOAP:
        for name in declared:
            if name not in values:
                raise _Wrong(missing(transport, name))
    integers = _integers(operation, values, transport)
    # The newer form has no amount: there its name would be a field's.
    says = values if operation == "UpdateLead" else {}
    amount, adds = _amount(says, transport), _adds(says, transport)
    contract = integers["buyer_contract_id"]
    _check_sale(values.get("lead_id", ""), contract, lead_id, sold)
    change: dict[str, Any] = {"contract": contract} if sold == "multi" else {}
    if operation != "Return":
        change |= status_change(values.get("status", ""), values.get("sub_status", ""))
    change |= _revenue_change(amount, adds)
    fields = _fields(operation, values)
    names = [_field_named(name) for name in fields]
    found = {name: _field_value(name, value) for name, value in zip(names, fields.values(), strict=True)}
    if held := {name: value for name, value in found.items() if value is not None}:
        change["fields"] = held
    change |= _return_change(operation, integers["return_reason_id"], sold)
    return updated("Lead returned" if operation == "Return" else "Lead updated", **change)


def _in_document(text: str) -> str:
    return f"Server was unable to read request. ---> There is an error in XML document (l, c). ---> {text}"


def _integers(operation: str, values: Mapping[str, str], transport: str) -> dict[str, int]:
    found = {"buyer_contract_id": 0, "return_reason_id": 0}
    for name in DECLARED[operation] | dict.fromkeys(MAY_BE_ABSENT.get(operation, ()), "Int32"):
        if name in found and name in values:
            number = integer(values[name])
            if isinstance(number, str):
                raise _Wrong(not_converted(transport, values[name], "Int32", number))
            found[name] = number
    return found


def integer(text: str) -> int | str:
    """A whole number of 32 bits, or why it is none."""
    digits = text.strip(XML_BLANKS)
    negative = digits.startswith("-")
    if digits[:1] in ("+", "-"):
        digits = digits[1:]
    if not digits or not set(digits) <= DIGITS:
        return FORMAT
    digits = digits.lstrip("0") or "0"
    if len(digits) > len("2147483648"):
        return RANGE
    number = -int(digits) if negative else int(digits)
    return number if -(2**31) <= number < 2**31 else RANGE


def _amount(values: Mapping[str, str], transport: str) -> Decimal | None:
    text = values.get("amount", "")
    if text == "":
        return None
    found = amount_of(text)
    if found is None:
        raise _Wrong(not_converted(transport, text, "Decimal", FORMAT))
    return found


def amount_of(text: str) -> Decimal | None:
    """An amount, None where the text is none: ASCII digits, at most four decimals, commas that group thousands."""
    if len(text) > 32:
        return None
    return number_of(text.strip(" "))


def number_of(text: str) -> Decimal | None:
    """A signed decimal number without blanks."""
    sign = -1 if text[:1] == "-" else 1
    if text[:1] in ("+", "-"):
        text = text[1:]
    integral, point, fraction = text.partition(".")
    if point and not (1 <= len(fraction) <= 4 and set(fraction) <= DIGITS):
        return None
    if integral == "" and not point:
        return None
    first, *groups = integral.split(",")
    if groups and (not 1 <= len(first) <= 3 or any(len(group) != 3 for group in groups)):
        return None
    if not set(first + "".join(groups)) <= DIGITS or (not groups and len(first) > 15):
        return None
    return sign * Decimal(f"{first}{''.join(groups)}.{fraction}" if point else first + "".join(groups))


def _adds(values: Mapping[str, str], transport: str) -> bool | None:
    text = values.get("add_to_existing", "")
    if "add_to_existing" not in values or (text == "" and values.get("amount", "") == ""):
        return None
    word = text.strip(XML_BLANKS)
    if transport in SOAP and word in ("1", "0"):
        return word == "1"
    if word.lower() not in ("true", "false") or not word.isascii():
        raise _Wrong(not_converted(transport, text, "Boolean", BOOLEAN))
    return word.lower() == "true"


def _check_sale(sent: str, contract: int, lead_id: str, sold: str) -> None:
    sales = [row.get("buyer_contract_id", 217) for row in world.SALES[sold] if row.get("buyer_id", 10) == 10]
    if not sales or not sent.isascii() or sent.upper() != lead_id.upper():
        raise _Wrong(refused("Invalid Lead ID"))
    if contract == 0 and len(sales) > 1:
        raise _Wrong(refused("Buyer Contract Required"))
    if contract not in (0, *sales):
        raise _Wrong(refused("Invalid Buyer Contract"))


def status_change(status: str, sub_status: str) -> dict[str, str]:
    """What a status and a sub-status lead to on a sale that had none."""
    if status == "":
        if sub_status:
            raise _Wrong(refused("Invalid Lead SubStatus"))
        return {}
    meant = world.STATUSES.get(status) or world.STATUS_ALIASES.get(status.strip().upper())
    if meant is None:
        raise _Wrong(refused("Invalid Lead Status"))
    if sub_status == "":
        return {"status": meant}
    if sub_status not in world.SUB_STATUSES.get(meant, ()):
        raise _Wrong(refused("Invalid Lead SubStatus"))
    return {"status": meant, "sub_status": sub_status}


def _revenue_change(amount: Decimal | None, adds: bool | None) -> dict[str, str]:
    if amount is None:
        return {}
    # Only SOAP lets it be absent, and there it is never a silent overwrite.
    if adds is None:
        raise _Wrong(refused("Invalid Amount"))
    revenue = world.REVENUE + amount if adds else amount
    if abs(amount) > MONEY_MAX or abs(revenue) > MONEY_MAX:
        raise _Wrong(refused("Invalid Amount"))
    return {} if revenue == world.REVENUE else {"revenue": f"{revenue + 0:.4f}"}


def _fields(operation: str, values: Mapping[str, str]) -> dict[str, str]:
    if operation == "UpdateLeadStatus":
        named = {*DECLARED[operation], *MAY_BE_ABSENT[operation], *OURS}
        return {name: value for name, value in values.items() if name not in named}
    name = values.get("field_name", "") if operation == "UpdateLead" else ""
    return {name: values.get("field_value", "")} if name else {}


def _field_named(name: str) -> str:
    meant = name if name in world.FIELDS else world.FIELD_ALIASES.get(name.strip().upper())
    if meant is None:
        raise _Wrong(refused("Invalid Lead Field"))
    return meant


def _field_value(name: str, text: str) -> str | None:
    if text == "":
        return None
    value = value_of(world.FIELDS[name], name, text)
    if value is None:
        raise _Wrong(refused("Invalid Field Value"))
    return value


def value_of(data_type: str, name: str, text: str) -> str | None:
    """A field's value in the one form it is kept in, None where the text does not fit the type."""
    match data_type:
        case "String":
            return text if len(text) <= world.STRING_LENGTHS[name] else None
        case "Number":
            plain = text.strip(" ")
            number = number_of(plain[1:] if plain[:1] in ("$", "\u00a3") else plain)
            return None if number is None else f"{number + 0:.4f}"
        case "Date":
            return _date(text)
        case "Bool":
            return {"true": "true", "1": "true", "yes": "true"}.get(text) or {
                "false": "false",
                "0": "false",
                "no": "false",
            }.get(text)
        case _:
            return text if text in world.GRADES else None


def _date(text: str) -> str | None:
    """A day, as ISO 8601 or with slashes as the network writes them: month first."""
    if not text.isascii():
        return None
    try:
        if len(text) == 10 and text[4] == text[7] == "-":
            return date(*map(_ordinal, text.split("-"))).isoformat()
        if len(text) == 10 and text[2] == text[5] == "/":
            month, day, year = map(_ordinal, text.split("/"))
            return date(year, month, day).isoformat()
    except ValueError:
        return None
    return None


def _ordinal(text: str) -> int:
    if not text or not set(text) <= DIGITS:
        raise ValueError(text)
    return int(text)


def _return_change(operation: str, reason: int, sold: str) -> dict[str, int]:
    if reason == 0 and operation != "Return":
        return {}
    if reason not in world.RETURN_REASONS:
        raise _Wrong(refused("Invalid Return Reason"))
    if sold == "final":
        raise _Wrong(refused("Returns Not Allowed"))
    if sold == "old":
        raise _Wrong(refused("Return Window Expired"))
    return {"return_reason_id": reason}
