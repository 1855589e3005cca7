"""What a call on a sale leads to: every check and effect, on values alone."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec

from leadback.access.rules import key_allows
from leadback.catalog.field_values import canonical_value
from leadback.catalog.model import Alias, Field, Status, SubStatus
from leadback.kit.columns import MONEY_MAX
from leadback.leads.configuration import Configuration
from leadback.leads.model import (
    Answer,
    BuyerCaller,
    Change,
    Failure,
    FieldChange,
    Flag,
    IPAddress,
    KeylessCaller,
    Message,
    Origin,
    Outcome,
    OutcomeKind,
    ReasonsAnswer,
    ReasonsRequest,
    RefusedCall,
    Sale,
    Updated,
    UpdateRequest,
)
from leadback.leads.naming import field_name_as_given, find_field, find_status
from leadback.leads.return_rules import STANDING_RETURNS, begin_return
from leadback.leads.scope_rules import check_scopes_of
from leadback.networks.model import Network
from leadback.parties.model import Buyer, BuyerContract

HAPPENED_AHEAD_MAX = timedelta(minutes=5)
BARE_DATE_LENGTH = len("2000-01-31")
HAPPENED_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?",
    re.ASCII,
)


class Draft:
    """A sale while the parts of one call are applied to it: new values, flags and field changes so far."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}
        self.flags: list[str] = []
        self.field_changes: list[FieldChange] = []


def recognise(
    caller: BuyerCaller | KeylessCaller, origin: Origin, configuration: Configuration
) -> frozenset[int] | Failure:
    """The buyers a caller may speak for: one with a good key, every one that takes keyless calls from its address."""
    if isinstance(caller, BuyerCaller):
        key = configuration.keys.get(caller.key.digest)
        if key is None or not key_allows(key, origin.address, origin.received_at):
            return Failure(
                message=Message.INVALID_API_KEY, detail="The key is unknown, expired, revoked or not allowed here."
            )
        return frozenset([key.buyer_id])
    today = configuration.network.day_of(origin.received_at)
    accepting = frozenset(
        buyer.buyer_id for buyer in configuration.buyers.values() if accepts_keyless(buyer, caller.address, today)
    )
    if not accepting:
        return Failure(message=Message.INVALID_API_KEY, detail="No buyer accepts keyless calls from this address.")
    return accepting


def permit(
    call: UpdateRequest | RefusedCall | ReasonsRequest, configuration: Configuration
) -> frozenset[int] | Failure:
    """The buyers a call may speak for, where its key's scopes cover what it asks for."""
    buyers = recognise(call.caller, call.origin, configuration)
    if isinstance(buyers, Failure) or not isinstance(call.caller, BuyerCaller):
        return buyers
    return check_scopes_of(configuration.keys[call.caller.key.digest], call) or buyers


def accepts_keyless(buyer: Buyer, address: IPAddress, today: date) -> bool:
    """Whether a buyer takes calls without a key from an address on a day of the network's."""
    return (
        buyer.accept_keyless
        and (buyer.keyless_until is None or today <= buyer.keyless_until)
        and any(address in network for network in buyer.keyless_networks)
    )


def answer_reasons(request: ReasonsRequest, configuration: Configuration) -> Outcome | RefusedCall:
    """The active return reasons, in their order, for every caller that is somebody's.

    Where a buyer is known and its key may not ask: the call that is to be kept, and answered so.
    """
    buyers = permit(request, configuration)
    if isinstance(buyers, Failure):
        if buyers.buyer_id is None:
            return Outcome(OutcomeKind.DECIDED, Answer(False, buyers.message))
        return RefusedCall(
            caller=request.caller, origin=request.origin, lead_id="", reason=buyers.message, detail=buyers.detail
        )
    active = tuple(reason for reason in configuration.catalog.return_reasons.values() if reason.active)
    return Outcome(OutcomeKind.DECIDED, ReasonsAnswer(True, "", return_reasons=active))


