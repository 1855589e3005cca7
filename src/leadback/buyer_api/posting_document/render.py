"""A document's forms: Markdown and HTML, each a template over the same values."""

import re
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from leadback.buyer_api.posting_document.model import (
    KEY,
    Code,
    Document,
    Form,
    Notice,
    Paragraph,
    Points,
    Program,
    Table,
    Text,
)

TEMPLATES: Final = {Form.MARKDOWN: "document.md", Form.HTML: "document.html"}

_STRUCTURAL: Final = re.compile(r"[\\`*_\[\]<>&|#~]")
_BACKTICKS: Final = re.compile("`+")


def render(document: Document, form: Form) -> str:
    """The document in a form."""
    return _ENVIRONMENT.get_template(TEMPLATES[form]).render(document=document, key=KEY)


def in_markdown(text: Text | str) -> str:
    """Words whose signs mean nothing in Markdown, on one line of any kind."""
    pieces = (text,) if isinstance(text, str) else text
    return "".join(_code(piece.text) if isinstance(piece, Code) else _plain(piece) for piece in pieces)


def fence(code: str) -> str:
    """Backticks that fence off a code: more than it has in a row."""
    return "`" * max(3, 1 + max(map(len, _BACKTICKS.findall(code)), default=0))


def _plain(words: str) -> str:
    return _STRUCTURAL.sub(lambda match: "\\" + match[0], words)


def _code(words: str) -> str:
    # A backtick ends it, and a bar the cell it stands in: whether a backslash helps depends on what is before it.
    if "`" not in words and "|" not in words:
        return f"`{words}`"
    return "<code>" + _STRUCTURAL.sub(lambda match: f"&#{ord(match[0])};", words) + "</code>"


_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("leadback.buyer_api.posting_document"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_ENVIRONMENT.filters |= {"markdown": in_markdown, "fence": fence}
_ENVIRONMENT.tests |= {
    kind.__name__.lower(): lambda value, kind=kind: isinstance(value, kind)
    for kind in (Code, Notice, Paragraph, Points, Program, Table)
}
