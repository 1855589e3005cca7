"""Category B: methods, paths and headers."""

from urllib.parse import quote

from tests.corpus.forms import (
    FORM_TYPE,
    HOST,
    KEY,
    NEWER_SERVICE,
    SERVICE,
    SOAP_TYPES,
    Request,
    call,
    elements,
    encoded,
    envelope,
    form,
    get,
    nothing,
    soap,
)
from tests.corpus.model import Case
from tests.corpus.rules import Expectation, echo, refused, updated
from tests.corpus.writer import Writer

QUERY = encoded(nothing(status="Funded"))
OPERATION = f"{SERVICE}/UpdateLead"
ACCEPTED = updated(status="Funded")
NOT_A_PATH = Expectation("L0 404|L0 400", None)
NOT_ALLOWED = Expectation("L0 405", None)
NOT_SERVED = Expectation("L0 405|L0 501|L0 400", None)
BAD_REQUEST = Expectation("L0 400", None)
TOO_MANY_HEADERS = Expectation("L0 431|L0 400", None)


def cases() -> list[Case]:
    """Every case of the category."""
    writer = Writer("B")
    _methods(writer)
    _paths(writer)
    _operation_names(writer)
    _hosts(writer)
    _headers(writer)
    _lengths(writer)
    return writer.cases


def asked(
    target: str, *headers: tuple[str, str], method: str = "GET", host: tuple[tuple[str, str], ...] = (HOST,)
) -> Request:
    """A request with the plain call's query string."""
    query = b"" if "?" in target or method == "CONNECT" else b"?" + QUERY
    transport = "get" if method != "POST" else "form"
    return Request(
        transport=transport, method=method, target=target.encode("latin-1") + query, headers=(*host, KEY, *headers)
    )


def posted(target: str, *headers: tuple[str, str]) -> Request:
    """A form with the plain call."""
    typed = ("Content-Type", FORM_TYPE)
    return Request(transport="form", target=target.encode(), headers=(HOST, typed, KEY, *headers), body=QUERY)


def enveloped(target: str, *headers: tuple[str, str]) -> Request:
    """The plain call in an envelope."""
    body = envelope(call(elements(nothing(status="Funded"))))
    typed = ("Content-Type", SOAP_TYPES["soap11"])
    return Request(transport="soap11", target=target.encode(), headers=(HOST, typed, KEY, *headers), body=body)


def _methods(writer: Writer) -> None:
    for target in (OPERATION, f"{SERVICE}/Return", SERVICE, f"{NEWER_SERVICE}/UpdateLeadStatus"):
        for method in ("HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"):
            writer.bytes(f"{method} writes nothing", asked(target, method=method), NOT_ALLOWED)
    for method in ("TRACE", "PROPFIND", "MOVE", "BREW", "get", "Get", "gET", "post", "GETT", "GE"):
        writer.bytes(f"the method {method} is none of ours", asked(OPERATION, method=method), NOT_SERVED, socket=True)
    tunnel = asked("leads.example.com:443", method="CONNECT")
    writer.bytes("a proxy's method", tunnel, Expectation("L0 405|L0 501|L0 400|L0 404", None), socket=True)
    writer.bytes("GET", asked(OPERATION), ACCEPTED)
    writer.bytes("POST", posted(OPERATION), ACCEPTED)


