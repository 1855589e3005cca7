"""Reads XML that strangers sent: small, plain and well-formed, or not at all; the only place that parses any."""

import codecs
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from lxml import etree

DEPTH_MAX: Final = 12
ELEMENTS_MAX: Final = 64
ATTRIBUTES_PER_ELEMENT_MAX: Final = 16
NAME_CHARACTERS_MAX: Final = 128
REASON_CHARACTERS_MAX: Final = 200

# Python's name for each encoding that is read. UTF-16 is read by its byte order mark; the others need none.
_CODECS: Final = {"utf-8": "utf-8-sig", "utf-16": "utf-16", "us-ascii": "ascii", "iso-8859-1": "latin-1"}
_ALIASES: Final = {"utf8": "utf-8"}
# The little-endian mark of UTF-32 begins with that of UTF-16: what follows it is then a forbidden U+0000.
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

_OPENS_DECLARATION: Final = re.compile(r"<\?xml[ \t\r\n?]")
_DECLARATION: Final = re.compile(
    r"""<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.0"|'1\.0')
    (?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?P<quote>["'])(?P<encoding>[A-Za-z][A-Za-z0-9._-]*)(?P=quote))?
    (?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>""",
    re.VERBOSE,
)
# Everything but what XML 1.0 calls Char.
_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What may stand before the root and before a DOCTYPE.
_PROLOG: Final = re.compile(r"(?:[ \t\n]++|<!--.*?-->|<\?.*?\?>)*+", re.DOTALL)
# In a well-formed document every `<` outside comments, CDATA and processing instructions is markup, and a `>` that
# does not end its tag stands between quotes. Nothing here is tried twice, so it takes time in proportion to the text.
_MARKUP: Final = re.compile(
    r"""<!--.*?--> | <!\[CDATA\[.*?\]\]> | <\?.*?\?> | (?P<tag> <[^/!?] (?:[^"'>]++ | "[^"]*+" | '[^']*+')*+ >)""",
    re.DOTALL | re.VERBOSE,
)
_QUOTED: Final = re.compile(r""" "[^"]*+" | '[^']*+' """, re.VERBOSE)
_LONG_NAME: Final = re.compile(rf"[^ \t\n<>/=]{{{NAME_CHARACTERS_MAX + 1}}}")


class XmlRefusedError(Exception):
    """Why there is no document, for the operator to read.

    `line` and `column` count from 1 and tell where, both 0 where that is unknown. The parser's own columns may be off
    by what it had read ahead.
    """

    def __init__(self, reason: str, line: int = 0, column: int = 0) -> None:
        where = f" (line {line}, column {column})" if line else ""
        super().__init__(f"{reason[:REASON_CHARACTERS_MAX]}{where}")
        self.line = line
        self.column = column


class Element(msgspec.Struct, frozen=True):
    """One element: `namespace` is empty where there is none, an attribute is (namespace, local name, value).

    `text` is all text directly inside, CDATA included, as if comments, processing instructions and child elements had
    never been there. A line end is `\\n` however it was sent, as XML demands; `&#13;` stays. `line` and `column` count
    lines and characters from 1 and tell where the start tag begins.
    """

    namespace: str
    name: str
    attributes: tuple[tuple[str, str, str], ...]
    text: str
    children: tuple["Element", ...]
    line: int
    column: int


def read_xml(body: bytes, charset: str | None) -> Element:
    """The root of the document; `charset` is that of the HTTP content type, None where it names none.

    Raises `XmlRefusedError` for what is not well-formed, has a DOCTYPE, is written in another encoding than UTF-8,
    UTF-16 with byte order mark, US-ASCII and ISO-8859-1 (or in another than it says), or exceeds the limits above.
    How long a body may be is the caller's to say. Character references and the five entities of XML itself are all
    that is ever replaced; no file and no address is opened.
    """
    text = _decode(body, charset)
    if forbidden := _FORBIDDEN.search(text):
        raise _refused(f"The document holds U+{ord(forbidden[0]):04X}, which XML forbids", text, forbidden.start())
    if declaration := _declaration(text):
        # It has told all it can; left in, it could tell the parser otherwise.
        text = re.sub(r"[^\n]", " ", declaration[0]) + text[declaration.end() :]
    prolog = _PROLOG.match(text)
    if prolog and text.startswith("<!DOCTYPE", prolog.end()):
        # Found before the parser sees it: whatever a DTD makes a parser do is not done.
        raise _refused("The document has a DOCTYPE, which is never read", text, prolog.end())
    return _element(_parse(text), _start_tags(text), depth=1)


