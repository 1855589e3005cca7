"""The description of each service for machines, and what a client makes of it that is generated from it."""

import io
from typing import Any, Final

import pytest
import zeep
from lxml import etree

from leadback.buyer_api.application import BuyerApi
from leadback.buyer_api.model import Service
from leadback.buyer_api.operations import BUYERS, BUYERS_NAMESPACE, LEADS, LEADS_NAMESPACE, SERVICES
from leadback.kit.settings import Settings
from tests.buyer_api.wire import Reply, Scripted, ask, body_event, exchange, scope_of

pytestmark = pytest.mark.anyio

PUBLIC: Final = "https://tracker.example"
PREFIXES: Final = {
    "wsdl": "http://schemas.xmlsoap.org/wsdl/",
    "s": "http://www.w3.org/2001/XMLSchema",
    "soap": "http://schemas.xmlsoap.org/wsdl/soap/",
    "soap12": "http://schemas.xmlsoap.org/wsdl/soap12/",
    "http": "http://schemas.xmlsoap.org/wsdl/http/",
    "mime": "http://schemas.xmlsoap.org/wsdl/mime/",
    "disco": "http://schemas.xmlsoap.org/disco/",
    "scl": "http://schemas.xmlsoap.org/disco/scl/",
    "dsoap": "http://schemas.xmlsoap.org/disco/soap/",
}

OURS: Final = [
    ("api_key", "s:string", "0", None),
    ("idempotency_key", "s:string", "0", None),
    ("happened_at", "s:string", "0", None),
]
ELEMENTS: Final = {
    "GetReturnReasons": OURS[:1],
    "Return": [
        ("lead_id", "s:string", "0", None),
        ("return_reason_id", "s:int", "1", None),
        ("buyer_contract_id", "s:int", "1", None),
        *OURS,
    ],
    "UpdateLead": [
        ("lead_id", "s:string", "0", None),
        ("buyer_contract_id", "s:int", "1", None),
        ("status", "s:string", "0", None),
        ("sub_status", "s:string", "0", None),
        ("amount", "s:decimal", "1", "true"),
        ("add_to_existing", "s:boolean", "1", "true"),
        ("field_name", "s:string", "0", None),
        ("field_value", "s:string", "0", None),
        ("return_reason_id", "s:int", "1", None),
        *OURS,
    ],
}
PARTS: Final = {
    "GetReturnReasons": [],
    "Return": ["lead_id", "return_reason_id", "buyer_contract_id"],
    "UpdateLead": [
        "lead_id", "buyer_contract_id", "status", "sub_status", "amount", "add_to_existing", "field_name",
        "field_value", "return_reason_id",
    ],
}  # fmt: skip
RESPONSES: Final = {
    "GetReturnReasons": "get_return_reasons_response",
    "Return": "lead_return_response",
    "UpdateLead": "update_lead_response",
}


async def read(service: Service, query: bytes = b"WSDL", *, public_url: str | None = PUBLIC, **more: Any) -> Reply:
    """What a service answers to a GET with a query string."""
    return await ask(BuyerApi(Scripted(), Settings(public_url=public_url)), query, path=service.path, **more)


async def described(service: Service) -> Any:
    """The description's root."""
    return etree.fromstring((await read(service)).body)


def found(node: Any, path: str) -> Any:
    """What an XPath expression finds, by the prefixes of a description."""
    return node.xpath(path, namespaces=PREFIXES)


@pytest.mark.parametrize("query", [b"WSDL", b"wsdl", b"Wsdl=", b"singleWsdl", b"wsdl&x=1"])
@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_the_description_is_found_in_any_case(service: Service, query: bytes) -> None:
    reply = await read(service, query)
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/xml; charset=utf-8"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.body == (await read(service)).body


async def test_a_path_in_another_case_has_the_same_description() -> None:
    reply = await ask(BuyerApi(Scripted(), Settings(public_url=PUBLIC)), b"wsdl", path="/Buyers/API/1/Leads.asmx")
    assert reply.body == (await read(LEADS)).body


async def test_the_names_are_those_that_aspnet_would_give() -> None:
    root = await described(LEADS)
    assert root.get("targetNamespace") == LEADS_NAMESPACE
    assert {"tns", "s", "soap", "soap12", "http", "mime", "tm", "soapenc", "wsdl"} <= set(root.nsmap)
    messages = [
        f"{operation}{kind}{way}"
        for kind in ("Soap", "HttpGet", "HttpPost")
        for operation in ("GetReturnReasons", "Return", "UpdateLead")
        for way in ("In", "Out")
    ]
    assert found(root, "wsdl:message/@name") == messages
    assert found(root, "wsdl:portType/@name") == ["leadsSoap", "leadsHttpGet", "leadsHttpPost"]
    bindings = ["leadsSoap", "leadsSoap12", "leadsHttpGet", "leadsHttpPost"]
    assert found(root, "wsdl:binding/@name") == bindings
    types = ["tns:leadsSoap", "tns:leadsSoap", "tns:leadsHttpGet", "tns:leadsHttpPost"]
    assert found(root, "wsdl:binding/@type") == types
    assert found(root, "wsdl:service/@name") == ["leads"]
    assert found(root, "wsdl:service/wsdl:port/@name") == bindings
    assert found(root, "wsdl:service/wsdl:port/@binding") == [f"tns:{name}" for name in bindings]
    for part in found(root, "wsdl:portType") + found(root, "wsdl:binding"):
        assert found(part, "wsdl:operation/@name") == list(ELEMENTS)


