"""The table of services and operations: a new one is a row here and a function that makes its request."""

from decimal import Decimal
from typing import Final, cast

import msgspec

from leadback.buyer_api.model import Bound, Kind, ListMember, Member, Operation, Parameter, Service
from leadback.leads.model import Answer, ReasonsAnswer, ReasonsRequest, UpdateRequest

CAKE: Final = "http://cakemarketing.com/"
"""What every namespace of CAKE's begins with; a client's may be another version's."""

LEADS_NAMESPACE: Final = CAKE + "buyers/api/1/"
BUYERS_NAMESPACE: Final = CAKE + "api/1/"
ID_NAME: Final = "API:id_name_store"

API_KEY: Final = Parameter(
    name="api_key",
    summary="Your key, where it comes by no header (`X-Api-Key`, `Authorization: Bearer` or Basic).",
    required=False,
    is_ours=True,
)
OURS: Final = (
    API_KEY,
    Parameter(
        name="idempotency_key",
        summary="1 to 255 printable ASCII characters that name this call, so that it counts once however often it"
        " comes; also as the header `Idempotency-Key`.",
        required=False,
        is_ours=True,
    ),
    Parameter(
        name="happened_at",
        summary="When it happened, ISO 8601; without an offset in the network's time zone. Absent: now.",
        required=False,
        is_ours=True,
    ),
)

LEAD_ID: Final = Parameter(name="lead_id", summary="The lead.", example="C8097F17")
BUYER_CONTRACT_ID: Final = Parameter(
    name="buyer_contract_id",
    summary="The contract that bought the lead; `0`: the only one of yours that did.",
    example="0",
    kind=Kind.INT,
)
STATUS: Final = Parameter(
    name="status", summary="Exactly the name of an active status; empty: unchanged.", example="Funded"
)
SUB_STATUS_SUMMARY: Final = (
    "Exactly the name of an active sub-status of that status; empty: kept with the status, cleared with another."
)
RETURN_REASON_ID: Final = Parameter(
    name="return_reason_id",
    summary="Why the lead is returned, by the id that GetReturnReasons tells; `0`: not a return.",
    example="0",
    kind=Kind.INT,
)

ANSWERED_LEAD_ID: Final = Member("lead_id", Kind.STRING, lambda answer: answer.lead_id)
ROW_COUNT: Final = Member("row_count", Kind.INT, lambda answer: len(_reasons(answer) or ()))
"""What every answer with a list has before it."""


def update_lead(bound: Bound) -> UpdateRequest:
    """Status, sub-status, amount, one field and a return in one call; a value without a field name says nothing."""
    values = bound.values
    field_name = cast("str", values["field_name"])
    return UpdateRequest(
        caller=bound.caller,
        origin=bound.origin,
        lead_id=cast("str", values["lead_id"]),
        buyer_contract_id=cast("int", values["buyer_contract_id"]),
        status=cast("str", values["status"]),
        sub_status=cast("str", values["sub_status"]),
        amount=cast("Decimal | None", values["amount"]),
        add_to_existing=cast("bool | None", values["add_to_existing"]),
        fields=((field_name, cast("str", values["field_value"])),) if field_name else (),
        return_reason_id=cast("int", values["return_reason_id"]),
        happened_at=cast("str", values["happened_at"]),
        idempotency_key=bound.idempotency_key,
        parameters=bound.parameters,
    )


def return_lead(bound: Bound) -> UpdateRequest:
    """An UpdateLead with only a return, which it must have."""
    values = bound.values
    return UpdateRequest(
        caller=bound.caller,
        origin=bound.origin,
        lead_id=cast("str", values["lead_id"]),
        buyer_contract_id=cast("int", values["buyer_contract_id"]),
        return_reason_id=cast("int", values["return_reason_id"]),
        must_return=True,
        happened_at=cast("str", values["happened_at"]),
        idempotency_key=bound.idempotency_key,
        parameters=bound.parameters,
    )


def get_return_reasons(bound: Bound) -> ReasonsRequest:
    """A question that changes nothing."""
    return ReasonsRequest(caller=bound.caller, origin=bound.origin)


