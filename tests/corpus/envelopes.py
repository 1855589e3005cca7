"""Category L: what is an envelope, which operation it calls, and which parameters it carries."""

import re

from tests.corpus import rules
from tests.corpus.forms import CAKE, ENVELOPES, INSTANCE, NAMESPACE, call, elements, envelope, nothing, soap
from tests.corpus.model import Case
from tests.corpus.presence import OTHER, WHOLE
from tests.corpus.rules import CALLER_FAULT, UPDATE_LEAD, Expectation, refused, unreadable, updated
from tests.corpus.writer import Writer

ACCEPTED = updated(status="Funded")
UNSUPPORTED = Expectation("L0 415", None)
FUNDED = elements(nothing(status="Funded"))
BARE = elements(nothing(status=None))
VERSIONS = ("soap11", "soap12")

ENCODING = 'xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/"'
ACTION_NEEDED = "Unable to handle request without a valid action parameter. Please supply a valid soap action."
MISUNDERSTOOD = "MustUnderstand: SOAP header Security was not understood."
ADDRESSING = "http://www.w3.org/2005/08/addressing"


def cases() -> list[Case]:
    """Every case of the category."""
    writer = Writer("L")
    _presence(writer)
    _envelopes(writer)
    _operations(writer)
    _actions(writer)
    _headers(writer)
    _values(writer)
    _clients(writer)
    _content_types(writer)
    return writer.cases


def fault(transport: str, text: str | None) -> Expectation:
    """A fault of the caller's."""
    return Expectation("L1", None if text is None else f"{CALLER_FAULT[transport]}: {text}")


def _presence(writer: Writer) -> None:
    """The twins of category D: absent says nothing, twice is an error, and names have no case."""
    for name in UPDATE_LEAD:
        others = {held: text for held, text in WHOLE.items() if held != name}
        for version in VERSIONS:
            absent = rules.judge("UpdateLead", others, version, lead_id="{lead}")
            writer.bytes(f"{name}: absent", soap(envelope(call(elements(others)), version), version), absent)
        empty = rules.judge("UpdateLead", others | {name: ""}, "soap11", lead_id="{lead}")
        writer.bytes(f"{name}: empty", soap(envelope(call(elements(others) + f"<{name}/>"))), empty)
        whole = rules.judge("UpdateLead", WHOLE, "soap11", lead_id="{lead}")
        capitals = elements(others | {name.upper(): WHOLE[name]})
        writer.bytes(f"{name}: capitals", soap(envelope(call(capitals))), whole)
        for note, more in (
            ("twice", elements({name: WHOLE[name]})),
            ("two values", elements({name: OTHER[name]})),
            ("twice, the second of another version", f'<{name} xmlns="{CAKE}api/2/">{WHOLE[name]}</{name}>'),
        ):
            body = envelope(call(elements(WHOLE) + more))
            told = unreadable("soap11", f"Duplicate parameter: {name}.")
            writer.bytes(f"{name}: {note}", soap(body), told)


def _envelopes(writer: Writer) -> None:
    good = envelope(call(FUNDED)).decode()
    without = good.replace("soap:", "").replace("xmlns:soap=", "xmlns:unused=")
    for namespace in (
        "http://schemas.xmlsoap.org/soap/envelope",
        "http://www.w3.org/2001/12/soap-envelope",
        "urn:x",
        "",
    ):
        body = good.replace(ENVELOPES["soap11"], namespace) if namespace else without
        told = (
            f"VersionMismatch: Possible SOAP version mismatch: Envelope namespace {namespace} was unexpected. Expecting"
            f" {ENVELOPES['soap11']}."
        )
        writer.bytes("another envelope", soap(body.encode()), Expectation("L1", told))
    for text in (call(FUNDED), good.replace("soap:Envelope", "soap:envelope")):
        writer.bytes("no envelope", soap(text.encode()), Expectation("L1", None))
    for version in VERSIONS:
        _bodies(writer, version)
    # The envelope tells the version, whatever the content type says.
    swapped = soap(envelope(call(FUNDED), "soap12"), "soap11", action=None)
    writer.bytes("1.2 in the other's content type", swapped, ACCEPTED)
    swapped = soap(envelope(call(FUNDED), "soap11"), "soap12")
    writer.bytes("1.1 in the other's content type", swapped, ACCEPTED)
    for note, text in {
        "another prefix": good.replace("soap:", "SOAP-ENV:").replace("xmlns:soap=", "xmlns:SOAP-ENV="),
        "no prefix": good.replace("soap:", "").replace("xmlns:soap=", "xmlns="),
        "indented": re.sub("><(?!/)", ">\r\n\t<", good),
    }.items():
        writer.bytes(note, soap(text.encode()), ACCEPTED)


