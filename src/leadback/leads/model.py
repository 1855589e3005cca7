"""Sales, calls upon them and what they lead to, as values."""

from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from ipaddress import IPv4Address, IPv6Address
from typing import Final

import msgspec

from leadback.access.model import PresentedKey
from leadback.catalog.model import ReturnReason

IPAddress = IPv4Address | IPv6Address


class Channel(StrEnum):
    """The wire form a call came by."""

    GET = "get"
    FORM = "form"
    JSON = "json"
    SOAP11 = "soap11"
    SOAP12 = "soap12"
    REST = "rest"
    FILE = "file"
    PORTAL = "portal"
    CONSOLE = "console"
    CLI = "cli"


MACHINE_CHANNELS: Final = frozenset(
    {Channel.GET, Channel.FORM, Channel.JSON, Channel.SOAP11, Channel.SOAP12, Channel.REST}
)
"""Where a machine calls, repeats what it got no answer to, and can be too fast: neither files nor people do."""


class SaleType(StrEnum):
    """Whether others bought the same lead, and whether the sale is paid for."""

    EXCLUSIVE = "exclusive"
    MULTI_SELL = "multi-sell"
    REPLACEMENT = "replacement"


class ReturnState(StrEnum):
    """Where a return stands."""

    SUBMITTED = "submitted"
    CREDITED = "credited"
    REPLACED = "replaced"
    REJECTED = "rejected"


class Updated(IntEnum):
    """Who updated a sale, as reports count it."""

    NO = 0
    BY_BUYER = 1
    BY_OTHERS = 2


class Flag(StrEnum):
    """What an operator should notice about a ledger row."""

    LEFT_TERMINAL_STATUS = "left a terminal status"
    TERMINAL_STATUS_KEPT = "terminal status kept"
    STATUS_OUTSIDE_VERTICAL = "status outside its verticals"
    REVENUE_LOWERED = "revenue lowered without return"
    AMOUNT_WITH_RETURN = "amount with return"
    OUT_OF_ORDER = "out of order"
    POSSIBLE_DUPLICATE = "possible duplicate"


class Message(StrEnum):
    """Every text a caller can get, exactly."""

    LEAD_UPDATED = "Lead updated"
    LEAD_RETURNED = "Lead returned"
    INVALID_API_KEY = "Invalid API Key"
    NOT_ALLOWED_BY_API_KEY = "Not Allowed By API Key"
    RESTRICTED = "Restricted"
    IDEMPOTENCY_KEY_INVALID = "Idempotency Key Invalid"
    IDEMPOTENCY_KEY_REUSED = "Idempotency Key Reused"
    REQUEST_IN_PROGRESS = "Request In Progress"
    LEAD_STATUSES_NOT_ENABLED = "Lead Statuses Not Enabled"
    INVALID_LEAD_ID = "Invalid Lead ID"
    INVALID_BUYER_CONTRACT = "Invalid Buyer Contract"
    BUYER_CONTRACT_REQUIRED = "Buyer Contract Required"
    INVALID_LEAD_STATUS = "Invalid Lead Status"
    INVALID_LEAD_SUB_STATUS = "Invalid Lead SubStatus"
    INVALID_AMOUNT = "Invalid Amount"
    INVALID_LEAD_FIELD = "Invalid Lead Field"
    INVALID_FIELD_VALUE = "Invalid Field Value"
    INVALID_RETURN_REASON = "Invalid Return Reason"
    RETURNS_NOT_ALLOWED = "Returns Not Allowed"
    RETURN_WINDOW_EXPIRED = "Return Window Expired"
    LEAD_ALREADY_RETURNED = "Lead Already Returned"
    INVALID_HAPPENED_AT = "Invalid Happened At"
    SOMETHING_BROKEN = "Something Broken"


class Reason(StrEnum):
    """Why a call stands among the failed updates where the message its caller got does not say it."""

    REPEATED_CALL = "Repeated Call"
    """Taken for a repeat: the caller got the first answer, and nothing was applied."""


class Answer(msgspec.Struct, frozen=True):
    """What the caller is told, before a channel gives it its form; stored under an idempotency key."""

    success: bool
    message: str
    lead_id: str | None = None
    """As stored, on success."""


class ReasonsAnswer(Answer, frozen=True):
    """The answer to the question for return reasons, which says nothing beside them; a refusal is a plain answer."""

    return_reasons: tuple[ReturnReason, ...] = ()


class OutcomeKind(StrEnum):
    """What a channel must make of an answer beside its text."""

    DECIDED = "decided"
    """Accepted or refused by the rules; committed."""
    REPLAYED = "replayed"
    """The first answer to the same idempotency key; nothing was applied."""
    REPEATED = "repeated"
    """The first answer to a call without an idempotency key that this one repeats; nothing was applied."""
    THROTTLED = "throttled"
    IN_PROGRESS = "in progress"
    """Another call with the same idempotency key is still running."""
    FAULT = "fault"
    """Our own fault, or an outcome that cannot be known: never success."""


