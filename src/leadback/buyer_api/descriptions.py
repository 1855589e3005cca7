"""What a service says of itself: its description for machines, and pages for people."""

from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

from leadback.buyer_api.answers import PRIVATE, XML_HEADERS, WireAnswer
from leadback.buyer_api.help_pages import operation_page, service_page
from leadback.buyer_api.model import Service
from leadback.buyer_api.wsdl import discovery, service_description
from leadback.kit.http import NO_SNIFFING, Headers
from leadback.kit.settings import Settings

STYLE_SECONDS: Final = 300

# A page loads its style sheet and nothing else, and sends its form to us alone; no other site may frame it.
PAGE_HEADERS: Final[Headers] = (
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    NO_SNIFFING,
    (b"referrer-policy", b"same-origin"),
)
HTML_HEADERS: Final[Headers] = ((b"content-type", b"text/html; charset=utf-8"), PRIVATE, *PAGE_HEADERS)
STYLE_HEADERS: Final[Headers] = (
    (b"content-type", b"text/css; charset=utf-8"),
    (b"cache-control", f"public, max-age={STYLE_SECONDS}".encode()),
    *PAGE_HEADERS,
)

# Beside the pages it belongs to: where a proxy lets buyers reach nothing but the services, they still look right.
STYLE: Final = (Path(__file__).parent / "static" / "help.css").read_bytes()


def describe(service: Service, query: bytes, settings: Settings) -> WireAnswer:
    """The description or page a query string asks for; names in it are compared without case."""
    # The configured address, never the one the caller came by: a Host header can say anything.
    address = (settings.public_url or "").rstrip("/") + service.path
    # As Latin-1 nothing of it can fail to be read.
    asked = {name.lower(): value for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True)}
    if asked.keys() & {"wsdl", "singlewsdl"}:
        return WireAnswer(200, XML_HEADERS, service_description(service, address).encode())
    if "disco" in asked:
        return WireAnswer(200, XML_HEADERS, discovery(service, address).encode())
    if "css" in asked:
        return WireAnswer(200, STYLE_HEADERS, STYLE)
    name = asked.get("op")
    if name is None:
        return WireAnswer(200, HTML_HEADERS, service_page(service, address).encode())
    for operation in service.operations:
        if operation.name.lower() == name.lower():
            return WireAnswer(200, HTML_HEADERS, operation_page(service, operation, address).encode())
    return WireAnswer(404, HTML_HEADERS, service_page(service, address, unknown=name).encode())
