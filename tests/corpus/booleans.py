"""Category H: booleans, of which SOAP takes more than the other forms."""

from tests.corpus.amounts import shown
from tests.corpus.model import Case
from tests.corpus.writer import EVERY_FORM, PLAIN_FORMS, Writer

TAKEN = ("true", "True", "TRUE", "tRuE", "false", "False", "FALSE", " true ", " FALSE ", "\ttrue\n")
BY_SOAP = ("1", "0", " 1 ")
NEVER = (
    "", "yes", "no", "on", "off", "t", "f", "y", "n", "T", "2", "-1", "01", "00", "1.0", "null", "None", "tru\u0435",
    "\uff54\uff52\uff55\uff45", "true,true", "true false", "truefalse", "true;", "'true'", "[true]", "truee", "rue",
    "true\u00a0", "\u200btrue", "fal\u017fe", "\u00b9", "!0", "t" * 5000,
)  # fmt: skip


def cases() -> list[Case]:
    """Every case of the category."""
    writer = Writer("H")
    for text in TAKEN:
        writer.values(f"{shown(text)} is a truth", {"amount": "5", "add_to_existing": text}, EVERY_FORM)
    for text in BY_SOAP:
        note = f"{shown(text)} is a truth of XML Schema alone"
        writer.values(note, {"amount": "5", "add_to_existing": text}, EVERY_FORM, differ=True)
    for text in NEVER:
        writer.values(f"{shown(text)} is no truth", {"amount": "5", "add_to_existing": text})
    writer.values("where there is no amount none is needed", {"amount": "", "add_to_existing": ""}, EVERY_FORM)
    writer.values("no amount, but no truth either", {"amount": "", "add_to_existing": "maybe"}, EVERY_FORM)
    writer.values("without an amount it says nothing", {"amount": "", "add_to_existing": "false"}, EVERY_FORM)
    writer.values(
        "it says nothing of a field",
        {"amount": "", "add_to_existing": "true", "field_name": "loan_amount", "field_value": "5"},
        PLAIN_FORMS,
    )
    return writer.cases
