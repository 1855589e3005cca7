"""Category D: each of UpdateLead's nine parameters missing, empty, twice, in capitals, padded, broken and endless."""

import json
from collections.abc import Callable

from tests.corpus import rules
from tests.corpus.forms import Request, encoded, form, get, nothing, script
from tests.corpus.model import Case
from tests.corpus.rules import UPDATE_LEAD, Expectation, missing
from tests.corpus.writer import PLAIN_FORMS, Writer

WHOLE = nothing(
    status="Funded",
    sub_status="Full Payment",
    amount="5",
    add_to_existing="true",
    field_name="loan_amount",
    field_value="25000",
)
OTHER = {
    "lead_id": "OTHER",
    "buyer_contract_id": "218",
    "status": "Dead",
    "sub_status": "Partial",
    "amount": "7",
    "add_to_existing": "false",
    "field_name": "note",
    "field_value": "7",
    "return_reason_id": "1",
}
"""Another value for each."""
TREATMENTS = ("missing", "empty", "twice", "two values", "two cases", "capitals", "padded", "NUL", "endless")

ENDLESS = "A" * 64 * 1024

Pairs = list[tuple[str, str]]


def cases() -> list[Case]:
    """Every case of the category."""
    writer = Writer("D")
    for name in UPDATE_LEAD:
        for treatment in TREATMENTS:
            for transport in PLAIN_FORMS:
                writer.bytes(
                    f"{name}: {treatment}", sent(name, treatment, transport), expected(name, treatment, transport)
                )
    return writer.cases


def sent(name: str, treatment: str, transport: str) -> Callable[[str], Request]:
    """The request, made for a lead."""

    def make(lead_id: str) -> Request:
        values = {held: text.replace("{lead}", lead_id) for held, text in WHOLE.items()}
        return in_form(changed(list(values.items()), name, treatment), transport)

    return make


def changed(pairs: Pairs, name: str, treatment: str) -> Pairs:
    """The pairs of a whole call with one parameter so treated."""
    place = [held for held, _ in pairs].index(name)
    text = pairs[place][1]
    instead: dict[str, Pairs] = {
        "missing": [],
        "empty": [(name, "")],
        "twice": [(name, text), (name, text)],
        "two values": [(name, text), (name, OTHER[name])],
        "two cases": [(name, text), (name.upper(), text)],
        "capitals": [(name.upper(), text)],
        "padded": [(f" {name} ", text)],
        "NUL": [(name, text + "\0")],
        "endless": [(name, ENDLESS)],
    }
    return [*pairs[:place], *instead[treatment], *pairs[place + 1 :]]


def in_form(pairs: Pairs, transport: str) -> Request:
    """The request that carries pairs, the same name twice where it stands twice."""
    if transport == "json":
        told = ",".join(f"{json.dumps(name)}:{json.dumps(text)}" for name, text in pairs)
        return script(("{" + told + "}").encode())
    raw = b"&".join(encoded({name: text}) for name, text in pairs)
    return get(raw) if transport == "get" else form(raw)


def expected(name: str, treatment: str, transport: str) -> Expectation:
    """What the rules say of it."""
    match treatment:
        case "missing" | "padded":
            # A padded name is another name, and what is not declared is ignored.
            return missing(transport, name)
        case "twice" | "two values" | "two cases":
            return Expectation("L1", f"Duplicate parameter: {name}.")
        case "NUL":
            return Expectation("L1", f"Invalid characters in parameter: {name}.")
        case "endless":
            return Expectation("L0 414|L0 431" if transport == "get" else "L0 413", None)
        case _:
            # `{lead}` stands for the lead itself.
            texts = {held: text for held, text in WHOLE.items() if held != name or treatment == "capitals"}
            emptied = texts if treatment == "capitals" else texts | {name: ""}
            return rules.judge("UpdateLead", emptied, transport, lead_id="{lead}")
