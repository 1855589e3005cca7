"""The document's prose and tables: how to call, one function a section."""

from collections.abc import Iterable, Iterator
from typing import Final

from leadback.buyer_api.channels import BODY_BYTES_MAX, QUERY_BYTES_MAX
from leadback.buyer_api.model import Kind, Parameter, Service
from leadback.buyer_api.operations import LEADS, OPERATIONS, OURS, SERVICES
from leadback.buyer_api.parameters import PARAMETERS_MAX
from leadback.buyer_api.posting_document.messages import answers
from leadback.buyer_api.posting_document.model import (
    KEY,
    Block,
    Check,
    Document,
    Example,
    Notice,
    Paragraph,
    Points,
    Program,
    Section,
    Table,
    Text,
    Words,
    text,
)
from leadback.buyer_api.posting_document.vocabulary import contracts, fields, own_words, return_reasons, statuses
from leadback.leads.batch import IDEMPOTENCY_KEPT
from leadback.leads.guess_rules import KEY_GUESSES_MAX
from leadback.leads.limits import BURST_SECONDS

KINDS: Final = {
    Kind.STRING: "text",
    Kind.INT: "whole number",
    Kind.DECIMAL: "amount",
    Kind.BOOLEAN: "true or false",
}
_REPETITION: Final = "the same call within 60 seconds is taken for a repetition and not applied again"
WITHOUT_KEY: Final = {
    "guard": f"{_REPETITION}, unless the first answer is known to have arrived",
    "strict": _REPETITION,
    "off": "it counts each time",
}
"""By the buyer's guard against repeats."""


def document(words: Words, example: Example, programs: Iterable[Program], plan: Iterable[Check]) -> Document:
    """All of it; a section about what the buyer has none of is left out."""
    sections: dict[tuple[str, str], Iterable[Block]] = {
        ("how-it-works", "How it works"): _how_it_works(words),
        ("addresses", "Addresses"): _addresses(words),
        ("key", "Your key"): _key(words),
        ("contracts", "Your contracts"): contracts(words),
        ("statuses", "Statuses"): statuses(words),
        ("fields", "Fields"): fields(words),
        ("return-reasons", "Return reasons"): return_reasons(words),
        ("own-words", "Your own words"): own_words(words),
        ("parameters", "Parameters"): _parameters(),
        ("answers", "Answers"): _answers(),
        ("repeating", "Repeating a call"): _repeating(words),
        ("limits", "Limits"): _limits(words),
        ("test-plan", "Test plan"): _plan(example, plan),
        ("samples", "Samples"): _samples(words, example, programs),
    }
    return Document(
        title=f"Reporting leads to {words.network.name}",
        subtitle=f"For the developers of {words.buyer.name}",
        made_on=words.network.day_of(words.made_at),
        sections=tuple(
            Section(name, title, blocks) for (name, title), found in sections.items() if (blocks := tuple(found))
        ),
    )


def _how_it_works(words: Words) -> Iterator[Block]:
    if not (words.network.lead_statuses and words.buyer.lead_statuses):
        off = "Updates are switched off at the moment: each of them is answered with `Lead Statuses Not Enabled`."
        yield Notice(text(off))
    yield Paragraph(
        text(
            "Every lead you buy has a lead id, and here you report what became of it. Call `UpdateLead` with the lead"
            " id and the id of your contract: it sets the status, the revenue, a field or a return, or several of them"
            " in one call, which counts as a whole or not at all. The answer says success once everything is on disk,"
            " and otherwise in one message what is wrong. Report as often as something happens: the newest status"
            " holds, and every report is kept."
        )
    )
    yield Paragraph(text("A program written for CAKE's buyer API works here with another host name and nothing else."))


def _addresses(words: Words) -> Iterator[Block]:
    rows = [row for service in SERVICES for row in _addresses_of(service, words.address + service.path)]
    yield Table(("What", "Address"), tuple(rows))
    yield Paragraph(text("Every form says the same; choose what your program does best. Text is always UTF-8."))
    yield Table(
        ("Form", "How to call", "Answer"),
        (
            (text("GET"), text("the parameters in the query string"), text("an XML document")),
            (text("form"), text("POST as `application/x-www-form-urlencoded`"), text("the same XML document")),
            (
                text("JSON"),
                text("POST an object as `application/json`"),
                text('an object in `d`: `{"d": {"success": true, "message": "Lead updated", …}}`'),
            ),
            (text("SOAP"), text("POST an envelope of SOAP 1.1 or 1.2 to the service itself"), text("an envelope")),
        ),
    )


def _addresses_of(service: Service, address: str) -> Iterator[tuple[Text, Text]]:
    for operation in service.operations:
        yield text("{}", operation.name), text("{}", f"{address}/{operation.name}")
    if service.has_soap:
        yield text("SOAP"), text("{}", address)
        yield text("WSDL"), text("{}", f"{address}?WSDL")
    yield text("Help page"), text("{}", address)


def _key(words: Words) -> Iterator[Block]:
    scheme, _, host = words.address.partition("://")
    yield Paragraph(
        text(
            "The network gives you the key separately; in this document {} stands in its place. A call carries it in"
            " one of these ways. Two different keys in one call are none.",
            KEY,
        )
    )
    yield Table(
        ("Where", "Looks like"),
        (
            (text("Header `X-Api-Key` (the best place)"), text("{}", f"X-Api-Key: {KEY}")),
            (text("Header `Authorization`"), text("{}", f"Authorization: Bearer {KEY}")),
            (
                text("HTTP Basic, as user name or as password"),
                text("{}", f"{scheme}://{KEY}:@{host}{LEADS.path}/UpdateLead"),
            ),
            (text("Parameter, JSON key or SOAP element `api_key`"), text("{}", f"api_key={KEY}")),
        ),
    )
    yield Paragraph(
        text(
            "A program that lets you set nothing but a host name takes {} for it: that is HTTP Basic. A query string is"
            " kept in logs on its way, so a key is better off in a header.",
            f"{KEY}:@{host}",
        )
    )
    yield from _keyless(words)