def address_sale(
    request: UpdateRequest, sales: list[Sale], configuration: Configuration, *, keyless: bool
) -> Sale | Failure:
    """The sale a call means, among the caller's own sales of the lead (checks 4 and 5)."""
    buyer_id = None
    if not keyless and sales:
        buyer_id = sales[0].buyer_id
    if not sales:
        return Failure(
            message=Message.INVALID_LEAD_ID, detail="No sale of this lead to this caller.", buyer_id=buyer_id
        )
    contract_id = request.buyer_contract_id
    meant = [sale for sale in sales if contract_id in (0, sale.buyer_contract_id)]
    contracts = sorted({sale.buyer_contract_id for sale in meant})
    if not contracts:
        bought = ", ".join(str(number) for number in sorted({sale.buyer_contract_id for sale in sales}))
        if keyless:
            return Failure(message=Message.INVALID_LEAD_ID, detail=f"Sent contract {contract_id}, sold under {bought}.")
        return Failure(
            message=Message.INVALID_BUYER_CONTRACT,
            detail=f"Sent contract {contract_id}, sold under {bought}.",
            buyer_id=buyer_id,
            sale_id=sales[0].sale_id,
        )
    if len(contracts) > 1:
        # Without a key too the buyer is known, where all these contracts are one buyer's.
        buyers = {sale.buyer_id for sale in meant}
        return Failure(
            message=Message.BUYER_CONTRACT_REQUIRED,
            detail=f"The lead was sold under contracts {', '.join(map(str, contracts))}.",
            buyer_id=buyers.pop() if len(buyers) == 1 else None,
            sale_id=meant[0].sale_id,
        )
    # A resale to the same contract: the newest that was not returned, else the newest.
    return max(meant, key=lambda sale: (sale.return_state not in STANDING_RETURNS, sale.sold_at, sale.sale_id))


def check_enabled(buyer: Buyer, network: Network) -> Failure | None:
    """Check 3: the switch of the network and of the buyer."""
    if network.lead_statuses and buyer.lead_statuses:
        return None
    switch = "this buyer" if network.lead_statuses else "the network"
    return Failure(
        message=Message.LEAD_STATUSES_NOT_ENABLED,
        detail=f"Lead Statuses is switched off for {switch}.",
        buyer_id=buyer.buyer_id,
    )


def decide(
    sale: Sale, request: UpdateRequest, configuration: Configuration, *, kind: str = "update", by_buyer: bool = True
) -> Change | Failure:
    """Checks 6 to 13 and every effect of one call on the sale it means; nothing is applied unless all pass."""
    network, catalog = configuration.network, configuration.catalog
    contract = configuration.contracts[sale.buyer_contract_id]
    received = request.origin.received_at
    draft = Draft()
    # An operator speaks our language, not the buyer's.
    aliases_of = sale.buyer_id if by_buyer else None
    found = find_status(request, catalog, received, aliases_of)
    failure = found if isinstance(found, Message) else None
    failure = failure or apply_amount(draft, sale, request)
    failure = failure or apply_fields(draft, sale, request, configuration, contract, aliases_of)
    failure = failure or apply_return(draft, sale, request, configuration)
    happened = parse_happened_at(request.happened_at, received, network)
    if failure is None and happened is None:
        failure = Message.INVALID_HAPPENED_AT
    if failure is not None:
        return Failure(message=failure, detail=explain(failure, request), buyer_id=sale.buyer_id, sale_id=sale.sale_id)
    assert happened is not None and not isinstance(found, Message)
    if found is not None:
        apply_status(draft, sale, request, found, happened, configuration)
    counts = counts_as_update(request)
    if counts:
        draft.values |= _updated(sale, received, by_buyer=by_buyer)
    flag_revenue(draft, sale, request)
    after = msgspec.structs.replace(sale, **draft.values, version=sale.version + 1)
    return Change(
        before=sale,
        after=after,
        kind=kind,
        counts_as_update=counts,
        happened_at=happened,
        flags=tuple(draft.flags),
        field_changes=tuple(draft.field_changes),
    )


