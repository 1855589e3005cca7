"""Descriptions of a service for people: a page that lists its operations, and one for each, with a form that works."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import msgspec

from leadback.buyer_api.model import Kind, Operation, Parameter, Service
from leadback.buyer_api.parameters import ECHO_LENGTH_MAX, FORBIDDEN
from leadback.buyer_api.rendering import render
from leadback.buyer_api.samples import (
    CLOSES,
    OPENS,
    TITLES,
    answer_placeholders,
    call,
    channels_of,
    placeholder,
    placeholders,
)
from leadback.leads.model import Channel

NO_OPERATION: Final = "There is no operation {} here. Names are compared without case on these pages, not in calls."


class Input(msgspec.Struct, frozen=True):
    """One field of the form."""

    parameter: Parameter
    value: str
    """What stands there at first."""


class Sample(msgspec.Struct, frozen=True):
    """A call and its answer in one wire form."""

    title: str
    request: str
    answer: str


def service_page(service: Service, address: str, unknown: str | None = None) -> str:
    """What operations there are; with a remark where one was asked for that is none."""
    remark = None if unknown is None else NO_OPERATION.format(FORBIDDEN.sub("\ufffd", unknown[:ECHO_LENGTH_MAX]))
    return render("service_page.html", service=service, path=urlsplit(address).path, address=address, remark=remark)


def operation_page(service: Service, operation: Operation, address: str) -> str:
    """One operation: its form, and what it looks like in every wire form."""
    return render(
        "operation_page.html",
        service=service,
        operation=operation,
        path=urlsplit(address).path,
        inputs=_inputs(operation),
        samples=tuple(_sample(service, operation, channel, address) for channel in channels_of(service)),
        pieces=pieces,
    )


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """A sample cut where a word begins or ends that stands for a value, and whether each piece is one."""
    for part in text.split(OPENS):
        word, closes, rest = part.rpartition(CLOSES)
        if closes:
            yield word, True
        yield rest, False


def _inputs(operation: Operation) -> tuple[Input, ...]:
    """The key first, then in order. No text in a field of a number is an error: 0 is what says nothing."""
    ordered = sorted(operation.parameters, key=lambda parameter: parameter.name != "api_key")
    return tuple(Input(item, "0" if item.kind is Kind.INT and item.example in ("", "0") else "") for item in ordered)


def _sample(service: Service, operation: Operation, channel: Channel, address: str) -> Sample:
    place = urlsplit(address)
    request = call(service, operation, channel, place.path, placeholders(operation, channel))
    request = msgspec.structs.replace(
        request, headers=(("Host", place.netloc or placeholder("host")), *request.headers)
    )
    return Sample(TITLES[channel], request.text(placeholder("length")), answer_placeholders(operation, channel))
