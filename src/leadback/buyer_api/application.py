"""The door of the buyer API: finds the operation and the wire form of a request, and answers in that form."""

from typing import Final, Protocol

import msgspec
import structlog

from leadback.buyer_api.answers import (
    INVALID_API_KEY,
    METHOD_NOT_ALLOWED,
    NO_PAGE,
    QUERY_TOO_LONG,
    SOMETHING_BROKEN,
    WireAnswer,
    decided,
    not_bound,
)
from leadback.buyer_api.callers import keyed_caller, presented_keys
from leadback.buyer_api.channels import (
    BODY_SECONDS_MAX,
    QUERY_BYTES_MAX,
    HeaderValues,
    content_type_of,
    idempotency_key,
    not_a_form,
    read_form,
    read_headers,
)
from leadback.buyer_api.deliveries import ClientWatch, Deliveries
from leadback.buyer_api.model import BindingError, Bound, Sent
from leadback.buyer_api.operations import OPERATIONS
from leadback.buyer_api.parameters import Binder, echo
from leadback.kit.clock import now
from leadback.kit.http import ClientAddresses, Receive, Scope, Send, request_id_of, send_answer
from leadback.kit.settings import Settings
from leadback.kit.tokens import without_keys
from leadback.leads.guard_rules import looks_at
from leadback.leads.model import (
    AnswerState,
    BuyerCaller,
    Channel,
    KeylessCaller,
    Origin,
    Outcome,
    Receipt,
    RefusedCall,
    UpdateRequest,
)

PATH: Final = "/buyers/api/1/leads.asmx"

log = structlog.get_logger(__name__)


class Updates(Protocol):
    """Where calls go once they are read."""

    async def submit(self, call: UpdateRequest | RefusedCall) -> Outcome:
        """Decide a call and make it last."""

    async def network_of_host(self, host: str | None) -> int | None:
        """The network a keyless call speaks of."""

    def tell(self, receipt: Receipt, state: AnswerState) -> None:
        """What became of an answer."""


class Call(msgspec.Struct, frozen=True):
    """A call with its parameters read, not yet converted."""

    binder: Binder
    sent: Sent
    origin: Origin
    headers: HeaderValues
    watch: ClientWatch


class BuyerApi:
    """An ASGI application for the paths it says it serves."""

    def __init__(self, updates: Updates, settings: Settings, *, body_seconds_max: float = BODY_SECONDS_MAX) -> None:
        self._updates = updates
        self._addresses = ClientAddresses(settings.trusted_proxies)
        self._deliveries = Deliveries(updates.tell, self._addresses)
        self._body_seconds_max = body_seconds_max
        self._binders = {operation.name: Binder(operation) for operation in OPERATIONS}
        self._names = {name.lower(): name for name in self._binders}

    @staticmethod
    def serves(path: str) -> bool:
        """Whether a path is ours: in any case, as IIS takes it, up to the name of the operation."""
        return path[: len(PATH)].lower() == PATH and path[len(PATH) : len(PATH) + 1] in ("", "/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a client that was gone before the end of its call gets none, and changed nothing."""
        self._deliveries.request_came(scope)
        watch = ClientWatch(receive)
        try:
            answer = await self._serve(scope, receive, watch)
            if answer is not None:
                await self._send(scope, send, answer, watch)
        finally:
            watch.end()

    async def _send(self, scope: Scope, send: Send, answer: WireAnswer, watch: ClientWatch) -> None:
        if answer.receipt is not None and watch.is_gone():
            self._deliveries.lost(answer.receipt)
            return
        await send_answer(send, answer.status, answer.headers, answer.body)
        if answer.receipt is not None:
            self._deliveries.sent(scope, answer.receipt)

    async def _serve(self, scope: Scope, receive: Receive, watch: ClientWatch) -> WireAnswer | None:
        method = scope["method"]
        if method not in ("GET", "POST"):
            return METHOD_NOT_ALLOWED
        name = scope["path"][len(PATH) + 1 :]
        binder = self._binders.get(name)
        if binder is None and (name or method == "POST"):
            return not_bound(self._no_operation(name, scope))
        if binder is None:
            return NO_PAGE
        headers = read_headers(scope)
        if len(scope["query_string"]) > QUERY_BYTES_MAX:
            return QUERY_TOO_LONG
        if method == "GET":
            channel, sent = Channel.GET, binder.read(scope["query_string"])
        else:
            found = await read_form(binder, headers, receive, seconds_max=self._body_seconds_max)
            if not isinstance(found, Sent):
                return found
            channel, sent = Channel.FORM, found
        origin = Origin(
            channel=channel,
            operation=binder.operation.name,
            address=self._addresses.address_of(scope.get("client"), headers.get(b"x-forwarded-for", [])),
            request_id=request_id_of(scope),
            received_at=now(),
        )
        return await self._answer(Call(binder, sent, origin, headers, watch))

    async def _answer(self, call: Call) -> WireAnswer:
        binder = call.binder
        values = binder.bind(call.sent)
        keys = presented_keys(
            call.headers.get(b"authorization", []),
            call.headers.get(b"x-api-key", []),
            binder.text(call.sent, "api_key"),
        )
        keyed = keyed_caller(keys)
        try:
            if isinstance(values, BindingError):
                await self._keep_refused(call, keyed, values)
                return not_bound(values)
            caller = keyed if keys else await self._keyless_caller(call)
            if caller is None:
                return decided(binder.operation, INVALID_API_KEY)
            bound = Bound(
                values=values,
                caller=caller,
                origin=call.origin,
                idempotency_key=idempotency_key(
                    call.headers.get(b"idempotency-key", []), binder.text(call.sent, "idempotency_key")
                ),
                parameters=binder.kept(call.sent),
            )
            request = binder.operation.request(bound)
            if looks_at(request):
                call.watch.begin()
            outcome = await self._updates.submit(request)
        except Exception:
            log.exception("call failed", request_id=call.origin.request_id, operation=binder.operation.name)
            # Whatever came of keeping it, a call that cannot be read is told so.
            if isinstance(values, BindingError):
                return not_bound(values)
            outcome = SOMETHING_BROKEN
        return decided(binder.operation, outcome)

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

    async def _keyless_caller(self, call: Call) -> KeylessCaller | None:
        address = call.origin.address
        hosts = call.headers.get(b"host", [])
        network_id = await self._updates.network_of_host(hosts[0].decode("latin-1") if hosts else None)
        return None if network_id is None or address is None else KeylessCaller(network_id, address)

    def _no_operation(self, name: str, scope: Scope) -> BindingError:
        if not name:
            return not_a_form(content_type_of(read_headers(scope)))
        known = self._names.get(name.lower())
        if known is None:
            text = f"{echo(name)} Web Service method name is not valid."
        else:
            text = (
                f"Invalid method name '{echo(name)}',  method names are case sensitive.   The method name '{known}'"
                " with the same name but different casing was found.\r\nParameter name: methodName"
            )
        return BindingError(text, text, "")
