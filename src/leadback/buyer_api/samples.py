"""Calls and answers as they go over the wire, made up from the table: for pages and documents to show."""

import json
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote_plus

import msgspec

from leadback.buyer_api.answers import escape
from leadback.buyer_api.channels import FORM_TYPE, JSON_TYPE
from leadback.buyer_api.model import Kind, ListMember, Operation, Service
from leadback.buyer_api.soap import SCHEMA, SCHEMA_INSTANCE, SOAP11, SOAP12, Version
from leadback.leads.model import Channel

DECLARATION: Final = '<?xml version="1.0" encoding="utf-8"?>'

OPENS: Final = "\ue000"
CLOSES: Final = "\ue001"
"""Around what stands for a value; no value holds them, so that a page can set it apart."""

TITLES: Final = {
    Channel.SOAP11: "SOAP 1.1",
    Channel.SOAP12: "SOAP 1.2",
    Channel.GET: "HTTP GET",
    Channel.FORM: "HTTP POST",
    Channel.JSON: "JSON",
}
"""The wire forms in the order they are shown in."""

Values = Mapping[str, str]
HeaderLines = tuple[tuple[str, str], ...]


class Call(msgspec.Struct, frozen=True):
    """A request: its first line, its headers without the length, and its body."""

    line: str
    headers: HeaderLines
    body: str = ""

    def text(self, length: str | None = None) -> str:
        """All of it; `length` stands where the body's true length would."""
        return _message(self.line, self.headers, self.body, length)


def channels_of(service: Service) -> tuple[Channel, ...]:
    """The wire forms a service takes."""
    return tuple(channel for channel in TITLES if service.has_soap or channel not in (Channel.SOAP11, Channel.SOAP12))


def placeholders(operation: Operation, channel: Channel) -> dict[str, str]:
    """What stands for each parameter's value; in a query or a form every value is text."""
    is_text = channel in (Channel.GET, Channel.FORM)
    return {item.name: placeholder(Kind.STRING if is_text else item.kind) for item in operation.parameters}


def placeholder(word: str) -> str:
    """A word that stands for a value."""
    return f"{OPENS}{word}{CLOSES}"


def call(service: Service, operation: Operation, channel: Channel, path: str, values: Values) -> Call:
    """A call of an operation by a wire form, with the values as they are given; `path` is the service's."""
    match channel:
        case Channel.SOAP11:
            return _soap_call(SOAP11, service, operation, path, values)
        case Channel.SOAP12:
            return _soap_call(SOAP12, service, operation, path, values)
        case Channel.GET:
            query = f"?{_encoded(values)}" if values else ""
            return Call(f"GET {path}/{operation.name}{query} HTTP/1.1", ())
        case Channel.FORM:
            return Call(f"POST {path}/{operation.name} HTTP/1.1", (("Content-Type", FORM_TYPE),), _encoded(values))
        case _:
            pairs = ",".join(f"\n  {json.dumps(name)}: {_in_json(value)}" for name, value in values.items())
            body = f"{{{pairs}\n}}" if pairs else "{}"
            return Call(f"POST {path}/{operation.name} HTTP/1.1", (("Content-Type", JSON_TYPE),), body)


def answer_placeholders(operation: Operation, channel: Channel) -> str:
    """The form of an answer, with what stands for each value."""
    match channel:
        case Channel.SOAP11 | Channel.SOAP12:
            version = SOAP11 if channel is Channel.SOAP11 else SOAP12
            lines = [f'<{operation.name}Response xmlns="{operation.namespace}">', f"  <{operation.name}Result>"]
            lines += [f"    {line}" for line in _members(operation)]
            lines += [f"  </{operation.name}Result>", f"</{operation.name}Response>"]
            kind, body = version.content_type.decode(), _envelope(version, lines)
        case Channel.JSON:
            kind, body = f"{JSON_TYPE}; charset=utf-8", _object(operation)
        case _:
            lines = [DECLARATION, f'<{operation.response} xmlns="{operation.namespace}">']
            lines += [f"  {line}" for line in _members(operation)]
            kind, body = "text/xml; charset=utf-8", "\n".join([*lines, f"</{operation.response}>"])
    return _message("HTTP/1.1 200 OK", (("Content-Type", kind),), body, placeholder("length"))


def _message(line: str, headers: HeaderLines, body: str, length: str | None) -> str:
    if body:
        headers = (*headers, ("Content-Length", length or str(len(body.encode()))))
    return "\n".join([line, *(f"{name}: {value}" for name, value in headers), "", body]).rstrip("\n")


def _soap_call(version: Version, service: Service, operation: Operation, path: str, values: Values) -> Call:
    lines = [f'<{operation.name} xmlns="{operation.namespace}">']
    lines += [f"  <{name}>{escape(value)}</{name}>" for name, value in values.items()]
    lines.append(f"</{operation.name}>")
    headers: HeaderLines = (("Content-Type", version.content_type.decode()),)
    if version is SOAP11:
        headers += (("SOAPAction", f'"{operation.namespace}{operation.name}"'),)
    return Call(f"POST {path} HTTP/1.1", headers, _envelope(version, lines))


def _envelope(version: Version, lines: list[str]) -> str:
    return "\n".join(
        [
            DECLARATION,
            f'<soap:Envelope xmlns:xsi="{SCHEMA_INSTANCE}" xmlns:xsd="{SCHEMA}" xmlns:soap="{version.envelope}">',
            "  <soap:Body>",
            *(f"    {line}" for line in lines),
            "  </soap:Body>",
            "</soap:Envelope>",
        ]
    )


def _encoded(values: Values) -> str:
    quoted = {name: value if value.startswith(OPENS) else quote_plus(value) for name, value in values.items()}
    return "&".join(f"{name}={value}" for name, value in quoted.items())


def _in_json(value: str) -> str:
    is_number = value in (placeholder(Kind.INT), placeholder(Kind.DECIMAL), placeholder(Kind.BOOLEAN))
    return value if is_number else json.dumps(value, ensure_ascii=False)


def _members(operation: Operation) -> Iterator[str]:
    yield _element("success", Kind.BOOLEAN)
    yield _element("message", Kind.STRING)
    for member in operation.members:
        if not isinstance(member, ListMember):
            yield _element(member.name, member.kind)
            continue
        yield f"<{member.name}>"
        for _ in range(2):
            yield f"  <{member.item}>"
            for name, kind in member.columns:
                yield "    " + _element(name, kind, f' xmlns="{member.namespace}"')
            yield f"  </{member.item}>"
        yield f"</{member.name}>"


def _element(name: str, kind: Kind, namespace: str = "") -> str:
    return f"<{name}{namespace}>{placeholder(kind)}</{name}>"


def _object(operation: Operation) -> str:
    pairs = [f'"__type": "{operation.response}"', _pair("success", Kind.BOOLEAN), _pair("message", Kind.STRING)]
    for member in operation.members:
        if isinstance(member, ListMember):
            row = ", ".join(_pair(name, kind) for name, kind in member.columns)
            pairs.append(f'"{member.name}": [{{{row}}}, {{{row}}}]')
        else:
            pairs.append(_pair(member.name, member.kind))
    return f'{{"d": {{{", ".join(pairs)}}}}}'


def _pair(name: str, kind: Kind) -> str:
    return f'"{name}": {_in_json(placeholder(kind))}'
