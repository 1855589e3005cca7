"""Category C: how query strings and forms are escaped, split and declared."""

from tests.corpus.forms import FORM_TYPE, HOST, KEY, SERVICE, Request, encoded, form, get, nothing
from tests.corpus.model import Case
from tests.corpus.rules import Expectation, missing, refused, updated
from tests.corpus.writer import Writer

LEAST = encoded(nothing(field_name="remark", field_value=None))
FUNDED = encoded(nothing(status="Funded"))
WITHOUT_STATUS = encoded(nothing(status=None))
ACCEPTED = updated(status="Funded")

REMARKS = {
    "%": "%",
    "%zz": "%zz",
    "%4": "%4",
    "%4z": "%4z",
    "100%25": "100%",
    "%2541": "%41",
    "%252541": "%2541",
    "%u0041": "%u0041",
    "a+b": "a b",
    "a%20b": "a b",
    "a%2Bb": "a+b",
    "a;b": "a;b",
    "a=b": "a=b",
    "a==b": "a==b",
    "%26status%3DDead": "&status=Dead",
    "%3D%26%3B": "=&;",
    "%0A%0D%0A%09": "\n\r\n\t",
    "caf%C3%A9": "caf\u00e9",
    "caf%c3%a9": "caf\u00e9",
    "%F0%9F%8E%89": "\U0001f389",
    "%EF%BF%BD": "\ufffd",
    "%EF%B7%90": "\ufdd0",
    "%7F%C2%85": "\x7f\x85",
    "%EF%BB%BFx": "\ufeffx",
    "'%22%3C%3E": "'\"<>",
}
"""Escaped text and what it says: `%` alone escapes nothing, `;` separates nothing, and all is escaped once."""

INVALID = (
    "%00", "a%00b", "%01", "%08", "%0B", "%0C", "%0E", "%1B[31m", "%1F",
    "%C0%AF", "%C0%80", "%E0%80%AF", "%F0%80%80%AF", "%ED%A0%80", "%ED%BF%BF", "%ED%A0%BD%ED%B8%80",
    "%F4%90%80%80", "%F8%88%80%80%80", "%FF", "%FE%FF", "%C3", "%C3%28", "%E2%82", "%80", "caf%E9",
    "%EF%BF%BE", "%EF%BF%BF",
)  # fmt: skip
"""No UTF-8, or characters that XML forbids."""


def cases() -> list[Case]:
    """Every case of the category."""
    writer = Writer("C")
    for raw, remark in REMARKS.items():
        sent = LEAST + b"&field_value=" + raw.encode()
        for request in (get(sent), form(sent)):
            writer.bytes(f"{raw} says {remark!a}", request, updated(fields={"remark": remark}))
    for raw in INVALID:
        sent = LEAST + b"&field_value=" + raw.encode()
        for request in (get(sent), form(sent)):
            told = Expectation("L1", "Invalid characters in parameter: field_value.")
            writer.bytes("no UTF-8, or characters XML forbids", request, told)
    _raw_bytes(writer)
    _names(writer)
    _structure(writer)
    _numbers_of_parameters(writer)
    _content_types(writer)
    _places(writer)
    return writer.cases


def _raw_bytes(writer: Writer) -> None:
    for raw in ("caf\u00e9", "\U0001f389", "\u2028"):
        sent = LEAST + b"&field_value=" + raw.encode()
        writer.bytes("UTF-8 may stand there unescaped", form(sent), updated(fields={"remark": raw}))
    for byte in (b"\x00", b"\x1b", b"\xff", b"\xe9", b"\xc0\xaf", b"\xed\xa0\x80"):
        told = Expectation("L1", "Invalid characters in parameter: field_value.")
        writer.bytes("unescaped, and not text", form(LEAST + b"&field_value=" + byte), told)


def _names(writer: Writer) -> None:
    for name in (b"%73tatus", b"%73%74%61%74%75%73", b"STATUS", b"Status", b"%53TATUS"):
        for request in (
            get(WITHOUT_STATUS + b"&" + name + b"=Funded"),
            form(WITHOUT_STATUS + b"&" + name + b"=Funded"),
        ):
            writer.bytes("a name may be escaped, and has no case", request, ACCEPTED)
    for name in (
        b"status%00", b"status[]", b"status[0]", b"status.x", b"+status", b"status+", b"%20status", b"%EF%BB%BFstatus",
        b"%2573tatus", b"st%C3%A4tus", b"status%C2%A0", b"%u0073tatus", b"amp;status", b"?status",
    ):  # fmt: skip
        found = Expectation("L1", None) if b"%00" in name else missing("get", "status")
        for request in (
            get(WITHOUT_STATUS + b"&" + name + b"=Funded"),
            form(WITHOUT_STATUS + b"&" + name + b"=Funded"),
        ):
            writer.bytes("a name that only looks like one", request, found)


