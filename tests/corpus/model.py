"""One case of the corpus as its file holds it: the exact bytes of a request, and what they must come to."""

import re
from pathlib import Path
from typing import Any, Final

import msgspec

DIRECTORY: Final = Path(__file__).parent

Piece = str | tuple[str, int]
"""Text of which every character is one byte (ISO-8859-1), or such a text and how often it comes in a row."""

# Told so that nobody has to read, or keep, 64 KiB of the same.
_RUN: Final = re.compile(r"(.{1,40}?)\1{40,}", re.DOTALL)


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A request, and what the rules say of it.

    `{{key}}`, `{{basic_user}}`, `{{basic_password}}`, `{{foreign_key}}`, `{{canary_file}}` and `{{canary_port}}` stand
    for what is only known when it runs.
    """

    id: str
    note: str
    transport: str
    """How the values travel: `get`, `form`, `json`, `soap11` or `soap12`."""
    method: str
    target: list[Piece]
    headers: list[tuple[str, str]]
    """As they are sent, `Host` included; the length of the body and the end of the connection are added."""
    body: list[Piece]
    socket: bool
    """Only a connection can carry it: an ASGI scope would not be what was sent."""
    lead_id: str
    """The case's own lead."""
    sold: str
    """To whom and how that lead was sold: a name of `world.SALES`."""
    family: str
    """Cases of one family say the same in different forms, and must come to the same."""
    expect_class: str
    """`OK`; `L0 405` (never seen by an operation, with its status; several joined by `|`); `L1` (could not be read),
    `L1 400` (not even as XML); `L2` (refused); `L3` (whose call is it?)."""
    expect_message: str | None
    """The answer's message, for `L1` its whole text; a fault's follows its code. Null: nothing is laid down."""
    expect_change: dict[str, Any]
    """What the sale has afterwards that it had not before; of `contract`, where there are several."""

    @property
    def classes(self) -> list[str]:
        """The classes any of which is right."""
        return self.expect_class.split("|")

    @property
    def accepted(self) -> bool:
        """Whether it is a near miss that must work."""
        return self.expect_class == "OK"


def pieces(data: bytes) -> list[Piece]:
    """Bytes as a file holds them."""
    text = data.decode("latin-1")
    if len(text) < 1000:
        return [text] if text else []
    found: list[Piece] = []
    end = 0
    for run in _RUN.finditer(text):
        found += [text[end : run.start()], (run[1], len(run[0]) // len(run[1]))]
        end = run.end()
    return [piece for piece in (*found, text[end:]) if piece]


def whole(held: list[Piece]) -> bytes:
    """The bytes again."""
    return "".join(piece if isinstance(piece, str) else piece[0] * piece[1] for piece in held).encode("latin-1")


def read_cases(path: Path) -> list[Case]:
    """The cases of one file."""
    return [msgspec.json.decode(line, type=Case) for line in path.read_bytes().splitlines()]