async def test_every_operation_has_its_elements_in_order() -> None:
    root = await described(LEADS)
    for operation, expected in ELEMENTS.items():
        items = found(root, f"//s:element[@name='{operation}']/s:complexType/s:sequence/s:element")
        assert [
            (item.get("name"), item.get("type"), item.get("minOccurs"), item.get("nillable")) for item in items
        ] == expected
        (result,) = found(root, f"//s:element[@name='{operation}Response']//s:element")
        assert (result.get("name"), result.get("type")) == (f"{operation}Result", f"tns:{RESPONSES[operation]}")


async def test_get_and_form_are_described_with_what_cake_has() -> None:
    root = await described(LEADS)
    for operation, expected in PARTS.items():
        for kind in ("HttpGet", "HttpPost"):
            parts = found(root, f"wsdl:message[@name='{operation}{kind}In']/wsdl:part")
            assert [part.get("name") for part in parts] == expected
            assert {part.get("type") for part in parts} <= {"s:string"}
            out = f"wsdl:message[@name='{operation}{kind}Out']/wsdl:part"
            assert found(root, f"{out}/@element") == [f"tns:{RESPONSES[operation]}"]
    assert found(root, "//http:binding/@verb") == ["GET", "POST"]
    assert found(root, "//http:operation/@location") == [f"/{operation}" for operation in PARTS] * 2
    assert set(found(root, "//mime:content/@type")) == {"application/x-www-form-urlencoded"}


async def test_soap_is_document_literal_with_an_action_for_each_operation() -> None:
    root = await described(LEADS)
    for prefix in ("soap", "soap12"):
        operations = found(root, f"//{prefix}:operation")
        assert [item.get("soapAction") for item in operations] == [LEADS_NAMESPACE + name for name in ELEMENTS]
        assert {item.get("style") for item in operations} == {"document"}
        assert set(found(root, f"//{prefix}:body/@use")) == {"literal"}
        assert found(root, f"//{prefix}:binding/@transport") == ["http://schemas.xmlsoap.org/soap/http"]


async def test_the_answers_extend_one_another() -> None:
    root = await described(LEADS)
    bases = {name: found(root, f"//s:complexType[@name='{name}']//s:extension/@base") for name in RESPONSES.values()}
    assert bases == {
        "get_return_reasons_response": ["tns:get_response"],
        "lead_return_response": ["tns:base_response"],
        "update_lead_response": ["tns:base_response"],
    }
    assert found(root, "//s:complexType[@name='get_response']//s:extension/@base") == ["tns:base_response"]
    assert found(root, "//s:complexType[@name='ArrayOfReturn_reason']//s:element/@type") == ["tns:return_reason"]


async def test_ids_and_names_are_in_a_namespace_of_their_own() -> None:
    root = await described(LEADS)
    own, other = found(root, "wsdl:types/s:schema")
    assert other.get("targetNamespace") == "API:id_name_store"
    assert found(own, "s:import/@namespace") == ["API:id_name_store"]
    prefix = next(prefix for prefix, name in root.nsmap.items() if name == "API:id_name_store")
    references = found(own, "s:complexType[@name='return_reason']//s:element/@ref")
    assert references == [f"{prefix}:return_reason_id", f"{prefix}:return_reason_name"]
    assert found(other, "s:element/@name") == ["return_reason_id", "return_reason_name"]


async def test_a_service_without_soap_has_no_soap_ports() -> None:
    root = await described(BUYERS)
    assert root.get("targetNamespace") == BUYERS_NAMESPACE
    assert found(root, "wsdl:service/wsdl:port/@name") == ["buyersHttpGet", "buyersHttpPost"]
    assert found(root, "//soap:* | //soap12:*") == []
    for kind in ("HttpGet", "HttpPost"):
        names = found(root, f"wsdl:message[@name='UpdateLeadStatus{kind}In']/wsdl:part/@name")
        assert names == ["api_key", "lead_id", "status", "sub_status"]


