"""What of a failed call is kept, and what becomes of it when it is run again: decisions on values."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from leadback.access.model import PresentedKey
from leadback.kit.tokens import without_keys
from leadback.leads.configuration import Configuration
from leadback.leads.failed_model import Effect, FailedUpdate, KeptCall, RerunOptions, Said, Verdict
from leadback.leads.fingerprint import fingerprint_of
from leadback.leads.model import (
    BuyerCaller,
    Change,
    Failure,
    Flag,
    Message,
    Origin,
    Reason,
    RefusedCall,
    Sale,
    UpdateRequest,
)
from leadback.leads.rules import address_sale, check_enabled, counts_as_update, decide

CALL_CHARACTERS_MAX: Final = 4_000

_STATUS_FLAGS: Final = frozenset(
    {
        str(Flag.LEFT_TERMINAL_STATUS),
        str(Flag.TERMINAL_STATUS_KEPT),
        str(Flag.STATUS_OUTSIDE_VERTICAL),
        str(Flag.OUT_OF_ORDER),
    }
)
"""A row has one of these only where its call named a status."""


def kept_call(call: UpdateRequest | RefusedCall) -> str | None:
    """A call as JSON, to be run again; None where it could not be read, is too long, or holds a key."""
    if isinstance(call, RefusedCall):
        return None
    texts = [call.lead_id, call.status, call.sub_status, call.happened_at]
    texts += [part for pair in call.fields for part in pair]
    if sum(map(len, texts)) > CALL_CHARACTERS_MAX:
        return None
    kept = KeptCall(**{name: getattr(call, name) for name in KeptCall.__struct_fields__})
    written = msgspec.json.encode(kept).decode()
    # Without its key it would be another call.
    return written if without_keys(written) == written else None


def request_of(failed: FailedUpdate, network_id: int) -> UpdateRequest:
    """A failed update as the call it was, received when it was."""
    assert failed.call is not None
    return UpdateRequest(
        # Whose it is was settled when it came. This is no key: asked about it, nobody would let it in.
        caller=BuyerCaller(PresentedKey(network_id, b"")),
        origin=origin_of(failed, failed.received_at),
        parameters=failed.parameters,
        **msgspec.structs.asdict(failed.call),
    )


def origin_of(failed: FailedUpdate, received_at: datetime) -> Origin:
    """Where a failed update came from."""
    return Origin(
        channel=failed.channel,
        operation=failed.operation,
        address=failed.address,
        request_id=failed.request_id,
        received_at=received_at,
    )


class Again:
    """Failed updates decided again one after the other, each on its sale as the one before left it."""

    def __init__(
        self,
        configuration: Configuration,
        sales: Iterable[Sale],
        said: Mapping[int, Sequence[Said]],
        options: RerunOptions,
        now: datetime,
    ) -> None:
        self._configuration = configuration
        self._before = {sale.sale_id: sale for sale in sales}
        self._standing = dict(self._before)
        self._sales_of_lead: dict[tuple[str, int], list[int]] = {}
        for sale in self._before.values():
            self._sales_of_lead.setdefault((sale.lead_key, sale.buyer_id), []).append(sale.sale_id)
        self._said = said
        self._options = options
        self._now = now

    def decide(self, failed: Sequence[FailedUpdate]) -> tuple[Effect, ...]:
        """What becomes of each, oldest first."""
        said = [self._fingerprint(item) for item in failed]
        last = {fingerprint: item.failed_update_id for item, fingerprint in zip(failed, said, strict=True)}
        return tuple(
            self._decide(item, item.failed_update_id if fingerprint is None else last[fingerprint])
            for item, fingerprint in zip(failed, said, strict=True)
        )

    def _decide(self, failed: FailedUpdate, last_id: int) -> Effect:
        if (why := self._not_again(failed)) is not None:
            return Effect(failed=failed, verdict=Verdict.SKIP, text=why)
        if last_id != failed.failed_update_id and not self._options.anyway:
            why = f"The failed update {last_id}, received later, says the same."
            return Effect(failed=failed, verdict=Verdict.SKIP, text=why, same_as_id=last_id)
        request, left_out = self._without_amount(request_of(failed, self._configuration.network.network_id))
        if not self._options.anyway and not counts_as_update(request):
            why = "It names nothing that could change the sale."
            if left_out is not None:
                why = f"It only adds {left_out} to the revenue, which is left out unless amounts are asked for."
            return Effect(failed=failed, verdict=Verdict.SKIP, text=why, amount_left_out=left_out)
        found = self._on_its_sale(failed, request)
        if isinstance(found, Failure):
            return Effect(failed=failed, verdict=Verdict.FAIL, text=f"{found.message}: {found.detail}")
        sale_id = found.before.sale_id
        if not self._options.anyway:
            said = self._said.get(sale_id, ())
            since = said_since(failed, request, found, self._before[sale_id], said)
            if since is not None:
                local = self._configuration.network.local(since[1])
                why = f"{since[0]} on {local:%Y-%m-%d %H:%M}, after this call."
                return Effect(failed=failed, verdict=Verdict.SKIP, text=why)
        self._standing[sale_id] = found.after
        return Effect(failed=failed, verdict=Verdict.APPLY, change=found, amount_left_out=left_out)

    def _not_again(self, failed: FailedUpdate) -> str | None:
        """Why a failed update is not run again at all."""
        if failed.resolved_at is not None:
            return f"It was settled by run {failed.run_id}."
        if failed.call is None:
            bound = failed.reason in [*Message, *Reason]
            return "It was not kept whole." if bound else "It could not be read, so there is nothing to run again."
        if failed.reason == Reason.REPEATED_CALL and not self._options.anyway:
            return "It repeats an accepted call. To apply it all the same, apply it alone."
        return None

    def _without_amount(self, request: UpdateRequest) -> tuple[UpdateRequest, Decimal | None]:
        """The call as it is run, and the amount it would add where that is left out: it may have been told since."""
        amount = request.amount
        if self._options.with_amounts or not amount or request.add_to_existing is not True:
            return request, None
        return msgspec.structs.replace(request, amount=None, add_to_existing=None), amount

    def _on_its_sale(self, failed: FailedUpdate, request: UpdateRequest) -> Change | Failure:
        buyer = self._configuration.buyers[failed.buyer_id]
        if (disabled := check_enabled(buyer, self._configuration.network)) is not None:
            return disabled
        own = self._sales_of_lead.get((request.lead_id.upper(), failed.buyer_id), [])
        sales = [self._standing[sale_id] for sale_id in own]
        sale = address_sale(request, sales, self._configuration, keyless=False)
        return sale if isinstance(sale, Failure) else decide_again(sale, request, self._configuration, self._now)

    def _fingerprint(self, failed: FailedUpdate) -> tuple[int, bytes] | None:
        if failed.call is None or failed.reason == Reason.REPEATED_CALL:
            return None
        return failed.buyer_id, fingerprint_of(request_of(failed, self._configuration.network.network_id))


def decide_again(sale: Sale, request: UpdateRequest, configuration: Configuration, now: datetime) -> Change | Failure:
    """A call of the past on the sale as it stands: checked as of its receipt, in force from now.

    So a return sent within the window is within it; the buyer's own moments count from when it reported, and what was
    done to the sale counts from now.
    """
    change = decide(sale, request, configuration)
    if isinstance(change, Failure):
        return change
    values: dict[str, object] = {}
    if change.counts_as_update:
        happened = change.happened_at
        values = {
            "updated_at": now,
            "buyer_updated_at": max(sale.buyer_updated_at or happened, happened),
            "buyer_updated_first_at": min(sale.buyer_updated_first_at or happened, happened),
        }
    if change.after.returned_at != sale.returned_at:
        values["returned_at"] = now
    return msgspec.structs.replace(change, after=msgspec.structs.replace(change.after, **values))


def said_since(
    failed: FailedUpdate, request: UpdateRequest, change: Change, sale: Sale, said: Iterable[Said]
) -> tuple[str, datetime] | None:
    """Who reported what of the same kind after the call came, and when: running the call again would undo that.

    `sale` is as it stands in the database. Told by an operator's correction or by the buyer itself.
    """
    named = {field.field_id for field in change.field_changes}
    for row in said:
        by_buyer = (row.actor_kind, row.actor_id) == ("buyer", failed.buyer_id)
        if row.moment <= failed.received_at or not (by_buyer or row.kind == "correction"):
            continue
        delta = row.revenue_after - row.revenue_before
        what = None
        if request.status and _names_status(row, sale):
            what = "a status"
        elif named & row.field_ids:
            what = "the same field"
        elif request.return_reason_id and row.return_state_before != row.return_state_after:
            what = "a return"
        elif request.amount is not None and delta and (not request.add_to_existing or delta == request.amount):
            what = "an amount"
        if what is not None:
            return f"{'The buyer' if by_buyer else 'An operator'} reported {what}", row.moment
    return None


def _names_status(row: Said, sale: Sale) -> bool:
    """Whether a row's call named a status, which it may have done without changing it."""
    before = (row.status_id_before, row.sub_status_id_before)
    return (
        before != (row.status_id_after, row.sub_status_id_after)
        or bool(row.flags & _STATUS_FLAGS)
        or sale.status_happened_at == min(row.happened_at, row.received_at)
    )
