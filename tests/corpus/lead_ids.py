"""Category E: ids of leads that are there, are somebody else's, or only look like one."""

from collections.abc import Callable

from tests.corpus.model import Case
from tests.corpus.writer import EVERY_FORM, FOUR_FORMS, Text, Writer


def cases() -> list[Case]:
    """Every case of the category."""
    writer = Writer("E")
    for note, lead_id in GOOD.items():
        writer.values(note, {"lead_id": lead_id, "status": "Funded"})
    writer.values("a test lead takes updates like others", {"status": "Funded"}, sold="test")
    writer.values("one of several contracts", {"status": "Funded", "buyer_contract_id": "217"}, sold="multi")
    writer.values(
        "a contract that has become inactive", {"status": "Funded", "buyer_contract_id": "219"}, sold="lapsed"
    )
    writer.values("sold to somebody else", {"status": "Funded", "buyer_contract_id": "0"}, EVERY_FORM, sold="foreign")
    writer.values("sold to somebody else, by contract", {"buyer_contract_id": "300"}, EVERY_FORM, sold="foreign")
    writer.values("sold to nobody", {"status": "Funded"}, EVERY_FORM, sold="nobody")
    for note, lead_id in BAD.items():
        writer.values(note, {"lead_id": lead_id, "status": "Funded"}, FOUR_FORMS)
    return writer.cases


def swapped(old: str, new: str) -> Callable[[str], str]:
    """A lead id with a look-alike in it."""
    return lambda lead_id: lead_id.replace(old, new)


GOOD: dict[str, Text] = {
    "as given": "{lead}",
    "in lower case": str.lower,
    "in mixed case": str.title,
}

BAD: dict[str, Text] = {
    "unknown": "NOSUCHLEAD",
    "empty": "",
    "one character": "E",
    "seven characters": "C8097F1",
    "nine characters": "C8097F179",
    "sixteen characters": "C8097F17C8097F17",
    "fifty-one characters": "E" * 51,
    "a thousand characters": "E" * 1000,
    "an injection": "' OR 1=1 --",
    "an injection behind a good one": "{lead}' --",
    "a path": "../../etc/passwd",
    "every lead": "*",
    "every lead to LIKE": "%",
    "any last character to LIKE": lambda lead_id: lead_id[:-1] + "_",
    "null": "null",
    "undefined": "undefined",
    "a number below zero": "-1",
    "zero": "0",
    "a blank before it": " {lead}",
    "a blank behind it": "{lead} ",
    "a tab behind it": "{lead}\t",
    "a line end behind it": "{lead}\n",
    "a no-break space behind it": "{lead}\u00a0",
    "a zero-width space in it": swapped("-", "-\u200b"),
    "the Kelvin sign, whose small letter is k": swapped("K", "\u212a"),
    "the long s, whose capital is S": swapped("S", "\u017f"),
    "the dotless i, whose capital is I": swapped("I", "\u0131"),
    "the dotted capital I": swapped("I", "\u0130"),
    "a Cyrillic letter": swapped("K", "\u041a"),
    "fullwidth digits": swapped("0", "\uff10"),
    "a minus that is no hyphen": swapped("-", "\u2010"),
    "an underline in place of the hyphen": swapped("-", "_"),
    "two, separated by a comma": "{lead},{lead}",
    "a list": "[{lead}]",
    "in quotes": "'{lead}'",
    "as a wide number": "12345678901234567890",
}
