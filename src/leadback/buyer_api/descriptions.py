"""What a service says of itself: its description for machines, and pages for people."""

from typing import Final
from urllib.parse import parse_qsl

from leadback.buyer_api.answers import XML_HEADERS, WireAnswer, refused
from leadback.buyer_api.model import Service
from leadback.buyer_api.wsdl import discovery, service_description
from leadback.kit.settings import Settings

WSDL_NAMES: Final = ("wsdl", "singlewsdl")


def describe(service: Service, query: bytes, settings: Settings) -> WireAnswer:
    """The description or page a query string asks for; names in it are compared without case."""
    # The configured address, never the one the caller came by: a Host header can say anything.
    address = (settings.public_url or "").rstrip("/") + service.path
    asked = {name.lower(): value for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True)}
    if any(name in asked for name in WSDL_NAMES):
        return WireAnswer(200, XML_HEADERS, service_description(service, address).encode())
    if "disco" in asked:
        return WireAnswer(200, XML_HEADERS, discovery(service, address).encode())
    return refused(404, f"There is no page here. Call an operation, such as {service.name}.asmx/UpdateLead.")