def _paths(writer: Writer) -> None:
    for target in (
        "/Buyers/API/1/Leads.ASMX/UpdateLead",
        "/BUYERS/API/1/LEADS.ASMX/UpdateLead",
        "/buyers/Api/1/leads.AsmX/UpdateLead",
    ):
        writer.bytes("IIS takes a path in any case", asked(target), ACCEPTED)
        writer.bytes("IIS takes a path in any case", posted(target), ACCEPTED)
    writer.bytes("IIS takes a path in any case", enveloped("/Buyers/API/1/Leads.ASMX"), ACCEPTED)
    writer.bytes(
        "an escaped letter is the letter", asked("/buyers/api/1/leads%2Easmx/Update%4Cead"), ACCEPTED, socket=True
    )
    for target in (
        "//buyers/api/1/leads.asmx/UpdateLead",
        "/buyers//api/1/leads.asmx/UpdateLead",
        "/buyers/api/1/leads.asmxx/UpdateLead",
        "/buyers/api/1/leads.asm/UpdateLead",
        "/buyers/api/1/leads/UpdateLead",
        "/buyers/api/2/leads.asmx/UpdateLead",
        "/buyers/api/01/leads.asmx/UpdateLead",
        "/api/1/leads.asmx/UpdateLead",
        "/buyers/api/1/buyers.asmx/UpdateLeadStatus",
        "/x/buyers/api/1/leads.asmx/UpdateLead",
        "/buyers/api/1/leads.asmx;a=b/UpdateLead",
        "/buyers/api/1/leads.asmx;jsessionid=1",
        "/buyers/api/1/leads.asmx::$DATA",
        "/buyers/api/1/leads.asmx%20/UpdateLead",
        "/UpdateLead",
        "/buyers/api/1/../1/leads.asmx/UpdateLead",
        "/./buyers/api/1/leads.asmx/UpdateLead",
        "/buyers/api/1/./leads.asmx/UpdateLead",
        "/buyers/api/1/leads.asmx/../leads.asmxx",
    ):
        # What a path says is taken as it stands: nothing climbs, and nothing is put together.
        is_operation = target.startswith(SERVICE + "/")
        found = Expectation("L0 404|L0 400|L1", None) if is_operation else NOT_A_PATH
        writer.bytes("another address", asked(target), found)
    for target in (
        "/buyers/api/1/%2e%2e/1/leads.asmx/UpdateLead",
        "/%2e/buyers/api/1/leads.asmx/UpdateLead",
        "/buyers/api/1/leads.asmx%3Ba=b/UpdateLead",
        "/buyers/api/1/leads.asmx%00/UpdateLead",
        "/buyers/api/1/leads.asmx%2500/UpdateLead",
        "/buyers%5Capi%5C1%5Cleads.asmx%5CUpdateLead",
        "\\buyers\\api\\1\\leads.asmx\\UpdateLead",
        "/buyers/api/1/le%C0%AEds.asmx/UpdateLead",
        "/%62uyers/api/%32/leads.asmx/UpdateLead",
    ):
        writer.bytes("another address, escaped", asked(target), NOT_A_PATH, socket=True)


def _operation_names(writer: Writer) -> None:
    for sent, known in (
        ("updatelead", "UpdateLead"),
        ("UPDATELEAD", "UpdateLead"),
        ("Updatelead", "UpdateLead"),
        ("return", "Return"),
        ("getreturnreasons", "GetReturnReasons"),
    ):
        told = (
            f"Invalid method name '{sent}',  method names are case sensitive.   The method name '{known}' with the same"
            " name but different casing was found.\r\nParameter name: methodName"
        )
        for request in (asked(f"{SERVICE}/{sent}"), posted(f"{SERVICE}/{sent}")):
            # The quotes of .NET's sentence are its own; only what the caller sent is escaped.
            writer.bytes("an operation's name has its case", request, Expectation("L1", told))
    for sent in ("Foo", "UpdateLeads", "UpdateLea", "ReturnLead", "UpdateLeadStatus", "<b>x</b>", "GetBuyers"):
        told = f"{echo(sent)} Web Service method name is not valid."
        for request in (asked(f"{SERVICE}/{quote(sent)}"), posted(f"{SERVICE}/{quote(sent)}")):
            writer.bytes("no such operation", request, Expectation("L1", told))
    for sent in ("UpdateLead/", "UpdateLead/x", "UpdateLead.", "UpdateLead;a=b"):
        writer.bytes("no such operation", asked(f"{SERVICE}/{sent}"), Expectation("L1|L0 404|L0 400", None))


def _hosts(writer: Writer) -> None:
    for host in (
        "leads.example.com:8400",
        "LEADS.EXAMPLE.COM",
        "evil.example",
        "192.0.2.1",
        "[2001:db8::1]:8400",
        "localhost",
    ):
        writer.bytes("no answer and no rule is made of a host", asked(OPERATION, host=(("Host", host),)), ACCEPTED)
    for host in (
        "x/?",
        "x y",
        "user@x",
        "x,y",
        "x?y",
        "x#y",
        "<x>",
        "x:port",
        "x:1:2",
        "[x",
        "h" * 300,
        "",
    ):
        writer.bytes("no host", asked(OPERATION, host=(("Host", host),)), BAD_REQUEST)
    for hosts in (("leads.example.com", "leads.example.com"), ("leads.example.com", "evil.example")):
        twice = tuple(("Host", host) for host in hosts)
        writer.bytes("more than one host", asked(OPERATION, host=twice), BAD_REQUEST)
    writer.bytes("no host at all", asked(OPERATION, host=()), BAD_REQUEST)