def _structure(writer: Writer) -> None:
    turned = b"&".join(reversed(FUNDED.split(b"&")))
    for note, sent in (
        ("in any order", turned),
        ("empty parts say nothing", b"&&" + FUNDED.replace(b"&", b"&&&") + b"&"),
        ("a part without a name says nothing", b"=x&" + FUNDED + b"&="),
        ("a part that is a name alone says nothing", FUNDED + b"&nothing"),
        ("what is not declared is ignored", FUNDED + b"&utm_source=1&foo=bar"),
        ("what is not declared is ignored as often as it comes", FUNDED + b"&utm=1&utm=2&UTM=3"),
    ):
        for request in (get(sent), form(sent)):
            writer.bytes(note, request, ACCEPTED)
    for request in (get(WITHOUT_STATUS + b"&status"), form(WITHOUT_STATUS + b"&status")):
        writer.bytes("a name without `=` is not there", request, missing("get", "status"))
    for sent in (
        FUNDED.replace(b"&", b";"),
        FUNDED.replace(b"&", b"%26"),
        FUNDED.replace(b"&", b","),
        FUNDED.replace(b"&", b"\n"),
    ):
        for request in (get(sent), form(sent)) if b"\n" not in sent else (form(sent),):
            writer.bytes("nothing but & separates", request, missing("get", "buyer_contract_id"))
    for sent in (FUNDED.replace(b"=", b":"), FUNDED.replace(b"=", b"%3D"), b"", b"&", b"?" + FUNDED, b"x"):
        for request in (get(sent), form(sent)):
            writer.bytes("no lead is named", request, missing("get", "lead_id"))
    for sent in (b"%u0046unded", b"%2546unded", b"Funded;", b"Funded%0D%0A", b"+Funded", b"Funded%20", b"Fun%2500ded"):
        for request in (get(WITHOUT_STATUS + b"&status=" + sent), form(WITHOUT_STATUS + b"&status=" + sent)):
            writer.bytes("all is escaped once, and nothing is trimmed", request, refused("Invalid Lead Status"))


def _numbers_of_parameters(writer: Writer) -> None:
    too_many = Expectation("L1", "Too many parameters.")
    for more, found in ((191, ACCEPTED), (192, too_many), (1000, too_many)):
        sent = FUNDED + b"&x=1" * more
        for request in (get(sent), form(sent)):
            writer.bytes(f"{9 + more} parameters", request, found)
    writer.bytes("sixteen thousand parameters", form(b"x=1&" * 16_000 + FUNDED), too_many)
    writer.bytes("thirty thousand parameters of one letter", form(b"a&" * 30_000 + b"b"), Expectation("L1", None))


def _content_types(writer: Writer) -> None:
    for kind in (
        "Application/X-WWW-Form-Urlencoded",
        f"{FORM_TYPE}; charset=utf-8",
        f'{FORM_TYPE};charset="UTF-8"',
        f"{FORM_TYPE}; charset=UTF8",
        f"{FORM_TYPE}; charset=us-ascii",
        f"{FORM_TYPE}; charset=ISO-8859-1",
        f"{FORM_TYPE};",
        f"{FORM_TYPE}; boundary=x",
    ):
        writer.bytes("a form, however it is declared", form(FUNDED, content_type=kind), ACCEPTED)
    for kind in (
        "text/plain", "text/html", "application/xml", "application/octet-stream", "application/jsonx", "text/json",
        f"{FORM_TYPE}x", "x", "*/*", "text/xml; charset=utf-8", "multipart/mixed; boundary=x",
    ):  # fmt: skip
        told = Expectation("L1", f"Request format is invalid: {kind}.")
        writer.bytes("declared as something else", form(FUNDED, content_type=kind), told)
    part = '--x\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    multipart = "".join(part.format(name, value) for name, value in nothing(status="Funded").items()) + "--x--\r\n"
    told = Expectation("L1", "Request format is invalid: multipart/form-data; boundary=x.")
    writer.bytes("a form in parts", form(multipart.encode(), content_type="multipart/form-data; boundary=x"), told)
    writer.bytes("no content type", form(FUNDED, content_type=None), Expectation("L1", None))
    for charset in ("utf-7", "utf-16", "utf-16le", "utf-32", "shift_jis", "ibm037", "x"):
        kind = f"{FORM_TYPE}; charset={charset}"
        writer.bytes("a charset that is not read", form(FUNDED, content_type=kind), Expectation("L1", None))
    writer.bytes(
        "in UTF-16, and said to be",
        form(FUNDED.decode().encode("utf-16"), content_type=f"{FORM_TYPE}; charset=utf-16"),
        Expectation("L1", None),
    )
    latin = LEAST + b"&field_value=caf%E9"
    told = Expectation("L1", "Invalid characters in parameter: field_value.")
    for charset in ("ISO-8859-1", "windows-1252", "us-ascii"):
        kind = f"{FORM_TYPE}; charset={charset}"
        writer.bytes("beyond ASCII only UTF-8 is read", form(latin, content_type=kind), told)


def _places(writer: Writer) -> None:
    target = f"{SERVICE}/UpdateLead".encode()
    query = Request(transport="form", target=target + b"?" + FUNDED, headers=(HOST, ("Content-Type", FORM_TYPE), KEY))
    writer.bytes("a form is read from its body alone", query, missing("form", "lead_id"))
    body = Request(
        transport="get", method="GET", target=target, headers=(HOST, ("Content-Type", FORM_TYPE), KEY), body=FUNDED
    )
    writer.bytes("a GET is read from its query string alone", body, missing("get", "lead_id"))
    both_places = Request(
        transport="form", target=target + b"?status=Dead", headers=(HOST, ("Content-Type", FORM_TYPE), KEY), body=FUNDED
    )
    writer.bytes("what stands in the query string of a form says nothing", both_places, ACCEPTED)
    for request in (
        form(b"", "GetReturnReasons", content_type=None),
        form(b"", "GetReturnReasons"),
        get(b"", "GetReturnReasons"),
        get(b"foo=bar", "GetReturnReasons"),
    ):
        writer.bytes("what has no parameters needs no form", request, Expectation("OK", None), sold="nobody")
