"""Category F: whole numbers, and the contracts and return reasons they name."""

from tests.corpus.model import Case
from tests.corpus.writer import EVERY_FORM, FOUR_FORMS, Writer

CONTRACTS = {
    "": "empty",
    "217": "the lead's contract",
    " 217 ": "blanks around it",
    "\t217\n": "other blanks around it",
    "+217": "a sign",
    "000217": "leading zeros",
    "0" * 60 + "217": "very many leading zeros",
    "0": "the only one there is",
    "-0": "zero with a sign",
    "-1": "below zero",
    "-217": "below zero",
    "218": "the buyer's own, which did not buy the lead",
    "219": "the buyer's own and inactive, which did not buy the lead",
    "300": "another buyer's",
    "1": "nobody's",
    "217.0": "a fraction",
    "217.": "a point",
    "2.17e2": "an exponent",
    "217e0": "an exponent",
    "0xD9": "hexadecimal",
    "0b11011001": "binary",
    "2147483647": "the greatest",
    "2147483648": "one more than the greatest",
    "-2147483648": "the least",
    "-2147483649": "one less than the least",
    "4294967513": "217 more than 32 bits hold",
    "99999999999999999999": "more than 64 bits hold",
    "9" * 5000: "five thousand digits",
    "217abc": "letters behind it",
    "217 218": "two",
    "217,218": "two with a comma",
    "217;218": "two with a semicolon",
    "0,217": "a comma",
    "2_17": "an underline, as Python has it",
    "+-217": "two signs",
    "217-": "the sign behind it",
    "- 217": "a blank behind the sign",
    "(217)": "in brackets",
    "$217": "a currency",
    "\u0662\u0661\u0667": "Arabic digits",
    "\uff12\uff11\uff17": "fullwidth digits",
    "\u2212217": "a minus that is no hyphen",
    "217\u00a0": "a no-break space",
    "\u200b217": "a zero-width space",
    "\u00b2": "a superscript",
    "NaN": "no number",
    "true": "a truth",
    "null": "null as text",
    "[217]": "a list",
}
REASONS = {
    "1": "an active reason",
    " 2 ": "an active reason with blanks",
    "+1": "an active reason with a sign",
    "-0": "zero with a sign",
    "3": "an inactive reason",
    "99": "no reason",
    "-1": "no reason",
    "2147483647": "no reason",
    "2147483648": "out of range",
    "": "empty",
    "1.0": "a fraction",
    "1,000": "a comma",
    "1e0": "an exponent",
    "Invalid phone": "a reason's name",
    "\u0661": "an Arabic digit",
}


def cases() -> list[Case]:
    """Every case of the category."""
    writer = Writer("F")
    for text, note in CONTRACTS.items():
        writer.values(f"contract: {note}", {"buyer_contract_id": text, "status": "Funded"})
    for text, note in REASONS.items():
        writer.values(f"reason: {note}", {"return_reason_id": text})
        writer.values(
            f"Return, reason: {note}",
            {"lead_id": "{lead}", "return_reason_id": text, "buyer_contract_id": "0"},
            ("form", "json", "soap12"),
            operation="Return",
        )
    for contract in ("0", "217", "218", "219", "300"):
        note = f"contract {contract} of a lead sold to 217 and 218"
        writer.values(note, {"buyer_contract_id": contract, "status": "Funded"}, EVERY_FORM, sold="multi")
    for sold in ("final", "old"):
        writer.values(f"a return of a sale that is {sold}", {"return_reason_id": "1"}, EVERY_FORM, sold=sold)
        writer.values(f"no return of a sale that is {sold}", {"return_reason_id": "0", "status": "Funded"}, sold=sold)
    both_wrong = {"return_reason_id": "99", "status": "Nothing"}
    writer.values("the status is looked at before the return", both_wrong, FOUR_FORMS)
    return writer.cases
