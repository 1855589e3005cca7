"""Category M: JSON."""

import json

from tests.corpus.forms import HOST, JSON_TYPE, KEY, SERVICE, Request, nothing, script
from tests.corpus.model import Case
from tests.corpus.rules import FORMAT, UPDATE_LEAD, Expectation, missing, not_converted, refused, updated
from tests.corpus.writer import Writer

ACCEPTED = updated(status="Funded")
NO_JSON = Expectation("L1", None)
TOO_LARGE = Expectation("L0 413", None)

GOOD = json.dumps(nothing(status="Funded"))
OPEN = json.dumps(nothing(status=None))[:-1]
"""All but the status and the closing brace."""


def cases() -> list[Case]:
    """Every case of the category."""
    writer = Writer("M")
    _documents(writer)
    _syntax(writer)
    _kinds(writer)
    _numbers(writer)
    _texts(writer)
    _keys(writer)
    _encodings(writer)
    _sizes(writer)
    _clients(writer)
    _requests(writer)
    return writer.cases


def said(**raw: str) -> Request:
    """A call in which some parameters are the JSON given."""
    values = {name: json.dumps(text) for name, text in nothing().items()} | raw
    return script(("{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in values.items()) + "}").encode())


def _documents(writer: Writer) -> None:
    for text in ("null", "true", "false", "1", '"x"', "[]", f"[{GOOD}]", '[["lead_id","x"]]', f'"{"x" * 100}"'):
        writer.bytes("no object", script(text.encode()), NO_JSON)
    for text in ("{}", "", " "):
        writer.bytes("nothing is told", script(text.encode()), Expectation("L1", None))
    writer.bytes("nothing needs to be told", script(b"{}", "GetReturnReasons"), Expectation("OK", None), sold="nobody")
    writer.bytes(
        "more than needs to be told",
        script(b'{"x":[1,{"y":null}]}', "GetReturnReasons"),
        Expectation("OK", None),
        sold="nobody",
    )
    nested = '{"d":' + GOOD + "}"
    writer.bytes("a call in a call", script(nested.encode()), missing("json", "lead_id"))


def _syntax(writer: Writer) -> None:
    for note, text in {
        "an end is missing": GOOD[:-1],
        "cut in the middle": GOOD[: len(GOOD) // 2],
        "two objects": GOOD + GOOD,
        "text behind it": GOOD + "x",
        "a comma behind it": GOOD + ",",
        "text before it": "x" + GOOD,
        "a guard before it": ")]}',\n" + GOOD,
        "a comma at the end": GOOD[:-1] + ",}",
        "two commas": GOOD.replace(",", ",,", 1),
        "single quotes": GOOD.replace('"', "'"),
        "names without quotes": GOOD.replace('"lead_id"', "lead_id"),
        "a comment": GOOD.replace("{", "{/* x */", 1),
        "a comment to the line's end": GOOD + "// x",
        "a name that is a number": GOOD.replace('"lead_id"', "1", 1),
        "a semicolon": GOOD.replace(",", ";", 1),
        "an equals sign": GOOD.replace(":", "=", 1),
        "a line end in a text": GOOD.replace("Funded", "Fun\nded"),
        "a tab in a text": GOOD.replace("Funded", "Fun\tded"),
        "NUL in a text": GOOD.replace("Funded", "Fun\0ded"),
        "an escape there is not": GOOD.replace("Funded", "\\x46unded"),
        "half an escape": GOOD.replace("Funded", "\\u46"),
        "a form": "lead_id=1&status=Funded",
        "XML": "<UpdateLead/>",
        "padding": f"callback({GOOD})",
        "several lines of JSON": GOOD + "\n" + GOOD,
    }.items():
        writer.bytes(note, script(text.encode()), NO_JSON)
    writer.bytes("blanks around everything", script(b" \r\n\t" + GOOD.replace(",", " , \n").encode() + b"\n"), ACCEPTED)


def _kinds(writer: Writer) -> None:
    for name in UPDATE_LEAD:
        for note, value in (("a list", '["x"]'), ("an object", '{"x":1}'), ("an empty list", "[]")):
            writer.bytes(f"{name} is {note}", said(**{name: value}), NO_JSON)
    for name in ("status", "sub_status", "amount", "field_name", "field_value"):
        writer.bytes(f"{name} is null, which is empty", said(**{name: "null"}), updated())
    writer.bytes("no lead", said(lead_id="null"), refused("Invalid Lead ID"))
    for name in ("buyer_contract_id", "return_reason_id"):
        writer.bytes(f"{name} is null", said(**{name: "null"}), not_converted("json", "", "Int32", FORMAT))
    writer.bytes("null adds to nothing", said(add_to_existing="null", amount="null"), updated())
    writer.bytes("null adds to an amount", said(add_to_existing="null"), not_converted("json", "", "Boolean", ""))
    for value, revenue in (("true", "30.0000"), ("false", "5.0000")):
        writer.bytes(f"{value} is a boolean", said(amount="5", add_to_existing=value), updated(revenue=revenue))
    for value in ("1", "0", "1.0"):
        writer.bytes(
            f"{value} is no boolean",
            said(amount="5", add_to_existing=value),
            not_converted("json", value, "Boolean", ""),
        )
    for name, value, type_name in (("amount", "true", "Decimal"), ("buyer_contract_id", "false", "Int32")):
        writer.bytes(f"{name} is a boolean", said(**{name: value}), not_converted("json", value, type_name, ""))
    writer.bytes("a status that is true", said(status="true"), refused("Invalid Lead Status"))
    writer.bytes("a status that is a number", said(status="1"), refused("Invalid Lead Status"))
    insured = updated(fields={"insured": "true"})
    writer.bytes("a field's value that is true", said(field_name='"insured"', field_value="true"), insured)


def _numbers(writer: Writer) -> None:
    for value in ("217", "0", "-0"):
        writer.bytes(f"the contract {value}", said(buyer_contract_id=value, status='"Funded"'), ACCEPTED)
    for value in ("217.0", "2.17e2", "217E0", "0.5"):
        writer.bytes(
            f"the contract {value}", said(buyer_contract_id=value), not_converted("json", value, "Int32", FORMAT)
        )
    writer.bytes(
        "a contract of 5,000 digits", said(buyer_contract_id="9" * 5000), not_converted("json", "9" * 100, "Int32", "")
    )
    for value, revenue in (
        ("5", "5.0000"),
        ("5.00", "5.0000"),
        ("-12.3456", "-12.3456"),
        ("0", "0.0000"),
        ("-0.0", "0.0000"),
    ):
        writer.bytes(f"the amount {value}", said(amount=value, add_to_existing="false"), updated(revenue=revenue))
    for value in ("1e5", "1E400", "1e-5", "5.00001", "0.1e1", "1" * 16, "9" * 5000, "1e999999999", "0." + "1" * 400):
        writer.bytes(
            f"the amount {value[:20]}",
            said(amount=value, add_to_existing="false"),
            not_converted("json", value, "Decimal", ""),
        )
    for value in (
        "NaN",
        "Infinity",
        "-Infinity",
        "-NaN",
        "0x10",
        "05",
        "+5",
        ".5",
        "5.",
        "1_000",
        "1,000",
        "--5",
        "5d",
        "\u0665",
        "undefined",
        "True",
        "None",
        "nan",
    ):
        writer.bytes(f"{value!a} is no number of JSON", said(amount=value, add_to_existing="false"), NO_JSON)
    writer.bytes(
        "a number is a field's value",
        said(field_name='"loan_amount"', field_value="25000.5"),
        updated(fields={"loan_amount": "25000.5000"}),
    )
    writer.bytes(
        "a number with an exponent is none",
        said(field_name='"loan_amount"', field_value="25e3"),
        refused("Invalid Field Value"),
    )


def _texts(writer: Writer) -> None:
    def remark(raw: str) -> Request:
        return said(field_name='"remark"', field_value=f'"{raw}"')

    for raw, text in {
        "\\u0041": "A",
        "\\ud83c\\udf89": "\U0001f389",
        '\\/\\\\\\"': '/\\"',
        "\\n\\r\\t": "\n\r\t",
        "caf\\u00e9": "caf\u00e9",
        "\u00e9": "\u00e9",
        "\\u2028\u2029": "\u2028\u2029",
        "\\u007f": "\x7f",
        "%41+&": "%41+&",
    }.items():
        writer.bytes(f"{raw!a} says {text!a}", remark(raw), updated(fields={"remark": text}))
    told = Expectation("L1", "Invalid characters in parameter: field_value.")
    for raw in (
        "\\u0000", "\\u0001", "\\b", "\\f", "\\u000b", "\\u001b[31m", "\\ud800", "\\udfff", "\\ud83c",
        "\\udf89\\ud83c", "\\ud800A",
        "\\ufffe", "\\uffff",
    ):  # fmt: skip
        writer.bytes("characters XML forbids", remark(raw), told)
    for raw in ("\\ud800", "x\\u0000"):
        for value in ('"x"', '["x"]'):
            request = script((OPEN + f',"status":"Funded","{raw}":{value}}}').encode())
            writer.bytes("characters XML forbids in a name that is not declared", request, ACCEPTED)


def _keys(writer: Writer) -> None:
    for name, text in (("status", "Funded"), ("amount", "0"), ("lead_id", "{lead}"), ("add_to_existing", "TRUE")):
        for again in (name, name.upper(), name.title()):
            request = script((GOOD[:-1] + f',"{again}":"{text}"}}').encode())
            writer.bytes(f"{name} twice", request, Expectation("L1", f"Duplicate parameter: {name}."))
    escaped = script((GOOD[:-1] + ',"st\\u0061tus":"Dead"}').encode())
    writer.bytes("twice, once with an escape", escaped, Expectation("L1", "Duplicate parameter: status."))
    null = script((GOOD[:-1] + ',"status":null}').encode())
    writer.bytes("twice, once null", null, Expectation("L1", "Duplicate parameter: status."))
    for more in (
        '"__type":"x"',
        '"x":[[]]',
        '"x":{"status":"Dead"}',
        '"x":1,"x":2',
        '"__proto__":{"status":"Dead"}',
        '"":""',
    ):
        writer.bytes("what is not declared is ignored", script((GOOD[:-1] + f",{more}}}").encode()), ACCEPTED)
    for name in ("STATUS", "Status", "st\\u0061tus"):
        writer.bytes(
            "a name may be escaped, and has no case", script((OPEN + f',"{name}":"Funded"}}').encode()), ACCEPTED
        )
    for name in (" status", "status ", "\u017ftatus", "status\\u200b", "status[]", "$.status"):
        writer.bytes(
            "a name that only looks like one",
            script((OPEN + f',"{name}":"Funded"}}').encode()),
            missing("json", "status"),
        )
    many = ",".join(f'"x{place}":1' for place in range(191))
    writer.bytes("two hundred names", script((GOOD[:-1] + f",{many}}}").encode()), ACCEPTED)
    too_many = Expectation("L1", "Too many parameters.")
    for number in (192, 5000):
        many = ",".join(f'"x{place}":1' for place in range(number))
        writer.bytes(f"{number + 9} names", script((GOOD[:-1] + f",{many}}}").encode()), too_many)


def _encodings(writer: Writer) -> None:
    cafe = OPEN + ',"status":"Caf\u00e9"}'
    found = updated(status="Caf\u00e9")
    writer.bytes("UTF-8", script(cafe.encode()), found)
    writer.bytes("UTF-8 with its mark", script(b"\xef\xbb\xbf" + cafe.encode()), found)
    for kind in (
        f"{JSON_TYPE}; charset=utf-8",
        f"{JSON_TYPE};charset=UTF-8",
        f'{JSON_TYPE}; charset="utf-8"',
        "Application/JSON",
    ):
        writer.bytes("JSON, however it is declared", script(cafe.encode(), content_type=kind), found)
    writer.bytes("Latin-1", script(cafe.encode("latin-1")), NO_JSON)
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037"):
        for kind in (JSON_TYPE, f"{JSON_TYPE}; charset={encoding}"):
            if encoding != "utf-7" or kind != JSON_TYPE:
                writer.bytes(f"{encoding} is not read", script(cafe.encode(encoding), content_type=kind), NO_JSON)
    for raw in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xc3"):
        writer.bytes("no UTF-8", script(OPEN.encode() + b',"status":"' + raw + b'"}'), NO_JSON)
    writer.bytes("two marks", script(b"\xef\xbb\xbf\xef\xbb\xbf" + cafe.encode()), NO_JSON)


def _sizes(writer: Writer) -> None:
    for depth in (50, 10_000, 30_000):
        for left, right in (("[", "]"), ('{"x":', "}")):
            inside = left * depth + ("1" if left != "[" else "") + right * depth
            if len(inside) < 60_000:
                found = ACCEPTED if depth == 50 else NO_JSON
                writer.bytes(f"{depth} deep", script((GOOD[:-1] + f',"x":{inside}}}').encode()), found)
        if depth > 50:
            writer.bytes(f"{depth} deep, never closed", script(b"[" * depth), NO_JSON)
    length = len(GOOD.replace("{lead}", "M999-JSON-KIS"))
    for more, found in ((0, ACCEPTED), (1, TOO_LARGE), (1024 * 1024, TOO_LARGE)):
        filler = " " * (64 * 1024 - length + more)
        writer.bytes("a body of 64 KiB, or more", script((GOOD + filler).encode()), found)
    writer.bytes("a text of 1 MB", said(status=f'"{"x" * 1_000_000}"'), TOO_LARGE)
    writer.bytes("a text of 60 KB", said(status=f'"{"x" * 60_000}"'), refused("Invalid Lead Status"))


def _clients(writer: Writer) -> None:
    """As a well-known client sends them: every value is a text."""
    for changes, change in (
        ({"status": "Funded", "sub_status": "Full Payment"}, {"status": "Funded", "sub_status": "Full Payment"}),
        ({"amount": "10", "add_to_existing": "TRUE"}, {"revenue": "35.0000"}),
        (
            {"amount": "0", "add_to_existing": "FALSE", "return_reason_id": "1"},
            {"revenue": "0.0000", "return_reason_id": 1},
        ),
        ({"field_name": "loan_amount", "field_value": "25000"}, {"fields": {"loan_amount": "25000.0000"}}),
    ):
        text = json.dumps(nothing(**({"buyer_contract_id": "0"} | changes)))
        writer.bytes("every value is a text", script(text.encode()), updated(**change))
    returned = json.dumps({"lead_id": "{lead}", "return_reason_id": "2", "buyer_contract_id": "0"})
    writer.bytes("a return", script(returned.encode(), "Return"), updated("Lead returned", return_reason_id=2))


def _requests(writer: Writer) -> None:
    for name in ("UpdateLead", "Return", "GetReturnReasons"):
        asked = Request(
            transport="json",
            method="GET",
            target=f"{SERVICE}/{name}".encode(),
            headers=(HOST, ("Content-Type", JSON_TYPE), KEY),
        )
        told = f"An attempt was made to call the method '{name}' using a GET request, which is not allowed."
        writer.bytes("a script does not GET", asked, Expectation("L1", told))
    for name in ("Foo", "UpdateLeads"):
        writer.bytes("no such method", script(GOOD.encode(), name), Expectation("L1", None))
    gzip = Request(
        transport="json",
        target=f"{SERVICE}/UpdateLead".encode(),
        headers=(HOST, ("Content-Type", JSON_TYPE), KEY, ("Content-Encoding", "gzip")),
        body=GOOD.encode(),
    )
    writer.bytes("no body is unpacked", gzip, Expectation("L0 415", None))
