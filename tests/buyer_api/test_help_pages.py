"""The pages a service shows to people: what they list, that their forms work, and what they must never do."""

from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from leadback.buyer_api.application import BuyerApi
from leadback.buyer_api.model import Kind, Operation, Service
from leadback.buyer_api.operations import BUYERS, LEADS, SERVICES
from leadback.buyer_api.samples import CLOSES, OPENS
from leadback.kit.database import Database
from leadback.kit.settings import Settings
from leadback.kit.tokens import make_key
from leadback.leads.model import BuyerCaller, ReasonsRequest, UpdateRequest
from leadback.leads.update import Updates
from tests.buyer_api.wire import FORM, Reply, Scripted, ask, body_event, encoded, exchange, scope_of
from tests.support.seed import read_sale, seed_network, seed_sale

pytestmark = pytest.mark.anyio

PUBLIC: Final = "https://tracker.example/reports"
OPERATIONS: Final = [(service, operation) for service in SERVICES for operation in service.operations]
NAMES: Final = [operation.name for _, operation in OPERATIONS]
VOID: Final = {"meta", "link", "input"}
POLICY: Final = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


class Page(HTMLParser):
    """A page taken apart; an element that is not closed, or closed out of turn, is an error."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(reply.text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element with its attributes."""
        assert len(dict(attrs)) == len(attrs), f"{tag} has an attribute twice"
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """See that it is the last one opened."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep the words."""
        self.words.append(data)

    @property
    def text(self) -> str:
        """All words, blanks as a browser shows them."""
        return " ".join("".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def links(self) -> list[str]:
        """Where its links lead."""
        return [attributes["href"] for attributes in self.all("a")]

    @property
    def form(self) -> dict[str, str]:
        """What its form submits as it stands: the first option is empty."""
        return {item["name"]: item.get("value", "") for item in self.all("input") + self.all("select")}


async def read(service: Service, query: bytes = b"", *, public_url: str | None = PUBLIC, **more: Any) -> Reply:
    """What a service answers to a GET."""
    return await ask(BuyerApi(Scripted(), Settings(public_url=public_url)), query, path=service.path, **more)


async def operation_page(service: Service, operation: Operation, *, public_url: str | None = None) -> Page:
    """The page of an operation."""
    return Page(await read(service, f"op={operation.name}".encode(), public_url=public_url))


async def submit(application: BuyerApi, page: Page, **filled_in: str) -> Reply:
    """Press the page's button, with some fields filled in."""
    (form,) = page.all("form")
    assert form["method"] == "post"
    assert set(filled_in) <= set(page.form)
    reply = await exchange(
        application,
        scope_of("POST", path=form["action"], headers=[FORM]),
        body_event(encoded(page.form | filled_in)),
    )
    assert reply is not None
    return reply


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_the_page_of_a_service_lists_its_operations(service: Service) -> None:
    reply = await read(service)
    assert reply.status == 200
    page = Page(reply)
    assert f"<title>{service.name} Web Service</title>" in reply.text
    place = urlsplit(PUBLIC).path + service.path
    assert f"{place}?WSDL" in page.links
    for operation in service.operations:
        assert f"{place}?op={operation.name}" in page.links
    assert PUBLIC + service.path in page.text


@pytest.mark.parametrize(("service", "operation"), OPERATIONS, ids=NAMES)
async def test_the_page_of_an_operation_shows_every_parameter_and_wire_form(
    service: Service, operation: Operation
) -> None:
    page = await operation_page(service, operation)
    assert "Click here for a complete list of operations." in page.text
    assert service.path in page.links
    fields = {item["id"]: item for item in page.all("input") + page.all("select")}
    assert set(fields) == {parameter.name for parameter in operation.parameters}
    assert {item["for"] for item in page.all("label")} == set(fields)
    for parameter in operation.parameters:
        assert parameter.summary.replace("`", "") in page.text
    titles = ["SOAP 1.1", "SOAP 1.2"] if service.has_soap else []
    titles += ["HTTP GET", "HTTP POST", "JSON"]
    for title in titles:
        assert f"The following is a sample {title} request and response." in page.text
    assert ("SOAP" in page.text) is service.has_soap
    assert "Content-Length: length" in page.text
    assert not {OPENS, CLOSES} & set(page.text)


async def test_the_samples_have_aspnets_placeholders() -> None:
    page = await operation_page(LEADS, LEADS.operations[-1], public_url="https://tracker.example")
    text = page.text
    assert "POST /buyers/api/1/leads.asmx HTTP/1.1 Host: tracker.example" in text
    assert 'SOAPAction: "http://cakemarketing.com/buyers/api/1/UpdateLead"' in text
    assert "<amount>decimal</amount> <add_to_existing>boolean</add_to_existing>" in text
    assert "<UpdateLeadResult> <success>boolean</success> <message>string</message> <lead_id>string</lead_id>" in text
    assert "GET /buyers/api/1/leads.asmx/UpdateLead?lead_id=string&buyer_contract_id=string&status=string" in text
    assert '"buyer_contract_id": int, "status": "string"' in text
    assert {words for words in page.words if words in set(Kind)} == set(Kind)


async def test_a_list_shows_the_namespace_of_its_columns() -> None:
    page = await operation_page(LEADS, LEADS.operations[0])
    row = '<return_reason> <return_reason_id xmlns="API:id_name_store">int</return_reason_id>'
    assert row in page.text
    assert '"return_reasons": [{"return_reason_id": int, "return_reason_name": "string"}' in page.text


@pytest.mark.parametrize(("service", "operation"), OPERATIONS, ids=NAMES)
async def test_a_form_as_it_stands_says_nothing_wrong(service: Service, operation: Operation) -> None:
    """With a key and a reason to return it is a whole call; whatever is left empty says nothing."""
    updates = Scripted()
    page = await operation_page(service, operation)
    filled_in = {"api_key": make_key(1)} | ({"return_reason_id": "4"} if operation.name == "Return" else {})
    reply = await submit(BuyerApi(updates, Settings()), page, **filled_in)
    assert reply.status == 200
    (call,) = updates.calls
    assert isinstance(call.caller, BuyerCaller)
    if isinstance(call, UpdateRequest):
        assert (call.status, call.amount, call.fields, call.happened_at) == ("", None, (), "")
        assert (call.buyer_contract_id, call.idempotency_key) == (0, None)
    else:
        assert isinstance(call, ReasonsRequest)


async def test_a_form_filled_in_updates_a_lead(database: Database, network_id: int) -> None:
    seeded = await seed_network(database, network_id)
    sale_id = await seed_sale(database, network_id, "C8097F17")
    updates = Updates(database)
    page = await operation_page(LEADS, LEADS.operations[-1])
    reply = await submit(
        BuyerApi(updates, Settings()),
        page,
        api_key=seeded.key, lead_id="C8097F17", status="Funded", amount="12.50", add_to_existing="false",
    )  # fmt: skip
    await updates.close()
    assert "<message>Lead updated</message>" in reply.text
    sale = await read_sale(database, network_id, sale_id)
    assert str(sale.revenue) == "12.5000"


async def test_an_unknown_operation_is_told_and_the_others_are_shown() -> None:
    reply = await read(LEADS, b"op=%3Cb%3EFoo")
    assert reply.status == 404
    page = Page(reply)
    assert "There is no operation <b>Foo here." in page.text
    assert page.all("b") == []
    assert f"{urlsplit(PUBLIC).path}{LEADS.path}?op=UpdateLead" in page.links


async def test_an_endless_name_is_cut_and_its_control_characters_are_replaced() -> None:
    reply = await read(LEADS, b"op=%00" + b"x" * 5000)
    assert reply.status == 404
    assert "x" * 101 not in reply.text
    assert "\0" not in reply.text


@pytest.mark.parametrize("query", [b"op=updatelead", b"OP=UpdateLead", b"op=UpdateLead&x"])
async def test_an_operation_is_found_in_any_case(query: bytes) -> None:
    assert (await read(LEADS, query)).body == (await read(LEADS, b"op=UpdateLead")).body


async def test_what_means_nothing_is_answered_with_the_page_of_the_service() -> None:
    for query in (b"x", b"x=%FF", b"=&&=", b"http://evil.example"):
        assert (await read(LEADS, query)).body == (await read(LEADS)).body


@pytest.mark.parametrize("query", [b"", b"op=UpdateLead", b"op=Foo", b"css"])
async def test_every_page_keeps_strangers_out(query: bytes) -> None:
    reply = await read(LEADS, query)
    assert reply.headers["content-security-policy"] == POLICY
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "same-origin"
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize(
    ("service", "query"), [(LEADS, b""), (LEADS, b"op=UpdateLead"), (BUYERS, b"op=UpdateLeadStatus")]
)
async def test_a_page_needs_no_script_and_nothing_from_elsewhere(service: Service, query: bytes) -> None:
    page = Page(await read(service, query))
    assert not {"script", "style", "img", "iframe", "object"} & {tag for tag, _ in page.elements}
    for _, attributes in page.elements:
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        for name in ("href", "src", "action"):
            assert attributes.get(name, "/").startswith("/")
    (style,) = page.all("link")
    path, _, asked = style["href"].removeprefix(urlsplit(PUBLIC).path).partition("?")
    reply = await ask(BuyerApi(Scripted(), Settings()), asked.encode(), path=path)
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/css; charset=utf-8"
    assert "prefers-color-scheme: dark" in reply.text


@pytest.mark.parametrize("query", [b"", b"op=UpdateLead", b"op=Foo"])
@pytest.mark.parametrize("public_url", [None, PUBLIC])
async def test_no_page_shows_what_the_request_calls_its_host(query: bytes, public_url: str | None) -> None:
    spoofed = [(b"x-forwarded-host", b"evil.example"), (b"x-original-url", b"/evil"), (b"referer", b"https://evil/")]
    reply = await read(LEADS, query, public_url=public_url, headers=spoofed)
    assert "evil" not in reply.text
    assert "leads.example.com" not in reply.text


async def test_a_page_shows_no_key_that_came_with_the_request() -> None:
    key = make_key(1)
    reply = await read(LEADS, f"op=UpdateLead&api_key={key}&lead_id=C8097F17".encode())
    assert key not in reply.text
    assert "C8097F17" not in reply.text


async def test_a_page_asks_nothing_of_the_database() -> None:
    updates = Scripted()
    for query in (b"", b"op=UpdateLead", b"wsdl", b"disco", b"css"):
        assert (await ask(BuyerApi(updates, Settings()), query, path=LEADS.path)).status == 200
    assert (updates.calls, updates.hosts) == ([], [])
