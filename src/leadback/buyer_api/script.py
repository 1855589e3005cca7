"""Calls in JSON as CAKE's script services take and answer them."""

import json
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from leadback.buyer_api.answers import PRIVATE, WireAnswer, answer_with
from leadback.buyer_api.channels import JSON_TYPE, encoding_of, wrong_format
from leadback.buyer_api.model import BindingError, ListMember, Operation, Sent
from leadback.buyer_api.parameters import Binder, invalid_value
from leadback.kit.http import NO_SNIFFING, Header, Headers
from leadback.leads.model import Answer, Channel, Outcome

JSON: Final[Header] = (b"content-type", b"application/json; charset=utf-8")
ANSWER_HEADERS: Final[Headers] = (JSON, (b"cache-control", b"private, max-age=0"), NO_SNIFFING)
ERROR_HEADERS: Final[Headers] = (JSON, PRIVATE, (b"jsonerror", b"true"), NO_SNIFFING)

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_GET_REFUSED: Final = "An attempt was made to call the method '{}' using a GET request, which is not allowed."


class Pairs(tuple[tuple[str, Any], ...]):
    """An object with its keys as they came: a repeated one is not silently the last."""


class ScriptForm:
    """JSON in, `{"d": …}` out; errors with the header `jsonerror`, never with a stack trace."""

    channel = Channel.JSON

    def decided(self, operation: Operation, outcome: Outcome) -> WireAnswer:
        """The answer's members as an object, absent ones null."""
        body = {"d": {"__type": operation.response, **_members(operation, outcome.answer)}}
        return answer_with(outcome, ANSWER_HEADERS, _encoded(body))

    def not_bound(self, error: BindingError) -> WireAnswer:
        """What is wrong, and nothing of where."""
        return self.refused(error.json_message or error.reason)

    def refused(self, message: str) -> WireAnswer:
        """An error that is no parameter's."""
        body = {"Message": message, "StackTrace": "", "ExceptionType": ""}
        return WireAnswer(500, ERROR_HEADERS, _encoded(body))

    def get_refused(self, name: str) -> WireAnswer:
        """The answer to a GET that says it is JSON."""
        return self.refused(_GET_REFUSED.format(name))


SCRIPT: Final = ScriptForm()


def is_json(content_type: str) -> bool:
    """Whether a request is a script's call, by the rule of ASP.NET."""
    kind, semicolon, _ = content_type.partition(";")
    return (kind if semicolon else kind.strip()).lower() == JSON_TYPE


def read_json(binder: Binder, body: bytes, content_type: str) -> Sent:
    """The parameters of an object; every value as the text it was written as, null as the empty one."""
    encoding = encoding_of(content_type)
    if encoding is None:
        return binder.nothing_sent(wrong_format(content_type, JSON_TYPE))
    try:
        text = body.removeprefix(BYTE_ORDER_MARK).decode(encoding)
        # An empty body is no parameters, as in ASP.NET. Numbers stay text: `5.00` and `1e400` are for us to judge.
        found = _DECODER.decode(text) if text.strip() else Pairs()
    except UnicodeDecodeError:
        return binder.nothing_sent(_not_json("it is not UTF-8"))
    except json.JSONDecodeError as error:
        return binder.nothing_sent(_not_json(f"{error.msg} at character {error.pos + 1}"))
    except ValueError as error:
        return binder.nothing_sent(_not_json(str(error)))
    except RecursionError:
        return binder.nothing_sent(_not_json("it is nested too deeply"))
    if not isinstance(found, Pairs):
        return binder.nothing_sent(_not_json("an object with the parameters is expected"))
    return binder.gather(_texts(found), len(body))


def unknown_method(name: str) -> str:
    """The words for an operation that is none."""
    return f"Unknown web method {name}.\r\nParameter name: methodName"


def _texts(pairs: Pairs) -> Iterator[tuple[str, str | BindingError]]:
    for name, value in pairs:
        if isinstance(value, str):
            yield name, value
        elif value is None:
            yield name, ""
        elif isinstance(value, bool):
            yield name, "true" if value else "false"
        else:
            yield name, invalid_value(name, "is a list or an object.")


def _members(operation: Operation, answer: Answer) -> dict[str, Any]:
    members: dict[str, Any] = {"success": answer.success, "message": answer.message or None}
    for member in operation.members:
        if isinstance(member, ListMember):
            names = [name for name, _ in member.columns]
            rows = member.rows(answer)
            members[member.name] = None if rows is None else [dict(zip(names, row, strict=True)) for row in rows]
        else:
            members[member.name] = member.value(answer)
    return members


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is no value of JSON")


def _not_json(why: str) -> BindingError:
    text = f"Invalid JSON: {why}."
    return BindingError(text, text, "The body is not one JSON object.")


def _encoded(body: dict[str, Any]) -> bytes:
    return msgspec.json.encode(body)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=Pairs, parse_int=str, parse_float=str, parse_constant=_refuse_constant
)
