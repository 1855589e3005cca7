"""Reads an answer as a client would, and finds fault with whatever none may see."""

import json
import re
from typing import Any, Final

from lxml import etree

from tests.buyer_api.wire import Reply
from tests.corpus.forms import ENVELOPES, INSTANCE, NAMESPACE
from tests.corpus.model import Case
from tests.corpus.rules import SOAP

NEWER_NAMESPACE: Final = "http://cakemarketing.com/api/1/"
ROOTS: Final = {
    "UpdateLead": "update_lead_response",
    "Return": "lead_return_response",
    "GetReturnReasons": "get_return_reasons_response",
    "UpdateLeadStatus": "update_lead_response",
}

XML: Final = "text/xml; charset=utf-8"
PLAIN: Final = "text/plain; charset=utf-8"
JSON: Final = "application/json; charset=utf-8"
SOAP_ANSWERS: Final = {ENVELOPES["soap11"]: XML, ENVELOPES["soap12"]: "application/soap+xml; charset=utf-8"}
CODES: Final = {
    ENVELOPES["soap11"]: ("faultcode", "faultstring"),
    ENVELOPES["soap12"]: ("Value", "Text"),
}

LEAKS: Final = re.compile(
    rb"Traceback|File \"|line \d+, in |site-packages|/src/|\.py\b|SELECT |INSERT INTO|psycopg|sqlalchemy|postgres"
    rb"|granian|hyper/|lxml|libxml|msgspec|Python/|Leadback/\d|lbk_|canary",
    re.IGNORECASE,
)
_PLACE: Final = re.compile(r"XML document \(\d+, \d+\)")


class Unfit(Exception):
    """What is wrong with an answer, whatever it was to say."""


Verdict = tuple[str, str | None]
"""A class and a message."""


def read_verdict(case: Case, reply: Reply) -> Verdict:
    """What an answer says, once it is found well-formed, in its declared form, and silent about the inside."""
    shown = b"\n".join(f"{name}: {value}".encode() for name, value in reply.headers.items()) + b"\n" + reply.body
    if leak := LEAKS.search(shown):
        raise Unfit(f"tells of the inside: {leak[0]!r}")
    if any(name.startswith("access-control-") for name in reply.headers):
        raise Unfit("lets other sites read it")
    kind = reply.headers.get("content-type", "")
    match reply.status:
        case 200 | 500 if case.transport in SOAP:
            return _in_envelope(reply, kind)
        case 200 if case.transport == "json":
            _must_be(kind, JSON)
            return _decided(_json(reply)["d"])
        case 200:
            _must_be(kind, XML)
            return _decided(_document(reply))
        case 500 if case.transport == "json" and kind == JSON:
            _must_be(reply.headers.get("jsonerror", ""), "true")
            told = _json(reply)
            _must_be(told["StackTrace"] + told["ExceptionType"], "")
            return "L1", told["Message"]
        case 500:
            _must_be(kind, PLAIN)
            if not reply.text.endswith("\r\n"):
                raise Unfit("does not end its line as .NET does")
            return "L1", reply.text.removesuffix("\r\n")
        case 400 if case.transport in SOAP and not reply.body and "x-request-id" in reply.headers:
            # As CAKE's: empty. Where the server itself gives up a connection, no application gives the request an id.
            return "L1 400", None
        case status:
            return _turned_away(reply, kind, status)


def _turned_away(reply: Reply, kind: str, status: int) -> Verdict:
    if not 400 <= status < 500 and status != 501:
        raise Unfit(f"has the status {status}")
    if status == 405 and not reply.headers.get("allow"):
        raise Unfit("does not say which methods there are")
    if reply.body:
        _must_be(kind, PLAIN)
        if len(reply.text.strip().splitlines()) > 1:
            raise Unfit("has more than one line")
    return f"L0 {status}", None


def _json(reply: Reply) -> Any:
    try:
        return json.loads(reply.body.decode("utf-8"), parse_constant=_no_constant)
    except ValueError as error:
        raise Unfit(f"is no JSON: {error}") from error


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no value of JSON")


def _parsed(reply: Reply) -> Any:
    if not reply.body.startswith(b'<?xml version="1.0" encoding="utf-8"?>'):
        raise Unfit("has no XML declaration, or another one")
    try:
        return etree.fromstring(reply.body, etree.XMLParser(resolve_entities=False, encoding="utf-8"))
    except etree.XMLSyntaxError as error:
        raise Unfit(f"is no XML: {error}") from error


def _document(reply: Reply) -> dict[str, Any]:
    root = _parsed(reply)
    name = etree.QName(root)
    if name.namespace not in (NAMESPACE, NEWER_NAMESPACE) or name.localname not in ROOTS.values():
        raise Unfit(f"has the root {root.tag}")
    return _members(root, name.namespace)


def _members(parent: Any, namespace: str) -> dict[str, Any]:
    if any(etree.QName(child).namespace != namespace for child in parent):
        raise Unfit("has members of another namespace")
    return {etree.QName(child).localname: child.text or "" for child in parent}


def _in_envelope(reply: Reply, kind: str) -> Verdict:
    root = _parsed(reply)
    namespace = etree.QName(root).namespace
    if namespace not in SOAP_ANSWERS or etree.QName(root).localname != "Envelope":
        raise Unfit(f"is no envelope: {root.tag}")
    _must_be(kind, SOAP_ANSWERS[namespace])
    (body,) = root
    (inside,) = body
    if etree.QName(inside).localname == "Fault":
        _must_be(str(reply.status), "500")
        code, text = ([node.text for node in inside.iter(f"{{*}}{name}")] for name in CODES[namespace])
        return "L1", f"{code[0].removeprefix('soap:')}: {_PLACE.sub('XML document (l, c)', text[0])}"
    _must_be(str(reply.status), "200")
    name = etree.QName(inside).localname.removesuffix("Response")
    (result,) = inside
    tags = [inside.tag, result.tag]
    if name not in ROOTS or tags != [f"{{{NAMESPACE}}}{name}{end}" for end in ("Response", "Result")]:
        raise Unfit(f"holds {inside.tag} with {result.tag}")
    if result.get(f"{{{INSTANCE}}}nil") is not None:
        raise Unfit("has no result")
    return _decided(_members(result, NAMESPACE))


def _decided(members: dict[str, Any]) -> Verdict:
    success = members["success"]
    message = members.get("message") or ""
    if success in (True, "true"):
        return "OK", message
    if success not in (False, "false"):
        raise Unfit(f"says success={success!r}")
    if members.get("lead_id"):
        raise Unfit("names the lead of a call that failed")
    return ("L3" if message == "Invalid API Key" else "L2"), message


def _must_be(found: str, wanted: str) -> None:
    if found != wanted:
        raise Unfit(f"says {found!r} in place of {wanted!r}")
