"""A document as values: sections of paragraphs, lists, tables and programs, which every form shows alike."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Final

import msgspec

from leadback.catalog.model import Alias, Field, ReturnReason, Status, SubStatus
from leadback.networks.model import Network
from leadback.parties.model import Buyer, BuyerContract

KEY: Final = "YOUR-API-KEY"
"""Stands where the buyer's key goes: no document holds a key."""


class Form(StrEnum):
    """What a document becomes."""

    MARKDOWN = "markdown"
    HTML = "html"


class Code(msgspec.Struct, frozen=True):
    """Words that stand for themselves, to the letter."""

    text: str


Text = tuple[str | Code, ...]


def text(words: str, *values: object) -> Text:
    """Words with code between backticks; each `{}` is the next value, as code whatever it holds.

    >>> text("Send `status` as {}.", "Won|Lost")
    ('Send ', Code(text='status'), ' as ', Code(text='Won|Lost'), '.')
    """
    rest = iter(values)
    pieces: list[str | Code] = []
    for place, piece in enumerate(words.split("`")):
        if place % 2:
            pieces.append(Code(piece))
            continue
        plain, *others = piece.split("{}")
        pieces.append(plain)
        for other in others:
            pieces += [Code(str(next(rest))), other]
    assert next(rest, None) is None, "each value has its place"
    return tuple(piece for piece in pieces if piece != "")


class Paragraph(msgspec.Struct, frozen=True):
    """A paragraph."""

    text: Text


class Notice(msgspec.Struct, frozen=True):
    """A paragraph that must not be overlooked."""

    text: Text


class Points(msgspec.Struct, frozen=True):
    """A list."""

    items: tuple[Text, ...]


class Table(msgspec.Struct, frozen=True):
    """A table; its cells are as many as its columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A sample in one language, to be saved and run as it stands once the key is in its place."""

    name: str
    """Of its anchor, its template and the file it is saved as."""
    title: str
    language: str
    needs: Text
    file_name: str
    run: str
    code: str


Block = Paragraph | Notice | Points | Table | Program


class Section(msgspec.Struct, frozen=True):
    """A part with a title of its own."""

    name: str
    """Of its anchor."""
    title: str
    blocks: tuple[Block, ...]


class Document(msgspec.Struct, frozen=True):
    """The whole."""

    title: str
    subtitle: str
    made_on: date
    """In the network's days."""
    sections: tuple[Section, ...]


class OfferedStatus(msgspec.Struct, frozen=True):
    """An active status with its active sub-statuses."""

    status: Status
    sub_statuses: tuple[SubStatus, ...]


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one buyer can say, and where."""

    address: str
    """Where buyers reach us, without a slash at its end."""
    network: Network
    buyer: Buyer
    verticals: Mapping[int, str]
    """The names of those the buyer buys in."""
    contracts: tuple[BuyerContract, ...]
    """Active ones first; at least one."""
    statuses: tuple[OfferedStatus, ...]
    fields: tuple[Field, ...]
    return_reasons: tuple[ReturnReason, ...]
    aliases: tuple[tuple[Alias, Text], ...]
    """Each with what it stands for."""
    rate_per_key: int
    lead_guesses_max: int
    made_at: datetime


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """What the samples say: a test lead and, where the buyer has any, its words."""

    contract: BuyerContract
    lead_id: str
    status: OfferedStatus | None
    field: Field | None
    field_value: str
    return_reason: ReturnReason | None
    """None too where the contract's leads cannot be returned."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call of the samples or of the test plan."""

    what: str
    operation: str
    changes: dict[str, str | int]
    """What it says."""
    parameters: dict[str, str | int]
    """All it sends, in the operation's order: the changes, and what must be there though it says nothing."""


class Check(msgspec.Struct, frozen=True):
    """One line of the test plan: a call and the answer that must come."""

    told: Text
    call: Call
    answer: str
    """The message or, where the call cannot be read, the line of text; empty where an answer has none."""
    expected: Text