def apply_amount(draft: Draft, sale: Sale, request: UpdateRequest) -> Message | None:
    """Check 8 and the effect on revenue: absent leaves it alone, add adds, else it is overwritten."""
    if request.amount is None:
        return None
    if request.add_to_existing is None or abs(request.amount) > MONEY_MAX:
        return Message.INVALID_AMOUNT
    revenue = sale.revenue + request.amount if request.add_to_existing else request.amount
    if abs(revenue) > MONEY_MAX:
        return Message.INVALID_AMOUNT
    draft.values["revenue"] = revenue
    if request.amount != 0 or not request.add_to_existing:
        draft.values["revenue_set"] = True
    return None


def apply_fields(
    draft: Draft,
    sale: Sale,
    request: UpdateRequest,
    configuration: Configuration,
    contract: BuyerContract,
    aliases_of: int | None,
) -> Message | None:
    """Checks 9 and 10: all names first, then all values; an empty value clears the field.

    Two names of one field, such as its own and an alias, would leave it to their order which value holds.
    """
    fields: dict[int, tuple[Field, str]] = {}
    for name, text in request.fields:
        if request.fields_in_any_case:
            name = field_name_as_given(name, configuration.catalog)
        field = find_field(name, configuration.catalog, request.origin.received_at, aliases_of)
        if isinstance(field, Alias):
            continue
        if (
            field is None
            or field.field_id in fields
            or (field.vertical_ids and contract.vertical_id not in field.vertical_ids)
            or (field.buyer_ids and sale.buyer_id not in field.buyer_ids)
        ):
            return Message.INVALID_LEAD_FIELD
        fields[field.field_id] = field, text
    values = dict(sale.field_values)
    for field, text in fields.values():
        value = None if text == "" else canonical_value(field, text, configuration.network.date_format)
        if value is None and text != "":
            return Message.INVALID_FIELD_VALUE
        before = values.pop(field.field_id, None)
        if value is not None:
            values[field.field_id] = value
        draft.field_changes.append(FieldChange(field.field_id, field.name, before, value))
    if fields:
        draft.values["field_values"] = values
    return None


def apply_return(draft: Draft, sale: Sale, request: UpdateRequest, configuration: Configuration) -> Message | None:
    """Checks 11 and 12, and what a return changes."""
    if request.return_reason_id == 0:
        return Message.INVALID_RETURN_REASON if request.must_return else None
    says_amount = "revenue_set" in draft.values
    found = begin_return(
        sale, request.return_reason_id, configuration, request.origin.received_at, says_amount=says_amount
    )
    if isinstance(found, Message):
        return found
    draft.values |= found
    return None


def apply_status(
    draft: Draft,
    sale: Sale,
    request: UpdateRequest,
    found: tuple[Status, SubStatus | None],
    happened: datetime,
    configuration: Configuration,
) -> None:
    """The status takes force unless it is older than the one in force, or that one is terminal and kept."""
    status, sub_status = found
    network, contract = configuration.network, configuration.contracts[sale.buyer_contract_id]
    if status.vertical_ids and contract.vertical_id not in status.vertical_ids:
        draft.flags.append(Flag.STATUS_OUTSIDE_VERTICAL)
    bare_date = len(request.happened_at) == BARE_DATE_LENGTH
    if sale.status_happened_at is not None and _older(happened, sale.status_happened_at, network, bare_date=bare_date):
        # What is told late was reached all the same.
        draft.values["stage_reached"] = max(sale.stage_reached, status.stage)
        draft.flags.append(Flag.OUT_OF_ORDER)
        return
    changes = status.status_id != sale.status_id
    in_force = configuration.catalog.statuses.get(sale.status_id or 0)
    if changes and in_force is not None and in_force.terminal:
        keeps = network.terminal_statuses == "keep"
        draft.flags.append(Flag.TERMINAL_STATUS_KEPT if keeps else Flag.LEFT_TERMINAL_STATUS)
        if keeps:
            return
    draft.values["stage_reached"] = max(sale.stage_reached, status.stage)
    # A buyer's fast clock must not make its next status look older.
    draft.values |= {"status_id": status.status_id, "status_happened_at": min(happened, request.origin.received_at)}
    if sub_status is not None:
        draft.values["sub_status_id"] = sub_status.sub_status_id
    elif changes:
        draft.values["sub_status_id"] = None


