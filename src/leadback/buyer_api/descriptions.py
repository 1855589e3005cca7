"""What a service says of itself: its description for machines, and pages for people."""

from leadback.buyer_api.answers import WireAnswer, refused
from leadback.buyer_api.model import Service
from leadback.kit.settings import Settings


def describe(service: Service, query: bytes, settings: Settings) -> WireAnswer:
    """The description or page a query string asks for."""
    return refused(404, f"There is no page here. Call an operation, such as {service.name}.asmx/UpdateLead.")