def _bodies(writer: Writer, version: str) -> None:
    head, tail = envelope("", version).decode().split("<soap:Body></soap:Body>")
    bodiless = fault(version, "Request format is invalid: Missing required soap:Body element.")
    writer.bytes("no body", soap((head + tail).encode(), version), bodiless)
    body, reading = f"<soap:Body>{call(FUNDED)}</soap:Body>", call("", "GetReturnReasons")
    other = ENVELOPES[VERSIONS[1 - VERSIONS.index(version)]]
    for note, inside in {
        "the operation where the body is": call(FUNDED),
        "two bodies": body + body,
        "two bodies, one of them empty": body + "<soap:Body/>",
        "a body with nothing in it": "<soap:Body/>",
        "the operation in the header": f"<soap:Header>{call(FUNDED)}</soap:Header><soap:Body/>",
        "a header behind the body": body + "<soap:Header/>",
        "a body in small letters": body.replace("Body", "body"),
        "a body of another namespace": f'<b:Body xmlns:b="urn:x">{call(FUNDED)}</b:Body>',
        "a body of the other version": f'<b:Body xmlns:b="{other}">{call(FUNDED)}</b:Body>',
        "two operations": f"<soap:Body>{call(FUNDED)}{call(FUNDED)}</soap:Body>",
        "two operations of which one only reads": f"<soap:Body>{call(FUNDED)}{reading}</soap:Body>",
    }.items():
        writer.bytes(note, soap((head + inside + tail).encode(), version), fault(version, None))


def _operations(writer: Writer) -> None:
    for version in VERSIONS:
        for namespace in (f"{CAKE}api/1/", f"{CAKE}api/5/", f"{CAKE}buyers/api/2/", f"{CAKE}affiliates/api/4/"):
            body = envelope(call(FUNDED, namespace=namespace), version)
            writer.bytes("an operation of another of CAKE's namespaces", soap(body, version), ACCEPTED)
        for namespace in ("urn:x", "http://cakemarketing.example/buyers/api/1/", "", NAMESPACE.upper()):
            body = envelope(call(FUNDED, namespace=namespace), version)
            writer.bytes(
                "an operation of another namespace", soap(body, version, action=None), fault(version, ACTION_NEEDED)
            )
        for name in ("Foo", "updatelead", "UpdateLeads", "ReturnLead", "UpdateLeadResponse"):
            body = envelope(call(FUNDED, name), version)
            writer.bytes("no operation", soap(body, version, action=None), fault(version, ACTION_NEEDED))
        reading = envelope(call("", "GetReturnReasons"), version)
        writer.bytes(
            "a question", soap(reading, version, action="GetReturnReasons"), Expectation("OK", None), sold="nobody"
        )
        returning = envelope(call(elements({"lead_id": "{lead}", "return_reason_id": "1"}), "Return"), version)
        writer.bytes(
            "a return without a contract",
            soap(returning, version, action="Return"),
            updated("Lead returned", return_reason_id=1),
        )
        without = envelope(call(elements({"lead_id": "{lead}"}), "Return"), version)
        writer.bytes(
            "a return without a reason", soap(without, version, action="Return"), refused("Invalid Return Reason")
        )


