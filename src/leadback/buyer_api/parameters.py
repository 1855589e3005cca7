"""Reading the parameters of a call, and binding them to an operation."""

import html
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote_to_bytes

from leadback.buyer_api.conversions import BY_SCHEMA, CONVERSIONS, Wrong
from leadback.buyer_api.model import BindingError, Kind, Operation, Sent, Value
from leadback.kit.tokens import without_keys

PARAMETERS_MAX: Final = 200
ECHO_LENGTH_MAX: Final = 100
KEPT_CHARACTERS_MAX: Final = 4000
SECRETS: Final = frozenset({"api_key", "idempotency_key"})

# Everything but what XML 1.0 calls Char. Such a character would make answers, exports and rows unreadable later.
FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

TOO_MANY: Final = BindingError(
    "Too many parameters.", "Too many parameters.", f"More than {PARAMETERS_MAX} parameters; the first are kept."
)


class Binder:
    """Binds calls to one operation, its look-ups made beforehand."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self._parameters = operation.parameters
        self._names = tuple(parameter.name for parameter in operation.parameters)
        # Bytes, because only ASCII letters have two cases here: a Kelvin sign is no k.
        self._places = {name.lower().encode(): place for place, name in enumerate(self._names)}
        self._place_of_name = {name: place for place, name in enumerate(self._names)}
        self._shown = tuple((place, name) for place, name in enumerate(self._names) if name not in SECRETS)
        self._required = tuple(place for place, parameter in enumerate(self._parameters) if parameter.required)
        self._converted = tuple(
            (place, parameter) for place, parameter in enumerate(self._parameters) if parameter.kind in CONVERSIONS
        )

    @property
    def needs_parameters(self) -> bool:
        """Whether a call must carry any."""
        return bool(self._required)

    def nothing_sent(self, error: BindingError) -> Sent:
        """A call whose parameters could not even be read."""
        return Sent((None,) * len(self._parameters), {}, 0, error)

    def read(self, raw: bytes, encoding: str = "utf-8") -> Sent:
        """The parameters of a query string or form, in one pass; with the first error the rest is still read.

        A part without `=` has no name, as in ASP.NET, and is ignored. So is a name that is no parameter, however
        often it comes; one that is may come once.
        """
        texts: list[str | None] = [None] * len(self._parameters)
        others: dict[str, str] = {}
        error = None
        pairs = [pair for pair in raw.split(b"&") if pair]
        if len(pairs) > PARAMETERS_MAX:
            error = TOO_MANY
            del pairs[PARAMETERS_MAX:]
        for pair in pairs:
            name, equals, value = pair.partition(b"=")
            if not equals:
                continue
            place = self._places.get(name)
            if place is None:
                name = _unescaped(name)
                place = self._places.get(name.lower())
            if b"%" in value or b"+" in value:
                value = _unescaped(value)
            text = _text(value, encoding)
            if place is None:
                shown = _text(name, encoding)
                if self.operation.others_are_fields and (text is None or shown is None):
                    error = error or _invalid_characters(_legible(name))
                error = self._add_other(others, shown or _legible(name), text or "", error)
                continue
            if text is None:
                error = error or _invalid_characters(self._names[place])
                text = _legible(value)
            before = texts[place]
            if before is not None:
                error = error or _duplicate(self._names[place], before, text)
                # Joined as ASP.NET does: only for the operator to see, and so that two keys are no key.
                text = f"{before},{text}"
            texts[place] = text
        return Sent(tuple(texts), others, len(raw), error)

    def gather(self, pairs: Iterable[tuple[str, str | BindingError | None]], size: int) -> Sent:
        """The parameters of a body that has been taken apart: names with their text, or with what is wrong with it.

        None says nothing, as if it were absent, but only once. An error of a name that is no parameter is nobody's
        concern, where such names are ignored.
        """
        texts: list[str | None] = [None] * len(self._parameters)
        named: set[int] = set()
        others: dict[str, str] = {}
        error = None
        for number, (name, value) in enumerate(pairs, 1):
            if number > PARAMETERS_MAX:
                return Sent(tuple(texts), others, size, TOO_MANY)
            place = self._places.get(name.lower().encode("utf-8", "replace")) if name.isascii() else None
            legible = FORBIDDEN.sub("\ufffd", name)
            if place is not None and place in named:
                again = value if isinstance(value, str) else ""
                error = error or _duplicate(self._names[place], texts[place] or "", again)
            if place is not None:
                named.add(place)
            if value is None:
                continue
            if isinstance(value, BindingError):
                if place is not None or self.operation.others_are_fields:
                    error = error or value
                value = ""
            text = FORBIDDEN.sub("\ufffd", value)
            if (text != value or legible != name) and (place is not None or self.operation.others_are_fields):
                error = error or _invalid_characters(legible if place is None else self._names[place])
            if place is None:
                error = self._add_other(others, legible, text, error)
                continue
            # Joined where it comes again: only for the operator to see, and so that two keys are no key.
            texts[place] = text if texts[place] is None else f"{texts[place]},{text}"
        return Sent(tuple(texts), others, size, error)

    def bind(self, sent: Sent, *, by_schema: bool = False) -> dict[str, Value] | BindingError:
        """Every value by name, or the first error: missing in declared order, then conversions in declared order.

        By a schema, as SOAP calls are bound, what is absent says nothing (a number: 0), and a boolean may be 1 or 0.
        """
        if sent.error is not None:
            return sent.error
        texts = sent.texts
        if not by_schema:
            for place in self._required:
                if texts[place] is None:
                    return _missing(self._names[place])
        values: dict[str, Value] = {
            name: "" if text is None else text for name, text in zip(self._names, texts, strict=True)
        }
        for place, parameter in self._converted:
            given = texts[place]
            text = given or ""
            if given is None or (
                text == "" and (parameter.may_be_empty or self._is_not_needed(parameter.needed_with, texts))
            ):
                values[parameter.name] = 0 if parameter.kind is Kind.INT else None
                continue
            type_name, convert = (BY_SCHEMA if by_schema else CONVERSIONS)[parameter.kind]
            value = convert(text)
            if isinstance(value, Wrong):
                return _not_converted(parameter.name, text, type_name, value)
            values[parameter.name] = value
        return values

    def text(self, sent: Sent, name: str) -> str:
        """One parameter's text; empty where it is not sent or not the operation's."""
        place = self._place_of_name.get(name)
        return "" if place is None else sent.texts[place] or ""

    def kept(self, sent: Sent) -> dict[str, str]:
        """What a failed update shows of the parameters: at most 4,000 characters and no keys, its own first."""
        texts = sent.texts
        kept = {name: text for place, name in self._shown if (text := texts[place]) is not None}
        if sent.others:
            kept |= {without_keys(name): text for name, text in sent.others.items() if name not in kept}
        if any("lbk_" in text for text in kept.values()):
            kept = {name: without_keys(text) for name, text in kept.items()}
        return _cut(kept) if sent.size > KEPT_CHARACTERS_MAX else kept

    def _add_other(
        self, others: dict[str, str], name: str, text: str, error: BindingError | None
    ) -> BindingError | None:
        """Keep what is no parameter; where it is a field, twice is an error as it is of a parameter."""
        if self.operation.others_are_fields and error is None:
            lower = name.lower()
            before = next((held for held in others if held.lower() == lower), None)
            if before is not None:
                error = _duplicate(name, others[before], text)
        others.setdefault(name, text)
        return error

    def _is_not_needed(self, other: str | None, texts: tuple[str | None, ...]) -> bool:
        return other is not None and not texts[self._place_of_name[other]]


def echo(text: str) -> str:
    """A caller's text as part of an answer: cut, and escaped as ASP.NET escapes HTML."""
    cut = FORBIDDEN.sub("\ufffd", text[:ECHO_LENGTH_MAX])
    return html.escape(cut, quote=False).replace('"', "&quot;").replace("'", "&#39;")


