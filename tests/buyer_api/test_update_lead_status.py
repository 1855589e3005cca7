"""UpdateLeadStatus: every name that is no parameter is a field, all of them are applied or none."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadback.buyer_api.model import BindingError
from leadback.buyer_api.operations import OPERATIONS
from leadback.buyer_api.parameters import Binder
from leadback.catalog.alias_actions import create_alias
from leadback.catalog.vocabulary import ListedAlias
from leadback.leads.model import Channel, ReturnState
from tests.buyer_api.buyer import Buyer
from tests.buyer_api.calls import FLAT, SOAP, Said, error_of, fault_of, said, send, written
from tests.buyer_api.golden_files import change
from tests.support.changes import who

pytestmark = pytest.mark.anyio

STATUS = "UpdateLeadStatus"
UPDATED = Said(True, "Lead updated", "C8097F17")
BINDER = Binder(next(operation for operation in OPERATIONS if operation.name == STATUS))


async def sent(buyer: Buyer, channel: Channel, pairs: list[tuple[str, str]]) -> Any:
    """A call whose names may come more than once."""
    all_pairs = [("lead_id", "C8097F17"), ("status", ""), *pairs]
    header = (b"x-api-key", buyer.key.encode())
    return await send(buyer.api, channel, STATUS, written(channel, STATUS, all_pairs), header)


@pytest.mark.parametrize("channel", FLAT)
async def test_a_stranger_and_a_caller_without_a_key_change_nothing(
    keyless: Buyer, stranger: Buyer, channel: Channel
) -> None:
    sale_id = await keyless.sold(buyer_id=11, buyer_contract_id=300)
    for nobody in (keyless, stranger):
        assert await nobody.says(channel, STATUS, status="Funded") == Said(False, "Invalid API Key")
    assert await keyless.told(channel, status="Contacted") == "Lead updated"
    assert (await keyless.sale(sale_id)).status_id == 1
    assert await keyless.failed() == []


@pytest.mark.parametrize("channel", FLAT)
async def test_another_buyers_lead_is_unknown(buyer: Buyer, other: Buyer, channel: Channel) -> None:
    sale_id = await buyer.sold()
    foreign = await other.call(channel, STATUS, status="Funded", loan="no field either")
    assert foreign == await other.call(channel, STATUS, lead_id="F0E41C8D", status="Funded")
    assert (await buyer.sale(sale_id)).version == 1


@pytest.mark.parametrize("channel", SOAP)
async def test_it_is_not_to_be_had_in_soap(buyer: Buyer, channel: Channel) -> None:
    sale_id = await buyer.sold()
    assert "valid action" in fault_of(await buyer.call(channel, STATUS, status="Funded"))
    assert (await buyer.sale(sale_id)).version == 1


@pytest.mark.parametrize("channel", FLAT)
async def test_status_and_fields_are_one_change(buyer: Buyer, channel: Channel) -> None:
    sale_id = await buyer.sold()
    fields = {"loan_amount": "$25,000", "note": "hello", "closed_on": "03/01/2026", "insured": "yes", "grade": "B"}
    assert await buyer.says(channel, STATUS, status="Funded", sub_status="Partial", **fields) == UPDATED
    sale = await buyer.sale(sale_id)
    assert (sale.version, sale.status_id, sale.sub_status_id) == (2, 2, 2)
    assert sale.field_values == {1: "25000.0000", 2: "hello", 3: "2026-03-01", 4: "true", 5: "B"}
    (row,) = await buyer.ledger(sale_id)
    assert (row["operation"], row["channel"], len(row["field_changes"])) == (STATUS, str(channel), 5)


@pytest.mark.parametrize("channel", FLAT)
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"loan": "1"}, "Invalid Lead Field"),
        ({"retired": "x"}, "Invalid Lead Field"),
        ({"solar_kw": "1"}, "Invalid Lead Field"),
        ({"theirs": "x"}, "Invalid Lead Field"),
        ({"lo\u0430n_amount": "1"}, "Invalid Lead Field"),
        ({" note": "x"}, "Invalid Lead Field"),
        ({"": "x"}, "Invalid Lead Field"),
        ({"note": "longer"}, "Invalid Field Value"),
        ({"closed_on": "2026-02-30"}, "Invalid Field Value"),
        ({"grade": "b"}, "Invalid Field Value"),
        ({"status": "funded"}, "Invalid Lead Status"),
        ({"happened_at": "then"}, "Invalid Happened At"),
    ],
)
async def test_where_one_thing_is_wrong_nothing_is_applied(
    buyer: Buyer, channel: Channel, wrong: dict[str, str], message: str
) -> None:
    sale_id = await buyer.sold()
    right = {"status": "Funded", "loan_amount": "1", "insured": "true"}
    assert await buyer.told(channel, STATUS, **(right | wrong)) == message
    sale = await buyer.sale(sale_id)
    assert (sale.version, sale.status_id, sale.field_values) == (1, None, {})
    (row,) = await buyer.failed()
    assert row["reason"] == message
    assert dict(row["parameters"]).items() >= wrong.items()


@pytest.mark.parametrize("channel", FLAT)
@pytest.mark.parametrize(
    "name", ["amount", "add_to_existing", "field_name", "field_value", "return_reason_id", "AMOUNT", "revenue"]
)
async def test_what_updatelead_would_take_is_no_field(buyer: Buyer, channel: Channel, name: str) -> None:
    sale_id = await buyer.sold()
    assert await buyer.told(channel, STATUS, **{name: "1"}) == "Invalid Lead Field"
    sale = await buyer.sale(sale_id)
    assert (sale.version, sale.revenue, sale.return_state) == (1, Decimal(25), None)
    assert ReturnState.SUBMITTED not in {row["return_state_after"] for row in await buyer.ledger(sale_id)}


@pytest.mark.parametrize("channel", FLAT)
async def test_names_of_fields_and_parameters_come_in_any_letter_case(buyer: Buyer, channel: Channel) -> None:
    sale_id = await buyer.sold()
    raw = written(channel, STATUS, [("LEAD_ID", "c8097f17"), ("Status", "Funded"), ("LOAN_Amount", "5"), ("NOTE", "x")])
    reply = await send(buyer.api, channel, STATUS, raw, (b"x-api-key", buyer.key.encode()))
    assert reply.status == 200
    assert (await buyer.sale(sale_id)).field_values == {1: "5.0000", 2: "x"}
    # A Kelvin sign is no k, and a dotless i no i.
    assert await buyer.told(channel, STATUS, ınsured="true") == "Invalid Lead Field"


@pytest.mark.parametrize("channel", FLAT)
@pytest.mark.parametrize("twice", ["note", "NOTE", "Note", "status", "LEAD_ID", "no_such_field"])
async def test_a_name_that_comes_twice_in_any_letter_case_is_an_error(
    buyer: Buyer, channel: Channel, twice: str
) -> None:
    sale_id = await buyer.sold()
    once = [] if twice.lower() in ("status", "lead_id") else [(twice.lower(), "x")]
    error = error_of(await sent(buyer, channel, [*once, (twice, "x")]))
    assert error.lower() == f"duplicate parameter: {twice.lower()}."
    assert (await buyer.sale(sale_id)).version == 1
    (row,) = await buyer.failed()
    assert (row["reason"], row["waiting_until"]) == (error, None)


@pytest.mark.parametrize("channel", FLAT)
async def test_two_names_of_one_field_are_no_matter_of_order(buyer: Buyer, channel: Channel) -> None:
    sale_id = await buyer.sold()
    async with buyer.database.transaction(buyer.network_id) as connection:
        listed = ListedAlias(buyer="Buyer 10", field="remark", as_field="note")
        await create_alias(connection, buyer.network_id, listed, **who())
    assert await buyer.says(channel, STATUS, Remark="a") == UPDATED
    for pairs in ([("note", "b"), ("remark", "c")], [("remark", "b"), ("note", "c")]):
        assert said(await sent(buyer, channel, pairs)).message == "Invalid Lead Field"
    assert (await buyer.sale(sale_id)).field_values == {2: "a"}


@pytest.mark.parametrize("channel", FLAT)
async def test_an_empty_field_is_cleared_and_the_others_stay(buyer: Buyer, channel: Channel) -> None:
    sale_id = await buyer.sold()
    await buyer.call(channel, STATUS, note="x", grade="A")
    assert await buyer.says(channel, STATUS, note="") == UPDATED
    assert (await buyer.sale(sale_id)).field_values == {5: "A"}


@pytest.mark.parametrize("channel", FLAT)
async def test_an_absent_sub_status_is_an_empty_one(buyer: Buyer, channel: Channel) -> None:
    sale_id = await buyer.sold()
    await buyer.call(channel, STATUS, status="Funded", sub_status="Partial")
    for sub_status in (None, ""):
        assert await buyer.says(channel, STATUS, status="Funded", sub_status=sub_status) == UPDATED
        assert (await buyer.sale(sale_id)).sub_status_id == 2
    assert await buyer.says(channel, STATUS, status="Contacted") == UPDATED
    assert (await buyer.sale(sale_id)).sub_status_id is None


@pytest.mark.parametrize("channel", FLAT)
async def test_of_several_contracts_one_must_be_named(buyer: Buyer, channel: Channel) -> None:
    first = await buyer.sold()
    second = await buyer.sold(buyer_contract_id=218, first_of_lead=False)
    for contract in (None, "0"):
        told = await buyer.told(channel, STATUS, status="Funded", buyer_contract_id=contract)
        assert told == "Buyer Contract Required"
    assert await buyer.told(channel, STATUS, status="Funded", buyer_contract_id="300") == "Invalid Buyer Contract"
    assert await buyer.says(channel, STATUS, status="Funded", buyer_contract_id="218") == UPDATED
    assert [(await buyer.sale(sale_id)).status_id for sale_id in (first, second)] == [None, 2]
    for wrong in ("", "x", "2147483648"):
        error = error_of(await buyer.call(channel, STATUS, buyer_contract_id=wrong))
        assert error == f"Cannot convert {wrong} to System.Int32."


@pytest.mark.parametrize("channel", FLAT)
async def test_two_hundred_names_are_read_and_one_more_is_not(buyer: Buyer, channel: Channel) -> None:
    sale_id = await buyer.sold()
    await change(
        buyer.database,
        buyer.network_id,
        "INSERT INTO field (network_id, field_id, label, name, name_key, position, data_type, length_max)"
        " SELECT current_setting('app.network_id')::int, 100 + number, 'f' || number, 'f' || number, 'F' || number,"
        " number, 'String', 5 FROM generate_series(1, 198) AS number",
    )
    fields = [(f"F{number}", str(number)) for number in range(1, 199)]
    assert (await sent(buyer, channel, fields)).status == 200
    assert len((await buyer.sale(sale_id)).field_values) == 198
    assert error_of(await sent(buyer, channel, [*fields, ("note", "x")])) == "Too many parameters."
    assert (await buyer.sale(sale_id)).version == 2


async def test_the_same_call_again_with_its_key_is_answered_and_not_applied(buyer: Buyer) -> None:
    sale_id = await buyer.sold()
    for channel, name in zip(FLAT, ("loan_amount", "LOAN_Amount", "loan_amount"), strict=True):
        reply = await buyer.call(channel, STATUS, **{name: "5"}, status="Funded", idempotency_key="one")
        assert (reply.status, "idempotent-replayed" in reply.headers) == (200, channel is not FLAT[0])
    assert await buyer.told(Channel.GET, STATUS, loan_amount="6", idempotency_key="one") == "Idempotency Key Reused"
    assert (await buyer.sale(sale_id)).version == 2


def test_a_parameter_of_ours_is_never_taken_for_a_field() -> None:
    raw = written(Channel.GET, STATUS, [(name, "") for name in ("API_KEY", "Idempotency_Key", "HAPPENED_at")])
    assert BINDER.read(raw).others == {}


@given(st.lists(st.tuples(st.text(max_size=6), st.text(max_size=6)), max_size=8))
def test_whatever_is_sent_is_a_field_or_an_error(pairs: list[tuple[str, str]]) -> None:
    """By query and by pairs alike: nothing that was sent is dropped in silence."""
    known = {"lead_id", "status"}
    values = BINDER.bind(found := BINDER.gather([("lead_id", "A"), ("status", ""), *pairs], 100))
    if isinstance(values, BindingError):
        assert values.text
        assert "\x00" not in values.text + values.reason + values.detail
        (values.reason + values.detail).encode()
        return
    names = [name for name, _ in pairs if name.lower() not in known and name.lower() not in values]
    assert list(found.others) == names