def _actions(writer: Writer) -> None:
    body = envelope(call(FUNDED))
    for note, action in {
        "none": None,
        "empty": '""',
        "without quotes": f"{NAMESPACE}UpdateLead",
        "of another version": f'"{CAKE}api/5/UpdateLead"',
        "with blanks around it": f' "{NAMESPACE}UpdateLead" ',
    }.items():
        writer.bytes(f"the action: {note}", soap(body, action=action), ACCEPTED)
    told = f"Server did not recognize the value of HTTP Header SOAPAction: {NAMESPACE}Foo."
    no_operation = soap(envelope(call(FUNDED, "Foo")), action="Foo")
    writer.bytes("no operation, and an action", no_operation, fault("soap11", told))
    for action in ("GetReturnReasons", "Return", "Foo", "UpdateLeads", "updatelead"):
        told = f"Server did not recognize the value of HTTP Header SOAPAction: {NAMESPACE}{action}."
        writer.bytes("the action names something else", soap(body, action=action), fault("soap11", told))
    for action in (
        "urn:x/UpdateLead",
        '"x"',
        '"UpdateLead/x"',
        f'"{NAMESPACE}UpdateLead", "{NAMESPACE}Return"',
        f'"{NAMESPACE}Return", "{NAMESPACE}UpdateLead"',
        f"{NAMESPACE}Return#UpdateLead",
        f"{NAMESPACE}Return/UpdateLead",
    ):
        writer.bytes("the action names something else", soap(body, action=action), fault("soap11", None))
    returning = envelope(
        call(elements({"lead_id": "{lead}", "return_reason_id": "1", "buyer_contract_id": "0"}), "Return")
    )
    told = f"Server did not recognize the value of HTTP Header SOAPAction: {NAMESPACE}GetReturnReasons."
    writer.bytes("a return under a question's name", soap(returning, action="GetReturnReasons"), fault("soap11", told))
    newer = envelope(call(FUNDED), "soap12")
    for named in (f"{NAMESPACE}UpdateLead", f"{CAKE}api/2/UpdateLead", ""):
        kind = f'application/soap+xml; charset=utf-8; action="{named}"'
        writer.bytes("the action in the content type", soap(newer, "soap12", content_type=kind), ACCEPTED)
    for named in (f"{NAMESPACE}Return", "urn:x", f"{NAMESPACE}Foo"):
        kind = f'application/soap+xml; charset=utf-8; action="{named}"'
        told = f"Unable to handle request. The action '{named}' was not recognized."
        writer.bytes(
            "the action in the content type is another", soap(newer, "soap12", content_type=kind), fault("soap12", told)
        )


def _headers(writer: Writer) -> None:
    for version in VERSIONS:
        understood = "soap:mustUnderstand"
        for note, attribute, found in (
            ("a header says nothing", "", ACCEPTED),
            ("a header that need not be understood", f'{understood}="0"', ACCEPTED),
            ("a header that need not be understood, in words", f'{understood}="false"', ACCEPTED),
            ("an attribute that only looks like it", 'mustUnderstand="1"', ACCEPTED),
            ("a header that must be understood", f'{understood}="1"', Expectation("L1", MISUNDERSTOOD)),
            ("a header that must be understood, in words", f'{understood}="true"', Expectation("L1", MISUNDERSTOOD)),
        ):
            header = f'<Security xmlns="urn:x" {attribute}><Token>x</Token></Security>'
            writer.bytes(note, soap(envelope(call(FUNDED), version, header=header), version), found)
        answer_to = (
            f'<ReplyTo xmlns="{ADDRESSING}"><Address>http://127.0.0.1:{{{{canary_port}}}}/reply</Address></ReplyTo>'
            f'<FaultTo xmlns="{ADDRESSING}"><Address>http://127.0.0.1:{{{{canary_port}}}}/fault</Address></FaultTo>'
        )
        writer.bytes(
            "no answer goes elsewhere", soap(envelope(call(FUNDED), version, header=answer_to), version), ACCEPTED
        )
        key = '<api_key xmlns="' + NAMESPACE + '">wrong</api_key>'
        writer.bytes("a key in a header is none", soap(envelope(call(FUNDED), version, header=key), version), ACCEPTED)


