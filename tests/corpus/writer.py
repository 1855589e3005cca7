"""Numbers the cases of one category while they are told, and gives each a lead of its own."""

from collections.abc import Callable, Mapping
from typing import Final

from tests.corpus import rules
from tests.corpus.forms import Request, nothing, request_of
from tests.corpus.model import Case, pieces
from tests.corpus.rules import Expectation

EVERY_FORM: Final = ("get", "form", "json", "soap11", "soap12")
PLAIN_FORMS: Final = ("get", "form", "json")
FOUR_FORMS: Final = ("get", "form", "json", "soap11")

Text = str | Callable[[str], str]
"""A value, or what makes it of the case's own lead id."""

TARGET_LENGTH_MAX: Final = 7500
"""Longer values are not sent by GET: the length itself would be refused."""


class Writer:
    """The cases of one category."""

    def __init__(self, letter: str) -> None:
        self.cases: list[Case] = []
        self._letter = letter
        self._number = 0

    def values(
        self,
        note: str,
        changes: Mapping[str, Text | None],
        forms: tuple[str, ...] = FOUR_FORMS,
        *,
        operation: str = "UpdateLead",
        sold: str = "plain",
        differ: bool = False,
    ) -> None:
        """One call in several forms, which must come to the same unless the rules make them `differ`.

        `changes` are those to a call that says nothing; for other operations than UpdateLead they are all of it.
        """
        self._number += 1
        for transport in forms:
            lead_id = self._lead_id(transport)
            made = {name: text(lead_id) if callable(text) else text for name, text in changes.items()}
            texts = nothing(**made) if operation == "UpdateLead" else made
            sent = {name: text.replace("{lead}", lead_id) for name, text in texts.items() if text is not None}
            request = request_of(transport, operation, sent)
            if transport == "get" and len(request.target) > TARGET_LENGTH_MAX:
                continue
            declared = {name: text for name, text in sent.items() if name.isascii()}
            found = rules.judge(operation, declared, transport, lead_id=lead_id, sold=sold)
            self._add(note, request, found, sold, family="" if differ else self._family)

    def bytes(
        self,
        note: str,
        request: Request | Callable[[str], Request],
        expectation: Expectation,
        *,
        sold: str = "plain",
        socket: bool = False,
    ) -> None:
        """One request as it is; `{lead}` in its bytes becomes the case's own lead."""
        self._number += 1
        made = request if isinstance(request, Request) else request("")
        lead_id = self._lead_id(made.transport)
        if not isinstance(request, Request):
            made = request(lead_id)
        self._add(note, made, expectation, sold, socket=socket)

    @property
    def _family(self) -> str:
        return f"{self._letter}{self._number:03}"

    def _lead_id(self, transport: str) -> str:
        # K, I and S have look-alikes that turn into them where letters change their case.
        return f"{self._family}-{transport.upper()}-KIS"

    def _add(
        self, note: str, request: Request, found: Expectation, sold: str, *, family: str = "", socket: bool = False
    ) -> None:
        lead_id = self._lead_id(request.transport)
        here = lead_id.encode()
        self.cases.append(
            Case(
                id=f"{self._family}-{request.transport}",
                note=note,
                transport=request.transport,
                method=request.method,
                target=pieces(request.target.replace(b"{lead}", here)),
                headers=list(request.headers),
                body=pieces(request.body.replace(b"{lead}", here)),
                socket=socket,
                lead_id=lead_id,
                sold=sold,
                family=family,
                expect_class=found.kind,
                expect_message=found.message,
                expect_change=found.change,
            )
        )
