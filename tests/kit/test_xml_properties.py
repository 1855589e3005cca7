"""XML from strangers, whatever it is: what is read is what another parser reads, and nothing else is ever raised."""

from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from hypothesis import example, given, settings
from hypothesis import strategies as st

from leadback.kit.xml import Element, XmlRefusedError, read_xml

EXAMPLES = 300

CHARACTERS = st.characters(
    exclude_categories=["Cs"],
    exclude_characters="".join(map(chr, [*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0xFFFE, 0xFFFF])),
)
TEXTS = st.text(CHARACTERS | st.sampled_from("<>&]-?\r\n\t'\""), max_size=30)
NAMES = st.sampled_from(["a", "b", "lead_id", "é", "x.y-z", "_1"])
NAMESPACES = {"x": "u:x", "y": "u:y", "xml": "http://www.w3.org/XML/1998/namespace"}
BLANKS = st.sampled_from(["", " ", "\n", "\r\n", "\r", "\t \r\r\n"])
SOME_BLANKS = BLANKS.filter(bool)


def escaped(text: str) -> str:
    """The text as XML carries it; a carriage return has to be a reference, or it would be read as a line end."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@dataclass
class Node:
    """An element as the other parser saw it, or as it was meant."""

    namespace: str
    name: str
    attributes: dict[tuple[str, str], str]
    text: str = ""
    children: list["Node"] = field(default_factory=list)
    place: tuple[int, int] = (0, 0)


def shape(element: Element | Node, *, placed: bool = True) -> object:
    """An element of either kind, to compare; an attribute's place among others means nothing."""
    if isinstance(element, Element):
        attributes = {(namespace, name): value for namespace, name, value in element.attributes}
        place = (element.line, element.column)
    else:
        attributes, place = element.attributes, element.place
    children = [shape(child, placed=placed) for child in element.children]
    return element.namespace, element.name, attributes, element.text, place if placed else None, children


def read_by_expat(text: str) -> Node:
    """The root as expat reads it, places included; no document of ours has a DOCTYPE."""
    parser = expat.ParserCreate("utf-8", namespace_separator="\n")
    root = Node("", "", {})
    open_nodes = [root]

    def split(name: str) -> tuple[str, str]:
        namespace, _, local = name.rpartition("\n")
        return namespace, local

    def start(name: str, attributes: dict[str, str]) -> None:
        place = (parser.CurrentLineNumber, parser.CurrentColumnNumber + 1)
        node = Node(*split(name), {split(key): value for key, value in attributes.items()}, place=place)
        open_nodes[-1].children.append(node)
        open_nodes.append(node)

    def end(_name: str) -> None:
        open_nodes.pop()

    def characters(text: str) -> None:
        open_nodes[-1].text += text

    def doctype(*_told: object) -> None:
        raise AssertionError("a document with a DOCTYPE was read")

    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.Parse(text.encode(), True)
    return root.children[0]


# Pieces that add nothing to a text, and pieces that do, each with what it adds.
COMMENTS = TEXTS.filter(lambda text: "--" not in text and not text.endswith("-")).map("<!--{}-->".format)
INSTRUCTIONS = st.builds("<?{} {}?>".format, NAMES, TEXTS.filter(lambda text: "?>" not in text))
NOTHINGS = COMMENTS | INSTRUCTIONS | st.sampled_from(["<![CDATA[]]>", "<!---->", "<?p?>", "<?p <a b='?>"])
CDATA = TEXTS.filter(lambda text: "]]>" not in text).map(lambda text: (f"<![CDATA[{text}]]>", line_ends(text)))
REFERENCES = CHARACTERS.map(lambda character: (f"&#x{ord(character):X};", character))
PIECES = (
    TEXTS.map(lambda text: (escaped(text), text))
    | CDATA
    | REFERENCES
    | NOTHINGS.map(lambda nothing: (nothing, ""))
    | st.sampled_from([("\r\n", "\n"), ("\r", "\n"), ("&lt;", "<"), ("&apos;", "'")])
)


