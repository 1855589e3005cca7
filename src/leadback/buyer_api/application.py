"""The door of the buyer API: finds the operation and the wire form of a request, and answers in that form."""

from typing import Protocol

import msgspec
import structlog

from leadback.buyer_api import answers, channels, script, soap
from leadback.buyer_api.answers import INVALID_API_KEY, SOMETHING_BROKEN, WireAnswer
from leadback.buyer_api.callers import keyed_caller, presented_keys
from leadback.buyer_api.channels import Form, HeaderValues
from leadback.buyer_api.deliveries import ClientWatch, Deliveries
from leadback.buyer_api.descriptions import describe
from leadback.buyer_api.model import BindingError, Bound, Sent, Service
from leadback.buyer_api.operations import SERVICES
from leadback.buyer_api.parameters import ECHO_LENGTH_MAX, Binder, echo
from leadback.kit.clock import now
from leadback.kit.http import ClientAddresses, Receive, Scope, Send, request_id_of, send_answer
from leadback.kit.settings import Settings
from leadback.kit.tokens import without_keys
from leadback.kit.xml import XmlRefusedError, read_xml
from leadback.leads.guard_rules import looks_at
from leadback.leads.model import (
    AnswerState,
    BuyerCaller,
    Channel,
    KeylessCaller,
    Origin,
    Outcome,
    ReasonsRequest,
    Receipt,
    RefusedCall,
    UpdateRequest,
)

log = structlog.get_logger(__name__)


class Updates(Protocol):
    """Where calls go once they are read."""

    async def submit(self, call: UpdateRequest | ReasonsRequest | RefusedCall) -> Outcome:
        """Decide a call and make it last."""

    async def network_of_host(self, host: str | None) -> int | None:
        """The network a keyless call speaks of."""

    def tell(self, receipt: Receipt, state: AnswerState) -> None:
        """What became of an answer."""


class Door(msgspec.Struct, frozen=True):
    """A service with its look-ups made beforehand."""

    service: Service
    binders: dict[str, Binder]
    names: dict[str, str]
    """Operations by their names in lower case."""


class Request(msgspec.Struct, frozen=True):
    """A request whose service and headers are known."""

    scope: Scope
    receive: Receive
    watch: ClientWatch
    headers: HeaderValues
    content_type: str
    door: Door
    name: str
    """What the path says behind the service: an operation, or nothing."""


class Call(msgspec.Struct, frozen=True):
    """A call with its parameters read, not yet converted."""

    request: Request
    form: Form
    binder: Binder
    sent: Sent
    origin: Origin


