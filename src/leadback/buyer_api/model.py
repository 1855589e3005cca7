"""Operations, their parameters and what came of reading a call, as values."""

from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum

import msgspec

from leadback.leads.model import BuyerCaller, KeylessCaller, Origin, UpdateRequest

Value = str | int | Decimal | bool | None


class Kind(StrEnum):
    """A parameter's type, by the name the service description gives it."""

    STRING = "string"
    INT = "int"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter of an operation. Names are matched without case."""

    name: str
    kind: Kind = Kind.STRING
    required: bool = True
    """Must be present, though perhaps empty: true of CAKE's own, false of ours."""
    may_be_empty: bool = False
    """Where the kind is not text: empty says nothing, instead of being a conversion error."""
    needed_with: str | None = None
    """Empty says nothing only where this other parameter is empty too."""


class BindingError(msgspec.Struct, frozen=True):
    """Why a call could not be read: for the caller, and for the failed-updates list."""

    text: str
    """CAKE's words, what is echoed in them cut and escaped."""
    reason: str
    """Their first line, not escaped."""
    detail: str


class Sent(msgspec.Struct, frozen=True):
    """What a call carried, of whatever wire form: one flat mapping of text."""

    texts: tuple[str | None, ...]
    """By the operation's parameters; None: not sent."""
    others: dict[str, str]
    """Names that are no parameter: ignored, but shown to the operator."""
    size: int
    """Bytes of the call as it came: all its texts together have no more characters."""
    error: BindingError | None


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """A call with every parameter converted, and whose it is."""

    values: dict[str, Value]
    caller: BuyerCaller | KeylessCaller
    origin: Origin
    idempotency_key: str | None
    parameters: dict[str, str]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table that drives binding, dispatch and answers."""

    name: str
    namespace: str
    parameters: tuple[Parameter, ...]
    """CAKE's own in its order, then ours."""
    response: str
    """The root element of the answer."""
    request: Callable[[Bound], UpdateRequest]