def _headers(writer: Writer) -> None:
    for header in (
        ("X-HTTP-Method-Override", "DELETE"),
        ("X-HTTP-Method", "PUT"),
        ("X-Method-Override", "PATCH"),
        ("X-Original-URL", "/livez"),
        ("X-Rewrite-URL", "/nothing"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-For", "198.51.100.7"),
        ("X-Forwarded-Proto", "https"),
        ("Forwarded", "for=198.51.100.7;host=evil.example"),
        ("Origin", "https://evil.example"),
        ("Referer", "https://evil.example/"),
        ("Cookie", "session=1; leadback=2"),
        ("Accept", "application/json"),
        ("Accept-Encoding", "gzip, br"),
        ("Range", "bytes=0-1"),
        ("If-None-Match", "*"),
        ("Content-Type", "text/plain"),
        ("SOAPAction", '"http://cakemarketing.com/buyers/api/1/Return"'),
        ("X-Request-Id", "mine"),
        ("User-Agent", "() { :; }; echo"),
        ("X-Long", "x" * 8000),
    ):
        writer.bytes(f"the header {header[0]} says nothing here", asked(OPERATION, header), ACCEPTED)
    for header in (("X-HTTP-Method-Override", "GET"), ("X-Original-URL", OPERATION), ("X-HTTP-Method", "POST")):
        writer.bytes(f"{header[0]} saves no method", asked(OPERATION, header, method="DELETE"), NOT_ALLOWED)
    writer.bytes("_method is a parameter like any other", get(QUERY + b"&_method=DELETE"), ACCEPTED)
    writer.bytes("the same key twice is one", asked(OPERATION, KEY), ACCEPTED)
    writer.bytes("the same key in two places is one", asked(OPERATION, ("Authorization", "Bearer {{key}}")), ACCEPTED)
    for other in (
        ("X-Api-Key", "{{foreign_key}}"),
        ("Authorization", "Bearer {{foreign_key}}"),
        ("Authorization", "Bearer x"),
    ):
        writer.bytes("two keys are none", asked(OPERATION, other), refused("Invalid API Key"))
    many = tuple((f"X-Header-{number}", "x") for number in range(90))
    writer.bytes("ninety headers", asked(OPERATION, *many), ACCEPTED, socket=True)
    many = tuple((f"X-Header-{number}", "x") for number in range(101))
    writer.bytes("more than a hundred headers", asked(OPERATION, *many), TOO_MANY_HEADERS, socket=True)
    many = tuple((f"X-Header-{number}", "x") for number in range(1000))
    writer.bytes("a thousand headers", asked(OPERATION, *many), TOO_MANY_HEADERS, socket=True)
    writer.bytes("a header of 100 KiB", asked(OPERATION, ("X-Long", "x" * 100 * 1024)), TOO_MANY_HEADERS, socket=True)
    writer.bytes(
        "a client may ask before it sends", posted(OPERATION, ("Expect", "100-continue")), ACCEPTED, socket=True
    )


def _lengths(writer: Writer) -> None:
    room = 8 * 1024 - len(QUERY.replace(b"{lead}", b"B999-GET-KIS")) - len("&x=")
    writer.bytes("a query string of 8 KiB", get(QUERY + b"&x=" + b"y" * room), ACCEPTED)
    for more in (1, 1000, 57_000):
        writer.bytes(
            "a longer query string", get(QUERY + b"&x=" + b"y" * (room + more)), Expectation("L0 414|L0 431", None)
        )
    body = QUERY.replace(b"{lead}", b"B999-FORM-KIS")
    for size, found in ((0, ACCEPTED), (1, Expectation("L0 413", None)), (100_000, Expectation("L0 413", None))):
        filler = b"&x=" + b"y" * (64 * 1024 - len(body) - len("&x=") + size)
        writer.bytes("the body is 64 KiB at most", form(QUERY + filler), found)
    big = envelope(call(elements(nothing(status="Funded"))) + "<!--" + "x" * 64 * 1024 + "-->")
    writer.bytes("the body is 64 KiB at most", soap(big), Expectation("L0 413", None))
    for coding in ("gzip", "deflate", "br", "zstd", "gzip, identity", "x"):
        request = posted(OPERATION, ("Content-Encoding", coding))
        writer.bytes(f"no body is unpacked: {coding}", request, Expectation("L0 415", None))
    writer.bytes("identity is no coding", posted(OPERATION, ("Content-Encoding", "identity")), ACCEPTED)
