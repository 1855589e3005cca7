"""The exact bytes of every answer of UpdateLead by every channel, over the real write path, each kept in a file."""

from datetime import timedelta

import pytest

from leadback.buyer_api.application import BuyerApi
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.model import Channel
from tests.buyer_api.calls import FLAT, PLAIN, SOAP, channels_of, send
from tests.buyer_api.golden_files import (
    LEAD,
    OUTCOMES,
    Case,
    compare,
    compare_decided,
    compare_outcomes,
    compare_restricted,
    form_of,
    key_of,
    names_of,
    names_of_outcomes,
    send_case,
)
from tests.buyer_api.wire import encoded, parameters
from tests.support.seed import Seeded, read_failed, read_sale, seed_sale

pytestmark = pytest.mark.anyio

UPDATE_LEAD = "UpdateLead"

DECIDED: dict[str, Case] = {
    "success": Case(
        call={"status": "Funded", "sub_status": "Full Payment", "amount": "10", "add_to_existing": "false"}, kept=False
    ),
    "success_nothing_said": Case(kept=False),
    "success_replayed": Case(
        call={"amount": "10", "idempotency_key": "one"},
        before=({"amount": "10", "idempotency_key": "one"},),
        kept=False,
    ),
    "invalid_api_key_unknown": Case(key="unknown", kept=False),
    "invalid_api_key_malformed": Case(key="malformed", kept=False),
    "invalid_api_key_keyless": Case(key="none", statement="UPDATE buyer SET accept_keyless = false", kept=False),
    "idempotency_key_invalid": Case(call={"idempotency_key": "é"}),
    "idempotency_key_reused": Case(
        call={"amount": "11", "idempotency_key": "one"}, before=({"amount": "10", "idempotency_key": "one"},)
    ),
    "not_allowed_by_api_key": Case(statement="UPDATE api_key SET scopes = '{reasons:read}'"),
    "lead_statuses_not_enabled": Case(statement="UPDATE buyer SET lead_statuses = false"),
    "invalid_lead_id": Case(call={"lead_id": "F0E41C8D"}),
    "invalid_lead_id_of_another_buyer": Case(key="other"),
    "invalid_lead_id_empty": Case(call={"lead_id": ""}),
    "invalid_lead_id_absent": Case(call={"lead_id": None}, channels=SOAP),
    "invalid_buyer_contract": Case(call={"buyer_contract_id": "300"}),
    "buyer_contract_required": Case(resold=True),
    "invalid_lead_status": Case(call={"status": "funded"}),
    "invalid_lead_sub_status": Case(call={"status": "Funded", "sub_status": "By phone"}),
    "invalid_lead_sub_status_alone": Case(call={"sub_status": "Full Payment"}),
    "invalid_amount": Case(call={"amount": "1000000000001"}),
    "invalid_amount_without_add_to_existing": Case(call={"add_to_existing": None}, channels=SOAP),
    "invalid_lead_field": Case(call={"field_name": "loan", "field_value": "1"}),
    "invalid_field_value": Case(call={"field_name": "loan_amount", "field_value": "much"}),
    "invalid_return_reason": Case(call={"return_reason_id": "9"}),
    "returns_not_allowed": Case(call={"return_reason_id": "1"}, sale={"returnable": False}),
    "return_window_expired": Case(call={"return_reason_id": "1"}, sale={"sold_at": now() - timedelta(days=40)}),
    "lead_already_returned": Case(call={"return_reason_id": "2"}, before=({"return_reason_id": "1"},)),
    "invalid_happened_at": Case(call={"happened_at": "yesterday"}),
}

