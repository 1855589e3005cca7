"""Category I: statuses and sub-statuses, which are exactly a name of the catalog or are refused."""

from tests.corpus import world
from tests.corpus.amounts import shown
from tests.corpus.forms import call, elements, envelope, nothing, soap
from tests.corpus.model import Case
from tests.corpus.rules import refused, updated
from tests.corpus.writer import EVERY_FORM, FOUR_FORMS, PLAIN_FORMS, Writer

STATUSES = (
    "Funded", "Contacted", "Dead", "Solar Only", "Renamed", "Long known", "R&D <hot>", "Caf\u00e9", world.LONG_STATUS,
    "Sold!", " SOLD! ", "sold!",
    "funded", "FUNDED", "Funded ", " Funded", "Fun ded", "Funded\n", "\tFunded", "Funded\r\n", "Funded\u00a0",
    "Fund\u200bed", "\ufeffFunded", "\u202eFunded", "Funded\u202c", "Fund\u0435d", "\uff26unded", "Fu\u00adnded",
    "Cafe\u0301", "caf\u00e9", "CAF\u00c9", "R&amp;D &lt;hot&gt;", "R&D", "Old", "Before", "old", "L" * 101, "L" * 5000,
    "2", "0", "null", "None", "undefined", "*", "%", "Fund%", "Funded,Funded", "Funded;Dead", "Funded|Dead",
    "Funded' OR '1'='1",
    '"Funded"', "Funded\\", "Funded/Partial", "Sold", "Sold!!", "\U0001f389", "<b>Funded</b>",
)  # fmt: skip
SUB_STATUSES = (
    ("Funded", "Full Payment"),
    ("Funded", "Partial"),
    ("Contacted", "By phone"),
    ("Sold!", "Partial"),
    ("Funded", "full payment"),
    ("Funded", "Full Payment "),
    ("Funded", "Full  Payment"),
    ("Funded", "Full\u00a0Payment"),
    ("Funded", "FullPayment"),
    ("Funded", "Full+Payment"),
    ("Funded", "By phone"),
    ("Funded", "Gone"),
    ("Funded", "Funded"),
    ("Funded", "1"),
    ("Funded", "null"),
    ("Funded", "P" * 101),
    ("Funded", "P\u0430rtial"),
    ("Contacted", "Partial"),
    ("Dead", "Partial"),
    ("", "Partial"),
    ("", "Nothing"),
    ("", " "),
    (" ", ""),
    ("Nothing", "Partial"),
    ("Nothing", "Nothing"),
    ("Old", "Partial"),
)
SPLIT = {
    "Fun<!-- x -->ded": "a comment is nothing",
    "Fun<?x y?>ded": "a processing instruction is nothing",
    "<![CDATA[Funded]]>": "CDATA is text",
    "Fun<![CDATA[ded]]>": "some of it in CDATA",
    "<![CDATA[]]>Funded<![CDATA[]]>": "CDATA of no length",
    "<!-- Dead -->Funded<!-- Old -->": "comments around it",
    "&#70;unded": "a character by its number",
    "&#x46;&#x75;nded": "characters by their hexadecimal numbers",
}


def cases() -> list[Case]:
    """Every case of the category."""
    writer = Writer("I")
    for text in STATUSES:
        writer.values(f"status {shown(text)}", {"status": text}, (*PLAIN_FORMS, "soap11"))
    for status, sub_status in SUB_STATUSES:
        note = f"status {shown(status)}, sub-status {shown(sub_status)}"
        writer.values(note, {"status": status, "sub_status": sub_status}, FOUR_FORMS)
    writer.values("neither", {"status": "", "sub_status": ""}, EVERY_FORM)
    amount = {"status": "Nothing", "amount": "7", "add_to_existing": "true", "field_name": "note", "field_value": "x"}
    writer.values("nothing of a call is applied when its status is refused", amount, EVERY_FORM)
    amount = {"status": "Funded", "sub_status": "Gone", "amount": "7", "add_to_existing": "false"}
    writer.values("nor when its sub-status is", amount, EVERY_FORM)
    for raw, note in SPLIT.items():
        for transport in ("soap11", "soap12"):
            writer.bytes(note, soap(in_envelope(raw, transport), transport), updated(status="Funded"))
    for raw in ("Fun<!-- -->d", "R&amp;amp;D &lt;hot&gt;", "<![CDATA[R&amp;D <hot>]]>", "<![CDATA[ Funded]]>"):
        writer.bytes(f"{raw} is no status", soap(in_envelope(raw, "soap11")), refused("Invalid Lead Status"))
    for raw in ("R&amp;D &lt;hot&gt;", "<![CDATA[R&D <hot>]]>", "R&#38;D &#60;hot>"):
        writer.bytes(
            "the same text, escaped in other ways", soap(in_envelope(raw, "soap11")), updated(status="R&D <hot>")
        )
    return writer.cases


def in_envelope(raw: str, transport: str) -> bytes:
    """A call with a status as it stands."""
    return envelope(call(elements(nothing(status=None)) + f"<status>{raw}</status>"), transport)