def _values(writer: Writer) -> None:
    nil = f'xmlns:i="{INSTANCE}" i:nil'
    for name in ("status", "sub_status", "amount", "field_name", "field_value"):
        others = elements(nothing(**{name: None}))
        writer.bytes(f"{name} is nil", soap(envelope(call(f'{others}<{name} {nil}="true"/>'))), updated())
    for value in ("false", "0"):
        body = envelope(call(f'{BARE}<status {nil}="{value}">Funded</status>'))
        writer.bytes("what is not nil is there", soap(body), ACCEPTED)
    for note, raw in {
        "a reference": '<status href="#x"/>',
        "a reference to itself": '<status id="x" href="#x"/>',
        "elements in it": "<status><value>Funded</value></status>",
        "text and an element": "<status>Fun<b/>ded</status>",
        "an array": f'<status {ENCODING} enc:arrayType="xsd:string[1]"><item>Funded</item></status>',
    }.items():
        writer.bytes(f"a value is text, not {note}", soap(envelope(call(BARE + raw))), Expectation("L1", None))
    for raw in (
        f'<status {ENCODING} enc:arrayType="xsd:string[1000000000]">Funded</status>',
        '<status xsi:type="xsd:string">Funded</status>',
        '<status xsi:type="xsd:int">Funded</status>',
        "<status\n>Funded</status\n>",
    ):
        writer.bytes("attributes and blanks in a tag say nothing", soap(envelope(call(BARE + raw))), ACCEPTED)
    for name, typed in (("amount", "xsd:double"), ("add_to_existing", "xsd:boolean"), ("buyer_contract_id", "xsd:int")):
        text = {"amount": "7", "add_to_existing": "false", "buyer_contract_id": "217"}[name]
        values = nothing(**{name: None}) if name != "add_to_existing" else nothing(amount="7", add_to_existing=None)
        change = {} if name == "buyer_contract_id" else {"revenue": "32.0000" if name == "amount" else "7.0000"}
        body = envelope(call(f'{elements(values)}<{name} xsi:type="{typed}">{text}</{name}>'))
        writer.bytes("a type says nothing", soap(body), updated(**change))
    for text in ("1<!-- -->0", "<![CDATA[10]]>", "&#49;0", "1<?x?>0"):
        others = elements(nothing(amount=None, add_to_existing="false"))
        body = envelope(call(f"{others}<amount>{text}</amount>"))
        writer.bytes("all the text of an amount is one number", soap(body), updated(revenue="10.0000"))


def _clients(writer: Writer) -> None:
    turned = elements(dict(reversed(nothing(status="Funded").items())))
    writer.bytes("elements in another order", soap(envelope(call(turned))), ACCEPTED)
    for version in VERSIONS:
        least = elements({"status": "Funded", "lead_id": "{lead}"})
        writer.bytes("what is left out says nothing", soap(envelope(call(least), version), version), ACCEPTED)
        silent = elements({"lead_id": "{lead}", "amount": "7"})
        writer.bytes("no silent overwrite", soap(envelope(call(silent), version), version), refused("Invalid Amount"))
        zero = elements({"lead_id": "{lead}", "amount": "0"})
        writer.bytes("no silent zero", soap(envelope(call(zero), version), version), refused("Invalid Amount"))
        unqualified = f'<n:UpdateLead xmlns:n="{NAMESPACE}">{FUNDED}</n:UpdateLead>'
        writer.bytes("only the operation has a namespace", soap(envelope(unqualified, version), version), ACCEPTED)
        qualified = "".join(f"<n:{name}>{text}</n:{name}>" for name, text in nothing(status="Funded").items())
        body = envelope(f'<n:UpdateLead xmlns:n="{NAMESPACE}">{qualified}</n:UpdateLead>', version)
        writer.bytes("everything has a prefix", soap(body, version), ACCEPTED)
    unknown = FUNDED + "<note>x</note><status2>Dead</status2>"
    writer.bytes("unknown elements are ignored", soap(envelope(call(unknown))), ACCEPTED)
    key = FUNDED + "<api_key>{{key}}</api_key>"
    writer.bytes("a key among the values", soap(envelope(call(key))), ACCEPTED)
    other = FUNDED + "<api_key>{{foreign_key}}</api_key>"
    writer.bytes("another key among the values", soap(envelope(call(other))), refused("Invalid API Key"))


def _content_types(writer: Writer) -> None:
    body = envelope(call(FUNDED))
    for kind in (
        "text/xml",
        "TEXT/XML",
        "text/xml;charset=UTF-8",
        'text/xml; charset="utf-8"',
    ):
        writer.bytes("an envelope, however it is declared", soap(body, content_type=kind), ACCEPTED)
    for kind in (
        "application/xml", "text/plain", "text/html", "application/soap", "application/x-www-form-urlencoded",
        "application/json", "application/octet-stream", "application/xop+xml", "text/xml, application/soap+xml",
        'multipart/related; type="application/xop+xml"; boundary=x; start="<x>"', "x", "",
    ):  # fmt: skip
        writer.bytes("declared as something else", soap(body, content_type=kind), UNSUPPORTED)
    part = (
        b'--x\r\nContent-Type: application/xop+xml; type="text/xml"\r\nContent-ID: <x>\r\n\r\n'
        + body
        + b"\r\n--x--\r\n"
    )
    kind = 'multipart/related; type="application/xop+xml"; boundary=x; start="<x>"'
    writer.bytes("an envelope with attachments", soap(part, content_type=kind), UNSUPPORTED)