@st.composite
def elements(draw: st.DrawFn, depth: int = 0) -> tuple[str, Node]:
    """An element in any of its spellings, and what it means; the prefixes are those a root declares."""
    prefix = draw(st.sampled_from(["", "x", "y"]))
    name = draw(NAMES)
    node = Node(NAMESPACES.get(prefix, ""), name, {})
    tag = f"{prefix}:{name}" if prefix else name
    source = f"<{tag}"
    if depth == 0:
        source += f" xmlns:y='u:y'{draw(SOME_BLANKS)}xmlns:x{draw(BLANKS)}={draw(BLANKS)}\"u:x\""
    for prefix, name in draw(st.sets(st.tuples(st.sampled_from(["", "x", "y", "xml"]), NAMES), max_size=3)):
        value = draw(TEXTS)
        node.attributes[NAMESPACES.get(prefix, ""), name] = value
        key = f"{prefix}:{name}" if prefix else name
        written = quoteattr(value, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
        source += f"{draw(SOME_BLANKS)}{key}{draw(BLANKS)}={draw(BLANKS)}{written}"
    source += draw(BLANKS)
    if draw(st.booleans()) and depth:
        return f"{source}/>", node
    source += ">"
    for _ in range(draw(st.integers(0, 4))):
        if depth < 3 and draw(st.booleans()):
            inner, child = draw(elements(depth + 1))
            node.children.append(child)
        else:
            inner, text = draw(PIECES)
            node.text += text
        source += inner
    return f"{source}</{tag}{draw(BLANKS)}>", node


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, Node]:
    """A document with anything a document may have around its root."""
    declaration = draw(st.sampled_from(["", "<?xml version='1.0'?>", '<?xml\r\nversion = "1.0"\rstandalone="no" ?>']))
    around = st.lists(SOME_BLANKS | COMMENTS | INSTRUCTIONS, max_size=3).map("".join)
    source, node = draw(elements())
    return declaration + draw(around) + source + draw(around), node


@settings(max_examples=EXAMPLES, deadline=None)
@given(document=documents(), encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_a_document_is_read_as_it_was_meant_and_as_expat_reads_it(document: tuple[str, Node], encoding: str) -> None:
    source, meant = document
    root = read_xml(source.encode(encoding), None)
    assert shape(root, placed=False) == shape(meant, placed=False)
    assert shape(root) == shape(read_by_expat(source))


@settings(max_examples=EXAMPLES, deadline=None)
@given(text=TEXTS)
@example("\r\n\t ")
@example("]]>")
def test_any_text_comes_back_exactly(text: str) -> None:
    document = f"<a>{escaped(text)}</a>"
    for body, charset in (
        (document.encode(), None),
        (document.encode("utf-16"), None),
        (document.encode("ascii", "xmlcharrefreplace"), "us-ascii"),
        (document.encode("latin-1", "xmlcharrefreplace"), "iso-8859-1"),
    ):
        assert read_xml(body, charset).text == text


@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data(), text=TEXTS)
def test_what_says_nothing_changes_nothing(data: st.DataObject, text: str) -> None:
    pieces = [escaped(character) for character in text]
    for _ in range(data.draw(st.integers(1, 5))):
        pieces.insert(data.draw(st.integers(0, len(pieces))), data.draw(NOTHINGS))
    assert read_xml(f"<a>{''.join(pieces)}</a>".encode(), None).text == text


def read_or_refused(body: bytes, charset: str | None) -> Element | None:
    try:
        return read_xml(body, charset)
    except XmlRefusedError:
        return None


CHARSETS = st.sampled_from([None, "utf-8", "utf-16", "us-ascii", "iso-8859-1", "utf-7", "", "\0", "é"])


@settings(max_examples=EXAMPLES, deadline=None)
@given(body=st.binary(max_size=200) | TEXTS.map(str.encode), charset=CHARSETS)
def test_any_bytes_are_read_or_refused(body: bytes, charset: str | None) -> None:
    read_or_refused(body, charset)


FRAGMENTS = st.sampled_from(
    ["<", ">", "</", "/>", "<a>", "</a>", "<b/>", "<x:c/>", "<!--", "-->", "<![CDATA[", "]]>", "<?", "?>", "<?p", "<!",
     "<?xml version='1.0'?>", "<!DOCTYPE a>", "<!DOCTYPE a [<!ENTITY e 'v'>]>", "[", "&e;", "&", "&lt;", "&#0;",
     "&#60;", "'", '"', "=", " b='1'", " xmlns='u:u'", " xmlns:x='u:u'", " x:b='>'", "\r", "\n", "\0", "\ufffe",
     "é", "-"]
)  # fmt: skip
# Before a document alone: in a name it is a letter to the fifth edition of XML, which is ours, and none to expat.
MARKS = st.sampled_from(["", "\ufeff", "\ufeff\ufeff"])


@settings(max_examples=3 * EXAMPLES, deadline=None)
@given(mark=MARKS, fragments=st.lists(FRAGMENTS, max_size=12), wrapped=st.booleans())
@example("\ufeff\ufeff", ["<!DOCTYPE a>", "<b/>"], False)
def test_what_is_read_of_fragments_is_what_expat_reads(mark: str, fragments: list[str], wrapped: bool) -> None:
    text = "".join(fragments)
    text = f"<r>{text}</r>" if wrapped else text
    root = read_or_refused(f"{mark}{text}".encode(), None)
    if root is not None:
        assert shape(root) == shape(read_by_expat(text))


@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data(), document=documents())
def test_a_damaged_document_is_refused_or_read_as_expat_reads_it(
    data: st.DataObject, document: tuple[str, Node]
) -> None:
    text = document[0]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text)))
        removed = data.draw(st.integers(0, 3))
        text = text[:place] + data.draw(FRAGMENTS) + text[place + removed :]
    root = read_or_refused(text.encode(), "utf-8")
    if root is not None:
        assert shape(root) == shape(read_by_expat(text))
