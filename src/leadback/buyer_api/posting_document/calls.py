"""Calls on the test lead in the buyer's own words: those of the samples, and those of the test plan."""

from collections.abc import Iterator
from functools import partial
from typing import Final

import msgspec

from leadback.buyer_api.conversions import INT32_MAX
from leadback.buyer_api.model import Kind, Operation
from leadback.buyer_api.operations import LEADS
from leadback.buyer_api.posting_document.model import Call, Check, Example, Text, text
from leadback.catalog.model import DataType
from leadback.leads.model import Message

GET_RETURN_REASONS, RETURN, UPDATE_LEAD = LEADS.operations

AMOUNT: Final = "25.50"
OTHER_AMOUNT: Final = "26"
UNKNOWN: Final = "No-Such-Word"
"""No status, field, value, lead or key of anybody's."""
PLAN_KEY: Final = "test-plan-1"

Changes = dict[str, str | int]


def sample_calls(example: Example, name: str) -> dict[str, Call]:
    """What the sample of this name does, as far as the buyer has words for it."""
    calls: dict[str, Call] = {}
    if example.status is not None:
        calls["status"] = _call(UPDATE_LEAD, example, "What became of the lead", _status(example))
    calls["revenue"] = _call(
        UPDATE_LEAD,
        example,
        "Revenue on top of what it had; the key names your event, so that it counts once",
        {"amount": AMOUNT, "add_to_existing": "true", "idempotency_key": f"{name}-1"},
    )
    if example.field is not None:
        calls["field"] = _call(UPDATE_LEAD, example, "A field", _field(example))
    if example.return_reason is not None:
        calls["reasons"] = _call(GET_RETURN_REASONS, example, "The reasons for which a lead can be returned", {})
        calls["return"] = _call(RETURN, example, "A lead that is given back", _return(example))
    return calls


def plan_of(example: Example) -> Iterator[Check]:
    """Calls with the answers that come, in an order in which they do however often it is gone through."""
    update = partial(_update, example)
    yield from _status_checks(example)
    yield from _revenue_checks(example)
    yield from _field_checks(example)
    yield update(text("a `lead_id` that you did not buy"), {"lead_id": UNKNOWN}, Message.INVALID_LEAD_ID)
    foreign: Changes = {"buyer_contract_id": INT32_MAX}
    yield update(text("a `buyer_contract_id` that is not yours"), foreign, Message.INVALID_BUYER_CONTRACT)
    yield update(text("a wrong key"), {"api_key": UNKNOWN}, Message.INVALID_API_KEY)
    missing = _call(UPDATE_LEAD, example, "", {})
    del missing.parameters["status"]
    line = "Missing parameter: status."
    yield Check(text("no `status` at all, not even an empty one"), missing, line, text("HTTP 500, {}", line))
    yield from _return_checks(example)


def _status_checks(example: Example) -> Iterator[Check]:
    update = partial(_update, example)
    if example.status is not None:
        told = text("the status {}", example.status.status.name)
        if example.status.sub_statuses:
            told += text(", the sub-status {}", example.status.sub_statuses[0].name)
        yield update(told, _status(example), Message.LEAD_UPDATED)
    yield update(text("the status {}", UNKNOWN), {"status": UNKNOWN}, Message.INVALID_LEAD_STATUS)


def _revenue_checks(example: Example) -> Iterator[Check]:
    update = partial(_update, example)
    amount: Changes = {"amount": AMOUNT, "add_to_existing": "true", "idempotency_key": PLAN_KEY}
    told = text("the amount {}, `add_to_existing=true`, the idempotency key {}", AMOUNT, PLAN_KEY)
    yield update(told, amount, Message.LEAD_UPDATED)
    again = update(text("exactly the same again"), amount, Message.LEAD_UPDATED)
    replayed = text("{} and the header `Idempotent-Replayed`", Message.LEAD_UPDATED)
    yield msgspec.structs.replace(again, expected=replayed)
    told = text("the amount {}, the same idempotency key", OTHER_AMOUNT)
    yield update(told, amount | {"amount": OTHER_AMOUNT}, Message.IDEMPOTENCY_KEY_REUSED)
    zero: Changes = {"amount": "0", "add_to_existing": "false"}
    yield update(text("the amount `0`, `add_to_existing=false`"), zero, Message.LEAD_UPDATED)


def _field_checks(example: Example) -> Iterator[Check]:
    update, field = partial(_update, example), example.field
    if field is not None:
        told = text("the field {} with the value {}", field.name, example.field_value)
        yield update(told, _field(example), Message.LEAD_UPDATED)
        if field.data_type is not DataType.STRING:
            told = text("the field {} with the value {}", field.name, UNKNOWN)
            yield update(told, _field(example) | {"field_value": UNKNOWN}, Message.INVALID_FIELD_VALUE)
    yield update(text("the field {}", UNKNOWN), {"field_name": UNKNOWN}, Message.INVALID_LEAD_FIELD)


def _return_checks(example: Example) -> Iterator[Check]:
    if example.return_reason is None:
        return
    reasons = _call(GET_RETURN_REASONS, example, "", {})
    yield Check(text("nothing"), reasons, "", text("the return reasons above"))
    returned = _call(RETURN, example, "", _return(example))
    told = text("the reason {}", example.return_reason.return_reason_id)
    yield Check(told, returned, Message.LEAD_RETURNED, text("{}", Message.LEAD_RETURNED))


def _update(example: Example, told: Text, changes: Changes, answer: Message) -> Check:
    return Check(told, _call(UPDATE_LEAD, example, "", changes), answer, text("{}", answer))


def _call(operation: Operation, example: Example, what: str, changes: Changes) -> Call:
    own: Changes = {"lead_id": example.lead_id, "buyer_contract_id": example.contract.buyer_contract_id}
    said = own | changes
    empty: dict[Kind, str | int] = {Kind.INT: 0}
    parameters = {
        parameter.name: said.get(parameter.name, empty.get(parameter.kind, ""))
        for parameter in operation.parameters
        if parameter.required or parameter.name in said
    }
    return Call(what=what, operation=operation.name, changes=changes, parameters=parameters)


def _status(example: Example) -> Changes:
    assert example.status is not None
    subs = example.status.sub_statuses
    return {"status": example.status.status.name, "sub_status": subs[0].name if subs else ""}


def _field(example: Example) -> Changes:
    assert example.field is not None
    return {"field_name": example.field.name, "field_value": example.field_value}


def _return(example: Example) -> Changes:
    assert example.return_reason is not None
    return {"return_reason_id": example.return_reason.return_reason_id}
