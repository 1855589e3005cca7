"""Category W: the newer form, in which every parameter that is none of its own is a field."""

import json

from tests.corpus.forms import HOST, JSON_TYPE, KEY, NEWER_SERVICE, Request, encoded, form, get, script
from tests.corpus.model import Case
from tests.corpus.rules import Expectation, refused, updated
from tests.corpus.writer import PLAIN_FORMS, Writer

OPERATION = "UpdateLeadStatus"
PLAIN = {"api_key": "{{key}}", "lead_id": "{lead}", "status": "Funded"}
SENT = encoded(PLAIN)
ACCEPTED = updated(status="Funded")
WITHOUT_KEY = {"lead_id": "{lead}", "status": "Funded"}

ACCEPTED_FIELDS: tuple[dict[str, str], ...] = (
    {"sub_status": "Full Payment"},
    {"sub_status": ""},
    {"sub_status": "Full Payment", "loan_amount": "25000"},
    {"loan_amount": "$25,000.50", "note": "five5", "closed_on": "2026-03-01", "insured": "yes", "grade": "A"},
    {"remark": "a & b <c>"},
    {"loan_amount": ""},
    {"loan_amount": "1", "note": ""},
    {"loanamt": "7"},
    {"buyer_contract_id": "217"},
    {"buyer_contract_id": "0"},
    {"happened_at": ""},
    {"idempotency_key": ""},
)
REFUSED_FIELDS: tuple[dict[str, str], ...] = (
    {"unknown": "5"},
    {"loan_amount": "1", "unknown": "5"},
    {"loan_amount": "1", "note": "2", "unknown": ""},
    {"solar_kw": "5"},
    {"theirs": "x"},
    {"retired": "x"},
    {"amount": "5"},
    {"add_to_existing": "true"},
    {"field_name": "loan_amount"},
    {"field_value": "5"},
    {"return_reason_id": "1"},
    {"__proto__": "x"},
    {"constructor": "x"},
    {"revenue": "1"},
    {"utm_source": "x"},
    {"lead-id": "x"},
    {"loan amount": "5"},
    {" loan_amount": "5"},
    {"loan_amount ": "5"},
    {"loan_amount[]": "5"},
    {"loan_amount.x": "5"},
    {"_": "1"},
    {"callback": "x"},
    {"loan_amount": "NaN"},
    {"loan_amount": "1", "note": "too long"},
    {"loan_amount": "1e5", "note": "x"},
    {"closed_on": "2026-02-30"},
    {"insured": "maybe", "loan_amount": "1"},
    {"grade": "C"},
    {"sub_status": "full payment"},
    {"sub_status": "Gone", "loan_amount": "1"},
    {"buyer_contract_id": "218"},
    {"buyer_contract_id": "300"},
    {"buyer_contract_id": "-1"},
    {"buyer_contract_id": "217.0"},
    {"buyer_contract_id": "x", "loan_amount": "1"},
)


def cases() -> list[Case]:
    """Every case of the category."""
    writer = Writer("W")
    for more in (*ACCEPTED_FIELDS, *REFUSED_FIELDS):
        told = ", ".join(f"{name}={value}" for name, value in more.items())
        writer.values(told, PLAIN | more, PLAIN_FORMS, operation=OPERATION)
    for status, sub_status in (
        ("", ""),
        ("", "Partial"),
        ("funded", ""),
        ("Old", ""),
        ("Sold!", "Partial"),
        ("R&D <hot>", ""),
    ):
        values = PLAIN | {"status": status, "sub_status": sub_status}
        writer.values(f"status {status}, sub-status {sub_status}", values, PLAIN_FORMS, operation=OPERATION)
    for sold, contract in (
        ("multi", "0"),
        ("multi", "218"),
        ("multi", "300"),
        ("foreign", "0"),
        ("nobody", "0"),
        ("lapsed", "219"),
        ("test", "0"),
    ):
        values = PLAIN | {"buyer_contract_id": contract}
        writer.values(
            f"contract {contract} of a lead sold so: {sold}", values, PLAIN_FORMS, operation=OPERATION, sold=sold
        )
    for name in ("lead_id", "status"):
        values = {held: text for held, text in PLAIN.items() if held != name}
        writer.values(f"{name} is missing", values, PLAIN_FORMS, operation=OPERATION)
        writer.values(f"{name} is empty", PLAIN | {name: ""}, PLAIN_FORMS, operation=OPERATION)
    _keys(writer)
    _names(writer)
    _numbers_of_fields(writer)
    _addresses(writer)
    return writer.cases


def keyless(request: Request, *more: tuple[str, str]) -> Request:
    """The same without the header that holds the key."""
    headers = tuple(header for header in request.headers if header != KEY)
    return Request(
        transport=request.transport,
        method=request.method,
        target=request.target,
        headers=(*headers, *more),
        body=request.body,
    )