def parse_happened_at(text: str, received: datetime, network: Network) -> datetime | None:
    """Check 13: when it happened at the buyer; the time of receipt where nothing is said, None where it is wrong.

    Without an offset the network's zone holds; a bare date begins its day.
    """
    if text == "":
        return received
    if not _MOMENT.fullmatch(text):
        return None
    try:
        happened = datetime.fromisoformat(text)
        if happened.tzinfo is None:
            local = happened
            happened = local.replace(tzinfo=network.zone).astimezone(UTC)
            if network.local(happened).replace(tzinfo=None) != local:
                return None  # skipped when the clocks went forward
        happened = happened.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return happened if HAPPENED_EARLIEST <= happened <= received + HAPPENED_AHEAD_MAX else None


def counts_as_update(request: UpdateRequest) -> bool:
    """Whether a call named anything; one with everything empty is recorded but leaves the sale not updated."""
    adds_nothing = request.amount is None or (request.amount == 0 and request.add_to_existing is True)
    return bool(request.status or request.fields or request.return_reason_id or not adds_nothing)


def flag_revenue(draft: Draft, sale: Sale, request: UpdateRequest) -> None:
    """Mark an amount change that came with a return, and a lowering that did not."""
    revenue = draft.values.get("revenue", sale.revenue)
    assert isinstance(revenue, Decimal)
    if revenue == sale.revenue:
        return
    if request.return_reason_id:
        draft.flags.append(Flag.AMOUNT_WITH_RETURN)
    elif revenue < sale.revenue and sale.return_state not in STANDING_RETURNS:
        draft.flags.append(Flag.REVENUE_LOWERED)


def explain(message: Message, request: UpdateRequest) -> str:
    """What the operator is told beyond the caller's message: the value that was refused."""
    match message:
        case Message.INVALID_LEAD_STATUS:
            return f"No active status is called {request.status!r}."
        case Message.INVALID_LEAD_SUB_STATUS:
            return f"No active sub-status of {request.status!r} is called {request.sub_status!r}."
        case Message.INVALID_AMOUNT:
            return f"Amount {request.amount}, add_to_existing {request.add_to_existing}."
        case Message.INVALID_LEAD_FIELD | Message.INVALID_FIELD_VALUE:
            return "; ".join(f"{name} = {value!r}" for name, value in request.fields)
        case Message.INVALID_HAPPENED_AT:
            return f"happened_at {request.happened_at!r}."
        case _:
            return f"Return reason {request.return_reason_id}."


def _updated(sale: Sale, received: datetime, *, by_buyer: bool) -> dict[str, object]:
    values: dict[str, object] = {"update_count": sale.update_count + 1, "updated_at": received}
    if by_buyer:
        values |= {
            "updated": int(Updated.BY_BUYER),
            "buyer_updated_at": received,
            "buyer_updated_first_at": sale.buyer_updated_first_at or received,
        }
    elif sale.updated == Updated.NO:
        values["updated"] = int(Updated.BY_OTHERS)
    return values


def _older(happened: datetime, in_force: datetime, network: Network, *, bare_date: bool) -> bool:
    if bare_date:
        return network.day_of(happened) < network.day_of(in_force)
    return happened < in_force
