"""Category K: XML that is broken, too much, in another encoding, or wants more than to be read."""

import struct
import zlib
from collections.abc import Callable

from tests.corpus.forms import CAKE, INSTANCE, NAMESPACE, Request, call, elements, envelope, nothing, soap
from tests.corpus.model import Case
from tests.corpus.rules import Expectation, refused, updated
from tests.corpus.writer import Writer

ACCEPTED = updated(status="Funded")
NOT_XML = Expectation("L1 400", None)
UNREADABLE = Expectation("L1", None)
TOO_LARGE = Expectation("L0 413", None)
UNSUPPORTED = Expectation("L0 415", None)

FUNDED = elements(nothing(status="Funded"))
BARE = elements(nothing(status=None))

ENTITY = "&e;"
ARRAY = 'xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/"'
LAUGHS = "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 10))
DOCTYPES = {
    "a DOCTYPE alone": "<!DOCTYPE x>",
    "a DOCTYPE with an empty subset": "<!DOCTYPE x []>",
    "a billion laughs": f'<!DOCTYPE x [<!ENTITY e0 "ha">{LAUGHS}<!ENTITY e "&e9;">]>',
    "an entity that refers to itself": '<!DOCTYPE x [<!ENTITY e "&e;">]>',
    "one long entity, often": f'<!DOCTYPE x [<!ENTITY e "{"Funded" * 5000}">]>',
    "an entity that says Funded": '<!DOCTYPE x [<!ENTITY e "Funded">]>',
    "a file as an entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "file://{{canary_file}}">]>',
    "an address as an entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "http://127.0.0.1:{{canary_port}}/e">]>',
    "another scheme": '<!DOCTYPE x [<!ENTITY e SYSTEM "ftp://127.0.0.1:{{canary_port}}/e">]>',
    "a public entity": '<!DOCTYPE x [<!ENTITY e PUBLIC "x" "http://127.0.0.1:{{canary_port}}/e">]>',
    "a DTD elsewhere": '<!DOCTYPE x SYSTEM "http://127.0.0.1:{{canary_port}}/dtd">',
    "a DTD in a file": '<!DOCTYPE x SYSTEM "{{canary_file}}">',
    "a public DTD": '<!DOCTYPE x PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://127.0.0.1:{{canary_port}}/dtd">',
    "a parameter entity": '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:{{canary_port}}/p"> %p;]>',
    "a parameter entity of its own": """<!DOCTYPE x [<!ENTITY % p '<!ENTITY e "Funded">'> %p;]>""",
    "an attribute's default": '<!DOCTYPE x [<!ATTLIST status x CDATA "y">]>',
    "an unparsed entity": '<!DOCTYPE x [<!NOTATION n SYSTEM "n"><!ENTITY e SYSTEM "{{canary_file}}" NDATA n>]>',
    "a DOCTYPE behind a comment": "<!-- x --><!DOCTYPE x>",
    "a DOCTYPE behind a processing instruction": "<?x y?>\n<!DOCTYPE x>",
    "a DOCTYPE behind a comment that speaks of its end": "<!-- --><!-- ?> --><!DOCTYPE x>",
    "a DOCTYPE over lines": "<!DOCTYPE\nx\n[\n]\n>",
}


def cases() -> list[Case]:
    """Every case of the category."""
    writer = Writer("K")
    _doctypes(writer)
    _references(writer)
    _malformed(writer)
    _encodings(writer)
    _sizes(writer)
    _numbers(writer)
    _harmless(writer)
    _compressed(writer)
    return writer.cases


