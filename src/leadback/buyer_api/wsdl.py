"""Descriptions of a service for machines: WSDL 1.1 as ASP.NET writes it, and a discovery document."""

from typing import Final

import msgspec

from leadback.buyer_api.model import Kind, ListMember, Operation, Parameter, Service
from leadback.buyer_api.operations import ROW_COUNT
from leadback.buyer_api.rendering import render


class Port(msgspec.Struct, frozen=True, kw_only=True):
    """One way to call a service: a binding, with its port type and messages."""

    name: str
    """Behind the name of the service."""
    prefix: str
    """Of the namespace its elements are in."""
    messages: str
    """What the names of its messages, and of its port type, end with."""
    verb: str = ""
    """Where it is none of SOAP's."""

    @property
    def is_soap(self) -> bool:
        """Whether it takes envelopes."""
        return not self.verb


SOAP: Final = Port(name="Soap", prefix="soap", messages="Soap")
# Both versions carry the same messages.
SOAP12: Final = Port(name="Soap12", prefix="soap12", messages="Soap")
HTTP_GET: Final = Port(name="HttpGet", prefix="http", messages="HttpGet", verb="GET")
HTTP_POST: Final = Port(name="HttpPost", prefix="http", messages="HttpPost", verb="POST")


class Item(msgspec.Struct, frozen=True):
    """An element inside a type: a schema's `minOccurs` and `nillable` in words of the table."""

    name: str
    type: str
    min_occurs: int
    nillable: bool = False


class Response(msgspec.Struct, frozen=True):
    """The type of an operation's answer, by extension of what all answers have."""

    name: str
    base: str
    items: tuple[Item, ...]


def ports_of(service: Service) -> tuple[Port, ...]:
    """The ways to call a service, in the order of its description."""
    http = (HTTP_GET, HTTP_POST)
    return (SOAP, SOAP12, *http) if service.has_soap else http


def service_description(service: Service, address: str) -> str:
    """The WSDL of a service that stands at an address."""
    lists = _lists(service)
    ports = ports_of(service)
    return render(
        "service.wsdl",
        service=service,
        address=address,
        ports=ports,
        message_kinds=dict.fromkeys((port.messages, port.is_soap) for port in ports),
        parameter_item=parameter_item,
        http_parameters=http_parameters,
        responses=tuple(_response(operation) for operation in service.operations),
        lists=lists,
        # A schema can speak of another's elements only by a prefix.
        prefixes={name: f"s{number}" for number, name in enumerate(dict.fromkeys(item.namespace for item in lists), 1)},
        columns=_columns,
        array_of=array_of,
    )


def discovery(service: Service, address: str) -> str:
    """The document that tells where the description is."""
    return render("service.disco", service=service, address=address, ports=ports_of(service))


def parameter_item(parameter: Parameter) -> Item:
    """A parameter as an element of its operation's.

    Text and what is ours may be left out. So may what says nothing where it is empty, the amount and what is to be done
    with it, but by `nillable`, not by `minOccurs`: a client that .NET generates would for the latter have a second
    member, `amountSpecified`, and silently send no amount where only `amount` is set; and one that must send a number
    would send 0 and `false`, which wipes the revenue. Nillable becomes a number that may be null, in any language.
    """
    type_name = f"s:{parameter.kind}"
    if parameter.kind is Kind.STRING or not parameter.required:
        return Item(parameter.name, type_name, 0)
    return Item(parameter.name, type_name, 1, parameter.may_be_empty or parameter.needed_with is not None)


def http_parameters(operation: Operation) -> tuple[Parameter, ...]:
    """The parameters that GET and form POST are described with: CAKE's own.

    A part of these messages cannot be optional. zeep posts one that is not given as the text `None`, which would be a
    wrong key, or the same idempotency key each time.
    """
    return tuple(parameter for parameter in operation.parameters if not parameter.is_ours)


def array_of(member: ListMember) -> str:
    """The name of a list's type."""
    return "ArrayOf" + member.item.capitalize()


def _response(operation: Operation) -> Response:
    own = tuple(member for member in operation.members if member is not ROW_COUNT)
    items = tuple(
        Item(member.name, f"tns:{array_of(member)}", 0)
        if isinstance(member, ListMember)
        else _item(member.name, member.kind)
        for member in own
    )
    return Response(operation.response, "base_response" if own == operation.members else "get_response", items)


def _columns(member: ListMember) -> tuple[Item, ...]:
    return tuple(_item(name, kind) for name, kind in member.columns)


def _item(name: str, kind: Kind) -> Item:
    return Item(name, f"s:{kind}", 0 if kind is Kind.STRING else 1)


def _lists(service: Service) -> tuple[ListMember, ...]:
    members = (member for operation in service.operations for member in operation.members)
    return tuple(member for member in members if isinstance(member, ListMember))