def _decode(body: bytes, charset: str | None) -> str:
    """The text, its line ends `\\n`; what names the encoding first decides, and the others must agree."""
    marked = next((encoding for mark, encoding in _MARKS if body.startswith(mark)), None)
    encoding = _known(charset or marked or _declared(body.decode("latin-1")) or "utf-8")
    if marked and marked != encoding:
        raise XmlRefusedError(f"The document is said to be {encoding}, but has the byte order mark of {marked}", 1, 1)
    if encoding == "utf-16" and not marked:
        raise XmlRefusedError("The document is said to be utf-16, but has no byte order mark", 1, 1)
    try:
        text = body.decode(_CODECS[encoding])
    except UnicodeDecodeError as error:
        before = _end_lines(error.object[: error.start].decode(_CODECS[encoding]))
        raise _refused(f"The document is not {encoding}", before, len(before)) from error
    if (declared := _declared(text)) and _known(declared) != encoding:
        raise XmlRefusedError(f"The document is {encoding}, but declares itself to be {declared}", 1, 1)
    return _end_lines(text)


def _end_lines(text: str) -> str:
    """What XML has its readers do first; from here on every line is counted as they count it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _known(encoding: str) -> str:
    name = encoding.lower()
    name = _ALIASES.get(name, name)
    if name not in _CODECS:
        raise XmlRefusedError(f"The document is written in {encoding!a}; read are {', '.join(_CODECS)}", 1, 1)
    return name


def _declared(text: str) -> str | None:
    declaration = _declaration(text)
    return declaration["encoding"] if declaration else None


def _declaration(text: str) -> re.Match[str] | None:
    declaration = _DECLARATION.match(text)
    if declaration is None and _OPENS_DECLARATION.match(text):
        raise XmlRefusedError("The document opens with an XML declaration that is not one of XML 1.0", 1, 1)
    return declaration


def _parse(text: str) -> Any:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    try:
        # With a mark of our own: the parser takes off one, and a second one is what it is, text before the root.
        root = etree.fromstring(text.encode("utf-8-sig"), parser)
    except etree.XMLSyntaxError as error:
        told = " ".join(error.msg.rpartition(", line ")[0].split())
        reason = f"The document is not well-formed XML: {told}"
        raise XmlRefusedError(reason, error.lineno, error.offset + 1) from error
    assert root.getroottree().docinfo.internalDTD is None
    return root


def _element(node: Any, start_tags: Iterator[tuple[int, int]], *, depth: int) -> Element:
    line, column = next(start_tags)
    if depth > DEPTH_MAX:
        raise XmlRefusedError(f"The document has more than {DEPTH_MAX} elements inside each other", line, column)
    namespace, name = _split(node.tag)
    return Element(
        namespace=namespace,
        name=name,
        attributes=tuple((*_split(key), value) for key, value in node.attrib.items()),
        text="".join([node.text or "", *(child.tail or "" for child in node)]),
        children=tuple(_element(child, start_tags, depth=depth + 1) for child in node),
        line=line,
        column=column,
    )


def _split(name: str) -> tuple[str, str]:
    namespace, _, local = name.rpartition("}")
    return namespace[1:], local


def _start_tags(text: str) -> Iterator[tuple[int, int]]:
    """Where each start tag of a well-formed document begins, in its order; the parser tells lines only."""
    tags = (found for found in _MARKUP.finditer(text) if found["tag"])
    for number, found in enumerate(tags, 1):
        if number > ELEMENTS_MAX:
            raise _refused(f"The document has more than {ELEMENTS_MAX} elements", text, found.start())
        # The parser does not tell which namespace declarations stand in a tag, and they count as attributes do.
        outside_quotes = _QUOTED.split(found["tag"])
        if len(outside_quotes) - 1 > ATTRIBUTES_PER_ELEMENT_MAX:
            reason = f"The document has more than {ATTRIBUTES_PER_ELEMENT_MAX} attributes in a tag"
            raise _refused(reason, text, found.start())
        if any(map(_LONG_NAME.search, outside_quotes)):
            reason = f"The document has a name of more than {NAME_CHARACTERS_MAX} characters"
            raise _refused(reason, text, found.start())
        yield _position(text, found.start())


def _position(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _refused(reason: str, text: str, offset: int) -> XmlRefusedError:
    return XmlRefusedError(reason, *_position(text, offset))
