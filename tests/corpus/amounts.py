"""Category G: amounts, which become money only where the grammar takes every character."""

from tests.corpus.model import Case
from tests.corpus.writer import EVERY_FORM, Writer

OVERWRITING = (
    "0", "5", "5.5", "5.55", "5.5555", ".5", ".0001", "0.5", "00005", "+5", "-5", "-.5", "+.25", "1,234.56", "1,234",
    "12,345,678.9", "0,005", "-1,234.5", "  7  ", "-0", "-0.0000", "999999999999.9999", "1000000000000",
    "-1000000000000", "1,000,000,000,000", "1000000000000.0001", "-1000000000000.0001", "999999999999999",
    "100,000,000,000,000,000,000", "5" + " " * 31, "5" + " " * 32,
    "", " ", "NaN", "nan", "sNaN", "-NaN", "Infinity", "-Infinity", "inf", "\u221e", "1e5", "1E5", "1e-5",
    "1E+9999999", "1E-400", "1_000", "5,5", "12,34", "1,23", "1234,567", "1,2345", "1,234,56", ",234", "1,,234",
    "1,234,", "1.234,56", "1 234", "1'234", "5.", ".", "+", "-", "-.", "--5", "+-5", "5-", "5+", "- 5", "5.-5", "(5)",
    "$5", "\u00a35", "\u20ac5", "5$", "5 USD", "USD 5", "5%", "0x10", "0b1", "0o7", "1/2", "5.00001", "1.23456",
    "0." + "1" * 30, "1" * 16, "9" * 5000, "0" * 33 + "5", "1." + "0" * 5, "5\n", "\n5", "\t5", "5\t", "5\r", "\u00a05",
    "5\u00a0", "\u20075", "\u200b5", "\u0665", "\u0967", "\uff15", "\u0661\u066c\u0660\u0660\u0660", "\u00bd", "\u00b2",
    "\u2460", "\u4e94", "\u22125", "5\u066b5", "five", "null", "true", "None", "[5]", "5,5,5", "5;5", "5 5",
)  # fmt: skip
ADDING = ("5", "-5", "-25", "0.0001", "-.0001", "1,000.25", "999999999975", "999999999975.0001", "999999999999", "-30")


def cases() -> list[Case]:
    """Every case of the category."""
    writer = Writer("G")
    for text in OVERWRITING:
        writer.values(f"overwrite with {shown(text)}", {"amount": text, "add_to_existing": "false"})
    for text in ADDING:
        writer.values(f"add {shown(text)} to 25", {"amount": text, "add_to_existing": "true"}, EVERY_FORM)
    with_status = {"amount": "1000000000001", "add_to_existing": "true", "status": "Nothing"}
    writer.values("the status is looked at before the amount", with_status, EVERY_FORM)
    refused = {"amount": "1000000000001", "add_to_existing": "true", "status": "Funded"}
    writer.values("nothing of a call is applied when its amount is refused", refused, EVERY_FORM)
    return writer.cases


def shown(text: str) -> str:
    """A value in a note: cut, and in ASCII."""
    return ascii(text if len(text) <= 40 else text[:20] + "\u2026")