def _unescaped(raw: bytes) -> bytes:
    return unquote_to_bytes(raw.replace(b"+", b" "))


def _text(raw: bytes, encoding: str) -> str | None:
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        return None
    # Printable text, nearly all there is, needs no second look.
    return text if text.isprintable() or FORBIDDEN.search(text) is None else None


def _cut(kept: dict[str, str]) -> dict[str, str]:
    space = KEPT_CHARACTERS_MAX
    cut: dict[str, str] = {}
    for name, text in kept.items():
        space -= len(name)
        if space < 0:
            break
        cut[name] = text[:space]
        space -= len(cut[name])
    return cut


def _legible(raw: bytes) -> str:
    return FORBIDDEN.sub("\ufffd", raw.decode("utf-8", "replace"))


def invalid_value(name: str, why: str) -> BindingError:
    """The error of a value that is no text, number or truth; `why` goes on from the name."""
    text = "Invalid value for parameter: {}."
    shown = FORBIDDEN.sub("\ufffd", name[:ECHO_LENGTH_MAX])
    return BindingError(
        text.format(echo(name)), without_keys(text.format(shown)), without_keys(f"{shown} {why}"), parameter=name
    )


def _missing(name: str) -> BindingError:
    text = f"Missing parameter: {name}."
    return BindingError(
        text,
        text,
        f"{name} was not sent; what has no value is sent empty.",
        parameter=name,
        json_message=f"Invalid web service call, missing value for parameter: '{name}'.",
    )


def _duplicate(name: str, first: str, second: str) -> BindingError:
    text = "Duplicate parameter: {}."
    shown = name[:ECHO_LENGTH_MAX]
    told = "twice" if name in SECRETS else f"as {first[:ECHO_LENGTH_MAX]!r} and as {second[:ECHO_LENGTH_MAX]!r}"
    return BindingError(
        text.format(echo(name)),
        without_keys(text.format(shown)),
        without_keys(f"{shown} was sent {told}."),
        parameter=name,
    )


def _invalid_characters(name: str) -> BindingError:
    text = "Invalid characters in parameter: {}."
    shown = name[:ECHO_LENGTH_MAX]
    return BindingError(
        text.format(echo(name)),
        without_keys(text.format(shown)),
        without_keys(f"{shown} is not UTF-8, or holds control characters."),
        parameter=name,
    )


def _not_converted(name: str, text: str, type_name: str, wrong: Wrong) -> BindingError:
    first = "Cannot convert {} to {}."
    shown = text[:ECHO_LENGTH_MAX]
    return BindingError(
        f"{first.format(echo(text), type_name)}\r\nParameter name: type ---> {wrong}",
        without_keys(first.format(shown, type_name)),
        without_keys(f"{name} = {shown!r}."),
        parameter=name,
        cause=wrong.format(shown),
    )
