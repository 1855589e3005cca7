"""Category J: a field's name, and its value by its type."""

from tests.corpus.amounts import shown
from tests.corpus.model import Case
from tests.corpus.writer import EVERY_FORM, FOUR_FORMS, Writer

NAMES = (
    "loanamt", " LoanAmt ",
    "Loan_Amount", "LOAN_AMOUNT", " loan_amount", "loan_amount ", "loan amount", "loan-amount", "Loan amount",
    "unknown",
    "solar_kw", "theirs", "retired", "lead_id", "status", "amount", "api_key", "field_name", "return_reason_id",
    "buyer_contract_id", "revenue", "sold_price", "version", "__proto__", "constructor", "__class__", "id", "1", "*",
    "loan_amount,note", "loan_amount;note", "note' --", "n\u043ete", "note\n", "note[]", "note.x", "$where",
    "n" * 65, "n" * 4000,
)  # fmt: skip
VALUES = {
    "loan_amount": (
        "25000", "25000.00", "1,234.5", "$5", "$1,234.50", "\u00a32.50", "-5", "+5", ".5", " 7 ", "0", "-0",
        "999999999999999",
        "", "NaN", "Infinity", "-Infinity", "1e9", "1E9", "five", "5 USD", "USD 5", "5$", "\u20ac5", "5,5", "12,34",
        "1,2345",
        "5.12345", "5.", "0x10", "1_000", "--5", "\u0665", "\u00bd", "\u00b2", " ", "$", "-", "$$5", "5%", "true",
        "null",
        "1" * 16, "9" * 5000, "5\n", "5\u00a0",
    ),
    "closed_on": (
        "2026-03-01", "2024-02-29", "9999-12-31", "0001-01-01", "01/31/2026", "12/31/1999", "",
        "2026-02-30", "2026-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "0000-00-00", "0000-01-01", "10000-01-01",
        "31/01/2026", "13/01/2026", "02/30/2026", "00/10/2026", "03-01-2026", "2026/03/01", "01.03.2026",
        "1 March 2026",
        "March 1, 2026", "tomorrow", "now", "1772323200", "2026-03-01T10:00:00Z", "2026-03-01 10:00", "2026-03-01Z",
        "2026-03-01+02:00", "-2026-03-01", "2026-03-0\uff11", "\u0662\u0660\u0662\u0666-\u0660\u0663-\u0660\u0661",
        "2026\u201003\u201001", "2026-03-01\n", "2026-03", "2026", "2026-W10-1", "NaN", "null", "2" * 4000,
    ),
    "insured": (
        "true", "false", "1", "0", "yes", "no", "",
        "on", "off", "t", "f", "y", "n", "2", "-1", "tru\u0435", "true,false", "null", "1.0", "maybe",
    ),
    "grade": ("A", "B", "", "C", "a", "A ", " A", "A,B", "AB", "\u0410", "\uff21", "*", "null", "0"),
    "note": (
        "five5", "\U0001f389" * 5, "caf\u00e9", "",
        "sixsix", "\U0001f389" * 6, "cafe\u0301s", " " * 6, "x" * 4000,
    ),
    "remark": (
        "r" * 4000, "r" * 4001, "<script>alert(1)</script>", "=1+1", "' OR 1=1 --", "\u202etxt.exe",
        "${jndi:ldap://x}", "{{7*7}}",
        "\\", "a\tb", "a\nb", "a\r\nb", "a\rb", "\ufffd", "\ue000", "\U0010fffd", "]]>", "&amp;", "null", "NaN",
        " outer blanks stay ", "../../etc/passwd",
    ),
}  # fmt: skip


def cases() -> list[Case]:
    """Every case of the category."""
    writer = Writer("J")
    for name in NAMES:
        writer.values(f"the name {shown(name)}", {"field_name": name, "field_value": "5"}, ("form", "json", "soap11"))
    for name, values in VALUES.items():
        for text in values:
            changes = {"field_name": name, "field_value": text}
            writer.values(f"{name} = {shown(text)}", changes, ("form", "json", "soap12"))
    writer.values("a value without a name says nothing", {"field_name": "", "field_value": "5"}, EVERY_FORM)
    writer.values(
        "a value of no type without a name says nothing", {"field_name": "", "field_value": "NaN"}, EVERY_FORM
    )
    writer.values("neither name nor value", {"field_name": "", "field_value": ""}, EVERY_FORM)
    for name, text in (("unknown", "5"), ("loan_amount", "NaN"), ("note", "too long")):
        changes = {
            "status": "Funded",
            "amount": "7",
            "add_to_existing": "false",
            "field_name": name,
            "field_value": text,
        }
        writer.values("nothing of a call is applied when its field is refused", changes, EVERY_FORM)
    changes = {"field_name": "unknown", "field_value": "x", "amount": "1000000000001", "add_to_existing": "true"}
    writer.values("the amount is looked at before the field", changes, FOUR_FORMS)
    changes = {"field_name": "loan_amount", "field_value": "NaN", "return_reason_id": "99"}
    writer.values("the field is looked at before the return", changes, FOUR_FORMS)
    return writer.cases
