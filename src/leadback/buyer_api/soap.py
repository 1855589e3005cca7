"""Calls in SOAP 1.1 and 1.2: what an envelope must be, which operation it calls, and how it is answered."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from leadback.buyer_api.answers import WireAnswer, answer_with, escape, members_in_xml
from leadback.buyer_api.channels import kind_of, type_parameters
from leadback.buyer_api.model import BindingError, Operation, Sent, Service
from leadback.buyer_api.operations import CAKE
from leadback.buyer_api.parameters import ECHO_LENGTH_MAX, Binder, invalid_value
from leadback.kit.http import NO_SNIFFING, Headers
from leadback.kit.xml import Element
from leadback.leads.model import Channel, Outcome

SCHEMA_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
SCHEMA: Final = "http://www.w3.org/2001/XMLSchema"
TRUE: Final = ("1", "true")


class Version(msgspec.Struct, frozen=True):
    """One of the two versions, told apart by the namespace of the envelope."""

    channel: Channel
    envelope: str
    content_type: bytes
    caller_fault: str
    """The code of a fault that is the caller's."""


SOAP11: Final = Version(
    Channel.SOAP11, "http://schemas.xmlsoap.org/soap/envelope/", b"text/xml; charset=utf-8", "soap:Client"
)
SOAP12: Final = Version(
    Channel.SOAP12, "http://www.w3.org/2003/05/soap-envelope", b"application/soap+xml; charset=utf-8", "soap:Sender"
)
VERSIONS: Final = {version.envelope: version for version in (SOAP11, SOAP12)}

VERSION_MISMATCH: Final = "soap:VersionMismatch"
MUST_UNDERSTAND: Final = "soap:MustUnderstand"

# CAKE's way in any of its versions: the namespace and the operation. Some clients write a # between the two.
_ACTION = re.compile(re.escape(CAKE) + r"(?:[a-z]+/)*api/[0-9]{1,4}(?:/#?|#)([A-Za-z]+)", re.ASCII)


class Fault(msgspec.Struct, frozen=True):
    """An envelope that calls nothing: why, in CAKE's words, and the version it is told in."""

    version: Version
    code: str
    text: str

    def answer(self) -> WireAnswer:
        """The fault as it goes out."""
        return fault(self.version, self.code, self.text)


class Envelope(msgspec.Struct, frozen=True):
    """An envelope that calls one operation."""

    version: Version
    operation: str
    """Its name, which need not be one of ours."""
    call: Element


class SoapForm:
    """The form of one envelope, which knows where in the document each parameter stood."""

    def __init__(self, envelope: Envelope) -> None:
        self._version = envelope.version
        self._call = envelope.call
        self.channel = envelope.version.channel

    def decided(self, operation: Operation, outcome: Outcome) -> WireAnswer:
        """The answer in an envelope, on one line as .NET writes it."""
        members = "".join(line for _, line in members_in_xml(operation, outcome.answer))
        body = (
            f'<{operation.name}Response xmlns="{operation.namespace}">'
            f"<{operation.name}Result>{members}</{operation.name}Result></{operation.name}Response>"
        )
        headers = _headers(self._version, b"private, max-age=0")
        return answer_with(outcome, headers, _envelope(self._version, body))

    def not_bound(self, error: BindingError) -> WireAnswer:
        """A fault that says where the parameter stood that is wrong."""
        name = error.parameter.lower()
        found = next((child for child in self._call.children if child.name.lower() == name), self._call)
        return fault(
            self._version,
            self._version.caller_fault,
            "Server was unable to read request. ---> There is an error in XML document"
            f" ({found.line}, {found.column}). ---> {error.cause or error.reason}",
        )