def _doctypes(writer: Writer) -> None:
    for note, doctype in DOCTYPES.items():
        for version in ("soap11", "soap12"):
            body = before(doctype, f"{BARE}<status>{ENTITY if 'ENTITY' in doctype else 'Funded'}</status>", version)
            writer.bytes(note, soap(body, version), NOT_XML)
    for note in ("a DOCTYPE alone", "a billion laughs", "a file as an entity", "a DTD elsewhere", "a parameter entity"):
        for encoding, mark in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
            text = before(DOCTYPES[note], f"{BARE}<status>{ENTITY}</status>", "soap11", declared="utf-16").decode()
            kind = "text/xml; charset=utf-16"
            writer.bytes(f"{note}, in UTF-16", soap(mark + text.encode(encoding), content_type=kind), NOT_XML)
        for encoding in ("utf-7", "utf-32", "cp037"):
            text = before(DOCTYPES[note], FUNDED, "soap11", declared=encoding).decode()
            request = soap(text.encode(encoding), content_type=f"text/xml; charset={encoding}")
            writer.bytes(f"{note}, in {encoding}", request, NOT_XML)
    for inside in ("<!DOCTYPE x>", '<!ENTITY e "x">', "<![INCLUDE[x]]>", "<!doctype x>"):
        writer.bytes("a declaration in the middle", soap(envelope(call(FUNDED + inside))), NOT_XML)
    writer.bytes("a doctype in small letters", soap(before("<!doctype x>", FUNDED, "soap11")), NOT_XML)
    writer.bytes("a second root that is a DOCTYPE", soap(envelope(call(FUNDED)) + b"<!DOCTYPE x>"), NOT_XML)
    for inside in ("<![CDATA[<!DOCTYPE x>]]>", "&lt;!DOCTYPE x&gt;"):
        body = envelope(
            call(elements(nothing(field_name="remark", field_value=None)) + f"<field_value>{inside}</field_value>")
        )
        writer.bytes("a DOCTYPE that is text", soap(body), updated(fields={"remark": "<!DOCTYPE x>"}))
    writer.bytes("a DOCTYPE in a comment is none", soap(before("<!-- <!DOCTYPE x> -->", FUNDED, "soap11")), ACCEPTED)


def before(prolog: str, inside: str, version: str, declared: str = "utf-8") -> bytes:
    """An envelope with something before it."""
    declaration = f'<?xml version="1.0" encoding="{declared}"?>{prolog}'
    return envelope(call(inside), version, declaration=declaration)


def _references(writer: Writer) -> None:
    for reference in (
        "&e;", "&nbsp;", "&copy;", "&eacute;", "&", "&;", "&#;", "&#x;", "&amp", "&#0;", "&#x0;", "&#8;", "&#x1F;",
        "&#xB;",
        "&#xD800;", "&#xDFFF;", "&#xFFFE;", "&#xFFFF;", "&#x110000;", "&#99999999999;", "&#-1;", "&#x-1;", "&# 65;",
        "%e;x<",
    ):  # fmt: skip
        body = envelope(call(f"{BARE}<status>Funded{reference}</status>"))
        writer.bytes(f"{reference} refers to nothing that may stand here", soap(body), NOT_XML)
    for reference in ("&#xE9;", "&#233;", "&#x000000E9;", "\u00e9"):
        body = envelope(call(f"{BARE}<status>Caf{reference}</status>"))
        writer.bytes("a character by its number", soap(body), updated(status="Caf\u00e9"))