def _keys(writer: Writer) -> None:
    def all_forms(values: dict[str, str]) -> tuple[Request, ...]:
        raw = encoded(values)
        return get(raw, OPERATION), form(raw, OPERATION), script(json.dumps(values).encode(), OPERATION)

    for request in all_forms(PLAIN):
        writer.bytes("the key is a parameter", keyless(request), ACCEPTED)
    for header in (
        KEY,
        ("Authorization", "Bearer {{key}}"),
        ("Authorization", "Basic {{basic_user}}"),
        ("Authorization", "Basic {{basic_password}}"),
    ):
        for request in all_forms(WITHOUT_KEY):
            writer.bytes(f"the key is in {header[0]}", keyless(request, header), ACCEPTED)
    for key in (
        None,
        "",
        "wrong",
        "lbk_1_x",
        " {{key}}",
        "{{key}} ",
        "{{key}}x",
        "{{key}},{{key}}",
        "*",
        "null",
        "k" * 51,
    ):
        values = WITHOUT_KEY | ({} if key is None else {"api_key": key})
        for request in all_forms(values):
            writer.bytes("no key of anybody's", keyless(request), refused("Invalid API Key"))
    for request in all_forms(PLAIN | {"api_key": "{{foreign_key}}"}):
        writer.bytes("somebody else's key", keyless(request), refused("Invalid Lead ID"))
        writer.bytes("two keys are none", request, refused("Invalid API Key"))


def _names(writer: Writer) -> None:
    loan = updated(status="Funded", fields={"loan_amount": "5.0000"})
    for name in ("LOAN_AMOUNT", "Loan_Amount", "loan%5Famount"):
        for request in (get(SENT + f"&{name}=5".encode(), OPERATION), form(SENT + f"&{name}=5".encode(), OPERATION)):
            writer.bytes("a parameter's name has no case", request, loan)
    for raw in (b"LEAD_ID={lead}&STATUS=Funded&API_KEY={{key}}", b"lead_id={lead}&Status=Funded&Api_Key={{key}}"):
        writer.bytes("a parameter's name has no case", get(raw, OPERATION), ACCEPTED)
    for more in (
        "loan_amount=5&loan_amount=5",
        "loan_amount=5&LOAN_AMOUNT=6",
        "status=Dead",
        "Lead_Id={lead}",
        "unknown=1&unknown=2",
    ):
        for request in (get(SENT + f"&{more}".encode(), OPERATION), form(SENT + f"&{more}".encode(), OPERATION)):
            writer.bytes(f"twice: {more}", request, Expectation("L1", None))
    for name in ("l\u043ean_amount", "loan_amount\u200b", "\uff4coan_amount", "loan_amo\u00fcnt"):
        values = PLAIN | {name: "5"}
        for request in (get(encoded(values), OPERATION), script(json.dumps(values).encode(), OPERATION)):
            writer.bytes("a name that only looks like a field's", request, refused("Invalid Lead Field"))
    for raw in (b"&loan_amount=%00", b"&loan%00_amount=5", b"&note=%FF", b"&%FF=5", b"&note=%ED%A0%80"):
        writer.bytes("no UTF-8, or characters XML forbids", get(SENT + raw, OPERATION), Expectation("L1", None))
    for more in ('"loan_amount":5', '"loan_amount":"5.0"'):
        body = json.dumps(PLAIN)[:-1] + f",{more}}}"
        writer.bytes("a number, or its text", script(body.encode(), OPERATION), loan)
    for more in ('"loan_amount":[5]', '"loan_amount":{"x":5}', '"loan_amount":5,"Loan_Amount":5', '"x":[]'):
        body = json.dumps(PLAIN)[:-1] + f",{more}}}"
        writer.bytes("no value, or two", script(body.encode(), OPERATION), Expectation("L1", None))
    null = json.dumps(PLAIN)[:-1] + ',"note":null}'
    writer.bytes("null clears a field", script(null.encode(), OPERATION), ACCEPTED)
    writer.bytes("a part without `=` is nobody's field", get(SENT + b"&note&x", OPERATION), ACCEPTED)


def _numbers_of_fields(writer: Writer) -> None:
    for number, found in ((196, refused("Invalid Lead Field")), (198, Expectation("L1", "Too many parameters."))):
        more = b"".join(f"&f{place}=1".encode() for place in range(number))
        for request in (get(SENT + more, OPERATION), form(SENT + more, OPERATION)):
            writer.bytes(f"{number} fields", request, found)


def _addresses(writer: Writer) -> None:
    for name in ("updateleadstatus", "UpdateLead", "Return", "GetReturnReasons", "UpdateLeadStatus/MYKEY", "Foo"):
        target = f"{NEWER_SERVICE}/{name}?".encode() + SENT
        request = Request(transport="get", method="GET", target=target, headers=(HOST, KEY))
        writer.bytes("no such operation here", request, Expectation("L1", None))
    mixed = Request(
        transport="get", method="GET", target=b"/API/1/Buyers.ASMX/UpdateLeadStatus?" + SENT, headers=(HOST, KEY)
    )
    writer.bytes("the path has no case", mixed, ACCEPTED)
    asked = Request(
        transport="json",
        method="GET",
        target=f"{NEWER_SERVICE}/{OPERATION}".encode(),
        headers=(HOST, ("Content-Type", JSON_TYPE), KEY),
    )
    told = "An attempt was made to call the method 'UpdateLeadStatus' using a GET request, which is not allowed."
    writer.bytes("a script does not GET", asked, Expectation("L1", told))