NOT_BOUND: dict[str, Case] = {
    **{f"missing_{name}": Case(call={name: None}, channels=FLAT) for name in parameters()},
    **{f"duplicate_{name}": Case(more=((name.upper(), "1"),)) for name in parameters()},
    "duplicate_api_key": Case(more=(("api_key", "1"), ("api_key", "1")), kept=False),
    "invalid_characters": Case(call={"status": "\x00"}),
    "too_many_parameters": Case(more=(("x", "1"),) * 200),
    "buyer_contract_id_no_number": Case(call={"buyer_contract_id": "<abc>"}),
    "buyer_contract_id_empty": Case(call={"buyer_contract_id": ""}),
    "buyer_contract_id_too_large": Case(call={"buyer_contract_id": "2147483648"}),
    "return_reason_id_empty": Case(call={"return_reason_id": ""}),
    "amount_no_number": Case(call={"amount": "5,5"}),
    "amount_endless": Case(call={"amount": "9" * 5000}),
    "add_to_existing_no_boolean": Case(call={"add_to_existing": "<maybe>"}),
    "add_to_existing_one": Case(call={"add_to_existing": "1"}, channels=FLAT),
    "add_to_existing_empty": Case(call={"add_to_existing": ""}),
}

BYTES: dict[str, dict[Channel, bytes]] = {
    "invalid_utf_8": {
        **dict.fromkeys(PLAIN, encoded(parameters(status=None)) + b"&status=caf%E9"),
        Channel.JSON: b'{"status":"caf\xe9"}',
    },
    "not_an_object": {Channel.JSON: b'["C8097F17"]'},
    "cut_short": {Channel.JSON: b'{"lead_id":"C8097F17","amount":"10'},
    "a_constant_that_is_none": {Channel.JSON: b'{"amount":NaN}'},
    "a_list_as_value": {Channel.JSON: b'{"lead_id":["C8097F17"]}'},
}
"""Cases whose calls are written by hand."""


def golden_names() -> set[str]:
    """The files this module tests."""
    names = names_of(UPDATE_LEAD, DECIDED | NOT_BOUND) | names_of_outcomes(UPDATE_LEAD)
    return names | {f"{UPDATE_LEAD}/{form_of(channel)}/{name}.txt" for name, row in BYTES.items() for channel in row}


@pytest.mark.parametrize(("name", "case"), DECIDED.items(), ids=DECIDED.keys())
async def test_the_answer_is_the_one_in_the_file(
    database: Database, api: BuyerApi, network_id: int, name: str, case: Case
) -> None:
    await compare_decided(database, api, network_id, UPDATE_LEAD, name, case)


async def test_the_answers_to_what_cannot_be_bound_are_those_in_the_files(
    database: Database, api: BuyerApi, seeded: Seeded
) -> None:
    sale_id = await seed_sale(database, seeded.network_id, LEAD)
    kept = 0
    for name, case in NOT_BOUND.items():
        header = (b"x-api-key", key_of(case, seeded).encode())
        for channel in case.channels:
            compare(
                f"{UPDATE_LEAD}/{form_of(channel)}/{name}", await send_case(api, channel, UPDATE_LEAD, case, header)
            )
            kept += case.kept
            assert len(await read_failed(database, seeded.network_id)) == kept, (name, channel)
    assert (await read_sale(database, seeded.network_id, sale_id)).version == 1


async def test_the_answers_to_bytes_that_cannot_be_read_are_those_in_the_files(
    database: Database, api: BuyerApi, seeded: Seeded
) -> None:
    for name, row in BYTES.items():
        for channel, raw in row.items():
            reply = await send(api, channel, UPDATE_LEAD, raw, (b"x-api-key", seeded.key.encode()))
            compare(f"{UPDATE_LEAD}/{form_of(channel)}/{name}", reply)
    failed = await read_failed(database, seeded.network_id)
    assert [row["channel"] for row in failed] == [channel for row in BYTES.values() for channel in row]


async def test_the_answers_to_load_and_faults_are_those_in_the_files() -> None:
    assert len(OUTCOMES) * len(channels_of(UPDATE_LEAD)) == 15
    await compare_outcomes(UPDATE_LEAD)


async def test_the_answers_to_a_call_too_many_are_those_in_the_files(database: Database, network_id: int) -> None:
    await compare_restricted(database, network_id, UPDATE_LEAD)
