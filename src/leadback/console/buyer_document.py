"""A buyer's card > Posting document: what its developers need, and a real call upon its test lead."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Template

from leadback.console.buyer_card import card_page, open_card, require_change
from leadback.console.buyers import BUYERS_PATH
from leadback.console.buyers_side import BuyersSide, TestCall
from leadback.console.entered import Entered, number_of, query_of
from leadback.console.session import AnyRequest, Seen, Sessions
from leadback.console.sign_in import Form, text_of
from leadback.console.templating import slug
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.kit.exchange import Exchange
from leadback.leads.configuration import read_configuration
from leadback.leads.contracts import standing_lead_id
from leadback.parties.model import Buyer
from leadback.parties.queries import list_contracts, list_verticals

DOCUMENT_PATH: Final = f"{BUYERS_PATH}/{{buyer_id:int}}/posting-document"
FORMS: Final = {"html": ("text/html", "html"), "markdown": ("text/markdown", "md")}
NO_DOCUMENTS: Final = "This server makes no posting documents."
CALL_FIELDS: Final = ("status", "sub_status", "amount", "add_to_existing", "field_name", "field_value")
VALUE_LENGTH_MAX: Final = 4_000


@get(DOCUMENT_PATH)
async def document_page(
    request: AnyRequest,
    sessions: Given[Sessions],
    seen: Given[Seen],
    buyers_side: Given[BuyersSide | None],
    buyer_id: FromPath[int],
) -> Template:
    """The document to read and to take along, and the form for a test call."""
    return await _document(request, sessions, seen, buyers_side, buyer_id)


@get(f"{DOCUMENT_PATH}/file")
async def document_file(
    request: AnyRequest,
    sessions: Given[Sessions],
    seen: Given[Seen],
    buyers_side: Given[BuyersSide | None],
    buyer_id: FromPath[int],
) -> Response[bytes]:
    """The document as a file: `form=html` (default) or `form=markdown`."""
    form = query_of(request).get("form", "html")
    if form not in FORMS:
        raise Refused(f"There is no posting document as {form[:40]!r}; there are: {', '.join(FORMS)}.")
    buyer, text = await _write(sessions, seen, buyers_side, buyer_id, form)
    media_type, suffix = FORMS[form]
    name = f"posting-document-{slug(buyer.name) or buyer_id}.{suffix}"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Response(text.encode(), media_type=f"{media_type}; charset=utf-8", headers=headers)


@post(DOCUMENT_PATH)
async def make_test_call(
    request: AnyRequest,
    sessions: Given[Sessions],
    seen: Given[Seen],
    buyers_side: Given[BuyersSide | None],
    buyer_id: FromPath[int],
    data: Form,
) -> Template:
    """A real call with the key that was typed, upon a contract's test lead; its answer is shown as it is."""
    require_change(seen, buyer_id)
    told: dict[str, Any] = {"entered": data}
    try:
        told["exchange"] = await _call(request, sessions, seen, buyers_side, buyer_id, data)
    except Refused as error:
        told["error"] = str(error)
    return await _document(request, sessions, seen, buyers_side, buyer_id, **told)


async def _call(
    request: AnyRequest, sessions: Sessions, seen: Seen, buyers_side: BuyersSide | None, buyer_id: int, data: Entered
) -> Exchange:
    if buyers_side is None:
        raise Refused(NO_DOCUMENTS)
    key = str(data.get("key") or "").strip()
    if not key:
        # Without one it would be a keyless call, of whichever buyer accepts those from this address.
        raise Refused("Type the key: it is kept nowhere, so it cannot be filled in.")
    channel = str(data.get("channel") or "")
    if channel not in dict(buyers_side.channels):
        raise Refused("Choose one of the channels that buyers call by.")
    contract_id = number_of(data, "buyer_contract_id", "Contract")
    async with sessions.database.snapshot(seen.network_id) as connection:
        contracts = await list_contracts(connection, seen.network_id, frozenset([buyer_id]))
    if contract_id is None or contract_id not in {item.buyer_contract_id for item in contracts}:
        raise Refused("Choose one of this buyer's contracts.")
    parameters = {"lead_id": standing_lead_id(contract_id), "buyer_contract_id": str(contract_id)}
    parameters |= {name: str(data.get(name) or "")[:VALUE_LENGTH_MAX] for name in CALL_FIELDS}
    parameters["return_reason_id"] = str(data.get("return_reason_id") or "0")[:VALUE_LENGTH_MAX]
    call = TestCall(
        channel=channel,
        key=key,
        parameters=parameters,
        host=request.headers.get("host", ""),
        address=sessions.browser_of(request).address,
        request_id=request.scope["state"].get("request_id", ""),
    )
    return await buyers_side.try_update(call)


async def _write(
    sessions: Sessions, seen: Seen, buyers_side: BuyersSide | None, buyer_id: int, form: str
) -> tuple[Buyer, str]:
    if buyers_side is None:
        raise Refused(NO_DOCUMENTS)
    async with sessions.database.snapshot(seen.network_id) as connection:
        buyer = await open_card(connection, seen, buyer_id)
        configuration = await read_configuration(connection, seen.network_id)
        verticals = await list_verticals(connection, seen.network_id)
    return buyer, buyers_side.write_document(configuration, verticals, buyer_id, now(), form)


async def _document(
    request: AnyRequest,
    sessions: Sessions,
    seen: Seen,
    buyers_side: BuyersSide | None,
    buyer_id: int,
    *,
    error: str = "",
    entered: Entered | None = None,
    exchange: Exchange | None = None,
) -> Template:
    async with sessions.database.snapshot(seen.network_id) as connection:
        buyer = await open_card(connection, seen, buyer_id)
        configuration = await read_configuration(connection, seen.network_id)
    document = missing = ""
    try:
        _, document = await _write(sessions, seen, buyers_side, buyer_id, "markdown")
    except Refused as refusal:
        missing = str(refusal)
    contracts = [item for item in configuration.contracts.values() if item.buyer_id == buyer_id]
    reasons = [item for item in configuration.catalog.return_reasons.values() if item.active]
    typed = {name: text_of(dict(entered or {}), name) for name in (*CALL_FIELDS, "buyer_contract_id", "channel")}
    return card_page(
        request,
        seen,
        buyer,
        "buyer_document.html",
        error=error,
        document=document,
        missing=missing if contracts else "",
        address="" if buyers_side is None else buyers_side.address,
        is_public=buyers_side is not None and buyers_side.is_public,
        channels=() if buyers_side is None else buyers_side.channels,
        contracts=[
            (item.buyer_contract_id, f"{item.name} ({standing_lead_id(item.buyer_contract_id)})") for item in contracts
        ],
        statuses=[item.name for item in configuration.catalog.statuses.values() if item.active],
        reasons=[("0", "no return"), *((item.return_reason_id, item.name) for item in reasons)],
        entered=typed | {"return_reason_id": str((entered or {}).get("return_reason_id") or "0")},
        exchange=exchange,
    )
