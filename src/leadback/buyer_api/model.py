"""Services, operations, their parameters and what came of reading a call, as values."""

from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum

import msgspec

from leadback.leads.model import Answer, BuyerCaller, KeylessCaller, Origin, ReasonsRequest, UpdateRequest

Value = str | int | Decimal | bool | None


class Kind(StrEnum):
    """A type, by the name the service description gives it."""

    STRING = "string"
    INT = "int"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter of an operation. Names are matched without case."""

    name: str
    summary: str
    """What it is, for help pages and documents."""
    example: str = ""
    """A value for samples; those that say nothing are empty."""
    kind: Kind = Kind.STRING
    required: bool = True
    """Must be present, though perhaps empty."""
    is_ours: bool = False
    """None that CAKE has: it may always be absent."""
    may_be_empty: bool = False
    """Where the kind is not text: empty says nothing, instead of being a conversion error."""
    needed_with: str | None = None
    """Empty says nothing only where this other parameter is empty too."""


class Member(msgspec.Struct, frozen=True):
    """One value an answer has beside `success` and `message`; left out of XML where it is None."""

    name: str
    kind: Kind
    value: Callable[[Answer], str | int | None]


class ListMember(msgspec.Struct, frozen=True):
    """A list an answer has; left out of XML where it is None, as in a failure."""

    name: str
    item: str
    """The element of one row."""
    columns: tuple[tuple[str, Kind], ...]
    namespace: str
    """Of the columns' elements, which is not the service's."""
    rows: Callable[[Answer], tuple[tuple[str | int, ...], ...] | None]


class BindingError(msgspec.Struct, frozen=True):
    """Why a call could not be read: for the caller, and for the failed-updates list."""

    text: str
    """CAKE's words, what is echoed in them cut and escaped."""
    reason: str
    """Their first line, not escaped."""
    detail: str
    parameter: str = ""
    """The parameter that is wrong, where it is one."""
    cause: str = ""
    """What a SOAP fault names as the last cause; empty: the reason."""
    json_message: str = ""
    """Where JSON has other words than the reason."""


class Sent(msgspec.Struct, frozen=True):
    """What a call carried, of whatever wire form: one flat mapping of text."""

    texts: tuple[str | None, ...]
    """By the operation's parameters; None: not sent."""
    others: dict[str, str]
    """Names that are no parameter: fields where the operation takes them so, else ignored but shown to the operator."""
    size: int
    """Bytes of the call as it came: all its texts together have no more characters."""
    error: BindingError | None


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """A call with every parameter converted, and whose it is."""

    values: dict[str, Value]
    others: dict[str, str]
    caller: BuyerCaller | KeylessCaller
    origin: Origin
    idempotency_key: str | None
    parameters: dict[str, str]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table that drives binding, dispatch, answers, service descriptions, help pages and documents."""

    name: str
    summary: str
    """What it does, in one sentence."""
    namespace: str
    parameters: tuple[Parameter, ...]
    """CAKE's own in its order, then ours."""
    response: str
    """The root element of the answer."""
    members: tuple[Member | ListMember, ...]
    request: Callable[[Bound], UpdateRequest | ReasonsRequest]
    others_are_fields: bool = False
    """Names that are no parameter are fields of the sale, instead of being ignored."""
    keyless: bool = True
    """A call without a key may be a keyless buyer's."""


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One address with its operations."""

    name: str
    path: str
    """In lower case; compared without case."""
    namespace: str
    operations: tuple[Operation, ...]
    has_soap: bool