def _keyless(words: Words) -> Iterator[Block]:
    buyer = words.buyer
    last = buyer.keyless_until
    if not buyer.accept_keyless or (last is not None and last < words.network.day_of(words.made_at)):
        return
    until = "" if last is None else f" until {last}, that day included"
    yield Paragraph(
        text(
            f"From these networks calls are also accepted without any key{until}, but for `UpdateLeadStatus`. Use the"
            " key as soon as you can: a wrong one is refused even from there."
        )
    )
    yield Points(tuple(text("{}", network) for network in buyer.keyless_networks))


def _parameters() -> Iterator[Block]:
    yield Paragraph(
        text(
            "Names are compared without case, in any order. Send every parameter but those that may be absent: what"
            " has no value is sent empty. Other names are ignored, save by `UpdateLeadStatus`, to which each is a"
            " field."
        )
    )
    for operation in OPERATIONS:
        rows = tuple(_parameter(parameter) for parameter in operation.parameters if parameter not in OURS)
        if rows:
            yield Paragraph(text(f"{{}}: {operation.summary}", operation.name))
            yield Table(("Parameter", "Kind", "Is"), rows)
    yield Paragraph(text("These may be absent everywhere; of them `GetReturnReasons` takes the key alone:"))
    yield Table(("Parameter", "Kind", "Is"), tuple(_parameter(parameter) for parameter in OURS))


def _parameter(parameter: Parameter) -> tuple[Text, ...]:
    absent = "" if parameter.required else ", may be absent"
    return text("{}", parameter.name), text(KINDS[parameter.kind] + absent), text(parameter.summary)


def _answers() -> Iterator[Block]:
    yield Paragraph(
        text(
            "Look at `success` and `message`, never at the HTTP status alone: every answer the service decides is"
            " HTTP 200. The first thing that is wrong gives the message, and nothing of the call is applied. Nor is it"
            " where a call cannot be read, which HTTP 4xx and 500 say."
        )
    )
    yield answers()


def _repeating(words: Words) -> Iterator[Block]:
    yield Paragraph(
        text(
            "An answer can get lost, and then nobody knows whether the call counted. Give each event of yours a name,"
            " such as the number of a payment, and send it as `idempotency_key` or as the header `Idempotency-Key`:"
            " however often a call with the same key and the same parameters comes within"
            f" {IDEMPOTENCY_KEPT.days} days, it counts once, and every repetition gets the first answer with the header"
            " `Idempotent-Replayed: true`. So repeat whatever failed to be answered, after 1, 2, 4, 8 seconds and so"
            " on, and stop when an answer comes."
        )
    )
    yield Paragraph(
        text(
            "A call that sets a status, overwrites the revenue or sets a field does no harm when it comes twice. One"
            f" that adds an amount or returns a lead does: without an idempotency key"
            f" {WITHOUT_KEY[words.buyer.retry_guard]}."
        )
    )
    yield Paragraph(
        text(
            "A report that is late says when it happened: `happened_at=2026-01-31T14:05:00-05:00`, or without an offset"
            " in the time of {}. An older status never replaces a newer one, whatever order they arrive in.",
            words.network.time_zone,
        )
    )


def _limits(words: Words) -> Iterator[Block]:
    rate = words.rate_per_key
    rows = [
        ("Query string", f"{QUERY_BYTES_MAX // 1024} KiB"),
        ("Body", f"{BODY_BYTES_MAX // 1024} KiB, not compressed"),
        ("Parameters in a call", f"{PARAMETERS_MAX}"),
        ("Amount and revenue", f"±1,000,000,000,000 {words.network.currency}, 4 decimals"),
        ("Idempotency key", f"1 to 255 printable ASCII characters, remembered for {IDEMPOTENCY_KEPT.days} days"),
    ]
    if rate:
        rows.insert(0, ("Calls a second with one key", f"about {rate:,}, and {rate * BURST_SECONDS:,} at once"))
    if words.lead_guesses_max:
        most = f"{KEY_GUESSES_MAX:,} in 10 minutes, or half of your calls where that is more"
        rows.append(("Lead ids that are not yours", most))
    yield Table(("What", "At most"), tuple((text(what), text(most)) for what, most in rows))
    yield Paragraph(text("What is too much is answered with `Restricted` or an HTTP 4xx, and changes nothing."))


def _plan(example: Example, plan: Iterable[Check]) -> Iterator[Block]:
    yield Paragraph(
        text(
            "The lead {} is there for you to try everything on: it takes every update and no report counts it. A"
            " program that gets these answers is ready for real leads.",
            example.lead_id,
        )
    )
    yield Table(
        ("Call", "With", "Expect"),
        tuple(
            (text(f"{number}. {{}}", check.call.operation), check.told, check.expected)
            for number, check in enumerate(plan, start=1)
        ),
    )


def _samples(words: Words, example: Example, programs: Iterable[Program]) -> Iterator[Block]:
    yield Paragraph(
        text(
            "Each is complete: put your key in the place of {}, save it, run it. They report on {}, so nothing is"
            " spoiled by trying; run one twice and see that its revenue counts once.",
            KEY,
            example.lead_id,
        )
    )
    yield from programs
    yield Paragraph(
        text(
            "Other languages make a client from the WSDL, C# by {} for one. Where such a client sends no header by"
            " itself, as .NET's does not, give each call the key as {}.",
            f"dotnet-svcutil {words.address}{LEADS.path}?WSDL",
            f'api_key: "{KEY}"',
        )
    )