class AnswerState(StrEnum):
    """What is known of the way an answer took to its caller."""

    COMMITTED = "committed"
    """Nothing more: it is on its way, or its process died before it was sent."""
    SENT = "sent"
    """Handed to the connection."""
    DELIVERED = "delivered"
    """A later request came on the same direct connection."""
    LOST = "lost"
    """The client was gone before it was sent."""


class Receipt(msgspec.Struct, frozen=True):
    """Names an answer of which the guard wants to know what became of it (`Updates.tell`)."""

    network_id: int
    sale_id: int
    version: int
    """Of the sale, as the answered call left it."""


class Outcome(msgspec.Struct, frozen=True):
    """An answer and how it came about."""

    kind: OutcomeKind
    answer: Answer
    retry_after_seconds: int | None = None
    receipt: Receipt | None = None
    """Given where a channel is to tell what becomes of the answer."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a call came from and when."""

    channel: Channel
    operation: str
    address: IPAddress | None
    request_id: str
    received_at: datetime


class BuyerCaller(msgspec.Struct, frozen=True, tag="key"):
    """A caller with a well-formed key; whether it is a good one is decided in the transaction."""

    key: PresentedKey


class KeylessCaller(msgspec.Struct, frozen=True, tag="keyless"):
    """A caller without a key, known by its address alone, at the network its host name belongs to."""

    network_id: int
    address: IPAddress


class UpdateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One call of UpdateLead or a sister of it, bound and converted, of whatever channel."""

    caller: BuyerCaller | KeylessCaller
    origin: Origin
    lead_id: str
    buyer_contract_id: int
    status: str = ""
    sub_status: str = ""
    amount: Decimal | None = None
    """None: the call says nothing of revenue."""
    add_to_existing: bool | None = None
    """None: absent, which with an amount is refused."""
    fields: tuple[tuple[str, str], ...] = ()
    """Field names with their values as sent."""
    fields_in_any_case: bool = False
    """The names of fields are compared without case, as names of parameters are."""
    return_reason_id: int = 0
    must_return: bool = False
    """The call is one of Return: without a reason it is refused."""
    happened_at: str = ""
    idempotency_key: str | None = None
    parameters: dict[str, str] = {}
    """What was sent, without keys, for the failed-updates list."""


class ReasonsRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A question for the active return reasons."""

    caller: BuyerCaller | KeylessCaller
    origin: Origin


class RefusedCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call that could not be bound: it changes nothing, but a known buyer's is kept as a failed update."""

    caller: BuyerCaller | KeylessCaller
    origin: Origin
    lead_id: str
    reason: str
    detail: str
    parameters: dict[str, str] = {}


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """One lead sold to one contract at one moment, and how it stands."""

    sale_id: int
    lead_key: str
    lead_id: str
    buyer_id: int
    buyer_contract_id: int
    campaign_id: int | None
    is_test: bool
    sold_at: datetime
    sold_on: date
    sold_price: Decimal
    revenue: Decimal
    payout_share: Decimal
    first_of_lead: bool
    sale_type: str
    returnable: bool | None
    status_id: int | None
    sub_status_id: int | None
    status_happened_at: datetime | None
    stage_reached: int
    field_values: dict[int, str]
    return_state: str | None
    return_reason_id: int | None
    returned_at: datetime | None
    updated: int
    update_count: int
    updated_at: datetime | None
    buyer_updated_first_at: datetime | None
    buyer_updated_at: datetime | None
    version: int
    ledger_hash: bytes
    revenue_set: bool = False
    """Whether anybody reported revenue; until then it follows a corrected price."""


class FieldChange(msgspec.Struct, frozen=True):
    """One field's value before and after, under the name it had at the time."""

    field_id: int
    field: str
    before: str | None
    after: str | None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted call: the sale before and after, which is one ledger row."""

    before: Sale
    after: Sale
    kind: str
    counts_as_update: bool
    happened_at: datetime
    flags: tuple[str, ...]
    field_changes: tuple[FieldChange, ...]


class ReturnStep(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger row that has to do with a sale's return: one that moved it, or whose amount came with it."""

    sale_id: int
    version: int
    received_at: datetime
    kind: str
    actor: str
    state_before: str | None
    state_after: str | None
    return_reason: str | None
    revenue_before: Decimal
    revenue_after: Decimal
    amount_with_return: bool
    note: str | None


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A refused call: the caller gets the message, the operator the detail."""

    message: Message
    detail: str
    buyer_id: int | None = None
    """Whose failed update it is; None: the buyer is not known, and nothing is kept."""
    sale_id: int | None = None
