"""The table of operations: a new one is a row here and a function that makes its request."""

from decimal import Decimal
from typing import Final, cast

from leadback.buyer_api.model import Bound, Kind, Operation, Parameter
from leadback.leads.model import UpdateRequest

NAMESPACE: Final = "http://cakemarketing.com/buyers/api/1/"

OURS: Final = tuple(Parameter(name=name, required=False) for name in ("api_key", "idempotency_key", "happened_at"))


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


OPERATIONS: Final = (
    Operation(
        name="UpdateLead",
        namespace=NAMESPACE,
        parameters=(
            Parameter(name="lead_id"),
            Parameter(name="buyer_contract_id", kind=Kind.INT),
            Parameter(name="status"),
            Parameter(name="sub_status"),
            Parameter(name="amount", kind=Kind.DECIMAL, may_be_empty=True),
            Parameter(name="add_to_existing", kind=Kind.BOOLEAN, needed_with="amount"),
            Parameter(name="field_name"),
            Parameter(name="field_value"),
            Parameter(name="return_reason_id", kind=Kind.INT),
            *OURS,
        ),
        response="update_lead_response",
        request=update_lead,
    ),
)
