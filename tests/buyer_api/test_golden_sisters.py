"""The exact bytes of the answers of Return, GetReturnReasons and UpdateLeadStatus by every channel."""

from datetime import timedelta

import pytest

from leadback.buyer_api.application import BuyerApi
from leadback.kit.clock import now
from leadback.kit.database import Database
from tests.buyer_api.calls import FLAT, SOAP
from tests.buyer_api.golden_files import (
    Case,
    compare_decided,
    compare_outcomes,
    compare_restricted,
    names_of,
    names_of_outcomes,
)

pytestmark = pytest.mark.anyio

ANY: dict[str, Case] = {
    "invalid_api_key_unknown": Case(key="unknown", kept=False),
    "invalid_api_key_malformed": Case(key="malformed", kept=False),
    "invalid_api_key_keyless": Case(key="none", statement="UPDATE buyer SET accept_keyless = false", kept=False),
    "duplicate_api_key": Case(more=(("api_key", "1"), ("api_key", "1")), kept=False),
    "too_many_parameters": Case(more=(("x", "1"),) * 201),
}

OF_A_LEAD: dict[str, Case] = {
    **ANY,
    "idempotency_key_invalid": Case(call={"idempotency_key": "é"}),
    "not_allowed_by_api_key": Case(statement="UPDATE api_key SET scopes = '{reasons:read}'"),
    "lead_statuses_not_enabled": Case(statement="UPDATE buyer SET lead_statuses = false"),
    "invalid_lead_id": Case(call={"lead_id": "F0E41C8D"}),
    "invalid_lead_id_of_another_buyer": Case(key="other"),
    "invalid_lead_id_empty": Case(call={"lead_id": ""}),
    "invalid_buyer_contract": Case(call={"buyer_contract_id": "300"}),
    "buyer_contract_required": Case(resold=True),
    "invalid_happened_at": Case(call={"happened_at": "yesterday"}),
    "missing_lead_id": Case(call={"lead_id": None}, channels=FLAT),
    "duplicate_lead_id": Case(more=(("LEAD_ID", "1"),)),
    "invalid_characters": Case(call={"lead_id": "\x00"}),
    "buyer_contract_id_no_number": Case(call={"buyer_contract_id": "<abc>"}),
    "buyer_contract_id_empty": Case(call={"buyer_contract_id": ""}),
}

CASES: dict[str, dict[str, Case]] = {
    "Return": {
        **OF_A_LEAD,
        "success": Case(kept=False),
        "success_replayed": Case(call={"idempotency_key": "one"}, before=({"idempotency_key": "one"},), kept=False),
        "idempotency_key_reused": Case(
            call={"return_reason_id": "2", "idempotency_key": "one"}, before=({"idempotency_key": "one"},)
        ),
        "invalid_return_reason": Case(call={"return_reason_id": "0"}),
        "invalid_return_reason_unknown": Case(call={"return_reason_id": "9"}),
        "invalid_return_reason_absent": Case(call={"return_reason_id": None}, channels=SOAP),
        "returns_not_allowed": Case(sale={"returnable": False}),
        "return_window_expired": Case(sale={"sold_at": now() - timedelta(days=40)}),
        "lead_already_returned": Case(call={"return_reason_id": "2"}, before=({},)),
        "missing_return_reason_id": Case(call={"return_reason_id": None}, channels=FLAT),
        "missing_buyer_contract_id": Case(call={"buyer_contract_id": None}, channels=FLAT),
        "return_reason_id_no_number": Case(call={"return_reason_id": "one"}),
        "return_reason_id_empty": Case(call={"return_reason_id": ""}),
    },
    "GetReturnReasons": {
        **ANY,
        "not_allowed_by_api_key": Case(statement="UPDATE api_key SET scopes = '{status:write}'"),
        "success": Case(kept=False),
        "success_without_reasons": Case(statement="UPDATE return_reason SET active = false", kept=False),
        "success_with_a_reason_to_escape": Case(
            statement="UPDATE return_reason SET name = 'R&D <\"new\">' WHERE return_reason_id = 1", kept=False
        ),
        "success_whatever_else_is_sent": Case(call={"lead_id": "F0E41C8D", "return_reason_id": "x"}, kept=False),
    },
    "UpdateLeadStatus": {
        **OF_A_LEAD,
        "success": Case(
            call={"status": "Funded", "sub_status": "Full Payment", "loan_amount": "25000", "Note": "five"}, kept=False
        ),
        "success_nothing_said": Case(kept=False),
        "success_replayed": Case(
            call={"loan_amount": "1", "idempotency_key": "one"},
            before=({"loan_amount": "1", "idempotency_key": "one"},),
            kept=False,
        ),
        "idempotency_key_reused": Case(
            call={"loan_amount": "2", "idempotency_key": "one"},
            before=({"loan_amount": "1", "idempotency_key": "one"},),
        ),
        "invalid_lead_status": Case(call={"status": "funded"}),
        "invalid_lead_sub_status": Case(call={"status": "Funded", "sub_status": "By phone"}),
        "invalid_lead_sub_status_alone": Case(call={"sub_status": "Full Payment"}),
        "invalid_lead_field": Case(call={"loan": "1"}),
        "invalid_lead_field_amount": Case(call={"amount": "1"}),
        "invalid_field_value": Case(call={"loan_amount": "much"}),
        "missing_status": Case(call={"status": None}),
        "duplicate_field": Case(more=(("loan_amount", "1"), ("Loan_Amount", "1"))),
        "invalid_characters_in_a_field": Case(more=(("note", "\x00"),)),
        "invalid_characters_in_a_name": Case(more=(("<b\x00>", "1"),)),
        "buyer_contract_id_too_large": Case(call={"buyer_contract_id": "2147483648"}),
    },
}

ROWS = [(operation, name, case) for operation, cases in CASES.items() for name, case in cases.items()]


def golden_names() -> set[str]:
    """The files this module tests."""
    return {
        name for operation in CASES for name in names_of(operation, CASES[operation]) | names_of_outcomes(operation)
    }


@pytest.mark.parametrize(("operation", "name", "case"), ROWS, ids=[f"{row[0]} {row[1]}" for row in ROWS])
async def test_the_answer_is_the_one_in_the_file(
    database: Database, api: BuyerApi, network_id: int, operation: str, name: str, case: Case
) -> None:
    await compare_decided(database, api, network_id, operation, name, case)


@pytest.mark.parametrize("operation", CASES)
async def test_the_answers_to_load_and_faults_are_those_in_the_files(operation: str) -> None:
    await compare_outcomes(operation)


@pytest.mark.parametrize("operation", CASES)
async def test_the_answers_to_a_call_too_many_are_those_in_the_files(
    database: Database, network_id: int, operation: str
) -> None:
    await compare_restricted(database, network_id, operation)