def read_envelope(
    root: Element, content_type: str, action_headers: Sequence[str], service: Service
) -> Envelope | Fault:
    """What an envelope calls, whatever version its content type speaks of.

    The element in the body decides what is called; a header or content type that names something else is refused, so
    that no proxy lets pass as one operation what is another.
    """
    declared = declared_version(content_type)
    if root.name != "Envelope" or root.namespace not in VERSIONS:
        return Fault(
            declared,
            VERSION_MISMATCH,
            f"Possible SOAP version mismatch: Envelope namespace {_shown(root.namespace)} was unexpected. Expecting"
            f" {declared.envelope}.",
        )
    version = VERSIONS[root.namespace]
    refused = _check_parts(root, version)
    if refused is not None:
        return refused
    given = [header.strip().strip('"') for header in action_headers] + type_parameters(content_type, "action")
    actions = [action.strip() for action in given if action.strip()]
    action = ", ".join(actions)
    calls = [call for part in root.children if part.name == "Body" for call in part.children]
    if len(calls) != 1:
        what = "No operation stands" if not calls else "More than one operation stands"
        return _invalid(version, f"{what} in the soap:Body element.")
    (call,) = calls
    operations = service.operations if service.has_soap else ()
    is_ours = call.namespace.startswith(CAKE) and any(call.name == operation.name for operation in operations)
    if is_ours and all(_names(action, call.name) for action in actions):
        return Envelope(version, call.name, call)
    if not is_ours and not action:
        text = "Unable to handle request without a valid action parameter. Please supply a valid soap action."
    elif version is SOAP11:
        text = f"Server did not recognize the value of HTTP Header SOAPAction: {_shown(action)}."
    else:
        text = f"Unable to handle request. The action '{_shown(action)}' was not recognized."
    return Fault(version, version.caller_fault, text)


def declared_version(content_type: str) -> Version:
    """The version a content type speaks of."""
    return SOAP12 if kind_of(content_type) == "application/soap+xml" else SOAP11


def read_call(binder: Binder, call: Element, size: int) -> Sent:
    """The parameters of an operation's element, in whatever order; those that are nil are absent."""
    return binder.gather(_texts(call), size)


def fault(version: Version, code: str, text: str) -> WireAnswer:
    """A fault, with status 500 as both versions have it, or nearly so."""
    if version is SOAP11:
        body = (
            f"<soap:Fault><faultcode>{code}</faultcode><faultstring>{escape(text)}</faultstring><detail /></soap:Fault>"
        )
    else:
        body = (
            f"<soap:Fault><soap:Code><soap:Value>{code}</soap:Value></soap:Code><soap:Reason>"
            f'<soap:Text xml:lang="en">{escape(text)}</soap:Text></soap:Reason><soap:Detail /></soap:Fault>'
        )
    return WireAnswer(500, _headers(version, b"private"), _envelope(version, body))


def _check_parts(root: Element, version: Version) -> Fault | None:
    """What is wrong with the parts of an envelope: one body, and before it perhaps a header we need not understand."""
    bodies = 0
    for part in root.children:
        if part.namespace != version.envelope or part.name not in ("Header", "Body"):
            return _invalid(version, f"Unexpected element {_shown(part.name)} in the soap:Envelope element.")
        if part.name == "Body":
            bodies += 1
        elif bodies:
            return _invalid(version, "The soap:Header element stands after the soap:Body element.")
        for block in part.children if part.name == "Header" else ():
            if any(
                (namespace, name) == (version.envelope, "mustUnderstand") and value.strip() in TRUE
                for namespace, name, value in block.attributes
            ):
                return Fault(version, MUST_UNDERSTAND, f"SOAP header {_shown(block.name)} was not understood.")
    if bodies == 0:
        return _invalid(version, "Missing required soap:Body element.")
    return _invalid(version, "More than one soap:Body element.") if bodies > 1 else None


def _texts(call: Element) -> Iterator[tuple[str, str | BindingError | None]]:
    for child in call.children:
        # Elements without a namespace are taken too: some clients qualify only the operation.
        if child.namespace and not child.namespace.startswith(CAKE):
            continue
        attributes = {(namespace, name): value for namespace, name, value in child.attributes}
        if attributes.get((SCHEMA_INSTANCE, "nil"), "").strip() in TRUE:
            yield child.name, None
        elif child.children:
            yield child.name, invalid_value(child.name, "holds elements.")
        elif ("", "href") in attributes:
            yield child.name, invalid_value(child.name, "refers to a value that stands elsewhere.")
        else:
            yield child.name, child.text


def _names(action: str, operation: str) -> bool:
    """Whether an action says nothing else than the operation: CAKE's way, or its bare name."""
    match = _ACTION.fullmatch(action)
    return operation == (action if match is None else match[1])


def _invalid(version: Version, why: str) -> Fault:
    return Fault(version, version.caller_fault, f"Request format is invalid: {why}")


def _shown(text: str) -> str:
    return text[:ECHO_LENGTH_MAX]


def _headers(version: Version, cache_control: bytes) -> Headers:
    return ((b"content-type", version.content_type), (b"cache-control", cache_control), NO_SNIFFING)


def _envelope(version: Version, body: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{version.envelope}"'
        f' xmlns:xsi="{SCHEMA_INSTANCE}" xmlns:xsd="{SCHEMA}"><soap:Body>{body}</soap:Body></soap:Envelope>'
    ).encode()