def _malformed(writer: Writer) -> None:
    good = envelope(call(FUNDED)).decode()
    for note, text in {
        "nothing": "",
        "blanks": " \r\n",
        "no XML": "lead_id=1&status=Funded",
        "JSON": '{"lead_id": "1"}',
        "an opening alone": "<",
        "a declaration alone": '<?xml version="1.0"?>',
        "cut in the middle": good[: len(good) // 2],
        "cut before its last character": good[:-1],
        "two roots": good + good.partition("?>")[2],
        "text behind it": good + "x",
        "text before it": good.replace("<soap:Envelope", "x<soap:Envelope", 1),
        "blanks before the declaration": " " + good,
        "a line before the declaration": "\n" + good,
        "two declarations": good.replace("?>", '?><?xml version="1.0"?>', 1),
        "a declaration at the end": good + '<?xml version="1.0"?>',
        "an end without its beginning": good.replace("<status>", "", 1),
        "a beginning without its end": good.replace("</status>", "", 1),
        "crossing": good.replace("</status>", "<x></status></x>", 1),
        "an end in another case": good.replace("</status>", "</STATUS>", 1),
        "an attribute without quotes": good.replace("<status>", "<status x=y>", 1),
        "an attribute without a value": good.replace("<status>", "<status x>", 1),
        "an attribute twice": good.replace("<status>", '<status x="1" x="2">', 1),
        "an attribute twice by two prefixes": good.replace(
            "<status>", '<status xmlns:a="n" xmlns:b="n" a:x="1" b:x="2">', 1
        ),
        "< in an attribute": good.replace("<status>", '<status x="<">', 1),
        "a prefix of nothing": good.replace("<status>", "<nix:status>", 1).replace("</status>", "</nix:status>", 1),
        "a prefix of nothing at an attribute": good.replace("<status>", '<status nix:x="1">', 1),
        "a prefix that is taken away": good.replace("<status>", '<status xmlns:soap="">', 1),
        "]]> as text": good.replace("Funded", "Funded]]>", 1),
        "CDATA without its end": good.replace("Funded", "<![CDATA[Funded", 1),
        "CDATA in CDATA": good.replace("Funded", "<![CDATA[<![CDATA[Funded]]>]]>", 1),
        "a comment with two hyphens": good.replace("Funded", "<!-- -- -->Funded", 1),
        "a comment without its end": good.replace("Funded", "<!-- Funded", 1),
        "an instruction without its end": good.replace("Funded", "<?x Funded", 1),
        "an instruction called xml": good.replace("Funded", "<?xml x?>Funded", 1),
        "an instruction called XML": good.replace("Funded", "<?XML x?>Funded", 1),
        "a name that begins with a digit": good.replace("<status>", "<1></1><status>", 1),
        "a name with a blank before it": good.replace("<status>", "< status>", 1),
        "NUL": good.replace("Funded", "Fun\0ded", 1),
        "U+0001": good.replace("Funded", "Fun\x01ded", 1),
        "an escape": good.replace("Funded", "\x1b[31mFunded", 1),
        "U+FFFE": good.replace("Funded", "Funded\ufffe", 1),
        "U+FFFF": good.replace("Funded", "Funded\uffff", 1),
        "XML 1.1": good.replace('"1.0"', '"1.1"', 1),
        "XML 2.0": good.replace('"1.0"', '"2.0"', 1),
        "no version": good.replace(' version="1.0"', "", 1),
        "HTML": "<!-- --><html><br></html>",
    }.items():
        writer.bytes(note, soap(text.encode()), NOT_XML)


def _encodings(writer: Writer) -> None:
    text = envelope(call(f"{BARE}<status>Caf\u00e9</status>"), declaration="").decode()
    cafe = updated(status="Caf\u00e9")
    for note, declared, charset, encoding, mark, found in (
        ("UTF-8 by itself", None, None, "utf-8", b"", cafe),
        ("UTF-8, declared", "utf-8", None, "utf-8", b"", cafe),
        ("UTF-8 with a mark", None, None, "utf-8", b"\xef\xbb\xbf", cafe),
        ("UTF-8 with a mark, declared twice", "UTF-8", "UTF-8", "utf-8", b"\xef\xbb\xbf", cafe),
        ("UTF-16 with its mark", None, None, "utf-16-le", b"\xff\xfe", cafe),
        ("UTF-16 the other way round", None, None, "utf-16-be", b"\xfe\xff", cafe),
        ("UTF-16 with its mark, declared twice", "utf-16", "utf-16", "utf-16-le", b"\xff\xfe", cafe),
        ("UTF-16 the other way round, declared twice", "UTF-16", "UTF-16", "utf-16-be", b"\xfe\xff", cafe),
        ("Latin-1, declared", "iso-8859-1", None, "latin-1", b"", cafe),
        ("Latin-1 by its content type", None, "iso-8859-1", "latin-1", b"", cafe),
        ("Latin-1, declared twice", "ISO-8859-1", "ISO-8859-1", "latin-1", b"", cafe),
        ("UTF-16 without its mark", "utf-16", "utf-16", "utf-16-le", b"", NOT_XML),
        ("UTF-16 without anything", None, None, "utf-16-le", b"", NOT_XML),
        ("UTF-16 with a mark, said to be UTF-8", "utf-8", "utf-8", "utf-16-le", b"\xff\xfe", NOT_XML),
        ("UTF-16 with the other's mark", None, None, "utf-16-be", b"\xff\xfe", NOT_XML),
        ("UTF-16 that is cut", None, None, "utf-16-le", b"\xff\xfe\x3c", NOT_XML),
        ("UTF-32", None, None, "utf-32-le", b"\xff\xfe\0\0", NOT_XML),
        ("UTF-32, declared", "utf-32", "utf-32", "utf-32-be", b"\0\0\xfe\xff", NOT_XML),
        ("UTF-7", "utf-7", None, "utf-7", b"", NOT_XML),
        ("UTF-7 by its content type", None, "utf-7", "utf-7", b"", NOT_XML),
        ("EBCDIC", "cp037", None, "cp037", b"", NOT_XML),
        ("Windows-1252", "windows-1252", None, "cp1252", b"", NOT_XML),
        ("Latin-1, said to be UTF-8", "utf-8", None, "latin-1", b"", NOT_XML),
        ("Latin-1, said to be nothing", None, None, "latin-1", b"", NOT_XML),
        ("Latin-1, said to be ASCII", "us-ascii", None, "latin-1", b"", NOT_XML),
        ("UTF-8, said to be ASCII", None, "us-ascii", "utf-8", b"", NOT_XML),
        ("an encoding nobody knows", "x-nix", None, "utf-8", b"", NOT_XML),
        ("an encoding with no name", "", None, "utf-8", b"", NOT_XML),
        ("two names that differ", "iso-8859-1", "utf-8", "utf-8", b"", NOT_XML),
        ("two names that differ, by .NET's writer", "utf-16", "utf-8", "utf-8", b"", NOT_XML),
    ):  # fmt: skip
        declaration = "" if declared is None else f'<?xml version="1.0" encoding="{declared}"?>'
        kind = "text/xml" if charset is None else f"text/xml; charset={charset}"
        writer.bytes(note, _encoded(declaration + text, encoding, mark, kind), found)
    overlong = envelope(call(f"{BARE}<status>Funde\xff</status>")).replace(b"\xc3\xbf", b"\xc1\xa4")
    writer.bytes("a letter in more bytes than it has", soap(overlong), NOT_XML)
    surrogate = overlong.replace(b"\xc1\xa4", b"\xed\xa0\x80")
    writer.bytes("half a character", soap(surrogate), NOT_XML)
    for version in ("soap11", "soap12"):
        declaration = "<?xml version='1.0' encoding='us-ascii' standalone='yes' ?>\n"
        body = envelope(call(FUNDED), version, declaration=declaration)
        writer.bytes("ASCII, alone, in single quotes", soap(body, version, content_type=_bare(version)), ACCEPTED)


def _encoded(text: str, encoding: str, mark: bytes, kind: str) -> Callable[[str], Request]:
    return lambda lead_id: soap(mark + text.replace("{lead}", lead_id).encode(encoding), content_type=kind)


def _bare(version: str) -> str:
    return "text/xml" if version == "soap11" else "application/soap+xml"


def _sizes(writer: Writer) -> None:
    plain = len(envelope(call(FUNDED)).replace(b"{lead}", b"K999-SOAP11-KIS"))
    for more, found in ((0, ACCEPTED), (1, TOO_LARGE), (100_000, TOO_LARGE)):
        filler = "<!--" + "x" * (64 * 1024 - plain - len("<!---->") + more) + "-->"
        writer.bytes("a body of 64 KiB, or more", soap(envelope(call(FUNDED + filler))), found)
    for note, inside in {
        "a comment of 60 KiB": "<!--" + "x" * 60_000 + "-->",
        "an instruction of 60 KiB": "<?x " + "y" * 60_000 + "?>",
        "an unknown element of 60 KiB": "<junk>" + "x" * 60_000 + "</junk>",
        "an unknown attribute of 60 KiB": '<junk x="' + "y" * 60_000 + '"/>',
        "sixty thousand blanks": " " * 60_000,
        "five thousand comments": "<!---->" * 5000,
        "four thousand pieces of CDATA": "<junk>" + "<![CDATA[]]>" * 4000 + "</junk>",
    }.items():
        writer.bytes(note, soap(envelope(call(FUNDED + inside))), ACCEPTED)
    in_pieces = "".join(f"<![CDATA[{letter}]]>" + "<![CDATA[]]>" * 500 for letter in "Funded")
    writer.bytes(
        "a status in thousands of pieces", soap(envelope(call(f"{BARE}<status>{in_pieces}</status>"))), ACCEPTED
    )
    endless = "<status>" + "F" * 60_000 + "</status>"
    writer.bytes("a status of 60 KiB", soap(envelope(call(BARE + endless))), refused("Invalid Lead Status"))


def _numbers(writer: Writer) -> None:
    # Envelope, Body and the operation are three deep; they and the nine parameters are twelve elements.
    for depth, found in ((9, ACCEPTED), (10, NOT_XML), (100, NOT_XML), (255, NOT_XML), (4000, NOT_XML)):
        junk = "<x>" * depth + "</x>" * depth
        writer.bytes(f"elements {depth + 3} deep", soap(envelope(call(FUNDED + junk))), found)
    for number, found in ((52, ACCEPTED), (53, NOT_XML), (1000, NOT_XML), (14_000, NOT_XML)):
        writer.bytes(f"{number + 12} elements", soap(envelope(call(FUNDED + "<x/>" * number))), found)
    for number, found in ((16, ACCEPTED), (17, NOT_XML), (1000, NOT_XML), (5000, NOT_XML)):
        attributes = "".join(f' a{place}="x"' for place in range(number))
        writer.bytes(f"{number} attributes", soap(envelope(call(f"{FUNDED}<x{attributes}/>"))), found)
    for number in (500, 2500):
        names = "".join(f' xmlns:a{place}="urn:{place}"' for place in range(number))
        writer.bytes(f"{number} namespaces", soap(envelope(call(f"{FUNDED}<x{names}/>"))), NOT_XML)
    for length, found in ((128, ACCEPTED), (129, NOT_XML), (50_000, NOT_XML)):
        name = "n" * length
        writer.bytes(f"a name of {length}", soap(envelope(call(f"{FUNDED}<{name}/>"))), found)
        writer.bytes(f"an attribute's name of {length}", soap(envelope(call(f'{FUNDED}<x {name}="y"/>'))), found)
    writer.bytes("a prefix of 200", soap(envelope(call(f'{FUNDED}<{"p" * 200}:x xmlns:{"p" * 200}="u"/>'))), NOT_XML)


def _harmless(writer: Writer) -> None:
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file://{{canary_file}}" parse="text"/>'
    writer.bytes("an inclusion where a value is", soap(envelope(call(f"{BARE}<status>{include}</status>"))), UNREADABLE)
    writer.bytes("an inclusion beside the values", soap(envelope(call(FUNDED + include))), ACCEPTED)
    header = include.replace("file://{{canary_file}}", "http://127.0.0.1:{{canary_port}}/i")
    writer.bytes("an inclusion in the header", soap(envelope(call(FUNDED), header=header)), ACCEPTED)
    address = "http://127.0.0.1:{{canary_port}}/"
    for note, attribute in {
        "a schema's address": f'xsi:schemaLocation="{NAMESPACE} {address}s.xsd"',
        "a schema's address without a namespace": f'xsi:noNamespaceSchemaLocation="{address}s.xsd"',
        "a base address": f'xml:base="{address}"',
        "a link": f'xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="{address}"',
        "a type": 'xsi:type="xsd:string"',
        "a type of its own": 'xsi:type="System.Diagnostics.Process"',
        "the number of an array's items": f'{ARRAY} enc:arrayType="xsd:string[1000000000]"',
        "a language": 'xml:lang="en"',
        "blanks are to be kept": 'xml:space="preserve"',
        "an id": 'id="x"',
    }.items():
        body = envelope(call(f"{BARE}<status {attribute}>Funded</status>"))
        writer.bytes(f"{note} says nothing", soap(body), ACCEPTED)
    for prolog in (
        f'<?xml-stylesheet href="{address}x.xsl" type="text/xsl"?>',
        "<?php system('id'); ?>",
        f"<?import {address}?><!-- x -->\n",
    ):
        writer.bytes("an instruction instructs nobody", soap(before(prolog, FUNDED, "soap11")), ACCEPTED)
    other = f'<status xmlns="urn:other">Dead</status>{FUNDED}'
    writer.bytes("a status of another namespace is none", soap(envelope(call(other))), ACCEPTED)
    sheet = f'<xsl:value-of xmlns:xsl="http://www.w3.org/1999/XSL/Transform" select="document(\'{address}\')"/>'
    writer.bytes("a style sheet beside the values", soap(envelope(call(FUNDED + sheet))), ACCEPTED)
    writer.bytes("a style sheet where a value is", soap(envelope(call(f"{BARE}<status>{sheet}</status>"))), UNREADABLE)
    foreign = f'<status xmlns="{CAKE}api/2/">Funded</status>{BARE}'
    writer.bytes("a namespace of CAKE's, of another version", soap(envelope(call(foreign))), ACCEPTED)
    nil = f'{BARE}<status xmlns:i="{INSTANCE}" i:nil="true"/>'
    writer.bytes("a status that is nil", soap(envelope(call(nil))), updated())


def _compressed(writer: Writer) -> None:
    for version in ("soap11", "soap12"):
        for coding in ("gzip", "x-gzip", "deflate", "br"):
            request = _packed(version, ("Content-Encoding", coding))
            writer.bytes(f"no body is unpacked: {coding}", request, UNSUPPORTED)
    writer.bytes("packed, and not said to be", _packed("soap11"), NOT_XML)
    not_packed = soap(envelope(call(FUNDED)), "soap11", ("Content-Encoding", "gzip"))
    writer.bytes("said to be packed, and not", not_packed, UNSUPPORTED)


def _packed(version: str, *headers: tuple[str, str]) -> Callable[[str], Request]:
    def make(lead_id: str) -> Request:
        return soap(gzipped(envelope(call(FUNDED), version).replace(b"{lead}", lead_id.encode())), version, *headers)

    return make


def gzipped(data: bytes) -> bytes:
    """A gzip file that holds the data as it is: the same bytes whatever library packs elsewhere."""
    stored = b"\x01" + struct.pack("<HH", len(data), len(data) ^ 0xFFFF) + data
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + stored + struct.pack("<II", zlib.crc32(data), len(data))
