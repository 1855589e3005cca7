"""Every check and every effect of an update on one sale, row by row of the table that decides."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from leadback.leads.model import Change, Failure, FieldChange, Message, Sale
from leadback.leads.rules import decide
from tests.support.values import NOW, configuration, contract, network, request, sale


def changed(given: Sale, decide_with: Any = None, /, **call: Any) -> Change:
    """The change a call leads to; fails the test where it is refused."""
    decision = decide(given, request(**call), decide_with or configuration())
    assert isinstance(decision, Change), decision
    return decision


REFUSED: list[tuple[str, dict[str, Any], dict[str, Any], Message]] = [
    ("an unknown status", {}, {"status": "Fundet"}, Message.INVALID_LEAD_STATUS),
    ("another letter case", {}, {"status": "funded"}, Message.INVALID_LEAD_STATUS),
    ("a blank behind", {}, {"status": "Funded "}, Message.INVALID_LEAD_STATUS),
    ("an inactive status", {}, {"status": "Old"}, Message.INVALID_LEAD_STATUS),
    ("an unknown sub-status", {}, {"status": "Funded", "sub_status": "None"}, Message.INVALID_LEAD_SUB_STATUS),
    ("an inactive sub-status", {}, {"status": "Funded", "sub_status": "Gone"}, Message.INVALID_LEAD_SUB_STATUS),
    (
        "another status's sub-status",
        {},
        {"status": "Funded", "sub_status": "By phone"},
        Message.INVALID_LEAD_SUB_STATUS,
    ),
    ("a sub-status alone", {"status_id": 2}, {"sub_status": "Partial"}, Message.INVALID_LEAD_SUB_STATUS),
    ("an amount over the range", {}, {"amount": Decimal(10**12 + 1), "add_to_existing": False}, Message.INVALID_AMOUNT),
    ("a revenue over the range", {}, {"amount": Decimal(10**12), "add_to_existing": True}, Message.INVALID_AMOUNT),
    (
        "a revenue under the range",
        {},
        {"amount": Decimal(-(10**12) - 26), "add_to_existing": True},
        Message.INVALID_AMOUNT,
    ),
    ("an amount without add_to_existing", {}, {"amount": Decimal(5)}, Message.INVALID_AMOUNT),
    ("an unknown field", {}, {"fields": (("loan", "5"),)}, Message.INVALID_LEAD_FIELD),
    ("a field in another case", {}, {"fields": (("Loan_amount", "5"),)}, Message.INVALID_LEAD_FIELD),
    ("an inactive field", {}, {"fields": (("retired", "5"),)}, Message.INVALID_LEAD_FIELD),
    ("a field of another vertical", {}, {"fields": (("solar_kw", "5"),)}, Message.INVALID_LEAD_FIELD),
    ("a field of another buyer", {}, {"fields": (("theirs", "5"),)}, Message.INVALID_LEAD_FIELD),
    ("a number that is none", {}, {"fields": (("loan_amount", "much"),)}, Message.INVALID_FIELD_VALUE),
    ("a number with five decimals", {}, {"fields": (("loan_amount", "1.00001"),)}, Message.INVALID_FIELD_VALUE),
    (
        "a number of 25 digits in groups",
        {},
        {"fields": (("loan_amount", "9" + 8 * ",999"),)},
        Message.INVALID_FIELD_VALUE,
    ),
    ("a text too long", {}, {"fields": (("note", "123456"),)}, Message.INVALID_FIELD_VALUE),
    ("a day that does not exist", {}, {"fields": (("closed_on", "2026-02-30"),)}, Message.INVALID_FIELD_VALUE),
    ("a bool that is none", {}, {"fields": (("insured", "maybe"),)}, Message.INVALID_FIELD_VALUE),
    ("a value not in the list", {}, {"fields": (("grade", "a"),)}, Message.INVALID_FIELD_VALUE),
    ("an unknown return reason", {}, {"return_reason_id": 9}, Message.INVALID_RETURN_REASON),
    ("a negative return reason", {}, {"return_reason_id": -1}, Message.INVALID_RETURN_REASON),
    ("an inactive return reason", {}, {"return_reason_id": 3}, Message.INVALID_RETURN_REASON),
    ("a sale not returnable", {"returnable": False}, {"return_reason_id": 1}, Message.RETURNS_NOT_ALLOWED),
    ("a return on day 31", {"sold_on": date(2026, 2, 17)}, {"return_reason_id": 1}, Message.RETURN_WINDOW_EXPIRED),
    (
        "a return with another reason",
        {"return_state": "submitted", "return_reason_id": 1},
        {"return_reason_id": 2},
        Message.LEAD_ALREADY_RETURNED,
    ),
    ("a time that is none", {}, {"happened_at": "yesterday"}, Message.INVALID_HAPPENED_AT),
    ("a time before there were leads", {}, {"happened_at": "0001-01-01T00:00:00+05:00"}, Message.INVALID_HAPPENED_AT),
    ("a day without separators", {}, {"happened_at": "20260301"}, Message.INVALID_HAPPENED_AT),
    ("a week date", {}, {"happened_at": "2026-W10-1"}, Message.INVALID_HAPPENED_AT),
    ("an hour that was skipped", {}, {"happened_at": "2026-03-08T02:30"}, Message.INVALID_HAPPENED_AT),
    ("a time six minutes ahead", {}, {"happened_at": "2026-03-20T15:06:00Z"}, Message.INVALID_HAPPENED_AT),
]


@pytest.mark.parametrize(("given", "call", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_it_refuses(given: dict[str, Any], call: dict[str, Any], message: Message) -> None:
    decision = decide(sale(**given), request(**call), configuration())
    assert isinstance(decision, Failure)
    assert decision.message == message
    assert (decision.buyer_id, decision.sale_id) == (10, 1)
    assert decision.detail


def test_the_first_check_that_fails_gives_the_answer() -> None:
    wrong: dict[str, Any] = {
        "status": "Nothing",
        "amount": Decimal(5),
        "fields": (("nothing", ""),),
        "return_reason_id": 9,
        "happened_at": "never",
    }
    right: dict[str, Any] = {
        "status": "Funded",
        "amount": None,
        "fields": (),
        "return_reason_id": 0,
        "happened_at": "",
    }
    messages = []
    for name, right_value in right.items():
        decision = decide(sale(), request(**wrong), configuration())
        assert isinstance(decision, Failure)
        messages.append(decision.message)
        wrong[name] = right_value
    assert messages == [
        Message.INVALID_LEAD_STATUS,
        Message.INVALID_AMOUNT,
        Message.INVALID_LEAD_FIELD,
        Message.INVALID_RETURN_REASON,
        Message.INVALID_HAPPENED_AT,
    ]


def test_a_contract_that_takes_no_returns_refuses_one_unless_the_sale_says_otherwise() -> None:
    strict = configuration(contracts={217: contract(returnable=False)})
    decision = decide(sale(), request(return_reason_id=1), strict)
    assert isinstance(decision, Failure)
    assert decision.message == Message.RETURNS_NOT_ALLOWED
    assert changed(sale(returnable=True), strict, return_reason_id=1).after.return_state == "submitted"


def test_the_last_day_of_the_window_is_included() -> None:
    assert changed(sale(sold_on=date(2026, 2, 18)), return_reason_id=1).after.return_state == "submitted"


def test_the_window_is_counted_in_days_of_the_networks_zone() -> None:
    # 03:30 UTC on the 21st is still the 20th in New York.
    late = datetime(2026, 3, 21, 3, 30, tzinfo=UTC)
    call = request(return_reason_id=1)
    from_tests = call.origin
    moved = type(from_tests)(
        channel=from_tests.channel, operation="UpdateLead", address=None, request_id="r", received_at=late
    )
    decision = decide(sale(sold_on=date(2026, 2, 18)), request(return_reason_id=1, origin=moved), configuration())
    assert isinstance(decision, Change)


def test_a_status_is_set_with_its_sub_status() -> None:
    after = changed(sale(), status="Funded", sub_status="Partial").after
    assert (after.status_id, after.sub_status_id, after.stage_reached) == (2, 2, 4)


def test_the_sub_status_stays_with_its_status_and_goes_with_another() -> None:
    given = sale(status_id=2, sub_status_id=2, stage_reached=4)
    assert changed(given, status="Funded").after.sub_status_id == 2
    assert changed(given, status="Contacted").after.sub_status_id is None
    assert changed(given, amount=Decimal(1), add_to_existing=True).after.sub_status_id == 2


def test_the_highest_stage_is_kept() -> None:
    assert changed(sale(status_id=2, stage_reached=4), status="Contacted").after.stage_reached == 4


def test_a_former_name_is_taken_until_its_grace_ends() -> None:
    assert changed(sale(), status="Before").after.status_id == 6
    later = request(status="Before").origin
    moved = type(later)(
        channel=later.channel,
        operation="UpdateLead",
        address=None,
        request_id="r",
        received_at=NOW + timedelta(seconds=1),
    )
    decision = decide(sale(), request(status="Before", origin=moved), configuration())
    assert isinstance(decision, Failure)


@pytest.mark.parametrize(
    ("amount", "add", "revenue"),
    [
        (None, True, "25"),
        (None, False, "25"),
        ("0", True, "25"),
        ("0", False, "0"),
        ("10.5", True, "35.5"),
        ("10.5", False, "10.5"),
        ("-30", True, "-5"),
        ("-30", False, "-30"),
    ],
)
def test_revenue(amount: str | None, add: bool, revenue: str) -> None:
    after = changed(sale(), amount=None if amount is None else Decimal(amount), add_to_existing=add).after
    assert after.revenue == Decimal(revenue)
    assert after.sold_price == Decimal(25)


def test_a_return_changes_neither_revenue_nor_payout() -> None:
    change = changed(sale(), return_reason_id=1)
    assert (change.after.return_state, change.after.return_reason_id, change.after.returned_at) == ("submitted", 1, NOW)
    assert (change.after.revenue, change.after.payout_share) == (Decimal(25), Decimal(10))
    assert change.flags == ()


def test_an_amount_that_comes_with_a_return_is_marked() -> None:
    change = changed(sale(), return_reason_id=1, amount=Decimal(0), add_to_existing=False)
    assert change.flags == ("amount with return",)


def test_revenue_lowered_without_a_return_is_flagged() -> None:
    assert changed(sale(), amount=Decimal(-1), add_to_existing=True).flags == ("revenue lowered without return",)
    assert changed(sale(), amount=Decimal(1), add_to_existing=True).flags == ()
    returned = sale(return_state="submitted", return_reason_id=1)
    assert changed(returned, amount=Decimal(0), add_to_existing=False).flags == ()


def test_the_same_return_again_changes_nothing_even_after_the_window() -> None:
    given = sale(
        return_state="credited", return_reason_id=1, returned_at=NOW, sold_on=date(2025, 1, 1), returnable=False
    )
    after = changed(given, return_reason_id=1).after
    assert (after.return_state, after.returned_at) == ("credited", NOW)
    assert after.version == 2


def test_after_a_rejection_another_return_is_possible() -> None:
    given = sale(return_state="rejected", return_reason_id=1)
    assert changed(given, return_reason_id=2).after.return_state == "submitted"
    assert changed(given, return_reason_id=1).after.return_state == "submitted"


def test_returns_are_credited_at_once_where_the_network_says_so() -> None:
    automatic = configuration(network=network(return_approval="automatic_credit"))
    assert changed(sale(), automatic, return_reason_id=1).after.return_state == "credited"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("loan_amount", "25000", "25000.0000"),
        ("loan_amount", "$1,234.5", "1234.5000"),
        ("loan_amount", " £7 ", "7.0000"),
        ("loan_amount", "999,999,999,999,999.9999", "999999999999999.9999"),
        ("loan_amount", "-0", "0.0000"),
        ("loan_amount", "-$5", "-5.0000"),
        ("note", "hello", "hello"),
        ("closed_on", "2026-03-01", "2026-03-01"),
        ("closed_on", "3/1/2026", "2026-03-01"),
        ("insured", "YES", "true"),
        ("insured", "0", "false"),
        ("grade", "B", "B"),
    ],
)
def test_a_field_is_kept_in_its_types_one_form(name: str, text: str, value: str) -> None:
    change = changed(sale(), fields=((name, text),))
    assert list(change.after.field_values.values()) == [value]
    assert change.field_changes == (FieldChange(next(iter(change.after.field_values)), name, None, value),)


def test_an_empty_value_clears_a_field() -> None:
    change = changed(sale(field_values={1: "5.0000"}), fields=(("loan_amount", ""),))
    assert change.after.field_values == {}
    assert change.field_changes == (FieldChange(1, "loan_amount", "5.0000", None),)


def test_several_fields_are_one_change() -> None:
    after = changed(sale(), fields=(("loan_amount", "5"), ("note", "x"))).after
    assert after.field_values == {1: "5.0000", 2: "x"}
    decision = decide(sale(), request(fields=(("loan_amount", "5"), ("note", "too long"))), configuration())
    assert isinstance(decision, Failure)


@pytest.mark.parametrize(
    ("call", "counts"),
    [
        ({}, False),
        ({"amount": Decimal(0), "add_to_existing": True}, False),
        ({"add_to_existing": False}, False),
        ({"amount": Decimal(0), "add_to_existing": False}, True),
        ({"amount": Decimal(1), "add_to_existing": True}, True),
        ({"status": "Funded"}, True),
        ({"fields": (("note", ""),)}, True),
        ({"return_reason_id": 1}, True),
    ],
)
def test_a_call_that_names_something_makes_the_sale_updated(call: dict[str, Any], counts: bool) -> None:
    change = changed(sale(), **call)
    assert change.counts_as_update is counts
    assert change.after.updated == (1 if counts else 0)
    assert change.after.update_count == (1 if counts else 0)
    assert change.after.updated_at == (NOW if counts else None)
    assert change.after.version == 2


def test_an_operators_correction_does_not_pass_for_the_buyer() -> None:
    decision = decide(sale(), request(status="Funded"), configuration(), kind="correction", by_buyer=False)
    assert isinstance(decision, Change)
    assert (decision.kind, decision.after.updated, decision.after.buyer_updated_at) == ("correction", 2, None)
    again = decide(sale(updated=1), request(status="Funded"), configuration(), kind="correction", by_buyer=False)
    assert isinstance(again, Change)
    assert again.after.updated == 1


def test_leaving_a_terminal_status_is_flagged_or_refused_silently() -> None:
    given = sale(status_id=3)
    flagged = changed(given, status="Funded")
    assert (flagged.after.status_id, flagged.flags) == (2, ("left a terminal status",))
    keeping = configuration(network=network(terminal_statuses="keep"))
    kept = changed(given, keeping, status="Funded", amount=Decimal(5), add_to_existing=True)
    assert (kept.after.status_id, kept.flags) == (3, ("terminal status kept",))
    assert (kept.after.revenue, kept.after.stage_reached) == (Decimal(30), 0)
    assert changed(given, status="Dead").flags == ()


def test_a_status_outside_its_verticals_is_flagged() -> None:
    assert changed(sale(), status="Solar Only").flags == ("status outside its verticals",)


def test_an_older_event_does_not_replace_the_status_in_force() -> None:
    given = sale(status_id=2, sub_status_id=1, status_happened_at=NOW - timedelta(hours=1))
    change = changed(
        given, status="Contacted", happened_at="2026-03-20T09:59:00-04:00", amount=Decimal(5), add_to_existing=True
    )
    assert change.flags == ("out of order",)
    assert (change.after.status_id, change.after.sub_status_id, change.after.revenue) == (2, 1, Decimal(30))
    assert change.happened_at == datetime(2026, 3, 20, 13, 59, tzinfo=UTC)


def test_of_two_events_of_the_same_moment_the_later_received_wins() -> None:
    given = sale(status_id=2, status_happened_at=NOW - timedelta(hours=1))
    change = changed(given, status="Contacted", happened_at="2026-03-20T10:00:00")
    assert change.after.status_id == 1
    assert change.flags == ()


def test_an_offset_of_any_size_is_brought_to_utc() -> None:
    change = changed(sale(), status="Funded", happened_at="2026-03-20T14:00:00+23:59")
    assert change.happened_at == datetime(2026, 3, 19, 14, 1, tzinfo=UTC)


def test_a_buyers_fast_clock_does_not_swallow_its_next_status() -> None:
    ahead = changed(sale(), status="Dead", happened_at="2026-03-20T15:04:00Z")
    assert ahead.happened_at == NOW + timedelta(minutes=4)
    change = changed(ahead.after, status="Contacted")
    assert (change.after.status_id, change.flags) == (1, ("left a terminal status",))


def test_what_is_told_late_was_reached_all_the_same() -> None:
    given = sale(status_id=1, stage_reached=1, status_happened_at=NOW - timedelta(hours=1))
    change = changed(given, status="Funded", happened_at="2026-03-19")
    assert (change.after.status_id, change.after.stage_reached) == (1, 4)


@pytest.mark.parametrize(
    ("call", "is_set"),
    [
        ({"status": "Funded", "amount": Decimal(0), "add_to_existing": True}, False),
        ({"amount": Decimal(0), "add_to_existing": False}, True),
        ({"amount": Decimal(1), "add_to_existing": True}, True),
        ({"amount": Decimal(25), "add_to_existing": False}, True),
    ],
)
def test_a_call_that_names_an_amount_sets_the_revenue(call: dict[str, Any], is_set: bool) -> None:
    assert changed(sale(), **call).after.revenue_set is is_set


def test_a_bare_date_compares_by_day() -> None:
    given = sale(status_id=2, status_happened_at=NOW - timedelta(hours=1))
    assert changed(given, status="Contacted", happened_at="2026-03-20").after.status_id == 1
    assert changed(given, status="Contacted", happened_at="2026-03-19").after.status_id == 2