def update_lead_status(bound: Bound) -> UpdateRequest:
    """Status, sub-status and any number of fields, each a parameter of its own."""
    values = bound.values
    return UpdateRequest(
        caller=bound.caller,
        origin=bound.origin,
        lead_id=cast("str", values["lead_id"]),
        buyer_contract_id=cast("int", values["buyer_contract_id"] or 0),
        status=cast("str", values["status"]),
        sub_status=cast("str", values["sub_status"]),
        fields=tuple(bound.others.items()),
        fields_in_any_case=True,
        happened_at=cast("str", values["happened_at"]),
        idempotency_key=bound.idempotency_key,
        parameters=bound.parameters,
    )


def _reasons(answer: Answer) -> tuple[tuple[int, str], ...] | None:
    if not isinstance(answer, ReasonsAnswer):
        return None
    return tuple((reason.return_reason_id, reason.name) for reason in answer.return_reasons)


LEADS: Final = Service(
    name="leads",
    path="/buyers/api/1/leads.asmx",
    namespace=LEADS_NAMESPACE,
    has_soap=True,
    operations=(
        Operation(
            name="GetReturnReasons",
            summary="The reasons for which a lead can be returned.",
            namespace=LEADS_NAMESPACE,
            parameters=(API_KEY,),
            response="get_return_reasons_response",
            members=(
                ROW_COUNT,
                ListMember(
                    "return_reasons",
                    "return_reason",
                    (("return_reason_id", Kind.INT), ("return_reason_name", Kind.STRING)),
                    ID_NAME,
                    _reasons,
                ),
            ),
            request=get_return_reasons,
        ),
        Operation(
            name="Return",
            summary="Returns a lead. Its revenue stays as it is.",
            namespace=LEADS_NAMESPACE,
            parameters=(
                LEAD_ID,
                Parameter(
                    name="return_reason_id",
                    summary="Why the lead is returned, by the id that GetReturnReasons tells.",
                    example="1",
                    kind=Kind.INT,
                ),
                BUYER_CONTRACT_ID,
                *OURS,
            ),
            response="lead_return_response",
            members=(),
            request=return_lead,
        ),
        Operation(
            name="UpdateLead",
            summary="Reports what became of a lead: status, revenue, a field, a return, or all of them at once.",
            namespace=LEADS_NAMESPACE,
            parameters=(
                LEAD_ID,
                BUYER_CONTRACT_ID,
                STATUS,
                Parameter(name="sub_status", summary=SUB_STATUS_SUMMARY),
                Parameter(
                    name="amount",
                    summary="Revenue, with at most four decimals; empty: unchanged.",
                    example="0",
                    kind=Kind.DECIMAL,
                    may_be_empty=True,
                ),
                Parameter(
                    name="add_to_existing",
                    summary="`true` adds the amount to the revenue, `false` overwrites the revenue with it.",
                    example="true",
                    kind=Kind.BOOLEAN,
                    needed_with="amount",
                ),
                Parameter(name="field_name", summary="The name of a field; empty: none."),
                Parameter(name="field_value", summary="Its value; empty clears the field."),
                RETURN_REASON_ID,
                *OURS,
            ),
            response="update_lead_response",
            members=(ANSWERED_LEAD_ID,),
            request=update_lead,
        ),
    ),
)
UPDATE_LEAD: Final = LEADS.operations[-1]

BUYERS: Final = Service(
    name="buyers",
    path="/api/1/buyers.asmx",
    namespace=BUYERS_NAMESPACE,
    has_soap=False,
    operations=(
        Operation(
            name="UpdateLeadStatus",
            summary="Reports a status and any number of fields: every other parameter is the field of that name.",
            namespace=BUYERS_NAMESPACE,
            parameters=(
                msgspec.structs.replace(API_KEY, is_ours=False),
                LEAD_ID,
                STATUS,
                Parameter(name="sub_status", summary=SUB_STATUS_SUMMARY, required=False),
                Parameter(
                    name="buyer_contract_id",
                    summary="The contract that bought the lead, where several of yours did.",
                    kind=Kind.INT,
                    required=False,
                    is_ours=True,
                ),
                *OURS[1:],
            ),
            response="update_lead_response",
            members=(ANSWERED_LEAD_ID,),
            request=update_lead_status,
            others_are_fields=True,
            keyless=False,
        ),
    ),
)

SERVICES: Final = (LEADS, BUYERS)
OPERATIONS: Final = tuple(operation for service in SERVICES for operation in service.operations)