class BuyerApi:
    """An ASGI application for the paths it says it serves."""

    def __init__(
        self, updates: Updates, settings: Settings, *, body_seconds_max: float = channels.BODY_SECONDS_MAX
    ) -> None:
        self._updates = updates
        self._settings = settings
        self._addresses = ClientAddresses(settings.trusted_proxies)
        self._deliveries = Deliveries(updates.tell, self._addresses)
        self._body_seconds_max = body_seconds_max
        self._doors = tuple(_door(service) for service in SERVICES)

    @staticmethod
    def serves(path: str) -> bool:
        """Whether a path is ours: in any case, as IIS takes it, up to the name of the operation."""
        return any(_leads_to(service, path) for service in SERVICES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a call that did not come whole changed nothing."""
        self._deliveries.request_came(scope)
        watch = ClientWatch(receive)
        try:
            await self._send(scope, send, await self._serve(scope, receive, watch), watch)
        finally:
            watch.end()

    async def _send(self, scope: Scope, send: Send, answer: WireAnswer, watch: ClientWatch) -> None:
        if answer.receipt is not None and watch.is_gone():
            self._deliveries.lost(answer.receipt)
            return
        await send_answer(send, answer.status, answer.headers, answer.body)
        if answer.receipt is not None:
            self._deliveries.sent(scope, answer.receipt)

    async def _serve(self, scope: Scope, receive: Receive, watch: ClientWatch) -> WireAnswer:
        method, path = scope["method"], scope["path"]
        if method not in ("GET", "POST"):
            return answers.METHOD_NOT_ALLOWED
        if max(len(path), len(scope["query_string"])) > channels.QUERY_BYTES_MAX:
            return answers.QUERY_TOO_LONG
        door = next(door for door in self._doors if _leads_to(door.service, path))
        headers = channels.read_headers(scope)
        name = path[len(door.service.path) + 1 :]
        request = Request(scope, receive, watch, headers, channels.content_type_of(headers), door, name)
        if name:
            return await self._serve_operation(request, by_get=method == "GET")
        if method == "GET":
            return describe(door.service, scope["query_string"], self._settings)
        return await self._serve_envelope(request)

    async def _serve_operation(self, request: Request, *, by_get: bool) -> WireAnswer:
        """A call whose operation stands in its path: by GET, as a form or in JSON."""
        in_json = script.is_json(request.content_type)
        binder = request.door.binders.get(request.name)
        if binder is None:
            if in_json:
                return script.SCRIPT.refused(script.unknown_method(request.name[:ECHO_LENGTH_MAX]))
            return channels.GET.not_bound(_no_operation(request.name, request.door))
        form: Form
        if by_get:
            if in_json:
                return script.SCRIPT.get_refused(request.name)
            form, sent = channels.GET, binder.read(request.scope["query_string"])
        else:
            body = await channels.read_whole(request.headers, request.receive, seconds_max=self._body_seconds_max)
            if not isinstance(body, bytes):
                return body
            form = script.SCRIPT if in_json else channels.FORM
            read = script.read_json if in_json else channels.read_form
            sent = read(binder, body, request.content_type)
        return await self._answer(self._call(request, form, binder, sent))

    async def _serve_envelope(self, request: Request) -> WireAnswer:
        """A call in SOAP: the envelope says which operation it is."""
        if channels.kind_of(request.content_type) not in channels.SOAP_TYPES:
            return answers.UNSUPPORTED
        body = await channels.read_whole(request.headers, request.receive, seconds_max=self._body_seconds_max)
        if not isinstance(body, bytes):
            return body
        try:
            root = read_xml(body, channels.charset_of(request.content_type))
        except XmlRefusedError as error:
            await self._keep_unread(request, soap.declared_version(request.content_type).channel, str(error))
            return answers.NOT_XML
        actions = [value.decode("latin-1") for value in request.headers.get(b"soapaction", [])]
        found = soap.read_envelope(root, request.content_type, actions, request.door.service)
        if isinstance(found, soap.Fault):
            await self._keep_unread(request, found.version.channel, found.text)
            return found.answer()
        form, binder = soap.SoapForm(found), request.door.binders[found.operation]
        sent = soap.read_call(binder, found.call, len(body))
        return await self._answer(self._call(request, form, binder, sent))

    def _call(self, request: Request, form: Form, binder: Binder, sent: Sent) -> Call:
        return Call(request, form, binder, sent, self._origin(request, form.channel, binder.operation.name))

    def _origin(self, request: Request, channel: Channel, operation: str) -> Origin:
        scope = request.scope
        return Origin(
            channel=channel,
            operation=operation,
            address=self._addresses.address_of(scope.get("client"), request.headers.get(b"x-forwarded-for", [])),
            request_id=request_id_of(scope),
            received_at=now(),
        )

    async def _answer(self, call: Call) -> WireAnswer:
        binder, form, headers = call.binder, call.form, call.request.headers
        operation = binder.operation
        values = binder.bind(call.sent, by_schema=isinstance(form, soap.SoapForm))
        keys = _keys(headers, binder.text(call.sent, "api_key"), _key_in_address(call))
        keyed = keyed_caller(keys)
        try:
            if isinstance(values, BindingError):
                await self._keep_refused(call, keyed, values)
                return form.not_bound(values)
            caller = keyed if keys else await self._keyless_caller(call)
            if caller is None:
                return form.decided(operation, INVALID_API_KEY)
            bound = Bound(
                values=values,
                others=call.sent.others,
                caller=caller,
                origin=call.origin,
                idempotency_key=channels.idempotency_key(
                    headers.get(b"idempotency-key", []), binder.text(call.sent, "idempotency_key")
                ),
                parameters=binder.kept(call.sent),
            )
            request = operation.request(bound)
            if isinstance(request, UpdateRequest) and looks_at(request):
                call.request.watch.begin()
            outcome = await self._updates.submit(request)
        except Exception:
            log.exception("call failed", request_id=call.origin.request_id, operation=operation.name)
            # Whatever came of keeping it, a call that cannot be read is told so.
            if isinstance(values, BindingError):
                return form.not_bound(values)
            outcome = SOMETHING_BROKEN
        return form.decided(operation, outcome)

    async def _keep_refused(self, call: Call, caller: BuyerCaller | None, error: BindingError) -> None:
        """Submit what cannot be applied so that a known buyer's is kept; what it comes to changes no answer."""
        if caller is None:
            return
        await self._updates.submit(
            RefusedCall(
                caller=caller,
                origin=call.origin,
                lead_id=without_keys(call.binder.text(call.sent, "lead_id")),
                reason=error.reason,
                detail=error.detail,
                parameters=call.binder.kept(call.sent),
            )
        )

    async def _keep_unread(self, request: Request, channel: Channel, reason: str) -> None:
        """The same for an envelope that calls nothing: a key can only have come by a header."""
        caller = keyed_caller(_keys(request.headers))
        if caller is None:
            return
        origin = self._origin(request, channel, request.door.service.name)
        reason = without_keys(reason)
        detail = "The envelope calls no operation."
        try:
            await self._updates.submit(
                RefusedCall(caller=caller, origin=origin, lead_id="", reason=reason, detail=detail)
            )
        except Exception:
            log.exception("call failed", request_id=origin.request_id, operation=origin.operation)

    async def _keyless_caller(self, call: Call) -> KeylessCaller | None:
        address = call.origin.address
        if address is None or not call.binder.operation.keyless:
            return None
        hosts = call.request.headers.get(b"host", [])
        network_id = await self._updates.network_of_host(hosts[0].decode("latin-1") if hosts else None)
        return None if network_id is None else KeylessCaller(network_id, address)


def _door(service: Service) -> Door:
    binders = {operation.name: Binder(operation) for operation in service.operations}
    return Door(service, binders, {name.lower(): name for name in binders})


def _leads_to(service: Service, path: str) -> bool:
    length = len(service.path)
    return path[:length].lower() == service.path and path[length : length + 1] in ("", "/")


def _keys(headers: HeaderValues, *parameters: str) -> set[str]:
    return presented_keys(headers.get(b"authorization", []), headers.get(b"x-api-key", []), parameters)


def _key_in_address(call: Call) -> str:
    """The key in the address of a POST, whose other parameters there say nothing: some programs can set only that."""
    query = call.request.scope["query_string"]
    if not query or call.form is channels.GET:
        return ""
    return call.binder.text(call.binder.read(query), "api_key")


def _no_operation(name: str, door: Door) -> BindingError:
    known = door.names.get(name.lower())
    if known is None:
        text = f"{echo(name)} Web Service method name is not valid."
    else:
        text = (
            f"Invalid method name '{echo(name)}',  method names are case sensitive.   The method name '{known}'"
            " with the same name but different casing was found.\r\nParameter name: methodName"
        )
    return BindingError(text, text, "")