@pytest.mark.parametrize("query", [b"wsdl", b"disco"])
@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_the_address_is_the_configured_one_whatever_the_request_says(service: Service, query: bytes) -> None:
    spoofed = [
        (b"x-forwarded-host", b"evil.example"),
        (b"x-forwarded-proto", b"gopher"),
        (b"forwarded", b"host=evil.example;proto=gopher"),
    ]
    reply = await read(service, query, headers=spoofed)
    assert reply.body == (await read(service, query)).body
    assert "evil" not in reply.text
    assert "leads.example.com" not in reply.text
    assert f"{PUBLIC}{service.path}" in reply.text


async def test_each_port_has_the_address() -> None:
    for service in SERVICES:
        root = await described(service)
        addresses = found(root, "wsdl:service/wsdl:port/*/@location")
        assert set(addresses) == {PUBLIC + service.path}


@pytest.mark.parametrize(
    ("public_url", "address"),
    [("https://a.example/", "https://a.example"), ("https://a.example/x&y\"<'", "https://a.example/x&y\"<'")],
)
async def test_any_configured_address_makes_a_well_formed_description(public_url: str, address: str) -> None:
    for query in (b"wsdl", b"disco"):
        root = etree.fromstring((await read(LEADS, query, public_url=public_url)).body)
        named = found(root, "//@location[starts-with(., 'https')] | //@address")
        assert set(named) == {address + LEADS.path}


async def test_discovery_leads_to_the_description() -> None:
    root = etree.fromstring((await read(LEADS, b"DISCO")).body)
    assert found(root, "scl:contractRef/@ref") == [f"{PUBLIC}{LEADS.path}?wsdl"]
    assert found(root, "scl:contractRef/@docRef") == [PUBLIC + LEADS.path]
    bindings = found(root, "dsoap:soap")
    assert [item.get("binding").partition(":")[2] for item in bindings] == ["leadsSoap", "leadsSoap12"]
    for item in bindings:
        assert item.nsmap[item.get("binding").partition(":")[0]] == LEADS_NAMESPACE


async def client_of(service: Service) -> Any:
    """A client that was made from a service's description, and from nothing else."""
    make: Any = zeep.Client
    return make(io.BytesIO((await read(service)).body))


def binding(client: Any, service: Service, port: str) -> Any:
    """One of the client's bindings."""
    return client.wsdl.bindings[f"{{{service.namespace}}}{service.name}{port}"]


@pytest.mark.parametrize(("port", "content_type"), [("Soap", b"text/xml"), ("Soap12", b"application/soap+xml")])
async def test_a_client_that_says_nothing_of_revenue_does_not_touch_it(port: str, content_type: bytes) -> None:
    """Were a number demanded, it would send 0 and false, and wipe the revenue."""
    client = await client_of(LEADS)
    envelope = client.create_message(
        client.bind("leads", f"leads{port}"),
        "UpdateLead", lead_id="C8097F17", buyer_contract_id=0, status="Funded", return_reason_id=0,
    )  # fmt: skip
    updates = Scripted()
    reply = await exchange(
        BuyerApi(updates, Settings()),
        scope_of("POST", path=LEADS.path, headers=[(b"content-type", content_type)]),
        body_event(etree.tostring(envelope)),
    )
    assert reply is not None
    assert reply.status == 200
    assert updates.request.status == "Funded"
    assert (updates.request.amount, updates.request.add_to_existing) == (None, None)


async def test_a_client_reads_the_reasons_by_their_own_namespace() -> None:
    client = await client_of(LEADS)
    answer = (
        f'<get_return_reasons_response xmlns="{LEADS_NAMESPACE}"><success>true</success><row_count>1</row_count>'
        '<return_reasons><return_reason><return_reason_id xmlns="API:id_name_store">4</return_reason_id>'
        '<return_reason_name xmlns="API:id_name_store">Wrong number</return_reason_name></return_reason>'
        "</return_reasons></get_return_reasons_response>"
    )
    element = client.get_element(f"{{{LEADS_NAMESPACE}}}get_return_reasons_response")
    value = element.parse(etree.parse(io.StringIO(answer)).getroot(), client.wsdl.types)
    assert [(row.return_reason_id, row.return_reason_name) for row in value.return_reasons.return_reason] == [
        (4, "Wrong number")
    ]


async def test_a_client_that_posts_forms_sends_no_key_that_was_not_given() -> None:
    """zeep posts a part that is not given as `None`, which would be taken for a key."""
    client = await client_of(LEADS)
    given = dict.fromkeys(PARTS["UpdateLead"], "") | {"lead_id": "C8097F17"}
    message = binding(client, LEADS, "HttpPost").create_message("UpdateLead", **given)
    assert message.path == "/UpdateLead"
    assert "None" not in message.content
    assert "api_key" not in message.content


async def test_a_client_of_the_newer_service_gives_its_key() -> None:
    client = await client_of(BUYERS)
    message = binding(client, BUYERS, "HttpPost").create_message(
        "UpdateLeadStatus", api_key="key", lead_id="C8097F17", status="Funded", sub_status=""
    )
    assert message.content == "api_key=key&lead_id=C8097F17&status=Funded&sub_status="
